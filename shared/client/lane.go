package client

import (
	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// outgoing is an op or a comment of this tab's that has no version yet.
type outgoing struct {
	id, messageID string
	op            []byte
	// comment is the event of one, and op its data; "" is an op.
	comment string
	section string // an op's, "" when it does not say
}

// laned is one of any tab's, on its way to the server.
type laned struct {
	messageID, tab string
	op             []byte
	comment        string
	section        string
}

func (o outgoing) laned(tab string) laned {
	return laned{o.messageID, tab, o.op, o.comment, o.section}
}

// write adds what other tabs have to know of it.
func (o laned) write(w *jsontext.Writer) {
	w.Str("message_id", o.messageID)
	w.Raw("op", o.op)
	if o.comment != "" {
		w.Str("comment", o.comment)
	}
	if o.section != "" {
		w.Str("section", o.section)
	}
}

// readLaned reads it; whether it is any good says sendable.
func readLaned(raw []byte, tab string) laned {
	str := func(name string) string {
		s, _ := jsontext.Str(jsontext.Field(raw, name))
		return s
	}
	return laned{str("message_id"), tab, jsontext.Field(raw, "op"), str("comment"), str("section")}
}

// sendable reports whether a leader sends an op or a comment that another tab names.
func (c *Client) sendable(o laned) bool {
	depth := opDepth
	if o.comment != "" {
		depth++ // the data around its body
	}
	return o.op != nil && len(o.op) <= c.session.frameBytes-frameRoom && protocol.ValidID(o.messageID, maxID) &&
		(o.comment == "" || commentEvent(o.comment)) && (o.section == "" || protocol.ValidID(o.section, maxID)) &&
		jsontext.Check(o.op, depth) == nil
}

// enlane adds an op unless it is there already: a tab repeats what it has to
// each new leader.
func (c *Client) enlane(o laned) {
	l := &c.log
	for i := range l.lane {
		if l.lane[i].messageID == o.messageID {
			return
		}
	}
	l.lane = append(l.lane, o)
	l.laneBytes += len(o.op)
}

// unlane takes an answered op or comment out.
func (c *Client) unlane(messageID string) (laned, bool) {
	l := &c.log
	for i := range l.lane {
		if messageID != "" && l.lane[i].messageID == messageID {
			o := l.lane[i]
			l.laneBytes -= len(o.op)
			l.lane = append(l.lane[:i], l.lane[i+1:]...)
			if i < l.sent {
				l.sent--
			}
			return o, true
		}
	}
	return laned{}, false
}
