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

// deviceOf is the number that a browser was given when somebody signed in with it, ""
// for none. It says nothing by itself: with an e-mail it names a bucket, and only of one
// in which somebody has signed in is it said that it is known. One browser has one number,
// whoever signs in there; nobody else can have given it one, for what the refresh cookie's
// name says holds of this one's too.
func deviceOf(r *http.Request) string {
	c, err := r.Cookie(named(r, deviceCookieName, secureDeviceCookieName))
	if err != nil || len(c.Value) != deviceLength {
		return ""
	}
	return c.Value
}

// deviceCookie keeps the number for as long as it is remembered here.
func deviceCookie(r *http.Request, device string, ttl time.Duration) *http.Cookie {
	return shielded(r, named(r, deviceCookieName, secureDeviceCookieName), device, ttl)
}
