// Package serverconn decides what a server does with one client's connection, whoever the
// client is: an editor (package document), a device or an app. It holds what the three have
// in common; who may connect, what is sent, and what outlives a connection is theirs and
// package channel's. It is pure: no clock, no storage, no socket.
//
// # States
//
//	           Accept             handshake             End
//	(nothing) ───────► pending ─────────────► current ───────► (nothing)
//	                      │                     │
//	                      └──── reject          └──── Replaced, by a newer one
//
// A pending socket has yet to send its handshake frame (Handshake). A document's connection
// has none: it is current when it is accepted. What is known of the current one is Conn,
// which Renew empties for the next.
//
// # Frames
//
// A core asks before it looks at a frame, in this order: pong and disconnect are never held
// back; then Take, which is the limit; then the frame itself. One that did not decode goes
// to Invalid. What does not go on comes back as an Answer, which is a frame to send, or the
// error that the connection ends with.
//
// # What is under way
//
// The platform does not say how much of a socket is unsent, so the client does: a ping goes
// out after every half window, and its pong confirms all that went before it (Window). The
// id of such a ping cannot be known without reading it (Probes).
//
// # Tokens
//
// A token_refresh is verified by the caller, one at a time; too many in a row that were
// refused have to wait (Refresh, Verified, Refused).
//
// # Time
//
// Every moment comes in with the call. Clock notices a machine's clock that was set back.
package serverconn
