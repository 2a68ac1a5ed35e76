// Package channel is the tie of one client of a user's to one document, or of the device: who
// holds it, until when it may be resumed, and the one moment something is next
// due. Both objects use it; it knows no effect, and no frame but those in an Outbox.
//
//	      Connect                  Lose
//	Gone ─────────► Active ───────────────────► Grace
//	 ▲              │  ▲ │                      │ │
//	 │    Leave     │  │ │ Connect: supersede   │ │
//	 ├──────────────┘  │ └──┐                   │ │
//	 │                 ├────┘                   │ │
//	 │                 └────────────────────────┘ │
//	 │                    Connect: resume         │
//	 └────────────────────────────────────────────┘
//	                 GraceUntil, Leave
//
// A socket that has yet to send its handshake frame is no channel's (package serverconn).
//
// # Time
//
// A channel never reads a clock. Every deadline is exact however late it is
// looked at: a connection that fell silent is lost at its last sign of life
// plus HeartbeatTimeout, one whose token ran out at Expires plus ReadOnly, and
// the grace period runs from that moment, not from the one somebody noticed.
//
//	what               when                                      then
//	token notice       NoticeAt: RefreshNotice before Expires,   Noticed
//	                   or at half of a token shorter than twice that
//	read-only          from Expires on                           nothing is due: it bites when something is written
//	token's end        Expires + ReadOnly                        Lose
//	silence            Seen + HeartbeatTimeout                   Lose
//	end of grace       GraceUntil                                Leave
//
// # Heartbeat on documents
//
// The client pings and the runtime answers without waking the object, so a
// Channel learns of signs of life only when its owner asks the runtime. Three
// rules follow. A connection that never pinged on this socket is not held to
// the heartbeat. Silence is judged only when the runtime's record was just read
// (Due with judge). And it is a reason to wake up only while somebody would
// notice the death: the owner passes watched to Deadline, which for a document
// is two or more live channels. An idle document with one member sleeps.
//
// # Outbox
//
// What a document's channel is sent lies in its log. Frames without one (those of
// devices and apps) are kept in an Outbox until they are acknowledged, bounded, and
// a resume reports what the bounds pushed out.
package channel
