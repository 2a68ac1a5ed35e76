// Package audit is the audit log: what the objects record about a user's connections, and how
// an operator reads it. It has one Entry for each thing that an operator may have to explain
// later ("why was I disconnected at 14:02?").
//
// The user's object records what concerns the user (admissions, permissions, revocations),
// and each document what happened to the user's connections there. An entry names people,
// documents and codes. It never holds a token, an address or a payload.
//
// The package decides the names of the events, the sentence for each, and which entry answers
// a question. Entries are ordered by time, then by the order in which they were written. The
// package holds no state.
package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Event names what happened.
type Event string

// The events that the user's object records.
const (
	SessionStarted    Event = "session_started"
	SessionEnded      Event = "session_ended"
	Admitted          Event = "admitted"
	Refused           Event = "refused"
	TokenRefreshed    Event = "token_refreshed"
	PermissionChanged Event = "permission_changed"
	TokensRevoked     Event = "tokens_revoked" // Reason, By; Detail says which: jti …, before …, all
	Kicked            Event = "kicked"
	ChannelGone       Event = "channel_gone"
)

// The events that a document records.
const (
	Connected Event = "connected" // Detail: resumed, or new
	Replaced  Event = "replaced"  // by a newer connection; Detail: the client id of that
	Lost      Event = "lost"      // the connection dropped, or the peer closed it; Detail: the close code
	Closed    Event = "closed"    // by the server; Code and Reason say why
	Left      Event = "left"      // the user's own disconnect
	GraceOver Event = "grace_over"
	Locked    Event = "locked" // the document; By, Reason
	Unlocked  Event = "unlocked"
	// LogFull says that the document is locked for writing because its log is full, LogHasRoom that it is unlocked again.
	LogFull          Event = "log_full"
	LogHasRoom       Event = "log_has_room"
	SnapshotTaken    Event = "snapshot"          // Detail: its version and bytes
	HistoryErased    Event = "history_erased"    // before its time; Detail: up to which version
	Restored         Event = "restored"          // By, Reason; Detail: which version, and the version that it became
	CommentsResolved Event = "comments_resolved" // of the user, by By; Detail: how many
	CommentErased    Event = "comment_erased"    // by By; Detail: its id
	UserErased       Event = "user_erased"       // by By, and no word of whom
	// ServerWrote says that By has added to the log by HTTP, as ClientID: the first time since
	// the object woke, and each time that a lock was disregarded (Reason: forced).
	ServerWrote Event = "server_wrote"
)

// The events that the user's object records about the user's apps. ClientID is the app's
// package. None of them ends a connection of the user.
const (
	AppStarted    Event = "app_started"
	AppConnected  Event = "app_connected"   // Detail: resumed, or new
	AppLost       Event = "app_lost"        // Detail: the close code
	AppClosed     Event = "app_closed"      // by the server; Code and Reason say why
	AppLeft       Event = "app_left"        // the app's own disconnect
	AppStopped    Event = "app_stopped"     // Reason
	AppKeyRevoked Event = "app_key_revoked" // By, Reason
)

// Entry is one line of the audit log.
type Entry struct {
	At       time.Time
	Event    Event
	UserID   string
	Document string
	ClientID string
	// Code is the error code of the event, or "".
	Code string
	// Reason is one snake_case word.
	Reason string
	// By is the operator who did it, "" if no operator did.
	By     string
	Detail string
	// Delegate is the name of the program that acted for the user, "" for the user's own client.
	Delegate string
	// Since and Resumed describe the connection that the entry ends: when it began, and
	// whether it had resumed a channel. Line uses them; the stored entry lacks them.
	Since   time.Time
	Resumed bool
	// Also is the line that is kept with this one (see With). The entry as it is read lacks it.
	Also Event
}

// With joins e and the line behind it to one that is kept: a session began with an admission, or ended
// with a channel, at the same moment. Also is then session_started, which is before the entry, or
// session_ended, which is behind it; neither says more than its moment and its user. ok is false for
// any other two lines.
func (e *Entry) With(o *Entry) (both Entry, ok bool) {
	switch {
	case e.Event == SessionStarted && o.Event == Admitted:
		both = *o
		both.Also = SessionStarted
	case e.Event == ChannelGone && o.Event == SessionEnded:
		both = *e
		both.Also = SessionEnded
	default:
		return *e, false
	}
	return both, e.At.Equal(o.At) && e.UserID == o.UserID
}

// Waits reports whether the next line may be kept with this one.
func (e *Entry) Waits() bool { return e.Event == SessionStarted || e.Event == ChannelGone }

// ends are the events that end a connection.
var ends = []Event{Replaced, Lost, Closed, Left, Kicked, TokensRevoked}

// Explain returns the index of the entry that says why a connection ended at the moment at:
// the last one that ended a connection by then. slack allows for people's clocks: an entry up
// to slack later counts, too. It returns false if there is none. Entries must be sorted.
func Explain(entries []Entry, at time.Time, slack time.Duration) (int, bool) {
	for i := len(entries) - 1; i >= 0; i-- {
		if !entries[i].At.After(at.Add(slack)) && slices.Contains(ends, entries[i].Event) {
			return i, true
		}
	}
	return 0, false
}

// Sort puts the entries of several objects in order.
func Sort(entries []Entry) {
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
}

// Append appends the entry as JSON, without its empty fields.
func (e Entry) Append(dst []byte) []byte {
	w := e.writer(dst)
	return w.End()
}

// AppendWithSentence appends the entry as JSON, with its sentence for people.
func (e Entry) AppendWithSentence(dst []byte) []byte {
	w := e.writer(dst)
	w.Str("sentence", e.Sentence())
	return w.End()
}

func (e *Entry) writer(dst []byte) jsonscan.Writer {
	w := jsonscan.NewObject(dst)
	w.Time("at", e.At)
	w.Str("event", string(e.Event))
	for _, f := range e.fields() {
		if *f.value != "" {
			w.Str(f.name, *f.value)
		}
	}
	return w
}

type field struct {
	name  string
	value *string
}

func (e *Entry) fields() [8]field {
	return [...]field{{"user_id", &e.UserID}, {"document", &e.Document}, {"client_id", &e.ClientID}, {"code", &e.Code},
		{"reason", &e.Reason}, {"by", &e.By}, {"detail", &e.Detail}, {"delegate", &e.Delegate}}
}

// Parse reads what Append or AppendWithSentence wrote. It ignores the sentence, which the fields imply.
func Parse(raw []byte) (e Entry, ok bool) {
	o, ok := jsonscan.Parse(raw)
	for ok && o.Next() {
		switch name := string(o.Key()); name {
		case "at":
			e.At, ok = jsonscan.Time(o.Value())
		case "event":
			var s string
			s, ok = jsonscan.Str(o.Value())
			e.Event = Event(s)
		default:
			for _, f := range e.fields() {
				if f.name == name {
					*f.value, ok = jsonscan.Str(o.Value())
				}
			}
		}
	}
	return e, ok && e.Event != "" && !e.At.IsZero()
}
