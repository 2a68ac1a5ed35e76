// Package call is what the parts of one deployment say to each other: the front Worker,
// the operators' API and the embedded issuer to the Durable Objects, and the objects among
// themselves. It decides nothing and waits for nothing; it is the one place that knows the
// kinds of requests, the members of their texts and the names of the bindings.
//
// A request is one JSON object with a kind, sent by a binding's call and answered with one
// JSON object: the member that its Kind names, or "error" with the data of an error frame.
// An upgrade carries a request too, in a header, and is answered with a socket or with an
// error frame as the body. None of it is on the way of an op.
//
// # Versions
//
// A deployment replaces the front Worker first and the objects up to minutes later, one by
// one. So version N of each part speaks with version N-1 of every other, both ways round:
//
//   - A request carries v, the version of whoever wrote it.
//   - A member that is not known is ignored, whoever reads. A member that is missing, or of
//     another type, is the zero of its type; so zeros are not written, except in answers
//     that go on to people.
//   - A member may only be added, never renamed or given another meaning, and what its
//     absence means is what version N-1 did. It is added only where version N-1 may do
//     without knowing it. What must not be ignored is a new kind.
//   - A kind that is not known is answered with Unsupported: SERVICE_UNAVAILABLE with a
//     retry_after, which every caller passes on as it does any other. Whoever asked tries
//     again, and by then the object is of the same version.
//   - What only passes through (a grant, the claims of a token, a receipt) is passed on as
//     it came, members that are not known included.
//   - What version N-1 reads may be dropped when N+1 is made: the golden vectors of the
//     version before (testdata/version2.json) say what that is.
//
// Version goes up with each member and each kind that is added. An answer carries none: it
// is read by these rules as well.
package call
