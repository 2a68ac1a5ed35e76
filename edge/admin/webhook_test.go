package admin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func signed(at time.Time, key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return hex.EncodeToString(mac.Sum(nil))
}

func signatureOf(at time.Time, key, body string) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), signed(at, key, body))
}

const (
	hook  = "/v1/webhooks/permissions"
	event = `{"user_id":"ann","document":"d1","reason":"document_role_changed","source":"shield"}`
)

func (w *world) hook(header, body string) reply {
	w.t.Helper()
	return w.ask("POST", hook, body, "Authorization", "", "X-Holdfast-Signature", header)
}

// A webhook makes the session ask again, and nothing else: a repeat is harmless.
func TestWebhook(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{secret, "older-secret", secret} {
		if a := w.hook(signatureOf(start, key, event), event); a.status != 200 || a.text != `{"told":1}` {
			t.Errorf("%d %s", a.status, a.text)
		}
		w.expect(`SESSIONS/ann {"kind":"access","user_id":"ann","document":"d1","reason":"document_role_changed","by":"webhook"}`)
	}
	if len(w.lines) != 1 || w.lines[0] != `{"level":"info","event":"admin_call","operation":"permissionsWebhook","by":"webhook","status":200}` {
		t.Errorf("logged %s", w.lines)
	}
	for body, sent := range map[string]string{
		`{"user_id":"ann"}`: `SESSIONS/ann {"kind":"access","user_id":"ann","reason":"permissions_changed","by":"webhook"}`,
		`{"events":[{"user_id":"ann","workspace_id":"ws","reason":"workspace_role_changed"}]}`: `SESSIONS/ann {"kind":"access","user_id":"ann","workspace_id":"ws","reason":"workspace_role_changed","by":"webhook"}`,
		// What stands twice is sent once.
		`{"events":[{"user_id":"ann"},{"user_id":"ann"}],"user_id":"bob"}`: `SESSIONS/ann {"kind":"access","user_id":"ann","reason":"permissions_changed","by":"webhook"}`,
	} {
		if a := w.hook(signatureOf(start, secret, body), body); a.status != 200 || a.text != `{"told":1}` {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect(sent)
	}
	body := `{"events":[{"user_id":"ann"},{"user_id":"bob"}]}`
	if a := w.hook(signatureOf(start, secret, body), body); a.status != 200 || a.text != `{"told":2}` || len(w.did) != 2 {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	// A change for everybody on a document is sent to the document, then to all who are there.
	all := `{"document":"d1"}`
	if a := w.hook(signatureOf(start, secret, all), all); a.status != 200 || a.text != `{"told":1}` || len(w.did) != 3 || w.did[0] != `DOCUMENTS/d1 {"kind":"access"}` ||
		!slices.Contains(w.did, `SESSIONS/bob {"kind":"access","user_id":"bob","document":"d1","access":3,"reason":"permissions_changed","by":"webhook"}`) {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	w.down["DOCUMENTS/d1"] = true
	if a := w.hook(signatureOf(start, secret, all), all); a.status != 503 || a.reason != "not_told" {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	// And in a workspace all documents that were ever opened there.
	delete(w.down, "DOCUMENTS/d1")
	w.opened = map[string][]string{"ws": {"d1", "d2"}}
	all = `{"workspace_id":"ws","reason":"workspace_role_changed"}`
	if a := w.hook(signatureOf(start, secret, all), all); a.status != 200 || a.text != `{"told":1}` || len(w.did) != 7 || w.did[0] != "changed ws" || w.did[4] != `DOCUMENTS/d2 {"kind":"access"}` {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
	for _, what := range []string{"WorkspaceChanged", "OpenedDocuments", "DOCUMENTS/d2"} {
		w.down[what] = true
		if a := w.hook(signatureOf(start, secret, all), all); a.status != 503 || a.reason != "not_told" {
			t.Errorf("%s is down: %d %s", what, a.status, a.text)
		}
		delete(w.down, what)
	}
	// One that could not be notified makes the sender repeat all of it.
	w.down["SESSIONS/bob"] = true
	if a := w.hook(signatureOf(start, secret, body), body); a.status != 503 || a.reason != "not_told" || len(w.did) != 2 {
		t.Errorf("%d %s %q", a.status, a.text, w.did)
	}
}

// A sender without the secret, or of an old webhook, is refused.
func TestWebhookSignatures(t *testing.T) {
	w := newWorld(t)
	good := signed(start, secret, event)
	at := fmt.Sprintf("t=%d", start.Unix())
	other := strings.Repeat("0", 64)
	for _, c := range []struct {
		name, header string
		reason       string
	}{
		{"no header", "", "signature_invalid"},
		{"no time", "v1=" + good, "signature_invalid"},
		{"no signature", at, "signature_invalid"},
		{"another's", signatureOf(start, "guess", event), "signature_invalid"},
		{"of another body", signatureOf(start, secret, event+" "), "signature_invalid"},
		{"of another time", fmt.Sprintf("t=%d,v1=%s", start.Unix()+1, good), "signature_invalid"},
		{"two times", at + "," + at + ",v1=" + good, "signature_invalid"},
		{"another version", at + ",v2=" + good, "signature_invalid"},
		{"cut short", at + ",v1=" + good[:62], "signature_invalid"},
		{"no hexadecimal", at + ",v1=" + strings.Repeat("z", 64), "signature_invalid"},
		{"too many", at + strings.Repeat(",v1="+other, 8) + ",v1=" + good, "signature_invalid"},
		{"too long", at + ",v1=" + good + ",x=" + strings.Repeat("y", 1024), "signature_invalid"},
		{"no number", "t=now,v1=" + good, "signature_invalid"},
		{"five minutes old and a second", signatureOf(start.Add(-5*time.Minute-time.Second), secret, event), "signature_expired"},
		{"five minutes ahead and a second", signatureOf(start.Add(5*time.Minute+time.Second), secret, event), "signature_expired"},
	} {
		if a := w.hook(c.header, event); a.status != 401 || a.reason != c.reason {
			t.Errorf("%s: %d %s", c.name, a.status, a.text)
		}
		w.expect()
	}
	for name, header := range map[string]string{
		"five minutes old":        signatureOf(start.Add(-5*time.Minute), secret, event),
		"five minutes ahead":      signatureOf(start.Add(5*time.Minute), secret, event),
		"one of several":          at + ", v1=" + other + ", v1=" + good,
		"with something else":     at + ",v0=old,v1=" + good,
		"in upper case, as it is": at + ",v1=" + strings.ToUpper(good),
	} {
		if a := w.hook(header, event); a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	// As it comes where an adapter takes headers apart at their commas.
	r := httptest.NewRequest("POST", hook, strings.NewReader(event))
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Holdfast-Signature": strings.Split(signatureOf(start, secret, event), ",")}
	rec := httptest.NewRecorder()
	if New(w.cfg, w, w.accounts, w).ServeHTTP(rec, r); rec.Code != 200 {
		t.Errorf("taken apart: %d %s", rec.Code, rec.Body)
	}
	w.cfg.Window = time.Minute
	if a := w.hook(signatureOf(start.Add(-2*time.Minute), secret, event), event); a.status != 401 {
		t.Errorf("a shorter window: %d", a.status)
	}
	w.cfg.Secrets = nil
	if a := w.hook(signatureOf(start, secret, event), event); a.status != 404 {
		t.Errorf("without a secret: %d", a.status)
	}
}

func TestWebhookBodies(t *testing.T) {
	w := newWorld(t)
	events := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"user_id":"u%d"}`, i)
		}
		return `{"events":[` + strings.Join(list, ",") + `]}`
	}
	for _, c := range []struct {
		body   string
		status int
		reason string
	}{
		{`{}`, 400, "bad_field"}, {`{"user_id":""}`, 400, "bad_field"}, {`{"user_id":7}`, 400, "bad_field"}, {`[]`, 400, "bad_field"}, {`x`, 400, "invalid_json"}, {``, 415, "content_type_not_json"},
		{`{"user_id":"ann","document":"a/b"}`, 400, "bad_field"}, {`{"user_id":"ann","document":null}`, 400, "bad_field"}, {`{"user_id":"ann","workspace_id":"a b"}`, 400, "bad_field"},
		{`{"user_id":"ann","document":"d","workspace_id":"ws"}`, 400, "bad_field"}, {`{"user_id":"ann","reason":"because"}`, 400, "bad_field"},
		{`{"events":[]}`, 400, "bad_field"}, {`{"events":{}}`, 400, "bad_field"}, {`{"events":["ann"]}`, 400, "bad_field"}, {`{"events":[{"user_id":"ann"},{}]}`, 400, "bad_field"},
		{events(1001), 413, "too_many_events"}, {`{"user_id":"` + strings.Repeat("x", 256<<10) + `"}`, 413, "too_large"},
		{`{"reason":"permissions_changed"}`, 400, "bad_field"}, {`{"events":[{"document":"d"},{"document":""}]}`, 400, "bad_field"},
	} {
		if a := w.hook(signatureOf(start, secret, c.body), c.body); a.status != c.status || a.reason != c.reason {
			t.Errorf("%.60s: %d %s", c.body, a.status, a.text)
		}
		w.expect()
	}
	if a := w.hook(signatureOf(start, secret, events(1000)), events(1000)); a.status != 200 || a.text != `{"told":1000}` || len(w.did) != 1000 {
		t.Errorf("%d %s", a.status, a.text)
	}
}
