// Package scope is a page's part in its scope, as a pure core: one access token, fetched once,
// for all documents in all tabs. A scope is what the tabs of one browser profile share of one
// server. Each session of the page (package client) asks the Broker for a token as if it were
// the app; the Broker asks the app, or another page.
//
// # Whose turn it is
//
// At most one page of a scope asks its app at a time: the one that holds the scope's lock. Many
// issuers take a refresh token once, and sign the user out when it comes again. A page that
// has fetched a token posts it to the others. One that had to wait for the lock looks first
// whether a newer token comes.
//
//	       Ask, and the token here will not do
//	idle ──────────► asking (only if other pages may have one) ──► waiting for the lock
//	  ▲                    │ one came                                 │ granted
//	  └────────────────────┴─────────────────────────────────────── fetching
//
// Nothing waits for ever. The lock goes back when its page is frozen or left, or has
// waited for its app as long as FetchTimeout; who has waited for the lock as long goes
// ahead without it. A late answer of the app is used if it is good.
//
// # Which token will do
//
// A session says which token it had last. Any that is newer, not near its end and of the
// same user will do, so of sessions that renew at about the same time the first one fetches
// and the others adopt. A fresh one is fetched where the app asks for that, or where somebody else
// may have signed in: only the app knows.
//
// # Trust
//
// Tokens are kept in memory only. They cross to other pages on a channel that is open to every
// script of the origin, as package client's do; one for another user is never adopted. What
// a hostile script makes up costs a fetch: the server refuses it, and a session that
// asks again is never given the token that it was refused with.
package scope
