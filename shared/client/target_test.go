package client

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// TestValidBase: only what a browser's WebSocket takes without throwing. S2:
// "Validate server identity - Use WSS with certificate verification".
func TestValidBase(t *testing.T) {
	for base, want := range map[string]bool{
		"ws://127.0.0.1:8787":    true,
		"wss://api.example.com":  true,
		"wss://h/base/path":      true,
		"ws://[::1]:8787":        true,
		"wss://h/a%20b":          true,
		"":                       false,
		"ws://":                  false,
		"ws:///path":             false,
		"ws://:80":               false,
		"http://h":               false,
		"//h":                    false,
		"ws://h?token=x":         false,
		"ws://h#x":               false,
		"ws://user:secret@h":     false,
		"ws://h/ü":               false,
		"ws://h/%zz":             false,
		"ws://h/\n":              false,
		"javascript:alert(1)":    false,
		"wss://h/a b":            false,
		"ws://h/" + longID(3000): false,
	} {
		if got := validBase(base); got != want {
			t.Errorf("%q: %v", base, got)
		}
	}
}

// TestStartRefusesIDsThatCannotTravel in a query or on the channel.
func TestStartRefusesIDsThatCannotTravel(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.TabID = "" },
		func(c *Config) { c.TabID = "a\"b" },
		func(c *Config) { c.TabID = longID(65) },
		func(c *Config) { c.ClientID = "" },
		func(c *Config) { c.ClientID = longID(maxID + 1) },
	} {
		w := newWorld()
		w.open("t1", change)
		want(t, w, `"reason":"bad_id"`, 2)
		want(t, w, "lock", 1) // unlock
	}
}

// TestSubject: what tells two people's tokens apart before the server has said who they are.
func TestSubject(t *testing.T) {
	for want, claims := range map[string]peek.Claims{
		"u1":            {UserID: "u1", Sub: "s1", Email: "A@b.c"},
		"s1":            {Sub: "s1", Email: "A@b.c"},
		"ann@example.c": {Email: "Ann@Example.C"},
		"":              {},
	} {
		if got := renewal.Subject(claims); got != want {
			t.Errorf("%+v: %q", claims, got)
		}
	}
}

// TestLifetime is exp − iat; a token that does not say when it was made is taken
// for a short one.
func TestLifetime(t *testing.T) {
	if got := renewal.Lifetime(peek.Claims{Iat: 1000, Exp: 1900}); got != 15*time.Minute {
		t.Error(got)
	}
	if got := renewal.Lifetime(peek.Claims{Exp: 1900}); got != 2*time.Minute {
		t.Error(got)
	}
}

func longID(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a'
	}
	return string(b)
}
