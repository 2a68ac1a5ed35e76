// Package user is the core of a user's object: the session (package session), the user's
// device channel (package device), whose sockets end in the same object, and the user's
// apps (package app). With them are the messages to the user's browsers (package inbox), which
// the documents send. It is pure: no clock, no storage, no socket.
//
// # Use
//
//	u, err := Restore(cfg, snapshot)
//	for each event {
//		effects := u.Step(now, event)
//		carry them out, in order
//		set the one alarm to u.Deadline(), when it moved
//	}
//
// The caller's duties are those that package document lists: effects in order, all of one event
// before the next event, valid until the next Step. An event is one of this package's or of
// one of the parts; an effect is one of a part, or on a socket.
//
// # What the parts say to each other
//
//	          PreAdmit, Admit, ChannelGone
//	device ◄────────────────────────────────► session ◄──── documents, operators
//	   ▲      EndChannel (of DeviceChannel)
//	   │
//	   │ AppFrame, AppStates, DeviceAway, DeviceBack, DeviceGone
//	   ▼ ToDevice, Answer, Away
//	 apps
//
// All of it happens within one Step and never leaves the package: the device channel is
// one of the session's exactly while it is live, and apps live no longer than it does. What
// nobody outside asked has the number 0 (session.Admit.Ask).
//
// # Order within a Step
//
// An end of a socket comes first, for nothing may be sent to a connection that is gone.
// Then everything that is due is settled, as of its own moment; then comes the event; and
// last the flow of all that was sent. Only the alarm, and a new connection of the device,
// judge silence, for only they bring the runtime's record along.
package user
