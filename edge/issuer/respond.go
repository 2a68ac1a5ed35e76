package issuer

import (
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	cookieName = "holdfast_refresh"
	// secureCookieName is the name of the cookie over https. A browser accepts a cookie of
	// such a name from this very host only. So no page of a neighbouring subdomain can set
	// one and have its visitor act in another's name (RFC 6265bis, section 4.1.3.2).
	secureCookieName = "__Host-" + cookieName
)

// nameOf returns the cookie's name for a request. Over https the issuer ignores the other
// name, because whoever can set that cookie can set it to anything.
func nameOf(r *http.Request) string { return named(r, cookieName, secureCookieName) }

func named(r *http.Request, name, secure string) string {
	if r.URL.Scheme == "https" {
		return secure
	}
	return name
}

// cookie returns the cookie that holds the refresh token. An empty token removes the cookie.
func cookie(r *http.Request, token string, ttl time.Duration) *http.Cookie {
	return shielded(r, nameOf(r), token, ttl)
}

// shielded returns a cookie for the issuer alone. A script cannot read it, and a page of another
// site cannot have it sent. Over http only the issuer's routes receive it. A __Host- cookie needs
// the path /, and no other route reads it.
func shielded(r *http.Request, name, value string, ttl time.Duration) *http.Cookie {
	c := &http.Cookie{
		Name: name, Value: value, Path: "/auth", MaxAge: int(ttl / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
	if r.URL.Scheme == "https" {
		c.Path, c.Secure = "/", true
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

func unavailable(reason string) *protocol.Error { return rest.Unavailable(reason) }

func write(w http.ResponseWriter, status int, body []byte, cache string) *protocol.Error {
	rest.Write(w, status, body, cache)
	return nil
}
