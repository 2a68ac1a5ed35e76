package issuer

import (
	"net/http"
	"time"
)

const (
	deviceCookieName       = "holdfast_device"
	secureDeviceCookieName = "__Host-" + deviceCookieName
	// deviceLength is the length of a device's number as text.
	deviceLength = 22
)

// deviceOf returns the number that a browser got when somebody signed in with it, or "". The
// number alone proves nothing: with an e-mail it names a bucket, and the store knows only the
// buckets of browsers in which somebody has signed in. One browser has one number, whoever
// signs in there. Nobody else can have set it: the name of its cookie protects it as that of
// the refresh cookie does.
func deviceOf(r *http.Request) string {
	c, err := r.Cookie(named(r, deviceCookieName, secureDeviceCookieName))
	if err != nil || len(c.Value) != deviceLength {
		return ""
	}
	return c.Value
}

// deviceCookie returns a cookie that keeps the number as long as the store remembers it.
func deviceCookie(r *http.Request, device string, ttl time.Duration) *http.Cookie {
	return shielded(r, named(r, deviceCookieName, secureDeviceCookieName), device, ttl)
}
