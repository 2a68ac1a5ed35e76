package front

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// The three carriages of a token, one way in. S1: "Sends the coreToken in the
// Authorization header" and "Connection Arrives at WebSocketService". S2: "C->>WS:
// Connect with JWT token", "WS->>Auth: Validate token", "Include the JWT access token
// when establishing the WebSocket connection" and "const wsUrl =
// `wss://api.materi.dev/v1/ws/documents/${documentId}?token=${accessToken}&client_id=${clientId}`;".
func TestConnect(t *testing.T) {
	jwt := goodToken()
	const origin = "http://127.0.0.1:8787"
	for _, c := range []struct {
		what     string
		event    map[string]any
		protocol string
	}{
		{"seed S2's line", upgrade(line + "?token=" + jwt + "&client_id=client_abc123"), ""},
		{"seed S2's line, from a page", upgrade(line+"?token="+jwt+"&client_id=c", "origin", origin), ""},
		{"a subprotocol", upgrade(line+"?client_id=c", "origin", origin, "sec-websocket-protocol", "holdfast.v1, bearer."+jwt), "holdfast.v1"},
		{"a subprotocol, the token first", upgrade(line+"?client_id=c", "sec-websocket-protocol", "bearer."+jwt+",holdfast.v1"), "holdfast.v1"},
		{"a header", upgrade(line+"?client_id=c", "authorization", "Bearer "+jwt), ""},
		{"a header in lower case", upgrade(line+"?client_id=c", "authorization", "bearer "+jwt), ""},
		{"the same token twice", upgrade(line+"?client_id=c&token="+jwt, "authorization", "Bearer "+jwt), ""},
		{"a proxy's Basic header beside it", upgrade(line+"?client_id=c&token="+jwt, "authorization", "Basic eDp5"), ""},
		{"an escaped unreserved character", upgrade("http://127.0.0.1:8787/v1/ws/documents/w%65lcome?client_id=c&token=" + jwt), ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorker(t, embedded())
			if end := w.run(c.event); end["do"] != "socket" {
				t.Fatalf("%s: %v", w.way(), end)
			}
			if want := "verify, call SESSIONS/usr_owner, forward DOCUMENTS/welcome"; w.way() != want {
				t.Errorf("%s, want %s", w.way(), want)
			}
			if selected, _ := w.bodies[1]["protocol"].(string); selected != c.protocol {
				t.Errorf("protocol %q", selected)
			}
		})
	}
}

// S2: “"jti": "token_unique_id"”.
func TestWhatObjectsAreAsked(t *testing.T) {
	w := newWorker(t, embedded())
	w.forward = w.sendsOn(`{"readmit":true}`)
	w.run(upgrade(line + "?client_id=c1&session_id=s1&last_seq=41&position=7c1d.5.40.4&redial=true&token=" + goodToken()))
	got, _ := json.Marshal(w.bodies)
	const want = `[{"claims":{"exp":1736244900,"iat":1736243900,"jti":"t1","user_id":"usr_owner"},"client_id":"c1","kind":"resume_document",` +
		`"last_seq":41,"position":"7c1d.5.40.4","redial":true,"session_id":"s1"},` +
		`{"claims":{"email":"owner@example.com","exp":1736244900,"iat":1736243900,"jti":"t1","name":"Olive","user_id":"usr_owner"},` +
		`"client_id":"c1","document":"welcome","kind":"admit"},` +
		`{"client_id":"c1","grant":{"document":"welcome","epoch":3,"exp":1736244900,"jti":"t1","locked":false,"name":"Olive",` +
		`"permissions":["read","write"],"role":"owner","session_id":"s1","user_id":"usr_owner","workspace_id":"ws_demo"},` +
		`"kind":"connect_document","last_seq":41,"position":"7c1d.5.40.4","redial":true,"session_id":"s1"}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if strings.Contains(string(got), goodToken()[:40]) {
		t.Error("a token reached an object")
	}
}

// Every refusal, in both forms, and before any object learns of it. S2: "WebSocket
// connections require JWT authentication for secure access to real-time collaboration
// features." and "`AUTHENTICATION_FAILED` | 401 | Token invalid or expired |
// Re-authenticate". S1: "Invalid tokens result in CONNECTION_ERROR" and "All tokens are
// verified for signature".
func TestRefusals(t *testing.T) {
	jwt := goodToken()
	k1 := `{"alg":"RS256","kid":"k1"}`
	with := func(old, new string) string { return sign(k1, strings.Replace(good, old, new, 1)) }
	forged := func() string {
		p := strings.Split(jwt, ".")
		return p[0] + "." + b64(strings.Replace(good, "usr_owner", "usr_other", 1)) + "." + p[2]
	}()
	q := func(token string) string { return line + "?client_id=c&token=" + url.QueryEscape(token) }
	for _, c := range []struct {
		power, url, code, reason string
		status, close            int
	}{
		{"brings no token", line + "?client_id=c", "AUTHENTICATION_FAILED", "token_missing", 401, 4101},
		{"brings an empty one", q(""), "AUTHENTICATION_FAILED", "token_missing", 401, 4101},
		{"brings two tokens", q(jwt) + "&token=" + forged, "AUTHENTICATION_FAILED", "token_ambiguous", 401, 4101},
		{"brings a word", q("hello"), "AUTHENTICATION_FAILED", "token_malformed", 401, 4101},
		{"brings 8 kB and one byte", q(strings.Repeat("x", 8193)), "AUTHENTICATION_FAILED", "token_too_large", 401, 4101},
		{"says alg none", q(b64(`{"alg":"none"}`) + "." + b64(good) + "."), "AUTHENTICATION_FAILED", "algorithm_not_allowed", 401, 4101},
		{"says HS256", q(b64(`{"alg":"HS256"}`) + "." + b64(good) + ".c2ln"), "AUTHENTICATION_FAILED", "algorithm_not_allowed", 401, 4101},
		{"writes other claims under a true signature", q(forged), "AUTHENTICATION_FAILED", "signature_invalid", 401, 4101},
		{"names another key", q(sign(`{"alg":"RS256","kid":"k2"}`, good)), "AUTHENTICATION_FAILED", "key_unknown", 401, 4101},
		{"names a file as the key", q(sign(`{"alg":"RS256","kid":"../../../dev/null"}`, good)), "AUTHENTICATION_FAILED", "key_unknown", 401, 4101},
		{"is of another issuer", q(with(issuer, "https://evil.example")), "AUTHENTICATION_FAILED", "issuer_mismatch", 401, 4101},
		{"lacks exp", q(with(`"exp":1736244900,`, "")), "AUTHENTICATION_FAILED", "claim_missing", 401, 4101},
		{"has duplicate claims", q(with(`{`, `{"user_id":"usr_other",`)), "AUTHENTICATION_FAILED", "token_malformed", 401, 4101},
		{"has crit", q(sign(`{"alg":"RS256","kid":"k1","crit":["b64"]}`, good)), "AUTHENTICATION_FAILED", "token_malformed", 401, 4101},
		{"expired", q(with("1736244900", "1736243960")), "TOKEN_EXPIRED", "token_expired", 401, 4102},
		{"has no client id", line + "?token=" + jwt, "MALFORMED_MESSAGE", "client_id_missing", 400, 4400},
		{"has two client ids", q(jwt) + "&client_id=d", "MALFORMED_MESSAGE", "client_id_invalid", 400, 4400},
		{"has a client id of 129 bytes", line + "?client_id=" + strings.Repeat("c", 129) + "&token=" + jwt, "MALFORMED_MESSAGE", "client_id_invalid", 400, 4400},
		{"has a line break in its client id", line + "?client_id=a%0Ab&token=" + jwt, "MALFORMED_MESSAGE", "client_id_invalid", 400, 4400},
		{"asks for a document across a slash", strings.Replace(q(jwt), "welcome", "a%2Fb", 1), "MALFORMED_MESSAGE", "document_id_invalid", 400, 4400},
		{"asks for no document", strings.Replace(q(jwt), "welcome", "", 1), "MALFORMED_MESSAGE", "document_id_invalid", 400, 4400},
		{"asks for a document of 129 bytes", strings.Replace(q(jwt), "welcome", strings.Repeat("d", 129), 1), "MALFORMED_MESSAGE", "document_id_invalid", 400, 4400},
		{"sends a last_seq of 2^53", q(jwt) + "&last_seq=9007199254740992", "MALFORMED_MESSAGE", "last_seq_invalid", 400, 4400},
		{"sends a position with a blank", q(jwt) + "&last_seq=1&position=a%20b", "MALFORMED_MESSAGE", "position_invalid", 400, 4400},
		{"sends a negative last_seq", q(jwt) + "&last_seq=-1", "MALFORMED_MESSAGE", "last_seq_invalid", 400, 4400},
		{"sends a redial that is neither", q(jwt) + "&redial=1", "MALFORMED_MESSAGE", "redial_invalid", 400, 4400},
		{"sends it twice", q(jwt) + "&redial=true&redial=true", "MALFORMED_MESSAGE", "redial_invalid", 400, 4400},
		{"sends a session id with a space", q(jwt) + "&session_id=a%20b", "MALFORMED_MESSAGE", "session_id_invalid", 400, 4400},
		{"calls no route", "http://127.0.0.1:8787/v1/ws/app?token=" + jwt, "NOT_FOUND", "", 404, 4405},
	} {
		t.Run(c.power, func(t *testing.T) {
			w := newWorker(t, embedded())
			plain := w.run(upgrade(c.url))
			if code, reason := failure(t, plain); code != c.code || reason != c.reason || plain["do"] != "respond" {
				t.Errorf("%v %s %s, want respond %s %s", plain["do"], code, reason, c.code, c.reason)
			}
			if plain["status"] != float64(c.status) {
				t.Errorf("status %v, want %d", plain["status"], c.status)
			}
			headers := plain["headers"].(map[string]any)
			if headers["content-type"] != "application/json" || (c.status == 401) != (headers["www-authenticate"] != nil) {
				t.Errorf("headers %v", headers)
			}
			page := w.run(upgrade(c.url, "origin", "http://127.0.0.1:8787", "sec-websocket-protocol", "holdfast.v1"))
			if page["do"] != "refuse" || page["frame"] != plain["body"] {
				t.Fatalf("a page: %v\nothers: %v", page, plain)
			}
			if page["code"] != float64(c.close) || page["reason"] != c.code || page["protocol"] != "holdfast.v1" {
				t.Errorf("close %v %v, protocol %v", page["code"], page["reason"], page["protocol"])
			}
			if strings.Contains(w.way(), "SESSIONS") || strings.Contains(w.way(), "DOCUMENTS") {
				t.Errorf("a stranger woke an object: %s", w.way())
			}
			for _, step := range []map[string]any{plain, page} {
				if text, _ := json.Marshal(step); strings.Contains(string(text), jwt[:40]) || len(text) > 1000 {
					t.Errorf("input came back: %s", text)
				}
			}
		})
	}
}

func TestSubprotocolOfOthers(t *testing.T) {
	w := newWorker(t, embedded())
	end := w.run(upgrade(line+"?client_id=c", "origin", "http://127.0.0.1:8787", "sec-websocket-protocol", "bearer."+goodToken()+", chat"))
	if _, reason := failure(t, end); reason != "protocol_unsupported" || end["protocol"] != "chat" {
		t.Errorf("%v", end)
	}
}

func TestOrigin(t *testing.T) {
	const home = "http://127.0.0.1:8787"
	for _, c := range []struct {
		list, origin string
		ok           bool
	}{
		{"", home, true},
		{"", "https://127.0.0.1:8787", true}, // behind a proxy that ends TLS
		{"", "http://127.0.0.1:8788", false},
		{"", "https://evil.example", false},
		{"", "https://127.0.0.1:8787.evil.example", false},
		{"", "null", false},
		{"https://app.example", "https://app.example", true},
		{"https://app.example/ , https://b.example", "https://b.example", true},
		{"https://app.example", home, true}, // the Worker's own, whatever is listed
		{"https://app.example", "http://127.0.0.1:8788", false},
		{"https://app.example", "http://app.example", false},
		{"https://app.example", "https://app.example.evil.example", false},
		{"*", "null", true},
		{"*", "https://evil.example", true},
	} {
		env := embedded()
		env["ALLOWED_ORIGINS"] = c.list
		w := newWorker(t, env)
		end := w.run(upgrade(line+"?client_id=c&token="+goodToken(), "origin", c.origin))
		if c.ok != (end["do"] == "socket") {
			t.Errorf("list %q, origin %q: %v", c.list, c.origin, end)
		}
		if !c.ok {
			if code, _ := failure(t, end); code != "ORIGIN_NOT_ALLOWED" || w.way() != "refuse" {
				t.Errorf("%s after %s", code, w.way())
			}
		}
		login := w.run(map[string]any{"kind": "request", "method": "POST", "url": home + "/auth/login", "headers": map[string]string{"origin": c.origin}})
		if c.ok != (login["do"] == "handler") {
			t.Errorf("login, list %q, origin %q: %v", c.list, c.origin, login)
		}
	}
}

func TestReadmit(t *testing.T) {
	w := newWorker(t, embedded())
	again := map[string]any{"status": 409, "body": `{"readmit":true,"gone_at":1736243999000}`}
	answers := []map[string]any{again, nil}
	w.forward = func(string, map[string]any) map[string]any {
		a := answers[0]
		answers = answers[1:]
		return a
	}
	if end := w.run(upgrade(line + "?client_id=c&token=" + goodToken())); end["do"] != "socket" {
		t.Fatalf("%v", end)
	}
	if w.bodies[0]["gone_at"] != nil || w.bodies[0]["again"] != nil || w.bodies[2]["gone_at"] != 1736243999000.0 || w.bodies[2]["again"] != true {
		t.Errorf("received %v, then %v", w.bodies[0], w.bodies[2])
	}
	// A grant that is only older than what happened since says nothing of the channel.
	w.bodies = nil
	answers = []map[string]any{{"status": 409, "body": `{"readmit":true}`}, nil}
	if w.run(upgrade(line + "?client_id=c&token=" + goodToken())); w.bodies[2]["gone_at"] != nil || w.bodies[2]["again"] != true {
		t.Errorf("received %v", w.bodies[2])
	}
	answers = []map[string]any{again, again, again}
	end := w.run(upgrade(line + "?client_id=c&token=" + goodToken()))
	if code, _ := failure(t, end); code != "SERVICE_UNAVAILABLE" || len(answers) != 1 {
		t.Errorf("asked again more than once: %s, %d answers left", code, len(answers))
	}
}

func TestAnswersOfObjects(t *testing.T) {
	locked := `{"error_code":"DOCUMENT_LOCKED","message":"m","details":{"retry_after":1500},"recoverable":true,"action":"wait"}`
	for _, c := range []struct {
		what          string
		call, forward map[string]any
		code          string
		status        float64
	}{
		{"no access", map[string]any{"body": `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS","message":"m"}}`}, nil, "INSUFFICIENT_PERMISSIONS", 403},
		{"no document", map[string]any{"body": `{"error":{"error_code":"DOCUMENT_NOT_FOUND","message":"m"}}`}, nil, "DOCUMENT_NOT_FOUND", 404},
		{"the session object is away", map[string]any{"error": "Error: overloaded"}, nil, "SERVICE_UNAVAILABLE", 503},
		{"the session object says nonsense", map[string]any{"body": `{}`}, nil, "INTERNAL_ERROR", 500},
		{"the grant is of another user", map[string]any{"body": strings.Replace(grant, "usr_owner", "usr_other", 1)}, nil, "INTERNAL_ERROR", 500},
		{"the grant is for another document", map[string]any{"body": strings.Replace(grant, "welcome", "secret", 1)}, nil, "INTERNAL_ERROR", 500},
		{"the document refuses", nil, map[string]any{"status": 423, "body": `{"type":"system","event":"error","data":` + locked + `}`}, "DOCUMENT_LOCKED", 423},
		{"the document is away", nil, map[string]any{"error": "Error: reset"}, "SERVICE_UNAVAILABLE", 503},
		{"the document answers no socket", nil, map[string]any{"status": 200, "body": "hello"}, "SERVICE_UNAVAILABLE", 503},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorker(t, embedded())
			if c.call != nil {
				w.call = func(string, map[string]any) map[string]any { return c.call }
			}
			w.forward = func(string, map[string]any) map[string]any { return c.forward }
			end := w.run(upgrade(line + "?client_id=c&token=" + goodToken()))
			if code, _ := failure(t, end); code != c.code || end["status"] != c.status {
				t.Errorf("%v", end)
			}
			if c.code == "DOCUMENT_LOCKED" && end["headers"].(map[string]any)["retry-after"] != "2" {
				t.Errorf("retry-after: %v", end["headers"])
			}
			if strings.Contains(end["body"].(string), "Error:") {
				t.Errorf("a fault's text reached a stranger: %s", end["body"])
			}
		})
	}
}

func TestVerifyToken(t *testing.T) {
	w := newWorker(t, embedded())
	end := w.run(map[string]any{"kind": "verify_token", "token": goodToken()})
	if end["do"] != "claims" || end["claims"].(map[string]any)["user_id"] != "usr_owner" || w.way() != "verify, claims" {
		t.Errorf("%s: %v", w.way(), end)
	}
	end = w.run(map[string]any{"kind": "verify_token", "token": goodToken() + "x"})
	if end["do"] != "refused" || end["error"].(map[string]any)["error_code"] != "AUTHENTICATION_FAILED" {
		t.Errorf("%v", end)
	}
}

func TestRoutes(t *testing.T) {
	const host = "http://127.0.0.1:8787"
	outside := map[string]string{"STATIC_KEY": jwk("k1"), "ISSUER": issuer, "AUDIENCE": "*"}
	for _, c := range []struct {
		env    map[string]string
		path   string
		do     string
		status float64
	}{
		{embedded(), "/", "assets", 0},
		{embedded(), "/holdfast.js", "assets", 0},
		{embedded(), "/healthz", "respond", 200},
		{embedded(), "/.well-known/jwks.json", "respond", 200},
		{embedded(), "/auth/refresh", "respond", 405},
		{embedded(), "/auth/nothing", "respond", 404},
		{embedded(), "/v1/openapi.json", "assets", 0},
		{embedded(), "/v1/openapi/permissions.json", "assets", 0},
		{embedded(), "/v1/openapi/", "respond", 404},
		{embedded(), "/v1/admin/documents/welcome", "respond", 404},
		{embedded(), "/v1/webhooks/permissions", "respond", 404},
		{embedded(), "/v1/nothing", "respond", 404},
		{embedded(), "/v1/ws/apps/com.example", "respond", 426},
		{embedded(), "/app-ws", "respond", 426},
		{embedded(), "/v1/ws/apps", "respond", 404},
		{embedded(), "/v1/ws/documents/welcome", "respond", 426},
		{outside, "/auth/login", "respond", 404},
		{outside, "/.well-known/jwks.json", "respond", 404},
	} {
		end := newWorker(t, c.env).run(get(host + c.path))
		if end["do"] != c.do || c.status != 0 && end["status"] != c.status {
			t.Errorf("%s: %v", c.path, end)
		}
	}
}

func TestConfig(t *testing.T) {
	for env, want := range map[string]string{
		`{"EMBEDDED_ISSUER":"0","SIGNING_KEY":"x"}`:                                     ErrNoKeys.Error(),
		`{"EMBEDDED_ISSUER":"1","SIGNING_KEY":"c2VjcmV0"}`:                              "token: not a usable public key",
		`{"ISSUER":"i","AUDIENCE":"a","STATIC_KEY":"{\"kty\":\"oct\",\"k\":\"AAAA\"}"}`: "token: not a usable public key",
		`not JSON`: ErrNoKeys.Error(),
	} {
		cfg, err := ParseEnv([]byte(env))
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", env, err)
		}
		w := &worker{t: t, front: New(cfg), now: now}
		end := w.run(upgrade(line + "?client_id=c&token=" + goodToken()))
		if code, reason := failure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "not_configured" {
			t.Errorf("%s: %s %s", env, code, reason)
		}
	}
}

func FuzzStep(f *testing.F) {
	raw, _ := json.Marshal(upgrade(line + "?client_id=c&token=" + goodToken()))
	f.Add(raw)
	f.Add([]byte(`{"kind":"result","state":{"await":"grant"},"result":{"body":"{}"}}`))
	f.Add([]byte(`{"kind":"result","state":{"await":"first","connect":true,"app":true,"held":true},"result":{"text":"{}"}}`))
	f.Add([]byte(`{"kind":"result","state":{"await":"app_key","connect":true,"app":true},"result":{"rows":[["a","b",0]]}}`))
	env, _ := json.Marshal(embedded())
	cfg, _ := ParseEnv(env)
	f.Fuzz(func(t *testing.T, event []byte) {
		out := New(cfg).Step(event)
		var step map[string]any
		if err := json.Unmarshal(out, &step); err != nil || step["do"] == nil {
			t.Fatalf("%s: %v", out, err)
		}
	})
}
