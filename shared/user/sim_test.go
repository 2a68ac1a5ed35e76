package user_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// handset is a device as a user would have it: it comes back when its connection drops, says
// what it has received, and acknowledges when it feels like it.
type handset struct {
	name    string
	conn    user.ConnID // "" while it has none
	inbox   [][]byte
	acked   bool // connection_ack has come
	session string
	last    uint64 // received, or reported as lost
	lost    uint64 // how many were reported as lost
	// received is how many were not.
	received uint64
	refused  bool      // its token is unusable: it gets another
	seen     time.Time // when the runtime last answered it a ping
	*talker
}

// run is one seed's world: two devices of one user, an operator, a connection that drops, an
// object that hibernates and crashes.
type run struct {
	*world
	t       *testing.T
	rand    random.Random
	devices []*handset
	open    map[user.ConnID]*handset // what the runtime holds open
	late    []user.ConnID            // connections whose end has not been notified yet
	jti     int
	posted  uint64
	trace   []string
	seed    uint64
	pace    int      // milliseconds between two turns at most
	crashes int      // one event in so many is lost
	apps    *outside // nil where there are no apps
	quiet   bool     // nothing crashes any more
}

func newRun(t *testing.T, seed uint64, cfg user.Config) *run {
	return &run{
		world: newWorld(t, cfg), t: t, seed: seed, pace: 900, crashes: 40, rand: random.Of(seed, 7), open: map[user.ConnID]*handset{},
		devices: []*handset{{name: "phone", talker: &talker{}}, {name: "glasses", talker: &talker{}}},
	}
}

func (r *run) fail(format string, args ...any) {
	r.t.Helper()
	for _, line := range r.trace[max(0, len(r.trace)-60):] {
		r.t.Log(line)
	}
	r.t.Fatalf("seed %d (replay with -sim.seed=%d): %s", r.seed, r.seed, fmt.Sprintf(format, args...))
}

// enter is one event as the shell has it: stored first, and only then does anything leave;
// an event in which the object crashes has not happened.
func (r *run) enter(what string, step func() []any) {
	r.trace = append(r.trace, fmt.Sprintf("%s %s", r.now.Sub(start), what))
	if r.rand.IntN(12) == 0 && r.apps.idle() {
		r.hibernate()
	}
	if !r.quiet && r.rand.IntN(r.crashes) == 0 {
		step() // and it is lost
		r.hibernate()
		r.trace = append(r.trace, "  lost")
		r.apps.crashed()
		return
	}
	var effects []any
	effects = append(effects, step()...)
	for _, e := range effects {
		r.store.Apply(e)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case serverconn.Send:
			r.trace = append(r.trace, fmt.Sprintf("  to %s %s", e.Conn, e.Text))
			if g := r.open[e.Conn]; g != nil && g.conn == e.Conn {
				g.inbox = append(g.inbox, bytes.Clone(e.Text))
			}
		case serverconn.Close:
			if g := r.open[e.Conn]; g != nil && g.conn == e.Conn {
				g.conn = ""
			}
			delete(r.open, e.Conn)
			r.late = append(r.late, e.Conn)
		case serverconn.Refuse:
			r.trace = append(r.trace, "  refuse "+string(e.Err.Code))
		case device.Posted:
			if e.Err == nil {
				r.posted = e.Seq
			}
		}
		r.apps.effect(e)
	}
	// What is stored is what is known.
	if _, err := restore(r.cfg, r.store.Snapshot()); err != nil {
		r.fail("not restorable: %v", err)
	}
	if live, holds := r.store.Row.Channel.State == channel.Active || r.store.Row.Channel.State == channel.Grace, len(r.store.Session.Channels) == 1; r.store.Row.Channel.UserID != "" && live != holds {
		r.fail("the channel is live: %v, the session holds it: %v", live, holds)
	}
	r.apps.check()
}

// unasked leaves out the pings: when one went out is not stored.
func unasked(effects []any) (rest []any) {
	for _, e := range effects {
		if s, is := e.(serverconn.Send); !is || !strings.HasPrefix(string(s.Text), strings.TrimSuffix(protocol.PingText, "}")) {
			rest = append(rest, e)
		}
	}
	return rest
}

func (r *run) step(ev any) {
	what := fmt.Sprintf("%T %+v", ev, ev)
	if f, ok := ev.(user.FrameReceived); ok {
		what = fmt.Sprintf("%s says %s %s %s", f.Conn, f.Frame.Event, f.Frame.MessageID, f.Frame.Data)
	}
	r.enter(what, func() []any {
		twin := r.apps.twin(ev)
		effects := r.core.Step(r.now, ev)
		if twin != nil {
			if same, now := unasked(twin.Step(r.now, ev)), unasked(effects); len(same)+len(now) > 0 && !reflect.DeepEqual(same, now) {
				r.fail("running: %+v\nrestored: %+v", effects, same)
			}
		}
		return effects
	})
}

func (r *run) says(g *handset, text string) {
	f, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		r.fail("%s: %v", text, err)
	}
	r.step(user.FrameReceived{Conn: g.conn, Frame: f, Size: len(text), NewSessionID: fmt.Sprintf("%032s", r.id("5"))})
}

// drop cuts the connection. What was on its way is lost; the end is notified late, or never.
func (r *run) drop(g *handset) {
	if g.conn == "" {
		return
	}
	conn := g.conn
	g.conn, g.inbox, g.acked = "", nil, false
	r.trace = append(r.trace, fmt.Sprint("cut ", conn))
	if r.rand.IntN(3) > 0 {
		r.late = append(r.late, conn)
	} // else the runtime never notices
}

func (r *run) connect(g *handset) {
	g.inbox, g.acked = nil, false
	conn := user.ConnID(r.id("c"))
	if g.refused {
		r.jti++
		g.refused = false
	}
	issued := r.now.Add(-time.Second)
	accepted := false
	r.enter(fmt.Sprint("connect ", g.name, " as ", conn), func() []any {
		effects := r.core.Step(r.now, device.Connect{
			Conn: conn, ClientID: g.name, MadeUp: "m", Claims: claims(issued, issued.Add(5*time.Minute), fmt.Sprint("t", r.jti)),
		})
		for _, e := range effects {
			switch e.(type) {
			case serverconn.Accept:
				accepted = true
			case serverconn.Refuse:
				g.refused = true
			}
		}
		return effects
	})
	if _, err := restore(r.cfg, r.store.Snapshot()); err != nil {
		r.fail("%v", err)
	}
	if !accepted || r.store.Row.Pending.Conn != conn {
		return // refused, or lost in a crash
	}
	g.conn = conn
	r.open[conn] = g
	r.says(g, fmt.Sprintf(`{"type":"system","event":"connection_init","data":{"session_id":%q,"last_seq":%d}}`, g.session, g.last))
}

// read takes one frame off the connection.
func (r *run) read(g *handset) {
	if len(g.inbox) == 0 || g.conn == "" {
		return
	}
	text := g.inbox[0]
	g.inbox = g.inbox[1:]
	var f struct {
		Event string
		Seq   uint64
		Data  struct {
			SessionID string `json:"session_id"`
			Gap       *struct{ From, To, Count uint64 }
			Code      string `json:"error_code"`
		}
	}
	if err := json.Unmarshal(text, &f); err != nil {
		r.fail("%s: %v", text, err)
	}
	switch f.Event {
	case "connection_ack":
		g.acked, g.session = true, f.Data.SessionID
		r.apps.greeted(g, text)
		if gap := f.Data.Gap; gap != nil {
			if gap.From != g.last+1 || gap.To < gap.From || gap.Count != gap.To-gap.From+1 {
				r.fail("%s had received %d and got the gap %+v", g.name, g.last, *gap)
			}
			g.last, g.lost = gap.To, g.lost+gap.Count
		}
	case "app_message", "app_state", "app_started", "app_stopped":
		if f.Seq == 0 && f.Event != "app_message" {
			break // how things stand
		}
		if !g.acked || f.Seq != g.last+1 {
			r.fail("%s received %d after %d", g.name, f.Seq, g.last)
		}
		g.last = f.Seq
		g.received++
	case "ping":
		r.says(g, pongText)
	case "error", "connection_error":
		if f.Data.Code == "TOKEN_REVOKED" {
			g.refused = true
		}
	}
	r.apps.readByDevice(g, text)
}

func (r *run) turn() {
	r.now = r.now.Add(time.Duration(r.rand.IntN(r.pace)) * time.Millisecond)
	if at, ok := r.core.Deadline(); ok && !r.now.Before(at) && r.rand.IntN(5) > 0 { // else the alarm is late
		r.step(r.apps.woken())
	}
	if r.apps != nil && r.rand.IntN(3) > 0 {
		for range r.rand.IntN(12) {
			r.apps.turn()
		}
		return
	}
	g := r.devices[r.rand.IntN(len(r.devices))]
	switch n := r.rand.IntN(100); {
	case n < 25 && (r.apps == nil || n < 3):
		r.step(device.Post{Ask: 1, From: "operator", Data: []byte(`{"n":1}`)})
	case n < 65:
		for range r.rand.IntN(6) {
			r.read(g)
		}
	case n < 75:
		if g.conn != "" && g.acked {
			r.says(g, fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, g.last))
		}
	case n < 82:
		r.drop(g)
	case n < 92:
		if g.conn == "" && (g == r.devices[0] || r.rand.IntN(6) == 0) {
			r.connect(g)
		}
	case n < 96:
		if len(r.late) > 0 {
			i := r.rand.IntN(len(r.late))
			conn := r.late[i]
			r.late = append(r.late[:i], r.late[i+1:]...)
			delete(r.open, conn)
			r.step(user.Disconnected{Conn: conn, Code: 1006})
		}
	case n < 97:
		r.now = r.now.Add(time.Duration(r.rand.IntN(60)) * time.Second)
	case n < 98:
		r.step(r.apps.woken()) // early
	case n < 99:
		ev := session.Event(session.Kick{Ask: 2})
		if r.rand.IntN(2) == 0 {
			ev = session.Revoke{Ask: 2, UserID: "ann", TokenID: fmt.Sprint("t", r.jti)}
		}
		r.enter(fmt.Sprintf("%T", ev), func() []any { return r.core.Step(r.now, ev) })
	default:
		r.crash()
	}
}

// crash takes every socket with it; the shell finds out when it boots.
func (r *run) crash() {
	for _, g := range r.devices {
		g.conn, g.inbox, g.acked = "", nil, false
	}
	clear(r.open)
	r.hibernate()
	r.apps.crashed()
	r.apps.unplugged()
	for _, conn := range r.core.DeviceConns() {
		if conn != "" {
			r.step(user.Disconnected{Conn: conn, Code: 1006})
		}
	}
}

// TestSim lets seeds run: nothing that an operator's receipt says is stored is lost in silence, comes
// twice or out of order, whatever the connection and the object do.
func TestSim(t *testing.T) {
	var received, lost uint64
	runs := random.Each(t, 60, 10, func(seed uint64) {
		r := newRun(t, seed, user.Config{Device: device.Config{Outbox: channel.OutboxConfig{Frames: 12}}})
		for range 2000 {
			r.turn()
		}
		// In the end the connection holds, and all that was promised arrives or is said to be lost.
		g := r.devices[0]
		for tries := 0; g.last < r.posted || !g.acked; tries++ {
			if tries > 50 {
				r.fail("%s stands at %d of %d", g.name, g.last, r.posted)
			}
			if g.conn == "" {
				r.now = r.now.Add(time.Second)
				r.connect(g)
			}
			for len(g.inbox) > 0 && g.conn != "" {
				r.read(g)
			}
			if g.last < r.posted || !g.acked {
				r.drop(g) // its first word was lost in a crash, say
			}
		}
		for _, g := range r.devices {
			received, lost = received+g.received, lost+g.lost
		}
	})
	if runs >= 10 && (received < 1000 || lost == 0) {
		t.Errorf("%d messages were received and %d reported as lost: the world is too tame", received, lost)
	}
	t.Logf("%d received, %d reported as lost", received, lost)
}
