package object

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/mentra"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// The apps' side of a user's object: their sockets, their webhooks, and what the database
// knows of them.
//
//	session -> app   POST webhook_url {"type":"session_request","package","session_id","user_id","timestamp","attempt","websocket_url"?}
//	                 and, to an app that has named streams, {"type":"stop_request","package","session_id","user_id","timestamp","reason"};
//	                 beside our names for these members are those of @mentra/sdk
//	                 x-holdfast-signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "t.body">

// The queries of the database. One statement stores a connection and looks at its key:
// either a revocation that was stored before keeps the connection out, or the revocation
// finds it in the list of those it has to end.
const (
	appQuery      = "SELECT webhook_url, webhook_secret FROM apps WHERE package = ?1"
	registerQuery = "INSERT INTO app_sessions (session_id, package, user_id, key_id, connected_at) " +
		"SELECT ?1, ?2, ?3, id, ?5 FROM app_keys WHERE id = ?4 AND package = ?2 AND revoked_at IS NULL " +
		"ON CONFLICT (session_id, key_id) DO UPDATE SET connected_at = excluded.connected_at RETURNING key_id"
	unregisterQuery = "DELETE FROM app_sessions WHERE session_id = ?1"
)

// answerBytes is how much of a webhook's answer is read; only its status counts.
const answerBytes = 64 << 10

// What has no answer yet: the address of a webhook, a call of it, a connection that is
// written down, and one that is no more.
type (
	address       struct{ call app.Call }
	webhook       struct{ call app.Call }
	registration  struct{ conn ConnID }
	deregistering struct{}
)

// newAppSession is what the session id of an app ends with that is started now; "" where
// there is no secret to sign it with.
func (o *userObject) newAppSession() string {
	if len(o.secrets) == 0 {
		return ""
	}
	random := randomHex(o.host, 16)
	whose := protocol.AppSessionID(o.host.Name(), "")
	return sessionid.Sign(whose+random, o.secrets[0])[len(whose):]
}

// nameApps gives another session id to each app whose id no secret has made: one that was
// started before ids were signed, or whose secret is gone. The front Worker lets nobody in
// by the old one, so once the app's connection drops, the object calls it with the new one.
func (o *userObject) nameApps(apps []app.Saved) {
	for i := range apps {
		r := &apps[i].Row
		if len(o.secrets) == 0 || sessionid.Signed(r.SessionID, o.secrets) {
			continue
		}
		if r.Written && r.Channel.Conn == "" && r.Pending.Conn == "" {
			o.host.Database(o.questions.add(deregistering{}), "DB", unregisterQuery, r.SessionID)
			r.Written = false
		}
		r.SessionID = protocol.AppSessionID(o.host.Name(), o.newAppSession())
		r.Channel.SessionID = r.SessionID
		save(&o.store, &appsTable, r)
	}
}

func (o *userObject) carryOutApps(effect app.Effect) {
	switch e := effect.(type) {
	case app.Save:
		save(&o.store, &appsTable, &e.Row)
	case app.Delete:
		o.store.delete(&appsTable.shape, text(e.Package))
		o.store.write(trimAppOutbox, text(e.Package), unsigned(protocol.MaxSeq))
		o.store.delete(&appReceiptsTable.shape, text(e.Package))
	case app.Keep:
		save(&o.store, &appOutboxTable, &e)
	case app.Forget:
		o.store.write(trimAppOutbox, text(e.Package), unsigned(e.Seq))
	case app.Remember:
		save(&o.store, &appReceiptsTable, &e)
	case app.ForgetReceipts:
		o.store.delete(&appReceiptsTable.shape, text(""))
	case app.Call:
		o.host.Database(o.questions.add(address{e}), "DB", appQuery, e.Package)
	case app.Register:
		ask := o.questions.add(registration{e.Conn})
		o.host.Database(ask, "DB", registerQuery, e.SessionID, e.Package, o.host.Name(), e.KeyID, strconv.FormatInt(o.now.UnixMilli(), 10))
	case app.Unregister:
		o.host.Database(o.questions.add(deregistering{}), "DB", unregisterQuery, e.SessionID)
	case app.KeyGone:
		o.host.Respond(uint32(e.Ask), 200, appendKeyGone(nil, o.host.Name(), e))
	default:
		o.store.err = errDropped
	}
}

func appendKeyGone(dst []byte, userID string, e app.KeyGone) []byte {
	// It has taken effect within the event.
	r := call.AppReceipt{UserID: userID, Closed: e.Closed}
	return r.Append(dst)
}

// answered is nothing to the core: a row that stays is of a session that nothing fits any
// more.
func (deregistering) answered(*userObject, Input) user.Event { return nil }

// answered says whether the key of a connection is good.
func (q registration) answered(_ *userObject, in Input) user.Event {
	e := app.Registered{Conn: q.conn}
	if cols, ok := firstRow(in, 1); !ok {
		e.Err = &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "app_keys_unavailable", RetryAfter: time.Second}
	} else if cols == nil {
		e.Err = &protocol.Error{Code: protocol.TokenRevoked, Reason: "app_key_revoked"}
	}
	return user.ForApps{Event: e}
}

// answered calls the webhook, now that its address is known.
func (q address) answered(o *userObject, in Input) user.Event {
	cols, ok := firstRow(in, 2)
	if !ok {
		return o.called(q.call, false, "webhook_failed")
	}
	if cols == nil {
		return o.called(q.call, false, app.UnknownApp)
	}
	at := strconv.FormatInt(o.now.Unix(), 10)
	o.host.Fetch(o.questions.add(webhook(q)), Destination{
		URL: str(cols[0]), Timeout: q.call.Timeout, MaxBytes: answerBytes,
		Signature: Signature{Header: protocol.SignatureHeader, Prefix: "t=" + at + ",v1=", Before: at + ".", Secret: str(cols[1])},
	}, o.sessionRequest(q.call))
	return nil
}

// answered is the end of a call.
func (q webhook) answered(o *userObject, in Input) user.Event {
	status, _ := jsonscan.Uint(jsonscan.Field(in.Text, "status"))
	return o.called(q.call, in.Kind == Answered && status >= 200 && status < 300, "webhook_failed")
}

// called makes an event of a call's end, and logs for the operators one that failed.
func (o *userObject) called(c app.Call, ok bool, reason string) user.Event {
	e := app.Called{SessionID: c.SessionID, Until: c.Until, OK: ok}
	if !ok {
		e.Reason = reason
		w := jsonscan.NewObject(nil)
		w.Str("level", "warn")
		w.Str("event", "app_call_failed")
		w.Str("user_id", o.host.Name())
		w.Str("package", c.Package)
		w.Str("reason", reason)
		w.Int("attempt", int64(c.Attempt))
		o.host.Log(w.End())
	}
	return user.ForApps{Event: e}
}

// sessionRequest is the body of a call of an app's webhook, in our words and those of
// @mentra/sdk.
func (o *userObject) sessionRequest(c app.Call) []byte {
	w := jsonscan.NewObject(nil)
	called := "session_request"
	if c.Stop != "" {
		called = "stop_request"
	}
	w.Str("type", called)
	w.Str("package", c.Package)
	w.Str("session_id", c.SessionID)
	w.Str("sessionId", c.SessionID)
	w.Str("user_id", o.host.Name())
	w.Str("userId", o.host.Name())
	w.Time("timestamp", o.now)
	if c.Stop != "" {
		w.Str("reason", mentra.StopReason(c.Stop))
		return w.End()
	}
	w.Int("attempt", int64(c.Attempt))
	// http becomes ws, and https wss.
	if rest, ok := strings.CutPrefix(strings.TrimSuffix(settings{o.host}.text(vars.PublicURL), "/"), "http"); ok {
		w.Str("websocket_url", "ws"+rest+"/v1/ws/apps/"+c.Package)
		w.Str("mentraOSWebsocketUrl", "ws"+rest+"/app-ws")
		w.Str("augmentOSWebsocketUrl", "ws"+rest+"/app-ws")
	}
	return w.End()
}

// firstRow is the first row of a database's answer, which has n columns; nil when there is
// no row, and not ok when it is no answer.
func firstRow(in Input, n int) (cols [][]byte, ok bool) {
	if in.Kind != Answered || jsonscan.Check(in.Text, 3) != nil || len(in.Text) == 0 || in.Text[0] != '[' {
		return nil, false
	}
	row := jsonscan.Elements(in.Text)
	if !row.Next() {
		return nil, true
	}
	for c := jsonscan.Elements(row.Value()); c.Next(); {
		cols = append(cols, c.Value())
	}
	return cols, len(cols) == n
}

// appendApps describes the user's apps to an operator.
func appendApps(w *jsonscan.Writer, apps []app.Row) {
	w.Array("apps")
	for _, a := range apps {
		w.OpenItem()
		w.Str("package", a.Package)
		w.Str("state", a.State.String())
		w.Str("session_id", a.SessionID)
		w.Close()
	}
	w.CloseArray()
}
