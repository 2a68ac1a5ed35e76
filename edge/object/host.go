// Package object is the Go side of both Durable Objects: it boots a core of
// shared/document or shared/user from SQLite, turns what happens to the object into
// the core's events, and carries out the effects. It decides nothing itself.
//
// host.go is the port to the runtime: in production edge/objectwasm and the
// JavaScript of edge/worker, in the tests a fake in memory. document.go and
// effect.go are the Document object; user.go, user_device.go and user_app.go are the user's.
// columns.go and table.go say what a table is, rows_document.go and rows_user.go which there
// are, statements.go what else is asked of them, schema.go how they come about, and store.go
// reads and writes them. message.go is what the objects and the front Worker say to each
// other.
package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// ConnID names one accepted socket; 16 hex digits.
type ConnID = serverconn.ConnID

// Host is what the runtime does for an object: its storage, its sockets, its
// alarm and its way out. Every method is synchronous and none panics or throws.
//
// The runtime treats one event as one whole. What Write is given is written in
// one transaction when the event has ended well, and only then does anything
// leave, in order: Accept, Send, Attach, Close, SetAlarm, ClearAlarm, Respond and the
// three requests. After an event that failed nothing of it has happened, here or outside.
type Host interface {
	// Name is the name the object is addressed by: the user's or the document's id.
	Name() string
	// Env returns a variable of the deployment, "" when it is not set.
	Env(name string) string
	// Random fills b from the platform's cryptographic source.
	Random(b []byte)

	// Query runs a statement at once and sees what earlier events have written.
	// row is called for each row, if there is one to call; its values are good
	// until it returns, and it must not query itself.
	Query(stmt Stmt, args []Value, row func(cols []Value)) error
	// Write runs a statement when the event has ended well. One that storage
	// refuses makes the event a failed one.
	Write(stmt Stmt, args []Value)
	// Erase empties the storage, tables, alarm and all, of everything that was written
	// before it; what is written after it is there. It takes its place among the writes,
	// and the two are not one transaction: a crash between them leaves nothing at all.
	Erase()

	// Scrub overwrites, once the event's writes are done, what is left in the storage's files
	// of rows that are gone, where the platform keeps no history of its own. What is
	// responded after it waits for it.
	Scrub()

	// Sockets calls f for each open socket with the time the runtime last
	// answered a ping on it, zero when it never did.
	Sockets(f func(conn ConnID, seen time.Time))
	// LastSeen is that time for one socket.
	LastSeen(conn ConnID) time.Time
	// Accept answers the request ask with a socket; protocol is the
	// subprotocol selected, "" for none.
	Accept(ask uint32, conn ConnID, protocol string)
	// Send writes one text frame to each socket. One that fails comes back as
	// a SendFailed input.
	Send(conns []ConnID, text []byte)
	// Attach keeps a text with a socket, in place of what was kept there, for as long as
	// it lives: in hibernation too, at no row. At most 12 KiB.
	Attach(conn ConnID, text []byte)
	// Attached calls f for each open socket that has one.
	Attached(f func(conn ConnID, text []byte))
	// Close ends a socket. It never comes back as a Closed input by itself:
	// that is the peer's answer, which may never come.
	Close(conn ConnID, code int, reason string)
	// AutoResponse has the runtime answer a text frame that equals request
	// with response, without waking the object.
	AutoResponse(request, response string)

	// SetAlarm replaces the object's one alarm.
	SetAlarm(at time.Time)
	// ClearAlarm removes it.
	ClearAlarm()

	// Respond answers the request ask, once; status is used where it is HTTP.
	Respond(ask uint32, status int, text []byte)
	// Call sends text to another object; the answer returns as Answered or
	// Failed with the same ask. So do the three below.
	Call(ask uint32, binding, name string, text []byte)
	// Database runs a query on a D1 binding; the answer is a JSON array of rows,
	// each an array of columns.
	Database(ask uint32, binding, query string, args ...string)
	// Fetch posts JSON to an outside service; the answer is {"status","body"}, with
	// the body as text, or {"error"} when that is too large. A redirect is not followed. The
	// text of a Failed one is the reason, if there is a word for it: timed_out, not_sent (the
	// URL or a header is none), not_reached or cut_short.
	Fetch(ask uint32, to Destination, body []byte)
	// Verify checks a token's signature and claims; the answer is a final step
	// of the admission core.
	Verify(ask uint32, token string)

	// Recover has the storage be what it was at a moment, or at a bookmark, where there is
	// one, once the object starts anew: soon after this is answered, with {"bookmark","undo"}.
	// Where the platform cannot, nothing has happened, and the answer is a {"reason"}.
	Recover(ask uint32, at time.Time, bookmark string)

	// Log writes one line of JSON. It may never hold a token or a payload.
	Log(line []byte)
	// LogRarely does so unless this program has written one by the same key within the
	// last minute, for whatever object.
	LogRarely(key string, line []byte)
}

// Destination is an outside service that is asked, and for how much of an answer.
type Destination struct {
	URL string
	// Authorization is that header, "" for none. It is a secret.
	Authorization string
	Signature     Signature
	Timeout       time.Duration
	MaxBytes      int
}

// Signature is a header that signs a body: Prefix, and in hexadecimal the HMAC-SHA256 of
// Before and the body by Secret. Without a Header there is none.
type Signature struct{ Header, Prefix, Before, Secret string }

// ValueKind tells what a Value holds.
type ValueKind uint8

// The kinds of values SQLite has here.
const (
	Null ValueKind = iota
	Integer
	Text
	Blob
)

// Value is one parameter or column. Bytes of a column are the host's and good
// until the row function returns.
type Value struct {
	Kind  ValueKind
	Int   int64
	Str   string // Text parameters
	Bytes []byte // Blob parameters; Text and Blob columns
}

// Kind tells what an Input is.
type Kind uint8

// The kinds of input. The numbers are part of the ABI (see objectwasm).
const (
	// Connect is an upgrade request; Ask, Text (the header's text).
	Connect Kind = 1 + iota
	// Message is a text frame; Conn, Length, and Text if that is not longer than
	// LongestText.
	Message
	// Binary is a binary frame, whose bytes stay outside; Conn, Length.
	Binary
	// Closed is the end of a socket; Conn, Code.
	Closed
	// SendFailed is a socket that did not take a frame; Conn.
	SendFailed
	// Alarm is the alarm.
	Alarm
	// Request is a call from the front Worker or another object; Ask, Text.
	Request
	// Answered is the answer to a request of ours; Ask, Text.
	Answered
	// Failed says there is none; Ask.
	Failed
)

// Input is something that happened to the object. Text is the host's buffer and
// good until Handle returns.
type Input struct {
	Kind Kind
	Conn ConnID
	Ask  uint32
	Code int
	// Length is a message's: UTF-16 units of a text, bytes of a binary one.
	Length int
	Text   []byte
}

// Object is one Durable Object: a core from shared and the storage it lives in.
type Object interface {
	// Handle takes one input and carries out what the core makes of it. An
	// error means that the object's memory can no longer be trusted: the host
	// undoes the event and makes a new object from storage.
	Handle(now time.Time, in Input) error
	// LongestText is how many UTF-16 units a text frame may have that Go wants to see.
	LongestText() int
}
