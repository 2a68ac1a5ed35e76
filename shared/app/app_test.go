package app_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// What apps do is tested in package user, whose events they live by. Here is what is to be
// reached only from within.

var now = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// owner takes down what is asked of it; its device is there unless it is away.
type owner struct {
	away    bool
	refused *protocol.Error // of what may wait
	said    []string        // to the device
	effects []app.Effect
	sockets []serverconn.Effect
}

func (o *owner) Emit(e app.Effect)          { o.effects = append(o.effects, e) }
func (o *owner) Socket(e serverconn.Effect) { o.sockets = append(o.sockets, e) }

func (o *owner) ToDevice(event string, data []byte, _ string, mayWait bool) (uint64, *protocol.Error) {
	if mayWait && o.refused != nil {
		return 0, o.refused
	}
	o.said = append(o.said, event+" "+string(data))
	return uint64(len(o.said)), nil
}

func (o *owner) Answer(f protocol.Frame) { o.said = append(o.said, string(f.Append(nil))) }

func (o *owner) Record(time.Time, audit.Entry) {}

func (o *owner) Away() bool { return o.away }

// received are the words that left, and forgets them.
func (o *owner) received() string {
	text := strings.Join(o.said, "\n")
	o.said = nil
	return text
}

func config() *app.Config {
	cfg := user.Config{}.WithDefaults().Apps
	return &cfg
}

func session(n int) string { return protocol.AppSessionID("ann", fmt.Sprintf("%032d", n)) }

// row is one that an app in a state can have stored.
func row(name string, n int, state app.State) app.Row {
	r := app.Row{Package: name, SessionID: session(n), State: state, Channel: channel.Row{UserID: "ann", State: channel.Gone}}
	switch state {
	case app.Connecting, app.Resurrecting:
		r.Phase, r.Next, r.Tries = app.Calling, now, 1
	case app.Running, app.Stopping:
		r.Channel.State, r.Channel.Conn, r.Been = channel.Active, app.ConnID(fmt.Sprint("a", n)), true
	case app.GracePeriod:
		r.Channel.State, r.Channel.GraceUntil, r.Been = channel.Grace, now, true
	case app.Dormant:
		r.Been = true
	}
	if state == app.Stopping {
		r.Next = now
	}
	return r
}

// TestRestoreTakesEveryState has a row in each state, with all that is kept, go in and out.
func TestRestoreTakesEveryState(t *testing.T) {
	s := app.Snapshot{Receipts: []channel.Receipt{{N: 3, ClientID: "phone", MessageID: "m3", Seq: 9}}}
	for state := app.Connecting; state < app.Stopped; state++ {
		r := row(fmt.Sprint("com.example.a", int(state)), int(state), state)
		r.Outbox = channel.OutboxRow{Sent: 2, Acked: 1}
		s.Apps = append(s.Apps, app.Saved{
			Row: r, Kept: []channel.Kept{{Seq: 2, Text: []byte(`{}`)}}, Receipts: []channel.Receipt{{N: 1, MessageID: "n1", Seq: 4}},
		})
	}
	a, err := app.Restore(config(), &owner{}, "ann", s)
	if err != nil {
		t.Fatal(err)
	}
	if again := a.Snapshot(); !reflect.DeepEqual(again, s) {
		t.Errorf("came back as %+v", again)
	}
	if len(a.Rows()) != 6 || len(a.States()) != 6 || a.States()[5].State != "stopping" {
		t.Errorf("states: %+v", a.States())
	}
	if !a.Has("a1") || !a.Has("a5") || a.Has("a2") || a.Has("") {
		t.Error("the connections are others")
	}
}

// A row that no app can have stored is none to go on with: some would never end.
func TestRestoreRefusesNonsense(t *testing.T) {
	until := func(r *app.Row) { r.Next = now }
	for name, c := range map[string]struct {
		state app.State
		spoil func(*app.Row)
	}{
		"another user's session":           {app.Running, func(r *app.Row) { r.SessionID = protocol.AppSessionID("bob", strings.Repeat("0", 32)) }},
		"a session id that is none":        {app.Running, func(r *app.Row) { r.SessionID = "ann" }},
		"another user's channel":           {app.Running, func(r *app.Row) { r.Channel.UserID = "bob" }},
		"a channel of nobody":              {app.Running, func(r *app.Row) { r.Channel.UserID = "" }},
		"stopped":                          {app.Dormant, func(r *app.Row) { r.State = app.Stopped }},
		"a state that there is not":        {app.Dormant, func(r *app.Row) { r.State = 99 }},
		"running without a channel":        {app.Running, func(r *app.Row) { r.Channel = channel.Row{UserID: "ann", State: channel.Gone} }},
		"active without a connection":      {app.Running, func(r *app.Row) { r.Channel.Conn = "" }},
		"dormant with a channel":           {app.Running, func(r *app.Row) { r.State = app.Dormant }},
		"a channel that waits":             {app.Running, func(r *app.Row) { r.Channel.State = channel.State(0) }},
		"grace, which the channel has not": {app.Dormant, func(r *app.Row) { r.State = app.GracePeriod }},
		"the channel's grace alone":        {app.GracePeriod, func(r *app.Row) { r.State = app.Dormant }},
		"grace without an end":             {app.GracePeriod, func(r *app.Row) { r.Channel.GraceUntil = time.Time{} }},
		"called without a phase":           {app.Connecting, func(r *app.Row) { r.Phase = app.None }},
		"called without an end":            {app.Resurrecting, func(r *app.Row) { r.Next = time.Time{} }},
		"a phase of one that sleeps":       {app.Dormant, func(r *app.Row) { r.Phase = app.Waiting }},
		"stopping without an end":          {app.Stopping, func(r *app.Row) { r.Next = time.Time{} }},
		"an end of one that runs":          {app.Running, until},
		"an end of one that sleeps":        {app.Dormant, until},
		"received what was never sent":     {app.Running, func(r *app.Row) { r.Outbox.Acked = 1 }},
	} {
		r := row("com.example.a", 1, c.state)
		restore := func() error {
			_, err := app.Restore(config(), &owner{}, "ann", app.Snapshot{Apps: []app.Saved{{Row: r}}})
			return err
		}
		if err := restore(); err != nil {
			t.Fatalf("%s: before it was spoilt: %v", name, err)
		}
		if c.spoil(&r); restore() == nil {
			t.Errorf("%s: restored", name)
		}
	}
	a, b := app.Saved{Row: row("com.example.a", 1, app.Dormant)}, app.Saved{Row: row("com.example.b", 2, app.Dormant)}
	for name, s := range map[string][]app.Saved{"out of order": {b, a}, "one app twice": {a, a}} {
		if _, err := app.Restore(config(), &owner{}, "ann", app.Snapshot{Apps: s}); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
	a.Kept = []channel.Kept{{Seq: 1}}
	if _, err := app.Restore(config(), &owner{}, "ann", app.Snapshot{Apps: []app.Saved{a}}); err == nil {
		t.Error("a frame that was never sent: restored")
	}
}

// The times are the seed's real system's, and shorter than a device's where it has both.
func TestDefaults(t *testing.T) {
	c := app.Config{CallTries: -1}.WithDefaults()
	want := app.Config{
		Channel: channel.Config{Grace: 5 * time.Second}.WithDefaults(), MaxApps: 32, CallTimeout: 10 * time.Second, CallTries: 2,
		CallPause: time.Second, ConnectTimeout: 5 * time.Second, StopTimeout: 5 * time.Second, Connects: c.Connects, Unanswered: 256,
		MaxRounds: 6, StayTime: time.Minute, TotalBytes: 4 << 20, Starts: rate.Limit{Count: 30, Per: time.Minute, Burst: 30},
	}
	if !reflect.DeepEqual(c, want) || c.Connects.Count != 60 || c.Connects.Per != time.Minute || c.Connects.Burst != 60 {
		t.Errorf("%+v", c)
	}
	mine := app.Config{MaxApps: 1, CallPause: time.Minute, Channel: channel.Config{Grace: time.Hour}}.WithDefaults()
	if mine.MaxApps != 1 || mine.CallPause != time.Minute || mine.Channel.Grace != time.Hour || mine.Channel.Heartbeat != 10*time.Second {
		t.Errorf("what was set is %+v", mine)
	}
	// In a user's object all but the grace is as the device's.
	whole := user.Config{Device: device.Config{Channel: channel.Config{Grace: time.Minute, Heartbeat: time.Second}, Conn: serverconn.Config{InvalidFrames: 3}}}.WithDefaults()
	if a := whole.Apps; a.Channel.Grace != 5*time.Second || a.Channel.Heartbeat != time.Second || a.Conn.InvalidFrames != 3 || a.Conn.Limits != whole.Device.Conn.Limits {
		t.Errorf("in a user's object: %+v", a)
	}
}

// started is an app that runs on a1.
func started(t *testing.T, cfg *app.Config, o *owner) *app.Apps {
	t.Helper()
	a := app.New(cfg, o, "ann")
	a.FromDevice(now, "phone", frame(t, `{"type":"app","event":"app_start","message_id":"m1","data":{"package":"com.example.a"}}`), strings.Repeat("0", 32))
	a.Take(now, app.Connect{Conn: "a1", Package: "com.example.a", KeyID: "k1", SessionID: session(0)})
	a.Take(now, app.Registered{Conn: "a1"})
	a.Frame(now, "a1", frame(t, `{"type":"app","event":"app_connection_init"}`), 10)
	if states := a.States(); len(states) != 1 || states[0].State != "running" {
		t.Fatalf("states: %+v", states)
	}
	o.said, o.effects, o.sockets = nil, nil, nil
	return a
}

func frame(t *testing.T, text string) protocol.Frame {
	t.Helper()
	f, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What was refused is not remembered: it is taken when there is room.
func TestARefusedMessageIsNoRepeat(t *testing.T) {
	o := &owner{refused: &protocol.Error{Code: protocol.RateLimitExceeded}}
	a := started(t, config(), o)
	message := frame(t, `{"type":"app","event":"app_message","message_id":"n1","data":{"data":1}}`)
	for range 2 {
		if a.Frame(now, "a1", message, 10); o.received() != "" {
			t.Fatal("it was taken without room")
		}
	}
	o.refused = nil
	for i, want := range []string{`app_message {"from":"com.example.a","data":1}`, ""} {
		if a.Frame(now, "a1", message, 10); o.received() != want {
			t.Errorf("try %d: not %q", i, want)
		}
	}
}

// A stop is stored though its word finds no room in an outbox.
func TestAStopIsStoredThoughItCannotBeSaid(t *testing.T) {
	cfg := config()
	cfg.Outbox.Bytes = 40
	o := &owner{}
	a := started(t, cfg, o)
	a.FromDevice(now, "phone", frame(t, `{"type":"app","event":"app_stop","message_id":"m2","data":{"package":"com.example.a"}}`), "")
	for _, e := range o.effects {
		if s, is := e.(app.Save); is && s.Row.State == app.Stopping && s.Row.Next.Equal(now.Add(5*time.Second)) {
			return
		}
	}
	t.Errorf("stored was %+v", o.effects)
}

// Whether the device is there decides what becomes of an app whose key is gone; each
// connection is closed once, whatever state it is in.
func TestRevocationClosesOnce(t *testing.T) {
	for _, c := range []struct {
		away, stopping bool
		want           string
	}{{false, false, "resurrecting"}, {true, false, "dormant"}, {false, true, ""}, {true, true, ""}} {
		o := &owner{}
		a := started(t, config(), o)
		if c.stopping {
			a.FromDevice(now, "phone", frame(t, `{"type":"app","event":"app_stop","message_id":"m2","data":{"package":"com.example.a"}}`), "")
		}
		o.away, o.effects, o.sockets = c.away, nil, nil
		a.Take(now, app.KeyRevoked{Ask: 7, Package: "com.example.a", KeyID: "k1"})
		closes, gone := 0, app.KeyGone{}
		for _, e := range o.sockets {
			if _, is := e.(serverconn.Close); is {
				closes++
			}
		}
		for _, e := range o.effects {
			if e, is := e.(app.KeyGone); is {
				gone = e
			}
		}
		state := ""
		if states := a.States(); len(states) > 0 {
			state = states[0].State
		}
		if closes != 1 || state != c.want || gone.Ask != 7 || len(gone.Closed) != 1 {
			t.Errorf("%+v: %d closes, %q, %+v", c, closes, state, gone)
		}
	}
}
