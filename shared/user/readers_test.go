package user_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// socket is one as its other end sees it: what was sent, and whether it is closed.
type socket struct {
	bytes, closed int
	ping          string // the id of the newest ping that had one
}

func (l *socket) take(conn user.ConnID, effects []any) {
	for _, e := range effects {
		switch e := e.(type) {
		case serverconn.Send:
			if e.Conn == conn {
				l.bytes += len(e.Text)
				if f, err := protocol.Decode(e.Text, protocol.Limits{}); err == nil && f.Event == protocol.EventPing && f.MessageID != "" {
					l.ping = f.MessageID
				}
			}
		case serverconn.Close:
			if e.Conn == conn {
				l.closed = e.Code
			}
		}
	}
}

// slowConsumer is what a socket is closed with.
var slowConsumer = protocol.Lookup(protocol.SlowConsumer).Close

// Power of the attacker: a device, or an app with its key, that sends what is answered and
// reads nothing, and says blindly that it has: by pongs and by acknowledgements. In minutes no more piles up for it than two windows.
func TestWhoReadsNothingIsClosed(t *testing.T) {
	nonsense := `{"type":"app","event":"app_stop","message_id":"` + strings.Repeat(`\"`, 100) + `","data":{}}`
	blind := []string{`{"type":"system","event":"pong"}`, `{"type":"system","event":"pong","message_id":"flow-1"}`, `{"type":"system","event":"ack","data":{"seq":1}}`}
	frames := map[string]string{
		"nonsense": nonsense, "no frame": `{"type":"syst`, "a ping of its own": `{"type":"system","event":"ping","message_id":"x"}`,
		"an unknown token": `{"type":"system","event":"ack","data":{}}`,
	}
	for name, frame := range frames {
		for _, conn := range []user.ConnID{"c1", "a1"} {
			w, _ := attached(t, user.Config{Device: device.Config{Conn: serverconn.Config{WindowBytes: 64 << 10, InvalidFrames: 1 << 30}}})
			var l socket
			for n := 0; l.closed == 0 && n < 5000; n++ {
				w.now = w.now.Add(100 * time.Millisecond)
				l.take(conn, w.says(conn, frame))
				for _, text := range blind {
					l.take(conn, w.says(conn, text))
				}
				w.says("c1", `{"type":"system","event":"pong"}`) // it may be the device that keeps the session
				if n%10 == 0 {
					l.take(conn, w.step(user.Woken{}))
				}
			}
			if l.closed != slowConsumer || l.bytes > 3*(64<<10) {
				t.Errorf("%s on %s: closed %d after %d bytes", name, conn, l.closed, l.bytes)
			}
		}
	}
}

// One that answers the pings with their ids may go on for ever.
func TestWhoReadsGoesOn(t *testing.T) {
	for _, clientPings := range []bool{false, true} {
		w, _ := attached(t, user.Config{Device: device.Config{Conn: serverconn.Config{WindowBytes: 64 << 10, InvalidFrames: 1 << 30}, ClientPings: clientPings}})
		for _, conn := range []user.ConnID{"c1", "a1"} {
			var l socket
			for range 3000 {
				w.now = w.now.Add(100 * time.Millisecond)
				l.take(conn, w.says(conn, `{"type":"syst`))
				if l.ping != "" {
					l.take(conn, w.says(conn, `{"type":"system","event":"pong","message_id":"`+l.ping+`"}`))
					l.ping = ""
				}
				w.says("c1", `{"type":"system","event":"pong"}`)
			}
			if l.closed != 0 || l.bytes < 4*(64<<10) {
				t.Errorf("%s: closed %d after %d bytes", conn, l.closed, l.bytes)
			}
		}
	}
}

// Power of the attacker: a token or an app's key, and a socket that never says its first
// word. It is sent only so much.
func TestTheDoorSaysOnlySoMuch(t *testing.T) {
	for _, frame := range []string{`{"type":"system","event":"ping","message_id":"x"}`, `{"type":"syst`, `{"type":"presence","event":"join"}`} {
		for _, conn := range []user.ConnID{"c2", "a2"} {
			w, session := attached(t, user.Config{})
			if conn == "c2" {
				w.connect(conn, "tablet")
			} else {
				w.dials(conn, notes, session)
			}
			var l socket
			for range 900 {
				l.take(conn, w.says(conn, frame))
			}
			if l.closed == 0 || l.bytes > serverconn.PendingBytes+1000 {
				t.Errorf("%s on %s: closed %d after %d bytes", frame, conn, l.closed, l.bytes)
			}
		}
	}
}

// An app that answers a ping without its id is alive all the same.
func TestAPongWithoutAnIDIsALife(t *testing.T) {
	w, _ := attached(t, user.Config{Device: device.Config{Conn: serverconn.Config{WindowBytes: 4 << 10, InvalidFrames: 1 << 30}}})
	var l socket
	for range 10 {
		l.take("a1", w.says("a1", `{"type":"syst`))
	}
	if l.ping == "" {
		t.Fatal("it was never asked")
	}
	l.take("a1", w.says("a1", `{"type":"system","event":"pong"}`))
	for range 60 {
		w.now = w.now.Add(time.Second)
		w.says("c1", `{"type":"system","event":"pong"}`)
		l.take("a1", w.step(user.Woken{}))
	}
	if l.closed != 0 {
		t.Errorf("closed %d", l.closed)
	}
}

// The clock goes back an hour: a device that falls silent then is found in time.
func TestTheClockGoesBack(t *testing.T) {
	for _, asleep := range []bool{false, true} {
		w, _ := attached(t, user.Config{})
		w.now = w.now.Add(-time.Hour)
		if asleep {
			w.hibernate()
		}
		back := w.now
		var l socket
		for l.closed == 0 && w.now.Sub(back) < time.Hour {
			w.now = w.now.Add(time.Second)
			l.take("c1", w.step(user.Woken{}))
		}
		if took := w.now.Sub(back); took > 40*time.Second {
			t.Errorf("asleep %v: found dead after %v", asleep, took)
		}
		for w.core.Device() == "" && len(w.core.Apps()) > 0 && w.now.Sub(back) < time.Hour {
			w.now = w.now.Add(time.Second)
			w.step(user.Woken{})
		}
		if took := w.now.Sub(back); took > 75*time.Second {
			t.Errorf("asleep %v: the session was over after %v", asleep, took)
		}
	}
}
