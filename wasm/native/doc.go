//go:build !js

// Package native is Holdfast's client for Go programs: the browser module's core,
// shared/client, over coder/websocket, without a browser. Connect gives a Session on
// one document, which holds fast through a dropped line, an expired token and a
// restarted server until it is closed or the server ends it for good.
//
// It is the core's profile of one tab: no lock, no other tabs, always visible.
//
// A program can be two other ends of a user's session as well, by the core
// shared/endpoint: ConnectDevice gives a Device, the user's own, which starts apps and
// talks to them; NewApp is the server of an app, an http.Handler for its webhook, which
// gives an AppSession for each user who starts it. What is said below of a session holds
// for them too, but for what the next section says.
//
// # Devices and apps
//
// Send, Start and Stop return when the server has answered, however often the line drops
// in between; each goes out again under the same message id. One after the other they
// arrive in order; calls at the same time have no order among each other. A message that
// may have been stored in a session which has ended is not repeated in the next one: its
// Send fails with SESSION_ENDED and the reason unanswered.
//
// Events hands over each numbered frame once and in order: Message, AppChange,
// ClientDisconnected, ClientReconnected. The server keeps for whoever is away 1,000 frames
// or 1 MiB; what it gave up is a Gap. Frames are acknowledged when they are heard, one that
// comes alone at once, others after 16 or 100 ms, and not when they are read: an AppSession
// that takes over from one that crashed may hear the last of them again, and will not hear
// what that had in its buffer.
//
// The line is held by heartbeats of the server's interval, 10 s by default: a Device
// answers the server's and pings only when that is silent, an AppSession pings. After two
// and a half intervals of silence it is given up and dialled again, with full jitter from
// 0.5 s to 20 s. A Device has 30 s to come back to its session, an AppSession 5 s before
// its webhook is called again.
//
// An app's key goes in the Authorization header of a connection to AppConfig.URL, or to an
// address that a signed call of the webhook names and AppConfig.Hosts allows, and nowhere
// else: no redirect is followed. A call counts when one of the app's secrets signed it
// within five minutes (protocol.SignatureHeader, compared in constant time), and one that was
// answered before starts nothing.
//
// # Sending
//
// Send returns when the server has stored the op, however often the line drops in
// between: the op is sent again with the same message id, which the server knows.
//
// # Hearing
//
// Events (or Next) hands over every version of the document once and in order. What
// is not read yet waits in a buffer of Config.BufferBytes. When that is full:
//
//   - presence is dropped;
//   - nothing more is read from the line, so that nothing more comes;
//   - after Config.HoldAfter the line is put down. Once half of the buffer is read it
//     is dialled again, and the server replays what was missed. Nothing is lost;
//   - but a Send that waits needs the line, and its answer is behind what is not
//     read. So while one waits the buffer grows, to eight times its size and one
//     frame. Beyond that, entries are left out, and a Gap with the reason ReasonUnread
//     stands in their place: there is never a hole that is not told.
//
// So a loop over Events may call Send. A program that does not want events says so by
// Config.NoEvents.
//
// # Endings
//
// A dropped line, a restarted server, a pause the server asks for and an expired
// token are the session's own business; State tells. It ends by Close or by a final
// error, and never dials after that. Done is closed then, and Err says why. Two things
// wait for the program, and Wake goes on with both: five tokens in a row could not be
// had, or sixty dials in a row came to nothing.
//
// # Errors
//
// An error with a code of the protocol is a *protocol.Error, for errors.As, and
// errors.Is with one of that code. The others are ErrClosed, ErrInvalid and the
// context's own.
package native
