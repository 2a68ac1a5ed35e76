package issuer

import (
	"net/http"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const cookieName = "holdfast_refresh"

// cookie holds the refresh token. A script cannot read it, another site's page
// cannot have it sent, and no route but the issuer's gets it. With an empty token
// it takes the cookie back.
func cookie(r *http.Request, token string, ttl time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: token, Path: "/auth", MaxAge: int(ttl / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.URL.Scheme == "https",
	}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// fail answers with an error in seed S2's shape.
func fail(w http.ResponseWriter, err *protocol.Error) { failWith(w, err, err.Row().HTTP) }

func failWith(w http.ResponseWriter, err *protocol.Error, status int) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if err.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((err.RetryAfter+time.Second-1)/time.Second)))
	}
	write(w, status, err.AppendJSON(nil), "no-store")
}

func methodNotAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	failWith(w, &protocol.Error{Code: protocol.MalformedMessage, Reason: "method_not_allowed"}, http.StatusMethodNotAllowed)
}

// unavailable answers for a database or a platform that failed. What it said is
// not repeated: a statement's error may quote what was bound to it.
func unavailable(w http.ResponseWriter, reason string) {
	fail(w, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason, RetryAfter: time.Second})
}

func write(w http.ResponseWriter, status int, body []byte, cache string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body)
}
