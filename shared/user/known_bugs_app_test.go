package user_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// The bugs that users of seed S1's real system met with apps, each as it came about there.

// calls are the webhooks that are called.
func calls(effects []any) (out []app.Call) {
	for _, e := range effects {
		if c, is := e.(app.Call); is {
			out = append(out, c)
		}
	}
	return out
}

// answers is a webhook's answer.
func (w *world) answers(c app.Call, reason string) []any {
	w.t.Helper()
	return w.step(app.Called{SessionID: c.SessionID, Until: c.Until, OK: reason == "", Reason: reason})
}

// An app's close named the app and not the socket: a late close of its old one sent an app
// to its grace period that was running.
func TestALateCloseOfAnAppEndsNothing(t *testing.T) {
	w, session := attached(t, user.Config{})
	w.comes("a2", notes, session)
	for _, ev := range []any{
		user.Disconnected{Conn: "a1", Code: 1006}, user.SendFailed{Conn: "a1"}, user.FrameInvalid{Conn: "a1"},
		app.Registered{Conn: "a1"},
	} {
		if effects := w.step(ev); len(effects) > 0 {
			t.Errorf("%T: %v", ev, effects)
		}
	}
	if effects := w.says("a1", `{"type":"system","event":"disconnect"}`); len(effects) > 0 {
		t.Errorf("a late disconnect: %v", effects)
	}
	w.stands(notes, "running")
}

// Session ids were made of the user's name and the package: the end of an old start took
// away the new one, whose id was the same.
func TestAnOldStartsEndIsNotTheNewOnes(t *testing.T) {
	w, old := attached(t, user.Config{})
	w.says("a1", `{"type":"system","event":"disconnect"}`)
	fresh := w.starts("c1", notes)
	if fresh == old {
		t.Fatalf("both are %s", old)
	}
	w.comes("a2", notes, fresh)
	for _, ev := range []any{
		user.Disconnected{Conn: "a1", Code: 1000},
		app.Called{SessionID: old, Reason: "webhook_failed"},
	} {
		if effects := w.step(ev); len(effects) > 0 {
			t.Errorf("%T: %v", ev, effects)
		}
	}
	expect(t, w.dials("a3", notes, old), "refuse SESSION_ENDED")
	w.stands(notes, "running")
}

// A session that was being ended was still found by who connected in that moment, since
// something was waited for before it was forgotten.
func TestNothingComesIntoAnEndingApp(t *testing.T) {
	w, session := attached(t, user.Config{})
	w.step(app.Connect{Conn: "a2", Package: notes, KeyID: "k1", SessionID: session})
	w.says("c1", `{"type":"app","event":"app_stop","message_id":"m1","data":{"package":"com.example.notes"}}`)
	w.stands(notes, "stopping")
	expect(t, w.step(app.Registered{Conn: "a2"}), "refuse SESSION_ENDED")
	expect(t, w.dials("a3", notes, session), "refuse SESSION_ENDED")
	w.passes(5 * time.Second)
	w.stands(notes, "stopped")
	expect(t, w.dials("a4", notes, session), "refuse SESSION_ENDED")
}

// The apps of a session that counted as resumed were not started, though they were gone: a
// phone was killed without a close, and came back nine minutes later.
func TestALongSilenceIsNoResume(t *testing.T) {
	w, _ := attached(t, user.Config{})
	for at, ok := w.core.Deadline(); ok; at, ok = w.core.Deadline() {
		w.now = at
		w.step(user.Woken{})
	}
	w.now = start.Add(9*time.Minute + 20*time.Second)
	w.connect("c2", "phone")
	w.says("c2", initText)
	if states := w.core.Apps(); len(states) > 0 {
		t.Errorf("there are %+v", states)
	}
	if w.starts("c2", notes); len(calls(w.step(user.Woken{}))) > 0 {
		t.Error("it is called twice")
	}
	w.stands(notes, "connecting")
}

// An app that came back in its grace period was notified that it was not started, by a code
// that its library took for final.
func TestAnAppInItsGracePeriodIsNotRefused(t *testing.T) {
	for _, code := range []int{1000, 1001, 1005, 1006, 1011, 4000} {
		w, session := attached(t, user.Config{})
		w.step(user.Disconnected{Conn: "a1", Code: code})
		w.stands(notes, "grace_period")
		w.now = w.now.Add(5*time.Second - time.Millisecond)
		w.hibernate()
		receives(t, "a2", w.comes("a2", notes, session), `"resumed":true`)
		w.stands(notes, "running")
	}
}

// The handler of an app's close was never called: apps were shown as running that were
// dead. An app that pings is held to it; no close is needed.
func TestAnAppsDeathNeedsNoClose(t *testing.T) {
	for _, pings := range []bool{false, true} { // who pings the device
		w, _ := attached(t, user.Config{Device: device.Config{ClientPings: pings}})
		if !pings {
			w.says("a1", `{"type":"system","event":"ping"}`)
		}
		seen := map[user.ConnID]time.Time{"a1": w.now}
		for w.now.Before(start.Add(25 * time.Second)) {
			w.stands(notes, "running")
			w.now = w.now.Add(time.Second)
			w.says("c1", pongText)
			w.step(user.Woken{Apps: seen})
		}
		if state := w.core.Apps()[0].State; state != app.GracePeriod {
			t.Errorf("after 25 s of silence it is %s", state)
		}
	}
}

// An app whose webhook failed or did not answer stayed resurrecting for ever and could not
// be started again.
func TestNoAppIsStuck(t *testing.T) {
	for name, answer := range map[string]func(*world, app.Call){
		"no answer":       func(*world, app.Call) {},
		"no":              func(w *world, c app.Call) { w.answers(c, "webhook_failed") },
		"yes, and no app": func(w *world, c app.Call) { w.answers(c, "") },
		"unknown":         func(w *world, c app.Call) { w.answers(c, app.UnknownApp) },
	} {
		w, _ := attached(t, user.Config{})
		w.step(user.Disconnected{Conn: "a1", Code: 1006})
		var received []string
		for range 60 {
			effects := w.passes(time.Second)
			received = append(received, to("c1", effects)...)
			for _, c := range calls(effects) {
				answer(w, c)
			}
		}
		w.stands(notes, "stopped")
		if text := strings.Join(received, "\n"); !strings.Contains(text, `"resurrecting"`) {
			t.Errorf("%s: the device received %s", name, text)
		}
		w.comes("a2", notes, w.starts("c1", notes))
		w.stands(notes, "running")
	}
}

// A stop looked like a crash, and what the user had stopped was started again.
func TestWhatTheUserStoppedStaysStopped(t *testing.T) {
	for _, code := range []int{0, 1000, 1006} {
		w, _ := attached(t, user.Config{})
		w.says("c1", `{"type":"app","event":"app_stop","message_id":"m1","data":{"package":"com.example.notes"}}`)
		var effects []any
		if code != 0 {
			effects = w.step(user.Disconnected{Conn: "a1", Code: code})
		}
		effects = append(effects, w.passes(time.Minute)...)
		if called := calls(effects); len(called) > 0 {
			t.Errorf("after a close with %d: %v", code, called)
		}
		w.stands(notes, "stopped")
	}
}

// Each of several that wrote to an app that was away had it restarted.
func TestOneRestartAtATime(t *testing.T) {
	w, session := attached(t, user.Config{})
	w.step(user.Disconnected{Conn: "a1", Code: 1006})
	var called []app.Call
	for i := range 14 {
		called = append(called, calls(w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_message","message_id":"m%d","data":{"to":%q,"data":1}}`, i, notes)))...)
		called = append(called, calls(w.says("c1", fmt.Sprintf(`{"type":"app","event":"app_start","message_id":"s%d","data":{"package":%q}}`, i, notes)))...)
		called = append(called, calls(w.passes(time.Second))...)
	}
	if len(called) != 1 || called[0].SessionID != session {
		t.Errorf("called: %+v", called)
	}
}

// An app was away for 25 s, for a deploy that had closed with 1000; it was given up after
// 6.6 s of refused calls and never tried again. How long is tried is a matter of the
// configuration here; what was kept for it is there when it comes, and one that was given
// up is said to be.
func TestAPoliteShutdownComesBack(t *testing.T) {
	cfg := user.Config{Apps: app.Config{CallTries: 6, CallPause: 5 * time.Second}}
	w, session := attached(t, cfg)
	w.step(user.Disconnected{Conn: "a1", Code: 1000})
	w.says("c1", `{"type":"app","event":"app_message","message_id":"m1","data":{"to":"com.example.notes","data":1}}`)
	for range 25 {
		for _, c := range calls(w.passes(time.Second)) {
			w.answers(c, "webhook_failed")
		}
	}
	w.stands(notes, "resurrecting")
	receives(t, "a2", w.comes("a2", notes, session), `"resumed":true`, `"data":1},"seq":1`)

	w, _ = attached(t, user.Config{})
	w.step(user.Disconnected{Conn: "a1", Code: 1000})
	var received []string
	for range 25 {
		effects := w.passes(time.Second)
		for _, c := range calls(effects) {
			effects = append(effects, w.answers(c, "webhook_failed")...)
		}
		received = append(received, to("c1", effects)...)
	}
	if !slices.ContainsFunc(received, func(s string) bool { return strings.Contains(s, `"reason":"webhook_failed"`) }) {
		t.Errorf("the device received %q", received)
	}
	w.comes("a3", notes, w.starts("c1", notes))
	w.stands(notes, "running")
}

// Three changes within milliseconds were handled side by side, and the first, which ended
// last, won. Here it is the answer of a webhook that comes late: to a call of before the
// app was there, while the next call has yet to be answered.
func TestALateAnswerIsNotTheNextCalls(t *testing.T) {
	for _, reason := range []string{"", "webhook_failed", app.UnknownApp} {
		w := online(t, user.Config{})
		first := calls(w.says("c1", `{"type":"app","event":"app_start","message_id":"m1","data":{"package":"com.example.notes"}}`))[0]
		w.comes("a1", notes, first.SessionID)
		w.step(user.Disconnected{Conn: "a1", Code: 1006})
		second := calls(w.passes(5 * time.Second))[0]
		if first.Attempt != second.Attempt || first.SessionID != second.SessionID {
			t.Fatalf("%+v and %+v", first, second)
		}
		if effects := w.answers(first, reason); len(effects) > 0 {
			t.Errorf("%q: %v", reason, effects)
		}
		if w.answers(second, ""); w.core.Apps()[0].Phase != app.Waiting {
			t.Errorf("%q: the answer itself was not taken", reason)
		}
	}
}

// A clean shutdown had an app sleep, and destroyed what it needed to wake up: every later
// start failed.
func TestAnAppThatSleptIsAsGoodAsNew(t *testing.T) {
	w, session := attached(t, user.Config{})
	conn := user.ConnID("a1")
	for i := range 3 {
		w.step(user.Disconnected{Conn: w.core.Device(), Code: 1006})
		w.step(user.Disconnected{Conn: conn, Code: 1000})
		w.passes(6 * time.Second)
		w.stands(notes, "dormant")
		phone := user.ConnID(fmt.Sprint("p", i))
		w.connect(phone, "phone")
		w.says(phone, initText)
		conn = user.ConnID(fmt.Sprint("b", i))
		w.comes(conn, notes, session)
		w.stands(notes, "running")
		receives(t, conn, w.says(phone, fmt.Sprintf(`{"type":"app","event":"app_message","message_id":"m%d","data":{"to":%q,"data":1}}`, i, notes)), `"from":"device"`)
	}
}

// What was made with the first connection kept its send, which threw after a resume.
func TestEverythingGoesToTheNewestConnection(t *testing.T) {
	w, session := attached(t, user.Config{})
	w.comes("a2", notes, session)
	w.step(user.Disconnected{Conn: "a2", Code: 1006})
	w.comes("a3", notes, session)
	for what, effects := range map[string][]any{
		"a message":        w.says("c1", `{"type":"app","event":"app_message","message_id":"m1","data":{"to":"com.example.notes","data":1}}`),
		"a pong":           w.says("a3", `{"type":"system","event":"ping"}`),
		"an answer":        w.says("a3", `{"type":"app","event":"app_message","message_id":"n1","data":{"data":1}}`),
		"an error":         w.says("a3", appInit),
		"the device's end": w.step(user.Disconnected{Conn: "c1", Code: 1006}),
	} {
		if len(to("a1", effects))+len(to("a2", effects)) > 0 || len(to("a3", effects)) != 1 {
			t.Errorf("%s: %v", what, said(effects))
		}
	}
}
