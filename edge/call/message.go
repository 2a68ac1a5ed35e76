package call

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// UserMessage is a message of an operator's to all of the user's browsers. It is answered with
// UserMessageSent.
type UserMessage struct {
	ID   string
	Data []byte
	// TTLMS is how long it is kept, 0 for not at all, where that is Said.
	TTLMS uint64
	Said  bool
}

// Message is the request as it is sent.
func (r *UserMessage) Message() Message { return message(&KindUserMessage, r.fields) }

func (r *UserMessage) fields(f *fields) {
	f.str("id", &r.ID)
	f.raw("data", &r.Data)
	f.given("ttl_ms", &r.TTLMS, &r.Said)
}

func (r *UserMessage) valid() bool { return r.ID != "" && r.Data != nil }

// UserMessageSent is the answer to UserMessage, and goes on to the operator as it is.
type UserMessageSent struct {
	ID        string
	At, Until time.Time
	// Connections are those that it was sent on, Unreached the documents that did not answer,
	// Dropped the older messages that are not kept any more.
	Connections, Unreached, Dropped int
	Repeated                        bool
}

// Append appends the answer.
func (a *UserMessageSent) Append(dst []byte) []byte {
	w := newObject(dst)
	w.Open(KindUserMessage.Answer)
	w.Str("message_id", a.ID)
	w.Time("at", a.At)
	w.Bool("kept", !a.Until.IsZero())
	if !a.Until.IsZero() {
		w.Time("until", a.Until)
	}
	w.Int("connections", int64(a.Connections))
	w.Int("unreached", int64(a.Unreached))
	w.Int("dropped", int64(a.Dropped))
	w.Bool("repeated", a.Repeated)
	w.Close()
	return w.End()
}

// Heard says that a user's client has a message. It is answered with OK.
type Heard struct{ ClientID, MessageID string }

// Message is the request as it is sent.
func (r *Heard) Message() Message { return message(&KindHeard, r.fields) }

func (r *Heard) fields(f *fields) {
	f.str("client_id", &r.ClientID)
	f.str("message_id", &r.MessageID)
}

func (r *Heard) valid() bool { return r.ClientID != "" && r.MessageID != "" }

// Deliver has a document send messages to a user's connections: to those of a client, or to
// all for none. It is answered with the number of connections.
type Deliver struct {
	UserID, ClientID string
	// Messages is a list that AppendDelivery has written.
	Messages []byte
}

// Message is the request as it is sent.
func (r *Deliver) Message() Message { return message(&KindDeliver, r.fields) }

func (r *Deliver) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.str("client_id", &r.ClientID)
	f.raw("messages", &r.Messages)
}

func (r *Deliver) valid() bool { return r.UserID != "" && len(r.Messages) > 0 }

// AppendDelivery appends one message to a list of Deliver's.
func AppendDelivery(w *jsonscan.Writer, id string, at time.Time, data []byte) {
	w.OpenItem()
	w.Str("id", id)
	w.Uint("at", uint64(At(at)))
	w.Raw("data", data)
	w.Close()
}

// Deliveries calls f for each message of the list. The data is the request's own.
func (r *Deliver) Deliveries(f func(id string, at time.Time, data []byte)) {
	for a := jsonscan.Elements(r.Messages); a.Next(); {
		id, _ := jsonscan.Str(jsonscan.Field(a.Value(), "id"))
		ms, _ := jsonscan.Uint(jsonscan.Field(a.Value(), "at"))
		if data := jsonscan.Field(a.Value(), "data"); id != "" && data != nil {
			f(id, Moment(ms).Time(), data)
		}
	}
}
