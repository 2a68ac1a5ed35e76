package issuer

import (
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
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

func fail(w http.ResponseWriter, err *protocol.Error) { rest.Fail(w, err) }

func methodNotAllowed(w http.ResponseWriter, allow string) { rest.MethodNotAllowed(w, allow) }

func unavailable(w http.ResponseWriter, reason string) { rest.Fail(w, rest.Unavailable(reason)) }

func write(w http.ResponseWriter, status int, body []byte, cache string) {
	rest.Write(w, status, body, cache)
}
