package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// The senders of an AppMessage that are no app: no package has such a name.
const (
	FromOperator = "operator"
	FromDevice   = "device"
)

// AppMessage is a message between a device and an app, or an operator's to a device.
type AppMessage struct {
	// From names the sender of one on the way down: a package, FromOperator or FromDevice.
	From string
	// To is the package a device sends one to. An app's are for the user's device, and
	// have neither.
	To string
	// Data is raw JSON.
	Data []byte
}

// Append appends the payload as JSON.
func (p AppMessage) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "from", p.From)
	optStr(&w, "to", p.To)
	w.Raw("data", p.Data)
	return w.End()
}

// ParseAppMessage reads the data of an app_message; its own Data aliases data.
func ParseAppMessage(data []byte) (AppMessage, bool) {
	m := read(data)
	p := AppMessage{From: m.str("from"), To: m.str("to"), Data: jsonscan.Field(data, "data")} // null is JSON too
	return p, m.ok && p.Data != nil
}

// AppCommand is a device's wish to start or stop an app.
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

// AppState is where an app stands: the data of app_state, app_started and app_stopped,
// and a member of a device's connection_ack. An app that is told app_stopped hears of
// itself.
type AppState struct {
	Package string
	// State is one of connecting, running, grace_period, resurrecting, dormant, stopping
	// and stopped.
	State string
	// Reason is one snake_case word, "" for none.
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

// AppConnectionInit is an app's first word.
type AppConnectionInit struct {
	// SessionID is the one the app's webhook was given. It says whose session it is, and
	// is no secret: the key is what lets an app in.
	SessionID string
	// Package and Key may be missing where the request that opened the socket had them.
	Package, Key string
	LastSeq      uint64
	// HasLastSeq tells "heard nothing yet" (0) from "does not say".
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

// AppConnectionAck says that an app is attached to a user's session.
type AppConnectionAck struct {
	Package, UserID, SessionID string
	// Resumed says that the app goes on where it was. Then Replay is what follows, and
	// Gap what was lost; either may be nil.
	Resumed bool
	Replay  *Range
	Gap     *Gap
	// ClientConnected says whether the user's device is there now.
	ClientConnected bool
	ServerTime      time.Time
	// HeartbeatInterval is how often the app is to ping, GracePeriod how long a dropped
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

// AppNotStarted refuses a connection that fits no app of the user's: the answer is the same
// for a session that never was, that is over, or that is another app's.
func AppNotStarted() Error {
	return Error{Code: SessionEnded, Reason: "app_not_started", Message: "No app was started by that session id, or it has stopped."}
}

// AppSessionsUnsigned says that a deployment has no secret to sign apps' session ids with,
// so that it has no apps.
func AppSessionsUnsigned() Error {
	return Error{Code: ServiceUnavailable, Reason: "app_session_secret_missing", Message: "APP_SESSION_SECRET is not set, and without it apps have no sessions."}
}
