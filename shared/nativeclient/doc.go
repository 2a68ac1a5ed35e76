// Package nativeclient is the core of the native Go client for a device or an app: one end
// of a user's session, whose frames the server keeps in an outbox until they are
// acknowledged. It is pure. It decides what to send, what has arrived and what is lost; a
// shell (wasm/native, a simulation in the tests) acts. Dials, heartbeat and token are package
// clientconn's. The server's halves are packages device, app and channel.
//
// # Step
//
// Step is a deterministic function of the state, the time and one event. It reads no
// clock, starts no goroutine and draws no random number but from the generator seeded by
// Config.Rand. The shell carries out an event's effects in the order given, all of them
// before the next event, and after each Step arms one timer for Deadline. Step never
// panics, whatever the event, and an event that does not apply yields nothing.
//
// # States
//
// Connecting, then Connected, then Reconnecting and Connected in turn, then Ended for good:
// by a final error, a stopped app, or Close. An app has no other key to be had, so a close
// 41xx is final for it.
//
// # Down
//
// Each numbered frame is delivered once and in order, over every reconnect: one that was
// delivered before is dropped, and what cannot be delivered any more is a Gap. A frame that
// comes alone is acknowledged at once, others after 16 frames or 100 ms.
//
// # Up
//
// Each request has a message id and is kept in the send queue until it is answered. After a
// drop it is sent again under the same id, which the server knows; no more than
// limits.unacknowledged are unanswered at once. A message that may have been stored in a
// session that is over is not repeated into the next one: it is refused with the reason
// unanswered. An app_start is answered by app_started or app_stopped, an app_stop by
// app_stopped; a transition on the way there that bears the message id says that it needs no
// repeating.
package nativeclient
