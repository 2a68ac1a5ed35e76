//go:build !js

package e2e

import (
	"testing"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// A check that finds nothing in anything is worth nothing.
func TestLeaksAreFound(t *testing.T) {
	s := &harness.Server{T: t, URL: "http://leaks"}
	s.Shown("an access token", "eyJhbGciOiJSUzI1NiJ9.eyJ1c2VyX2lkIjoidSJ9.c2lnbmF0dXJlc2lnbmF0dXJl")
	s.Shown("a word", "hello")
	for text, want := range map[string]string{
		`{"event":"connect_admitted","user_id":"usr_owner","hello":1}`: "",
		"GET /v1/ws?token=x.eyJ1c2VyX2lkIjoidSJ9.x":                    "an access token",
		"Error: " + secrets["ADMIN_TOKEN"]:                             "ADMIN_TOKEN",
		"jwk " + secrets["SIGNING_KEY"]:                                "SIGNING_KEY",
	} {
		if got := s.Leak(text); got != want {
			t.Errorf("%.40q…: found %q, want %q", text, got, want)
		}
	}
}
