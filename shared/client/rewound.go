package client

import (
	"strings"
	"time"

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

// newest is the version of the newest, 0 for none.
func (s *own) newest() uint64 {
	if n := len(s.list); n > 0 {
		return s.list[n-1].version
	}
	return 0
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

// compareLog begins again if the server's log is not the one that was dialled with.
func (c *Client) compareLog(a protocol.ConnectionAck) {
	at, last := c.compare.dialled, c.log.delivered()
	c.compare.pending = claim{}
	switch {
	case a.Gap != nil && a.Gap.Reason == protocol.Rewound:
		at.version = min(a.Gap.From-1, max(last, at.version))
		c.reset(at.version)
	case a.DocumentVersion < last: // a server that has no word for it
		at.version = a.DocumentVersion
		c.reset(at.version)
	}
	if c.compare.unsure == c.compare.dialled {
		c.compare.unsure = claim{}
	}
	c.compare.with = at
	own := c.has(c.log.delivered())
	if !own.knownFrom(a.Position, at) {
		c.claim(own)
	}
}

// reset is a log that went back: what is after `to` is not in it.
func (c *Client) reset(to uint64) {
	w := c.event("reset")
	w.Uint("to", to)
	w.Str("position", c.compare.dialled.position)
	c.post(w)
	c.log.emptyQueue()
	c.rewind(to, c.compare.dialled.position)
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

// rewind is the same in each tab. It was found by what was received on a connection at a position;
// of a tab that may have another log it says nothing.
func (c *Client) rewind(to uint64, position string) {
	l := &c.log
	last := l.delivered()
	if u := c.compare.unsure; u.position != "" && boot(u.position) != boot(position) {
		to = 0
	}
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
	c.compare.unsure = claim{}
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

// claim is what a tab has: all up to a version, the last of it on a connection that began at a position.
type claim struct {
	position string
	version  uint64
}

// compare is what of the tabs' logs the server has compared with its own.
type compare struct {
	dialled claim // what the newest dial said
	with    claim // what that came to: the log is known to have this
	pending claim // what is to be compared next, at a time
	at      time.Time
	// unsure is what this tab had when its leader connected in another way. Until that is
	// compared too, it may be of another log.
	unsure claim
}

// boot is what two positions have in common if the document has not begun anew between them:
// then its log cannot have gone back.
func boot(position string) string {
	generation, rest, _ := strings.Cut(position, ".")
	term, _, _ := strings.Cut(rest, ".")
	return generation + "." + term
}

// knownFrom reports whether a claim needs no comparison: of a connection at a position, for which
// the server compared another claim.
func (o claim) knownFrom(position string, with claim) bool {
	return o.position == "" || position == "" || o.version == 0 || boot(o.position) == boot(position) ||
		boot(o.position) == boot(with.position) && o.version <= with.version
}

// has is this tab's claim. What was stored of its own may lie beyond what it has received again
// since the log went back.
func (c *Client) has(version uint64) claim {
	if c.session.position != "" {
		version = max(version, c.log.own.newest())
	}
	return claim{c.session.position, version}
}

// dialling is what the next dial has the server compare.
func (c *Client) dialling() claim {
	at := c.has(c.log.version)
	switch {
	case c.compare.pending.position != "":
		at = c.compare.pending
	case c.compare.unsure.position != "":
		at = c.compare.unsure
	}
	c.compare.dialled = at
	return at
}

// follows takes the leader's position over. Where that says nothing of what this tab has, the
// leader has the server compare it.
func (c *Client) follows(position string, with claim) {
	k, own := &c.compare, c.has(c.log.delivered())
	if u := k.unsure; u.position != "" && boot(u.position) == boot(with.position) && u.version <= with.version {
		k.unsure = claim{}
	}
	if !own.knownFrom(position, with) {
		if k.unsure.position != "" { // twice in a row
			c.rewind(0, "")
		} else {
			k.unsure = own
		}
	}
	c.session.position = position
	if k.unsure.position != "" {
		w := c.message("tab_position")
		w.Str("position", k.unsure.position)
		w.Uint("version", k.unsure.version)
		c.post(w)
	}
}

// onClaim is another tab that has what was not compared.
func (c *Client) onClaim(m message) {
	version, ok := m.num("version")
	position := m.str("position")
	if ok && version <= protocol.MaxSeq && protocol.ValidID(position, maxID) {
		c.claim(claim{position, version})
	}
}

// claim has the server compare something, by connecting once more, soon.
func (c *Client) claim(o claim) {
	k := &c.compare
	if k.pending.position == "" || o.version > k.pending.version {
		k.pending = o
	}
	if k.at.IsZero() {
		k.at = maxOf(c.now, c.tabs.redialled.Add(clientconn.LeastBetweenDials))
	}
}

func maxOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// compareDue connects for that.
func (c *Client) compareDue() {
	if !c.conn.Past(&c.compare.at) || !c.tabs.leading || c.compare.pending.position == "" || !c.conn.Live() {
		return // the next dial says it
	}
	c.tabs.redialled = c.now
	c.conn.HangUp(1000, "compare")
	(*owner)(c).Disconnected(clientconn.Outage{Reason: "compare"})
	c.conn.Connect()
}
