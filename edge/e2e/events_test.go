//go:build !js

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
	"github.com/holdfast-dev/holdfast/edge/events"
)

const eventsSecret = "the-secret-of-the-events-0123456789"

// backend is somebody's backend: the example receiver, behind what may go wrong.
type backend struct {
	*httptest.Server
	t  testing.TB
	mu sync.Mutex
	// before may answer in the receiver's place; the body is for it to read.
	before func(w http.ResponseWriter, r *http.Request, n int) (answered bool)
	n      int
	events []events.Event // of all requests, repeats too
	at     []time.Time
	more   chan struct{}
}

func newBackend(t testing.TB, before func(w http.ResponseWriter, r *http.Request, n int) bool) *backend {
	b := &backend{t: t, before: before, more: make(chan struct{}, 1)}
	receive := events.Handler(eventsSecret, func(e events.Event) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
		return nil
	})
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.n++
		n, before := b.n, b.before
		b.at = append(b.at, time.Now())
		b.mu.Unlock()
		if before == nil || !before(w, r, n) {
			receive(w, r)
		}
		select {
		case b.more <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(func() { b.CloseClientConnections(); b.Close() })
	return b
}

// behave changes what goes wrong.
func (b *backend) behave(before func(w http.ResponseWriter, r *http.Request, n int) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before = before
}

func (b *backend) requests() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// once are the events that were taken, each once. It checks that a repeat is the same, and that
// nothing overtook anything of its stream.
func (b *backend) once() (all []events.Event) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	seen, newest := map[string]events.Event{}, map[string]int{}
	for _, e := range b.events {
		if before, again := seen[e.ID]; again {
			if fmt.Sprint(before) != fmt.Sprint(e) {
				b.t.Errorf("%+v was %+v", e, before)
			}
			continue
		}
		if e.Seq <= newest[e.Stream] || e.ID != fmt.Sprint(e.Stream, "-", e.Seq) {
			b.t.Errorf("%+v came after %d", e, newest[e.Stream])
		}
		seen[e.ID], newest[e.Stream] = e, e.Seq
		all = append(all, e)
	}
	return all
}

// await waits until the events satisfy what is asked.
func (b *backend) await(what string, enough func(all []events.Event) bool) []events.Event {
	b.t.Helper()
	over := time.After(4 * patience)
	for {
		all := b.once()
		if enough(all) {
			return all
		}
		select {
		case <-b.more:
		case <-over:
			b.t.Fatalf("waited for %s; %d requests, and these events: %+v", what, b.requests(), all)
		}
	}
}

func member(e events.Event, name string) string {
	var data map[string]any
	json.Unmarshal(e.Data, &data)
	if data[name] == nil {
		return ""
	}
	return fmt.Sprint(data[name])
}

// told returns whether a document's version was told.
func told(document string, version int) func([]events.Event) bool {
	return func(all []events.Event) bool {
		return slices.ContainsFunc(all, func(e events.Event) bool {
			return e.Type == "document.changed" && e.Document == document && member(e, "document_version") == fmt.Sprint(version)
		})
	}
}

func typed(all []events.Event, name string) (some []events.Event) {
	for _, e := range all {
		if e.Type == name {
			some = append(some, e)
		}
	}
	return some
}

func withEvents(url string, more map[string]string) map[string]string {
	vars := map[string]string{"EVENTS_URL": url, "EVENTS_SECRET": eventsSecret, "EVENTS_EVERY_MS": "300"}
	for name, value := range more {
		vars[name] = value
	}
	return vars
}

// A backend is told of everything that it can be told of, by signed requests, and of many changes once.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil)
	s := start(t, withEvents(b.URL, nil))
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	began := time.Now()
	for n := range 200 {
		owner.op(fmt.Sprint("m", n), n)
	}
	took := time.Since(began)
	all := b.await("version 200", told("welcome", 200))
	if n := len(typed(all, "document.changed")); n > int(took/(300*time.Millisecond))+2 {
		t.Errorf("%d requests for what took %v", n, took)
	}
	if changed := typed(all, "document.changed"); member(changed[0], "generation") == "" || member(changed[0], "generation") != fmt.Sprint(owner.ack.Data["generation"]) {
		t.Errorf("%s, and the log's generation is %v", changed[0].Data, owner.ack.Data["generation"])
	}
	owner.comment("create", "c1", `{"body":"look"}`)
	owner.comment("reply", "c2", `{"comment_id":"201","body":"I do"}`)
	owner.comment("resolve", "c3", `{"comment_id":"201"}`)
	editor.send(`{"type":"system","event":"disconnect"}`)
	s.must("POST", "/v1/admin/users/usr_owner/revoke", `{"all":true,"reason":"stolen_laptop"}`)
	all = b.await("the end of all sessions", func(all []events.Event) bool {
		return len(typed(all, "session.ended")) == 2 && len(typed(all, "document.left")) == 2
	})
	all = b.await("version 203", told("welcome", 203))
	if joined := typed(all, "document.joined"); len(joined) != 2 || member(joined[0], "user_id") != "usr_owner" || member(joined[1], "members") != "2" || member(joined[1], "client_id") != "e" {
		t.Errorf("joined: %+v", joined)
	}
	if left := typed(all, "document.left"); member(left[0], "user_id") != "usr_editor" || member(left[0], "reason") != "disconnect" || member(left[1], "members") != "0" {
		t.Errorf("left: %+v", left)
	}
	for _, name := range []string{"comment.created", "comment.replied", "comment.resolved"} {
		if some := typed(all, name); len(some) != 1 || member(some[0], "comment_id") != "201" || member(some[0], "user_id") != "usr_owner" || some[0].Document != "welcome" {
			t.Errorf("%s: %+v", name, some)
		}
	}
	if revoked := typed(all, "user.revoked"); len(revoked) != 1 || revoked[0].UserID != "usr_owner" || member(revoked[0], "what") != "all" || member(revoked[0], "reason") != "stolen_laptop" {
		t.Errorf("revoked: %+v", revoked)
	}
	started, ended := typed(all, "session.started"), typed(all, "session.ended")
	if len(started) != 2 || len(member(started[0], "session_id")) != 32 || !slices.ContainsFunc(ended, func(e events.Event) bool {
		return member(e, "session_id") == member(started[0], "session_id") && e.UserID == started[0].UserID
	}) {
		t.Errorf("sessions: %+v %+v", started, ended)
	}
	for _, e := range all {
		if text := string(e.Data); strings.Contains(text, "look") || strings.Contains(text, "I do") {
			t.Errorf("content: %s", text)
		}
	}
	live := at(s.must("GET", "/v1/admin/documents/welcome", ""), "live", "events")
	if at(live, "pending") != 0.0 || at(live, "told_version") != 203.0 || at(live, "lost") != 0.0 || at(live, "tries") != nil {
		t.Errorf("described as %v", live)
	}
	if user := at(s.must("GET", "/v1/admin/users/usr_owner/session", ""), "session", "events"); at(user, "pending") == nil {
		t.Errorf("described as %v", user)
	}
	if strings.Contains(s.Logs(), eventsSecret) {
		t.Error("the secret is in the log")
	}
	// Nothing more comes, and nothing is left.
	n := b.requests()
	time.Sleep(time.Second)
	if b.requests() != n {
		t.Errorf("%d requests of an idle document", b.requests()-n)
	}
	var stored struct{ Rows []any }
	s.Do(map[string]string{"do": "sql", "class": "Document", "name": "welcome", "query": "SELECT * FROM events"}, &stored)
	if len(stored.Rows) > 0 {
		t.Errorf("left are %v", stored.Rows)
	}
}

// The attacker sends a request of its own, changes one, or repeats one after ten minutes: neither
// example takes it. The same requests of a Worker, each takes.
func TestTheExampleReceiversTakeWhatIsSigned(t *testing.T) {
	t.Parallel()
	script := `
		import { createServer } from "node:http";
		import { listener, receiver } from "./edge/events/receiver.mjs";
		const receive = receiver("` + eventsSecret + `", async (event) => console.log(JSON.stringify(event)));
		const server = createServer(listener(receive));
		server.listen(0, "127.0.0.1", () => console.log(server.address().port));
		process.stdin.resume().on("end", () => process.exit());`
	node := exec.Command("node", "--input-type=module", "-e", script)
	node.Dir = harness.Root
	in, err := node.StdinPipe()
	check(err)
	out, err := node.StdoutPipe()
	check(err)
	check(node.Start())
	t.Cleanup(func() { in.Close(); node.Wait() })
	lines := bufio.NewScanner(out)
	lines.Scan()
	address := "http://127.0.0.1:" + lines.Text() + "/"
	s := start(t, withEvents(address, map[string]string{"EVENTS_SECRET": "the-newer-secret-of-two " + eventsSecret}))
	s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")}).op("m", 1)
	for lines.Scan() && !strings.Contains(lines.Text(), `"type":"document.changed"`) {
	}
	if !strings.Contains(lines.Text(), `"document_version":1`) {
		t.Fatalf("received %q", lines.Text())
	}
	b := newBackend(t, nil)
	for _, url := range []string{address, b.URL} {
		for name, header := range map[string]string{
			"no signature": "", "another secret": sign("another secret", time.Now(), `{"events":[]}`), "another body": sign(eventsSecret, time.Now(), `{"events":[1]}`),
			"an old one": sign(eventsSecret, time.Now().Add(-10*time.Minute), `{"events":[]}`), "half of one": sign(eventsSecret, time.Now(), `{"events":[]}`)[:40],
		} {
			if status := postSigned(url, header, `{"events":[]}`); status != 401 {
				t.Errorf("%s at %s: HTTP %d", name, url, status)
			}
		}
		// What neither has read to its end, or is no text, ends no program.
		letters := sign(eventsSecret, time.Now(), `{"events":[]}`)
		if status := postSigned(url, letters[:len(letters)-1]+"\xe9", `{"events":[]}`); status != 401 {
			t.Errorf("a signature of other letters at %s: HTTP %d", url, status)
		}
		short, err := net.Dial("tcp", strings.Trim(strings.TrimPrefix(url, "http:"), "/"))
		check(err)
		fmt.Fprint(short, "POST / HTTP/1.1\r\nHost: backend\r\nContent-Length: 100\r\n\r\n{")
		short.Close()
		time.Sleep(100 * time.Millisecond) // only the next request shows that it has seen the end
		now := time.Now()
		if status := postSigned(url, sign("new", now, "{}")+strings.TrimPrefix(sign(eventsSecret, now, `{"events":[]}`), fmt.Sprint("t=", now.Unix())), `{"events":[]}`); status != 200 {
			t.Errorf("a second signature at %s: HTTP %d", url, status)
		}
	}
}

// Whatever a backend does wrong, it gets each event in the end, in order, and no document waits
// for another, nor an operation for the backend.
//
// Holds: "events reach the backend at least once, in order, or become dead letters"
func TestEventsOutlastAFaultyBackend(t *testing.T) {
	t.Parallel()
	elsewhere := newBackend(t, nil)
	ways := map[string]func(w http.ResponseWriter, r *http.Request){
		"fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"moved": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"not-there": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
		"hangs":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"closes": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			conn.Close()
		},
		"long": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); w.Write(make([]byte, 1<<20)) },
		"partial": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-length", "100")
			w.WriteHeader(503)
			w.Write([]byte("x"))
		},
	}
	var mu sync.Mutex
	failed := map[string]int{}
	b := newBackend(t, nil)
	receive := b.Config.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, document := peek(r)
		if way := ways[document]; way != nil {
			mu.Lock()
			failed[document]++
			first := failed[document] == 1
			mu.Unlock()
			if first {
				way(w, r)
				return
			}
		}
		r.Body = body
		receive.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { front.CloseClientConnections(); front.Close() })
	s := start(t, withEvents(front.URL, map[string]string{"EVENTS_TIMEOUT_MS": "1500"}))
	s.must("PUT", "/v1/admin/workspaces/ws_events", `{"name":"Events"}`)
	s.must("PUT", "/v1/admin/workspaces/ws_events/members/usr_owner", `{"role":"owner"}`)
	token := s.Login("owner")
	for document := range ways {
		s.must("PUT", "/v1/admin/documents/"+document, `{"workspace_id":"ws_events","title":"T"}`)
	}
	for document := range ways {
		c := s.connect(dialling{document: document, clientID: "o", token: token})
		for n := range 5 {
			began := time.Now()
			c.op(fmt.Sprint("m", n), n)
			if waited := time.Since(began); waited > 5*time.Second {
				t.Errorf("an operation waited %v for a backend that %s", waited, document)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	for document := range ways {
		all := b.await("all of "+document, told(document, 5))
		last := 0
		for _, e := range all {
			if e.Document != document {
				continue
			}
			if document != "long" && e.Seq != last+1 { // its first answer was 200, so that was taken
				t.Errorf("%s: %+v after %d", document, e, last)
			}
			last = e.Seq
		}
	}
	if elsewhere.requests() > 0 {
		t.Error("a redirect was followed")
	}
	if status, answer := s.admin("GET", "/v1/admin/events/dead", ""); status != 200 || len(at(answer, "dead_letters").([]any)) > 0 {
		t.Errorf("dead letters: %v", answer)
	}
}
