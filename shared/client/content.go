package client

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func commentEvent(event string) bool {
	return event == protocol.EventCreate || event == protocol.EventReply || event == protocol.EventResolve
}

// comment takes one from the app. It goes the way of an op, in one order with them.
func (c *Client) comment(e Comment) {
	for _, part := range [...][]byte{e.Body, e.Anchor} {
		if len(part) == 0 {
			continue
		}
		switch err := jsonscan.Check(part, jsonscan.DepthLimit); {
		case err == jsonscan.ErrDepth:
			c.unsent(e.ID, tooDeep("The comment", c.session.depth-2))
			return
		case err != nil:
			c.unsent(e.ID, failureOf(protocol.MalformedMessage, protocol.ReasonInvalidJSON, "The comment is not JSON."))
			return
		}
	}
	p := protocol.Comment{CommentID: e.CommentID}
	if len(e.Body) > 0 {
		p.Body = e.Body
	}
	if len(e.Anchor) > 0 {
		p.Anchor = e.Anchor
	}
	o := outgoing{id: e.ID, messageID: c.cfg.TabID + "-c" + e.ID, op: p.Append(nil), comment: e.Event}
	switch f := c.unfitHere(o); {
	case !commentEvent(e.Event) || e.Event != protocol.EventResolve && len(e.Body) == 0:
		c.unsent(e.ID, &Failure{Code: codeInvalidArgument, Message: "A comment needs a body.", Reason: "comment", Action: protocol.ActionStop})
		return
	case f != nil:
		c.unsent(e.ID, f)
		return
	}
	c.take(o)
}

// stored is what an acknowledged op or comment was, as an entry has it. When a comment
// was stored is by the server's clock as well as it is known here.
func (c *Client) stored(o queued, ack protocol.OperationAck) (op []byte, comment bool) {
	if o.comment == "" {
		return o.op, false
	}
	if ack.Comment != nil {
		return ack.Comment, true
	}
	p, _ := protocol.ParseComment(o.op)
	p.Event, p.At = o.comment, c.now.Add(c.conn.Token.Clock.Ahead)
	if ack.CommentID != "" {
		p.CommentID = ack.CommentID
	}
	return p.Append(nil), true
}

func (c *Client) commentFrame(f protocol.Frame) {
	p, ok := protocol.ParseComment(f.Data)
	if !ok {
		c.unreadable(f.Seq)
		return
	}
	e := entry{version: p.DocumentVersion, messageID: f.MessageID, userID: p.UserID, clientID: p.ClientID, comment: true}
	if e.version == 0 {
		e.version = f.Seq
	}
	e.replay = e.version <= c.flow.replayTo
	e.op = protocol.Comment{Event: f.Event, CommentID: p.CommentID, Body: p.Body, Anchor: p.Anchor, At: p.At, Erased: p.Erased}.Append(nil)
	c.deliver([]entry{e})
	c.countForAck()
}

func (c *Client) emitComment(e entry, own bool) {
	p, _ := protocol.ParseComment(e.op)
	w := jsonscan.NewObject(make([]byte, 0, len(e.op)+192))
	w.Str("event", p.Event)
	w.Str("commentId", p.CommentID)
	if p.Body != nil {
		w.Raw("body", p.Body)
	}
	if p.Anchor != nil {
		w.Raw("anchor", p.Anchor)
	}
	w.Uint("version", e.version)
	w.Str("userId", e.userID)
	w.Str("clientId", e.clientID)
	w.Str("messageId", e.messageID)
	if !p.At.IsZero() {
		w.Int("at", p.At.UnixMilli())
	}
	if p.Erased {
		w.Bool("erased", true)
	}
	w.Bool("own", own)
	w.Bool("replay", e.replay)
	c.emitLog("comment", w.End())
}

// asking is a request for a lock that waits for its answer.
type asking struct {
	id, messageID string
	by            time.Time
}

const askTimeout = 10 * time.Second

var errSection = &Failure{Code: codeInvalidArgument, Message: "The section has no name that can be used.", Reason: "section", Action: protocol.ActionStop}

var errNotConnected = &Failure{
	Code: string(protocol.ServiceUnavailable), Message: "There is no connection now.", Reason: "not_connected", Recoverable: true, Action: protocol.ActionWait,
}

func (c *Client) lockSection(e LockSection) {
	switch {
	case !protocol.ValidID(e.Section, maxID):
		c.unsent(e.ID, errSection)
		return
	case c.status.state != stateConnected || len(c.log.asking) >= maxAsking:
		c.unsent(e.ID, errNotConnected)
		return
	}
	event := protocol.EventLock
	if e.Unlock {
		event = protocol.EventUnlock
	}
	a := asking{id: e.ID, messageID: c.cfg.TabID + "-l" + e.ID, by: c.now.Add(askTimeout)}
	c.log.asking = append(c.log.asking, a)
	p := protocol.Lock{Section: e.Section, TTL: e.TTL}
	if c.tabs.leading {
		c.conn.Write(protocol.Frame{Type: protocol.TypeOperation, Event: event, MessageID: a.messageID, Data: p.Append(nil)})
		return
	}
	w := c.message("tab_lock")
	w.Str("message_id", a.messageID)
	w.Str("event", event)
	w.Raw("lock", p.Append(nil))
	c.post(w)
}

const maxAsking = 64

func (c *Client) onLockRequest(m message) {
	p, ok := protocol.ParseLock(jsonscan.Field(m.raw, "lock"))
	id, event := m.str("message_id"), m.str("event")
	if ok && protocol.ValidID(p.Section, maxID) && protocol.ValidID(id, maxID) && (event == protocol.EventLock || event == protocol.EventUnlock) {
		c.conn.Write(protocol.Frame{Type: protocol.TypeOperation, Event: event, MessageID: id, Data: p.Append(nil)})
	}
}

// locksChanged takes the list of locks: every tab shows it, and the request that it answers
// is done.
func (c *Client) locksChanged(f protocol.Frame) {
	p, ok := protocol.ParseLocks(f.Data)
	if !ok {
		return
	}
	c.session.locked = p.Locked
	w := jsonscan.NewObject(nil)
	w.Bool("locked", p.Locked)
	if p.Reason != "" {
		w.Str("reason", p.Reason)
	}
	w.Array("sections")
	for _, s := range p.Sections {
		w.OpenItem()
		w.Str("section", s.Section)
		w.Str("userId", s.UserID)
		w.Str("clientId", s.ClientID)
		w.Int("until", s.Until.UnixMilli())
		w.Bool("own", s.UserID == c.session.userID)
		w.Close()
	}
	w.CloseArray()
	c.log.locks = w.End()
	c.notifyTabs("locks", c.log.locks)
	if f.MessageID != "" {
		c.answered(f.MessageID)
		w := c.event("answered")
		w.Str("message_id", f.MessageID)
		c.post(w)
	}
}

// shareLocks sends the list of locks to a new tab.
func (c *Client) shareLocks() {
	if c.log.locks != nil {
		w := c.event("say")
		w.Str("kind", "locks")
		w.Raw("detail", c.log.locks)
		c.post(w)
	}
}

func (c *Client) takeAsk(messageID string) (asking, bool) {
	for i, a := range c.log.asking {
		if a.messageID == messageID {
			c.log.asking = append(c.log.asking[:i], c.log.asking[i+1:]...)
			return a, true
		}
	}
	return asking{}, false
}

func (c *Client) answered(messageID string) {
	if a, mine := c.takeAsk(messageID); mine {
		c.do(Sent{ID: a.id, Version: c.log.version})
	}
}

func (c *Client) refusedAsk(messageID string, f *Failure) {
	if a, mine := c.takeAsk(messageID); mine {
		c.unsent(a.id, f)
	}
}

// askFailed is the server's refusal of a lock or of a snapshot; false when it is of none.
func (c *Client) askFailed(e *protocol.Error, f *Failure) bool {
	if c.postingFailed(e.MessageID, f) {
		return true
	}
	if a, mine := c.takeAsk(e.MessageID); mine {
		c.unsent(a.id, f)
		return true
	}
	for _, tab := range c.tabs.others {
		if strings.HasPrefix(e.MessageID, tab+"-l") {
			w := c.event("refused")
			w.Str("message_id", e.MessageID)
			w.Raw("error", f.appendJSON(nil))
			c.post(w)
			return true
		}
	}
	return false
}

func (c *Client) askBy() (by time.Time) {
	for _, a := range c.log.asking {
		if by.IsZero() || a.by.Before(by) {
			by = a.by
		}
	}
	return by
}

func (c *Client) asksDue() {
	for by := c.askBy(); !by.IsZero() && !c.now.Before(by); by = c.askBy() {
		for _, a := range c.log.asking {
			if a.by.Equal(by) {
				c.refusedAsk(a.messageID, errNotConnected)
				break
			}
		}
	}
}

func (c *Client) dropAsks(f *Failure) {
	for _, a := range c.log.asking {
		c.unsent(a.id, f)
	}
	c.log.asking = nil
	if id := c.log.posting.id; id != "" {
		c.log.posting = posting{}
		c.unsent(id, f)
	}
}
