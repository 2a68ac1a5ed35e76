package front

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/guest"
)

const (
	delegationOne = "hfu_00000000000000d1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	delegationTwo = "hfu_00000000000000d2_HxAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"
	guestSecret   = "a-secret-of-guests-that-is-long-enough"
	delegateGrant = `{"grant":{"user_id":"usr_owner","name":"Agent X","session_id":"s1","document":"welcome","permissions":["read","write"],"epoch":3,"exp":1736244900,"jti":"delegate:00000000000000d1","withheld":["moderate","admin"]}}`
)

// delegationRow is what the database has of the first one, with some cells in place of those.
func delegationRow(document, role string, expires time.Time, revoked int) string {
	return fmt.Sprintf(`["00000000000000d1","usr_owner",%q,"Agent X",%q,1736243900250,%d,%d]`, document, role, expires.UnixMilli(), revoked)
}

func delegateWorker(t *testing.T, row string) *worker {
	w := newWorker(t, embedded())
	w.query = key(delegationOne, row)
	w.call = func(string, map[string]any) map[string]any { return map[string]any{"body": delegateGrant} }
	return w
}

func byKey(text string) []string { return []string{"authorization", "Bearer " + text} }

// A key is worth what its row says, and gets no further than its hash. Nobody verifies anything else.
func TestADelegateConnects(t *testing.T) {
	w := delegateWorker(t, delegationRow("welcome", "edit", now.Add(time.Hour), 0))
	end := w.run(upgrade(line+"?session_id=s1&last_seq=4&redial=true", byKey(delegationOne)...))
	if end["do"] != "socket" || w.way() != "query DB, call SESSIONS/usr_owner, forward DOCUMENTS/welcome" {
		t.Fatalf("%s: %v", w.way(), end)
	}
	got, _ := json.Marshal(w.bodies[0])
	want := fmt.Sprintf(`{"delegation":"00000000000000d1","document":"welcome","expires":%d,"issued_at":1736243900250,"kind":"admit_delegate","name":"Agent X","user_id":"usr_owner","withheld":["moderate","admin"]}`, now.Add(time.Hour).UnixMilli())
	if string(got) != want {
		t.Errorf("the session object receives\n %s, want\n %s", got, want)
	}
	if b := w.bodies[1]; b["kind"] != "connect_delegate" || b["client_id"] != "delegate:00000000000000d1" || b["session_id"] != "s1" || b["last_seq"] != 4.0 || b["redial"] != true {
		t.Errorf("the document receives %v", b)
	}
	if strings.Contains(w.said, delegationOne[21:]) {
		t.Error("the key is in a step")
	}
	if len(w.logs) != 1 || !strings.Contains(w.logs[0], `"client_id":"delegate:00000000000000d1","user_id":"usr_owner"`) {
		t.Errorf("logged %v", w.logs)
	}
	// Without a role nothing is withheld; its own name may be said.
	w = delegateWorker(t, delegationRow("welcome", "", now.Add(time.Hour), 0))
	w.run(upgrade(line+"?client_id=delegate:00000000000000d1", byKey(delegationOne)...))
	if w.bodies[0]["withheld"] != nil {
		t.Errorf("withheld: %v", w.bodies[0])
	}
	// Sent back by the document, it asks again as itself.
	w = delegateWorker(t, delegationRow("welcome", "edit", now.Add(time.Hour), 0))
	times := 0
	w.forward = func(string, map[string]any) map[string]any {
		if times++; times > 1 {
			return nil
		}
		return map[string]any{"status": 409, "body": `{"readmit":true,"gone_at":1736244000001,"access":7}`}
	}
	end = w.run(upgrade(line, byKey(delegationOne)...))
	if b := w.bodies[2]; end["do"] != "socket" || b["kind"] != "admit_delegate" || b["again"] != true || b["gone_at"] != 1736244000001.0 || b["access"] != 7.0 || fmt.Sprint(b["withheld"]) != "[moderate admin]" {
		t.Errorf("asked again with %v: %v", b, end)
	}
}

// The attacker has any request, and perhaps a key of somebody's.
func TestDelegatesRefused(t *testing.T) {
	valid := delegationRow("welcome", "edit", now.Add(time.Hour), 0)
	for _, c := range []struct {
		what, url    string
		header       []string
		row          string
		code, reason string
		way          string
	}{
		{"another's key", line, byKey(delegationTwo), valid, "AUTHENTICATION_FAILED", "delegation_key_invalid", "query DB, respond"},
		{"no key", line, byKey("hfu_x"), valid, "AUTHENTICATION_FAILED", "delegation_key_invalid", "respond"},
		{"8 kB of one", line, byKey(delegationOne + strings.Repeat("x", 8192)), valid, "AUTHENTICATION_FAILED", "delegation_key_invalid", "respond"},
		{"an id in capitals", line, byKey(strings.Replace(delegationOne, "d1", "D1", 1)), valid, "AUTHENTICATION_FAILED", "delegation_key_invalid", "respond"},
		{"in the URL", line + "?token=" + delegationOne, nil, valid, "AUTHENTICATION_FAILED", "delegation_key_invalid", "respond"},
		{"in a subprotocol", line, []string{"sec-websocket-protocol", "holdfast.v1, bearer." + delegationOne}, valid, "AUTHENTICATION_FAILED", "delegation_key_invalid", "respond"},
		{"in the URL and the header", line + "?token=" + goodToken(), byKey(delegationOne), valid, "AUTHENTICATION_FAILED", "token_ambiguous", "respond"},
		{"the user's client id", line + "?client_id=c1", byKey(delegationOne), valid, "MALFORMED_MESSAGE", "client_id_invalid", "respond"},
		{"another delegate's", line + "?client_id=delegate:00000000000000d2", byKey(delegationOne), valid, "MALFORMED_MESSAGE", "client_id_invalid", "respond"},
		{"a user as a delegate", line + "?client_id=delegate:00000000000000d1", byKey(goodToken()), valid, "MALFORMED_MESSAGE", "client_id_invalid", "respond"},
		{"a device as a delegate", "http://127.0.0.1:8787/v1/ws/device?client_id=delegate:x", byKey(goodToken()), valid, "MALFORMED_MESSAGE", "client_id_invalid", "respond"},
		{"a device by a key", "http://127.0.0.1:8787/v1/ws/device", byKey(delegationOne), valid, "AUTHENTICATION_FAILED", "token_malformed", "respond"},
		{"another document", line[:len(line)-len("welcome")] + "notes", byKey(delegationOne), valid, "INSUFFICIENT_PERMISSIONS", "delegation_of_another_document", "query DB, respond"},
		{"revoked", line, byKey(delegationOne), delegationRow("welcome", "edit", now.Add(time.Hour), 1), "TOKEN_REVOKED", "delegation_revoked", "query DB, respond"},
		{"over", line, byKey(delegationOne), delegationRow("welcome", "edit", now, 0), "TOKEN_REVOKED", "delegation_ended", "query DB, respond"},
		{"half a row", line, byKey(delegationOne), `["00000000000000d1","usr_owner"]`, "TOKEN_REVOKED", "delegation_revoked", "query DB, respond"},
	} {
		w := delegateWorker(t, c.row)
		end := w.run(upgrade(c.url, c.header...))
		text, _ := end["body"].(string)
		if !strings.Contains(text, `"error_code":"`+c.code+`"`) || !strings.Contains(text, `"reason":"`+c.reason+`"`) || w.way() != c.way {
			t.Errorf("%s: %s: %v", c.what, w.way(), end)
		}
		if strings.Contains(w.said, delegationOne[21:]) || strings.Contains(w.said, delegationTwo[21:]) {
			t.Errorf("%s: the key is in a step", c.what)
		}
	}
	// A key does not swap for a token in place.
	w := delegateWorker(t, valid)
	if end := w.run(map[string]any{"kind": "verify_token", "token": delegationOne}); end["do"] != "refused" {
		t.Errorf("as a token: %v", end)
	}
	// Whatever the session object answers, it is a grant of that user's on that document.
	w = delegateWorker(t, valid)
	w.call = func(string, map[string]any) map[string]any {
		return map[string]any{"body": strings.Replace(delegateGrant, "usr_owner", "usr_other", 1)}
	}
	if end := w.run(upgrade(line, byKey(delegationOne)...)); end["do"] == "socket" {
		t.Error("another user's grant goes on")
	}
	// Without the database nobody is let in, and nothing is held against the address.
	w = delegateWorker(t, valid)
	w.query = func(string, []any) map[string]any { return map[string]any{"error": "TimeoutError"} }
	if end := w.run(upgrade(line, byKey(delegationOne)...)); end["status"] != 503.0 {
		t.Errorf("without the database: %v", end)
	}
}

// A program that goes on trying a key that is no good costs the database a question in ten
// seconds; a stranger with ever new ones is stopped at their address.
func TestBadDelegationKeysCostNothing(t *testing.T) {
	asked := 0
	w := newWorker(t, with(embedded(), "CONNECTS_PER_IP_PER_MIN", "30", "CONNECTS_PER_IP_BURST", "30"))
	w.query = func(string, []any) map[string]any { asked++; return map[string]any{"rows": []any{}} }
	for range 20 {
		w.run(upgrade(line, byKey(delegationOne)...))
	}
	if asked != 1 {
		t.Errorf("asked %d times about one key", asked)
	}
	w.now = w.now.Add(turnedFor)
	if w.run(upgrade(line, byKey(delegationOne)...)); asked != 2 {
		t.Errorf("asked %d times after a while", asked)
	}
	for i := range 100 {
		key := fmt.Sprintf("hfu_%016x_%s", i, delegationOne[21:])
		w.run(upgrade(line, append(byKey(key), "cf-connecting-ip", "203.0.113.7")...))
	}
	if asked > 2+30 {
		t.Errorf("a stranger has asked the database %d times", asked-2)
	}
	for i := range 2 * turnedKept {
		w.front.turned.keep(fmt.Sprint(i), delegationInvalid(), w.now)
	}
	if n := len(w.front.turned.keys); n > turnedKept {
		t.Errorf("%d keys are kept", n)
	}
}

// A user's request goes to the handler once the token is good, with the claims where no request can
// write them; a preflight and a stranger get no further than here.
func TestUsersAskByAToken(t *testing.T) {
	const own = "http://127.0.0.1:8787/v1/delegations"
	ask := func(w *worker, method, url string, header ...string) map[string]any {
		headers := map[string]any{}
		for i := 0; i < len(header); i += 2 {
			headers[header[i]] = header[i+1]
		}
		return w.run(map[string]any{"kind": "request", "method": method, "url": url, "headers": headers})
	}
	w := newWorker(t, with(embedded(), "ALLOWED_ORIGINS", "https://app.example", "GUEST_SECRET", guestSecret))
	end := ask(w, "POST", own, "authorization", "Bearer "+goodToken(), "origin", "https://app.example")
	env, _ := end["env"].(map[string]any)
	claims, _ := env["visitor:claims"].(string)
	if end["do"] != "handler" || !strings.Contains(claims, `"user_id":"usr_owner"`) || !strings.Contains(claims, `"jti":"t1"`) {
		t.Errorf("%s: %v", w.way(), end)
	}
	if large, _ := json.Marshal(end["too_large"]); !strings.Contains(string(large), `"access-control-allow-origin":"https://app.example"`) {
		t.Errorf("its page does not read %s", large)
	}
	if end = ask(w, "DELETE", own+"/00000000000000d1", "authorization", "Bearer "+goodToken()); end["do"] != "handler" {
		t.Errorf("%v", end)
	}
	if end = ask(w, "OPTIONS", own, "origin", "https://app.example"); end["status"] != 204.0 || !strings.Contains(fmt.Sprint(end["headers"]), "authorization, content-type") {
		t.Errorf("the preflight: %v", end)
	}
	made := guest.Sign(guest.Access, guest.Claims{UserID: "guest:0123456789abcdef:0000000000000001", Document: "welcome", IssuedAt: now, Expires: now.Add(time.Minute)}, guestSecret)
	for what, header := range map[string][]string{
		"nothing": nil, "an empty token": byKey(""), "a token of nobody": byKey("a.b.c"), "a delegation's key": byKey(delegationOne),
		"an operator's": byKey("admin-token"), "a guest's": byKey(made),
		"a token in the URL alone": nil, "another site": append(byKey(goodToken()), "origin", "https://evil.example"),
	} {
		url := own
		if what == "a token in the URL alone" {
			url += "?token=" + goodToken()
		}
		if end := ask(w, "GET", url, header...); end["do"] != "respond" || end["status"] != 401.0 && end["status"] != 403.0 {
			t.Errorf("%s: %v", what, end)
		}
	}
	// The handler is given no claims by any other route.
	for _, path := range []string{"/v1/admin/documents/welcome", "/v1/delegationsx", "/v1/delegation"} {
		w := newWorker(t, with(embedded(), "ADMIN_TOKEN", "admin-token"))
		if end := ask(w, "GET", "http://127.0.0.1:8787"+path, "authorization", "Bearer admin-token"); end["env"] != nil {
			t.Errorf("%s: %v", path, end)
		}
	}
	if !w.front.handles("/v1/delegations/x") || w.front.handles("/v1/delegationsx") {
		t.Error("which routes are ours")
	}
}
