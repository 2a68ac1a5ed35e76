package user_test

import (
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

var member = permission.Source{Workspace: "member"}

// The bugs that users of seed S1's real system met on a device's line, each as it came
// about there.

// The close of the old socket came after the reconnect, and ended the new session.
func TestALateCloseEndsNothing(t *testing.T) {
	w := online(t, user.Config{})
	w.now = w.now.Add(time.Second)
	w.back("c2", "phone", initText)
	w.now = w.now.Add(time.Second)
	for _, ev := range []any{
		user.Disconnected{Conn: "c1", Code: 1006}, user.SendFailed{Conn: "c1"}, user.Disconnected{},
		device.TokenVerified{Conn: "c1", Claims: claims(w.now, w.now.Add(time.Hour), "t9")}, device.TokenRefused{Conn: "c1"},
		user.FrameInvalid{Conn: "c1"},
	} {
		if effects := w.step(ev); len(effects) > 0 {
			t.Errorf("%T: %v", ev, effects)
		}
	}
	if effects := w.says("c1", `{"type":"system","event":"disconnect"}`); len(effects) > 0 {
		t.Errorf("a late disconnect: %v", effects)
	}
	if w.core.Device() != "c2" {
		t.Errorf("current is %q", w.core.Device())
	}
}

// A phone came back within 232 ms and was killed without a close; nobody noticed for nine
// minutes, and the next connect counted as a resume.
func TestDeathNeedsNoClose(t *testing.T) {
	w := online(t, user.Config{})
	w.step(user.Disconnected{Conn: "c1", Code: 1006})
	w.now = w.now.Add(232 * time.Millisecond)
	w.back("c2", "phone", initText)
	back := w.now
	for w.core.Session().Session.ID != "" {
		at, ok := w.core.Deadline()
		if !ok || w.now.After(back.Add(2*time.Minute)) {
			t.Fatalf("at %s nothing is due", w.now.Sub(back))
		}
		w.now = at
		w.hibernate()
		w.step(user.Woken{})
	}
	if took := w.now.Sub(back); took != 55*time.Second {
		t.Errorf("the session ended after %s: 25 s of silence and 30 s of grace were to be", took)
	}
}

// Healthy peers were killed by a watchdog of pongs they had sent: here any frame counts,
// and a server that was late itself asks first.
func TestNoHealthyDeviceIsKilled(t *testing.T) {
	w := online(t, user.Config{})
	for range 20 { // it answers no ping, but says something now and then
		w.now = w.now.Add(11 * time.Second)
		w.step(user.Woken{})
		w.says("c1", `{"type":"system","event":"ack","data":{"seq":0}}`)
		w.now = w.now.Add(11 * time.Second)
		w.step(user.Woken{})
	}
	if w.core.Device() != "c1" {
		t.Fatal("it was killed")
	}
	for range 5 { // every alarm is minutes late, the answers come at once
		w.hibernate()
		w.now = w.now.Add(4 * time.Minute / 5)
		w.step(user.Woken{})
		w.now = w.now.Add(time.Second)
		w.says("c1", pongText)
	}
	if w.core.Device() != "c1" {
		t.Error("it was killed for the server's own sleep")
	}
}

// Detection took longer than the grace period, which was counted from the loss: the session
// was gone before anybody knew. Here the time between the two is never nothing.
func TestGraceIsLongerThanDetection(t *testing.T) {
	cfg := user.Config{}.WithDefaults().Device.Channel
	if cfg.Grace <= cfg.HeartbeatTimeout {
		t.Errorf("grace %s, detection %s", cfg.Grace, cfg.HeartbeatTimeout)
	}
	w := online(t, user.Config{})
	w.now = start.Add(70 * time.Second) // nobody was awake, and the device has died long ago
	w.step(user.Woken{})
	w.now = w.now.Add(5 * time.Second)
	w.step(user.Woken{})
	if state := w.store.Row.Channel.State; state != channel.Grace || w.store.Row.Channel.GraceUntil != w.now.Add(30*time.Second) {
		t.Errorf("state %v until %s", state, w.store.Row.Channel.GraceUntil.Sub(w.now))
	}
}

// Session ids were made of the user's name, so an old and a new session could not be told
// apart, and the old one's end removed the new one.
func TestAnOldSessionsEndIsNotTheNewOnes(t *testing.T) {
	w := online(t, user.Config{})
	old := w.core.Session().Session.ID
	w.says("c1", `{"type":"system","event":"disconnect"}`)
	w.back("c2", "phone", initText)
	if id := w.core.Session().Session.ID; id == old {
		t.Fatalf("both are %s", id)
	}
	w.step(session.ChannelGone{Channel: protocol.DeviceChannel, SessionID: old, Reason: "grace_expired"})
	if w.core.Session().Session.ID == "" || w.core.Device() != "c2" {
		t.Error("the old session's end ended the new one")
	}
}

// Counting a missed answer before it could have come killed a connection at the first hiccup, and
// pings went out after the limit.
func TestNoPingAfterTheEnd(t *testing.T) {
	w := online(t, user.Config{})
	var received []string
	for w.now.Before(start.Add(40 * time.Second)) {
		w.now = w.now.Add(time.Second)
		for _, line := range said(w.step(user.Woken{})) {
			received = append(received, w.now.Sub(start).String()+" "+line)
		}
	}
	ping := " c1 " + protocol.PingText
	if want := []string{"10s" + ping, "20s" + ping, "25s c1 close 4002"}; !slices.Equal(received, want) {
		t.Errorf("received %q", received)
	}
}

// A reconnect in its grace period was refused with a final code. S1: "What happens when
// Alex’s phone loses connection?": whatever the code of the close, it may come back.
func TestAReconnectInGraceIsNotRefused(t *testing.T) {
	for _, code := range []int{1000, 1001, 1005, 1006, 1011, 4000} {
		w := online(t, user.Config{})
		w.step(user.Disconnected{Conn: "c1", Code: code})
		w.now = w.now.Add(29 * time.Second)
		if ack, _ := w.back("c2", "phone", initText); !ack.Resumed {
			t.Errorf("after a close with %d: %+v", code, ack)
		}
	}
}
