package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// log is what a tab knows of the document's log: how far it has it, and
// which of its own ops have no version yet.
type log struct {
	version uint64 // the newest version this tab has applied
	target  uint64 // the newest it knows of
	newest  uint64 // the document's own when the state was emitted

	outbox  []outgoing // this tab's ops without a version, oldest first
	posted  int        // how many of them are with the leader
	own     own        // what was stored of them
	rewound bool       // what is old in the outbox is given back once all is here
	// postedBytes is how large they are.
	postedBytes int
	anew        bool // the leader had no room for the next

	// What tabs that are gone left behind, see handover.go.
	left      []handedOver
	leftIDs   ids
	leftBytes int
	held      bool // this tab's ops wait until it has caught up
	seen      seen

	// The leader's part: all tabs' ops on their way to the server, in the order
	// they came. The first `sent` are on the current connection.
	queue      []queued
	queued     ids
	queueBytes int
	late       map[string]bool // tabs that were told to come later
	sent       int
	stalled    bool // the server refused some for now: they go out again

	asks     int       // how often it was asked for in vain
	syncBy   time.Time // by then what is missing has to be here
	syncing  bool      // a sync_request is open
	unread   bool      // a part of an answer could not be read
	progress uint64    // up to where its answer has come
	more     bool      // ask again when it is answered, with moreOf
	moreOf   protocol.SyncRequest
	stream   uint64 // the version of the snapshot the answer is of, 0 for none
	// covered is up to where a snapshot that has come stands for the log: what is not there
	// before that is in it.
	covered uint64

	restore restore
	again   replay
	asking  []asking
	posting posting
	locks   []byte // the newest locks as emitted, at the leader
}

// entry is one version of the document.
type entry struct {
	version                     uint64
	messageID, userID, clientID string
	op                          []byte
	replay                      bool
	// comment says that op is a protocol.Comment, with its event.
	comment bool
}

// send takes an op from the app. It is kept until it comes back with a version.
func (c *Client) send(e Send, section string) {
	if section != "" && !protocol.ValidID(section, maxID) {
		c.unsent(e.ID, errSection)
		return
	}
	o := outgoing{id: e.ID, messageID: c.cfg.TabID + "-" + e.ID, op: append([]byte(nil), e.Op...)}
	o.section = section
	if f := c.unfitHere(o); f != nil {
		c.unsent(e.ID, f)
		return
	}
	c.take(o)
}

// offer passes this tab's ops on: into the leader's queue, never more at a time
// than the server allows and the leader takes, the rest is held here in order.
func (c *Client) offer() {
	if c.suspended || !c.tabs.leading && (c.tabs.leader == "" || c.tabs.foreign) {
		return
	}
	l := &c.log
	if c.tabs.offerAt.After(c.now) {
		return
	}
	c.tabs.offerAt = zero
	for c.mayOffer() && c.mayPost() && c.ready(&l.outbox[l.posted]) {
		l.outbox[l.posted].offered = true
		o := l.outbox[l.posted]
		first := l.posted == 0 || l.anew
		l.posted++
		l.postedBytes += len(o.op)
		l.anew = false
		if c.tabs.leading {
			c.enqueue(o.queued(c.cfg.TabID))
			continue
		}
		w := c.message("tab_send")
		w.Str("clientId", c.cfg.ClientID)
		w.Uint("epoch", c.tabs.epoch)
		o.queued(c.cfg.TabID).write(&w)
		if first {
			w.Bool("first", true)
		}
		c.post(w)
		if c.tabs.opBy.IsZero() {
			c.tabs.opBy = c.now.Add(opTimeout)
		}
	}
	c.flush()
}

// flush writes what may go out.
func (c *Client) flush() {
	l := &c.log
	if !c.conn.Live() || c.conn.Paused() || l.stalled {
		return // what was refused goes first
	}
	refused := false
	for l.sent < len(l.queue) && l.sent < c.flow.window && (!c.gone.opening || l.sent < c.gone.front) {
		o := l.queue[l.sent]
		if f := c.unfit(o); f != nil { // this server's limits are lower than was thought
			c.refuseQueued(o.messageID, f)
			refused = true
			continue
		}
		if !c.conn.Room(len(o.op) + frameRoom) {
			break
		}
		l.sent++
		if o.comment != "" {
			c.conn.Write(protocol.Frame{Type: protocol.TypeComment, Event: o.comment, MessageID: o.messageID, Data: o.op})
			continue
		}
		c.conn.Write(protocol.Frame{
			Type: protocol.TypeOperation, Event: protocol.EventOp, MessageID: o.messageID,
			Data: protocol.Op{Op: o.op, Section: o.section, PermEpoch: c.session.permEpoch}.Append(nil),
		})
	}
	if refused {
		c.offer()
	}
}

// unstall sends again what the server refused for a while.
func (c *Client) unstall() {
	if c.log.stalled {
		c.log.stalled, c.log.sent = false, 0
	}
	c.flush()
}

// operationFrame makes entries of whatever carries an op.
func (c *Client) operationFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventOp:
		p, ok := protocol.ParseOp(f.Data)
		if !ok {
			c.unreadable(f.Seq)
			return
		}
		if p.DocumentVersion == 0 {
			p.DocumentVersion = f.Seq
		}
		c.deliver([]entry{{p.DocumentVersion, f.MessageID, p.UserID, p.ClientID, p.Op, p.DocumentVersion <= c.flow.replayTo, false}})
		c.countForAck()
	case protocol.EventOperationAck:
		p, ok := protocol.ParseOperationAck(f.Data)
		if !ok {
			c.unreadable(f.Seq)
			return
		}
		e := entry{p.DocumentVersion, f.MessageID, p.UserID, p.ClientID, p.Op, p.DocumentVersion <= c.flow.replayTo, p.Comment != nil}
		if e.comment {
			e.op = p.Comment
		}
		if o, mine := c.dequeue(f.MessageID); mine {
			e.op, e.comment = c.stored(o, p) // the tab that sent it has it too, the others have not
			c.flow.window = min(c.flow.window+1, c.session.unacknowledged)
		}
		if e.userID == "" {
			e.userID, e.clientID = c.session.userID, c.cfg.ClientID
		}
		c.deliver([]entry{e})
		c.countForAck()
		c.flush()
	case protocol.EventLocks:
		c.locksChanged(f)
	case protocol.EventSnapshotAck:
		c.snapshotAcked(f)
	case protocol.EventDocumentSync:
		if p, ok := protocol.ParseDocumentSync(f.Data); ok {
			c.synced(p)
		} else {
			c.log.unread = true
			c.conn.Malformed(protocol.ReasonBadField)
		}
	}
}

// deliver applies entries here and posts them to every tab.
func (c *Client) deliver(entries []entry) {
	for _, e := range entries {
		c.apply(e)
	}
	// A tab that is not known yet asks for what it lacks.
	for len(entries) > 0 && len(c.tabs.others) > 0 {
		w := c.event("ops")
		n := appendEntries(&w, entries)
		c.post(w)
		entries = entries[n:]
	}
}

// appendEntries appends as many of the entries as fit into one broadcast, and returns how
// many: one at least, if there is any.
func appendEntries(w *jsonscan.Writer, entries []entry) (n int) {
	w.Array("entries")
	for ; n < len(entries) && (n == 0 || len(w.Buf) < maxBroadcast/2); n++ {
		w.Item()
		w.Buf = entries[n].appendJSON(w.Buf)
	}
	w.CloseArray()
	return n
}

// apply gives the app each version exactly once and in order.
func (c *Client) apply(e entry) {
	l := &c.log
	if l.restore.of > 0 && e.version > l.restore.of {
		c.behind(e.version) // the comments from before the snapshot come first
		return
	}
	if e.version > l.version+1 || e.version == l.version+1 && e.op == nil {
		// A hole, or an acknowledgement whose op another tab has taken along.
		c.behind(e.version)
		return
	}
	own, mine := outgoing{}, false
	c.see(e)
	if c.isOurs(e) {
		l.seen.add(e.messageID)
		c.settleLeft(e.messageID)
		c.settleGone(e.messageID)
		own, mine = c.takeOwn(e.messageID)
	}
	if e.version == l.version+1 {
		l.version = e.version
		c.arrived()
		c.emitEntry(e, mine)
	}
	if mine {
		l.own.keep(own.queued(c.cfg.TabID), e.version)
		c.do(Sent{ID: own.id, Version: e.version})
		c.offer()
	}
}

// isOurs reports whether an entry is of this user: a message id alone is no proof, since
// another member may copy one. The client id proves nothing more: message ids are random, and
// the tabs of a profile may have had different client ids when they began.
func (c *Client) isOurs(e entry) bool {
	return e.userID != "" && e.userID == c.session.userID
}

func (c *Client) emitEntry(e entry, own bool) {
	if e.comment {
		c.emitComment(e, own)
		return
	}
	w := jsonscan.NewObject(make([]byte, 0, len(e.op)+192))
	w.Raw("op", e.op)
	w.Uint("version", e.version)
	w.Str("userId", e.userID)
	w.Str("clientId", e.clientID)
	w.Str("messageId", e.messageID)
	w.Bool("own", own)
	w.Bool("replay", e.replay)
	c.emitLog("operation", w.End())
}

// takeOwn removes an op of this tab that was answered.
func (c *Client) takeOwn(messageID string) (outgoing, bool) {
	l := &c.log
	if !c.isMine(messageID) {
		return outgoing{}, false
	}
	for i := range l.outbox {
		if l.outbox[i].messageID == messageID {
			o := l.outbox[i]
			l.outbox = without(l.outbox, i)
			if o.kept {
				c.forget(messageID)
			}
			if i < l.posted {
				l.posted--
				l.postedBytes -= len(o.op)
			}
			c.tabs.opBy = time.Time{}
			if l.posted > 0 && !c.tabs.leading {
				c.tabs.opBy = c.now.Add(opTimeout)
			}
			return o, true
		}
	}
	return outgoing{}, false
}

// opFailed is the server's refusal of one op; false when it is of none.
func (c *Client) opFailed(e *protocol.Error, f *Failure) bool {
	at := -1
	for i := range c.log.queue {
		if c.log.queue[i].messageID == e.MessageID {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	switch e.Code {
	case protocol.RateLimitExceeded, protocol.ServiceUnavailable:
		if !c.log.stalled { // once for all that were under way
			c.flow.window = max(leastWindow, c.flow.window/2)
		}
		c.log.stalled = true
		c.conn.Pause(e.RetryAfter)
		return true
	case protocol.TokenExpired:
		c.log.stalled = true
		c.conn.RefreshSoon()
		return true
	}
	c.refuseQueued(e.MessageID, f)
	c.offer()
	c.flush()
	return true
}

// refuseQueued takes an op out of the queue and answers the tab that sent it.
func (c *Client) refuseQueued(messageID string, f *Failure) {
	c.dequeue(messageID)
	w := c.event("refused")
	w.Str("message_id", messageID)
	w.Raw("error", f.appendJSON(nil))
	c.post(w)
	c.refusedOp(messageID, f)
}

// refusedOp answers the app, if the op was this tab's.
func (c *Client) refusedOp(messageID string, f *Failure) {
	c.refusedAsk(messageID, f)
	c.settleLeft(messageID)
	c.refusedGone(messageID, f)
	o, mine := c.takeOwn(messageID)
	if !mine {
		return
	}
	c.unsent(o.id, f)
	if kind := eventKind(f); kind != "error" {
		c.emitFailure(kind, f)
	}
}

func (c *Client) unsent(id string, f *Failure) {
	c.do(Unsent{ID: id, Error: f.appendJSON(nil)})
}

// dropOutbox answers every op that will not be sent any more.
func (c *Client) dropOutbox(f *Failure) {
	for _, o := range c.log.outbox {
		c.unsent(o.id, f)
	}
	c.log.outbox = nil
	c.log.unpost()
}
