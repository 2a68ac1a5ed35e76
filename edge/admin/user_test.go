package admin

import (
	"strings"
	"testing"
)

func TestRevoke(t *testing.T) {
	const receipt = `{"receipt":{"user_id":"ann","changed":[],"closed":["d1"],"last_accepted":{"d1":"m7"},"took_ms":4}}`
	for _, c := range []struct{ body, told string }{
		{`{"jti":"t 1"}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","jti":"t 1"}`},
		{`{"before":1795269600}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","before":1795269600}`},
		{`{"before":"1795269600"}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","before":1795269600}`},
		{`{"before":"2026-11-21T15:00:00+01:00","reason":"laptop_stolen"}`, `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"laptop_stolen","by":"olive","before":1795269600}`},
	} {
		w := newWorld(t)
		if a := w.ask("POST", "/v1/admin/users/ann/revoke", c.body); a.status != 200 || a.text != receipt {
			t.Errorf("%s: %d %s", c.body, a.status, a.text)
		}
		w.expect(c.told)
	}
	// Everything: the sign-ins first, or one of them could get a new token in between.
	w := newWorld(t)
	if a := w.ask("POST", "/v1/admin/users/ann/revoke", `{"all":true}`); a.status != 200 || a.text != receipt {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("sign-ins of ann at 14:02:00", `SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"revoked","by":"olive","all":true}`)
	// Another issuer's sign-ins are not ours to end.
	w.cfg.Embedded = false
	w.ask("POST", "/v1/admin/users/ann/revoke", `{"all":true}`)
	w.expect("SESSIONS/ann")
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
	w.expect(`SESSIONS/ann {"kind":"describe","user_id":"ann"}`)
	a = w.ask("GET", "/v1/admin/documents/d1", ``)
	if a.status != 200 || !strings.HasPrefix(a.text, `{"id":"d1","stored":{"workspace_id":"ws","title":"One","access":"workspace","locked":false},"live":{"document_version":9`) {
		t.Errorf("%d %s", a.status, a.text)
	}
}
