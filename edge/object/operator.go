package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// What an operator may ask of a session object, by the admin API, the webhook or the
// embedded issuer, who have made sure that they may:
//
//	{"kind":"access","document"?,"access"?,"workspace_id"?,"reason","by"}      -> {"receipt":{"user_id","changed":[{"document","permissions","removed","perm_epoch"}],"took_ms"}}
//	{"kind":"end","code":"TOKEN_REVOKED","jti" or "sign_in" or "client_id" or "before" or "all":true,"reason","by"} ->
//	    {"receipt":{"user_id","closed":[…],"last_accepted":{document:message id},"sign_ins"?:[…],"tokens"?:[…],"took_ms"}}
//	{"kind":"end","code":"SESSION_ENDED","document"?,"reason","by"}   -> the same
//	{"kind":"post","data"}                                           -> {"seq"}: for the device, see user_device.go
//	{"kind":"app_key",…}                                             -> {"receipt":{…}}: see user_app.go
//	{"kind":"describe"}                                              -> {"session":{…}}
//	{"kind":"audit","from"?,"to"?,"limit"?}                          -> {"audit":[…],"documents":[…]}
//
// before is in seconds, from and to are in milliseconds since 1970. A receipt that did
// not come in time is {"error":{…}}.

// kindOf checks that text is one JSON object and returns what it asks.
func kindOf(text []byte) (string, error) {
	o, err := object(text)
	for err == nil && o.Next() {
		if jsonscan.Equal(o.Key(), "kind") {
			return str(o.Value()), nil
		}
	}
	return "", err
}

// operator takes what operators ask; known is false for any other kind.
func (o *userObject) operator(kind string, in Input) (ev session.Event, known bool) {
	field := func(name string) string { return str(jsonscan.Field(in.Text, name)) }
	ask, reason, by := uint64(in.Ask), field("reason"), field("by")
	switch kind {
	case "access":
		access, _ := jsonscan.Uint(jsonscan.Field(in.Text, "access"))
		return session.AccessChanged{
			Ask: ask, UserID: o.host.Name(), Document: field("document"), Access: access, WorkspaceID: field("workspace_id"), Reason: reason, By: by,
		}, true
	case "end":
		switch protocol.Code(field("code")) {
		case protocol.TokenRevoked:
			return session.Revoke{
				Ask: ask, UserID: o.host.Name(), TokenID: field("jti"), SignIn: field("sign_in"), ClientID: field("client_id"), Before: seconds(jsonscan.Field(in.Text, "before")),
				All: truth(jsonscan.Field(in.Text, "all")), Reason: reason, By: by,
			}, true
		case protocol.SessionEnded:
			return session.Kick{Ask: ask, UserID: o.host.Name(), Channel: field("document"), Reason: reason, By: by}, true
		}
		return nil, false
	case "describe":
		w := jsonscan.NewObject(nil)
		w.Raw("session", o.describe())
		o.host.Respond(in.Ask, 200, w.End())
		return nil, true
	case "audit":
		w := jsonscan.NewObject(nil)
		w.Raw("audit", o.audit.read(&o.store, auditRequest{
			userID: o.host.Name(), from: number(jsonscan.Field(in.Text, "from")), to: number(jsonscan.Field(in.Text, "to")), most: number(jsonscan.Field(in.Text, "limit")),
		}))
		w.Strs("documents", o.documents())
		o.host.Respond(in.Ask, 200, w.End())
		return nil, true
	}
	return nil, false
}

// documents are those that the user is or was connected to, as far as is known here.
func (o *userObject) documents() []string {
	list := []string{}
	o.store.query(selectAuditDocuments, func(c []Value) {
		if name := c[0].string(); name != protocol.DeviceChannel { // whose lines are all here
			list = append(list, name)
		}
	})
	return list
}

// describe says what the object knows of its user, for a person.
func (o *userObject) describe() []byte {
	snap := o.core.Session()
	w := jsonscan.NewObject(nil)
	w.Str("user_id", o.host.Name())
	if snap.Session.ID != "" {
		w.Str("session_id", snap.Session.ID)
		w.Time("started_at", snap.Session.StartedAt)
	}
	w.Uint("perm_epoch", max(1, snap.Session.Epoch))
	access := make(map[string]session.AccessRow, len(snap.Access))
	for _, a := range snap.Access {
		access[a.Document] = a
	}
	w.Key("channels")
	w.Buf = append(w.Buf, '[')
	for i, c := range snap.Channels {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		w.Buf = appendChannel(w.Buf, c, access[c.Channel])
	}
	w.Buf = append(w.Buf, ']')
	appendApps(&w, o.core.Apps())
	if before := snap.Session.RevokedBefore; !before.IsZero() {
		w.Time("revoked_before", before)
	}
	w.Int("revoked_tokens", int64(len(snap.Revoked)))
	return w.End()
}

func appendChannel(dst []byte, c session.ChannelRow, a session.AccessRow) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("document", c.Channel)
	w.Str("client_id", c.ClientID)
	if id := signin.Of(c.TokenID); id != "" {
		w.Str("sign_in", id)
	}
	w.Time("admitted_at", c.AdmittedAt)
	w.Time("expires_at", c.Expires)
	w.Strs("permissions", a.Permissions.Names())
	w.Str("workspace_id", a.WorkspaceID)
	w.Str("role", a.Role)
	// Something the document has yet to hear.
	w.Bool("pending", c.Unpushed != 0 || c.Fence != 0 || c.Stale)
	return w.End()
}

func appendReceipt(dst []byte, e session.Receipt) []byte {
	w := jsonscan.NewObject(dst)
	if e.Err != nil {
		w.Raw("error", e.Err.Frame().Data)
		return w.End()
	}
	w.Open("receipt")
	w.Str("user_id", e.UserID)
	w.Key("changed")
	w.Buf = append(w.Buf, '[')
	for i, c := range e.Changed {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		item := jsonscan.NewObject(w.Buf)
		item.Str("document", c.Document)
		item.Strs("permissions", c.Permissions.Names())
		item.Strs("removed", c.Removed.Names())
		item.Uint("perm_epoch", c.Epoch)
		w.Buf = item.End()
	}
	w.Buf = append(w.Buf, ']')
	w.Strs("closed", e.Closed)
	w.Open("last_accepted")
	for _, l := range e.LastAccepted {
		if l.MessageID != "" {
			w.Str(l.Channel, l.MessageID)
		}
	}
	w.Close()
	if len(e.SignIns) > 0 {
		w.Strs("sign_ins", e.SignIns)
	}
	if len(e.Tokens) > 0 {
		w.Strs("tokens", e.Tokens)
	}
	w.Int("took_ms", int64(e.Took/time.Millisecond))
	w.Close()
	return w.End()
}
