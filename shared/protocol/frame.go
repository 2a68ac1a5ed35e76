// Package protocol is the wire: the envelope, every frame's name, the payloads
// and the one table of errors. It is the only place that knows field names.
//
// # Envelope
//
// A frame is one JSON object in one text message, both ways:
//
//	{"type","event","data","message_id"?,"seq"?,"client_id"?}
//
// The words of a handshake (connection_init, connection_ack and connection_error, and
// the same of an app) and of the heartbeat (ping, pong) may also stand as the type of a
// frame without an event, as seed S1's clients write them: {"type":"connection_init"}.
//
// Unknown fields are tolerated (a newer peer may send them); an unknown type or
// event is an error value with a code. Size and nesting are checked by a flat
// scan before anything is decoded, because a TinyGo stack is small and fixed.
//
// # Frames
//
//	type       event                    way   when
//	system     connection_init          up    a device's first word
//	system     connection_ack           down  the connection is admitted
//	system     connection_error         down  it is not (seed S1's shape)
//	system     error                    down  a request failed, or the last word before a close
//	system     ping, pong               both  heartbeat
//	system     ack                      both  {"seq"}: up, everything up to seq has been heard; down, to
//	                                          an app_message: it is stored, as seq of who is to have it
//	system     token_refresh            up    {"token"}: swap the token in place
//	system     token_refreshed          down  done; {"expires_at","expires_in","perm_epoch"}
//	system     token_refresh_required   down  {"reason","expires_in"}
//	system     permission_change        down  {"permissions","removed","reason","effective_at","perm_epoch"}
//	system     disconnect               up    the user leaves: no grace
//	system     session_ended            down  the session is over
//	system     rate_limited             down  {"retry_after"}
//	operation  op                       both  {"op","section"?} up; {"op","document_version","user_id","client_id"} down
//	operation  operation_ack            down  {"document_version"}; replayed: the op or the comment as well
//	operation  sync_request             up    {"from"}: every entry after this version, please
//	operation  document_sync            down  {"from","to","document_version","ops":[…]}, or a part of the snapshot
//	operation  snapshot                 up    {"document_version","part","parts","data"}: the document as of a version
//	operation  snapshot_ack             down  {"document_version","part","complete"}
//	operation  lock, unlock             up    {"section","ttl"?}: nobody else writes there for a while
//	operation  locks                    down  {"locked","sections":[…]}: what is locked now
//	presence   join, leave, update, state
//	comment    create                   both  {"body","anchor"?} up; an entry of the log down
//	comment    reply                    both  {"comment_id","body"}
//	comment    resolve                  both  {"comment_id"}
//	app        app_connection_init      up    an app's first word: {"session_id","package"?,"api_key"?,"last_seq"?}
//	app        app_connection_ack       down  the app is attached to the user's session
//	app        app_connection_error     down  it is not
//	app        app_start, app_stop      up    {"package"}: a device starts or stops an app
//	app        app_state                down  {"package","state"}: where an app of the user's stands
//	app        app_started, app_stopped down  the same: it runs; it has ended, and why
//	app        app_message              both  {"to","data"} from a device, {"data"} from an app, {"from","data"} down;
//	                                          kept until it is acknowledged
//	app        client_disconnected      down  the user's device is away: the app keeps its state
//	app        client_reconnected       down  it is back
package protocol

import (
	"math"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Version is the subprotocol a client offers beside its token (RFC 6455,
// section 1.9) and the only one the server selects.
const Version = "holdfast.v1"

// BearerPrefix precedes the token in the second subprotocol a browser offers.
const BearerPrefix = "bearer."

// SignatureHeader is where the signature of a webhook's call is, in lower case:
//
//	x-holdfast-signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "t.body">
//
// v1 may stand several times, from a sender that is between two secrets.
const SignatureHeader = "x-holdfast-signature"

// Frame types.
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

// PingText and PongText are the whole text of the heartbeat on a document
// channel. The runtime answers the first with the second without waking the
// object, which compares whole messages only, so a client must send exactly this.
const (
	PingText = `{"type":"system","event":"ping"}`
	PongText = `{"type":"system","event":"pong"}`
)

// Pong answers a ping, in the form it came in.
func (f Frame) Pong() Frame {
	return Frame{Type: TypeSystem, Event: EventPong, MessageID: f.MessageID, Flat: f.Flat}
}

// Limits bound what one frame may be. The zero value means the defaults.
type Limits struct {
	// FrameBytes is the largest frame, in bytes of UTF-8. Default 65,536.
	FrameBytes int
	// Depth is the deepest nesting of objects and arrays, the frame's own included.
	// Default 64: rich text nests, and no scan of a frame recurses.
	Depth int
	// IDBytes is the longest message id or client id. Default 128.
	IDBytes int
}

// MostDepth is the largest Depth that a server may be given: what it lets in has to fit in
// jsonscan.DepthLimit with everything that is put around it.
const MostDepth = 1000

// ReaderLimits are what a client holds the server's frames to: nothing but its own memory.
// What the server has let in anybody has to be able to read, whatever its limits are.
var ReaderLimits = Limits{FrameBytes: math.MaxInt32, Depth: jsonscan.DepthLimit, IDBytes: math.MaxInt32}

// DefaultLimits are the limits that hold where nothing else is configured.
var DefaultLimits = Limits{FrameBytes: 64 << 10, Depth: 64, IDBytes: 128}

// TokenBytes is the longest access token that is looked at, in bytes.
const TokenBytes = 8 << 10

// Frame is one message of either way.
type Frame struct {
	Type, Event string
	// Data is the raw JSON of the payload. After Decode it aliases the input;
	// nil when the frame had none.
	Data []byte
	// MessageID is the sender's name for a frame it wants acknowledged. A repeat
	// of the same id by the same client is answered, not applied again.
	MessageID string
	// Seq is the place of a reliable frame in its channel; 0 for frames that
	// are neither stored nor repeated.
	Seq uint64
	// ClientID names the sender's browser profile or device, where it matters.
	ClientID string
	// Flat is seed S1's way of writing a frame of a handshake or heartbeat: the event
	// stands as the type, {"type":"connection_init"}, and there is no event field. Type
	// and Event are the same either way; whoever answers a flat frame sets Flat.
	Flat bool
}
