// Package access says who may ask a deployment at all, before anybody looks at what they
// ask: which pages by their origin, which operators by their tokens, whose webhooks by their
// signatures, whose tokens by their keys and claims; and which network a visitor is of, by
// which visitors are counted. It reads the variables that say so, and keeps no state. What
// comes of a request is for edge/front, edge/issuer and edge/admin, which share it.
package access

// SignInBytes is the largest body of a sign-in, a refresh and a sign-out.
const SignInBytes = 4 << 10
