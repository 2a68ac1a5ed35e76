// Package audit is what the objects write down of a user's session, and how it is
// read: one Entry for each thing that an operator may be asked about later ("why was
// I disconnected at 14:02?").
//
// The session object writes what concerns the user (admissions, permissions,
// revocations), each document what happened to the user's connections there. An entry
// names people, documents and codes. It never holds a token, an address or a payload.
//
// The package decides the names of events, the sentence that goes with each, and which
// entry answers the question. Entries are ordered by time, then by the order in which
// they were written.
package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Event names what happened.
type Event string

// What a session object writes.
const (
	SessionStarted    Event = "session_started"
	SessionEnded      Event = "session_ended"
	Admitted          Event = "admitted"
	Refused           Event = "refused"
	TokenRefreshed    Event = "token_refreshed"
	PermissionChanged Event = "permission_changed"
	TokensRevoked     Event = "tokens_revoked" // Reason, By; Detail names what: jti …, before …, all
	Kicked            Event = "kicked"
	ChannelGone       Event = "channel_gone"
)

// What a document writes.
const (
	Connected Event = "connected" // Detail: resumed, or new
	Replaced  Event = "replaced"  // by a newer connection; Detail: the winner's client id
	Lost      Event = "lost"      // the line dropped or was closed by the peer; Detail: the close code
	Closed    Event = "closed"    // by the server; Code and Reason say why
	Left      Event = "left"      // the user's own disconnect
	GraceOver Event = "grace_over"
	Locked    Event = "locked" // the document; By, Reason
	Unlocked  Event = "unlocked"
	// LogFull is the document locked for writing since its log is full, LogHasRoom the end of that.
	LogFull          Event = "log_full"
	LogHasRoom       Event = "log_has_room"
	SnapshotTaken    Event = "snapshot"          // Detail: its version and bytes
	HistoryErased    Event = "history_erased"    // before its time; Detail: up to which version
	Restored         Event = "restored"          // By, Reason; Detail: which version, and as which
	CommentsResolved Event = "comments_resolved" // of the user, by By; Detail: how many
)

// What a session object writes of the user's apps. ClientID is the app's package; none of
// these ends a connection of the user's own.
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
	// Code is the error code that went with it, "" for none.
	Code string
	// Reason is one snake_case word.
	Reason string
	// By is the operator who did it, "" for nobody.
	By     string
	Detail string
	// Since and Resumed are of the connection that the entry ends: when it began, and
	// whether it had resumed a channel. They are not stored but go into Line.
	Since   time.Time
	Resumed bool
}

// ends are the events after which a connection is no more.
var ends = []Event{Replaced, Lost, Closed, Left, Kicked, TokensRevoked}

// Explain returns the index of the entry that says why a connection ended at the given
// moment: the last one at or before it (and up to slack after it, since people's clocks
// are not ours) that ended one; false when there is none. Entries must be sorted.
func Explain(entries []Entry, at time.Time, slack time.Duration) (int, bool) {
	for i := len(entries) - 1; i >= 0; i-- {
		if !entries[i].At.After(at.Add(slack)) && slices.Contains(ends, entries[i].Event) {
			return i, true
		}
	}
	return 0, false
}

// Sort puts entries of several objects in order.
func Sort(entries []Entry) {
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
}

// Append appends the entry as JSON. The fields that say nothing are left out.
func (e Entry) Append(dst []byte) []byte {
	w := e.writer(dst)
	return w.End()
}

// AppendSaid is Append with the entry's sentence, for a person.
func (e Entry) AppendSaid(dst []byte) []byte {
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

func (e *Entry) fields() [7]field {
	return [...]field{{"user_id", &e.UserID}, {"document", &e.Document}, {"client_id", &e.ClientID}, {"code", &e.Code},
		{"reason", &e.Reason}, {"by", &e.By}, {"detail", &e.Detail}}
}

// Parse reads what Append or AppendSaid wrote; the sentence is made, not read.
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
