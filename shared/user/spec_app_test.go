package user_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/user"
)

const (
	notes   = "com.example.notes"
	appInit = `{"type":"app","event":"app_connection_init"}`
)

// starts has the device on conn start an app, and returns its session id.
func (w *world) starts(conn user.ConnID, name string) string {
	w.t.Helper()
	w.says(conn, fmt.Sprintf(`{"type":"app","event":"app_start","message_id":%q,"data":{"package":%q}}`, w.id("start"), name))
	if w.store.Apps[name] == nil {
		w.t.Fatalf("%s is not started", name)
	}
	return w.store.Apps[name].Row.SessionID
}

// dials is an app's socket whose key is good; that it is written down is answered at
// once.
func (w *world) dials(conn user.ConnID, name, session string) []any {
	w.t.Helper()
	out := w.step(app.Connect{Conn: conn, Package: name, KeyID: "k1", SessionID: session})
	return append(out, w.step(app.Registered{Conn: conn})...)
}

// comes has an app connect, and returns what it and others learn of that.
func (w *world) comes(conn user.ConnID, name, session string) []any {
	w.t.Helper()
	w.dials(conn, name, session)
	return w.says(conn, appInit)
}

// attached is a world in which notes runs on a1, for the phone on c1.
func attached(t *testing.T, cfg user.Config) (w *world, session string) {
	t.Helper()
	w = online(t, cfg)
	session = w.starts("c1", notes)
	w.comes("a1", notes, session)
	w.stands(notes, "running")
	return w, session
}

// stands holds an app to a state; stopped is that of one there is not.
func (w *world) stands(name, want string) {
	w.t.Helper()
	state := "stopped"
	for _, a := range w.core.Apps() {
		if a.Package == name {
			state = a.State.String()
		}
	}
	if state != want {
		w.t.Fatalf("%s is %s, not %s", name, state, want)
	}
}

// passes lets time pass, alarm by alarm, and returns what is said meanwhile.
func (w *world) passes(d time.Duration) (out []any) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		at, ok := w.core.Deadline()
		if !ok || at.After(end) {
			w.now = end
			return out
		}
		w.now = at
		w.hibernate()
		out = append(out, w.step(user.Woken{})...)
		w.says("c1", pongText)
	}
}

// to are the texts for one connection, closes included.
func to(conn user.ConnID, effects []any) (out []string) {
	for _, line := range said(effects) {
		if text, mine := strings.CutPrefix(line, string(conn)+" "); mine {
			out = append(out, text)
		}
	}
	return out
}

func receives(t *testing.T, conn user.ConnID, effects []any, want ...string) {
	t.Helper()
	got := to(conn, effects)
	if len(got) != len(want) {
		t.Fatalf("%s received %q, want %q", conn, got, want)
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Fatalf("%s received %q, want %q", conn, got, want)
		}
	}
}

// S1: "Apps are notified of reconnection": those that are there at once, those that are
// not when they are back; the object may sleep in between.
func TestSpecAppsAreNotifiedOfAReconnection(t *testing.T) {
	w, _ := attached(t, user.Config{})
	second := w.starts("c1", "com.example.second")
	w.comes("b1", "com.example.second", second)
	receives(t, "a1", w.step(user.Disconnected{Conn: "c1", Code: 1006}), `"event":"client_disconnected","seq":1`)
	w.step(user.Disconnected{Conn: "b1", Code: 1006})
	w.hibernate()
	w.now = w.now.Add(4 * time.Second)
	w.connect("c2", "phone")
	effects := w.says("c2", initText)
	receives(t, "a1", effects, `"event":"client_reconnected","seq":2`)
	receives(t, "b2", w.comes("b2", "com.example.second", second), `"client_connected":true`, `"client_disconnected","seq":1`, `"client_reconnected","seq":2`)
}

// S1: "Apps stay in “resurrecting” state" and "Everything continues seamlessly": an app that
// is there stays connected and goes on talking; one that drops meanwhile is called as soon
// as the device is back, and is resurrecting until it has come.
func TestSpecAppsStayWhileTheDeviceIsAway(t *testing.T) {
	w, session := attached(t, user.Config{})
	w.step(user.Disconnected{Conn: "c1", Code: 1006})
	w.passes(10 * time.Second)
	w.stands(notes, "running")
	receives(t, "a1", w.says("a1", `{"type":"app","event":"app_message","message_id":"n1","data":{"data":"for later"}}`), `"event":"ack"`)
	w.step(user.Disconnected{Conn: "a1", Code: 1006})
	w.passes(10 * time.Second)
	w.stands(notes, "dormant")
	w.connect("c2", "phone")
	effects := w.says("c2", initText)
	w.stands(notes, "resurrecting")
	if text := strings.Join(to("c2", effects), "\n"); !strings.Contains(text, "for later") {
		t.Errorf("the device received %s", text)
	}
	calls := 0
	for _, e := range effects {
		if c, is := e.(app.Call); is && c.SessionID == session {
			calls++
		}
	}
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	w.comes("a2", notes, session)
	w.stands(notes, "running")
}

// S1: "No data is lost": what either side says while the other is away is received once it is
// back, in order and once, though it was said twice.
func TestSpecNoMessageOfAnAppIsLost(t *testing.T) {
	w, session := attached(t, user.Config{})
	w.step(user.Disconnected{Conn: "a1", Code: 1006})
	for _, id := range []string{"m1", "m2", "m1"} {
		w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{"to":%q,"data":%q}}`, id, notes, id))
		w.hibernate()
	}
	receives(t, "a2", w.comes("a2", notes, session), `"replay":{"from":1,"to":2}`, `"data":"m1"},"seq":1`, `"data":"m2"},"seq":2`)
	seq := w.store.Row.Outbox.Sent
	w.says("c1", fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, seq))
	w.step(user.Disconnected{Conn: "c1", Code: 1006})
	for _, id := range []string{"n1", "n2", "n1"} {
		w.says("a2", fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{"data":%q}}`, id, id))
		w.hibernate()
	}
	w.connect("c2", "phone")
	receives(t, "c2", w.says("c2", initText), `"connection_ack"`, `"data":"n1"}`, `"data":"n2"}`)
}

// S1: "New UserSession is created", "Apps must be restarted" and "Previous state is lost".
func TestSpecAppsMustBeRestarted(t *testing.T) {
	w, old := attached(t, user.Config{})
	w.says("c1", `{"type":"app","event":"app_message","message_id":"m1","data":{"to":"com.example.notes","data":1}}`)
	w.step(user.Disconnected{Conn: "c1", Code: 1006})
	w.now = w.now.Add(30 * time.Second)
	receives(t, "a1", w.step(user.Woken{}), `"reason":"session_ended"`, "close 1000")
	if _, rest := w.back("c2", "phone", initText); len(rest) > 0 || len(w.core.Apps()) > 0 || len(w.store.Apps) > 0 {
		t.Fatalf("the device received %v, there are %v", rest, w.core.Apps())
	}
	receives(t, "c2", w.says("c2", `{"type":"app","event":"app_message","message_id":"m1","data":{"to":"com.example.notes","data":1}}`), `"reason":"app_not_running"`)
	expect(t, w.dials("a2", notes, old), "refuse SESSION_ENDED")
	fresh := w.starts("c2", notes)
	if fresh == old {
		t.Error("the session id is the old one")
	}
	receives(t, "a3", w.comes("a3", notes, fresh), `"resumed":false`)
}

// S1: "No cross-user data access" and "Sessions are completely isolated": an app gets to the
// start it was called for, and to no other app's, earlier one's or other user's.
func TestSpecAppIsolation(t *testing.T) {
	w, session := attached(t, user.Config{})
	second := w.starts("c1", "com.example.second")
	w.comes("b1", "com.example.second", second)
	for name, c := range map[string][2]string{
		"another app's":     {notes, second},
		"another user's":    {notes, protocol.AppSessionID("bob", strings.Repeat("0", 32))},
		"one of no start":   {notes, protocol.AppSessionID("ann", strings.Repeat("9", 32))},
		"none":              {notes, ""},
		"an app's not here": {"com.example.third", session},
	} {
		if got := said(w.dials("x", c[0], c[1])); len(got) != 1 || got[0] != "refuse SESSION_ENDED" {
			t.Errorf("by the session id of %s: %v", name, got)
		}
	}
	effects := w.says("c1", `{"type":"app","event":"app_message","message_id":"m1","data":{"to":"com.example.second","data":1}}`)
	receives(t, "a1", effects)
	receives(t, "b1", effects, `{"from":"device","data":1}`)
	snap := w.store.Snapshot()
	snap.UserID = "bob"
	if _, err := app.Restore(&app.Config{}, nil, "bob", snap.Apps); err == nil {
		t.Error("another user's object took the apps")
	}
}

// S1: "New connections replace old ones" and "Prevents connection flooding": of an app too.
func TestSpecOneConnectionOfAnApp(t *testing.T) {
	w, session := attached(t, user.Config{})
	effects := w.comes("a2", notes, session)
	receives(t, "a1", effects, "CONNECTION_REPLACED", "close 4409")
	receives(t, "a2", effects, `"resumed":true`)
	refused := 0
	for i := range 200 {
		for _, line := range said(w.step(app.Connect{Conn: app.ConnID(fmt.Sprint("f", i)), Package: notes, KeyID: "k1", SessionID: session})) {
			if line == "refuse RATE_LIMIT_EXCEEDED" {
				refused++
			}
		}
	}
	if refused < 100 {
		t.Errorf("%d of 200 were refused", refused)
	}
	w.stands(notes, "running")
}
