package client

import (
	"slices"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The tabs of a profile are one client, whatever each of them started with: storage may be
// full or absent, and an app may clear it between two tabs. A leader says under which client
// id it sends, and its followers take that for their own, so that whoever leads next goes on
// under the same one: the server knows a repeated op by client id and message id.
//
// A tab that comes to another client id with ops that may have been sent under the old one
// holds them until it has received what the log has: what was stored is there, and is not
// sent again. A snapshot does not say whose ops are in it. An op that may be in one is sent
// again: better twice than lost.

// followClient takes the client id of the leader that is followed.
func (c *Client) followClient(id string) {
	if id == c.cfg.ClientID || id == "" || len(id) > maxID {
		return
	}
	c.cfg.ClientID = id
	c.log.held = c.log.held || len(c.log.outbox)+len(c.log.left) > 0
	c.holdKept()
	w := jsonscan.NewObject(nil)
	w.Str("clientId", id)
	c.emit("", nil, w.End())
}

// hasAll reports whether this tab has received all that was stored before the connection
// that it sends by.
func (c *Client) hasAll() bool {
	l := &c.log
	if l.version < max(l.target, l.newest) || l.restore.of > 0 || c.status.state != stateConnected {
		return false
	}
	if c.tabs.leading {
		return c.conn.Live()
	}
	return !c.tabs.unknown
}

// mayOffer reports whether this tab's ops may go out. Those that it had when it fell asleep,
// or came to another client id, wait until it has received what the others made of them: the
// server knows a repeat only among the newest ids of one client.
func (c *Client) mayOffer() bool {
	c.giveBackOld()
	if c.log.held {
		if !c.hasAll() {
			return false
		}
		c.log.held = false
		if !c.tabs.leading {
			c.postHandOver(c.log.left)
		}
	}
	return true
}

// isClient reports whether a follower that asks for something to be sent knows under which
// client id that will be. One that does not is about to hear it, and holds what it has.
func (c *Client) isClient(id string) bool { return id == "" || id == c.cfg.ClientID }

// seen remembers the newest message ids of this user's that are in the log, by their hashes:
// what a tab leaves behind may have been sent by it, under another client id.
type seen struct {
	ids  [256]uint64
	next uint8
}

func (s *seen) add(messageID string) {
	if !s.has(messageID) {
		s.ids[s.next] = hash(messageID)
		s.next++
	}
}

func (s *seen) has(messageID string) bool { return slices.Contains(s.ids[:], hash(messageID)) }

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
