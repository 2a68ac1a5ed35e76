package device_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// FuzzSteps feeds the core any order of events, two bytes each, with a clock that jumps
// both ways. It must not panic, what it stores must be what it knows, and nothing may go
// to a connection that is not open.
func FuzzSteps(f *testing.F) {
	f.Add([]byte{0, 0, 10, 0, 40, 0, 20, 10, 50, 0, 60, 3})
	f.Add([]byte{0, 0, 10, 0, 30, 0, 1, 0, 11, 0, 70, 9, 20, 0})
	f.Add([]byte{0, 1, 10, 0, 60, 40, 60, 40, 60, 40, 80, 0, 90, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		cfg := device.Config{
			ClientPings: len(script)%2 == 1, Outbox: channel.OutboxConfig{Frames: 3}, InvalidFrames: 2, WindowBytes: 400,
			Flood: rate.FloodLimits{Frames: rate.Limit{Count: 5, Burst: 9}, MaxRefused: 2},
		}
		w := newWorld(t, cfg)
		open := map[string]bool{}
		play := func(effects []device.Effect) {
			for _, e := range effects {
				w.store.Apply(e)
				switch e := e.(type) {
				case device.Accept:
					open[e.Conn] = true
				case device.Send:
					if !open[e.Conn] {
						t.Fatalf("to %s, which is not open: %s", e.Conn, e.Text)
					}
					if _, err := protocol.Decode(e.Text, protocol.Limits{}); err != nil {
						t.Fatalf("no client can read %s: %v", e.Text, err)
					}
				case device.Close:
					delete(open, e.Conn)
				}
			}
		}
		for i := 0; i+1 < len(script); i += 2 {
			what, n := script[i], script[i+1]
			conn := fmt.Sprint("c", what%10)
			frame := func(text string) {
				fr, err := protocol.Decode([]byte(text), protocol.Limits{})
				if err != nil {
					play(w.dev.Step(w.now, device.FrameInvalid{Conn: conn, Err: err, Size: len(text)}))
					return
				}
				play(w.dev.Step(w.now, device.FrameReceived{Conn: conn, Frame: fr, Size: len(text), NewSessionID: w.id("s")}))
			}
			switch what / 10 {
			case 0:
				if !open[conn] {
					c := claims(w.now.Add(-time.Duration(n%16)*time.Second), w.now.Add(time.Duration(n)*time.Second), fmt.Sprint("t", n%3))
					if n%50 == 49 {
						c.UserID = "bob"
					}
					play(w.dev.Step(w.now, device.Connect{Conn: conn, ClientID: []string{"", "phone", "glasses"}[n%3], MadeUp: "m", Claims: c}))
				}
			case 1:
				frame(fmt.Sprintf(`{"type":"connection_init","data":{"session_id":"s%d","last_seq":%d}}`, n%4, n%8))
			case 2:
				frame([]string{pongText, protocol.PingText, initText, `{"type":"system","event":"disconnect"}`, `{`, `{"type":"app","event":"app_stop"}`,
					`{"type":"system","event":"token_refresh","data":{"token":"x"}}`}[n%7])
			case 3:
				frame(fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, n%16))
			case 4:
				play(w.dev.Step(w.now, device.Post{Ask: 1, From: "operator", Data: []byte(fmt.Sprintf("%q", fmt.Sprintf("%*d", n, 1)))}))
			case 5:
				if n%2 == 0 {
					play(w.dev.Step(w.now, device.SendFailed{Conn: conn}))
				} else {
					delete(open, conn)
					play(w.dev.Step(w.now, device.Disconnected{Conn: conn, Code: 1006, Seen: w.now.Add(-time.Duration(n) * time.Second)}))
				}
			case 6:
				w.now = w.now.Add(time.Duration(n) * time.Second)
				play(w.dev.Step(w.now, device.Woken{Seen: w.now.Add(-time.Duration(n/2) * time.Second)}))
				if at, ok := w.dev.Deadline(); ok && !at.After(w.now) {
					t.Fatalf("woken at %s, it is due at %s again", w.now, at)
				}
			case 7:
				w.now = w.now.Add(time.Duration(int(n)-64) * 500 * time.Millisecond)
			case 8:
				switch n % 4 {
				case 0:
					play(w.dev.Session(w.now, session.Kick{Ask: 2}))
				case 1:
					play(w.dev.Session(w.now, session.Revoke{Ask: 2, UserID: "ann", TokenID: fmt.Sprint("t", n%3)}))
				case 2:
					play(w.dev.Session(w.now, session.Revoke{Ask: 2, UserID: "ann", All: true}))
				default:
					play(w.dev.Session(w.now, session.AccessChanged{Ask: 2}))
				}
			case 9:
				c := claims(w.now, w.now.Add(time.Duration(n)*time.Second), fmt.Sprint("t", n%3))
				play(w.dev.Step(w.now, device.TokenVerified{Conn: conn, Claims: c}))
			default:
				w.hibernate()
			}
			known, err := device.Restore(cfg, w.store.Snapshot())
			if err != nil {
				t.Fatalf("what is stored is no object: %v", err)
			}
			if known.Conns() != w.dev.Conns() {
				t.Fatalf("stored are %v, known are %v", known.Conns(), w.dev.Conns())
			}
			if snap := w.dev.Snapshot(); snap.Row.Outbox != w.store.Row.Outbox && snap.Row.Channel.UserID != "" && w.store.Row.Channel.UserID != "" || len(snap.Kept) != len(w.store.Outbox) {
				t.Fatalf("%d frames are kept, %d are stored", len(snap.Kept), len(w.store.Outbox))
			}
		}
	})
}
