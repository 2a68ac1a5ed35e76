package object

import (
	"errors"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// errDropped fails an event with an effect that would be lost.
var errDropped = errors.New("object: an effect that nobody carries out")

// carryOut does what the core decided, in order, until a query fails.
func (o *documentObject) carryOut(effect document.Effect) {
	if o.store.err != nil {
		return
	}
	switch e := effect.(type) {
	case document.Append:
		o.store.append(e.Entry)
	case document.Send:
		o.host.Send(e.Conns, e.Text)
	case document.Attach:
		o.host.Attach(e.Conn, e.Data)
	case document.Close:
		o.host.Close(e.Conn, e.Code, e.Reason)
	case document.Accept:
		o.host.Accept(o.ask, e.Conn, o.connecting.protocol)
	case document.Readmit:
		a := call.Readmit{Readmit: true, Access: e.Access}
		if e.Gone {
			a.GoneAt = call.At(e.AdmittedAt)
		}
		o.host.Respond(o.ask, 409, a.Append(nil))
	case document.SaveChannel:
		save(&o.store, &channelsTable, &e.Row)
	case document.DeleteChannel:
		o.store.write(channelsTable.drop(), text(e.UserID), text(e.ClientID))
	case document.GrantTaken:
		o.host.Respond(o.ask, 200, []byte(call.OK))
	case document.Ended:
		o.host.Respond(o.ask, 200, appendEnded(nil, e))
	case document.Replay:
		o.events = append(o.events, e.Deliver(&o.store, o.sendTo(e.Conn)))
	case document.Sync:
		o.events = append(o.events, e.Deliver(&o.store, o.cfg.MaxSyncBytes, o.sendTo(e.Conn)))
	case document.SaveState:
		o.store.saveState(e.State)
	case document.SaveSection:
		save(&o.store, &sectionsTable, &e.Section)
	case document.DeleteSection:
		o.store.delete(&sectionsTable.shape, text(e.Name))
	case document.SavePart:
		save(&o.store, &partsTable, &e)
	case document.DropUpload:
		o.store.delete(&partsTable.shape, unsigned(e.Version))
	case document.Compact:
		o.store.compact(e, o.cfg)
	case document.RestoreLog:
		o.store.restore(e)
	case document.Restored:
		o.host.Respond(o.ask, 200, appendRestored(nil, e))
	case document.Resolved:
		a := call.Resolved{Comments: e.Comments, More: e.More, Version: e.Version}
		o.host.Respond(o.ask, 200, a.Append(nil))
	case document.Posted:
		o.host.Respond(o.ask, 200, o.appendPosted(nil, e))
	case document.Record:
		e.Entry.Document = o.name
		o.audit.write(&o.store, e.Entry)
		o.logForOperators(e.Entry)
	case document.LockTaken:
		o.host.Respond(o.ask, 200, call.Locked{OK: true, Locked: e.Locked, Version: e.Version}.Append(nil))
	case document.AccessTaken:
		a := call.AccessTaken{Version: e.Access, Users: e.Users}
		o.host.Respond(o.ask, 200, a.Append(nil))
	case document.MessagesSent:
		o.host.Respond(o.ask, 200, call.AppendValue(nil, &call.KindDeliver, strconv.AppendInt(nil, int64(e.Connections), 10)))
	case document.Heard:
		// Whoever is not told has it sent again, and hears of it again.
		heard := call.Heard{ClientID: e.ClientID, MessageID: e.MessageID}
		send(o.host, untracked, e.UserID, heard.Message())
	case document.EraseAll:
		o.rows, o.bytes = o.store.counts(countDocument)
		o.store.erase()
		o.audit.oldest, o.aging = time.Time{}, aging{}
	case document.Erased:
		a := call.Erased{
			Version: e.Version, Snapshot: e.Snapshot, Comments: e.Comments, Access: e.Access, Closed: e.Users, Sockets: e.Sockets, Rows: o.rows, Bytes: o.bytes,
		}
		o.host.Respond(o.ask, 200, a.Append(nil))
	case document.EraseComment:
		o.store.write(eraseThread, unsigned(e.ID))
	case document.CommentErased:
		o.answerCommentErased(e)
	case document.ForgetUser:
		o.forgetUser(e)
	case document.Forgotten:
		o.answerForgotten(e)
	case document.VerifyToken:
		o.host.Verify(o.asks.add(ask{verify: e, token: true}), e.Token)
	case document.Notify:
		gone := call.Gone{Document: o.name, ClientID: e.ClientID, Others: e.Others, SessionID: e.SessionID, Reason: e.Reason, AdmittedAt: call.At(e.AdmittedAt)}
		send(o.host, o.asks.add(ask{notify: e}), e.UserID, gone.Message())
		if o.core.Kept() > 0 && o.core.Deserted() {
			o.store.trimGone(maxGone)
		}
	case document.FromEvents:
		o.told.carryOut(&o.store, o.now, e.Effect, o.askEvents)
	default:
		o.store.err = errDropped
	}
}

func (o *documentObject) askEvents(q eventsAsk) uint32 { return o.asks.add(ask{events: &q}) }

// sendTo is a connection as a Replay or a Sync wants it.
func (o *documentObject) sendTo(conn ConnID) func(text []byte) {
	to := []ConnID{conn}
	return func(text []byte) { o.host.Send(to, text) }
}

// ask is a call of ours that has not been answered: a notification of a session object,
// the check of a token's signature, or the fetch of a new grant.
type ask struct {
	token  bool // the signature is being checked
	verify document.VerifyToken
	notify document.Notify
	// dial is an upgrade that waits for the document to be in a workspace's list.
	dial    *connectRequest
	dialled uint32
	// append is a request that waits for that.
	append []byte
	// list is the workspace in whose list it is put.
	list string
	// events is a question of those that go to the backend.
	events *eventsAsk
	// recovery is an operator's request that waits for the platform.
	recovery uint32
}

// listed goes on with an upgrade. Without the list it refuses: no change of the
// workspace would reach this document.
func (o *documentObject) listed(now time.Time, q ask, in Input) document.Event {
	changed := string(in.Text) != "[[null]]"
	if in.Kind != Answered {
		e := protocol.Error{Code: protocol.ServiceUnavailable, Reason: "database_unavailable", RetryAfter: time.Second}
		if q.append != nil {
			o.host.Respond(q.dialled, 200, call.AppendError(nil, &e))
		} else {
			o.host.Respond(q.dialled, 503, e.AppendJSON(nil))
		}
		return nil
	}
	o.events = append(o.events, document.Listed{Workspace: q.list, Changed: changed})
	if q.append != nil {
		return o.request(now, Input{Kind: Request, Ask: q.dialled, Text: q.append})
	}
	return o.admitted(q.dialled, *q.dial)
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
func (o *documentObject) answered(now time.Time, in Input) document.Event {
	q, ok := o.asks.take(in.Ask)
	switch {
	case !ok:
		return nil
	case q.events != nil:
		return o.eventsAnswered(*q.events, in)
	case q.dial != nil || q.append != nil:
		return o.listed(now, q, in)
	case q.recovery != 0:
		o.host.Respond(q.recovery, 200, recovered(in))
		return nil
	case q.list != "":
		return o.listedBehind(q, in)
	case q.notify.UserID != "":
		return document.Notified{UserID: q.notify.UserID, ClientID: q.notify.ClientID, SessionID: q.notify.SessionID, OK: in.Kind == Answered && call.ParseOK(in.Text)}
	case in.Kind == Failed:
		return document.TokenRefused{Conn: q.verify.Conn, Err: &protocol.Error{Code: protocol.ServiceUnavailable}}
	case q.token:
		return o.verified(q, in.Text)
	}
	raw, refused := call.ParseAnswer(in.Text, &call.KindAdmit)
	if refused == nil {
		grant, ok := parseGrant(raw)
		if ok {
			return document.TokenVerified{Conn: q.verify.Conn, Grant: grant}
		}
		refused = &protocol.Error{Code: protocol.InternalError}
	}
	return document.TokenRefused{Conn: q.verify.Conn, Err: refused}
}

func (o *documentObject) eventsAnswered(q eventsAsk, in Input) document.Event {
	switch {
	case q.trimming:
		o.told.trimmed(in)
		return nil
	case q.burying:
		return document.EventsBuried{Buried: o.told.buried(o.now, q, in, o.askEvents)}
	}
	return document.EventsSent{Sent: o.told.sent(q, in)}
}

// verified asks for a grant under the new token's claims, which must be of the
// same subject: another user's session is not to be touched from here.
func (o *documentObject) verified(q ask, answer []byte) document.Event {
	raw, refused := call.Member(answer, "claims")
	if refused == nil {
		claims, ok := parseClaims(raw)
		if ok && claims.UserID == q.verify.UserID {
			q.token = false
			admit := call.Admit{Document: o.name, ClientID: q.verify.ClientID, Claims: raw, Access: o.core.Access(), Refresh: true}
			send(o.host, o.asks.add(q), claims.UserID, admit.Message())
			return nil
		}
		refused = &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch",
			Message: "The new token is another user's."}
	}
	return document.TokenRefused{Conn: q.verify.Conn, Err: refused}
}
