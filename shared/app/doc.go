// Package app is the part of a user's session object that holds the user's apps:
// server-side programs that are attached to the session while the user's device is (seed
// S1). It decides in what state each app is, when its webhook is called, which connection
// is its own, and what is kept for it. It is pure: no clock, no storage, no socket.
//
// An Apps belongs to a core (package user) that steps it, and is the Owner by whom it
// reaches the user's device and has its effects carried out.
//
// # States
//
//	           Start                    connected
//	stopped ─────────► connecting ─────────────────► running ◄──────────────┐
//	   ▲                   │                          │ ▲ │                 │
//	   │  no answer, or it │              connection  │ │ │ Stop            │
//	   ├───────────────────┘                    ends  │ │ ▼                 │ connected
//	   │ does not come                                │ │ stopping          │
//	   │                                              ▼ │                   │
//	   │                      connected again   grace_period                │
//	   │                                           │      │                 │
//	   │                               device there│      │device away      │
//	   │  no answer, or it does not come           ▼      ▼                 │
//	   ├─────────────────────────────── resurrecting ◄── dormant            │
//	   │                                     │  device back   │             │
//	   │                                     └────────────────┴─────────────┘
//	   └── stopping: the app closes, or StopTimeout
//
// Any end of a connection is a drop, whatever its code: a polite shutdown closes with 1000
// and means to come back. While it runs, only the app's own disconnect, an error of its that is
// final, the user's Stop and the end of the user's session stop an app. One whose key is
// revoked has no grace: it is called at once, or dormant. An app that stopped is not kept;
// its next start is another session, with an id of its own, that no connection of the last
// one fits.
//
// An app that does not come back while the device is away is dormant and not stopped:
// nobody is there to start it again. It may come back by itself at any time, and is
// called when the device is back. One that has been called back too often (MaxRounds) is
// stopped instead, from wherever it is.
//
// # The webhook
//
// connecting and resurrecting call the app's webhook: CallTries times, CallPause apart,
// each within CallTimeout. An answer counts for its own call alone: a late one is known by
// the time at which its call was given up. Once it has said yes the app has ConnectTimeout
// to connect; it may do so before it has answered. An app that connects and drops, again
// and again, is called back after longer and longer pauses, and stopped in the end
// (MaxRounds); and a user may start apps only so often (Starts). What was being done is
// stored with the time by which it must have been, so that an object that was lost
// meanwhile goes on.
//
// # Messages
//
// What is sent to an app is kept in an outbox of its own until it acknowledges, through
// drops and while it is called, and ends with its state; what it says goes to the
// device's. A sender for whose message there is little room is refused and asked to wait,
// so that no message pushes out another that was taken. What the server itself sends to
// a device waits for nobody and may push one out; a resume reports that as a gap. A
// message that is repeated gets the answer it had. An app is sent whether the device is
// there when it connects, and whenever that differs from what it was sent last.
//
// # Time
//
// Every deadline is stored and exact however late it is looked at. An app that pings is
// held to it (channel.Config); one that never does is not.
//
// An idle app that pings every 10 s costs, for each minute, 6 wake-ups and 6 rows, which
// the device's own heartbeat costs as well; where clients ping (device.Config.ClientPings)
// the runtime answers, and the two or three alarms a minute that look at its record are
// all.
package app
