package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// Messages to a user's browsers: the user's object keeps them, the documents send them.
//
//	operator -> user's object   message
//	user's object -> document   deliver, for the user's connections there
//	document -> user's object   heard, when a client has acknowledged one

// pushed is a push of messages to a document.
type pushed struct{ push uint64 }

// answered is how many connections they went to.
func (q pushed) answered(_ *userObject, in Input) user.Event {
	e := inbox.Delivered{Push: q.push}
	if in.Kind == Answered {
		if value, err := call.ParseAnswer(in.Text, &call.KindDeliver); err == nil {
			n, isNumber := jsonscan.Uint(value)
			e.Connections, e.OK = int(min(n, 1<<20)), isNumber
		}
	}
	return user.ForInbox{Event: e}
}

func (o *userObject) carryOutInbox(effect inbox.Effect) {
	switch e := effect.(type) {
	case inbox.Deliver:
		r := call.Deliver{UserID: o.host.Name(), ClientID: e.ClientID}
		w := jsonscan.Writer{Buf: []byte{'['}}
		for _, m := range e.Messages {
			call.AppendDelivery(&w, m.ID, m.At, m.Data)
		}
		w.CloseArray()
		r.Messages = w.Buf
		send(o.host, o.questions.add(pushed{e.Push}), e.Document, r.Message())
	case inbox.Posted:
		if e.Err != nil {
			o.host.Respond(uint32(e.Ask), 200, call.AppendError(nil, e.Err))
			return
		}
		m := &e.Message
		a := call.UserMessageSent{ID: m.ID, At: m.At, Until: m.Until, Connections: e.Connections, Unreached: e.Unreached, Dropped: e.Dropped, Repeated: e.Repeated}
		o.host.Respond(uint32(e.Ask), 200, a.Append(nil))
	case inbox.Save:
		save(&o.store, &messagesTable, &e.Message)
	case inbox.Drop:
		o.store.delete(&messagesTable.shape, unsigned(e.Seq))
	case inbox.SaveClient:
		save(&o.store, &hearersTable, &e.Client)
	case inbox.DropClient:
		o.store.delete(&hearersTable.shape, text(e.ID))
	default:
		o.store.err = errDropped
	}
}

// posted is an operator's message to the user's browsers.
func posted(ask uint64, r *call.UserMessage) user.Event {
	ttl := time.Duration(min(r.TTLMS, 1<<40)) * time.Millisecond
	return user.ForInbox{Event: inbox.Post{Ask: ask, ID: r.ID, Data: r.Data, TTL: ttl, Says: r.Said}}
}

// deliveryOf is what a document is to send.
func deliveryOf(r *call.Deliver) document.Event {
	e := document.Deliver{UserID: r.UserID, ClientID: r.ClientID}
	r.Deliveries(func(id string, at time.Time, data []byte) {
		e.Messages = append(e.Messages, document.UserMessage{ID: id, UserMessage: protocol.UserMessage{Data: data, At: at}})
	})
	return e
}
