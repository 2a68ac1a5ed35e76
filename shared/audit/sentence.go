package audit

import (
	"strings"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// sentences describe the events to people. %d stands for the document, %c for the client, %r
// for the reason, %b for who did it, %x for the detail, and %e for the error code's meaning.
var sentences = map[Event]string{
	SessionStarted:    "The session began.",
	SessionEnded:      "The session ended: its last channel was gone.",
	Admitted:          "Client %c was admitted to %d.",
	Refused:           "Client %c was refused at %d. %e",
	TokenRefreshed:    "The token on %d was replaced by a newer one, without a reconnect.",
	PermissionChanged: "What the user may do on %d changed to %x (%r), by %b.",
	TokensRevoked:     "Tokens were revoked (%x) by %b: %r. Connections that lived by them were closed.",
	Kicked:            "The connections were ended by %b: %r.",
	ChannelGone:       "The channel on %d is gone (%r): it cannot be resumed.",
	Connected:         "Client %c connected to %d (%x).",
	Replaced:          "Client %c was disconnected from %d: a newer connection took over (client %x).",
	Lost:              "Client %c lost its connection to %d (close code %x). It could resume.",
	Closed:            "Client %c was disconnected from %d by the server. %e",
	Left:              "Client %c left %d by itself.",
	GraceOver:         "Client %c did not come back to %d in time: what it missed is not replayed any more.",
	Locked:            "%d was locked for writing, by %b: %r.",
	Unlocked:          "%d was unlocked, by %b: %r.",
	LogFull:           "%d was locked for writing: its log is full. A snapshot makes room, or a higher MAX_LOG_BYTES.",
	LogHasRoom:        "%d was unlocked: there is room in its log.",
	SnapshotTaken:     "Client %c posted a snapshot of %d (%x), which takes the place of the log before it.",
	HistoryErased:     "Of what snapshots of %d have replaced everything up to version %x was erased before its time, for its size.",
	Restored:          "%d was restored by %b (%x): %r.",
	CommentsResolved:  "Open comments of the user on %d (%x) were resolved by %b: %r.",
	CommentErased:     "The comment %x on %d was erased by %b: %r.",
	UserErased:        "Everything that %d knew of a user was erased by %b: %r.",
	ServerWrote:       "A server wrote on %d as %c, by %b.",
	AppStarted:        "The user's device started the app %c.",
	AppConnected:      "The app %c connected (%x).",
	AppLost:           "The app %c lost its connection (close code %x). It could come back.",
	AppClosed:         "The app %c was disconnected by the server. %e",
	AppLeft:           "The app %c left by itself.",
	AppStopped:        "The app %c stopped (%r).",
	AppKeyRevoked:     "The app %c was disconnected: its key was revoked by %b.",
}

// withoutOperator names who acted in an event without an operator.
var withoutOperator = map[Event]string{
	PermissionChanged: "the permission source", Locked: "the permission source", Unlocked: "the permission source", TokensRevoked: "the user",
}

// Sentence describes the entry to people.
func (e Entry) Sentence() string {
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	meaning := ""
	if e.Code != "" {
		meaning = e.Code + ": " + protocol.Lookup(protocol.Code(e.Code)).Message
		if e.Reason != "" {
			meaning += " (" + e.Reason + ")"
		}
	}
	text, ok := sentences[e.Event]
	if !ok {
		text = string(e.Event) + "."
	}
	client := or(e.ClientID, "(not named)")
	if e.Delegate != "" {
		client += " (" + e.Delegate + ", for the user)"
	}
	return strings.TrimSpace(strings.NewReplacer(
		"%d", or(e.Document, "the document"), "%c", client, "%r", or(e.Reason, "no reason given"),
		"%b", or(e.By, withoutOperator[e.Event]), "%x", or(e.Detail, "nothing"), "%e", meaning,
	).Replace(text))
}
