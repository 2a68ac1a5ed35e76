package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// What the objects and the front Worker say to each other is edge/call's; here are the
// cores' own types made of it, and it of them.

func str(raw []byte) string {
	s, _ := jsonscan.Str(raw)
	return s
}

func number(raw []byte) int64 {
	n, _ := jsonscan.Int(raw)
	return n
}

// sentGrant is a session's grant as it is sent to a document.
func sentGrant(g *session.Grant) *call.Grant {
	made := call.Moment(0)
	if protocol.IsDelegate(g.TokenID) {
		made = call.At(g.IssuedAt)
	}
	return &call.Grant{
		UserID: g.UserID, Name: g.Name, SessionID: g.SessionID, Document: g.Channel, WorkspaceID: g.WorkspaceID, Role: g.WorkspaceRole,
		Permissions: g.Permissions, Epoch: g.Epoch, Locked: g.Locked, AccessAt: call.At(g.AccessAt), Access: g.Access,
		Expires: call.At(g.Expires), IssuedAt: call.At(g.IssuedAt), TokenID: g.TokenID, AdmittedAt: call.At(g.AdmittedAt), Share: g.Share,
		Withheld: g.Withheld, MadeAt: made,
	}
}

// receivedGrant is a grant as a document believes it.
func receivedGrant(g *call.Grant) document.Grant {
	issued := g.IssuedAt
	if g.MadeAt != 0 {
		issued = g.MadeAt
	}
	return document.Grant{
		UserID: g.UserID, Name: g.Name, SessionID: g.SessionID, WorkspaceID: g.WorkspaceID, Role: g.Role,
		Permissions: uint8(g.Permissions), Epoch: g.Epoch, Locked: g.Locked, AccessAt: g.AccessAt.Time(), Access: g.Access,
		Expires: g.Expires.Time(), IssuedAt: issued.Time(), TokenID: g.TokenID, AdmittedAt: g.AdmittedAt.Time(), Share: g.Share,
		Withheld: uint8(g.Withheld),
	}
}

func parseGrant(raw []byte) (document.Grant, bool) {
	g, ok := call.ParseGrant(raw)
	return receivedGrant(g), ok
}

func parseClaims(raw []byte) (session.Claims, bool) {
	c, ok := call.ParseClaims(raw)
	return session.Claims{
		UserID: c.UserID, Email: c.Email, Name: c.Name, TokenID: c.TokenID, IssuedAt: c.IssuedAt.Time(), Expires: c.Expires.Time(),
	}, ok
}

// connectRequest is an upgrade that the front Worker has brought to a document.
type connectRequest struct {
	event    document.Connect
	protocol string
}

func parseConnect(text []byte) (c connectRequest, err call.Error) {
	r, err := call.ParseDocumentConnect(text)
	if err != 0 {
		return c, err
	}
	asked := &r.Document
	grant, ok := parseGrant(asked.Grant)
	if asked.Held() {
		claims, good := call.ParseClaims(asked.Claims)
		grant = document.Grant{UserID: claims.UserID, TokenID: claims.TokenID, IssuedAt: claims.IssuedAt.Time(), Expires: claims.Expires.Time()}
		ok = good
	}
	if !ok || asked.Delegate != protocol.IsDelegate(asked.ClientID) || asked.Delegate && grant.TokenID != asked.ClientID {
		return c, call.Malformed // nobody is a delegate by name alone, and no delegate is the user
	}
	c.event = document.Connect{Grant: grant, ClientID: asked.ClientID, SessionID: asked.SessionID, LastSeq: asked.LastSeq, HasLastSeq: asked.HasLastSeq, Redial: asked.Redial, Held: asked.Held()}
	if asked.Position != "" {
		c.event.Position = document.ParsePosition(asked.Position)
	}
	c.protocol = asked.Protocol
	return c, 0
}

// refuseConnect answers an upgrade whose text says nothing that can be done.
func refuseConnect(h Host, ask uint32, why call.Error) {
	status, err := 400, &protocol.Error{Code: protocol.InternalError}
	if why == call.Unknown {
		status, err = 503, call.Unsupported()
	}
	h.Respond(ask, status, err.AppendJSON(nil))
}

func appendAnswer(dst []byte, e session.Answer) []byte {
	if e.Err != nil {
		return call.AppendError(dst, e.Err)
	}
	return call.AppendValue(dst, &call.KindAdmit, sentGrant(&e.Grant).Append(nil))
}

// send sends a request to another object.
func send(h Host, ask uint32, name string, m call.Message) {
	h.Call(ask, m.Kind.Binding, name, m.Text)
}

func appendEnded(dst []byte, e document.Ended) []byte {
	return call.Ended{OK: true, Closed: e.Closed, Gone: e.Gone, Last: e.LastMessageID, AdmittedAt: call.At(e.AdmittedAt), Clients: e.Clients}.Append(dst)
}

func parseEnded(text []byte) session.Ended {
	a := call.ParseEnded(text)
	return session.Ended{OK: a.OK, Closed: a.Closed, Gone: a.Gone, LastMessageID: a.Last, AdmittedAt: a.AdmittedAt.Time(), Clients: a.Clients}
}

func appendReceipt(dst []byte, e session.Receipt) []byte {
	if e.Err != nil {
		return call.AppendError(dst, e.Err)
	}
	r := call.Receipt{UserID: e.UserID, Closed: e.Closed, SignIns: e.SignIns, Tokens: e.Tokens, TookMS: uint64(e.Took / time.Millisecond)}
	for _, c := range e.Changed {
		r.Changed = append(r.Changed, call.Change(c))
	}
	for _, l := range e.LastAccepted {
		r.LastAccepted = append(r.LastAccepted, call.Accepted{Document: l.Channel, MessageID: l.MessageID})
	}
	return r.Append(dst)
}
