// Package client is the browser's half of a session, as a pure core: what one
// tab does about the profile's other tabs, the document's log and the ops that are
// not acknowledged yet. Its connection and its token are package clientconn's. It
// decides; a shell (wasm/agent in a page, a simulation in the tests) acts.
//
// # Step
//
// Step is a deterministic function of the state, the time and one event. It
// reads no clock, starts no goroutine and draws no random number but from the
// generator seeded by Config.Rand. The shell carries out an event's effects in
// the order given, all of them before the next event. What an effect brings
// about comes back as an event, never as a return value. After each Step the
// shell arms one timer for Deadline; waking early, late or twice is harmless.
// Step never panics, whatever the event, and an event that does not apply
// yields nothing.
//
// # States
//
// A tab is a follower until the lock is its own; only a leader has a connection
// and asks for tokens:
//
//	          lock granted                     lock lost, replaced by our own
//	follower ──────────────► leader ──────────────────────────────► follower
//	   ▲  freeze, pagehide     │ freeze, pagehide: release, close 1000
//	   └──────── suspended ◄───┘
//	      resume, pageshow: queue for the lock again, ask the leader for all
//
// A leader dials, waits and redials as package clientconn says, and writes no faster than it
// allows. Losing the permission to read stops it too.
//
// Stopped is for good: a final error, a sign-out, no token to be had. A stopped
// tab never dials again and has the others stop too. A leader whose dials
// have failed DialTries times in a row sleeps until the page wakes it (online,
// visible, reconnect, a send).
//
// # Time
//
// All times are points on the machine's clock as the shell hands it in. A
// token's end is kept on that clock and comes from differences only: its own
// exp − iat, and the server's expires_at − server_time. So a machine whose clock
// is hours wrong refreshes when it should.
//
// # Order
//
// The leader turns whatever carries an op (op, operation_ack, document_sync, a
// replay) into an entry with its document version and posts it to every tab. Each
// tab applies entries strictly by version: one it has is dropped, one too far
// ahead makes it ask for what is missing. So an app receives each version once, in
// order, from whichever tab led at the time. Each tab keeps its own ops until it
// has received them with a version, and posts them anew to each new leader; the
// server knows a repeat by its message id. A page that is frozen or left hands its
// ops to the other tabs first (handover.go). Those of a leader that crashes before it
// could write them are lost with it, unless they are kept in a store that outlives the page
// (keep.go, gone.go).
//
// # Trust
//
// The broadcast channel is open to every script of the origin. Each message is
// checked for size and form, an epoch fences off tabs that lost the lead while
// they slept, and a token for another user is refused. Who signed in or out is said
// to the tabs of all documents, on a second channel that carries no token
// (origin.go): a sign-out counts for the user it names, anything else is a hint that
// the app is asked about. A hostile script on the same origin can still disturb a
// session; it could call the server itself.
package client
