//go:build !js

package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const hookSecret = "a-secret-for-webhooks"

// hook sends a signed webhook.
func (s *server) hook(at time.Time, body string) (int, []byte) {
	s.T.Helper()
	mac := hmac.New(sha256.New, []byte(hookSecret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	signature := fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
	status, text, _ := s.Request("POST", "/v1/webhooks/permissions", body, map[string]string{"x-holdfast-signature": signature})
	return status, text
}

// shield is an outside source of permissions.
type shield struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // user/document
	says  func(w http.ResponseWriter)
	wrong []string // what of a question was not as it should be
}

const sourceToken = "the-sources-token"

func newShield(t *testing.T) *shield {
	sh := &shield{}
	sh.answer(200, `{"workspace_id":"ws_far","workspace_role":"member"}`)
	sh.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question map[string]string
		body, _ := io.ReadAll(r.Body)
		json.Unmarshal(body, &question)
		sh.mu.Lock()
		if r.Method != "POST" || r.Header.Get("authorization") != "Bearer "+sourceToken || r.Header.Get("content-type") != "application/json" || len(question) != 2 {
			sh.wrong = append(sh.wrong, fmt.Sprintf("%s %v %s", r.Method, r.Header, body))
		}
		sh.asked = append(sh.asked, question["user_id"]+"/"+question["document"])
		says := sh.says
		sh.mu.Unlock()
		says(w)
	}))
	t.Cleanup(sh.Close)
	return sh
}

func (sh *shield) say(says func(w http.ResponseWriter)) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.says = says
}

func (sh *shield) answer(status int, body string) {
	sh.say(func(w http.ResponseWriter) {
		w.Header().Set("location", "/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// times is how often it was asked since the last time.
func (sh *shield) times() int {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	n := len(sh.asked)
	sh.asked = nil
	return n
}

func (sh *shield) vars(more ...string) map[string]string {
	vars := map[string]string{"PERMISSIONS_URL": sh.URL + "/permissions", "PERMISSIONS_TOKEN": sourceToken, "WEBHOOK_SECRET": hookSecret}
	for i := 0; i < len(more); i += 2 {
		vars[more[i]] = more[i+1]
	}
	return vars
}

// refused is a connect that gets no further than an error.
func (s *server) refused(d dialling, code string) frame {
	s.T.Helper()
	d.origin = s.URL
	c, _, err := d.dial(s)
	if err != nil {
		s.T.Fatal(err)
	}
	return c.expectError(code)
}

// One question for each user and document in five minutes, whatever reconnects.
// S2: "WS->>Cache: Check cached permissions".
func TestTheSourceIsAskedOnce(t *testing.T) {
	t.Parallel()
	sh := newShield(t)
	s := start(t, sh.vars())
	token := s.Login("outsider") // who may do nothing by the database
	for i := range 5 {
		c := s.connect(dialling{document: "far", clientID: "c", token: token})
		if context, _ := c.ack.Data["workspace_context"].(map[string]any); context["workspace_id"] != "ws_far" || fmt.Sprint(c.ack.Data["permissions"]) != "[read write comment]" {
			t.Errorf("admitted with %v", c.ack.Data)
		}
		c.ws.CloseNow()
		if i == 2 {
			s.Do(map[string]string{"do": "evict", "class": "UserSession", "name": "usr_outsider", "attempt": "1"}, nil)
		}
	}
	if n := sh.times(); n != 1 {
		t.Errorf("asked %d times for five connects", n)
	}
	s.connect(dialling{document: "other", clientID: "c", token: token})
	s.connect(dialling{document: "far", clientID: "d", token: s.Login("viewer")})
	if n := sh.times(); n != 2 {
		t.Errorf("asked %d times for another document and another user", n)
	}
	if len(sh.wrong) > 0 {
		t.Errorf("asked wrongly: %v", sh.wrong)
	}
	// What an operator would store here decides nothing.
	if status, answer := s.admin("PUT", "/v1/admin/documents/welcome/members/usr_outsider", `{"role":"view"}`); status != 409 {
		t.Errorf("HTTP %d %v", status, answer)
	}
}

// TestASourceThatFailsLetsNobodyIn: an invalid answer admits nobody, none takes longer than the limit,
// and the log says what was wrong with it.
func TestASourceThatFailsLetsNobodyIn(t *testing.T) {
	t.Parallel()
	sh := newShield(t)
	s := start(t, sh.vars("PERMISSIONS_TIMEOUT_MS", "1000"))
	token := s.Login("owner") // who may do everything by the database
	owner := `{"workspace_id":"ws_far","workspace_role":"owner"}`
	generous := newShield(t) // where a redirect would lead
	generous.answer(200, owner)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for i, c := range []struct {
		name string
		says func(w http.ResponseWriter)
		code string
		log  string
	}{
		{"500", func(w http.ResponseWriter) { w.WriteHeader(500); io.WriteString(w, owner) }, "SERVICE_UNAVAILABLE", `"status","status":500`},
		{"garbage", func(w http.ResponseWriter) { io.WriteString(w, "<html>"+owner) }, "SERVICE_UNAVAILABLE", `"not_json"`},
		{"huge", func(w http.ResponseWriter) { io.WriteString(w, owner+strings.Repeat(" ", 64<<10)) }, "SERVICE_UNAVAILABLE", `"too_large"`},
		{"a redirect", func(w http.ResponseWriter) {
			w.Header().Set("location", generous.URL+"/permissions")
			w.WriteHeader(307)
			io.WriteString(w, owner)
		}, "SERVICE_UNAVAILABLE", `"status","status":307`},
		{"slow", func(http.ResponseWriter) { <-hang }, "SERVICE_UNAVAILABLE", `"timed_out"`},
		{"cut short", func(w http.ResponseWriter) { w.Header().Set("content-length", "900"); io.WriteString(w, owner) }, "SERVICE_UNAVAILABLE", `"cut_short"`},
		{"no workspace", func(w http.ResponseWriter) { io.WriteString(w, `{"document_role":"edit"}`) }, "SERVICE_UNAVAILABLE", `"bad_field","field":"workspace_id"`},
		{"an unknown role", func(w http.ResponseWriter) {
			io.WriteString(w, `{"workspace_id":"w","document_role":"none","workspace_role":"owner"}`)
		}, "INSUFFICIENT_PERMISSIONS", `"unknown_role","field":"document_role"`},
		{"slow in the middle", func(w http.ResponseWriter) { io.WriteString(w, "{"); w.(http.Flusher).Flush(); <-hang }, "SERVICE_UNAVAILABLE", `"timed_out"`},
		{"404", func(w http.ResponseWriter) { w.WriteHeader(404) }, "DOCUMENT_NOT_FOUND", ""},
		{"403", func(w http.ResponseWriter) { w.WriteHeader(403) }, "INSUFFICIENT_PERMISSIONS", ""},
	} {
		sh.say(c.says)
		began := time.Now()
		f := s.refused(dialling{document: fmt.Sprintf("d%d", i), clientID: "c", token: token}, c.code)
		if took := time.Since(began); took > 9*time.Second {
			t.Errorf("%s: refused after %s", c.name, took)
		}
		if wait, _ := at(f.Data, "details", "retry_after").(float64); (c.code == "SERVICE_UNAVAILABLE") != (wait > 0) {
			t.Errorf("%s: received %v", c.name, f.Data)
		}
		if logs := s.Logs(); c.log != "" && !strings.Contains(logs, `{"level":"error","event":"permission_source_failed","reason":`+c.log+`,"user_id":"usr_owner"}`) {
			t.Errorf("%s: the log does not say %s: %s", c.name, c.log, logs)
		}
	}
	if n := sh.times(); n != 11 {
		t.Errorf("asked %d times", n)
	}
	// A right that ends, and a document that is not there, are answers.
	if n := strings.Count(s.Logs(), "permission_source_failed"); n != 8 {
		t.Errorf("%d lines: %s", n, s.Logs())
	}
	if n := generous.times(); n != 0 {
		t.Errorf("a redirect was followed, with token and question")
	}
	// The source is back: a user who was refused gets in.
	sh.answer(200, owner)
	s.connect(dialling{document: "d0", clientID: "c", token: token})
}

// TestAResumeOutlivesTheSource: a connected user stays connected by the last known answer, also through a drop.
func TestAResumeOutlivesTheSource(t *testing.T) {
	t.Parallel()
	sh := newShield(t)
	s := start(t, sh.vars("PERMISSION_TTL_MS", "1"))
	token := s.Login("outsider")
	c := s.connect(dialling{document: "far", clientID: "c", token: token})
	c.op("m1", 1)
	sh.answer(500, "")
	session := c.ack.text("session_id")
	c.reset()
	c = s.connect(dialling{document: "far", clientID: "c", token: token, sessionID: session, lastSeq: 1})
	if c.ack.Data["resumed"] != true {
		t.Errorf("not resumed: %v", c.ack.Data)
	}
	c.op("m2", 2)
	s.refused(dialling{document: "far", clientID: "c", token: s.Login("viewer")}, "SERVICE_UNAVAILABLE")
}

// The webhook makes a downgrade reach the open socket at once. It is no permission:
// a repeat of it changes nothing.
func TestTheWebhookBringsADowngrade(t *testing.T) { // not beside others: a second is its promise
	sh := newShield(t)
	s := start(t, sh.vars())
	c := s.connect(dialling{document: "far", clientID: "c", token: s.Login("outsider")})
	c.op("m1", 1)
	sh.times()
	const body = `{"user_id":"usr_outsider","document":"far","reason":"document_role_changed"}`
	sh.answer(200, `{"workspace_id":"ws_far","workspace_role":"member","document_role":"view"}`)
	sent := time.Now()
	if status, text := s.hook(sent, body); status != 200 || string(text) != `{"told":1}` {
		t.Fatalf("HTTP %d %s", status, text)
	}
	if f := c.expect("system", "permission_change"); fmt.Sprint(f.Data["permissions"]) != "[read]" || time.Since(sent) > time.Second {
		t.Errorf("received %v after %s", f.Data, time.Since(sent))
	}
	c.expect("system", "token_refresh_required")
	for range 2 { // the same again, as somebody could who overheard it
		if status, text := s.hook(sent, body); status != 200 {
			t.Fatalf("HTTP %d %s", status, text)
		}
	}
	c.quiet()
	if n := sh.times(); n != 3 {
		t.Errorf("the source was asked %d times for three webhooks", n)
	}
	for name, at := range map[string]time.Time{"old": sent.Add(-6 * time.Minute), "early": sent.Add(6 * time.Minute)} {
		if status, _ := s.hook(at, body); status != 401 {
			t.Errorf("%s: HTTP %d", name, status)
		}
	}
	if n := sh.times(); n != 0 {
		t.Errorf("the source was asked %d times by what was refused", n)
	}
}

// Many at once: as many objects are asked as there are users.
func TestAWebhookOfManyEvents(t *testing.T) {
	t.Parallel()
	sh := newShield(t)
	s := start(t, sh.vars("WEBHOOK_MAX_EVENTS", "60"))
	c := s.connect(dialling{document: "far", clientID: "c", token: s.Login("outsider")})
	sh.answer(403, "")
	list := []string{`{"user_id":"usr_outsider"}`}
	for i := range 59 {
		list = append(list, fmt.Sprintf(`{"user_id":"nobody-%d"}`, i))
	}
	body := `{"events":[` + strings.Join(list, ",") + `]}`
	if status, text := s.hook(time.Now(), body); status != 200 || string(text) != `{"told":60}` {
		t.Fatalf("HTTP %d %s", status, text)
	}
	for {
		if _, err := c.read(); err != nil {
			if code := websocket.CloseStatus(err); code != 4403 {
				t.Errorf("closed with %d, want 4403", code)
			}
			break
		}
	}
	list = append(list, `{"user_id":"one-more"}`)
	if status, text := s.hook(time.Now(), `{"events":[`+strings.Join(list, ",")+`]}`); status != 413 {
		t.Errorf("one more than may be: HTTP %d %s", status, text)
	}
}

// TestTheWebhookOfADocument: the source may report a change for everybody on a document without
// knowing who is there. Connected users lose the right, absent ones do not come back by a cached
// one, and an operator erases the document although it has no row here.
//
// Holds: "a document's change keeps out who is away, too".
func TestTheWebhookOfADocument(t *testing.T) {
	t.Parallel()
	sh := newShield(t)
	s := start(t, sh.vars("WEBHOOK_MAX_EVENTS", "150"))
	here := s.connect(dialling{document: "far", clientID: "c", token: s.Login("outsider")})
	here.op("m1", 1)
	away := s.connect(dialling{document: "far", clientID: "d", token: s.Login("viewer")})
	away.send(`{"type":"system","event":"disconnect"}`)
	away.closes(1000, func(frame) {})
	sh.answer(403, "")
	if status, text := s.hook(time.Now(), `{"document":"far"}`); status != 200 || string(text) != `{"told":1}` {
		t.Fatalf("HTTP %d %s", status, text)
	}
	here.closes(4403, func(frame) {})
	s.refused(dialling{document: "far", clientID: "d", token: s.Login("viewer")}, "INSUFFICIENT_PERMISSIONS")
	s.Evict("Document", "far")
	s.refused(dialling{document: "far", clientID: "d", token: s.Login("viewer")}, "INSUFFICIENT_PERMISSIONS")
	sh.answer(200, `{"workspace_id":"ws_far","workspace_role":"member"}`)
	back := s.connect(dialling{document: "far", clientID: "d", token: s.Login("viewer")})
	back.op("m2", 2)
	if answer := s.must("PUT", "/v1/admin/documents/far/lock", ``); answer["locked"] != true {
		t.Errorf("answered %v", answer)
	}
	// The source is asked again. It says that nothing is locked, and does not undo the lock.
	s.hook(time.Now(), `{"document":"far"}`)
	if ack := s.connect(dialling{document: "far", clientID: "c", token: s.Login("outsider")}).ack; ack.Data["locked"] != true {
		t.Errorf("connection_ack %v", ack.Data)
	}
	if answer := s.must("DELETE", "/v1/admin/documents/far", ``); at(answer, "erased", "document_version") != 2.0 {
		t.Errorf("answered %v", answer)
	}
	back.closes(4404, func(frame) {})
	again := s.connect(dialling{document: "far", clientID: "d", token: s.Login("viewer"), sessionID: back.ack.text("session_id"), lastSeq: 2})
	if again.ack.Data["document_version"] != 0.0 || again.ack.Data["resumed"] != false || at(again.ack.Data, "gap", "reason") != "rewound" {
		t.Errorf("connection_ack %v", again.ack.Data)
	}
	// And of a whole workspace, whichever documents are open in it or were.
	other := s.connect(dialling{document: "wide", clientID: "d", token: s.Login("viewer")})
	other.send(`{"type":"system","event":"disconnect"}`)
	other.closes(1000, func(frame) {})
	sh.answer(403, "")
	if status, text := s.hook(time.Now(), `{"workspace_id":"ws_far"}`); status != 200 || string(text) != `{"told":1}` {
		t.Fatalf("HTTP %d %s", status, text)
	}
	again.closes(4403, func(frame) {})
	s.refused(dialling{document: "wide", clientID: "d", token: s.Login("viewer")}, "INSUFFICIENT_PERMISSIONS")
	sh.answer(200, `{"workspace_id":"ws_far","workspace_role":"member"}`)
	s.connect(dialling{document: "never", clientID: "d", token: s.Login("viewer")})
}
