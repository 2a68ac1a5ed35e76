package front

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// hooked is a deployment whose Worker reads the claims in a way of its own.
func hooked(hook func(claims map[string]any) map[string]any) func(t *testing.T) *worker {
	return func(t *testing.T) *worker {
		w := newWorker(t, with(embedded(), claimsHook, "1"))
		w.claims = hook
		return w
	}
}

func gives(claims string) func(map[string]any) map[string]any {
	return func(map[string]any) map[string]any { return map[string]any{"body": claims} }
}

// TestClaimsHook: what the hook returns says who the user is, and nothing else of the token.
func TestClaimsHook(t *testing.T) {
	const admitted = "verify, claims_hook, call SESSIONS/u7, forward DOCUMENTS/welcome"
	for _, c := range []struct{ what, returns, claims string }{
		{"a subject", `{"user_id":"u7"}`, `{"exp":1736244900,"iat":1736243900,"jti":"t1","user_id":"u7"}`},
		{"a name and an e-mail", `{"user_id":"u7","name":"Seven","email":"Seven@example.com"}`,
			`{"email":"seven@example.com","exp":1736244900,"iat":1736243900,"jti":"t1","name":"Seven","user_id":"u7"}`},
		{"a longer life", `{"user_id":"u7","exp":1836244900}`, `{"exp":1736244900,"iat":1736243900,"jti":"t1","user_id":"u7"}`},
		{"a shorter life", `{"user_id":"u7","exp":1736244800}`, `{"exp":1736244800,"iat":1736243900,"jti":"t1","user_id":"u7"}`},
		{"an exp that is none", `{"user_id":"u7","exp":"never"}`, `{"exp":1736244900,"iat":1736243900,"jti":"t1","user_id":"u7"}`},
		{"another id and time of issue", `{"user_id":"u7","jti":"t2","iat":1736244000}`, `{"exp":1736244900,"iat":1736243900,"jti":"t1","user_id":"u7"}`},
		{"another issuer", `{"user_id":"u7","iss":"https://evil.example","aud":"x","nbf":1836244900,"token_type":"id"}`,
			`{"exp":1736244900,"iat":1736243900,"jti":"t1","user_id":"u7"}`},
	} {
		w := hooked(gives(c.returns))(t)
		w.call = func(string, map[string]any) map[string]any {
			return map[string]any{"body": strings.ReplaceAll(grant, "usr_owner", "u7")}
		}
		if end := w.run(upgrade(line + "?client_id=c&token=" + goodToken())); end["do"] != "socket" || w.way() != admitted {
			t.Errorf("%s: %s: %v", c.what, w.way(), end)
			continue
		}
		if got, _ := json.Marshal(w.bodies[0]["claims"]); string(got) != c.claims {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, got, c.claims)
		}
	}
}

// TestClaimsHookRefuses: whatever the hook does, nobody comes in whom it does not name.
func TestClaimsHookRefuses(t *testing.T) {
	for _, c := range []struct {
		what   string
		result map[string]any
		want   string
	}{
		{"it refuses", map[string]any{"refused": true}, "AUTHENTICATION_FAILED claims_refused"},
		{"it refuses and names somebody", map[string]any{"refused": true, "body": `{"user_id":"u7"}`}, "AUTHENTICATION_FAILED claims_refused"},
		{"it fails", map[string]any{"error": "failed"}, "SERVICE_UNAVAILABLE claims_unavailable"},
		{"it says nothing", map[string]any{}, "SERVICE_UNAVAILABLE claims_unavailable"},
		{"no JSON", map[string]any{"body": "u7"}, "SERVICE_UNAVAILABLE claims_unusable"},
		{"a list", map[string]any{"body": `[{"user_id":"u7"}]`}, "SERVICE_UNAVAILABLE claims_unusable"},
		{"a claim twice", map[string]any{"body": `{"user_id":"u7","user_id":"u8"}`}, "SERVICE_UNAVAILABLE claims_unusable"},
		{"too deep", map[string]any{"body": `{"user_id":"u7","a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`}, "SERVICE_UNAVAILABLE claims_unusable"},
		{"nobody", map[string]any{"body": `{"name":"Seven"}`}, "AUTHENTICATION_FAILED claim_missing"},
		{"what is no id", map[string]any{"body": `{"user_id":["u7"]}`}, "AUTHENTICATION_FAILED token_malformed"},
		{"a life that is over", map[string]any{"body": `{"user_id":"u7","exp":1736243901}`}, "TOKEN_EXPIRED token_expired"},
	} {
		w := hooked(func(map[string]any) map[string]any { return c.result })(t)
		code, reason := failure(t, w.run(upgrade(line+"?client_id=c&token="+goodToken())))
		if got := code + " " + reason; got != c.want || w.way() != "verify, claims_hook, respond" {
			t.Errorf("%s: %s by %s", c.what, got, w.way())
		}
	}
}

// TestClaimsHookIsAskedLast: a stranger without a genuine token of now cannot make the hook run,
// and nobody can who is over the limits.
func TestClaimsHookIsAskedLast(t *testing.T) {
	k1 := `{"alg":"RS256","kid":"k1"}`
	asked := 0
	w := hooked(func(claims map[string]any) map[string]any { asked++; return map[string]any{"refused": true} })(t)
	forged := strings.Split(goodToken(), ".")
	forged[1] = b64(strings.Replace(good, "usr_owner", "usr_other", 1))
	for _, token := range []string{
		strings.Join(forged, "."),
		sign(k1, strings.Replace(good, issuer, "https://evil.example", 1)),
		sign(k1, strings.Replace(good, "1736244900", "1736243901", 1)),
		sign(k1, strings.Replace(good, `"access"`, `"id"`, 1)),
		sign(k1, strings.Replace(good, `{`, `{"nbf":1736247900,`, 1)),
		sign(k1, strings.Replace(good, `{`, `{"aud":"another app",`, 1)),
	} {
		w.run(upgrade(line + "?client_id=c&token=" + token))
	}
	if asked != 0 {
		t.Errorf("the hook was asked about %d tokens that are not good", asked)
	}
	w = newWorker(t, with(with(with(embedded(), claimsHook, "1"), "CONNECTS_PER_IP_PER_MIN", "1"), "CONNECTS_PER_IP_BURST", "1"))
	w.claims = func(claims map[string]any) map[string]any {
		if asked++; claims["user_id"] != "usr_owner" || claims["iss"] != issuer {
			t.Errorf("it was shown %v", claims)
		}
		return map[string]any{"refused": true}
	}
	for range 5 {
		w.run(upgrade(line+"?client_id=c&token="+goodToken(), "cf-connecting-ip", "192.0.2.1"))
	}
	if asked != 1 {
		t.Errorf("asked %d times by an address that may connect once", asked)
	}
}

// TestClaimsHookFailing: a hook that is away counts against nobody.
func TestClaimsHookFailing(t *testing.T) {
	w := newWorker(t, with(with(with(embedded(), claimsHook, "1"), "CONNECTS_PER_IP_PER_MIN", "1"), "CONNECTS_PER_IP_BURST", "1"))
	w.claims = func(map[string]any) map[string]any { return map[string]any{"error": "failed"} }
	for range 3 {
		if _, reason := failure(t, w.run(upgrade(line+"?client_id=c&token="+goodToken(), "cf-connecting-ip", "192.0.2.1"))); reason != reasonClaimsAway {
			t.Errorf("refused as %s", reason)
		}
	}
}

// TestClaimsHookSlow: a token that expires while the hook is asked is not let in.
func TestClaimsHookSlow(t *testing.T) {
	var w *worker
	w = hooked(func(map[string]any) map[string]any {
		w.now = w.now.Add(time.Hour)
		return map[string]any{"body": `{"user_id":"u7"}`}
	})(t)
	if code, _ := failure(t, w.run(upgrade(line+"?client_id=c&token="+goodToken()))); code != "TOKEN_EXPIRED" {
		t.Errorf("it is %s", code)
	}
}

// A token that comes over a socket is asked about as well.
func TestClaimsHookOnRefresh(t *testing.T) {
	w := hooked(gives(`{"user_id":"u7"}`))(t)
	end := w.run(map[string]any{"kind": "verify_token", "token": goodToken()})
	if claims, _ := end["claims"].(map[string]any); end["do"] != "claims" || claims["user_id"] != "u7" {
		t.Errorf("%v", end)
	}
}

// TestClaimsHookOfSeveralIssuers: the hook names a user of the token's own issuer and of no other, and whom the
// token was made for stays the token's own word.
func TestClaimsHookOfSeveralIssuers(t *testing.T) {
	p := &published{}
	p.document(second, "https://two.example/keys", jwk("k1"))
	w := newWorker(t, with(embedded(), claimsHook, "1", "ISSUERS", `[{"issuer":"`+second+`","audience":"web","audience_claim":"client_id","user_prefix":"two:"}]`))
	w.fetch = p.fetch
	w.claims = gives(`{"sub":"alice","user_id":"bob","client_id":"web","iss":"` + issuer + `"}`)
	for token, want := range map[string]string{
		from(second, "k1", `,"client_id":"web","sub":"s1"`):       "two:alice",
		from(second, "k1", `,"client_id":"elsewhere","sub":"s1"`): "- audience_mismatch",
		goodToken(): "bob",
	} {
		if got := w.who(token); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	w.claims = gives(`{"user_id":"two:alice"}`)
	if got := w.who(goodToken()); got != "- subject_of_another_issuer" {
		t.Error(got)
	}
}
