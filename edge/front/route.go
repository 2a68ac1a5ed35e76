package front

import (
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	documents = "/v1/ws/documents/"
	apps      = "/v1/ws/apps/"
	// permissionsContract describes what a service at PERMISSIONS_URL has to answer.
	permissionsContract = "/v1/openapi/permissions.json"
)

// route says what a request is for.
func (f *Front) route(r request, now time.Time) []byte {
	path := r.url.Path
	switch {
	case strings.HasPrefix(path, documents):
		return f.connect(r, &admission{connect: true}, path[len(documents):], now)
	case path == "/v1/ws/device":
		return f.connect(r, &admission{connect: true, device: true}, "", now)
	case path == "/glasses-ws":
		return f.connect(r, &admission{connect: true, device: true, flat: true}, "", now)
	case strings.HasPrefix(path, apps):
		return f.connect(r, &admission{connect: true, app: true}, path[len(apps):], now)
	case path == "/app-ws":
		return f.connect(r, &admission{connect: true, app: true, flat: true}, "", now)
	case strings.HasPrefix(path, "/v1/ws/"):
		return f.unknown(r, now)
	case path == "/healthz":
		return f.health()
	case strings.HasPrefix(path, "/auth/"), path == keySetPath:
		if !f.cfg.Embedded {
			return respond(&protocol.Error{Code: protocol.NotFound})
		}
		return f.issuer(r, now)
	case path == "/v1/openapi.json", path == permissionsContract:
		return description(r)
	case strings.HasPrefix(path, "/v1/admin/"):
		return f.operator(r, now)
	case path == redeem:
		return f.redeem(r, now)
	case f.forUsers(path):
		return f.page(r, now)
	case path == "/v1/webhooks/permissions":
		return f.webhook(r, now)
	}
	return f.unknown(r, now)
}

// handles reports whether a path is one of the routes here, or below one. All others are left to
// the Worker that this is a part of: also those that nearly are one.
func (f *Front) handles(path string) bool {
	switch path {
	case "/glasses-ws", "/app-ws", "/healthz", "/v1/openapi.json", permissionsContract, "/v1/webhooks/permissions", redeem:
		return true
	case keySetPath:
		return f.cfg.Embedded
	}
	return strings.HasPrefix(path, "/v1/ws/") || strings.HasPrefix(path, "/v1/admin/") || f.forUsers(path) || f.cfg.Embedded && strings.HasPrefix(path, "/auth/")
}

func tooMany(reason string, wait time.Duration) *protocol.Error {
	return &protocol.Error{Code: protocol.RateLimitExceeded, Reason: reason, RetryAfter: wait}
}

// connect checks everything about an upgrade that needs no key. The form of the
// request comes before the token: it tells a stranger nothing. name is the document's or
// the app's.
func (f *Front) connect(r request, a *admission, name string, now time.Time) []byte {
	if !r.upgrade() {
		err := &protocol.Error{Code: protocol.MalformedMessage, Reason: "upgrade_required"}
		return respondWith(err, 426, "upgrade", "websocket")
	}
	return f.settled(a, f.begin(r, a, name, now), now)
}

func (f *Front) begin(r request, a *admission, name string, now time.Time) []byte {
	selected, ok := r.protocol()
	a.browser, a.protocol, a.address = r.origin != "", selected, r.address
	// An office is one address for all who work there, an app's server for all its users, and
	// all of them may come back at once: what is taken from an address here it gets back for
	// whom an object lets in. How often one user may connect, the user's own object says.
	if wait := f.connects.take(r.address, now); wait > 0 {
		return a.fail(tooMany("too_many_connects", wait))
	}
	_, a.taken = access.NetworkNumber(r.address)
	if r.origin != "" && !f.cfg.Origins.Allow(r.origin, r.url) {
		a.origin = r.origin
		return a.fail(&protocol.Error{Code: protocol.OriginNotAllowed})
	}
	if !ok {
		return a.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "protocol_unsupported"})
	}
	if f.cfg.Misplaced != nil {
		return a.fail(f.cfg.Misplaced)
	}
	if a.app {
		return f.app(r, a, name)
	}
	if f.cfg.NoQueryTokens && r.query().Has("token") {
		return a.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "token_in_url",
			Message: "This server takes no token in a URL: send it as a subprotocol or in the Authorization header."})
	}
	if err := a.read(r, name); err != nil {
		return a.fail(err)
	}
	if !a.device && delegationKey(a.token) {
		return f.delegate(r, a, now)
	}
	return f.identify(a, now)
}

// read takes what the request says of the connection. What is not of the right form is
// not taken: it would stand in the log.
func (a *admission) read(r request, document string) *protocol.Error {
	if !a.device {
		if !protocol.DocumentID(document) {
			return invalid("document_id")
		}
		a.document = document
	}
	query := r.query()
	var err *protocol.Error
	if a.token, err = r.token(query); err != nil {
		return err
	}
	client, err := identifier(query, "client_id")
	if err != nil {
		return err
	}
	delegate := !a.device && delegationKey(a.token)
	if protocol.IsDelegate(client) && !delegate {
		return invalid("client_id") // the name of a delegate is nobody else's
	}
	if a.client = client; a.device {
		return nil // what it wants to resume it says in its connection_init
	}
	if client == "" && !delegate {
		return &protocol.Error{Code: protocol.MalformedMessage, Reason: "client_id_missing"}
	}
	if a.session, err = identifier(query, "session_id"); err != nil {
		return err
	}
	if a.position, err = identifier(query, "position"); err != nil {
		return err
	}
	last, err := one(query, "last_seq")
	if err != nil {
		return err
	}
	redial, err := one(query, "redial")
	if err != nil {
		return err
	}
	if a.redial = redial == "true"; !a.redial && redial != "" && redial != "false" {
		return invalid("redial")
	}
	if last != "" {
		if n, ok := jsonscan.Uint([]byte(last)); !ok || n > protocol.MaxSeq {
			return invalid("last_seq")
		}
		a.lastSeq = last
	}
	return nil
}

// identifier is the value of a query parameter that may be there once and is an id.
func identifier(query url.Values, name string) (string, *protocol.Error) {
	id, err := one(query, name)
	if err == nil && id != "" && !protocol.Identifier(id, protocol.DefaultLimits.IDBytes) {
		return "", invalid(name)
	}
	return id, err
}
