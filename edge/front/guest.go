package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/guest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// redeem is the route by which a page has a guest's token made of a link.
const redeem = "/v1/links/redeem"

// guest goes on with a guest's token. No issuer's key ever checks one, and no hook reads it: what
// it says is what we wrote.
func (f *Front) guest(a *admission, now time.Time) []byte {
	claims, err := guest.Parse(guest.Access, a.token, f.cfg.Guests, now)
	switch {
	case err != nil:
		return a.fail(err)
	case a.connect && a.document != claims.Document:
		return a.fail(&protocol.Error{Code: protocol.InsufficientPermissions, Reason: "guest", Message: "A guest has access to one document alone."})
	}
	return f.known(a, call.Claims{UserID: claims.UserID, Name: claims.Name, IssuedAt: call.At(claims.IssuedAt), Expires: call.At(claims.Expires)})
}

// redeem lets a page's link through to the handler. Each attempt counts against its address, right
// or wrong: it is work for the database.
func (f *Front) redeem(r request, now time.Time) []byte {
	if len(f.cfg.Guests) == 0 {
		return respond(&protocol.Error{Code: protocol.NotFound})
	}
	if r.origin != "" && !f.cfg.Origins.Allow(r.origin, r.url) {
		err := &protocol.Error{Code: protocol.OriginNotAllowed}
		return f.logged(respond(err), r.address, err, originLine(err, r.origin), now)
	}
	cors := f.cfg.Origins.CORS(r.origin, r.url)
	switch {
	case r.method == "OPTIONS" && r.origin != "":
		return preflight(cors)
	case r.method != "POST":
		return methodNotAllowed("POST", cors...)
	}
	if wait := f.links.take(r.address, now); wait > 0 {
		return tooManyRequests("too_many_requests", wait, cors)
	}
	return f.handler(r, access.SignInBytes, nil, cors...)
}
