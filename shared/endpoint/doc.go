// Package endpoint is the client's half of a connection whose frames down are kept in an
// outbox, as a pure core: what a device, or an app on a user's session, does about its
// socket, its token, what it sent and what it heard. It decides; a shell (wasm/native, a
// simulation in the tests) acts. The server's halves are packages device and channel.
//
// # Step
//
// Step is a deterministic function of the state, the time and one event. It reads no
// clock, starts no goroutine and draws no random number but from the generator seeded by
// Config.Rand. The shell carries out an event's effects in the order given, all of them
// before the next event, and after each Step arms one timer for Deadline. Step never
// panics, whatever it is told, and an event that does not apply yields nothing.
//
// # The line
//
//	       ┌────── token wanted (a device) ◄──── 41xx: one fresh token ────┐
//	       │ token                                                         │
//	       ▼        open: first word, acknowledgement                      │
//	┌► dialling ──────────────────────────────► live ─────────────────────►┤
//	│     │ 5 s, closed                           │ silence, 40xx, 1000, 1006  │ 44xx, 45xx,
//	│     ▼                                       ▼                        │ app_stopped
//	└── waiting (full jitter, or what 42xx says) ◄┴────────────────────────┴──► ended
//
// An app has no other key to be had: for it 41xx is final too. Sixty dials in a row that
// came to nothing, or five tokens that could not be had, and it sleeps until it is woken.
//
// # Heartbeat
//
// Pings are answered. An app pings each heartbeat_interval; a device only when the server
// has let an interval and a quarter go by without a word, and then each interval until the
// server pings again: so it is with a server whose runtime answers pings, too. A line that
// was silent for two and a half intervals is dead.
//
// # Down
//
// Each numbered frame is delivered once and in order, over every reconnect: one that was
// heard is dropped, and what cannot be heard any more is a Gap. A frame that comes alone
// is acknowledged at once, others after 16 frames or 100 ms.
//
// # Up
//
// Each request has a message id and is kept until it is answered. After a drop it is sent
// again under the same id, which the server knows; no more than limits.unacknowledged are
// unanswered at once. A message that may have been stored in a session that is over is not
// repeated into the next one: it is refused with the reason unanswered. An app_start is
// answered by app_started or app_stopped, an app_stop by app_stopped; a transition on the
// way there that bears the message id says that it needs no repeating.
package endpoint
