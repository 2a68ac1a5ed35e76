package front

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const documents = "/v1/ws/documents/"

// route says what a request is for.
func (f *Front) route(r request, now time.Time) []byte {
	path := r.url.Path
	switch {
	case strings.HasPrefix(path, documents):
		return f.connect(r, path[len(documents):], now)
	case strings.HasPrefix(path, "/v1/ws/"), path == "/glasses-ws", path == "/app-ws":
		return refusal(r, &protocol.Error{Code: protocol.NotFound})
	case path == "/healthz":
		return ok(`{"status":"ok"}`)
	case strings.HasPrefix(path, "/auth/"), path == "/.well-known/jwks.json":
		if !f.cfg.Embedded {
			return respond(&protocol.Error{Code: protocol.NotFound})
		}
		return f.issuer(r, now)
	case path == "/v1/openapi.json":
		return final("handler")
	case strings.HasPrefix(path, "/v1/admin/"):
		return f.operator(r, now)
	case path == "/v1/webhooks/permissions":
		return f.webhook(r, now)
	case strings.HasPrefix(path, "/v1/"):
		return respond(&protocol.Error{Code: protocol.NotFound})
	}
	return final("assets")
}

// issuer lets through what a page may ask of the embedded issuer.
func (f *Front) issuer(r request, now time.Time) []byte {
	if r.origin != "" && !OriginAllowed(f.cfg.Origins, r.origin, r.url.Host) {
		return respond(&protocol.Error{Code: protocol.OriginNotAllowed})
	}
	cors := CORS(f.cfg.Origins, r.origin)
	if r.method == "OPTIONS" && r.origin != "" {
		return preflight(cors)
	}
	if r.method == "POST" && r.url.Path == "/auth/login" {
		if wait := f.logins.take(r.address, now); wait > 0 {
			err := tooMany("too_many_logins", wait)
			return respondWith(err, err.Row().HTTP, cors...)
		}
	}
	return final("handler")
}

func tooMany(reason string, wait time.Duration) *protocol.Error {
	return &protocol.Error{Code: protocol.RateLimitExceeded, Reason: reason, RetryAfter: wait}
}

// connect checks everything about an upgrade that needs no key. The form of the
// request comes before the token: it tells a stranger nothing.
func (f *Front) connect(r request, document string, now time.Time) []byte {
	if !r.upgrade() {
		err := &protocol.Error{Code: protocol.MalformedMessage, Reason: "upgrade_required"}
		return respondWith(err, 426, "upgrade", "websocket")
	}
	if wait := f.connects.take(r.address, now); wait > 0 {
		return refusal(r, tooMany("too_many_connects", wait))
	}
	if r.origin != "" && !OriginAllowed(f.cfg.Origins, r.origin, r.url.Host) {
		return refusal(r, &protocol.Error{Code: protocol.OriginNotAllowed})
	}
	fl, err := newFlight(r, document)
	if err != nil {
		return refusal(r, err)
	}
	return f.identify(fl, now)
}

func newFlight(r request, document string) (*flight, *protocol.Error) {
	selected, ok := r.protocol()
	if !ok {
		return nil, &protocol.Error{Code: protocol.MalformedMessage, Reason: "protocol_unsupported"}
	}
	fl := &flight{connect: true, browser: r.origin != "", protocol: selected, document: document}
	if !protocol.DocumentID(document) {
		return nil, invalid("document_id")
	}
	query := r.url.Query()
	var err *protocol.Error
	if fl.token, err = r.token(query); err != nil {
		return nil, err
	}
	if fl.client, err = one(query, "client_id"); err != nil {
		return nil, err
	}
	if fl.client == "" {
		return nil, &protocol.Error{Code: protocol.MalformedMessage, Reason: "client_id_missing"}
	}
	if !protocol.Identifier(fl.client, protocol.DefaultLimits.IDBytes) {
		return nil, invalid("client_id")
	}
	if fl.session, err = one(query, "session_id"); err != nil {
		return nil, err
	}
	if fl.session != "" && !protocol.Identifier(fl.session, protocol.DefaultLimits.IDBytes) {
		return nil, invalid("session_id")
	}
	last, err := one(query, "last_seq")
	if err != nil {
		return nil, err
	}
	if last != "" {
		if n, ok := jsontext.Uint([]byte(last)); !ok || n > protocol.MaxSeq {
			return nil, invalid("last_seq")
		}
		fl.lastSeq = last
	}
	return fl, nil
}
