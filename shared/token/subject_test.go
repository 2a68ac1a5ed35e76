package token

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// who returns the subject of a token with these claims beside iat and exp, or why it is refused.
func who(v *Verifier, claims string) string {
	c, err := check(v, sign(rs256, `{"iat":1736243900,"exp":1736244900`+claims+`}`), now)
	if err != nil {
		return string(err.Code) + " " + err.Reason
	}
	return c.Subject
}

// TestSubjectIsOneClaim: somebody who has an account with the issuer, and may choose every claim
// but the one that names the user, is nobody but themselves.
func TestSubjectIsOneClaim(t *testing.T) {
	const missing, malformed, unverified = "AUTHENTICATION_FAILED claim_missing", "AUTHENTICATION_FAILED token_malformed", "AUTHENTICATION_FAILED email_not_verified"
	for _, c := range []struct{ claim, claims, want string }{
		{"", `,"user_id":"u1","sub":"s1","email":"a@example.com","email_verified":true`, "u1"},
		{"", `,"sub":"s1","email":"a@example.com","email_verified":true`, missing},
		{"", `,"user_id":"","email":"a@example.com","email_verified":true`, missing},
		{"", `,"user_id":"Alice@Example.com"`, "Alice@Example.com"}, // here it is no e-mail
		{"sub", `,"user_id":"u1","sub":"auth0|5f7c","email":"a@example.com"`, "auth0|5f7c"},
		{"sub", `,"user_id":"u1","email":"a@example.com","email_verified":true`, missing},
		{"sub", `,"sub":null,"user_id":"u1"`, missing},
		{"sub", `,"SUB":"s2","user_id":"u1"`, missing},
		{"email", `,"user_id":"u1","email":"Alice@Example.COM","email_verified":true`, "alice@example.com"},
		{"email", `,"email":"alice@example.com","email_verified":false`, unverified},
		{"email", `,"email":"alice@example.com"`, unverified},
		{"email", `,"email":"alice@example.com","email_verified":null`, unverified},
		{"email", `,"email":"alice@example.com","email_verified":"true"`, unverified},
		{"email", `,"email":"alice@example.com","email_verified":1`, unverified},
		{"email", `,"email":"alice@example.com","email_verified":[true]`, unverified},
		{"email", `,"email":"alice@example.com","email_verified":{"email":true}`, unverified},
		{"email", `,"user_id":"u1","sub":"s1","email_verified":true`, missing},
		{"email", `,"email":"\u200balice@example.com","email_verified":true`, malformed},
		{"email", `,"email":" alice@example.com","email_verified":true`, malformed},
		{"email", `,"email":["alice@example.com"],"email_verified":true`, malformed},
		{"https://app.example/uid", `,"https://app.example/uid":"u7","user_id":"u1"`, "u7"},
		{"preferred_username", `,"preferred_username":"alice","user_id":"u1"`, "alice"},
		{"phone_number", `,"phone_number":"+4915112345","phone_number_verified":true`, "+4915112345"},
		{"phone_number", `,"phone_number":"+4915112345","phone_number_verified":false`, unverified},
		{"phone_number", `,"phone_number":"+4915112345"`, unverified},
		{"login", `,"login":"alice","login_verified":false`, unverified},
		{"login", `,"login":"alice","login_verified":"true"`, unverified},
		{"id", `,"user":{"id":"u1"}`, missing}, // only a claim of its own counts, not one inside another

		{"", `,"user_id":42`, "42"},
		{"", `,"user_id":0`, "0"},
		{"", `,"user_id":-7`, "-7"},
		{"", `,"user_id":9007199254740991`, "9007199254740991"},
		{"", `,"user_id":9007199254740993`, malformed}, // 2^53 and one: to a reader of floats it is another user
		{"", `,"user_id":99999999999999999999999`, malformed},
		{"", `,"user_id":4.2`, malformed},
		{"", `,"user_id":42.0`, malformed},
		{"", `,"user_id":42e0`, malformed},
		{"", `,"user_id":-0`, malformed},
		{"", `,"user_id":true`, malformed},
		{"", `,"user_id":{"id":42}`, malformed},
		{"sub", `,"sub":42`, "42"},
	} {
		if got := who(&Verifier{Subject: c.claim}, c.claims); got != c.want {
			t.Errorf("SUBJECT_CLAIM %q, %s: %q, want %q", c.claim, c.claims, got, c.want)
		}
	}
	// No user of an issuer's is called as a guest is, by whatever prefix.
	const reserved = "AUTHENTICATION_FAILED subject_of_another_issuer"
	for prefix, subject := range map[string]string{"": "guest:0123456789abcdef:0000000000000001", "gu": "est:0123456789abcdef:0000000000000001", "guest:": "x"} {
		if got := who(&Verifier{Prefix: prefix}, `,"user_id":"`+subject+`"`); got != reserved {
			t.Errorf("prefix %q, subject %q: %q", prefix, subject, got)
		}
	}
	all := &Verifier{Subject: EmailClaim, EmailsVerified: true}
	for _, verified := range []string{"", `,"email_verified":false`, `,"email_verified":"true"`} {
		if got := who(all, `,"email":"Alice@example.com"`+verified); got != "alice@example.com" {
			t.Errorf("an issuer that verifies, %s: %q", verified, got)
		}
	}
}

func TestSubjectClaim(t *testing.T) {
	for name, want := range map[string]bool{
		"user_id": true, "sub": true, "email": true, "https://app.example/uid": true,
		"": false, "iss": false, "aud": false, "exp": false, "jti": false, "email_verified": false,
	} {
		if SubjectClaim(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// TestDecoration: no name, and no e-mail that is not the subject, keeps anybody out.
func TestDecoration(t *testing.T) {
	for raw, want := range map[string]string{
		`"José 山田 👩‍💻"`: "José 山田 👩‍💻",
		`"می‌خواهم"`:    "می‌خواهم",
		`"Isla 🏴\udb40\udc67\udb40\udc62\udb40\udc73\udb40\udc63\udb40\udc74\udb40\udc7f"`: "Isla 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
		`"\u202aAnna Berg\u202c"`:             "Anna Berg",
		`"\u2068Anna\u2069"`:                  "Anna",
		`"Donau\u00addampfer"`:                "Donaudampfer",
		`"\ufeffAnna"`:                        "Anna",
		`"Anna\tBerg"`:                        "Anna Berg",
		`"Anna\n\nBerg "`:                     "Anna Berg",
		`"Anna\u0085"`:                        "Anna",
		`"A\u2060B"`:                          "AB",
		`"Anna \ud83d"`:                       "Anna",
		`"\u202eannA"`:                        "annA",
		`""`:                                  "",
		`" \u200b "`:                          "",
		`"` + strings.Repeat("山", 100) + `"`:  strings.Repeat("山", 85),
		`"` + strings.Repeat("a", 255) + `é"`: strings.Repeat("a", 255),
		`"` + strings.Repeat("a", 256) + `"`:  strings.Repeat("a", 256),
		`"` + strings.Repeat("a", 255) + " " + `bc"`: strings.Repeat("a", 255),
		`7`: "", `null`: "", `["Anna"]`: "", `{"first":"Anna"}`: "", `true`: "",
	} {
		for _, claim := range []string{"name", "email"} {
			c, err := check(&Verifier{}, sign(rs256, with(claim, raw)), now)
			got, want := c.Name, want
			if claim == "email" {
				// An e-mail that needs cleaning would become somebody else's: it reads as none.
				var text string
				json.Unmarshal([]byte(raw), &text)
				if got = c.Email; text != want {
					want = ""
				}
				want = lower(want)
			}
			if err != nil || got != want {
				t.Errorf("%s %.40s: %q, %v, want %q", claim, raw, got, err, want)
			}
		}
	}
}

// TestNotYetValid: a client waits for a token that is not valid yet, and does not sign out.
func TestNotYetValid(t *testing.T) {
	v := &Verifier{Leeway: DefaultLeeway}
	for claims, want := range map[string]time.Duration{
		`"iat":1736244000,"exp":1736249000`:                    0,
		`"iat":1736244030,"exp":1736249000`:                    0,
		`"iat":1736244015.9,"exp":1736249000`:                  0,
		`"iat":1736244045,"exp":1736249000`:                    15 * time.Second,
		`"iat":1736244000,"nbf":1736244630,"exp":1736249000`:   10 * time.Minute,
		`"iat":1736244045,"nbf":1736244035,"exp":1736249000`:   15 * time.Second,
		`"iat":1736244000,"nbf":1736330400,"exp":253402300799`: time.Hour, // then the client asks again
	} {
		_, err := check(v, sign(rs256, `{"user_id":"u1",`+claims+`}`), now)
		switch {
		case want == 0 && err != nil:
			t.Errorf("%s: %v", claims, err)
		case want > 0 && (err == nil || err.Code != protocol.ServiceUnavailable || err.Reason != ReasonNotYetValid || err.RetryAfter != want || err.CloseCode() != 4203):
			t.Errorf("%s: %+v, want to wait %v", claims, err, want)
		}
	}
	// A token that expires before it becomes valid is refused for good.
	if got := who(v, `,"user_id":"u1","nbf":1736244900`); got != "AUTHENTICATION_FAILED not_yet_valid" {
		t.Error(got)
	}
}

func TestTokenTypes(t *testing.T) {
	for raw, want := range map[string]string{`"access"`: "", `"Bearer"`: "", `"bearer"`: "", `"refresh"`: ReasonWrongType, `"id"`: ReasonWrongType, `7`: ReasonMalformed} {
		if got := reasonFor(t, rs256, with("token_type", raw), now); got != want {
			t.Errorf("token_type %s: %q, want %q", raw, got, want)
		}
	}
}

// TestTokensOfAnotherApp: a token of another app of the same issuer has a true signature, and
// admits nobody here.
//
// The audience of an ID token is the app it was made for (OpenID Connect Core, 2).
func TestTokensOfAnotherApp(t *testing.T) {
	v := &Verifier{Issuer: issuer, Audience: []string{"web", "phone"}}
	for raw, want := range map[string]string{
		`"web"`: "", `"phone"`: "", `["other","phone"]`: "",
		`"some-other-app"`: ReasonAudience, `["some-other-app"]`: ReasonAudience, `"web phone"`: ReasonAudience, `"*"`: ReasonAudience, `"we"`: ReasonAudience,
		``: ReasonClaimMissing, `""`: ReasonClaimMissing,
	} {
		if _, err := check(v, sign(rs256, with("aud", raw)), now); reasonOf(err) != want {
			t.Errorf("aud %s: %q, want %q", raw, reasonOf(err), want)
		}
	}
	v = &Verifier{Issuer: issuer, Unaddressed: true}
	for raw, want := range map[string]string{``: "", `null`: "", `"web"`: ReasonAudience, `["web"]`: ReasonAudience, `[]`: ReasonAudience, `7`: ReasonAudience, `{}`: ReasonAudience} {
		if _, err := check(v, sign(rs256, with("aud", raw)), now); reasonOf(err) != want {
			t.Errorf("of an issuer that addresses none, aud %s: %q, want %q", raw, reasonOf(err), want)
		}
	}
}
