//go:build !js

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// world is a server under chaos and the clients that live with it.
type world struct {
	t         testing.TB
	server    *server
	checker   *checker
	holes     holes
	heartbeat time.Duration
	seed      uint64
	random    *rand.Rand // the test's own; each client has another
	clients   []*resumer
	ctx       context.Context
	stop      context.CancelFunc
	running   sync.WaitGroup
	breaking  sync.Mutex // sockets, or evicting objects: one at a time

	mu      sync.Mutex
	counts  map[string]int
	resumes []time.Duration
}

// newWorld begins a run. HOLDFAST_SEED repeats another one's choices, though not
// the moments at which the machine carries them out.
func newWorld(t testing.TB, s *server, heartbeat time.Duration) *world {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(err)
	}
	t.Logf("HOLDFAST_SEED=%d", seed)
	w := &world{t: t, server: s, checker: newChecker(), heartbeat: heartbeat, seed: seed, counts: map[string]int{}}
	w.random = w.randomOf(0)
	w.ctx, w.stop = context.WithCancel(context.Background())
	t.Cleanup(func() {
		w.stop()
		w.running.Wait()
		w.holes.close()
	})
	return w
}

func (w *world) randomOf(n int) *rand.Rand { return rand.New(rand.NewPCG(w.seed, uint64(n))) }

// between is a random duration.
func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.random.Int64N(int64(to-from)))
}

// join starts a client that writes with the given mean pause between two ops, or
// reads only.
func (w *world) join(d dialling, think time.Duration) *resumer {
	r := w.prepare(d, think)
	w.start(r)
	return r
}

func (w *world) prepare(d dialling, think time.Duration) *resumer {
	r := &resumer{world: w, to: d, think: think, orders: make(chan order, 1)}
	w.clients = append(w.clients, r)
	r.random = w.randomOf(len(w.clients))
	return r
}

func (w *world) start(r *resumer) { w.running.Go(func() { r.run(w.ctx) }) }

func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[what]++
}

func (w *world) counted(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[what]
}

func (w *world) resumed(after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resumes = append(w.resumes, after)
}

// ended checks the end of a connection that the other side ended, or nobody. A final code
// is never deserved here.
func (w *world) ended(why error) {
	code := websocket.CloseStatus(why)
	w.count(fmt.Sprintf("sockets ended with %d", code))
	if code/100 == 44 {
		w.checker.wrong("refused: a socket was closed for good: %v", why)
	}
}

// moreAcknowledged waits until that many more ops are acknowledged than are now.
func (w *world) moreAcknowledged(n int) {
	w.t.Helper()
	acked := func() (sum int) {
		for _, h := range w.checker.documents {
			sum += len(h.acked)
		}
		return sum
	}
	w.checker.mu.Lock()
	goal := acked() + n
	w.checker.mu.Unlock()
	if !w.checker.until(2*patience, func() bool { return acked() >= goal }) {
		w.t.Fatalf("%d ops were not acknowledged in %v: %s", n, 2*patience, w)
	}
}

// finish stops the writing, lets everybody finish, reads every log and judges.
func (w *world) finish() {
	w.t.Helper()
	for _, r := range w.clients {
		r.silent.Store(true)
	}
	w.checker.quiet(w.t, 3*patience)
	w.stop()
	w.running.Wait()
	for _, r := range w.clients {
		if w.checker.unread(r.to.document) {
			w.readLog(r.to)
		}
	}
	for _, f := range w.checker.verdict() {
		w.t.Error(f)
	}
	w.t.Log(w)
}

// readLog reads a document's log from its beginning, by a client that was never there.
func (w *world) readLog(d dialling) {
	w.t.Helper()
	d.clientID, d.sessionID = "auditor", ""
	c := w.server.connect(d)
	defer c.ws.CloseNow()
	for from, more := 0, true; more; {
		c.send(fmt.Sprintf(`{"type":"operation","event":"sync_request","data":{"from":%d}}`, from))
		for to, version, last := 0, 1, false; to < version && !last; {
			f := c.expect("operation", "document_sync")
			to, version, last = f.number("to"), f.number("document_version"), f.Data["more"] == true
			ops, _ := f.Data["ops"].([]any)
			for _, o := range ops {
				op := o.(map[string]any)
				w.checker.logged(d.document, op["message_id"].(string), int(op["version"].(float64)))
			}
			from, more = to, last
		}
	}
}

// String is what happened, in figures.
func (w *world) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var text strings.Builder
	drops := 0
	for _, what := range slices.Sorted(maps.Keys(w.counts)) {
		if strings.HasPrefix(what, "drop: ") {
			drops += w.counts[what]
		}
		fmt.Fprintf(&text, "\n  %6d %s", w.counts[what], what)
	}
	slices.Sort(w.resumes)
	var middle, longest time.Duration
	if n := len(w.resumes); n > 0 {
		middle, longest = w.resumes[n/2], w.resumes[n-1]
	}
	return fmt.Sprintf("%d clients, %d drops, %d resumes in %v (p50) to %v%s", len(w.clients), drops, len(w.resumes),
		middle.Round(time.Millisecond), longest.Round(time.Millisecond), text.String())
}

// populate adds documents with members of their own to the database, and returns
// how each member dials.
func (s *server) populate(documents, members int) []dialling {
	s.T.Helper()
	var all []dialling
	forger := newForger()
	for n := range documents {
		document := fmt.Sprintf("chaos-%d", n)
		var rows []string
		for m := range members {
			user := fmt.Sprintf("usr_%d_%d", n, m)
			rows = append(rows, fmt.Sprintf("('ws_demo', '%s', 'member')", user))
			token := forger.token(func(_, claims map[string]any) { claims["user_id"], claims["name"], claims["jti"] = user, user, user })
			all = append(all, dialling{document: document, clientID: fmt.Sprintf("c%d-%d", n, m), token: token})
		}
		s.Do(map[string]string{"do": "d1", "query": fmt.Sprintf("INSERT INTO documents (id, workspace_id, title) VALUES ('%s', 'ws_demo', 'Chaos')", document)}, nil)
		s.Do(map[string]string{"do": "d1", "query": "INSERT INTO members (workspace_id, user_id, role) VALUES " + strings.Join(rows, ", ")}, nil)
	}
	return all
}
