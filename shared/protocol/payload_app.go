package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The senders of an AppMessage that are not apps. No package can have these names.
const (
	FromOperator = "operator"
	FromDevice   = "device"
)

// AppMessage is a message between a device and an app, or from an operator to a device.
type AppMessage struct {
	// From is the sender, set by the server: a package, FromOperator or FromDevice.
	From string
	// To is the package that a device writes to. An app writes to the user's device,
	// and sends neither From nor To.
	To string
	// Stream is what a device says it is, in place of To: it is for the apps that want that
	// stream (AppSubscribe).
	Stream string
	// Data is raw JSON.
	Data []byte
}

// Append appends the payload as JSON.
func (p AppMessage) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "from", p.From)
	optStr(&w, "to", p.To)
	optStr(&w, "stream", p.Stream)
	w.Raw("data", p.Data)
	return w.End()
}

// ParseAppMessage reads the data of an app_message; its own Data aliases data.
func ParseAppMessage(data []byte) (AppMessage, bool) {
	m := read(data)
	p := AppMessage{From: m.str("from"), To: m.str("to"), Stream: m.str("stream"), Data: jsonscan.Field(data, "data")} // null is JSON too
	return p, m.ok && p.Data != nil
}

// The most streams that an app may name, and how long a name may be.
const (
	MostStreams = 100
	StreamBytes = 128
)

// AppSubscribe names the streams that an app wants, in place of those that it named before:
// what the device says to no app in particular, and calls by that name.
type AppSubscribe struct{ Streams []string }

// Append appends the payload as JSON.
func (p AppSubscribe) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Strs("streams", p.Streams)
	return w.End()
}

// ParseAppSubscribe reads the data of an app_subscribe.
func ParseAppSubscribe(data []byte) (p AppSubscribe, ok bool) {
	p.Streams, ok = jsonscan.Strs(jsonscan.Field(data, "streams"))
	for _, name := range p.Streams {
		ok = ok && ValidID(name, StreamBytes)
	}
	return p, ok && len(p.Streams) <= MostStreams
}

// AppCommand is a device's request to start or stop an app.
type AppCommand struct{ Package string }

// Append appends the payload as JSON.
func (p AppCommand) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("package", p.Package)
	return w.End()
}

// ParseAppCommand reads the data of an app_start or app_stop.
func ParseAppCommand(data []byte) (AppCommand, bool) {
	m := read(data)
	p := AppCommand{m.str("package")}
	return p, m.ok && PackageName(p.Package)
}

// AppState is the state of an app: the data of app_state, app_started and app_stopped, and
// a member of a device's connection_ack. An app_stopped that an app receives is about itself.
type AppState struct {
	Package string
	// State is one of connecting, running, grace_period, resurrecting, dormant, stopping
	// and stopped.
	State string
	// Reason is one snake_case word, or "".
	Reason string
}

// Append appends the payload as JSON.
func (p AppState) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("package", p.Package)
	optStr(&w, "state", p.State)
	optStr(&w, "reason", p.Reason)
	return w.End()
}

// ParseAppState reads the data of an app_state, app_started or app_stopped.
func ParseAppState(data []byte) (AppState, bool) {
	m := read(data)
	m.need("package")
	return AppState{m.str("package"), m.str("state"), m.str("reason")}, m.ok
}

// AppConnectionInit is the first frame of an app.
type AppConnectionInit struct {
	// SessionID is the one that the app's webhook received. It says whose session the
	// app joins, and is no secret: the key is what admits the app.
	SessionID string
	// Package and Key may be missing if the request that opened the socket had them.
	Package, Key string
	LastSeq      uint64
	// HasLastSeq distinguishes an app that has received nothing yet (0) from one that sent no last_seq.
	HasLastSeq bool
}

// Append appends the payload as JSON.
func (p AppConnectionInit) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "session_id", p.SessionID)
	optStr(&w, "package", p.Package)
	optStr(&w, "api_key", p.Key)
	if p.HasLastSeq {
		w.Uint("last_seq", p.LastSeq)
	}
	return w.End()
}

// ParseAppConnectionInit reads the data of an app_connection_init.
func ParseAppConnectionInit(data []byte) (AppConnectionInit, bool) {
	if empty(data) {
		return AppConnectionInit{}, true
	}
	m := read(data)
	p := AppConnectionInit{
		SessionID: m.str("session_id"), Package: m.str("package"), Key: m.str("api_key"),
		LastSeq: m.num("last_seq"), HasLastSeq: m.has("last_seq"),
	}
	return p, m.ok && p.LastSeq <= MaxSeq
}

// AppConnectionAck says that the app is attached to a user's session.
type AppConnectionAck struct {
	Package, UserID, SessionID string
	// Resumed says that the app continues where it was. Then Replay is the run that
	// follows, and Gap the run that is lost; either may be nil.
	Resumed bool
	Replay  *Range
	Gap     *Gap
	// ClientConnected says whether the user's device is connected now.
	ClientConnected bool
	ServerTime      time.Time
	// HeartbeatInterval is how often the app has to ping. GracePeriod is how long a dropped
	// connection may take to come back. Both are in milliseconds on the wire.
	HeartbeatInterval, GracePeriod time.Duration
	Limits                         AckLimits
}

// Append appends the payload as JSON.
func (p AppConnectionAck) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("package", p.Package)
	w.Str("user_id", p.UserID)
	w.Str("session_id", p.SessionID)
	appendResumed(&w, p.Resumed, p.Replay, p.Gap)
	w.Bool("client_connected", p.ClientConnected)
	optTime(&w, "server_time", p.ServerTime)
	whole(&w, "heartbeat_interval", p.HeartbeatInterval, time.Millisecond)
	whole(&w, "grace_period", p.GracePeriod, time.Millisecond)
	p.Limits.append(&w)
	return w.End()
}

// ParseAppConnectionAck reads the data of an app_connection_ack.
func ParseAppConnectionAck(data []byte) (AppConnectionAck, bool) {
	m := read(data)
	m.need("package", "user_id", "session_id")
	p := AppConnectionAck{
		Package:           m.str("package"),
		UserID:            m.str("user_id"),
		SessionID:         m.str("session_id"),
		ClientConnected:   m.flag("client_connected"),
		ServerTime:        m.time("server_time"),
		HeartbeatInterval: m.millis("heartbeat_interval"),
		GracePeriod:       m.millis("grace_period"),
		Limits:            m.limits(),
	}
	p.Resumed, p.Replay, p.Gap = m.resumed()
	return p, m.ok
}

// AppNotStarted refuses a connection that fits no app of the user. The answer is the same
// for a session that never existed, that is over, or that belongs to another app.
func AppNotStarted() Error {
	return Error{Code: SessionEnded, Reason: "app_not_started", Message: "No app was started by that session id, or it has stopped."}
}

// AppSessionsUnsigned says that a deployment has no apps, because it has no secret to sign
// their session ids with.
func AppSessionsUnsigned() Error {
	return Error{Code: ServiceUnavailable, Reason: "app_session_secret_missing", Message: "APP_SESSION_SECRET is not set, and without it apps have no sessions."}
}
