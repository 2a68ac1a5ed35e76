package token

import (
	"strings"
	"testing"
	"time"
)

// What seed S2 requires of a token: a test for each row of its table. TestAttacks has
// further attacks.

func reasonFor(t *testing.T, head, body string, at time.Time) string {
	t.Helper()
	_, err := check(&Verifier{Issuer: issuer}, sign(head, body), at)
	return reasonOf(err)
}

// S2: "Algorithm | RS256".
func TestSpecAlgorithm(t *testing.T) {
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "HS256", "none", ""} {
		want := ReasonAlgorithm
		if alg == "RS256" {
			want = ""
		}
		if got := reasonFor(t, `{"alg":"`+alg+`","kid":"k1"}`, good, now); got != want {
			t.Errorf("%q: %q, want %q", alg, got, want)
		}
	}
}

// S2: "Issuer | `https://api.materi.dev`".
func TestSpecIssuer(t *testing.T) {
	for raw, want := range map[string]string{
		`"https://api.materi.dev"`: "", `"http://api.materi.dev"`: ReasonIssuer, `"https://api.materi.dev.evil.example"`: ReasonIssuer,
		`""`: ReasonClaimMissing, "": ReasonClaimMissing,
	} {
		if got := reasonFor(t, rs256, with("iss", raw), now); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// S2: "Required Claims | `user_id`, `exp`, `iat`". S1: "Each UserSession is keyed by
// email": where a deployment chooses so, and then however the e-mail is spelt.
func TestSpecRequiredClaims(t *testing.T) {
	for _, claim := range []string{"exp", "iat"} {
		if got := reasonFor(t, rs256, with(claim, ""), now); got != ReasonClaimMissing {
			t.Errorf("without %s: %q", claim, got)
		}
	}
	nobody := strings.Replace(with("user_id", ""), `"email":"User@Example.com",`, "", 1)
	if got := reasonFor(t, rs256, nobody, now); got != ReasonClaimMissing {
		t.Errorf("without user_id and email: %q", got)
	}
	for _, email := range []string{"alex@example.com", "Alex@Example.COM"} {
		claims := strings.Replace(with("email_verified", "true"), "User@Example.com", email, 1)
		c, err := check(&Verifier{Issuer: issuer, Subject: EmailClaim}, sign(rs256, claims), now)
		if err != nil || c.Subject != "alex@example.com" {
			t.Errorf("%s: subject %q, %v", email, c.Subject, err)
		}
	}
}

// S2: "Max Age | Must not be expired". S1: "Expired tokens are rejected".
func TestSpecMaxAge(t *testing.T) {
	exp := time.Unix(1736244900, 0)
	for at, want := range map[time.Time]string{
		exp.Add(-time.Second): "", exp.Add(DefaultLeeway): ReasonExpired, exp.Add(24 * time.Hour): ReasonExpired,
	} {
		if got := reasonFor(t, rs256, good, at); got != want {
			t.Errorf("%v after expiry: %q, want %q", at.Sub(exp), got, want)
		}
	}
}

// S2: “"token_type": "access"”.
func TestSpecTokenType(t *testing.T) {
	for raw, want := range map[string]string{`"access"`: "", `"refresh"`: ReasonWrongType, `""`: ReasonWrongType, "": ""} {
		if got := reasonFor(t, rs256, with("token_type", raw), now); got != want {
			t.Errorf("token_type %s: %q, want %q", raw, got, want)
		}
	}
}

// S2: “"iat": 1704067200, "exp": 1704068100”: seconds, a quarter of an hour apart.
func TestSpecTimes(t *testing.T) {
	body := strings.NewReplacer("1736243900", "1704067200", "1736244900", "1704068100").Replace(good)
	c, err := check(&Verifier{Issuer: issuer}, sign(rs256, body), time.Unix(1704067300, 0))
	if err != nil || c.ExpiresAt.Sub(c.IssuedAt) != 15*time.Minute || c.IssuedAt.Year() != 2024 {
		t.Errorf("%+v, %v", c, err)
	}
}
