package client

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// outgoing is an op or a comment of this tab's that has no version yet.
type outgoing struct {
	id, messageID string
	op            []byte
	// comment is the event of one, and op its data; "" is an op.
	comment string
	section string // an op's, "" when it does not say
	// kept says that the store was asked to keep it, safe that it has, and unmarked that
	// nothing there says that it is sent.
	kept, safe, unmarked bool
	// offered says that it went out, after version mark; doubt that nobody may know what
	// became of it.
	offered, doubt bool
	mark           uint64
	client         string // under whose name it went out first
	old            bool   // it was made before the log went back
}

// queued is one of any tab's, on its way to the server.
type queued struct {
	messageID, tab string
	op             []byte
	comment        string
	section        string
}

func (o outgoing) queued(tab string) queued {
	return queued{o.messageID, tab, o.op, o.comment, o.section}
}

// write adds what other tabs have to know of it.
func (o queued) write(w *jsonscan.Writer) {
	w.Str("message_id", o.messageID)
	w.Raw("op", o.op)
	if o.comment != "" {
		w.Str("comment", o.comment)
	}
	if o.section != "" {
		w.Str("section", o.section)
	}
}

// readQueued reads it; whether it is any good says sendable.
func readQueued(raw []byte, tab string) queued {
	str := func(name string) string {
		s, _ := jsonscan.Str(jsonscan.Field(raw, name))
		return s
	}
	return queued{str("message_id"), tab, jsonscan.Field(raw, "op"), str("comment"), str("section")}
}

// sendable reports whether a leader sends an op or a comment that another tab names.
func (c *Client) sendable(o queued) bool {
	return o.op != nil && protocol.ValidID(o.messageID, maxID) &&
		(o.comment == "" || commentEvent(o.comment)) && (o.section == "" || protocol.ValidID(o.section, maxID)) &&
		jsonscan.Check(o.op, jsonscan.DepthLimit) == nil
}

// limits are what the server said of itself that the app may want to know.
type limits struct{ frameBytes, depth int }

func (s *session) limits() limits { return limits{s.frameBytes, s.depth} }

// unfit is why the server would not take an op or a comment, nil when it does.
func (c *Client) unfit(o queued) *Failure {
	what, depth := "The operation", c.session.depth-2 // around it are the frame and its data
	if o.comment != "" {
		what, depth = "The comment", c.session.depth-1 // which a comment is the whole of
	}
	if len(o.op) > c.session.frameBytes-frameRoom {
		return failureOf(protocol.MessageTooLarge, protocol.ReasonTooLarge, what+" is larger than the limit.")
	}
	switch err := jsonscan.Check(o.op, depth); {
	case err == jsonscan.ErrDepth:
		return tooDeep(what, c.session.depth-2)
	case err != nil:
		return failureOf(protocol.MalformedMessage, protocol.ReasonInvalidJSON, what+" is not JSON.")
	}
	return nil
}

// unfitHere is the same of this tab's own. Before the server has said what its limits
// are, only what no server takes is refused.
func (c *Client) unfitHere(o outgoing) *Failure {
	f := c.unfit(o.queued(c.cfg.TabID))
	if f != nil && c.session.id == "" && f.Reason != protocol.ReasonInvalidJSON && jsonscan.Check(o.op, protocol.MostDepth) == nil {
		return nil
	}
	return f
}

// emitLimits emits limits that the app does not know yet.
func (c *Client) emitLimits() {
	s := &c.session
	if s.shown == s.limits() {
		return
	}
	s.shown = s.limits()
	w := jsonscan.NewObject(nil)
	w.Open("limits")
	w.Int("frameBytes", int64(s.frameBytes))
	w.Int("depth", int64(s.depth))
	w.Close()
	c.emit("", nil, w.End())
}

// enqueue adds an op unless it is there already: a tab repeats what it has to
// each new leader.
func (c *Client) enqueue(o queued) {
	l := &c.log
	if l.queued.has(o.messageID) || c.answeredBefore(o) {
		return
	}
	l.queued.add(o.messageID)
	l.queue = append(l.queue, o)
	l.queueBytes += len(o.op)
}

// dequeue takes an answered op or comment out.
func (c *Client) dequeue(messageID string) (queued, bool) {
	l := &c.log
	if !l.queued.remove(messageID) {
		return queued{}, false
	}
	for i := range l.queue {
		if l.queue[i].messageID == messageID {
			o := l.queue[i]
			l.queueBytes -= len(o.op)
			l.queue = without(l.queue, i)
			if i < l.sent {
				l.sent--
			}
			if i < c.gone.front {
				c.gone.front--
			}
			return o, true
		}
	}
	return queued{}, false
}
