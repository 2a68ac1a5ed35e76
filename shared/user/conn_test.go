package user_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// What a pending socket was sent counts until it is current: the end of another connection
// gives it nothing back.
func TestAPendingSocketIsSentNoMoreWhenAnotherConnectionEnds(t *testing.T) {
	w, _ := attached(t, user.Config{})
	w.connect("c2", "tablet")
	var l socket
	ends := false
	for range 900 {
		l.take("c2", w.says("c2", `{"type":"system","event":"ping","message_id":"x"}`))
		if !ends && l.bytes > serverconn.PendingBytes/2 {
			ends = true
			w.step(user.Disconnected{Conn: "c1", Code: 1006})
		}
	}
	if l.closed == 0 || l.bytes > serverconn.PendingBytes+1000 {
		t.Errorf("closed %d after %d bytes", l.closed, l.bytes)
	}
}

// A disconnect is never one frame too many: a pending socket that floods may still leave.
func TestAPendingSocketThatFloodsMayLeave(t *testing.T) {
	cfg := user.Config{Device: device.Config{Conn: serverconn.Config{Flood: rate.FloodLimits{Frames: rate.Limit{Count: 1, Burst: 8}}}}}
	for _, conn := range []user.ConnID{"c2", "a2"} {
		w, session := attached(t, cfg)
		w.now = w.now.Add(time.Minute)
		if conn == "c2" {
			w.connect(conn, "tablet")
		} else {
			w.dials(conn, notes, session)
		}
		for range 8 {
			w.says(conn, pongText)
		}
		out := strings.Join(to(conn, w.says(conn, `{"type":"system","event":"disconnect"}`)), "\n")
		if out != "close 1000" {
			t.Errorf("%s: %s", conn, out)
		}
	}
}

// A clock of the runtime that is ahead keeps nobody alive beyond the heartbeat.
func TestASignOfLifeFromTheFutureIsOfNow(t *testing.T) {
	w, _ := attached(t, user.Config{Device: device.Config{ClientPings: true}})
	ahead := w.now.Add(time.Hour)
	w.step(user.Woken{Seen: ahead, Apps: map[user.ConnID]time.Time{"a1": ahead}})
	w.now = w.now.Add(26 * time.Second)
	out := strings.Join(said(w.step(user.Woken{})), "\n")
	for _, conn := range []string{"a1", "c1"} {
		if !strings.Contains(out, conn+" close 4002") {
			t.Errorf("%s is kept: %s", conn, out)
		}
	}
}

// A device's token that never expires takes no other's place.
func TestADevicesRefreshNeedsAnExpiry(t *testing.T) {
	w, _ := attached(t, user.Config{})
	w.says("c1", `{"type":"system","event":"token_refresh","data":{"token":"t"}}`)
	receives(t, "c1", w.step(device.TokenVerified{Conn: "c1", Claims: claims(w.now, time.Time{}, "t2")}), `"reason":"exp_missing"`)
}
