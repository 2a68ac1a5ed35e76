package document

import (
	"slices"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Messages to a user's browsers pass through: the user's object keeps them and repeats them,
// the document sends them and says who has heard which. It stores no more of it than that its
// client has one to hear (see calls).

// UserMessage is a message by its id.
type UserMessage struct {
	ID string
	protocol.UserMessage
}

type (
	// Deliver has messages sent to a user's connections: to those of one client, or to all
	// for none. The answer is MessagesSent.
	Deliver struct {
		UserID, ClientID string
		Messages         []UserMessage
	}
	// MessagesSent answers Deliver: how many connections there were.
	MessagesSent struct{ Connections int }
	// Heard says that a user's client has a message that was sent to it.
	Heard struct{ UserID, ClientID, MessageID string }
)

func (Deliver) isEvent()       {}
func (MessagesSent) isEffect() {}
func (Heard) isEffect()        {}

// maxUnheard is how many messages a connection may have to acknowledge. What it acknowledges
// beyond them is not passed on, and it gets it again.
const maxUnheard = 256

// deliver sends messages to a user's connections here: of one client, or of all but the delegates,
// whom nothing but their document concerns.
func (d *Document) deliver(e Deliver) {
	sent := 0
	for _, m := range d.of(e.UserID) {
		if !m.ch.Live() || m.delegate() || e.ClientID != "" && e.ClientID != m.ch.ClientID() {
			continue
		}
		if d.calls(m, true); !m.active() {
			continue
		}
		sent++
		for _, one := range e.Messages {
			if !slices.Contains(m.unheard, one.ID) && len(m.unheard) < maxUnheard {
				m.unheard = append(m.unheard, one.ID)
			}
			d.data = one.Append(d.data[:0])
			d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventMessage, MessageID: one.ID, Data: d.data})
		}
	}
	d.emit(MessagesSent{Connections: sent})
}

// heard passes on that a client has a message. It does so for what was sent on this connection,
// and once: a client cannot have the user's object woken by ids that it makes up.
func (d *Document) heard(m *member, id string) {
	i := slices.Index(m.unheard, id)
	if i < 0 {
		return
	}
	if m.unheard = slices.Delete(m.unheard, i, i+1); len(m.unheard) == 0 {
		d.calls(m, false)
	}
	d.emit(Heard{UserID: m.userID(), ClientID: m.ch.ClientID(), MessageID: id})
}
