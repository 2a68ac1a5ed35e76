// Package protocol is the wire that clients see: the envelope, the name of every
// frame, the payloads, and the one table of errors. No other package knows the
// names of these fields. It holds no state and reads no clock.
//
// # Envelope
//
// A frame is one JSON object in one text message, both ways:
//
//	{"type","event","data","message_id"?,"seq"?,"client_id"?}
//
// The events of a handshake (connection_init, connection_ack and connection_error, and
// an app's three) and of the heartbeat (ping, pong) may also stand as the type of a
// frame without an event, as the clients of seed S1 write them: {"type":"connection_init"}.
//
// A reader ignores unknown fields, because a newer peer may send them. An unknown type
// or event is an error with a code. Decode checks size and nesting in a flat scan before
// it decodes anything, because the stack of a TinyGo program is small and fixed.
//
// # Frames
//
// Catalogue lists every frame. ../PROTOCOL.md describes each: who sends it, when, and what every
// member of its data is. Its tables are written from this package by page_test.go.
package protocol

import (
	"math"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Version is the subprotocol that a client offers beside its token, and the only
// one that the server selects (RFC 6455, section 1.9).
const Version = "holdfast.v1"

// BearerPrefix precedes the token in the second subprotocol that a browser offers.
const BearerPrefix = "bearer."

// SignatureHeader names the header that holds the signature of a webhook call, in lower case:
//
//	x-holdfast-signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "t.body">
//
// A sender that changes its secret may send several v1, one for each secret.
const SignatureHeader = "x-holdfast-signature"

// Types of frames.
const (
	TypeSystem    = "system"
	TypeOperation = "operation"
	TypePresence  = "presence"
	TypeComment   = "comment"
	TypeApp       = "app"
)

// Events of type system.
const (
	EventConnectionInit       = "connection_init"
	EventConnectionAck        = "connection_ack"
	EventConnectionError      = "connection_error"
	EventError                = "error"
	EventPing                 = "ping"
	EventPong                 = "pong"
	EventAck                  = "ack"
	EventTokenRefresh         = "token_refresh"
	EventTokenRefreshed       = "token_refreshed"
	EventTokenRefreshRequired = "token_refresh_required"
	EventPermissionChange     = "permission_change"
	EventDisconnect           = "disconnect"
	EventSessionEnded         = "session_ended"
	EventRateLimited          = "rate_limited"
	EventMessage              = "message"
)

// Events of type operation.
const (
	EventOp           = "op"
	EventOperationAck = "operation_ack"
	EventSyncRequest  = "sync_request"
	EventDocumentSync = "document_sync"
	EventSnapshot     = "snapshot"
	EventSnapshotAck  = "snapshot_ack"
	EventLock         = "lock"
	EventUnlock       = "unlock"
	EventLocks        = "locks"
)

// Events of type presence.
const (
	EventJoin   = "join"
	EventLeave  = "leave"
	EventUpdate = "update"
	EventState  = "state"
	// EventReaders is how many readers are here whom nobody is shown by name.
	EventReaders = "readers"
)

// Events of type comment.
const (
	EventCreate  = "create"
	EventReply   = "reply"
	EventResolve = "resolve"
)

// Events of type app.
const (
	EventAppConnectionInit  = "app_connection_init"
	EventAppConnectionAck   = "app_connection_ack"
	EventAppConnectionError = "app_connection_error"
	EventAppStart           = "app_start"
	EventAppStop            = "app_stop"
	EventAppStarted         = "app_started"
	EventAppStopped         = "app_stopped"
	EventAppState           = "app_state"
	EventAppMessage         = "app_message"
	EventAppSubscribe       = "app_subscribe"
	EventClientDisconnected = "client_disconnected"
	EventClientReconnected  = "client_reconnected"
)

// PingText and PongText are the whole text of the heartbeat on a document channel.
// A client must send exactly PingText: the runtime compares whole messages, and
// answers this one with PongText without waking the object.
const (
	PingText = `{"type":"system","event":"ping"}`
	PongText = `{"type":"system","event":"pong"}`
)

// Pong returns the answer to a ping, in the form in which the ping came.
func (f Frame) Pong() Frame {
	return Frame{Type: TypeSystem, Event: EventPong, MessageID: f.MessageID, Flat: f.Flat}
}

// Limits bound one frame. The zero value means the defaults.
type Limits struct {
	// FrameBytes is the largest frame, in bytes of UTF-8. Default: 65,536.
	FrameBytes int
	// Depth is the deepest nesting of objects and arrays, the frame's own included.
	// Default: 64, because rich text nests. No scan of a frame recurses.
	Depth int
	// IDBytes is the longest message id or client id. Default: 128.
	IDBytes int
}

// MostDepth is the largest Depth that a server may be configured with. What the server
// accepts must stay within jsonscan.DepthLimit after other frames have wrapped it.
const MostDepth = 1000

// ReaderLimits are a client's limits for frames of the server: its own memory alone.
// Every client must be able to read what the server accepted, whatever the server's limits.
var ReaderLimits = Limits{FrameBytes: math.MaxInt32, Depth: jsonscan.DepthLimit, IDBytes: math.MaxInt32}

// DefaultLimits are the limits of a server that configures no others.
var DefaultLimits = Limits{FrameBytes: 64 << 10, Depth: 64, IDBytes: 128}

// TokenBytes is the longest access token that we read.
const TokenBytes = 8 << 10

// Frame is one message, in either direction.
type Frame struct {
	Type, Event string
	// Data is the raw JSON of the payload, nil when the frame has none. After Decode
	// it aliases the input.
	Data []byte
	// MessageID is the sender's name for a frame that it wants acknowledged. The server
	// answers a repeat of an id by the same client, and does not apply it again.
	MessageID string
	// Seq is the place of a reliable frame in its channel; 0 for a frame that
	// the server neither stores nor repeats.
	Seq uint64
	// ClientID names the sender's browser profile or device, where that matters.
	ClientID string
	// Flat marks a frame of the handshake or heartbeat in the form of seed S1: the event
	// stands as the type, {"type":"connection_init"}, and there is no event field. Type
	// and Event hold the same in both forms. The answer to a flat frame is flat, too.
	Flat bool
}
