package call

import "github.com/holdfast-dev/holdfast/shared/protocol"

// Admit asks for a grant: the front Worker for who connects, a document for who has a new
// token. It is answered with the Grant, or with an error.
type Admit struct {
	Document, ClientID string
	// Claims are the token's, as the front Worker wrote them: see ParseClaims.
	Claims []byte
	// GoneAt is the admission that the document has sent back because it holds no channel
	// of the user's any more, and Access the document's access version, where it has said so.
	GoneAt Moment
	Access uint64
	// Refresh is of a token that is swapped in place, Again of an attempt that was counted.
	Refresh, Again bool
	next
}

// Message is the request as it is sent.
func (r *Admit) Message() Message { return message(r.next.kind(&KindAdmit, r.Document), r.fields) }

func (r *Admit) fields(f *fields) {
	f.str("document", &r.Document)
	f.str("client_id", &r.ClientID)
	f.raw("claims", &r.Claims)
	f.millis("gone_at", &r.GoneAt)
	f.uint("access", &r.Access)
	f.flag("refresh", &r.Refresh)
	f.flag("again", &r.Again)
	r.next.fields(f)
}

func (r *Admit) valid() bool {
	_, ok := ParseClaims(r.Claims)
	return ok && r.Document != ""
}

// Gone says that the channel of a user's client on a document is gone: of all the user's,
// where it names no client. It is answered with OK.
type Gone struct {
	Document, ClientID, SessionID, Reason string
	// Others says that other clients of the user are on the document still: a kind of
	// its own says so, which nobody takes for the end of the user's channel.
	Others bool
	// AdmittedAt is that of the newest grant the document had.
	AdmittedAt Moment
}

// Message is the request as it is sent.
func (r *Gone) Message() Message {
	kind := &KindGone
	if r.Others {
		kind = &KindClientGone
	}
	return message(kind, r.fields)
}

func (r *Gone) fields(f *fields) {
	f.str("document", &r.Document)
	f.str("client_id", &r.ClientID)
	f.str("session_id", &r.SessionID)
	f.str("reason", &r.Reason)
	f.millis("admitted_at", &r.AdmittedAt)
}

func (r *Gone) valid() bool { return r.Document != "" }

// Access has the permission source asked anew: about a document, the documents of a
// workspace, or all there are. It is answered with a Receipt.
type Access struct {
	UserID, Document, WorkspaceID string
	// Version is the document's access version, where it is the document that has changed.
	Version    uint64
	Reason, By string
}

// Message is the request as it is sent.
func (r *Access) Message() Message { return message(&KindAccess, r.fields) }

func (r *Access) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.str("document", &r.Document)
	f.uint("access", &r.Version)
	f.str("workspace_id", &r.WorkspaceID)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
}

// End ends connections: with the code SESSION_ENDED those on a document, or all; with
// TOKEN_REVOKED those of tokens, which are unusable from then on. Of these TokenID, SignIn,
// ClientID, Before (in whole seconds) and All say which. It is answered with a Receipt.
type End struct {
	UserID                    string
	Code                      protocol.Code
	Reason, By                string
	Document                  string
	TokenID, SignIn, ClientID string
	Before                    Moment
	All                       bool
}

// Message is the request as it is sent.
func (r *End) Message() Message { return message(&KindEnd, r.fields) }

func (r *End) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.str("code", (*string)(&r.Code))
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
	f.str("document", &r.Document)
	f.str("jti", &r.TokenID)
	f.str("sign_in", &r.SignIn)
	f.str("client_id", &r.ClientID)
	f.seconds("before", &r.Before)
	f.flag("all", &r.All)
}

func (r *End) valid() bool {
	return r.Code == protocol.TokenRevoked || r.Code == protocol.SessionEnded
}

// Post keeps a message for the user's device. It is answered with its place there, "seq".
type Post struct{ Data []byte }

// Message is the request as it is sent.
func (r *Post) Message() Message { return message(&KindPost, r.fields) }

func (r *Post) fields(f *fields) { f.raw("data", &r.Data) }

func (r *Post) valid() bool { return r.Data != nil }

// AppKey ends what a key of an app's has let in, or for the KeyID "" any of its keys. It is
// answered with a Receipt of whom it closed.
type AppKey struct{ Package, KeyID, Reason, By string }

// Message is the request as it is sent.
func (r *AppKey) Message() Message { return message(&KindAppKey, r.fields) }

func (r *AppKey) fields(f *fields) {
	f.str("package", &r.Package)
	f.str("key_id", &r.KeyID)
	f.str("reason", &r.Reason)
	f.str("by", &r.By)
}

// DescribeSession asks what a session is made of.
type DescribeSession struct{}

// Message is the request as it is sent.
func (r *DescribeSession) Message() Message { return message(&KindDescribeSession, nothing) }

// AuditSession asks for the newest entries of the user's audit log within a time; a Limit
// of 0 is the object's own. Beside the entries the answer names the documents that may know
// more.
type AuditSession struct{ Entries }

// Message is the request as it is sent.
func (r *AuditSession) Message() Message { return message(&KindAuditSession, r.fields) }

// Entries is which entries of an audit log are meant.
type Entries struct {
	UserID   string
	From, To Moment
	Limit    int
}

func (r *Entries) fields(f *fields) {
	f.str("user_id", &r.UserID)
	f.millis("from", &r.From)
	f.millis("to", &r.To)
	f.count("limit", &r.Limit)
}
