package document_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// Each test here and in the files spec_*_test.go proves what is quoted above it from
// the two seeds; ../SEEDS.md lists all of their sentences. What both say of tokens,
// the page and the permission source is proved where those are.

// desk is a document with its storage, and what every connection was sent.
type desk struct {
	*testing.T
	doc    *document.Document
	store  *sim.DocumentStorage
	now    time.Time
	sent   map[document.ConnID][]protocol.Frame
	closed map[document.ConnID]int
}

// manyFrames are so many that no test here sends too many.
var manyFrames = rate.FloodLimits{Frames: rate.Limit{Count: 10_000}}

func newDesk(t *testing.T) *desk {
	return &desk{
		T: t, doc: document.New(document.Config{Conn: serverconn.Config{Flood: manyFrames}}, "d"), store: sim.NewDocumentStorage("d"), now: start,
		sent: map[document.ConnID][]protocol.Frame{}, closed: map[document.ConnID]int{},
	}
}

func (d *desk) step(ev document.Event) []document.Effect {
	d.Helper()
	effects := append([]document.Effect(nil), d.doc.Step(d.now, ev)...)
	for _, e := range effects {
		d.store.Apply(e)
		switch e := e.(type) {
		case document.Send:
			for _, c := range e.Conns {
				d.receive(c, e.Text)
			}
		case document.Replay:
			answer, _ := d.store.Deliver(e, 0, func(text []byte) { d.receive(e.Conn, text) })
			defer d.step(answer)
		case document.Sync:
			answer, _ := d.store.Deliver(e, 256<<10, func(text []byte) { d.receive(e.Conn, text) })
			defer d.step(answer)
		case document.Close:
			d.closed[e.Conn] = e.Code
		}
	}
	return effects
}

func (d *desk) receive(c document.ConnID, text []byte) {
	d.Helper()
	f, err := protocol.Decode(append([]byte(nil), text...), protocol.Limits{FrameBytes: 1 << 20})
	if err != nil {
		d.Fatalf("sent %s: %v", text, err)
	}
	d.sent[c] = append(d.sent[c], f)
}

func grantOf(user string) document.Grant {
	return document.Grant{
		UserID: user, SessionID: "session-of-" + user, WorkspaceID: "ws_123", Role: "member",
		Permissions: 7, Epoch: 1, Expires: start.Add(15 * time.Minute),
	}
}

func (d *desk) connect(conn document.ConnID, user, client string) {
	d.Helper()
	d.step(document.Connect{Conn: conn, Grant: grantOf(user), ClientID: client})
}

func (d *desk) says(conn document.ConnID, text string) {
	d.Helper()
	f, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		d.Fatalf("%s: %v", text, err)
	}
	d.step(d.store.Received(conn, d.doc.User(conn), f, 0))
}

func (d *desk) writes(conn document.ConnID, id string) {
	d.Helper()
	d.says(conn, `{"type":"operation","event":"op","message_id":"`+id+`","data":{"op":"`+id+`"}}`)
}

// frame returns the newest frame of an event that the connection was sent.
func (d *desk) frame(conn document.ConnID, event string) protocol.Frame {
	d.Helper()
	for i := len(d.sent[conn]) - 1; i >= 0; i-- {
		if d.sent[conn][i].Event == event {
			return d.sent[conn][i]
		}
	}
	d.Fatalf("%s was sent no %s", conn, event)
	return protocol.Frame{}
}

// holds checks that a frame's data has at least these members.
func (d *desk) holds(f protocol.Frame, want string) {
	d.Helper()
	var got, expected map[string]any
	if err := json.Unmarshal(f.Data, &got); err != nil {
		d.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		d.Fatal(err)
	}
	for k, v := range expected {
		a, _ := json.Marshal(got[k])
		b, _ := json.Marshal(v)
		if string(a) != string(b) {
			d.Errorf("%s/%s: %s is %s, want %s", f.Type, f.Event, k, a, b)
		}
	}
}

// S2: "WS-->>C: Connection acknowledged", “"event": "connection_ack"”,
// “"permissions": ["read", "write", "comment"]” and
// “"workspace_context": { "workspace_id": "ws_123", "role": "member" }”.
func TestSpecConnectionAck(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "user_123", "client_abc123")
	d.holds(d.frame("c1", "connection_ack"), `{"client_id":"client_abc123","user_id":"user_123","permissions":["read","write","comment"],
		"document_version":0,"workspace_context":{"workspace_id":"ws_123","role":"member"}}`)
}

// S2: "Upon connection, the server validates document-specific permissions" and
// "WS->>WS: Verify document permissions".
func TestSpecPermissionsOnConnect(t *testing.T) {
	d := newDesk(t)
	g := grantOf("ann")
	g.Permissions = 0
	d.step(document.Connect{Conn: "c1", Grant: g, ClientID: "a"})
	d.holds(d.frame("c1", "error"), `{"error_code":"INSUFFICIENT_PERMISSIONS","recoverable":false}`)
	if d.closed["c1"] != 4403 {
		t.Errorf("closed with %d", d.closed["c1"])
	}
}

// S2: "`read` | View document | Receive operations, view presence" and
// "`write` | Edit document | Send operations, create content".
func TestSpecReadAndWrite(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	g := grantOf("vic")
	g.Permissions = 1
	d.step(document.Connect{Conn: "c2", Grant: g, ClientID: "v"})
	d.writes("c1", "m1")
	d.holds(d.frame("c2", "op"), `{"op":"m1","document_version":1,"user_id":"ann"}`)
	d.holds(d.frame("c1", "join"), `{"user_id":"vic"}`)
	d.writes("c2", "m2")
	d.holds(d.frame("c2", "error"), `{"error_code":"INSUFFICIENT_PERMISSIONS","details":{"message_id":"m2"}}`)
	if len(d.store.Log) != 1 || d.closed["c2"] != 0 {
		t.Error("stored, or closed")
	}
}

// S2: "`comment` | Add comments | Create and reply to comments" and
// "`moderate` | Manage content | Resolve comments, lock sections": the document refuses
// who may not, before anything else.
func TestSpecCommentLevels(t *testing.T) {
	for event, level := range map[string]uint8{"create": 4, "reply": 4, "resolve": 8} {
		for _, may := range []uint8{1, 1 | level} {
			d := newDesk(t)
			g := grantOf("ann")
			g.Permissions = may
			d.step(document.Connect{Conn: "c1", Grant: g, ClientID: "a"})
			d.says("c1", `{"type":"comment","event":"`+event+`","message_id":"m1"}`)
			refused := strings.Contains(string(d.frame("c1", "error").Data), "INSUFFICIENT_PERMISSIONS")
			if refused == (may&level != 0) {
				t.Errorf("%s with %b: refused %v", event, may, refused)
			}
		}
	}
}

// S2: "this.refreshThreshold = 60000; // Refresh 1 minute before expiry" and
// “"expires_in": 60”.
func TestSpecRefreshNotice(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	at, _ := d.doc.Deadline()
	if want := start.Add(14 * time.Minute); !at.Equal(want) {
		t.Fatalf("due at %v, want %v", at, want)
	}
	d.now = at
	d.step(document.Woken{})
	d.holds(d.frame("c1", "token_refresh_required"), `{"reason":"token_expiring","expires_in":60}`)
}

// S2: "The server may request token refresh if permissions change",
// “"reason": "permissions_changed"”, “"expires_in": 60”, "When permissions change,
// clients receive immediate notification", “"event": "permission_change"” and
// “"removed": ["write", "comment"], "reason": "workspace_role_changed"”.
func TestSpecPermissionChange(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.now = start.Add(30 * time.Second)
	g := grantOf("ann")
	g.Permissions, g.Epoch = 1, 2
	d.step(document.GrantChanged{Grant: g, Reason: "workspace_role_changed"})
	d.holds(d.frame("c1", "permission_change"), `{"permissions":["read"],"removed":["write","comment"],
		"reason":"workspace_role_changed","effective_at":"2025-01-07T10:00:30Z"}`)
	d.holds(d.frame("c1", "token_refresh_required"), `{"reason":"permissions_changed","expires_in":60}`)
}

// S2: "// Close current connection cleanly this.wsClient.close(1000, 'Token refresh');"
// and "// Reconnect with new token this.wsClient.setToken(newToken); this.wsClient.connect();".
func TestSpecCloseAndReconnect(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.step(document.Disconnected{Conn: "c1", Code: 1000})
	d.writes("c2", "m1")
	d.connect("c3", "ann", "a")
	d.holds(d.frame("c3", "connection_ack"), `{"resumed":true,"session_id":"session-of-ann"}`)
	d.holds(d.frame("c3", "op"), `{"op":"m1"}`)
}

// S2: "`TOKEN_EXPIRED` | 401 | Token has expired | Refresh token". S1: "Expired
// tokens are rejected".
func TestSpecTokenExpired(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.now = start.Add(15 * time.Minute)
	d.writes("c1", "m1")
	d.holds(d.frame("c1", "error"), `{"error_code":"TOKEN_EXPIRED","recoverable":true,"action":"refresh_token"}`)
	d.now = d.now.Add(25 * time.Second)
	d.step(document.Woken{})
	if protocol.ActionForClose(d.closed["c1"]) != protocol.ActionRefresh {
		t.Errorf("closed with %d", d.closed["c1"])
	}
}

// S2: "`DOCUMENT_LOCKED` | 423 | Document is locked | Wait and retry".
func TestSpecDocumentLocked(t *testing.T) {
	d := newDesk(t)
	g := grantOf("ann")
	g.Locked, g.AccessAt = true, start
	d.step(document.Connect{Conn: "c1", Grant: g, ClientID: "a"})
	d.writes("c1", "m1")
	d.holds(d.frame("c1", "error"), `{"error_code":"DOCUMENT_LOCKED","recoverable":true,"action":"wait"}`)
}

// S2: "Don't share connections - One connection per user/document". S1: "New
// connections replace old ones".
func TestSpecOneConnection(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "laptop")
	d.connect("c2", "ann", "phone")
	d.holds(d.frame("c1", "error"), `{"error_code":"CONNECTION_REPLACED","details":{"client_id":"phone"}}`)
	if d.closed["c1"] != 4409 || d.closed["c2"] != 0 {
		t.Errorf("closed %v", d.closed)
	}
}

// S1: "Grace Period (30 seconds)", "No data is lost", "UserSession is retrieved from
// SessionStorage", "Everything continues seamlessly" and "New UserSession is created".
//
// Holds: "a dropped connection resumes, with everything missed".
func TestSpecGracePeriod(t *testing.T) {
	for _, tt := range []struct {
		away   time.Duration
		resume bool
	}{{30*time.Second - time.Millisecond, true}, {30 * time.Second, false}} {
		d := newDesk(t)
		d.connect("c1", "ann", "a")
		d.connect("c2", "ben", "b")
		d.step(document.Disconnected{Conn: "c1", Code: 1006})
		d.writes("c2", "m1")
		d.writes("c2", "m2")
		d.now = start.Add(tt.away)
		first := d.step(document.Connect{Conn: "c3", Grant: grantOf("ann"), ClientID: "a", SessionID: "session-of-ann", HasLastSeq: true})[0]
		if _, ok := first.(document.Accept); ok != tt.resume {
			t.Fatalf("away %v: %T", tt.away, first)
		}
		if tt.resume {
			d.holds(d.frame("c3", "connection_ack"), `{"resumed":true,"replay":{"from":1,"to":2}}`)
			d.holds(d.frame("c3", "op"), `{"op":"m2","document_version":2}`)
		}
	}
}

// S1: "Every 10 seconds, the cloud sends a ping to check if the connection is alive":
// connection_ack has a client of a document do so, and one that is silent for too long is dead.
//
// Holds: "a client that pings is shown as gone when its connection dies silently".
func TestSpecHeartbeat(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.holds(d.frame("c1", "connection_ack"), `{"heartbeat_interval":10000,"grace_period":30000}`)
	d.now = start.Add(50 * time.Second)
	d.step(document.Woken{Seen: []document.Seen{{Conn: "c1", At: start.Add(20 * time.Second)}, {Conn: "c2", At: start.Add(40 * time.Second)}}})
	if d.closed["c1"] != 4002 || d.closed["c2"] != 0 {
		t.Errorf("closed %v", d.closed)
	}
	d.holds(d.frame("c2", "leave"), `{"user_id":"ann"}`)
}

// S1: "No cross-user data access": nobody can take another user's channel, seq
// or message ids by naming them.
func TestSpecUserIsolation(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "laptop")
	d.writes("c1", "m1")
	d.step(document.Connect{Conn: "c2", Grant: grantOf("eve"), ClientID: "laptop", SessionID: "session-of-ann"})
	d.holds(d.frame("c2", "connection_ack"), `{"user_id":"eve","session_id":"session-of-eve","resumed":false}`)
	d.writes("c2", "m1")
	d.holds(d.frame("c2", "operation_ack"), `{"document_version":2}`)
	if d.closed["c1"] != 0 {
		t.Error("ann was replaced by eve")
	}
}
