package protocol

import "time"

// Code is the stable name of an error on the wire (seed S2: error_code).
type Code string

// The codes of all errors. Table says what each means.
const (
	AuthenticationFailed    Code = "AUTHENTICATION_FAILED"
	TokenExpired            Code = "TOKEN_EXPIRED"
	TokenRevoked            Code = "TOKEN_REVOKED"
	InsufficientPermissions Code = "INSUFFICIENT_PERMISSIONS"
	OriginNotAllowed        Code = "ORIGIN_NOT_ALLOWED"
	DocumentNotFound        Code = "DOCUMENT_NOT_FOUND"
	NotFound                Code = "NOT_FOUND"
	DocumentLocked          Code = "DOCUMENT_LOCKED"
	ConnectionInitTimeout   Code = "CONNECTION_INIT_TIMEOUT"
	ConnectionReplaced      Code = "CONNECTION_REPLACED"
	SessionEnded            Code = "SESSION_ENDED"
	HeartbeatTimeout        Code = "HEARTBEAT_TIMEOUT"
	RateLimitExceeded       Code = "RATE_LIMIT_EXCEEDED"
	MessageTooLarge         Code = "MESSAGE_TOO_LARGE"
	MalformedMessage        Code = "MALFORMED_MESSAGE"
	StalePermissionEpoch    Code = "STALE_PERMISSION_EPOCH"
	SlowConsumer            Code = "SLOW_CONSUMER"
	ServiceUnavailable      Code = "SERVICE_UNAVAILABLE"
	InternalError           Code = "INTERNAL_ERROR"
)

// Action is what a client does after a close. The range of the close code decides it.
type Action string

// The actions.
const (
	// ActionReconnect (40xx): reconnect with backoff and resume.
	ActionReconnect Action = "reconnect"
	// ActionRefresh (41xx): get a fresh token, then reconnect at once.
	ActionRefresh Action = "refresh_token"
	// ActionWait (42xx): wait retry_after, then reconnect.
	ActionWait Action = "wait"
	// ActionStop (44xx, 45xx): final; the client never reconnects by itself.
	ActionStop Action = "stop"
)

// Row is one line of the table.
type Row struct {
	Code Code
	// HTTP is the status of a refusal before the upgrade.
	HTTP int
	// Close is the WebSocket close code of a refusal after it.
	Close int
	// Recoverable says whether the same client may succeed later without a person's help.
	Recoverable bool
	Action      Action
	// Message is the sentence for the client, unless the Error has a better one.
	Message string
}

// Table lists every error, in the order of ../PROTOCOL.md.
var Table = [...]Row{
	{AuthenticationFailed, 401, 4101, false, ActionRefresh, "The token is missing or invalid: refresh it once, then sign in again."},
	{TokenExpired, 401, 4102, true, ActionRefresh, "The token has expired: refresh it."},
	{TokenRevoked, 401, 4410, false, ActionStop, "The token was revoked: sign in again."},
	{InsufficientPermissions, 403, 4403, false, ActionStop, "You lack the permission this needs."},
	{OriginNotAllowed, 403, 4415, false, ActionStop, "This page's origin is not in ALLOWED_ORIGINS."},
	{DocumentNotFound, 404, 4404, false, ActionStop, "There is no such document."},
	{NotFound, 404, 4405, false, ActionStop, "There is no such route."},
	{DocumentLocked, 423, 4202, true, ActionWait, "The document is locked: wait and try again."},
	{ConnectionInitTimeout, 408, 4001, true, ActionReconnect, "No connection_init arrived in time."},
	{ConnectionReplaced, 409, 4409, false, ActionStop, "A newer connection has taken over this channel."},
	{SessionEnded, 410, 4411, false, ActionStop, "The session has ended."},
	{HeartbeatTimeout, 408, 4002, true, ActionReconnect, "Nothing was heard for too long."},
	{RateLimitExceeded, 429, 4201, true, ActionWait, "Too many messages: slow down."},
	{MessageTooLarge, 413, 1009, false, ActionStop, "The message is larger than the limit."},
	{MalformedMessage, 400, 4400, false, ActionStop, "The message is not of the protocol's form."},
	{StalePermissionEpoch, 409, 4003, true, ActionReconnect, "Permissions changed after this was written."},
	{SlowConsumer, 429, 4004, true, ActionReconnect, "Frames were not acknowledged fast enough: reconnect and resume."},
	{ServiceUnavailable, 503, 4203, true, ActionWait, "A service this needs is not available: try again."},
	{InternalError, 500, 4000, true, ActionReconnect, "Something failed on the server."},
}

// Lookup returns the row of a code. For an unknown code it returns the row of
// InternalError, so that no peer can choose a row that does not exist.
func Lookup(code Code) Row {
	for _, r := range Table {
		if r.Code == code {
			return r
		}
	}
	return Table[len(Table)-1]
}

// CloseTooBig is WebSocket's own code for a message that is too big. We use it because a
// runtime with a limit of its own closes with it too: clients then see one code.
const CloseTooBig = 1009

// ActionForClose returns what a client does after a close with this code. The range alone
// decides, except for CloseTooBig, which is final. A code outside our ranges (1000, 1001,
// 1005, 1006, …) means that the connection dropped: reconnect.
func ActionForClose(code int) Action {
	switch {
	case code == CloseTooBig:
		return ActionStop
	case code >= 4100 && code < 4200:
		return ActionRefresh
	case code >= 4200 && code < 4300:
		return ActionWait
	case code >= 4400 && code < 4600:
		return ActionStop
	}
	return ActionReconnect
}

// Error is one failure, ready for the wire. Its texts never hold a token, a password
// or a key: whoever builds an Error puts names and limits in it, not input.
type Error struct {
	Code Code
	// Message replaces the table's sentence unless it is empty.
	Message string
	// Reason is details.reason: one snake_case word for programs to switch on.
	Reason string
	// RetryAfter is details.retry_after, sent in whole milliseconds when > 0.
	RetryAfter time.Duration
	// Details are further members of details, in order.
	Details []Detail
	// MessageID names the request that failed, if it had an id.
	MessageID string
}

// Detail is one member of an error's details.
type Detail struct {
	Name string
	// Raw is a JSON value.
	Raw []byte
}

// Error returns the code and the sentence.
func (e *Error) Error() string { return string(e.Code) + ": " + e.text() }

// Row returns the error's row of the table.
func (e *Error) Row() Row { return Lookup(e.Code) }

// Is reports whether target is an *Error of the same code, for errors.Is.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

func (e *Error) text() string {
	if e.Message != "" {
		return e.Message
	}
	return e.Row().Message
}
