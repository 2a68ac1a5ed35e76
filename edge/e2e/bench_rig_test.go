//go:build !js

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// contestant is one way to serve a document's sockets.
type contestant struct {
	name     string
	path     string // before the document's name
	worker   string
	class    string // of the object, to evict it
	token    bool   // checks who connects
	log      bool   // stores ops, and replays what a client missed
	sessions bool   // a resume has to name its session
	url      string // ws://…, the Worker's own socket into workerd
}

// contestants are what one workerd process serves. The first two are the
// baselines: what the platform costs, and what the platform and one row cost.
func contestants(holdfast, peers string) []*contestant {
	return []*contestant{
		{name: "bare", path: "/bare/", worker: "peers", class: "Bare", url: peers},
		{name: "stored", path: "/stored/", worker: "peers", class: "Stored", url: peers, log: true},
		{name: "partyserver", path: "/parties/room/", worker: "peers", class: "Room", url: peers, token: true, log: true},
		{name: "holdfast", path: "/v1/ws/documents/", worker: "holdfast", class: "Document", url: holdfast, token: true, log: true, sessions: true},
	}
}

// rig is the workerd process that serves all contestants.
type rig struct {
	*server
	all       []*contestant
	documents int            // used so far
	newest    int            // the user of the newest first connect
	tokens    map[int]string // of users
	proc      string         // workerd's folder in /proc
	table     table
	warm      bool

	mu   sync.Mutex
	open []*peerLine
}

const (
	benchUsers     = 1000
	benchDocuments = 64
)

func startRig(b *testing.B) *rig {
	b.Helper()
	return startRigOf(b, benchUsers, benchDocuments)
}

func startRigOf(b *testing.B, users, documents int) *rig {
	b.Helper()
	var ready struct{ Holdfast, Peers string }
	s := &server{Server: harness.Launch(b, "edge/bench/harness.mjs", map[string]any{
		"secrets": secrets, "build": harness.Build, "users": users, "documents": documents,
	}, &ready)}
	socket := func(u string) string { return "ws" + strings.TrimSuffix(strings.TrimPrefix(u, "http"), "/") }
	r := &rig{server: s, all: contestants(socket(ready.Holdfast), socket(ready.Peers)), tokens: map[int]string{}}
	if ready.Holdfast == "" || ready.Peers == "" {
		b.Fatal("the harness did not start")
	}
	return r
}

// document is one that nobody has used yet.
func (r *rig) document() string {
	r.documents++
	return fmt.Sprintf("bench-%d", r.documents-1)
}

func (r *rig) evictObject(c *contestant, document string) {
	r.T.Helper()
	r.Do(map[string]string{"do": "evict", "worker": c.worker, "class": c.class, "name": document}, nil)
}

// token returns a token of a user, valid for longer than any benchmark lasts. It is signed here,
// because a thousand logins would cost a thousand password hashes.
func (r *rig) token(user int) string {
	if r.tokens[user] == "" {
		r.tokens[user] = newForger().token(func(_, claims map[string]any) {
			claims["user_id"] = fmt.Sprintf("bench-%d", user)
			claims["jti"] = fmt.Sprintf("bench-%d", user)
			claims["exp"] = time.Now().Add(time.Hour).Unix()
		})
	}
	return r.tokens[user]
}

// place is where somebody connects, and as whom.
type place struct {
	*contestant
	document string
	user     int
	session  string // with version: what is resumed
	version  int
}

// dialled is the address and headers of a place. They are made before the clock
// starts.
func (r *rig) dialled(p place) (string, *websocket.DialOptions) {
	query := url.Values{"client_id": {fmt.Sprintf("bench-%d", p.user)}}
	if p.version > 0 {
		query.Set("last_seq", fmt.Sprint(p.version))
		if p.sessions {
			query.Set("session_id", p.session)
		}
	}
	options := &websocket.DialOptions{}
	if p.token {
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + r.token(p.user)}}
	}
	return p.url + p.path + p.document + "?" + query.Encode(), options
}

// peerLine is one socket. It looks into frames no further than it must, for what it
// costs is in everybody's figures.
type peerLine struct {
	t    testing.TB
	ws   *websocket.Conn
	ack  []byte // the connection_ack
	sent int
}

func (r *rig) dial(p place) *peerLine {
	address, options := r.dialled(p)
	return r.dialAddress(address, options)
}

func (r *rig) dialAddress(address string, options *websocket.DialOptions) *peerLine {
	r.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, address, options)
	if err != nil {
		r.T.Fatalf("dial %s: %v (%v)", address, err, response)
	}
	ws.SetReadLimit(1 << 20)
	l := &peerLine{t: r.T, ws: ws}
	l.ack = l.await("connection_ack")
	r.mu.Lock()
	r.open = append(r.open, l)
	r.mu.Unlock()
	return l
}

// hangUp closes every connection.
func (r *rig) hangUp() {
	for _, l := range r.open {
		l.ws.CloseNow()
	}
	r.open = nil
}

// session is the id that a resume has to name.
func (l *peerLine) session() string {
	var f frame
	check(json.Unmarshal(l.ack, &f))
	return f.text("session_id")
}

func is(text []byte, event string) bool {
	return bytes.Contains(text, []byte(`"event":"`+event+`"`))
}

func (l *peerLine) read() ([]byte, error) {
	_, text, err := l.ws.Read(context.Background())
	return text, err
}

// await reads until a frame of this event.
func (l *peerLine) await(event string) []byte {
	for {
		text, err := l.read()
		if err != nil {
			panic(fmt.Sprintf("waiting for %s: %v", event, err))
		}
		if is(text, event) {
			return text
		}
		if is(text, "error") {
			panic(fmt.Sprintf("waiting for %s: %s", event, text))
		}
	}
}

// send sends the next op, of an editor's usual size.
func (l *peerLine) send() {
	l.sent++
	text := fmt.Appendf(nil, `{"type":"operation","event":"op","message_id":"m%d","data":{"op":{"insert":"hello","at":%d}}}`, l.sent, l.sent)
	if err := l.ws.Write(context.Background(), websocket.MessageText, text); err != nil {
		panic(err)
	}
}

// op sends one and waits for its acknowledgement.
func (l *peerLine) op() {
	l.send()
	l.await("operation_ack")
}

// ops sends n, so many of them in flight, and waits for every acknowledgement
// and for `others` ops of somebody else.
func (l *peerLine) ops(n, inFlight, others int) {
	sent := min(n, inFlight)
	for range sent {
		l.send()
	}
	for acked, received := 0, 0; acked < n || received < others; {
		text, err := l.read()
		switch {
		case err != nil:
			panic(err)
		case is(text, "operation_ack"):
			acked++
			if sent < n {
				sent++
				l.send()
			}
		case is(text, "op"):
			received++
		case is(text, "error"):
			panic(string(text))
		}
	}
}
