// Package session is the UserSession core: one per user, it holds the session's
// id, counts the channels that keep the session alive, and answers every
// admission out of a cache of the permission source. It is pure, like package
// document, and its caller owes it the same: effects in order, all of one event
// before the next event, valid until the next Step.
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
// A refused Admit begins no session and makes no channel. Questions under way
// are not stored: when the object is lost, so is the caller who waits.
//
// # Channels
//
// The document is the one that knows whether a channel lives and says so
// (ChannelGone). This object's own deadline, ChannelRow.Until, is only the
// moment from which no document can be holding it any more.
//
// The user's device channel is one of them under a name that no document can have
// (protocol.DeviceChannel): it keeps the session alive as they do and ends as they do. What it
// allows is asked of nobody, so nothing about it is ever pushed or in doubt.
//
// # Permission epoch
//
// It starts at 1, outlives sessions, and grows whenever the source answers
// differently about a channel that is live, and with every revocation and kick, so
// that a document can tell a newer grant from a late one. Such a change is pushed to the channel's document, with
// backoff, until that has taken it: what a connect learnt on the way may never
// arrive with it, and a change that somebody made reaches the connections that
// are open. Until then the channel owes its document that epoch.
//
// # Revocation
//
//	Revoke, Kick ──► stored ──► EndChannel to every document ──► Ended ──► Receipt
//
// A revocation is remembered for as long as the tokens could live, and counts at
// every admission and refresh. A grant that was given before it may still be on its
// way to a document: the epoch is raised, and the document lets in nothing older
// (EndChannel.Fence). Receipt is the answer once every document has said that it
// took effect there; a document that cannot be reached is told again until it has.
//
// AccessChanged goes the same way: what may have changed is asked anew, told to the
// documents (Push), and answered when they have taken it.
package session
