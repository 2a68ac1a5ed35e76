package guest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/guest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

var (
	now    = time.Date(2026, 12, 2, 6, 0, 0, 0, time.UTC)
	claims = guest.Claims{
		UserID: "guest:0123456789abcdef:fedcba9876543210", Document: "welcome", Name: "Ann \"the\" guest",
		IssuedAt: now, Expires: now.Add(15 * time.Minute),
	}
)

// The first secret signs, all count, and each kind of token is of use for that alone.
func TestToken(t *testing.T) {
	old := guest.Sign(guest.Access, claims, "old")
	secrets := []string{"new", "old"}
	for _, text := range []string{old, guest.Sign(guest.Access, claims, "new")} {
		if c, err := guest.Parse(guest.Access, text, secrets, now); err != nil || c != claims {
			t.Errorf("%v %v", c, err)
		}
		if _, err := guest.Parse(guest.Again, text, secrets, now); err == nil {
			t.Error("it is of the other kind, too")
		}
	}
	if _, err := guest.Parse(guest.Access, old, []string{"new"}, now); err == nil || err.Code != protocol.AuthenticationFailed {
		t.Error("a secret that is gone still counts", err)
	}
	if _, err := guest.Parse(guest.Access, old, nil, now); err == nil {
		t.Error("without a secret it counts")
	}
	if _, err := guest.Parse(guest.Access, old, secrets, claims.Expires); err == nil || err.Code != protocol.TokenExpired {
		t.Error("it outlives its end", err)
	}
	if c, ok := guest.Who(guest.Access, old, secrets); !ok || c.UserID != claims.UserID {
		t.Error("nobody knows whom it was of")
	}
	if planned, err := peek.Peek(old); err != nil || planned.UserID != claims.UserID || planned.Exp != claims.Expires.Unix() || planned.Iat != now.Unix() {
		t.Errorf("a client cannot plan by it: %+v %v", planned, err)
	}
}

// The attacker changes one byte, anywhere.
func TestTokenOfOneOtherByte(t *testing.T) {
	text := guest.Sign(guest.Access, claims, "secret")
	for i := range text {
		for _, c := range []byte{'A', 'b', '.', '-', '='} {
			forged := text[:i] + string(c) + text[i+1:]
			if _, err := guest.Parse(guest.Access, forged, []string{"secret"}, now); err == nil && forged != text {
				t.Errorf("byte %d may be %q", i, c)
			}
		}
	}
	for _, forged := range []string{"", ".", "hfg", "hfg..", text[:len(text)-1], text + ".", "hfg." + strings.Repeat("A", 9000) + ".AAAA"} {
		if _, err := guest.Parse(guest.Access, forged, []string{"secret"}, now); err == nil {
			t.Errorf("%.20q counts", forged)
		}
	}
}

// No issuer's verifier takes a guest's token, nor is a JWT one.
func TestTokenIsNoJWT(t *testing.T) {
	text := guest.Sign(guest.Access, claims, "secret")
	if !guest.Is(text) || guest.Is("eyJhbGciOiJub25lIn0.e30.") {
		t.Error("the kinds are not told apart")
	}
	if _, err := (&token.Verifier{}).Parse(text); err == nil {
		t.Error("it is a JWT")
	}
}

// A signed token that names no guest is none: no other token that the secret might sign ever names a user.
func TestTokenOfNoGuest(t *testing.T) {
	for _, user := range []string{"usr_owner", "guest:", "guest:0123456789abcdef:", "guest:0123456789abcdef:fedcba987654321g", "Guest:0123456789abcdef:fedcba9876543210"} {
		c := claims
		c.UserID = user
		if _, err := guest.Parse(guest.Access, guest.Sign(guest.Access, c, "s"), []string{"s"}, now); err == nil {
			t.Errorf("%s is a guest", user)
		}
	}
}
