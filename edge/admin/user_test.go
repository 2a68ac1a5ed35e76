package admin

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func TestRevoke(t *testing.T) {
	for _, c := range []struct{ body, sent string }{
		{`{"jti":"t 1"}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","jti":"t 1"}`},
		{`{"before":1795269600}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","before":1795269600}`},
		{`{"before":"1795269600"}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","before":1795269600}`},
		{`{"before":"2026-11-21T15:00:00+01:00","reason":"laptop_stolen"}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"laptop_stolen","by":"olive","before":1795269600}`},
	} {
		w := newWorld(t)
		if a := w.ask("POST", "/v1/admin/users/ann/revoke", c.body); a.status != 200 || a.text != `{"receipt":`+receipt+`}` {
			t.Errorf("%s: %d %s", c.body, a.status, a.text)
		}
		w.expect(c.sent)
	}
	for _, body := range []string{
		`{}`, `{"jti":"t","all":true}`, `{"all":false}`, `{"all":1}`, `{"jti":""}`, `{"sign_in":"x"}`, `{"sign_in":7}`, `{"sign_in":"` + laptop + `."}`,
		`{"client_id":""}`, `{"client_id":"a b"}`, `{"client_id":"c","sign_in":"` + laptop + `"}`, `{"before":"tomorrow"}`, `{"user_agent":"x"}`,
	} {
		w := newWorld(t)
		if a := w.ask("POST", "/v1/admin/users/ann/revoke", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect()
	}
}

const (
	receipt = `{"user_id":"ann","changed":[],"closed":["d1"],"last_accepted":{"d1":"m7"},"took_ms":4}`
	laptop  = "AZRANR1udHdlbHZlIGJ5dGVz"
)

// The session object first: it needs no database. What is revoked in it stays revoked
// whatever becomes of the sign-ins, and the answer says what became of them.
func TestRevokeEndsSignIns(t *testing.T) {
	const (
		sent = `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive",`
		at   = "sign-ins of ann at 14:02:00"
	)
	client := `{"receipt":` + strings.Replace(receipt, `"took_ms"`, `"sign_ins":["`+laptop+`"],"took_ms"`, 1) + `}`
	for _, c := range []struct {
		what, body, session string
		down                string
		did                 []string
		status              int
		says                []string
	}{
		{"all", `{"all":true}`, "", "", []string{sent + `"all":true}`, at, "forget ann"}, 200, []string{`{"receipt":` + receipt + `,"sign_ins":"ended"}`}},
		{"one sign-in", `{"sign_in":"` + laptop + `"}`, "", "", []string{sent + `"sign_in":"` + laptop + `"}`, at + " " + laptop}, 200, []string{`"sign_ins":"ended"}`}},
		{"one that is over", `{"sign_in":"` + laptop[2:] + `"}`, "", "", []string{sent, at + " " + laptop[2:]}, 200, []string{`"sign_ins":"none"}`}},
		{"a client", `{"client_id":"phone"}`, client, "", []string{sent + `"client_id":"phone"}`, at + " " + laptop}, 200, []string{`"sign_ins":["` + laptop + `"]`, `"sign_ins":"ended"}`}},
		{"a client of nobody's", `{"client_id":"phone"}`, `{"error":{"error_code":"NOT_FOUND","message":"m","details":{"reason":"client_not_connected"},"recoverable":false,"action":"stop"}}`, "",
			[]string{sent}, 404, []string{"client_not_connected"}},
		{"the database is away", `{"all":true}`, "", "EndSignIns", []string{sent, at}, 503,
			[]string{`"reason":"sign_ins_not_ended"`, `"receipt":` + receipt, `"sign_ins":"not_ended"`, `"retry_after":1000`}},
		{"it goes in between", `{"all":true}`, "", "ForgetBrowsers", []string{sent, at, "forget ann"}, 503, []string{`"receipt":` + receipt, `"sign_ins":"not_ended"`}},
		{"the database is away, one sign-in", `{"sign_in":"` + laptop + `"}`, "", "EndSignIns", []string{sent, at}, 503, []string{`"receipt":` + receipt, `"sign_ins":"not_ended"`}},
		{"the database is away, a client", `{"client_id":"phone"}`, client, "EndSignIns", []string{sent, at}, 503, []string{`"closed":["d1"]`, `"sign_ins":"not_ended"`}},
		{"the session object is away", `{"all":true}`, "", "SESSIONS/ann", []string{sent, at, "forget ann"}, 503, []string{`"reason":"session_unavailable"`, `"sign_ins":"ended"`}},
		{"a document is", `{"all":true}`, `{"error":{"error_code":"SERVICE_UNAVAILABLE","message":"m","details":{"reason":"document_unreachable","pending":["d1"]},"recoverable":true,"action":"wait"}}`, "",
			[]string{sent, at, "forget ann"}, 503, []string{`"reason":"document_unreachable"`, `"pending":["d1"]`, `"sign_ins":"ended"`}},
	} {
		w := newWorld(t)
		w.signIns = []SignIn{{ID: laptop}}
		w.down[c.down] = true
		if c.session != "" {
			w.answers["SESSIONS/ann"] = c.session
		}
		a := w.ask("POST", "/v1/admin/users/ann/revoke", c.body)
		if a.status != c.status {
			t.Errorf("%s: %d %s", c.what, a.status, a.text)
		}
		for _, word := range c.says {
			if !strings.Contains(a.text, word) {
				t.Errorf("%s: %s, want %s", c.what, a.text, word)
			}
		}
		w.expect(c.did...)
	}
	// Another issuer's sign-ins are not ours to end.
	w := newWorld(t)
	w.cfg.Embedded = false
	w.ask("POST", "/v1/admin/users/ann/revoke", `{"all":true}`)
	w.expect("SESSIONS/ann")
}

func TestListSignIns(t *testing.T) {
	w := newWorld(t)
	if a := w.ask("GET", "/v1/admin/users/ann/sign-ins", ``); a.status != 200 || a.text != `{"sign_ins":[],"more":false}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.signIns = []SignIn{
		{ID: laptop, UserAgent: "Firefox", SignedInAt: start.Add(-time.Hour), UsedAt: start, ExpiresAt: start.Add(time.Hour)},
		{ID: laptop[2:], SignedInAt: start, UsedAt: start, ExpiresAt: start},
	}
	a := w.ask("GET", "/v1/admin/users/ann/sign-ins?limit=1", ``)
	if want := `{"sign_ins":[{"id":"` + laptop + `","signed_in_at":"2026-11-21T13:02:00Z","used_at":"2026-11-21T14:02:00Z","expires_at":"2026-11-21T15:02:00Z","user_agent":"Firefox"}],"more":true}`; a.text != want {
		t.Errorf("got  %s\nwant %s", a.text, want)
	}
	w.down["SignIns"] = true
	if a := w.ask("GET", "/v1/admin/users/ann/sign-ins", ``); a.status != 503 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.cfg.Embedded = false
	if a := w.ask("GET", "/v1/admin/users/ann/sign-ins", ``); a.status != 404 || a.reason != "no_embedded_issuer" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// Whoever is let in can be named: what a path takes for a user is what a token may say.
func TestEverySubjectCanBeNamed(t *testing.T) {
	for _, user := range []string{
		"ann", "auth0|5f7c", "a+b@example.com", "zoë@example.com", "a/b", "a?b#c", "100%", "%2e%2e", `DOMAIN\ann`, "CN=Ann Berg,OU=Staff", "山田", "...", "42", "-1", "a;b=c&d", "\"ann\"",
		"/", "//", strings.Repeat("山", 85),
	} {
		if !protocol.UserID(user) {
			t.Errorf("%q is no subject", user)
		}
		w := newWorld(t)
		if a := w.ask("POST", "/v1/admin/users/"+url.PathEscape(user)+"/kick", ``); a.status != 200 {
			t.Errorf("%q: %d %s", user, a.status, a.text)
		}
		w.expect("SESSIONS/" + user + " ")
		w = newWorld(t)
		if a := w.ask("PUT", "/v1/admin/workspaces/ws/members/"+url.PathEscape(user), `{"role":"member"}`); a.status != 200 {
			t.Errorf("%q: %d %s", user, a.status, a.text)
		}
	}
	for _, nobody := range []string{"..", ".", " ann", "ann ", "ann\u3164", "ann\ufe0f", "ann\u2800", "a\u0000", "ann\U000e0100", strings.Repeat("a", 257)} {
		w := newWorld(t)
		if a := w.ask("POST", "/v1/admin/users/"+strings.ReplaceAll(url.PathEscape(nobody), ".", "%2E")+"/kick", ``); a.status != 400 || protocol.UserID(nobody) {
			t.Errorf("%q: %d %s", nobody, a.status, a.text)
		}
	}
}

func TestPostDeviceMessage(t *testing.T) {
	w := newWorld(t)
	if a := w.ask("POST", "/v1/admin/users/ann/device/messages", `{"data":{"say":["hello",1,null]}}`); a.status != 200 || a.text != `{"seq":7}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`SESSIONS/ann {"kind":"post","data":{"say":["hello",1,null]}}`)
	for _, body := range []string{``, `{}`, `{"data":1,"to":"all"}`, `{"data":`, `{"data":1,"data":2}`} {
		w := newWorld(t)
		if a := w.ask("POST", "/v1/admin/users/ann/device/messages", body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect()
	}
	w = newWorld(t)
	w.ask("POST", "/v1/admin/users/ann/kick", `{"document":"@device"}`)
	w.expect(`SESSIONS/ann {"kind":"end","user_id":"ann","code":"SESSION_ENDED","reason":"kicked","by":"olive","document":"@device"}`)
}

func TestKickAndSession(t *testing.T) {
	w := newWorld(t)
	w.ask("POST", "/v1/admin/users/ann/kick", ``)
	w.expect(`SESSIONS/ann {"kind":"end","user_id":"ann","code":"SESSION_ENDED","reason":"kicked","by":"olive"}`)
	w.ask("POST", "/v1/admin/users/ann/kick", `{"document":"d1","reason":"too_loud"}`)
	w.expect(`SESSIONS/ann {"kind":"end","user_id":"ann","code":"SESSION_ENDED","reason":"too_loud","by":"olive","document":"d1"}`)
	a := w.ask("GET", "/v1/admin/users/ann/session", ``)
	if a.status != 200 || !strings.HasPrefix(a.text, `{"session":{"user_id":"ann","session_id":"s1"`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`SESSIONS/ann {"kind":"describe"}`)
	a = w.ask("GET", "/v1/admin/documents/d1", ``)
	if a.status != 200 || !strings.HasPrefix(a.text, `{"id":"d1","stored":{"workspace_id":"ws","title":"One","access":"workspace","locked":false},"live":{"document_version":9`) {
		t.Errorf("%d %s", a.status, a.text)
	}
}
