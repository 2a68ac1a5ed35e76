package front

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// userDelegations is where a user's pages make, list and revoke delegations.
const userDelegations = "/v1/delegations"

// userLinks begins the routes where a user's pages make, list and revoke links to a document.
const userLinks = "/v1/documents/"

func (f *Front) forUsers(path string) bool {
	if f.cfg.GuestLinks && strings.HasPrefix(path, userLinks) {
		_, rest, _ := strings.Cut(path[len(userLinks):], "/")
		return rest == "links" || strings.HasPrefix(rest, "links/")
	}
	return path == userDelegations || strings.HasPrefix(path, userDelegations+"/")
}

// page lets a user through to the handler, by an access token: of a page, or of any program.
// Whether the token is revoked, the user's object knows; the handler asks it.
func (f *Front) page(r request, now time.Time) []byte {
	if r.origin != "" && !f.cfg.Origins.Allow(r.origin, r.url) {
		err := &protocol.Error{Code: protocol.OriginNotAllowed}
		return f.logged(respond(err), r.address, err, originLine(err, r.origin), now)
	}
	cors := f.cfg.Origins.CORS(r.origin, r.url)
	if r.method == "OPTIONS" && r.origin != "" {
		return preflightFor("GET, POST, DELETE", "authorization, content-type", cors)
	}
	if wait := f.auth.take(r.address, now); wait > 0 {
		return tooManyRequests("too_many_requests", wait, cors)
	}
	a := &admission{page: true, length: r.length, cors: strings.Join(cors, "\n"), address: r.address}
	a.token, _ = r.bearer()
	if a.token == "" {
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonMissing})
	}
	return f.identify(a, now)
}

// pageFor hands a user's request on. A guest is nobody whom a program could act for, or who invites
// others.
func (f *Front) pageFor(a *admission) []byte {
	if protocol.IsGuest(a.subject) {
		return a.fail(&protocol.Error{Code: protocol.InsufficientPermissions, Reason: "guest", Message: "A guest makes no delegations, and no links."})
	}
	env := jsonscan.NewObject(nil)
	env.Str(access.VisitorClaims, string(a.claims))
	return f.handlerWith(request{length: a.length}, f.cfg.AdminBody, nil, env.End(), a.corsHeaders()...)
}

func (a *admission) corsHeaders() []string {
	if a.cors == "" {
		return nil
	}
	return strings.Split(a.cors, "\n")
}
