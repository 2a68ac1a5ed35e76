package front

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
)

// with returns a deployment's variables with some changed; "-" leaves one out.
func with(env map[string]string, changes ...string) map[string]string {
	for i := 0; i < len(changes); i += 2 {
		if env[changes[i]] = changes[i+1]; changes[i+1] == "-" {
			delete(env, changes[i])
		}
	}
	return env
}

// A deployment that trusts another issuer's keys and does not say whose tokens it takes, or
// whom they have to be for, lets nobody in, and says which variable it misses: to whoever
// comes, and in the log.
func TestWhatIsNotCheckedIsSaid(t *testing.T) {
	static := func() map[string]string {
		return map[string]string{"ISSUER": issuer, "AUDIENCE": "web", "STATIC_KEY": jwk("k1")}
	}
	for _, c := range []struct {
		env            map[string]string
		reason, saying string
	}{
		{fetching(), "", ""},
		{static(), "", ""},
		{embedded(), "", ""}, // it knows whom its tokens are for
		{with(embedded(), "ISSUER", "-"), "", ""},
		{with(embedded(), "AUDIENCE", ","), "audience_missing", "AUDIENCE"}, // it would turn the check off
		{with(embedded(), "AUDIENCE", "[]"), "audience_missing", "AUDIENCE"},
		{with(fetching(), "AUDIENCE", "web, phone"), "", ""},
		{with(fetching(), "ISSUER", "-"), "issuer_missing", "ISSUER"},
		{with(fetching(), "ISSUER", ""), "issuer_missing", "ISSUER"},
		{with(fetching(), "AUDIENCE", "-"), "audience_missing", "AUDIENCE"},
		{with(fetching(), "AUDIENCE", ""), "audience_missing", "AUDIENCE"},
		{with(fetching(), "AUDIENCE", " , "), "audience_missing", "AUDIENCE"},
		{with(fetching(), "AUDIENCE", "[]"), "audience_missing", "AUDIENCE"},
		{with(fetching(), "AUDIENCE", "", "EMBEDDED_ISSUER", "1", "SIGNING_KEY", jwk("k1")), "audience_missing", "AUDIENCE"},
		{with(static(), "ISSUER", "-"), "issuer_missing", "ISSUER"},
		{with(static(), "AUDIENCE", "-"), "audience_missing", "AUDIENCE"},
		{with(embedded(), "STATIC_KEY", jwk("k1")), "audience_missing", "AUDIENCE"},
		{with(fetching(), "SUBJECT_CLAIM", "sub"), "", ""},
		{with(fetching(), "SUBJECT_CLAIM", "aud"), "subject_claim_unusable", "SUBJECT_CLAIM"},
		{with(embedded(), "SUBJECT_CLAIM", "iss"), "subject_claim_unusable", "SUBJECT_CLAIM"},
		{with(embedded(), "SUBJECT_CLAIM", "email"), "", ""},
		{with(fetching(), "JWKS_URL", "https://user:password@issuer.example/keys"), "jwks_url_unusable", "JWKS_URL"},
		{with(fetching(), "JWKS_URL", "issuer.example/keys"), "jwks_url_unusable", "JWKS_URL"},
		{with(fetching(), "JWKS_URL", "file:///etc/keys"), "jwks_url_unusable", "JWKS_URL"},
		{with(fetching(), "PERMISSIONS_URL", "http://user:password@permissions.example/"), "permissions_url_unusable", "PERMISSIONS_TOKEN"},
		{with(embedded(), "PERMISSIONS_URL", "http://user@permissions.example/"), "permissions_url_unusable", "PERMISSIONS_URL"},
		{with(embedded(), "SIGNING_KEY", "-"), "not_configured", "SIGNING_KEY"},
	} {
		raw, _ := json.Marshal(c.env)
		cfg, err := ParseEnv(raw)
		line := Complaints(raw, cfg, err)
		if c.reason == "" {
			if err != nil || cfg.Fault != nil || line != "" {
				t.Errorf("%s: %v, %q", raw, err, line)
			}
			continue
		}
		if !strings.Contains(line, `"event":"not_configured","reason":"`+c.reason+`"`) || !strings.Contains(line, c.saying) {
			t.Errorf("%s: the log says %q", raw, line)
		}
		w := &worker{t: t, front: New(cfg), now: now}
		for _, event := range []map[string]any{
			upgrade(asking(goodToken())), upgrade(asking(goodToken()), "origin", "http://127.0.0.1:8787"), upgrade(asking("not.a.token")), get("http://127.0.0.1:8787/healthz"),
		} {
			end := w.run(event)
			text, _ := json.Marshal(end)
			if code, reason := failure(t, end); code != "SERVICE_UNAVAILABLE" || reason != c.reason || !strings.Contains(string(text), c.saying) {
				t.Errorf("%s: %s", raw, text)
			}
			if end["do"] == "refuse" && end["code"] != 4203.0 || end["do"] == "respond" && end["status"] != 503.0 {
				t.Errorf("%s: %s", raw, text)
			}
		}
		if end := w.run(upgrade("http://127.0.0.1:8787/glasses-ws?token=" + goodToken())); end["status"] != 503.0 {
			t.Errorf("%s: a device: %v", raw, end)
		}
		if end := w.run(map[string]any{"kind": "verify_token", "token": goodToken()}); end["do"] != "refused" {
			t.Errorf("%s: %v", raw, end)
		}
		if w.way() != "respond, refuse, respond, respond, respond, refused" {
			t.Errorf("%s: %s", raw, w.way())
		}
		if strings.Contains(w.said+line, "password@") || strings.Contains(w.said+line, "c2VjcmV0") {
			t.Errorf("%s: a secret is in %s %s", raw, w.said, line)
		}
	}
}

// asking is the URL of a connect with a token.
func asking(token string) string { return line + "?client_id=c&token=" + token }

// Who has an account with the same issuer and a token for another app of its, does not
// come in with that.
func TestAudienceIsAList(t *testing.T) {
	for _, audience := range []string{"web,phone", "web phone", "web, phone", " web\tphone ", `["web","phone"]`} {
		for aud, want := range map[string]string{`"web"`: "socket", `"phone"`: "socket", `["x","phone"]`: "socket", `"else"`: "audience_mismatch", `"web,phone"`: "audience_mismatch", "": "claim_missing"} {
			w := newWorker(t, map[string]string{"ISSUER": issuer, "AUDIENCE": audience, "STATIC_KEY": jwk("k1")})
			claims := good
			if aud != "" {
				claims = strings.Replace(good, "{", `{"aud":`+aud+`,`, 1)
			}
			end := w.run(upgrade(asking(sign(`{"alg":"RS256","kid":"k1"}`, claims))))
			got := end["do"].(string)
			if got != "socket" {
				_, got = failure(t, end)
			}
			if got != want {
				t.Errorf("AUDIENCE %q, aud %s: %s, want %s", audience, aud, got, want)
			}
		}
	}
}

// The embedded issuer knows whom its tokens are for, said or not.
func TestEmbeddedAudience(t *testing.T) {
	for _, c := range []struct{ audience, aud, want string }{
		{"", "", "socket"},
		{"", `"some-other-app"`, "audience_mismatch"},
		{"web", `"web"`, "socket"},
		{"web", "", "claim_missing"},
		{"*", `"some-other-app"`, "socket"},
		{"*", "", "socket"},
	} {
		claims := good
		if c.aud != "" {
			claims = strings.Replace(good, "{", `{"aud":`+c.aud+`,`, 1)
		}
		end := newWorker(t, with(embedded(), "AUDIENCE", c.audience)).run(upgrade(asking(sign(`{"alg":"RS256","kid":"k1"}`, claims))))
		got := end["do"].(string)
		if got != "socket" {
			_, got = failure(t, end)
		}
		if got != c.want {
			t.Errorf("AUDIENCE %q, aud %s: %s, want %s", c.audience, c.aud, got, c.want)
		}
	}
}

// Who has an unverified e-mail, or calls themselves by another's, is not taken for them.
func TestSubjectClaim(t *testing.T) {
	mallory := `{"user_id":"alice@example.com","sub":"s2","email":"Alice@Example.com","email_verified":false,"iat":1736243900,"exp":1736244900,"iss":"` + issuer + `"}`
	alice := strings.Replace(mallory, "false", "true", 1)
	for _, c := range []struct{ claim, verified, claims, want string }{
		{"", "", mallory, "alice@example.com"}, // the issuer's user_id, which is nobody's e-mail
		{"sub", "", mallory, "s2"},
		{"email", "", mallory, "AUTHENTICATION_FAILED email_not_verified"},
		{"email", "0", mallory, "AUTHENTICATION_FAILED email_not_verified"},
		{"email", "", alice, "alice@example.com"},
		{"email", "1", mallory, "alice@example.com"},
		{"uid", "", alice, "AUTHENTICATION_FAILED claim_missing"},
	} {
		w := newWorker(t, with(map[string]string{"ISSUER": issuer, "AUDIENCE": "*", "STATIC_KEY": jwk("k1")}, "SUBJECT_CLAIM", c.claim, "EMAILS_VERIFIED", c.verified))
		var asked string
		w.call = func(name string, _ map[string]any) map[string]any {
			asked = name
			return map[string]any{"body": strings.Replace(grant, "usr_owner", name, 1)}
		}
		end := w.run(upgrade(asking(sign(`{"alg":"RS256","kid":"k1"}`, c.claims))))
		if end["do"] != "socket" {
			code, reason := failure(t, end)
			asked += code + " " + reason
		}
		if asked != c.want {
			t.Errorf("SUBJECT_CLAIM %q: %s, want %s", c.claim, asked, c.want)
		}
	}
}

// The cold start of t02: each connect during the fetch of the key set asks for that fetch,
// and the Worker's JavaScript makes one of them all. No connect is rejected.
func TestColdStart(t *testing.T) {
	w := newWorker(t, fetching())
	var states []any
	for range 30 {
		event := upgrade(asking(goodToken()))
		event["now"] = w.now.UnixMilli()
		raw, _ := json.Marshal(event)
		var step map[string]any
		json.Unmarshal(w.front.Step(raw), &step)
		if step["do"] != "fetch" {
			t.Fatalf("%v", step)
		}
		states = append(states, step["state"])
	}
	w.now = w.now.Add(300 * time.Millisecond)
	for _, state := range states {
		w.steps = nil
		result := map[string]any{"status": 200, "body": `{"keys":[` + jwk("k1") + `]}`}
		if end := w.run(map[string]any{"kind": "result", "state": state, "result": result}); end["do"] != "socket" {
			t.Fatalf("%v", end)
		}
	}
}

// A token of a key that was published a moment ago has to wait, for as long as it takes
// until the set may be fetched again, by a close that signs nobody out.
func TestRotatedKey(t *testing.T) {
	w := newWorker(t, fetching())
	body := `{"keys":[` + otherJWK("k0") + `]}`
	w.fetch = func(string) map[string]any { return map[string]any{"status": 200, "body": body} }
	w.run(upgrade(asking(goodToken()))) // the set is fetched
	body = `{"keys":[` + otherJWK("k0") + `,` + jwk("k1") + `]}`
	w.now = w.now.Add(10 * time.Second)
	end := w.run(upgrade(asking(goodToken()), "origin", "http://127.0.0.1:8787"))
	if code, reason := failure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "key_not_known_yet" || end["code"] != 4203.0 || !strings.Contains(end["frame"].(string), `"retry_after":20000`) {
		t.Errorf("%v", end)
	}
	w.now = w.now.Add(20 * time.Second)
	if end := w.run(upgrade(asking(goodToken()))); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
	end = w.run(map[string]any{"kind": "verify_token", "token": sign(`{"alg":"RS256","kid":"k9"}`, good)})
	if text, _ := json.Marshal(end); !strings.Contains(string(text), `"retry_after":30000`) {
		t.Errorf("in place: %s", text)
	}
}

// The log says why the key set cannot be had, once a minute.
func TestFailedFetchIsLogged(t *testing.T) {
	for want, result := range map[string]map[string]any{
		`"reason":"status","status":404`:        {"status": 404, "body": "<html>"},
		`"reason":"status","status":301`:        {"status": 301, "body": ""},
		`"reason":"not_a_key_set","status":200`: {"status": 200, "body": "<html>login"},
		`"reason":"no_usable_key","status":200`: {"status": 200, "body": `{"keys":[]}`},
		`"reason":"too large","status":200`:     {"status": 200, "error": "too large"},
		`"reason":"TimeoutError"`:               {"error": "TimeoutError"},
	} {
		w := newWorker(t, fetching())
		w.fetch = func(string) map[string]any { return result }
		for range 30 {
			end := w.run(upgrade(asking(goodToken())))
			if _, reason := failure(t, end); reason != "keys_unavailable" {
				t.Fatalf("%v", end)
			}
			w.now = w.now.Add(4 * time.Second)
		}
		said := 0
		for _, line := range w.logs {
			if strings.Contains(line, "key_set_failed") {
				if said++; line != `{"level":"warn","event":"key_set_failed",`+want+`,"issuer":"`+issuer+`"}` {
					t.Errorf("%s, want %s", line, want)
				}
			}
		}
		if said != 2 {
			t.Errorf("%s: %d lines in two minutes", want, said)
		}
	}
}

// One bad key locks nobody out but its own tokens.
func TestOneBadKey(t *testing.T) {
	w := newWorker(t, fetching())
	w.fetch = func(string) map[string]any {
		return map[string]any{"status": 200, "body": `{"keys":[` + otherJWK("b") + `,` + jwk("b") + `,{"kty":"RSA"},` + jwk("k1") + `]}`}
	}
	if end := w.run(upgrade(asking(goodToken()))); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
	if want := `{"level":"warn","event":"keys_left_out","reason":"unusable_or_of_one_name","status":200,"keys":2,"issuer":"` + issuer + `"}`; w.logs[0] != want {
		t.Errorf("%s, want %s", w.logs[0], want)
	}
	if end := w.run(upgrade(asking(sign(`{"alg":"RS256","kid":"b"}`, good)))); end["do"] == "socket" {
		t.Error("one of two keys of one name was taken")
	}
}

func TestNoTokensInURLs(t *testing.T) {
	w := newWorker(t, with(embedded(), "QUERY_TOKENS", "0"))
	for _, url := range []string{asking(goodToken()), "http://127.0.0.1:8787/glasses-ws?token=" + goodToken(), line + "?client_id=c&token="} {
		for _, headers := range [][]string{nil, {"authorization", "Bearer " + goodToken()}} {
			end := w.run(upgrade(url, headers...))
			if code := end["status"]; code != 400.0 || !strings.Contains(end["body"].(string), "token_in_url") {
				t.Errorf("%v", end)
			}
		}
	}
	if end := w.run(upgrade(line+"?client_id=c", "authorization", "Bearer "+goodToken())); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
	if end := newWorker(t, with(embedded(), "QUERY_TOKENS", "")).run(upgrade(asking(goodToken()))); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
}

func TestLeeway(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 30 * time.Second, "0": 0, "5": 5 * time.Second, "90": 90 * time.Second, "86400": 5 * time.Minute, "-1": 30 * time.Second, "1e3": 30 * time.Second} {
		if got := vars.TokenLeeway.Duration(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
