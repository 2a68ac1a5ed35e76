package access

import "net/url"

// CORS is the headers, name after value, with which an answer of the embedded
// issuer may be read by a page of origin; none for the Worker's own pages, which need
// none. The origin has been found allowed.
//
// An origin that is on the list by name may send the refresh cookie along; one that
// only "*" lets in may not: it can sign in with a password, and no page of anybody's
// can use a sign-in that is already there. The cookie is SameSite=Strict besides, so
// a page that is to stay signed in must be of the same site as the Worker:
// https://app.example.com and https://api.example.com are, example.com and
// example.org are not.
func (o Origins) CORS(origin string, at *url.URL) []string {
	switch {
	case origin == "":
		return nil
	case o.named(origin):
		return []string{
			"access-control-allow-origin", origin, "access-control-allow-credentials", "true",
			"access-control-expose-headers", "retry-after", "vary", "origin",
		}
	case o.own(origin, at):
		return nil
	}
	return []string{"access-control-allow-origin", "*", "access-control-expose-headers", "retry-after", "vary", "origin"}
}
