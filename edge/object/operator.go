package object

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/signin"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// request takes what a user's object is asked: by the front Worker and the documents, and
// by the operators' API, the webhook and the embedded issuer, who have made sure that they
// may.
func (o *userObject) request(in Input) user.Event {
	r, err := call.ParseSession(in.Text)
	switch err {
	case call.Unknown:
		o.host.Respond(in.Ask, 503, call.AppendError(nil, call.Unsupported()))
		return nil
	case call.Malformed:
		o.host.Respond(in.Ask, 400, call.AppendError(nil, &protocol.Error{Code: protocol.InternalError}))
		return nil
	}
	ask := uint64(in.Ask)
	switch r.Kind {
	case &call.KindPost:
		return user.ForDevice{Event: device.Post{Ask: ask, From: protocol.FromOperator, Data: r.Post.Data}}
	case &call.KindUserMessage:
		return posted(ask, &r.UserMessage)
	case &call.KindHeard:
		o.host.Respond(in.Ask, 200, []byte(call.OK))
		return user.ForInbox{Event: inbox.Heard{ClientID: r.Heard.ClientID, MessageID: r.Heard.MessageID}}
	case &call.KindAppKey:
		k := &r.AppKey
		return user.ForApps{Event: app.KeyRevoked{Ask: ask, Package: k.Package, KeyID: k.KeyID, Reason: k.Reason, By: k.By}}
	case &call.KindDescribeSession:
		o.host.Respond(in.Ask, 200, call.AppendValue(nil, r.Kind, o.describe()))
	case &call.KindAuditSession:
		r.Audit.UserID = o.host.Name()
		o.host.Respond(in.Ask, 200, call.AppendAudited(nil, o.audit.read(&o.store, r.Audit.Entries), o.documents()))
	case &call.KindVisited:
		o.host.Respond(in.Ask, 200, o.visited(&r.Visited))
	case &call.KindEraseUser:
		o.erase(in.Ask)
	case &call.KindExportUser:
		o.host.Respond(in.Ask, 200, o.export(&r.Export))
	case &call.KindGone:
		// It is kept from the next event on; the answer leaves after the write, as
		// everything does.
		o.host.Respond(in.Ask, 200, []byte(call.OK))
		g := &r.Gone
		return forSession(session.ChannelGone{Channel: g.Document, ClientID: g.ClientID, SessionID: g.SessionID, Reason: g.Reason, AdmittedAt: g.AdmittedAt.Time()})
	case &call.KindAdmit:
		a := &r.Admit
		e := session.Admit{
			Ask: ask, Channel: a.Document, ClientID: a.ClientID, GoneAt: a.GoneAt.Time(), Refresh: a.Refresh, Access: a.Access, Again: a.Again,
			NewSessionID: randomHex(o.host, 16),
		}
		e.Claims, _ = parseClaims(a.Claims)
		return forSession(e)
	case &call.KindLook:
		return forSession(session.Admit{
			Ask: ask, Channel: r.Look.Document, Access: r.Look.Access, Look: true, Claims: session.Claims{UserID: o.host.Name()},
		})
	case &call.KindAdmitDelegate:
		a := &r.AdmitDelegate
		name := protocol.DelegateClient(a.Delegation)
		return forSession(session.Admit{
			Ask: ask, Channel: a.Document, ClientID: name, GoneAt: a.GoneAt.Time(), Access: a.Access, Again: a.Again, NewSessionID: randomHex(o.host, 16),
			Claims: session.Claims{
				UserID: a.UserID, Name: a.Name, TokenID: name, IssuedAt: a.IssuedAt.Time(), Expires: a.Expires.Time(), Withheld: a.Withheld,
			},
		})
	case &call.KindMay:
		e := session.Admit{Ask: ask, Channel: r.May.Document, Probe: true}
		e.Claims, _ = parseClaims(r.May.Claims)
		return forSession(e)
	case &call.KindAccess:
		a := &r.Access
		return forSession(session.AccessChanged{
			Ask: ask, UserID: o.host.Name(), Document: a.Document, Access: a.Version, WorkspaceID: a.WorkspaceID, Reason: a.Reason, By: a.By,
		})
	case &call.KindEnd:
		e := &r.End
		if e.Code == protocol.SessionEnded {
			return forSession(session.Kick{Ask: ask, UserID: o.host.Name(), Channel: e.Document, Reason: e.Reason, By: e.By})
		}
		return forSession(session.Revoke{
			Ask: ask, UserID: o.host.Name(), TokenID: e.TokenID, SignIn: e.SignIn, ClientID: e.ClientID, Before: e.Before.Time(), All: e.All,
			Reason: e.Reason, By: e.By,
		})
	}
	return nil
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
	w.Array("channels")
	for _, c := range snap.Channels {
		w.Item()
		w.Buf = appendChannel(w.Buf, c, access[c.Channel])
	}
	w.CloseArray()
	appendApps(&w, o.core.Apps())
	if before := snap.Session.RevokedBefore; !before.IsZero() {
		w.Time("revoked_before", before)
	}
	w.Int("revoked_tokens", int64(len(snap.Revoked)))
	appendTold(&w, o.core.Told())
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
	// The document has not confirmed something yet.
	w.Bool("pending", c.Unpushed != 0 || c.Fence != 0 || c.Stale)
	return w.End()
}
