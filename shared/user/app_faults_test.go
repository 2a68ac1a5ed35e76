package user_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// Faults that the apps had once, each as it came about.

// withPhone is a world in which ann's phone is connected.
func withPhone(t testing.TB, cfg user.Config) *world {
	w := newWorld(t, cfg)
	w.connect("c1", "phone")
	w.says("c1", initText)
	return w
}

func (w *world) start(id string) (sessionID string, effects []any) {
	w.t.Helper()
	effects = w.says("c1", `{"type":"app","event":"app_start","message_id":"`+id+`","data":{"package":"`+notes+`"}}`)
	for _, r := range w.core.Apps() {
		if r.Package == notes {
			sessionID = r.SessionID
		}
	}
	return sessionID, effects
}

// joins is an app that connects and says its first word.
func (w *world) joins(conn user.ConnID, sessionID, data string) []any {
	w.t.Helper()
	w.step(app.Connect{Conn: conn, Package: notes, KeyID: "k1", SessionID: sessionID})
	w.step(app.Registered{Conn: conn})
	return w.says(conn, `{"type":"app","event":"app_connection_init","data":`+data+`}`)
}

func count[T any](effects []any) (n int) {
	for _, e := range effects {
		if _, is := e.(T); is {
			n++
		}
	}
	return n
}

func (w *world) state() app.State {
	for _, r := range w.core.Apps() {
		return r.State
	}
	return app.Stopped
}

// A user whose device starts and stops an app in a loop has its webhook called as often as
// the device may send frames: 500 times at once, then 50 a second, for ever.
func TestAppsStartStopLoopIsBounded(t *testing.T) {
	w := withPhone(t, user.Config{})
	calls, lines := 0, 0
	for n := range 400 {
		_, effects := w.start(fmt.Sprint("a", n))
		effects = append(effects, w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_stop","message_id":"b%d","data":{"package":%q}}`, n, notes))...)
		calls += count[app.Call](effects)
		lines += count[session.Record](effects)
	}
	if calls > 60 {
		t.Errorf("within one moment one user had one webhook called %d times; and %d lines of the audit log were written", calls, lines)
	}
}

// An app that crashes as soon as it is connected is called again every 5 s for as long as
// the device is there: having connected for a moment forgets all tries.
func TestAppsCrashLoopIsBounded(t *testing.T) {
	w := withPhone(t, user.Config{})
	id, effects := w.start("m1")
	calls, frames, lines := count[app.Call](effects), 0, 0
	for n := 0; w.now.Before(start.Add(10*time.Minute)) && w.state() != app.Stopped; n++ {
		conn := user.ConnID(fmt.Sprint("a", n))
		effects = w.joins(conn, id, "{}")
		effects = append(effects, w.step(user.Disconnected{Conn: conn, Code: 1006})...)
		w.now = w.now.Add(5 * time.Second)
		effects = append(effects, w.says("c1", pongText)...)
		effects = append(effects, w.step(user.Woken{})...)
		calls, frames, lines = calls+count[app.Call](effects), frames+count[device.Keep](effects), lines+count[session.Record](effects)
	}
	if calls > 30 {
		t.Errorf("in 10 minutes the webhook was called %d times; the device was sent %d frames; %d audit lines", calls, frames, lines)
	}
}

// DEVICE_HEARTBEAT=client: the runtime answers the app's pings, and only the first is
// stored. After a deploy nobody knows when the last one was, and the row's word on it, ten
// minutes old, is believed: the 5 s of grace are over before they began.
func TestAppsACrashLeavesTheAppItsGrace(t *testing.T) {
	w := withPhone(t, user.Config{Device: device.Config{ClientPings: true}})
	id, _ := w.start("m1")
	w.joins("a1", id, "{}")
	for range 30 { // ten minutes in which everybody pings
		w.now = w.now.Add(20 * time.Second)
		w.step(user.Woken{Seen: w.now, Apps: map[user.ConnID]time.Time{"a1": w.now}})
	}
	if w.state() != app.Running {
		t.Fatalf("the app is %s before the crash", w.state())
	}
	w.hibernate() // the deploy
	effects := w.step(user.Disconnected{Conn: "a1", Code: 1006})
	if w.state() != app.GracePeriod || count[app.Call](effects) > 0 {
		t.Errorf("the app is %s and its webhook was called %d times at the moment of the crash", w.state(), count[app.Call](effects))
	}
	for _, e := range effects {
		if r, is := e.(session.Record); is && w.now.Sub(r.Entry.At) > time.Minute {
			t.Errorf("the audit log says it was lost at %s, %s ago", r.Entry.At, w.now.Sub(r.Entry.At))
		}
	}
}

// The answer of a call of an earlier round (the app connected before it answered, and
// dropped) is taken for that of the newest one, for attempts are counted anew.
func TestAppsALateAnswerIsNobodys(t *testing.T) {
	w := withPhone(t, user.Config{})
	id, _ := w.start("m1") // attempt 1 goes out, and is not answered for 10 s
	w.joins("a1", id, "{}")
	w.now = start.Add(time.Second)
	w.step(user.Disconnected{Conn: "a1", Code: 1006})
	w.now = start.Add(6 * time.Second)
	w.step(user.Woken{}) // the grace is over: attempt 1 of the second round
	w.now = start.Add(10 * time.Second)
	w.step(app.Called{SessionID: id, Until: start.Add(16 * time.Second), Reason: "webhook_failed"}) // of the first
	if r := w.core.Apps()[0]; r.Phase != app.Calling {
		t.Errorf("the second round's call is still out, and counts as failed: phase %d", r.Phase)
	}
}

// A last_seq that an app brings along from an earlier start acknowledges what it never received.
func TestAppsANewStartKnowsNoLastSeq(t *testing.T) {
	w := withPhone(t, user.Config{})
	id, _ := w.start("m1")
	for n := range 5 {
		w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_message","message_id":"x%d","data":{"to":%q,"data":%d}}`, n, notes, n))
	}
	effects := w.joins("a1", id, `{"last_seq":3}`)
	received := 0
	for _, e := range effects {
		if s, is := e.(serverconn.Send); is && s.Conn == "a1" && strings.Contains(string(s.Text), `"event":"app_message"`) {
			received++
		}
	}
	if received != 5 {
		t.Errorf("the device's 5 messages were stored and acknowledged; the app, connected for the first time, receives %d, without a gap", received)
	}
}

// A connection that was being written down when the session ended leaves its row for ever.
func TestAppsNoRowOutlivesTheSession(t *testing.T) {
	w := withPhone(t, user.Config{})
	id, _ := w.start("m1")
	w.step(app.Connect{Conn: "a1", Package: notes, KeyID: "k1", SessionID: id})
	w.says("c1", `{"type":"system","event":"disconnect"}`) // the DELETE overtakes the INSERT
	if effects := w.step(app.Registered{Conn: "a1"}); count[app.Unregister](effects) != 1 {
		t.Error("the row in app_sessions that was written last is never deleted")
	}
}

// An app that has a connection by one key and stops: the answer to another connect deletes the
// row of the connection that is still there.
func TestAppsAStoppingAppKeepsItsRow(t *testing.T) {
	w := withPhone(t, user.Config{})
	id, _ := w.start("m1")
	w.joins("a1", id, "{}")
	w.step(app.Connect{Conn: "a2", Package: notes, KeyID: "k1", SessionID: id})
	w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_stop","message_id":"b","data":{"package":%q}}`, notes))
	effects := w.step(app.Registered{Conn: "a2"})
	if w.state() == app.Stopping && count[app.Unregister](effects) > 0 {
		t.Error("a1 talks on for up to 5 s, and a revocation of its key does not find it")
	}
}

// A device flaps while an app is not there: what is said of it pushes out messages that
// were taken.
func TestAppsTakenMessagesStay(t *testing.T) {
	w := withPhone(t, user.Config{Device: device.Config{Outbox: channel.OutboxConfig{Frames: 40}}})
	id, _ := w.start("m1")
	w.step(app.Called{SessionID: id, Until: w.core.Apps()[0].Next, OK: true})
	w.joins("a1", id, "{}")
	for n := range 30 {
		w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_message","message_id":"x%d","data":{"to":%q,"data":%d}}`, n, notes, n))
	}
	gone := 0
	for n := range 10 { // 20 words for an app that has not acknowledged
		w.step(user.Disconnected{Conn: user.ConnID(fmt.Sprint("c", n+1)), Code: 1006})
		conn := user.ConnID(fmt.Sprint("c", n+2))
		w.connect(conn, "phone")
		gone += count[app.Forget](w.says(conn, initText))
	}
	if gone > 0 {
		t.Errorf("%d times messages that were acknowledged to the device were dropped for client_disconnected and client_reconnected", gone)
	}
}

// Whatever happens to apps, the object can be booted from what is stored, and its alarm
// does not go off at once again.
func TestAppsRandomLife(t *testing.T) {
	names := []string{notes, "com.example.maps", "com.example.cal"}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		cfg := user.Config{
			Device: device.Config{ClientPings: seed%2 == 0, Outbox: channel.OutboxConfig{Frames: 8}, Conn: serverconn.Config{WindowBytes: 2000}},
			Apps:   app.Config{MaxApps: 2, Unanswered: 3},
		}
		w := withPhone(t, cfg)
		last, conns := user.ConnID("c1"), []user.ConnID{}
		asked := []app.Call{}
		joins := []app.Register{}
		var step func(ev any)
		take := func(effects []any) {
			for _, e := range effects {
				switch e := e.(type) {
				case app.Call:
					asked = append(asked, e)
				case app.Register:
					joins = append(joins, e)
				}
			}
		}
		step = func(ev any) { take(w.step(ev)) }
		for n := range 300 {
			w.now = w.now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
			name := names[r.IntN(len(names))]
			pick := func(list []user.ConnID) user.ConnID {
				if len(list) == 0 {
					return "none"
				}
				return list[len(list)-1-r.IntN(min(3, len(list)))]
			}
			switch r.IntN(16) {
			case 0:
				take(w.says(last, fmt.Sprintf(`{"type":"app","event":"app_start","message_id":"s%d","data":{"package":%q}}`, n, name)))
			case 1:
				if r.IntN(3) == 0 {
					take(w.says(last, fmt.Sprintf(`{"type":"app","event":"app_stop","message_id":"s%d","data":{"package":%q}}`, n, name)))
				}
			case 2, 3:
				take(w.says(last, fmt.Sprintf(`{"type":"app","event":"app_message","message_id":"s%d","data":{"to":%q,"data":%q}}`, n-r.IntN(2), name, strings.Repeat("x", r.IntN(600)))))
			case 4, 5:
				if len(asked) > 0 {
					c := asked[r.IntN(len(asked))]
					step(app.Called{SessionID: c.SessionID, Until: c.Until, OK: r.IntN(3) > 0, Reason: "webhook_failed"})
				}
			case 6, 7:
				for _, a := range w.core.Apps() {
					if a.Package == name {
						conn := user.ConnID(fmt.Sprint("a", n))
						conns = append(conns, conn)
						step(app.Connect{Conn: conn, Package: name, KeyID: fmt.Sprint("k", r.IntN(2)), SessionID: a.SessionID})
					}
				}
			case 8, 9:
				for len(joins) > 0 {
					step(app.Registered{Conn: joins[0].Conn})
					joins = joins[1:]
				}
				take(w.says(pick(conns), `{"type":"app","event":"app_connection_init"}`))
			case 10:
				take(w.says(pick(conns), fmt.Sprintf(`{"type":"app","event":"app_message","message_id":"u%d","data":{"data":%q}}`, n-r.IntN(2), strings.Repeat("y", r.IntN(600)))))
			case 11:
				take(w.says(pick(conns), fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, r.IntN(12))))
				take(w.says(pick(conns), protocol.PingText))
			case 12:
				step(user.Disconnected{Conn: pick(conns), Code: 1006})
			case 13:
				switch r.IntN(4) {
				case 0:
					step(app.KeyRevoked{Ask: 1, Package: name, KeyID: "k1"})
				case 1:
					step(user.SendFailed{Conn: pick(conns)})
				case 2:
					take(w.says(pick(conns), `{"type":"system","event":"disconnect"}`))
				case 3:
					take(w.says(pick(conns), `{"type":"app","event":"bad"}`))
				}
			case 14:
				step(user.Disconnected{Conn: last, Code: 1006})
				if r.IntN(3) > 0 {
					last = user.ConnID(fmt.Sprint("c", n+10))
					w.connect(last, "phone")
					take(w.says(last, initText))
				}
			case 15:
				step(user.Woken{Seen: w.now, Apps: map[user.ConnID]time.Time{pick(conns): w.now}})
				if at, ok := w.core.Deadline(); ok && !at.After(w.now) {
					t.Fatalf("seed %d step %d: the alarm is due again at %s, now %s: %+v", seed, n, at, w.now, w.core.Apps())
				}
			}
			take(w.says(last, fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, r.IntN(100))))
			if core, err := restore(w.cfg, w.store.Snapshot()); err != nil {
				t.Fatalf("seed %d step %d: %v", seed, n, err)
			} else if r.IntN(8) == 0 {
				w.core, asked, joins = core, nil, nil
			}
		}
	}
}
