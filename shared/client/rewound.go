package client

import (
	"strings"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A server whose log went back says `rewound`, and from where on nothing that a tab has is in
// the log. Every tab that has something from there on forgets all of it, says so (`gap`, with
// version 0), and begins again, with the snapshot or version 1. What this client wrote there, and what is
// not stored yet, was made on what is gone: it is not sent again by itself. The app gets it back,
// by the promise of its send or as `unsaved`.

// own is what was stored of this tab's, for as long as it may have to be given back: the newest
// maxOwn, within maxOwnBytes.
type own struct {
	list  []ownEntry
	bytes int
}

type ownEntry struct {
	queued
	version uint64
}

const (
	maxOwn      = 256
	maxOwnBytes = 1 << 20
)

// keep remembers an op or a comment that was stored.
func (s *own) keep(o queued, version uint64) {
	s.list = append(s.list, ownEntry{o, version})
	s.bytes += len(o.op)
	for len(s.list) > maxOwn || s.bytes > maxOwnBytes {
		s.bytes -= len(s.list[0].op)
		s.list = without(s.list, 0)
	}
}

// take returns those from a version on, and forgets them.
func (s *own) take(from uint64) (list []ownEntry) {
	n := len(s.list)
	for n > 0 && s.list[n-1].version >= from {
		n--
		s.bytes -= len(s.list[n].op)
	}
	list = append(list, s.list[n:]...)
	s.list = s.list[:n:n]
	return list
}

// codeRewound is of a change that was made on what the server's log does not hold any more.
const codeRewound = "REWOUND"

var errRewound = &Failure{
	Code: codeRewound, Message: "The server's log went back to an earlier state, and this change was made on what is gone. It is not sent by itself.",
	Reason: protocol.Rewound, Action: protocol.ActionStop,
}

// compareLog begins again if the server's log is not the one that this tab has.
func (c *Client) compareLog(a protocol.ConnectionAck) {
	last := c.log.delivered()
	switch {
	case a.Gap != nil && a.Gap.Reason == protocol.Rewound:
		if c.claimed.position != "" {
			last = max(last, c.claimed.version)
		}
		c.reset(min(a.Gap.From-1, last))
	case a.DocumentVersion < last: // a server that has no word for it
		c.reset(a.DocumentVersion)
	}
	c.claimed = claim{}
}

// reset is a log that went back: what is after `to` is not in it.
func (c *Client) reset(to uint64) {
	w := c.event("reset")
	w.Uint("to", to)
	c.post(w)
	c.log.emptyQueue()
	c.rewind(to)
	for _, o := range c.gone.ops {
		c.giveBack(o.queued, errRewound)
		c.gone.unclear = append(c.gone.unclear, o.messageID)
	}
	c.gone.ops, c.gone.front = nil, 0
	for _, o := range c.log.left { // of pages that are not there to be told
		if o.user == "" || o.user == c.session.userID {
			c.giveBack(o.queued, errRewound)
		}
	}
}

func (c *Client) rewind(to uint64) {
	l := &c.log
	last := l.delivered()
	for _, o := range l.own.take(to + 1) {
		c.emitUnsaved(o.queued, errRewound)
	}
	l.unpost()
	if to >= last {
		return // nothing that this tab has is gone
	}
	for i := range l.outbox {
		l.outbox[i].old = true // it may be in the log all the same
	}
	l.held, l.rewound = true, true
	l.seen = seen{}
	c.keep.heard = heard{}
	l.version, l.syncBy, l.restore, l.again.to = 0, zero, restore{}, 0
	l.target, l.newest, l.covered, l.asks = 0, 0, 0, 0
	w := jsonscan.NewObject(nil)
	w.Uint("version", 0)
	c.emit("gap", gapDetail(to+1, last, protocol.Rewound), w.End())
}

// giveBackOld gives the app what was not stored when the log went back, once all of that was
// received: what is in it was answered by then.
func (c *Client) giveBackOld() {
	l := &c.log
	if !l.rewound || !c.hasAll() {
		return
	}
	l.rewound = false
	for i := 0; i < len(l.outbox); i++ {
		if o := l.outbox[i]; o.old {
			l.outbox = append(l.outbox[:i:i], l.outbox[i+1:]...)
			i--
			if o.kept {
				c.forget(o.messageID)
			}
			c.unsent(o.id, errRewound)
		}
	}
	l.unpost()
	for len(l.left) > 0 { // the leader has given them back
		c.settleLeft(l.left[0].messageID)
	}
}

// claim is what a tab says of its log that is ahead of the leader's.
type claim struct {
	position string
	version  uint64
}

// boot is what two positions have in common if the document has not begun anew between them:
// then its log cannot have gone back.
func boot(position string) string {
	generation, rest, _ := strings.Cut(position, ".")
	term, _, _ := strings.Cut(rest, ".")
	return generation + "." + term
}

// follows takes the leader's position over. A tab that has more than the leader had when it
// connected has the server compare that too.
func (c *Client) follows(position string, verified uint64) {
	s := &c.session
	if own := c.log.delivered(); position != "" && s.position != "" && own > verified && boot(position) != boot(s.position) {
		w := c.message("tab_position")
		w.Str("position", s.position)
		w.Uint("version", own)
		c.post(w)
	}
	s.position = position
}

// onClaim connects once more, with what another tab has: it may be of another log.
func (c *Client) onClaim(m message) {
	version, ok := m.num("version")
	position := m.str("position")
	if !ok || version <= c.verified || version > protocol.MaxSeq || !protocol.ValidID(position, maxID) ||
		!c.conn.Live() || c.now.Sub(c.tabs.redialled) < clientconn.LeastBetweenDials {
		return
	}
	c.tabs.redialled, c.claimed = c.now, claim{position, version}
	c.conn.HangUp(1000, "compare")
	(*owner)(c).Disconnected(clientconn.Outage{Reason: "compare"})
	c.conn.Connect()
}
