// Package session is a user's session, a part of the core of the user's object (package
// user). It holds the session's id, counts the channels that keep the session alive, and
// answers every admission out of a cache of the permission source. It is pure, like package
// document, and asks the same of its caller: effects in order, all of one event before the
// next event, valid until the next Step.
//
//	          Admit, allowed                     the last channel is gone
//	no session ─────────────► session alive ───────────────────────────► no session
//	                          (one id, 1..n channels)
//
// # Admission
//
//	Admit ──► cached answer fresh? ── yes ─────────────────────────► Answer
//	                │ no                                               ▲
//	                ▼                                                  │
//	             LookUp ──► AccessFound ── cached ─────────────────────┤
//	                └─────► AccessFailed ── resume or refresh with ────┤
//	                            an older answer at hand: that one      │
//	                            otherwise SERVICE_UNAVAILABLE ─────────┘
//
// A client that comes back to a live channel by the same token is let in by its document alone, and
// no Admit comes of it (document/held.go). All that the session has to know stays as it was: the
// channel, its admission, and the end of its token, which bounds its life.
//
// A refused Admit begins no session and makes no channel. Questions under way are not
// stored: when the object is lost, so is the caller who waits. A Question has the number of
// its Admit, or one of the session's own.
//
// # Channels
//
// A user may have a channel on a document with each of its clients. How many of them may be
// connected at a time is the document's to say. What a document has to take (Pending) is the
// same for all of them.
//
// The document knows whether a channel lives, and notifies the session when it is gone
// (ChannelGone). The session's own deadline, ChannelRow.Until, is only the moment from which
// no document can be holding the channel any more.
//
// The user's device channel is one of them, under a name that no document can have
// (protocol.DeviceChannel). It keeps the session alive as they do and ends as they do. The
// permission source is not asked about it, so nothing about it is ever pushed or stale.
//
// # Permission epoch
//
// It starts at 1 and outlives sessions. It grows whenever the source answers differently
// about a live channel, and with every revocation and kick, so that a document can tell a
// newer grant from a late one. The session pushes such a change to the channel's document,
// with backoff, until the document has taken it: the connect that found it out may never
// arrive there, and a change that somebody made has to reach the connections that are open.
// Until then the epoch is pending (ChannelRow.Unpushed).
//
// # Revocation
//
//	Revoke, Kick ──► stored ──► EndChannel to every document ──► Ended ──► Receipt
//
// A revocation is remembered for as long as the tokens could live, and counts at
// every admission and refresh. A grant that was given before it may still be on its
// way to a document: the epoch is raised, and the document lets in nothing older
// (EndChannel.Fence). Receipt is the answer once every document has said that it
// took effect there. EndChannel is repeated until a document that could not be reached has.
//
// AccessChanged goes the same way. The channels that it may concern are stale: the session
// asks the source anew, pushes what has changed (Push), and answers when the documents have
// taken it.
package session
