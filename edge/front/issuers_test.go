package front

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	first  = "https://one.example/"
	second = "https://two.example/tenant"
	third  = "https://three.example"
)

// several is a deployment that trusts two issuers, and neither says where its keys are but by discovery.
func several(more ...string) map[string]string {
	list := append([]string{
		`{"issuer":"` + first + `","audience":"web"}`,
		`{"issuer":"` + second + `","audience":["web","phone"],"user_prefix":"two:"}`,
	}, more...)
	return map[string]string{"ISSUERS": "[" + strings.Join(list, ",") + "]"}
}

// from is a token of an issuer's, by its key.
func from(issuer, kid, claims string) string {
	return sign(`{"alg":"RS256","kid":"`+kid+`"}`, `{"iat":1736243900,"exp":1736244900,"iss":"`+issuer+`"`+claims+`}`)
}

// published plays the issuers: what is at which address, and what was asked.
type published struct {
	at    map[string]map[string]any
	asked []string
}

func (p *published) fetch(url string) map[string]any {
	p.asked = append(p.asked, url)
	if answer, ok := p.at[url]; ok {
		return answer
	}
	return map[string]any{"status": 404, "body": "<html>"}
}

func (p *published) document(issuer, jwks string, keys ...string) {
	if p.at == nil {
		p.at = map[string]map[string]any{}
	}
	p.at[strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration"] = map[string]any{"status": 200, "body": `{"issuer":"` + issuer + `","jwks_uri":"` + jwks + `"}`}
	p.at[jwks] = map[string]any{"status": 200, "body": `{"keys":[` + strings.Join(keys, ",") + `]}`}
}

// who returns whom a token admits, or why it does not.
func (w *worker) who(token string) (user string) {
	w.t.Helper()
	w.call = func(name string, _ map[string]any) map[string]any {
		user = name
		raw, _ := json.Marshal(name)
		return map[string]any{"body": strings.Replace(grant, `"usr_owner"`, string(raw), 1)}
	}
	end := w.run(upgrade(line+"?client_id=c", "authorization", "Bearer "+token))
	if end["do"] != "socket" {
		_, reason := failure(w.t, end)
		return "- " + reason
	}
	return user
}

// TestIssuers: power of the attacker: an account with one trusted issuer, or all of one issuer. Nobody of
// another issuer is in reach.
func TestIssuers(t *testing.T) {
	p := &published{}
	p.document(first, "https://one.example/keys", jwk("k1"))
	p.document(second, "https://keys.two.example/", otherJWK("k1"), jwk("k2"))
	w := newWorker(t, several())
	w.fetch = p.fetch
	for _, c := range []struct{ what, token, want string }{
		{"the first issuer's user", from(first, "k1", `,"aud":"web","sub":"alice"`), "alice"},
		{"the second's of the same name", from(second, "k2", `,"aud":"phone","sub":"alice"`), "two:alice"},
		{"the second's number", from(second, "k2", `,"aud":"phone","sub":7`), "two:7"},
		{"the first's, by the name of one of the second's", from(first, "k1", `,"aud":"web","sub":"two:alice"`), "- subject_of_another_issuer"},
		{"the first's, nearly so", from(first, "k1", `,"aud":"web","sub":"two"`), "two"},
		{"the second's key in the first's name", from(first, "k2", `,"aud":"web","sub":"alice"`), "- key_not_known_yet"},
		{"the first's key in the second's name", from(second, "k1", `,"aud":"web","sub":"alice"`), "- signature_invalid"},
		{"the second's audience at the first", from(first, "k1", `,"aud":"phone","sub":"alice"`), "- audience_mismatch"},
		{"no audience", from(second, "k2", `,"sub":"alice"`), "- claim_missing"},
		{"an issuer of no trust", from("https://evil.example", "k1", `,"aud":"web","sub":"alice"`), "- issuer_mismatch"},
		{"an issuer spelt otherwise", from(strings.TrimSuffix(first, "/"), "k1", `,"aud":"web","sub":"alice"`), "- issuer_mismatch"},
		{"an empty issuer", from("", "k1", `,"aud":"web","sub":"alice"`), "- claim_missing"},
		{"two issuers", sign(`{"alg":"RS256","kid":"k1"}`, `{"iss":"`+first+`","iss":"`+second+`"}`), "- token_malformed"},
		{"a list of issuers", sign(`{"alg":"RS256","kid":"k1"}`, `{"iss":["`+first+`"]}`), "- token_malformed"},
		{"a user too long behind the prefix", from(second, "k2", `,"aud":"web","sub":"`+strings.Repeat("a", 253)+`"`), "- token_malformed"},
		{"a claim that is the other's", from(second, "k2", `,"aud":"web","user_id":"alice"`), "- claim_missing"},
	} {
		if got := w.who(c.token); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	want := []string{"https://one.example/.well-known/openid-configuration", "https://one.example/keys", "https://two.example/tenant/.well-known/openid-configuration", "https://keys.two.example/"}
	if !slices.Equal(p.asked, want) {
		t.Errorf("asked %v", p.asked)
	}
	// Invented issuers and keys fetch nothing; not even after every cooldown, if the issuer is one of nobody's.
	for n := range 50 {
		w.who(from(fmt.Sprintf("https://%d.evil.example", n), "k1", `,"aud":"web","sub":"alice"`))
		w.who(from(first, fmt.Sprint("invented", n), `,"aud":"web","sub":"alice"`))
	}
	w.now = w.now.Add(time.Hour)
	w.who(from("https://evil.example", "k1", `,"aud":"web","sub":"alice"`))
	if len(p.asked) != len(want) {
		t.Errorf("strangers had us ask %v", p.asked[len(want):])
	}
}

// TestRefreshStaysWithItsIssuer: what an object is told of a token in place is whom it names, prefix and all,
// so a token of another issuer is another user's there.
func TestRefreshStaysWithItsIssuer(t *testing.T) {
	p := &published{}
	p.document(first, "https://one.example/keys", jwk("k1"))
	p.document(second, "https://two.example/keys", jwk("k1"))
	w := newWorker(t, several())
	w.fetch = p.fetch
	for issuer, want := range map[string]string{first: "alice", second: "two:alice"} {
		end := w.run(map[string]any{"kind": "verify_token", "token": from(issuer, "k1", `,"aud":"web","sub":"alice"`)})
		if claims, _ := end["claims"].(map[string]any); claims["user_id"] != want {
			t.Errorf("%s: %v", issuer, end)
		}
	}
}

// TestOneIssuersOutage: nobody of another issuer waits, or is refused.
func TestOneIssuersOutage(t *testing.T) {
	p := &published{}
	p.document(second, "https://two.example/keys", jwk("k1"))
	w := newWorker(t, several())
	dead := map[string]map[string]any{"timeout": {"error": "TimeoutError"}, "error": {"status": 503, "body": ""}, "page": {"status": 200, "body": "<html>"}}
	for _, answer := range dead {
		p.at["https://one.example/.well-known/openid-configuration"] = answer
		w.fetch = p.fetch
		for range 5 {
			if got := w.who(from(first, "k1", `,"aud":"web","sub":"alice"`)); got != "- keys_unavailable" {
				t.Errorf("the dead issuer's user: %s", got)
			}
			before := len(p.asked)
			if got := w.who(from(second, "k1", `,"aud":"web","sub":"alice"`)); got != "two:alice" {
				t.Errorf("the other's: %s", got)
			}
			if asked := p.asked[before:]; slices.ContainsFunc(asked, func(url string) bool { return strings.Contains(url, "one.example") }) {
				t.Errorf("the other's user asked %v", asked)
			}
			w.now = w.now.Add(2 * time.Second)
		}
	}
	said := strings.Join(w.logs, "\n")
	if n := strings.Count(said, `"discovery_failed"`); n != 1 || !strings.Contains(said, `"issuer":"https://one.example/"`) {
		t.Errorf("%d lines: %s", n, said)
	}
}

// TestSameUsers: an operator who says so aloud has two issuers name the same people, as while an
// issuer moves to another domain.
func TestSameUsers(t *testing.T) {
	p := &published{}
	for _, issuer := range []string{first, second, third} {
		p.document(issuer, issuer+"keys", jwk("k1"))
	}
	w := newWorker(t, several(`{"issuer":"`+third+`","audience":"web","same_users_as":"`+second+`"}`))
	w.fetch = p.fetch
	for issuer, want := range map[string]string{first: "alice", second: "two:alice", third: "two:alice"} {
		if got := w.who(from(issuer, "k1", `,"aud":"web","sub":"alice"`)); got != want {
			t.Errorf("%s: %s", issuer, got)
		}
	}
	if got := w.who(from(first, "k1", `,"aud":"web","sub":"two:alice"`)); got != "- subject_of_another_issuer" {
		t.Error(got)
	}
}

// TestPrefixesThatBeginAlike: one issuer's prefix may be the beginning of another's. Its users cannot
// get at the other's, and the other's are let in.
func TestPrefixesThatBeginAlike(t *testing.T) {
	p := &published{}
	for _, issuer := range []string{first, second, third} {
		p.document(issuer, issuer+"keys", jwk("k1"))
	}
	w := newWorker(t, several(`{"issuer":"`+third+`","audience":"web","user_prefix":"two:more:"}`))
	w.fetch = p.fetch
	for _, c := range []struct{ issuer, sub, want string }{
		{third, "alice", "two:more:alice"},
		{second, "alice", "two:alice"},
		{second, "more:alice", "- subject_of_another_issuer"},
		{first, "two:more:alice", "- subject_of_another_issuer"},
	} {
		if got := w.who(from(c.issuer, "k1", `,"aud":"web","sub":"`+c.sub+`"`)); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.issuer, c.sub, got, c.want)
		}
	}
}

// TestIssuersBesideOne: the embedded issuer, or one of JWKS_URL, beside those of the list.
func TestIssuersBesideOne(t *testing.T) {
	p := &published{}
	p.document(second, "https://two.example/keys", otherJWK("k1"), jwk("k2"))
	list := `[{"issuer":"` + second + `","audience":"web","user_prefix":"two:"}]`
	w := newWorker(t, with(embedded(), "ISSUERS", list))
	w.fetch = p.fetch
	for token, want := range map[string]string{
		goodToken(): "usr_owner",
		from(second, "k2", `,"aud":"web","sub":"usr_owner"`):              "two:usr_owner",
		from(second, "k1", `,"aud":"web","sub":"usr_owner"`):              "- signature_invalid",
		from(issuer, "k2", `,"user_id":"usr_owner"`):                      "- key_unknown",
		from(issuer, "k1", `,"user_id":"two:usr_owner"`):                  "- subject_of_another_issuer",
		from("https://evil.example", "k1", `,"user_id":"usr_owner"`):      "- issuer_mismatch",
		from(second, "k2", `,"aud":"elsewhere","sub":"usr_owner"`):        "- audience_mismatch",
		sign(`{"alg":"RS256"}`, strings.Replace(good, issuer, second, 1)): "- key_unknown", // a token that names no key is the embedded issuer's alone
	} {
		if got := w.who(token); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	w = newWorker(t, with(fetching(), "ISSUERS", list))
	p.at["https://issuer.example/keys"] = map[string]any{"status": 200, "body": `{"keys":[` + jwk("k1") + `]}`}
	w.fetch = p.fetch
	if got := w.who(goodToken()); got != "usr_owner" {
		t.Error(got)
	}
	if got := w.who(from(second, "k2", `,"aud":"web","sub":"usr_owner"`)); got != "two:usr_owner" {
		t.Error(got)
	}
}

// TestUnusableIssuers: of a list that is broken nothing is used, and the log says which entry, and of what it
// shows nothing.
func TestUnusableIssuers(t *testing.T) {
	entry := func(members string) string { return `[{"issuer":"` + second + `","audience":"web"` + members + `}]` }
	many := []string{}
	for n := range 17 {
		many = append(many, fmt.Sprintf(`{"issuer":"https://%d.example","audience":"web","user_prefix":"%d:"}`, n, n))
	}
	for _, c := range []struct{ env, list, saying string }{
		{"", `{}`, "not a JSON list"},
		{"", `secret`, "not a JSON list"},
		{"", `[`, "not a JSON list"},
		{"", `[]`, "empty list"},
		{"", `["` + second + `"]`, "number 1 is no object"},
		{"", `[[]]`, "number 1 is no object"},
		{"", `[{"audience":"web"}]`, "number 1 has no issuer"},
		{"", `[{"issuer":"` + second + `"}]`, "number 1 has no audience"},
		{"", `[{"issuer":"` + second + `","audience":""}]`, "number 1 has no audience"},
		{"", `[{"issuer":"` + second + `","audience":[]}]`, "number 1 has no audience"},
		{"", `[{"issuer":"` + second + `","audience":7}]`, "unusable audience"},
		{"", `[{"issuer":"http://two.example","audience":"web"}]`, "no https URL"},
		{"", `[{"issuer":"https://u:secret@two.example","audience":"web"}]`, "no https URL"},
		{"", `[{"issuer":"two","audience":"web","jwks_url":"http://two.example/keys"}]`, "unusable jwks_url"},
		{"", entry(`,"audience_claim":"scope"`), "unusable audience_claim"},
		{"", entry(`,"subject_claim":"iss"`), "unusable subject_claim"},
		{"", entry(`,"subject_claim":["sub"]`), "unusable subject_claim"},
		{"", entry(`,"emails_verified":"yes"`), "unusable emails_verified"},
		{"", entry(`,"algorithms":"HS256"`), "unusable algorithms"},
		{"", entry(`,"algorithms":["RS256","none"]`), "unusable algorithms"},
		{"", entry(`,"algorithms":[]`), "unusable algorithms"},
		{"", entry(`,"user_prefix":" "`), "unusable user_prefix"},
		{"", entry(`,"user_prefix":"` + strings.Repeat("p", 65) + `"`), "unusable user_prefix"},
		{"", entry(`,"audiance":"web"`), "none of issuer, audience"},
		{"", entry(`,"audience":"phone"`), "a member twice"},
		{"", entry(`,"same_users_as":"` + first + `"`), "none of the issuers before it"},
		{"", entry(`,"same_users_as":"` + second + `"`), "none of the issuers before it"},
		{"", entry(`,"same_users_as":"` + first + `","user_prefix":"x"`), "both user_prefix and same_users_as"},
		{"", `[{"issuer":"` + first + `","audience":"web"},{"issuer":"` + second + `","audience":"web"}]`, "number 2 has the user_prefix of another issuer"},
		{"", `[{"issuer":"` + first + `","audience":"web","user_prefix":"x"},{"issuer":"` + second + `","audience":"web","user_prefix":"x"}]`, "number 2 has the user_prefix of another issuer"},
		{"", `[{"issuer":"` + second + `","audience":"web"},{"issuer":"` + second + `","audience":"phone","user_prefix":"x"}]`, "number 2 has an issuer that is there already"},
		{"", "[" + strings.Join(many, ",") + "]", "more than 16"},
		{"embedded", entry(``), "number 1 has the user_prefix of another issuer"},
		{"embedded", `[{"issuer":"` + issuer + `","audience":"web","user_prefix":"x"}]`, "an issuer that is there already"},
		{"nameless", entry(`,"user_prefix":"x"`), "ISSUER has to be set"},
	} {
		env := map[string]string{"ISSUERS": c.list}
		switch c.env {
		case "embedded":
			env = with(embedded(), "ISSUERS", c.list)
		case "nameless":
			env = with(embedded(), "ISSUERS", c.list, "ISSUER", "")
		}
		raw, _ := json.Marshal(env)
		cfg, err := ParseEnv(raw)
		said := Complaints(raw, cfg, err)
		if cfg.Fault == nil || !strings.Contains(said, `"reason":"issuers_unusable"`) || !strings.Contains(said, c.saying) || strings.Contains(said, "secret") {
			t.Errorf("%s: %s", c.list, said)
			continue
		}
		w := &worker{t: t, front: New(cfg), now: now}
		if end := w.run(get("http://127.0.0.1:8787/healthz")); end["status"] != 503.0 {
			t.Errorf("%s: healthy: %v", c.list, end)
		}
		if got := w.who(goodToken()); got != "- issuers_unusable" {
			t.Errorf("%s: %s", c.list, got)
		}
	}
	raw, _ := json.Marshal(map[string]string{"ISSUERS": "[" + strings.Join(many[:16], ",") + "]"})
	if cfg, err := ParseEnv(raw); err != nil || len(cfg.Issuers) != 16 || cfg.Issuers[3].Verifier.Leeway != 30*time.Second {
		t.Errorf("16: %v", err)
	}
}
