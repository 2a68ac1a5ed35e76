// Package inbox holds the messages to a user's browsers: what operators send, kept for those
// who are away, in bounds and for a time. It is a part of a user's object (package user). It is
// pure: no clock, no storage, no socket.
//
// A message goes to every connection that the user has on a document, and comes back as heard,
// by the client (a browser profile, with all of its tabs) and by its id. Until then it is pushed
// again, to each channel a few times: after the message, and after the channel was admitted. What
// a client has heard is kept as long as the message is, so that a client that was away gets what
// it lacks, and one that is back gets nothing twice. A client still drops what it has: a
// message may be pushed twice before the first is heard.
//
// When a push is due follows from two stored moments, the message's and the admission's, so no
// push costs a row. Without messages there is no deadline and no row.
package inbox
