//go:build !js

// Package native is Holdfast's client for Go programs: the browser module's core,
// shared/client, over coder/websocket, without a browser. Connect gives a Session on
// one document, which holds fast through a dropped line, an expired token and a
// restarted server until it is closed or the server ends it for good.
//
// It is the core's profile of one tab: no lock, no other tabs, always visible.
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
