package front

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// issuer lets through what a page may ask of the embedded issuer.
func (f *Front) issuer(r request, now time.Time) []byte {
	if r.origin != "" && !f.cfg.Origins.Allow(r.origin, r.url) {
		err := &protocol.Error{Code: protocol.OriginNotAllowed}
		return f.logged(respond(err), r.address, err, originLine(err, r.origin), now)
	}
	cors := f.cfg.Origins.CORS(r.origin, r.url)
	if r.method == "OPTIONS" && r.origin != "" {
		return preflight(cors)
	}
	if r.url.Path == keySetPath {
		return f.keySet(r, cors)
	}
	// Whatever is asked here, right or wrong, is work for the database or would be.
	if wait := f.auth.take(r.address, now); wait > 0 {
		return tooManyRequests("too_many_requests", wait, cors)
	}
	switch r.url.Path {
	case "/auth/refresh", "/auth/logout":
	case "/auth/login", "/auth/password", "/auth/invitation", "/auth/reset", "/auth/sign-up":
		if r.method != "POST" {
			break
		}
		if wait := f.logins.take(r.address, now); wait > 0 {
			return tooManyRequests("too_many_logins", wait, cors)
		}
	default:
		err := &protocol.Error{Code: protocol.NotFound}
		return respondWith(err, err.Row().HTTP, cors...)
	}
	if r.method != "POST" {
		return methodNotAllowed("POST", cors...)
	}
	return f.handler(r, access.SignInBytes, nil, cors...)
}

// preflight answers a browser that asks before it sends. It is the front's to
// answer, for the issuer would be booted for it.
func preflight(cors []string) []byte { return preflightFor("GET, POST", "content-type", cors) }

func preflightFor(methods, headers string, cors []string) []byte {
	cors = append(cors, "access-control-allow-methods", methods, "access-control-allow-headers", headers, "access-control-max-age", "600")
	return response(204, "", cors...)
}

func tooManyRequests(reason string, wait time.Duration, header []string) []byte {
	err := tooMany(reason, wait)
	return respondWith(err, err.Row().HTTP, header...)
}

func methodNotAllowed(allow string, header ...string) []byte {
	err := &protocol.Error{Code: protocol.MalformedMessage, Reason: "method_not_allowed"}
	return respondWith(err, 405, append(header, "allow", allow)...)
}

const keySetPath = "/.well-known/jwks.json"

// keySet publishes the keys that the embedded issuer signs with, and those it signed with.
// It may be cached for half the time that verifiers take a set for fresh.
func (f *Front) keySet(r request, cors []string) []byte {
	switch {
	case r.method != "GET" && r.method != "HEAD":
		return methodNotAllowed("GET", cors...)
	case len(f.cfg.Published) == 0:
		err := &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "signing_key_unusable"}
		return respondWith(err, err.Row().HTTP, cors...)
	}
	set := jsonscan.NewObject(nil)
	set.Array("keys")
	for _, key := range f.cfg.Published {
		set.Item()
		set.Buf = append(set.Buf, key.JWK...)
	}
	set.CloseArray()
	return answer(200, string(set.End()), "public, max-age=300", append(cors, "x-content-type-options", "nosniff")...)
}

// description is the API's, or the permission source's: a file.
func description(r request) []byte {
	if r.method != "GET" && r.method != "HEAD" {
		return methodNotAllowed("GET")
	}
	return assets(&protocol.Error{Code: protocol.NotFound})
}

// assets leaves a request to the files that are deployed with the Worker. With none, it is an error.
func assets(otherwise *protocol.Error) []byte {
	w := step("assets")
	w.Raw("otherwise", respond(otherwise))
	return w.End()
}

// handler hands a request to the module behind the HTTP routes, once its body is there: a
// module that waits for one is memory in a stranger's hands. With an admission the core
// learns when it has gone well.
func (f *Front) handler(r request, most int, a *admission, header ...string) []byte {
	return f.handlerWith(r, most, a, nil, header...)
}

// handlerWith is handler for a module that is given variables of this request's.
func (f *Front) handlerWith(r request, most int, a *admission, env []byte, header ...string) []byte {
	if f.cfg.Misplaced != nil {
		return f.misplaced(header...)
	}
	large := &protocol.Error{Code: protocol.MessageTooLarge, Reason: protocol.ReasonTooLarge}
	tooLarge := respondWith(large, large.Row().HTTP, header...)
	if n, ok := jsonscan.Uint([]byte(strings.TrimLeft(r.length, "0"))); ok && n > uint64(most) {
		return tooLarge
	}
	w := step("handler")
	w.Array("headers")
	for _, name := range access.Headers {
		w.Item()
		w.Buf = jsonscan.AppendString(w.Buf, name)
	}
	w.CloseArray()
	w.Int("max_bytes", int64(most))
	w.Int("timeout_ms", f.cfg.BodyTimeout.Milliseconds())
	w.Raw("too_large", tooLarge)
	w.Raw("unwanted", respondWith(&protocol.Error{Code: protocol.MalformedMessage, Reason: "body_not_allowed", Message: "A GET has no body: what it asks for stands in the URL."}, 400, header...))
	w.Raw("too_late", respondWith(&protocol.Error{Code: protocol.MalformedMessage, Reason: "body_incomplete", Message: "The body did not arrive in time."}, 408, header...))
	if env != nil {
		w.Raw("env", env)
	}
	if a != nil {
		w.Bool("settle", true)
		return a.next(w)
	}
	return w.End()
}

// unknown answers what is no route. What nearly is one gets our own answer, and an upgrade
// does everywhere: whoever asked would not read the file server's.
func (f *Front) unknown(r request, now time.Time) []byte {
	err := &protocol.Error{Code: protocol.NotFound, Message: "There is no such route. Paths are in lower case, with single slashes and none at the end."}
	switch {
	case r.upgrade():
		if wait := f.connects.take(r.address, now); wait > 0 {
			err = tooMany("too_many_connects", wait)
		}
		return f.refusal(r, err, now)
	case ours(r.url.Path):
		return respond(err)
	}
	return assets(err)
}

// ours reports whether a path begins as one of our routes does, however it is spelt, and
// whatever stands behind that.
func ours(path string) bool {
	first := strings.TrimLeft(strings.ToLower(path), "/")
	if i := strings.IndexAny(first, "/%;\\\x00"); i >= 0 {
		first = first[:i]
	}
	switch first {
	case "v1", "auth", ".well-known", "healthz", "glasses-ws", "app-ws":
		return true
	}
	return false
}
