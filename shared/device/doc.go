// Package device is a user's device channel: its connection, the socket whose handshake is
// not over, and what is kept for a device that is away. It is pure: no clock, no storage,
// no socket.
//
// A Device belongs to a core (package user) that steps it, and is the Owner by whom it
// reaches the user's session and apps and has its effects carried out. The caller's duties
// are those that package document lists: effects in order, all of one event before the next event.
// Connect is answered by Accept or Refuse, VerifyToken by TokenVerified or TokenRefused, Post
// by Posted.
//
// # The handshake
//
//	socket ──► PreAdmit ──► pending ── connection_init ──► Admit ──► the channel
//	            │              │                             │
//	            ▼ refused      ▼ InitTimeout                 ▼ refused
//	          Refuse          4001                        connection_error
//
// A socket is pending until it has sent connection_init. It is no channel of the session
// then, keeps nothing alive and replaces nobody; at most one is pending, and a newer one
// replaces it. The time is absolute: no frame but connection_init ends it.
//
// # One device
//
// A user has one device connection. A newer one replaces the older, which gets the winner's
// client id unless both are the same client. A socket that names no client id, as seed S1's
// never do, is taken for the client that holds the channel.
//
// # Heartbeat
//
// The server pings every Heartbeat, by alarm, and any frame of the device is a sign of
// life. A connection is dead when it was silent for HeartbeatTimeout and has let a ping
// wait for a fifth of that: an alarm that is late costs no healthy device its connection.
// The first sign of life after each ping is kept with the socket, so that a hibernated object
// judges by it; a crash takes both. With ClientPings the device pings and the runtime answers without waking the
// object: then silence is judged when something else wakes it, as for a document with
// one member.
//
// An idle device, for each minute (Heartbeat of 10 s): 6 alarms and 6 pongs, which are 12
// wake-ups of the object; a row for each alarm, and no other. With ClientPings: none of either.
//
// # Outbox
//
// What goes to the device reliably is kept in a channel.Outbox until it is acknowledged,
// and belongs to the channel: it goes on to whoever takes the channel over in the same
// session. It ends with the channel; the numbers go on, so that a device that comes back
// into a new session with an old last_seq gets the gap.
package device
