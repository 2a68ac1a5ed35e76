// Package clientconn is a client's one connection to the server, as a pure core: when to
// dial and when to wait, whether the connection is alive, what a close means, and the token that
// lets the client in. Two cores stand on it: package client, a browser's tabs on a document,
// and package nativeclient, a device or an app on a user's session. They add what they send
// and what they receive.
//
// # Phases
//
//	       ┌────────── WantToken ◄────────────── 41xx: one fresh token ────┐
//	       │ token                                                         │
//	       ▼        opened, connection_ack                                 │
//	┌► Dialling ──────────────────────────────► Live ─────────────────────►┤
//	│     │ 5 s, closed                           │ silence, 40xx, 1006    │ 44xx, 45xx
//	│     ▼                                       ▼                        ▼
//	└── Waiting (full jitter, or what 42xx says) ◄┘              Idle: the owner ends
//
// A connection whose dials failed DialTries times in a row, or whose token could not be had
// TokenTries times in a row, is Dormant: it does nothing until Wake, Nudge or Refresh.
//
// # Closes
//
// The range of a close code decides (protocol.ActionForClose). After a code outside of
// 4000–4999 the last error frame decides, where it was the last frame: the connection may break
// between that word and its close. A wait that the server names is kept, up to a quarter
// more of it is added, and it is at least LeastWait and at most LongestWait.
//
// # Heartbeat
//
// A ping of the server is answered. A client that pings does so each heartbeat; one that the
// server pings (Config.Pinged) does so only once the server has been silent for an interval
// and a quarter. A connection that is silent for two and a half intervals is dead, whatever the
// socket says.
//
// The system's word that the network is gone has the server asked at once: it has ProbeTimeout
// to answer, so a false word costs nothing.
//
// # Pace
//
// The server states how much it takes in a second and at once. An owner that has much to send
// asks for Room before each frame, and goes on at Ready. All frames count, those of a
// connection before too; a refusal uses up what may go at once.
//
// # The token
//
// Seed S2's TokenManager: a token is renewed renewal.Margin before its end, handed to the
// live connection in place, and by a reconnect where that fails. A token that the server
// refuses leaves the connection on the one it has accepted. A token's end is kept on this
// machine's clock and comes from differences only, so the clock may be wrong by hours.
//
// # Time and order
//
// The owner calls Advance before anything else of a step. Conn reads no clock and draws no
// random number but from Config.Rand. It calls its Owner from within its own methods: an
// effect is passed on in the order it is to be carried out, and what is reported of a
// connection comes before what follows from it.
package clientconn
