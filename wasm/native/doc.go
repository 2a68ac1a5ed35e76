//go:build !js

// Package native is Holdfast's client for Go programs: the browser module's core,
// shared/client, over coder/websocket, without a browser. Connect returns a Session on one
// document. The Session survives dropped connections, expired tokens and restarts of the
// server, until the program closes it or the server ends it for good.
//
//	session, err := native.Connect(ctx, native.Config{
//		URL: "http://127.0.0.1:8787", Document: "welcome",
//		Token: native.Account("http://127.0.0.1:8787", "viewer@example.com", "holdfast-demo", nil),
//	})
//	for event := range session.Events(ctx) { /* native.Operation, native.Gap, native.StateChange, … */ }
//	version, err := session.Send(ctx, op) // returns when it is stored, however often the line dropped
//
// It runs the core's profile of one tab: no lock, no other tabs, always visible. The program
// follow is a whole one; edge/APPS.md describes devices and apps from the outside.
//
// A program can also be one of two other ends of a user's session, by the core
// shared/nativeclient. ConnectDevice returns a Device, the user's own, which starts apps and
// exchanges messages with them. NewApp returns the server of an app: an http.Handler for its
// webhook, which makes an AppSession for each user who starts the app. What this page says
// about a session holds for them too, except for the next section.
//
// # Devices and apps
//
// Send, Start and Stop return when the server has answered, however often the connection
// drops in between; each repeats its message under the same id. Calls one after the other
// arrive in order; concurrent calls have no order among each other. A message that may have
// been stored in a session that has ended is not repeated in the next session: its Send
// fails with SESSION_ENDED and the reason unanswered.
//
// Events delivers each numbered frame once and in order: Message, AppChange,
// ClientDisconnected, ClientReconnected. For a receiver that is away the server keeps 1,000
// frames or 1 MiB; what it discards is a Gap. The client acknowledges a frame when it
// receives it (a single frame at once, others after 16 or 100 ms), not when the program
// reads it. So an AppSession that replaces one that crashed may receive the last frames
// again, and does not receive those that the other had in its buffer.
//
// Heartbeats keep the connection alive, at the server's interval, by default 10 s: a Device
// answers the server's pings and sends its own only when the server is silent; an AppSession
// pings. After two and a half intervals of silence the client closes the connection and dials
// again, with full jitter from 0.5 s to 20 s. A Device has 30 s to come back to its session.
// An AppSession has 5 s; then the server calls its webhook again.
//
// An app's key goes into the Authorization header of a connection to AppConfig.URL, or to an
// address that a signed call of the webhook names and AppConfig.Hosts allows, and nowhere
// else: the client follows no redirect. A call of the webhook counts if one of the app's
// secrets signed it within five minutes (protocol.SignatureHeader, compared in constant
// time). A call that was answered before starts nothing.
//
// # Sending
//
// Send returns when the server has stored the op, however often the connection drops in
// between: the client repeats the op with the same message id, which the server knows.
//
// # Receiving
//
// Events (or Next) delivers every version of the document once and in order. Unread
// events wait in a buffer of Config.BufferBytes. When that is full:
//
//   - presence is dropped;
//   - the client reads nothing more from the connection, so that nothing more arrives;
//   - after Config.HoldAfter the client disconnects. Once the program has read half of
//     the buffer it dials again, and the server replays what was missed. Nothing is lost;
//   - but a Send that waits needs the connection, and its answer comes behind what is not
//     read. So while one waits the buffer grows, to eight times its size and one
//     frame. Beyond that, entries are left out, and a Gap with the reason ReasonUnread
//     takes their place: no entry is missing without a Gap.
//
// So a loop over Events may call Send. A program that does not want events sets
// Config.NoEvents.
//
// # Endings
//
// The session itself handles a dropped connection, a restarted server, a pause that the
// server asks for and an expired token; State shows them. It ends by Close or by a final
// error, and never dials after that. Then Done is closed, and Err returns the reason. In
// two cases the session waits for the program, and Wake continues: after five tokens in a row
// could not be had, and after sixty dials in a row failed.
//
// # Errors
//
// An error with a code of the protocol is a *protocol.Error, for errors.As, and for
// errors.Is with one of that code. The others are ErrClosed, ErrInvalid and the
// context's own.
package native
