package client

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// With Config.Offline the shell has a store that outlives the page. Each tab keeps an op there
// as soon as the app has sent it, and forgets it once it is answered. The tab that leads reads
// what is left by pages that are gone, and sends it before anything else, under the same
// message ids (gone.go).
//
// An op that was sent may be stored, whatever became of the answer. So before a tab passes on
// an op that waited for a connection, it marks the op with the version that the log has by
// then. An op that is noted as unsent was never sent. Any other is looked for in the log
// after its mark, and among the ids that the server remembers of this client.

// keepTimeout is how long the store may take. After that the client goes on without it.
const keepTimeout = 5 * time.Second

// keeping is a tab's own part.
type keeping struct {
	marking []string // ids on their way into the store
	markBy  time.Time
	heard   heard
}

// heard are the ids of this user's entries that this tab has received: all those after version
// from.
type heard struct {
	list     []heardEntry
	from, to uint64
}

type heardEntry struct {
	id      string
	version uint64
}

// maxHeard is how many are remembered. A page that was busy for long may offer an op that the
// leader had from the store, and that went out long ago.
const maxHeard = 2048

// see notes an entry that this tab receives for the first time.
func (c *Client) see(e entry) {
	if s := &c.keep.heard; e.version > s.to {
		s.to = e.version
		c.note(e)
	}
}

// note notes its id, also of a comment from before a snapshot.
func (c *Client) note(e entry) {
	s := &c.keep.heard
	if !c.cfg.Offline || e.userID != c.cfg.User || e.messageID == "" {
		return
	}
	if len(s.list) >= maxHeard {
		s.from = max(s.from, s.list[maxHeard/2-1].version)
		s.list = append(s.list[:0], s.list[maxHeard/2:]...)
	}
	s.list = append(s.list, heardEntry{e.messageID, e.version})
}

// miss notes that entries up to a version went by unseen.
func (s *heard) miss(to uint64) { s.from, s.to = max(s.from, to), max(s.to, to) }

// find returns the version by which an id was stored.
func (s *heard) find(id string) (version uint64, ok bool) {
	for i := len(s.list) - 1; i >= 0; i-- {
		if s.list[i].id == id {
			return s.list[i].version, true
		}
	}
	return 0, false
}

// newest is the id of this user's newest entry that was seen, "" for none.
func (s *heard) newest() string {
	if n := len(s.list); n > 0 {
		return s.list[n-1].id
	}
	return ""
}

// keepOp has the store keep an op of this tab.
func (c *Client) keepOp(o *outgoing) {
	if !c.cfg.Offline {
		return
	}
	connected := c.status.state == stateConnected
	o.kept, o.unmarked, o.mark, o.client = true, !connected, c.log.version, c.cfg.ClientID
	w := jsonscan.NewObject(make([]byte, 0, len(o.op)+256))
	o.queued(c.cfg.TabID).write(&w)
	w.Str("tab_id", c.cfg.TabID)
	w.Str("client_id", c.cfg.ClientID)
	w.Str("user_id", c.cfg.User)
	if c.session.generation != "" {
		w.Str("generation", c.session.generation)
	}
	if after := c.keep.heard.newest(); after != "" {
		w.Str("after", after)
	}
	if connected {
		w.Uint("mark", c.log.version)
	}
	c.do(Keep{ID: o.messageID, Unsent: !connected, Record: w.End()})
	if !connected && !c.tabs.leading && c.tabs.leader != "" {
		c.post(c.message("tab_wake")) // it is not passed on yet, but the leader may sleep
	}
}

// forget has the store forget ops that were answered.
func (c *Client) forget(ids ...string) {
	if c.cfg.Offline && len(ids) > 0 {
		c.do(Forget{IDs: ids})
	}
}

// ready reports whether an op of this tab may be passed on.
func (c *Client) ready(o *outgoing) bool {
	if o.kept && c.status.state != stateConnected {
		return false
	}
	if !o.unmarked {
		return c.certain(o)
	}
	l := &c.log
	var ids []string
	for _, o := range l.outbox[l.posted:min(len(l.outbox), max(l.posted, c.session.unacknowledged))] {
		if o.unmarked {
			ids = append(ids, o.messageID)
		}
	}
	c.mark(ids)
	return false
}

// certain reports whether an op that may have been sent before may go out once more. If not,
// the app gets it back.
func (c *Client) certain(o *outgoing) bool {
	l := &c.log
	if !o.doubt {
		return true
	}
	if o.doubt = false; !c.mayBeStored(goneOp{client: o.client, mark: o.mark}, l.posted) {
		return true
	}
	c.refusedOp(o.messageID, errMayBeStored)
	return l.posted < len(l.outbox) && c.ready(&l.outbox[l.posted])
}

// mark has the store note that ops are sent, one request after the other.
func (c *Client) mark(ids []string) {
	k := &c.keep
	if len(k.marking) > 0 || len(ids) == 0 {
		return
	}
	k.marking, k.markBy = ids, c.now.Add(keepTimeout)
	c.do(Mark{IDs: ids, Version: c.log.version})
}

// marked is the store's answer, with the marks that were there before.
func (c *Client) marked(before []byte) {
	k := &c.keep
	ids := k.marking
	k.marking, k.markBy = nil, zero
	marks := map[string]uint64{}
	for a := jsonscan.Elements(before); a.Next(); {
		id, _ := jsonscan.Str(jsonscan.Field(a.Value(), "id"))
		marks[id], _ = jsonscan.Uint(jsonscan.Field(a.Value(), "mark"))
	}
	for _, o := range c.waiting(ids) {
		o.unmarked = false
		if mark, sent := marks[o.messageID]; sent { // the leader had it from the store
			o.mark, o.doubt = mark, true
			c.log.held = true
		}
	}
	for i := range c.gone.ops {
		if o := &c.gone.ops[i]; slices.Contains(ids, o.messageID) {
			mark, sent := marks[o.messageID]
			o.sent, o.mark, o.certain = true, mark, !sent
		}
	}
	c.offer()
}

// notKept is the store's answer that it did not take some ops.
func (c *Client) notKept(ids []string) {
	for _, o := range c.waiting(ids) {
		o.kept, o.unmarked = false, false
	}
	c.offer()
}

// waiting are those of the outbox with these ids, until it changes.
func (c *Client) waiting(ids []string) (ops []*outgoing) {
	for i := range c.log.outbox {
		if o := &c.log.outbox[i]; slices.Contains(ids, o.messageID) {
			ops = append(ops, o)
		}
	}
	return ops
}

// holdKept has this tab's ops wait until it has received the log: another tab may have read
// them from the store, and sent them.
func (c *Client) holdKept() {
	l := &c.log
	if !c.cfg.Offline {
		return
	}
	for i := range l.outbox {
		o := &l.outbox[i]
		l.held, o.doubt = true, o.doubt || o.offered
	}
}

// answeredBefore answers an op that has been seen stored, or of which nobody knows, in place of
// sending it once more.
func (c *Client) answeredBefore(o queued) bool {
	if slices.Contains(c.gone.unclear, o.messageID) {
		c.refuseQueued(o.messageID, errMayBeStored)
		return true
	}
	version, ok := c.keep.heard.find(o.messageID)
	if ok {
		c.deliver([]entry{{version: version, messageID: o.messageID, userID: c.session.userID, clientID: c.cfg.ClientID}})
	}
	return ok
}

func (c *Client) keepDue() {
	if c.conn.Past(&c.keep.markBy) {
		c.marked(nil)
	}
	if c.conn.Past(&c.gone.loadBy) {
		c.keptLoaded(KeptLoaded{})
	}
}

// keptEvent takes the store's answers.
func (c *Client) keptEvent(ev Event) {
	switch e := ev.(type) {
	case KeptLoaded:
		c.keptLoaded(e)
	case Marked:
		if len(c.keep.marking) > 0 {
			c.marked(e.Before)
		}
	case Kept:
		for _, o := range c.waiting(e.IDs) {
			o.safe = true
		}
	case KeepFailed:
		c.notKept(e.IDs)
	}
}

// appendKept writes what there is to tell an app of an op that it does not remember itself.
func (o queued) appendKept(w *jsonscan.Writer) {
	w.Str("messageId", o.messageID)
	if o.comment == "" {
		w.Raw("op", o.op)
		if o.section != "" {
			w.Str("section", o.section)
		}
		return
	}
	p, _ := protocol.ParseComment(o.op)
	w.Open("comment")
	w.Str("event", o.comment)
	if p.CommentID != "" {
		w.Str("commentId", p.CommentID)
	}
	if p.Body != nil {
		w.Raw("body", p.Body)
	}
	if p.Anchor != nil {
		w.Raw("anchor", p.Anchor)
	}
	w.Close()
}

// holdAwhile is for a page that wakes, perhaps without having been told that it would sleep:
// the others may have counted it out.
func (c *Client) holdAwhile() {
	if c.cfg.Offline && !c.suspended && !c.tabs.leading && len(c.log.outbox) > 0 {
		c.holdKept()
		c.tabs.unknown = true
		c.register()
	}
}
