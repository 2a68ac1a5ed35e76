// Package document is the Document core: who is connected to one document, what
// each may do, the order of its ops, and what everybody is sent. It is pure: no
// clock, no storage, no socket.
//
// # Use
//
//	d, err := Restore(cfg, snapshot)           // or New for a document never seen
//	for each event {
//		for _, e := range d.Step(now, event) { carry e out }
//		set the one alarm to d.Deadline(), when it moved
//	}
//
// # The caller's duties
//
//  1. Effects are carried out in the order given, all of one event before the
//     next event. Storage (Append, SaveChannel, DeleteChannel) comes before the
//     Sends after it: what somebody has received is never lost.
//  2. Effects are valid until the next Step, which reuses their memory. An
//     Append's Op and a SavePart's Data alias the frame they came in.
//  3. A failed Send comes back as SendFailed. A close of any socket comes back
//     as Disconnected, also one that Close asked for; it then changes nothing.
//  4. Connect is answered by its first effect, Accept or Readmit. The other
//     answers that come back are TokenVerified or TokenRefused, Notified, and, before
//     any other event, Delivered. A Replay or Sync reads the log as it was before
//     the event that asked for it; no Step that appends or compacts has one.
//  5. On Deadline the caller steps Woken with the runtime's record of answered
//     pings. Early, late and double are harmless.
//     After Restore the last pings known are those that were stored, so the
//     first Deadline may lie in the past: one Woken puts it right.
//  6. One Document at a time: Step is not safe for concurrent use.
//
// Step is a function of state, now and event; it never panics, and an event
// that does not apply has no effects.
//
// # What survives
//
// Everything a resume needs is in the rows of SaveChannel and in the log. Two
// things may lag behind in storage, both harmlessly: how far a client has
// acknowledged (it is sent a few frames again and drops them by seq), and when it
// last sent a frame that was not a ping.
//
// # The log
//
// Ops and comments are entries of one log, with one order, one kind of acknowledgement
// and one way to be sent again. A snapshot that a client posts takes the place of the
// log's beginning: State.Floor is how far that is gone. A client that asks for an entry from
// there gets the snapshot, the comments that are left from before it, and what is newer.
//
// # Room
//
// A connection is sent no more than a window beyond what it is known to have read
// (serverconn.Window). With a whole window under way the member is dry: ops wait in the log,
// where they are anyway, and so do presence and a sync. member.behind is the one state of
// the first, stored, and ends when a Replay has reached the newest version.
//
// A client that has confirmed before and stays dry for SlowAfter is closed with
// SLOW_CONSUMER. One that never does (seed S2 has no pong) looks like a slow one:
// it gets a window every SlowAfter, maxTrust of them on one connection, and is closed then:
// it resumes, at the cost of one reconnect. What cannot wait, an answer, may fill a second
// window; with that one full too the connection ends at once.
//
// # Clients of one user
//
// Each client of a user has a channel of its own, by user and client id: Config.PerUser at a
// time. One more takes the place of another, which gets CONNECTION_REPLACED and is gone for
// good: of one whose line is down, or else of the one that connected longest ago. A client that
// dials by itself (Connect.Redial) takes nobody's place, not that of a client in its grace
// period either: its user had that one in hand last, and it comes back. What the session
// object pushes or ends is of all the user's channels.
//
// # A resume
//
// A client that comes back by the token that its live channel lives by is let in without its user's
// object (Connect.Held): held.go says when, and why nothing that was taken back is good for it.
//
// # A channel's end
//
// The user's session object is notified of a gone channel (Notify) with backoff until
// that has answered (Notified). Its row then stays for one grace period, because an
// admission may be on its way that was given before the notification arrived: such a
// Connect gets Readmit, once, and comes back with an admission that knows.
package document
