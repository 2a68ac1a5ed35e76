package call

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// ReasonUnsupported is the reason of Unsupported, and ReasonBadAnswer that of an answer
// that is none.
const (
	ReasonUnsupported = "unsupported"
	ReasonBadAnswer   = "bad_answer"
)

// updateTime is when to ask an object again that is not of the caller's version yet.
const updateTime = 5 * time.Second

// Unsupported is the answer to a request of a kind that is not known: of a version that is
// newer, or older by more than one.
func Unsupported() *protocol.Error {
	return &protocol.Error{Code: protocol.ServiceUnavailable, Reason: ReasonUnsupported, RetryAfter: updateTime}
}

// OK is the answer to what asks for nothing back, and Refused to a text that is no request
// of a document.
const (
	OK      = `{"ok":true}`
	Refused = `{"ok":false}`
)

// ParseOK reads an OK.
func ParseOK(text []byte) bool {
	if jsonscan.Check(text, jsonscan.DepthLimit) != nil {
		return false
	}
	ok, _ := jsonscan.Bool(jsonscan.Field(text, "ok"))
	return ok
}

// AppendError appends the answer that is an error.
func AppendError(dst []byte, err *protocol.Error) []byte {
	w := jsonscan.NewObject(dst)
	w.Raw("error", err.Frame().Data)
	return w.End()
}

// AppendValue appends the answer to a kind: its member, with a value that is JSON.
func AppendValue(dst []byte, k *Kind, value []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Raw(k.Answer, value)
	return w.End()
}

// appendAnswer appends the answer to a kind: its member, with all members of its own.
func appendAnswer(dst []byte, k *Kind, visit func(*fields)) []byte {
	f := fields{w: newObject(dst), zeros: true}
	f.w.Open(k.Answer)
	visit(&f)
	f.w.Close()
	return f.w.End()
}

// ParseAnswer returns the member of an answer that the kind brings, or the error: that of
// the answer, or INTERNAL_ERROR for what is none.
func ParseAnswer(text []byte, k *Kind) ([]byte, *protocol.Error) { return Member(text, k.Answer) }

// Member is ParseAnswer for a text that is not the answer to a kind.
func Member(text []byte, name string) ([]byte, *protocol.Error) {
	if jsonscan.Check(text, jsonscan.DepthLimit) == nil {
		if data := jsonscan.Field(text, "error"); data != nil {
			if e, ok := protocol.ParseError(data); ok {
				return nil, e
			}
		} else if value := jsonscan.Field(text, name); value != nil {
			return value, nil
		}
	}
	return nil, &protocol.Error{Code: protocol.InternalError, Reason: ReasonBadAnswer}
}

// AppendAudited appends the answer to AuditSession: the entries, and the documents that may
// know more.
func AppendAudited(dst, entries []byte, documents []string) []byte {
	w := jsonscan.NewObject(dst)
	w.Raw(KindAuditSession.Answer, entries)
	w.Strs("documents", documents)
	return w.End()
}

// AuditedDocuments reads the documents of a checked answer to AuditSession.
func AuditedDocuments(text []byte) []string {
	documents, _ := jsonscan.Strs(jsonscan.Field(text, "documents"))
	return documents
}

// Ended is the answer to EndChannel.
type Ended struct {
	OK, Closed, Gone bool
	// Last is the message id of the last op that was accepted.
	Last       string
	AdmittedAt Moment
	// Clients are those that have a channel there. Version 3; without it nobody can tell.
	Clients []string
}

func (a *Ended) fields(f *fields) {
	f.flag("ok", &a.OK)
	f.flag("closed", &a.Closed)
	f.flag("gone", &a.Gone)
	f.str("last", &a.Last)
	f.millis("admitted_at", &a.AdmittedAt)
	f.strs("clients", &a.Clients)
}

// Append appends the answer.
func (a Ended) Append(dst []byte) []byte { return object(dst, a.fields, true) }

// ParseEnded reads it; what is none is the zero.
func ParseEnded(text []byte) (a Ended) {
	if jsonscan.Check(text, jsonscan.DepthLimit) == nil {
		read(text, a.fields)
	}
	return a
}

// Readmit is a document's answer to a grant that it does not take: the user's object has to
// be asked again, with GoneAt and Access.
type Readmit struct {
	Readmit bool
	GoneAt  Moment
	Access  uint64
}

func (a *Readmit) fields(f *fields) {
	f.flag("readmit", &a.Readmit)
	f.millis("gone_at", &a.GoneAt)
	f.uint("access", &a.Access)
}

// Append appends the answer.
func (a Readmit) Append(dst []byte) []byte { return object(dst, a.fields, false) }

// ParseRefusal reads what an upgrade was answered with that is no socket: a Readmit, or an
// error frame; neither is nil and false.
func ParseRefusal(text []byte) (a Readmit, err *protocol.Error) {
	if jsonscan.Check(text, jsonscan.DepthLimit) != nil {
		return a, nil
	}
	read(text, a.fields)
	if data := jsonscan.Field(text, "data"); data != nil && !a.Readmit {
		var ok bool
		if err, ok = protocol.ParseError(data); !ok {
			err = &protocol.Error{Code: protocol.InternalError, Reason: ReasonBadAnswer}
		}
	}
	return a, err
}

// Locked is the answer to Lock.
type Locked struct {
	OK, Locked bool
	Version    uint64
}

func (a *Locked) fields(f *fields) {
	f.flag("ok", &a.OK)
	f.flag("locked", &a.Locked)
	f.uint("document_version", &a.Version)
}

// Append appends the answer.
func (a Locked) Append(dst []byte) []byte { return object(dst, a.fields, true) }

// AccessTaken is the answer to AccessChanged: the document's access version, and the users
// that are there by an older answer.
type AccessTaken struct {
	Version uint64
	Users   []string
}

func (a *AccessTaken) fields(f *fields) {
	f.uint("version", &a.Version)
	f.strs("users", &a.Users)
}

// Append appends the answer.
func (a *AccessTaken) Append(dst []byte) []byte {
	return appendAnswer(dst, &KindAccessChanged, a.fields)
}

// ParseAccessTaken reads what ParseAnswer has returned; what is missing is zero.
func ParseAccessTaken(value []byte) (a AccessTaken) {
	read(value, a.fields)
	return a
}

// Erased is the answer to Erase.
type Erased struct {
	Version, Snapshot uint64
	Comments          int
	Access            uint64
	// Closed are the users that were there, by so many Sockets.
	Closed  []string
	Sockets int
	// Rows are how many each table had, and Bytes what was in them that clients wrote.
	Rows  []byte
	Bytes uint64
}

func (a *Erased) fields(f *fields) {
	f.uint("document_version", &a.Version)
	f.uint("snapshot_version", &a.Snapshot)
	f.count("open_comments", &a.Comments)
	f.uint("access", &a.Access)
	f.strs("closed", &a.Closed)
	if f.reading || a.Rows != nil { // version 2 had none of these
		f.count("sockets", &a.Sockets)
		f.raw("rows", &a.Rows)
		f.uint("bytes", &a.Bytes)
	}
}

// Append appends the answer.
func (a *Erased) Append(dst []byte) []byte { return appendAnswer(dst, &KindErase, a.fields) }

// ParseErased reads what ParseAnswer has returned; what is missing is zero.
func ParseErased(value []byte) (a Erased) {
	read(value, a.fields)
	return a
}

// Restored is the answer to Restore.
type Restored struct {
	Version, Snapshot uint64
	Operations        int
}

func (a *Restored) fields(f *fields) {
	f.uint("document_version", &a.Version)
	f.uint("snapshot_version", &a.Snapshot)
	f.count("operations", &a.Operations)
}

// Append appends the answer.
func (a *Restored) Append(dst []byte) []byte { return appendAnswer(dst, &KindRestore, a.fields) }

// Resolved is the answer to Resolve.
type Resolved struct {
	Comments int
	More     bool
	Version  uint64
}

func (a *Resolved) fields(f *fields) {
	f.count("comments", &a.Comments)
	f.flag("more", &a.More)
	f.uint("document_version", &a.Version)
}

// Append appends the answer.
func (a *Resolved) Append(dst []byte) []byte { return appendAnswer(dst, &KindResolve, a.fields) }

// AppReceipt is the answer to AppKey: the packages that were closed.
type AppReceipt struct {
	UserID string
	Closed []string
	TookMS uint64
}

func (a *AppReceipt) fields(f *fields) {
	f.str("user_id", &a.UserID)
	f.strs("closed", &a.Closed)
	f.uint("took_ms", &a.TookMS)
}

// Append appends the answer.
func (a *AppReceipt) Append(dst []byte) []byte { return appendAnswer(dst, &KindAppKey, a.fields) }

// ParseAppReceipt reads what ParseAnswer has returned; what is missing is zero.
func ParseAppReceipt(value []byte) (a AppReceipt) {
	read(value, a.fields)
	return a
}

// Receipt is the answer to Access and to End: what has taken effect.
type Receipt struct {
	UserID  string
	Changed []Change
	Closed  []string
	// LastAccepted are the last ops that documents have accepted on what was closed.
	LastAccepted []Accepted
	// SignIns and Tokens are those that a client's connections lived by.
	SignIns, Tokens []string
	TookMS          uint64
}

// Change is what the user may do on one document from now on.
type Change struct {
	Document             string
	Permissions, Removed permission.Set
	Epoch                uint64
}

// Accepted is an op, by its message id.
type Accepted struct{ Document, MessageID string }

// Append appends the answer.
func (a *Receipt) Append(dst []byte) []byte {
	w := newObject(dst)
	w.Open(KindEnd.Answer)
	w.Str("user_id", a.UserID)
	w.Array("changed")
	for _, c := range a.Changed {
		w.OpenItem()
		w.Str("document", c.Document)
		w.Strs("permissions", c.Permissions.Names())
		w.Strs("removed", c.Removed.Names())
		w.Uint("perm_epoch", c.Epoch)
		w.Close()
	}
	w.CloseArray()
	w.Strs("closed", a.Closed)
	w.Open("last_accepted")
	for _, l := range a.LastAccepted {
		if l.MessageID != "" {
			w.Str(l.Document, l.MessageID)
		}
	}
	w.Close()
	if len(a.SignIns) > 0 {
		w.Strs("sign_ins", a.SignIns)
	}
	if len(a.Tokens) > 0 {
		w.Strs("tokens", a.Tokens)
	}
	w.Uint("took_ms", a.TookMS)
	w.Close()
	return w.End()
}

// SignIns reads the sign-ins of a receipt, which ParseAnswer has returned.
func SignIns(receipt []byte) []string {
	list, _ := jsonscan.Strs(jsonscan.Field(receipt, "sign_ins"))
	return list
}
