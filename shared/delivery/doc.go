// Package delivery decides how an object's events reach the deployment's backend: which are
// pending, in which order they are sent, when the next request is due, how often one is tried,
// and when an event is given up and becomes a dead letter. A document's core and a user's each
// own one Queue; their shells carry its effects out.
//
// # Order
//
// Each event has a seq, which grows by one, within a stream: the life of what the object has
// stored. Stream and seq name the event, on every try. There is at most one request under way.
// It brings the oldest events, at most Config.Batch of them, and whatever comes meanwhile waits.
// So a receiver may see an event twice, but never a later one before an earlier one was taken or
// given up.
//
// # What is stored
//
// An event is a row, written with what it is about, and deleted once it was taken. The one of a
// document's changes is not: which version was last told stands in State, so any number of
// changes within Config.Every come to one row. That an event was taken is stored with the next
// request, or within Settle, whichever comes first. A crash in between repeats a request.
//
// # When
//
// A request is due Linger after the first event that waits, or Config.Every after the first
// change, and never sooner than Config.Every after the last request. Without events nothing is
// due and nothing is stored. While a request is under way the Deadline is Settle away at first,
// so that an object that crashed wakes up, and then the end of the request's time.
//
// # Failure
//
// After a failure the pause grows from FirstPause to LongestPause, with jitter, and the requests
// become smaller, so that one event that the receiver refuses is alone at last. After
// Config.Tries the oldest event becomes a dead letter. The others that were there as the failures
// began have one request more, all together, and go the same way if that fails. So an object
// whose receiver is gone comes to an end.
package delivery
