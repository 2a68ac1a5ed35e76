package user_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// said are the texts of what left, closes included, in order.
func said(effects []any) (out []string) {
	for _, e := range effects {
		switch e := e.(type) {
		case serverconn.Send:
			out = append(out, fmt.Sprintf("%s %s", e.Conn, e.Text))
		case serverconn.Close:
			out = append(out, fmt.Sprint(e.Conn, " close ", e.Code))
		case serverconn.Refuse:
			out = append(out, "refuse "+string(e.Err.Code))
		}
	}
	return out
}

// expect compares by the beginning of each line.
func expect(t *testing.T, effects []any, want ...string) {
	t.Helper()
	got := said(effects)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("left:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// online is a world in which a phone is connected.
func online(t *testing.T, cfg user.Config) *world {
	t.Helper()
	w := newWorld(t, cfg)
	w.connect("c1", "phone")
	w.says("c1", initText)
	return w
}

// back connects again, and returns what connection_ack says.
func (w *world) back(conn user.ConnID, client, init string) (ack struct {
	ClientID  string `json:"client_id"`
	SessionID string `json:"session_id"`
	Resumed   bool
	Replay    *protocol.Range
	Gap       *protocol.Gap
}, rest []string) {
	w.t.Helper()
	w.connect(conn, client)
	for _, line := range said(w.says(conn, init)) {
		text, mine := strings.CutPrefix(line, string(conn)+" ")
		var f struct {
			Event string
			Data  json.RawMessage
		}
		if mine && json.Unmarshal([]byte(text), &f) == nil && f.Event == protocol.EventConnectionAck {
			if err := json.Unmarshal(f.Data, &ack); err != nil {
				w.t.Fatal(err)
			}
		} else {
			rest = append(rest, line)
		}
	}
	if ack.SessionID == "" {
		w.t.Fatalf("no connection_ack: %v", rest)
	}
	return ack, rest
}

func (w *world) post(data string) { w.step(device.Post{Ask: 1, From: "operator", Data: []byte(data)}) }

// S1: "Mobile app must send CONNECTION_INIT within 30 seconds": absolute, hibernation and
// all; nothing but connection_init ends the wait.
func TestSpecInitWithin30Seconds(t *testing.T) {
	w := newWorld(t, user.Config{})
	w.connect("c1", "phone")
	for range 29 {
		w.now = w.now.Add(time.Second)
		w.says("c1", protocol.PingText)
		w.hibernate()
		w.step(user.Woken{})
	}
	w.now = start.Add(30*time.Second - time.Millisecond)
	expect(t, w.step(user.Woken{}))
	w.now = start.Add(30 * time.Second)
	expect(t, w.step(user.Woken{}), `c1 {"type":"system","event":"connection_error","data":{"error_code":"CONNECTION_INIT_TIMEOUT"`, "c1 close 4001")
	expect(t, w.says("c1", initText))
	if w.core.Session().Session.ID != "" {
		t.Error("a session began")
	}
}

// S1: "Every 10 seconds, the cloud sends a ping to check if the connection is alive": also
// to a device that says much by itself.
func TestSpecPingEvery10Seconds(t *testing.T) {
	w := online(t, user.Config{})
	var pings []time.Duration
	for w.now.Before(start.Add(time.Minute)) {
		w.now = w.now.Add(500 * time.Millisecond)
		for _, line := range said(w.step(user.Woken{})) {
			if line != "c1 "+protocol.PingText {
				t.Fatalf("received %s", line)
			}
			pings = append(pings, w.now.Sub(start))
		}
		w.says("c1", pongText)
	}
	if fmt.Sprint(pings) != "[10s 20s 30s 40s 50s 1m0s]" {
		t.Errorf("pings at %v", pings)
	}
}

// S1: "Grace Period (30 seconds)", "UserSession remains in memory", "Same coreToken is used",
// "UserSession is retrieved from SessionStorage", "WebSocket is updated with new connection"
// and "Everything continues seamlessly".
func TestSpecResumeWithinGrace(t *testing.T) {
	for _, late := range []time.Duration{0, 30*time.Second - time.Millisecond} {
		w := online(t, user.Config{})
		session := w.core.Session().Session.ID
		w.step(user.Disconnected{Conn: "c1", Code: 1006})
		w.hibernate()
		w.now = w.now.Add(late)
		if ack, _ := w.back("c2", "phone", initText); !ack.Resumed || ack.SessionID != session {
			t.Errorf("after %s: %+v", late, ack)
		}
		if w.core.Device() != "c2" {
			t.Errorf("current is %q", w.core.Device())
		}
	}
}

// S1: "No data is lost": what was sent while the line was down is received, in order, once.
func TestSpecNoDataIsLost(t *testing.T) {
	w := online(t, user.Config{})
	w.post("1")
	w.says("c1", `{"type":"system","event":"ack","data":{"seq":1}}`)
	w.step(user.Disconnected{Conn: "c1", Code: 1006})
	w.post("2")
	w.hibernate()
	w.post("3")
	ack, rest := w.back("c2", "phone", initText)
	if ack.Gap != nil || ack.Replay == nil || *ack.Replay != (protocol.Range{From: 2, To: 3}) || len(rest) != 2 ||
		!strings.HasSuffix(rest[0], `"data":2},"seq":2}`) || !strings.HasSuffix(rest[1], `"data":3},"seq":3}`) {
		t.Errorf("%+v, then %v", ack, rest)
	}
}

// S1: "New UserSession is created" and "Previous state is lost".
func TestSpecAfterGrace(t *testing.T) {
	w := online(t, user.Config{})
	session := w.core.Session().Session.ID
	w.post("1")
	w.step(user.Disconnected{Conn: "c1", Code: 1000}) // whatever its code, it may come back
	w.now = w.now.Add(30 * time.Second)
	ack, rest := w.back("c2", "phone", initText)
	if ack.Resumed || ack.SessionID == session || len(rest) != 0 {
		t.Errorf("%+v, then %v", ack, rest)
	}
	if len(w.store.Outbox) != 0 {
		t.Errorf("%d frames are kept for nobody", len(w.store.Outbox))
	}
}

// S1: "One active glasses connection per user", "New connections replace old ones" and
// "Prevents connection flooding".
func TestSpecOneDevice(t *testing.T) {
	w := online(t, user.Config{})
	w.connect("c2", "glasses")
	expect(t, w.says("c2", initText),
		`c1 {"type":"system","event":"error","data":{"error_code":"CONNECTION_REPLACED"`, "c1 close 4409", `c2 {"type":"system","event":"connection_ack"`)
	// A flood of connects has one pending, and is refused in the end.
	refused := 0
	for i := range 300 {
		effects := w.connect(user.ConnID(fmt.Sprint("f", i)), "phone")
		for _, line := range said(effects) {
			if line == "refuse RATE_LIMIT_EXCEEDED" {
				refused++
			}
		}
		if conns := w.core.DeviceConns(); conns[0] != "c2" {
			t.Fatalf("connections %v", conns)
		}
	}
	if refused < 50 {
		t.Errorf("%d of 300 were refused", refused)
	}
}

// S1: "Expired tokens are rejected": on an open line too, after the read-only time.
func TestSpecExpiredToken(t *testing.T) {
	w := online(t, user.Config{Device: device.Config{ClientPings: true}})
	w.now = start.Add(15*time.Minute + 25*time.Second)
	expect(t, w.step(user.Woken{Seen: w.now.Add(-time.Second)}),
		`c1 {"type":"system","event":"token_refresh_required"`, `c1 {"type":"system","event":"error","data":{"error_code":"TOKEN_EXPIRED"`, "c1 close 4102")
	e := device.Connect{Conn: "c2", Claims: session.Claims{UserID: "ann"}}
	expect(t, w.step(e), "refuse AUTHENTICATION_FAILED") // one that never ends
}

// S1: "No cross-user data access" and "Sessions are completely isolated": a token of
// somebody else's is of no use here, whoever brings it and whenever.
func TestSpecDeviceOfAnotherUser(t *testing.T) {
	w := newWorld(t, user.Config{})
	bob := claims(w.now, w.now.Add(time.Minute), "b")
	bob.UserID = "bob"
	expect(t, w.step(device.Connect{Conn: "c9", Claims: bob}), "refuse AUTHENTICATION_FAILED")
	w = online(t, user.Config{})
	expect(t, w.step(device.Connect{Conn: "c9", Claims: bob}), "refuse AUTHENTICATION_FAILED")
	w.says("c1", `{"type":"system","event":"token_refresh","data":{"token":"x"}}`)
	expect(t, w.step(device.TokenVerified{Conn: "c1", Claims: bob}), `c1 {"type":"system","event":"error","data":{"error_code":"AUTHENTICATION_FAILED"`)
	snap := w.store.Snapshot()
	snap.UserID = "bob"
	if _, err := restore(w.cfg, snap); err == nil {
		t.Error("another user's object took the row")
	}
}

// The device channel is one of the session's: it begins it and keeps it, with documents
// and without, and a document's word about the session is nothing to it.
func TestDeviceAndDocumentShareASession(t *testing.T) {
	w := online(t, user.Config{})
	id := w.core.Session().Session.ID
	w.step(session.Admit{Ask: 5, Channel: "welcome", ClientID: "laptop", Claims: claims(w.now, w.now.Add(time.Hour), "t1"), NewSessionID: "other"})
	var grant session.Grant
	for _, e := range w.step(session.AccessFound{Question: session.Question{Ask: 5}, Access: session.Access{Found: true, WorkspaceID: "ws", Source: member}}) {
		if a, ok := e.(session.Answer); ok {
			grant = a.Grant
		}
	}
	if grant.SessionID != id {
		t.Fatalf("session %q, the device's is %q", grant.SessionID, id)
	}
	w.says("c1", `{"type":"system","event":"disconnect"}`)
	if w.core.Session().Session.ID != id {
		t.Error("the session ended with its device, and a document is open")
	}
	if ack, _ := w.back("c2", "phone", initText); ack.SessionID != id || ack.Resumed {
		t.Errorf("%+v", ack)
	}
	w.step(session.ChannelGone{Channel: "welcome", SessionID: id, Reason: "disconnect"})
	if w.core.Session().Session.ID != id {
		t.Error("the session ended with its last document, and a device is connected")
	}
}

// A channel whose two halves do not agree is no object's.
func TestRestoreRefusesNonsense(t *testing.T) {
	w := online(t, user.Config{})
	w.post("1")
	for name, spoil := range map[string]func(*user.Snapshot){
		"a device the session does not know": func(s *user.Snapshot) { s.Session = session.Snapshot{} },
		"a session whose device is gone":     func(s *user.Snapshot) { s.Device = device.Snapshot{} },
		"frames for nobody": func(s *user.Snapshot) {
			s.Session, s.Device.Row.Channel = session.Snapshot{}, channel.Row{UserID: "ann", State: channel.Gone}
		},
		"an outbox with a hole":      func(s *user.Snapshot) { s.Device.Kept[0].Seq = 5 },
		"a pending current":          func(s *user.Snapshot) { s.Device.Row.Channel.State = channel.State(0) },
		"one connection, two places": func(s *user.Snapshot) { s.Device.Row.Pending = device.Pending{Conn: "c1", At: start} },
	} {
		snap := w.store.Snapshot()
		spoil(&snap)
		if _, err := restore(w.cfg, snap); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}
