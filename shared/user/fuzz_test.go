package user_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// FuzzSteps feeds the core any order of events, two bytes each, with a clock that jumps
// both ways. It must not panic, what it stores must be what it knows, and nothing may go
// to a connection that is not open.
func FuzzSteps(f *testing.F) {
	f.Add([]byte{0, 0, 10, 0, 40, 0, 20, 10, 50, 0, 60, 3})
	f.Add([]byte{0, 0, 10, 0, 30, 0, 1, 0, 11, 0, 70, 9, 20, 0})
	f.Add([]byte{0, 1, 10, 0, 60, 40, 60, 40, 60, 40, 80, 0, 90, 1})
	// An app is started, called, let in and written to, drops, and its key is revoked.
	f.Add([]byte{0, 20, 10, 0, 110, 0, 130, 0, 121, 0, 141, 0, 151, 0, 110, 6, 151, 4, 51, 1, 60, 6, 130, 0, 122, 0, 142, 0, 152, 1, 160, 0})
	f.Add([]byte{0, 20, 10, 0, 110, 0, 110, 1, 121, 0, 141, 0, 151, 0, 122, 1, 142, 0, 152, 0, 50, 1, 51, 1, 60, 6, 1, 20, 11, 0, 130, 1})
	f.Fuzz(playScript)
}

// TestRandomSteps plays scripts that nobody has chosen, in which most of what happens
// happens to apps.
func TestRandomSteps(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 3))
		script := []byte{0, 250, 10, 0}
		for range 60 + r.IntN(200) {
			kinds := []int{0, 1, 3, 4, 5, 6, 6, 8, 11, 11, 11, 11, 12, 12, 13, 14, 14, 15, 15, 15, 15, 15, 15, 16, 20}
			what := kinds[r.IntN(len(kinds))]*10 + r.IntN(2)
			n := r.IntN(256)
			switch rare := r.IntN(8) == 0; {
			case what/10 == 6 && !rare:
				n %= 7
			case what/10 == 0: // a token that lasts
				n = 250
			case what/10 == 8 && !rare, what/10 == 16 && !rare:
				what = 200
			}
			script = append(script, byte(what), byte(n))
		}
		script = append(script, make([]byte, r.IntN(6))...) // its length is the configuration
		if t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { playScript(t, script) }); t.Failed() {
			return
		}
	}
}

func playScript(t *testing.T, script []byte) {
	cfg := user.Config{
		Device: device.Config{
			ClientPings: len(script)%2 == 1, Outbox: channel.OutboxConfig{Frames: 3, Bytes: []int{0, 300, 120}[len(script)%3]},
			Conn: serverconn.Config{
				InvalidFrames: 2, WindowBytes: 400, Flood: rate.FloodLimits{Frames: rate.Limit{Count: 5, Burst: 9}, MaxRefused: 2},
			},
		},
		Apps: app.Config{MaxApps: 2, Unanswered: 2},
	}
	w := newWorld(t, cfg)
	open := map[user.ConnID]bool{}
	apps := &fuzzedApps{world: w, t: t}
	play := func(effects []any) {
		for _, e := range effects {
			w.store.Apply(e)
			apps.effect(e)
			switch e := e.(type) {
			case serverconn.Accept:
				open[e.Conn] = true
			case serverconn.Send:
				if !open[e.Conn] {
					t.Fatalf("to %s, which is not open: %s", e.Conn, e.Text)
				}
				if _, err := protocol.Decode(e.Text, protocol.Limits{}); err != nil {
					t.Fatalf("no client can read %s: %v", e.Text, err)
				}
			case serverconn.Close:
				if !open[e.Conn] {
					t.Fatalf("%s is closed, which is not open", e.Conn)
				}
				delete(open, e.Conn)
			}
		}
	}
	for i := 0; i+1 < len(script); i += 2 {
		what, n := script[i], script[i+1]
		conn := user.ConnID(fmt.Sprint("c", what%10))
		if what/10 == 5 && n%4 > 1 {
			conn = user.ConnID(fmt.Sprint("a", what%10))
		}
		frame := func(text string) {
			fr, err := protocol.Decode([]byte(text), protocol.Limits{})
			if err != nil {
				play(w.core.Step(w.now, user.FrameInvalid{Conn: conn, Err: err, Size: len(text)}))
				return
			}
			play(w.core.Step(w.now, user.FrameReceived{Conn: conn, Frame: fr, Size: len(text), NewSessionID: fmt.Sprintf("%032s", w.id("5"))}))
		}
		switch what / 10 {
		case 0:
			if !open[conn] {
				c := claims(w.now.Add(-time.Duration(n%16)*time.Second), w.now.Add(time.Duration(n)*time.Second), fmt.Sprint("t", n%3))
				if n%50 == 49 {
					c.UserID = "bob"
				}
				play(w.core.Step(w.now, device.Connect{Conn: conn, ClientID: []string{"", "phone", "glasses"}[n%3], MadeUp: "m", Claims: c}))
			}
		case 1:
			frame(fmt.Sprintf(`{"type":"connection_init","data":{"session_id":"s%d","last_seq":%d}}`, n%4, n%8))
		case 2:
			frame([]string{pongText, protocol.PingText, initText, `{"type":"system","event":"disconnect"}`, `{`, `{"type":"app","event":"app_stop"}`,
				`{"type":"system","event":"token_refresh","data":{"token":"x"}}`}[n%7])
		case 3:
			frame(fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, n%16))
		case 4:
			play(w.core.Step(w.now, device.Post{Ask: 1, From: "operator", Data: []byte(fmt.Sprintf("%q", fmt.Sprintf("%*d", n, 1)))}))
		case 5:
			if n%2 == 0 {
				play(w.core.Step(w.now, user.SendFailed{Conn: conn}))
			} else {
				delete(open, conn)
				play(w.core.Step(w.now, user.Disconnected{Conn: conn, Code: 1006, Seen: w.now.Add(-time.Duration(n) * time.Second)}))
			}
		case 6:
			w.now = w.now.Add(time.Duration(n) * time.Second)
			play(w.core.Step(w.now, user.Woken{Seen: w.now.Add(-time.Duration(n/2) * time.Second), Apps: apps.seen(n)}))
			if at, ok := w.core.Deadline(); ok && !at.After(w.now) {
				t.Fatalf("woken at %s, it is due at %s again", w.now, at)
			}
		case 7:
			w.now = w.now.Add(time.Duration(int(n)-64) * 500 * time.Millisecond)
		case 8:
			switch n % 4 {
			case 0:
				play(w.core.Step(w.now, session.Kick{Ask: 2}))
			case 1:
				play(w.core.Step(w.now, session.Revoke{Ask: 2, UserID: "ann", TokenID: fmt.Sprint("t", n%3)}))
			case 2:
				play(w.core.Step(w.now, session.Revoke{Ask: 2, UserID: "ann", All: true}))
			default:
				play(w.core.Step(w.now, session.AccessChanged{Ask: 2}))
			}
		case 9:
			c := claims(w.now, w.now.Add(time.Duration(n)*time.Second), fmt.Sprint("t", n%3))
			play(w.core.Step(w.now, device.TokenVerified{Conn: conn, Claims: c}))
		default:
			if ev := apps.event(what, n); ev == nil {
				w.hibernate()
			} else {
				play(w.core.Step(w.now, ev))
			}
		}
		apps.check()
		known, err := restore(cfg, w.store.Snapshot())
		if err != nil {
			t.Fatalf("what is stored is no object: %v", err)
		}
		if known.DeviceConns() != w.core.DeviceConns() {
			t.Fatalf("stored are %v, known are %v", known.DeviceConns(), w.core.DeviceConns())
		}
		if snap := w.core.Snapshot(); snap.Device.Row.Outbox != w.store.Row.Outbox && snap.Device.Row.Channel.UserID != "" && w.store.Row.Channel.UserID != "" || len(snap.Device.Kept) != len(w.store.Outbox) {
			t.Fatalf("%d frames are kept, %d are stored", len(snap.Device.Kept), len(w.store.Outbox))
		}
	}
}
