package object

import (
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// carryOut does what the core decided, in order, until a query fails.
func (o *documentObject) carryOut(effect document.Effect) {
	if o.store.err != nil {
		return
	}
	switch e := effect.(type) {
	case document.Append:
		o.store.appendOp(e.Entry)
	case document.Send:
		o.host.Send(e.Conns, e.Text)
	case document.Close:
		o.host.Close(e.Conn, e.Code, e.Reason)
	case document.Accept:
		o.host.Accept(o.ask, e.Conn, o.connecting.protocol)
	case document.Readmit:
		w := jsontext.NewObject(nil)
		w.Bool("readmit", true)
		w.Bool("gone", e.Gone)
		o.host.Respond(o.ask, 409, w.End())
	case document.SaveChannel:
		o.store.saveChannel(e.Row)
	case document.DeleteChannel:
		o.store.write(deleteChannel, text(e.UserID))
	case document.GrantTaken:
		o.host.Respond(o.ask, 200, []byte(`{"ok":true}`))
	case document.Ended:
		o.host.Respond(o.ask, 200, appendEnded(nil, e))
	case document.Replay:
		o.deliver(e.Part(o.sendTo(e.Conn)), e.From, e.To)
	case document.Sync:
		o.deliver(e.Part(o.store.version(), o.cfg.MaxSyncBytes, o.sendTo(e.Conn)), e.From, e.To)
	case document.VerifyToken:
		o.host.Verify(o.asks.add(ask{verify: e, token: true}), e.Token)
	case document.Tell:
		o.host.Call(o.asks.add(ask{tell: e}), "SESSIONS", e.UserID, appendGone(nil, o.name, e))
	}
}

// deliver reads a part of the log and sends it on, entry by entry; what it came
// to is the core's next event.
func (o *documentObject) deliver(part document.Part, from, to uint64) {
	for room, rows := true, logPage; room && rows == logPage; {
		rows = 0
		o.store.query(selectOps, func(cols []Value) {
			rows++
			if room {
				e := readEntry(cols)
				from, room = e.Version, part.Add(e)
			}
		}, unsigned(from), unsigned(to), integer(logPage))
	}
	o.events = append(o.events, part.End())
}

// logPage is how many entries are read at once: every query is read to its end, and
// a part may be full after one.
const logPage = 64

// sendTo is a connection as a Part wants it.
func (o *documentObject) sendTo(conn ConnID) func(text []byte) {
	to := []ConnID{conn}
	return func(text []byte) { o.host.Send(to, text) }
}

// ask is a question of ours that has not been answered: for a session object's
// ear, for a token's signature, or for a new grant.
type ask struct {
	id     uint32
	token  bool // the signature is being checked
	verify document.VerifyToken
	tell   document.Tell
}

// asks are the questions under way; a handful.
type asks[T any] struct {
	last uint32
	open []asked[T]
}

type asked[T any] struct {
	id   uint32
	what T
}

func (a *asks[T]) add(what T) uint32 {
	a.last++
	a.open = append(a.open, asked[T]{a.last, what})
	return a.last
}

func (a *asks[T]) take(id uint32) (what T, ok bool) {
	for i, q := range a.open {
		if q.id == id {
			a.open = append(a.open[:i], a.open[i+1:]...)
			return q.what, true
		}
	}
	return what, false
}

// answered goes on with a question. A token is refreshed in two: the signature
// first, then the session object's grant under the new claims.
func (o *documentObject) answered(in Input) document.Event {
	q, ok := o.asks.take(in.Ask)
	switch {
	case !ok:
		return nil
	case q.tell.UserID != "":
		return document.Told{UserID: q.tell.UserID, SessionID: q.tell.SessionID, OK: in.Kind == Answered && truth(jsontext.Field(in.Text, "ok"))}
	case in.Kind == Failed:
		return document.TokenRefused{Conn: q.verify.Conn, Err: &protocol.Error{Code: protocol.ServiceUnavailable}}
	case q.token:
		return o.verified(q, in.Text)
	}
	raw, refused := parseVerdict(in.Text, "grant")
	if refused == nil {
		grant, ok := parseGrant(raw)
		if ok {
			return document.TokenVerified{Conn: q.verify.Conn, Grant: grant}
		}
		refused = &protocol.Error{Code: protocol.InternalError}
	}
	return document.TokenRefused{Conn: q.verify.Conn, Err: refused}
}

// verified asks for a grant under the new token's claims, which must be of the
// same subject: another user's session is not to be touched from here.
func (o *documentObject) verified(q ask, answer []byte) document.Event {
	raw, refused := parseVerdict(answer, "claims")
	if refused == nil {
		claims, ok := parseClaims(raw)
		if ok && claims.UserID == q.verify.UserID {
			q.token = false
			o.host.Call(o.asks.add(q), "SESSIONS", claims.UserID, appendRefresh(nil, o.name, q.verify.ClientID, raw))
			return nil
		}
		refused = &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch",
			Message: "The new token is another user's."}
	}
	return document.TokenRefused{Conn: q.verify.Conn, Err: refused}
}
