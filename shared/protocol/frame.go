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
//	type       event                    way   meaning
//	system     connection_init          up    the first frame of a device
//	system     connection_ack           down  the server admits the connection
//	system     connection_error         down  the server refuses the connection (seed S1's shape)
//	system     error                    down  a request failed; or the last frame before a close
//	system     ping, pong               both  heartbeat
//	system     ack                      both  {"seq"}: up, the client received everything up to seq; down, for an
//	                                          app_message, the server stored it as seq of its receiver
//	system     token_refresh            up    {"token"}: replaces the token of this connection
//	system     token_refreshed          down  the new token is in force; {"expires_at","expires_in","perm_epoch"}
//	system     token_refresh_required   down  {"reason","expires_in"}: the client has to refresh the token
//	system     permission_change        down  {"permissions","removed","reason","effective_at","perm_epoch"}
//	system     disconnect               up    the user leaves: the channel ends without grace
//	system     session_ended            down  the session is over
//	system     rate_limited             down  {"retry_after"}: the client has to pause
//	operation  op                       both  {"op","section"?} up; {"op","document_version","user_id","client_id"} down
//	operation  operation_ack            down  {"document_version"}; in a replay also the op or the comment
//	operation  sync_request             up    {"from"}: asks for every entry after this version
//	operation  document_sync            down  {"from","to","document_version","ops":[…]}, or a part of the snapshot
//	operation  snapshot                 up    {"document_version","part","parts","data"}: the document as of a version
//	operation  snapshot_ack             down  {"document_version","part","complete"}
//	operation  lock, unlock             up    {"section","ttl"?}: reserves a section for this user, for a while
//	operation  locks                    down  {"locked","sections":[…]}: what is locked now
//	presence   join, leave, update, state
//	comment    create                   both  {"body","anchor"?} up; an entry of the log down
//	comment    reply                    both  {"comment_id","body"}
//	comment    resolve                  both  {"comment_id"}
//	app        app_connection_init      up    the first frame of an app: {"session_id","package"?,"api_key"?,"last_seq"?}
//	app        app_connection_ack       down  the server attaches the app to the user's session
//	app        app_connection_error     down  the server refuses the app
//	app        app_start, app_stop      up    {"package"}: a device starts or stops an app
//	app        app_state                down  {"package","state"}: the state of one of the user's apps
//	app        app_started, app_stopped down  the same, for an app that runs, and for one that ended, with the reason
//	app        app_message              both  {"to","data"} from a device, {"data"} from an app, {"from","data"} down;
//	                                          the server keeps it until the receiver acknowledges it
//	app        client_disconnected      down  the user's device is away: the app keeps its state
//	app        client_reconnected       down  the device is back
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
