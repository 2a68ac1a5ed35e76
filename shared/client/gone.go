package client

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// What pages that are gone had kept: the leader reads it from the store, in the order in which
// it was kept, and sends it. With a new leader it goes before everything else. When one of
// several tabs goes, what that tab had kept follows what is under way.
//
// The leader sends an op only if it is certain not to be stored a second time. What it cannot
// be certain of, and what the server refuses, the app gets as `unsaved`. That stays in the
// store until the app discards it, and is tried again by the next page.

// gone is the leader's part.
type gone struct {
	opening bool // what was kept goes first, and is not all under way yet
	loading bool
	loadBy  time.Time
	after   uint64   // how far the store has been read
	until   uint64   // how far it is to be read: what comes later is of tabs that are here
	again   bool     // to be read once more: a tab is gone
	here    []string // the tabs that were here when something of theirs was read

	ops     []goneOp // oldest first, until they are answered
	front   int      // so many of them are at the front of the queue
	refused []string // what the app was given back
	unclear []string // the ones of them that may be stored
	newest  string   // the newest message of this client that the server has stored
	shown   int      // how many the app knows of
}

// goneOp is one of them.
type goneOp struct {
	queued
	user, client string
	generation   string // of the log that it was made on, "" where that is not known
	sent         bool   // it may be stored, as a version after mark
	mark         uint64 // see sent
	after        string // the user's newest entry that its tab had seen by then
	certain      bool   // it is not stored, or the server knows it
	placed       bool   // it is in the queue
}

// codeMayBeStored is of an op that was sent before the browser was closed, when nobody can
// say any more whether it was stored.
const codeMayBeStored = "MAY_BE_STORED"

var errMayBeStored = &Failure{Code: codeMayBeStored, Message: "The browser was closed before the answer came, and the server does not remember so far back whether it has stored this.", Action: "stop"}

// loadKept reads the store from its start.
func (c *Client) loadKept() {
	g := &c.gone
	if !c.cfg.Offline || !c.tabs.leading {
		return
	}
	if g.loading || g.after < g.until {
		g.again = true
		return
	}
	g.after, g.until, g.again, g.here = 0, 0, false, nil
	c.loadNext()
}

func (c *Client) loadNext() {
	g := &c.gone
	g.loading, g.loadBy = true, c.now.Add(keepTimeout)
	c.do(LoadKept{After: g.after})
}

// keptLoaded takes a page of what the store has.
func (c *Client) keptLoaded(e KeptLoaded) {
	g := &c.gone
	if !g.loading {
		return
	}
	g.loading, g.loadBy = false, zero
	if g.until == 0 {
		g.until = e.Last
	}
	last := g.until // an empty page is the end
	for a := jsonscan.Elements(e.Records); a.Next(); {
		n, _ := jsonscan.Uint(jsonscan.Field(a.Value(), "n"))
		if last = n; n > g.after && n <= g.until {
			c.takeGone(a.Value())
		}
	}
	if last <= g.after {
		last = g.until // a page that brings no further is none of ours
	}
	g.after = max(g.after, last)
}

func (c *Client) takeGone(raw []byte) {
	g := &c.gone
	record := jsonscan.Field(raw, "record")
	str := func(name string) string {
		s, _ := jsonscan.Str(jsonscan.Field(record, name))
		return s
	}
	o := goneOp{queued: readQueued(record, str("tab_id")), user: str("user_id"), client: str("client_id"), after: str("after"), generation: str("generation")}
	unsent, _ := jsonscan.Bool(jsonscan.Field(raw, "unsent"))
	o.sent = !unsent
	mark := jsonscan.Field(record, "mark") // of one that was sent at once
	if mark == nil {
		mark = jsonscan.Field(raw, "mark")
	}
	o.mark, _ = jsonscan.Uint(mark)
	if c.isGone(o.messageID) || !c.sendable(o.queued) || c.isHere(o.tab) || slices.Contains(g.refused, o.messageID) {
		return // its own tab sees to it, or somebody has already
	}
	c.log.dropLeft(o.messageID) // here it has its place among what its tab kept
	o.op = append([]byte(nil), o.op...)
	g.ops = append(g.ops, o)
}

func (c *Client) isGone(messageID string) bool {
	return slices.ContainsFunc(c.gone.ops, func(o goneOp) bool { return o.messageID == messageID })
}

// isHere reports whether a tab sees to its ops itself. One that goes while the store is read
// has all of them read the next time, in their order.
func (c *Client) isHere(id string) bool {
	g := &c.gone
	if id == c.cfg.TabID || slices.Contains(g.here, id) {
		return true
	}
	here := slices.Contains(c.tabs.others, id)
	if here {
		g.here = append(g.here, id)
	}
	return here
}

// sendGone goes on with it, after each event.
func (c *Client) sendGone() {
	g := &c.gone
	if !c.tabs.leading || c.stopped {
		return
	}
	c.showGone()
	if g.loading || !c.hasAll() {
		return // what is in the log is not known yet
	}
	if !c.placeGone() {
		return
	}
	switch {
	case g.after < g.until:
		if len(g.ops) == 0 {
			c.loadNext()
		}
	case g.again:
		c.loadKept()
	case g.opening:
		g.opening = false
	}
	c.enqueueLeft()
	c.flush()
	c.showGone()
}

// placeGone puts what is certain into the queue, and returns whether nothing waits.
func (c *Client) placeGone() bool {
	g := &c.gone
	var unmarked []string
	for i := 0; i < len(g.ops); i++ {
		o := &g.ops[i]
		here := c.isHere(o.tab) // it may have come back, and then sends all of its own in their order
		if o.placed || o.certain && !here {
			continue
		}
		_, stored := c.keep.heard.find(o.messageID)
		switch {
		case stored:
			c.forget(o.messageID)
		case o.user != c.session.userID || here:
		case o.generation != "" && c.session.generation != "" && o.generation != c.session.generation:
			g.unclear = append(g.unclear, o.messageID)
			c.giveBack(o.queued, errRewound)
		case o.sent && c.mayBeStored(*o, i):
			g.unclear = append(g.unclear, o.messageID)
			c.giveBack(o.queued, errMayBeStored)
		default:
			if o.certain = o.sent; !o.sent {
				unmarked = append(unmarked, o.messageID)
			}
			continue
		}
		g.ops = slices.Delete(g.ops, i, i+1)
		i--
	}
	if len(unmarked) > 0 {
		c.mark(unmarked)
		return false
	}
	placed := false
	for i := range g.ops {
		if o := &g.ops[i]; !o.placed {
			o.placed, placed = true, true
			c.place(o.queued)
		}
	}
	if placed {
		c.flush()
	}
	return true
}

// place puts one into the queue: before what the tabs of today send, while the leader begins.
func (c *Client) place(o queued) {
	g, l := &c.gone, &c.log
	if !g.opening {
		c.enqueue(o)
		return
	}
	c.dequeue(o.messageID) // its tab was faster
	l.queued.add(o.messageID)
	l.queue = slices.Insert(l.queue, g.front, o)
	l.queueBytes += len(o.op)
	g.front++
}

// mayBeStored reports whether an op that was sent could be in the log without anybody knowing.
// The log tells, if this tab has seen all of it since then. Otherwise the server does: it knows
// the newest ids of a client, as many as a client may have under way. before is how many ops
// go out before this one.
func (c *Client) mayBeStored(o goneOp, before int) bool {
	g, s := &c.gone, &c.keep.heard
	switch {
	case s.from <= o.mark:
		return false
	case o.client != c.cfg.ClientID:
		return true // of another client's ids it says nothing
	case c.tabs.leading && (g.newest == "" || g.newest == o.after):
		return false // nothing has been stored since before the op was made
	}
	return s.from-o.mark+uint64(len(s.list)+before) >= uint64(c.session.unacknowledged)
}

// settleGone forgets one that was stored.
func (c *Client) settleGone(messageID string) {
	g := &c.gone
	if i := slices.IndexFunc(g.ops, func(o goneOp) bool { return o.messageID == messageID }); i >= 0 {
		g.ops = slices.Delete(g.ops, i, i+1)
		c.forget(messageID)
	}
}

// refusedGone gives one back that was refused.
func (c *Client) refusedGone(messageID string, f *Failure) {
	g := &c.gone
	if i := slices.IndexFunc(g.ops, func(o goneOp) bool { return o.messageID == messageID }); i >= 0 {
		o := g.ops[i].queued
		g.ops = slices.Delete(g.ops, i, i+1)
		c.giveBack(o, f)
	}
}

func (c *Client) giveBack(o queued, f *Failure) {
	c.gone.refused = append(c.gone.refused, o.messageID)
	c.emitUnsaved(o, f)
}

func (c *Client) emitUnsaved(o queued, f *Failure) {
	w := jsonscan.NewObject(nil)
	o.appendKept(&w)
	w.Raw("error", f.appendJSON(nil))
	c.emit("unsaved", w.End(), nil)
}

// showGone has the app count them.
func (c *Client) showGone() {
	g := &c.gone
	if len(g.ops) != g.shown {
		g.shown = len(g.ops)
		w := jsonscan.NewObject(nil)
		w.Uint("waiting", uint64(g.shown))
		c.emit("", nil, w.End())
	}
}

// leadKept begins a lead: what was kept goes first.
func (c *Client) leadKept() {
	c.dropGone()
	c.gone.opening = c.cfg.Offline
	c.loadKept()
	c.holdKept()
}

// dropGone ends it: the next leader reads the store itself.
func (c *Client) dropGone() {
	c.gone.ops = nil
	c.showGone()
	c.gone = gone{}
}

// waitsForStore reports whether an op that was handed over has to wait: what its tab had kept
// before is read from the store, and goes first.
func (c *Client) waitsForStore(messageID string) bool {
	g := &c.gone
	if !c.cfg.Offline {
		return false
	}
	unplaced := slices.ContainsFunc(g.ops, func(o goneOp) bool { return !o.placed })
	tab := messageID[:max(0, strings.LastIndexByte(messageID, '-'))]
	return g.opening || g.loading || g.again || g.after < g.until || unplaced || slices.Contains(c.tabs.others, tab)
}

// markLeft notes that what was handed over is about to be sent, for the store may have it too.
func (c *Client) markLeft(m message) {
	if !c.cfg.Offline || !c.tabs.leading {
		return
	}
	var ids []string
	for a := jsonscan.Elements(jsonscan.Field(m.raw, "ops")); a.Next(); {
		if id, ok := jsonscan.Str(jsonscan.Field(a.Value(), "message_id")); ok && c.log.leftIDs.has(id) {
			ids = append(ids, id)
		}
	}
	c.mark(ids)
	c.loadKept()
}
