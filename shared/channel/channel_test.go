package channel

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

var start = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

func sec(n float64) time.Time { return start.Add(time.Duration(n * float64(time.Second))) }

func newChannel() *Channel {
	cfg := Config{}.WithDefaults()
	return New(&cfg, "ann", "")
}

func connect(c *Channel, at float64, conn serverconn.ConnID, client, session, asked string) Outcome {
	return c.Connect(sec(at), Attempt{Conn: conn, ClientID: client, SessionID: session, Asked: asked, Expires: sec(900)})
}

func TestDefaults(t *testing.T) {
	got := Config{Grace: -1, Heartbeat: time.Second}.WithDefaults()
	want := Config{30 * time.Second, 30 * time.Second, time.Second, 25 * time.Second, 25 * time.Second, time.Minute}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestConnect(t *testing.T) {
	tests := []struct {
		name    string
		given   func(*Channel)
		client  string
		session string
		asked   string
		want    Outcome
	}{
		{"first", func(*Channel) {}, "a", "s", "", Outcome{Began: true}},
		{"active, the same client", func(c *Channel) { connect(c, 0, "c1", "a", "s", "") }, "a", "s", "s", Outcome{Resumed: true, Replaced: "c1", Previous: "a"}},
		{"active, another client", func(c *Channel) { connect(c, 0, "c1", "b", "s", "") }, "a", "s", "s", Outcome{Replaced: "c1", Previous: "b"}},
		{"grace, asks for nothing", func(c *Channel) { connect(c, 0, "c1", "a", "s", ""); c.Lose(sec(1)) }, "a", "s", "", Outcome{Resumed: true}},
		{"grace, asks for its session", func(c *Channel) { connect(c, 0, "c1", "a", "s", ""); c.Lose(sec(1)) }, "a", "s", "s", Outcome{Resumed: true}},
		{"grace, asks for another session", func(c *Channel) { connect(c, 0, "c1", "a", "s", ""); c.Lose(sec(1)) }, "a", "s", "old", Outcome{}},
		{"grace, another client", func(c *Channel) { connect(c, 0, "c1", "b", "s", ""); c.Lose(sec(1)) }, "a", "s", "s", Outcome{}},
		{"active, but the session is another", func(c *Channel) { connect(c, 0, "c1", "a", "s", "") }, "a", "s2", "s", Outcome{Began: true, Replaced: "c1", Previous: "a"}},
		{"gone", func(c *Channel) { connect(c, 0, "c1", "a", "s", ""); c.Leave() }, "a", "s", "s", Outcome{Began: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChannel()
			tt.given(c)
			if got := connect(c, 2, "c2", tt.client, tt.session, tt.asked); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if c.State() != Active || c.Conn() != "c2" || c.SessionID() != tt.session {
				t.Errorf("channel is %+v", c.Row())
			}
		})
	}
}

func TestDue(t *testing.T) {
	tests := []struct {
		name    string
		given   func(*Channel)
		judge   bool
		wantDue Due
		wantAt  float64
	}{
		{"grace", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Lose(sec(3)) }, false, GraceOver, 33},
		{"a token to be announced", func(c *Channel) { connect(c, 0, "c", "a", "s", "") }, false, Notice, 840},
		{"a token announced", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Notice() }, false, TokenOver, 925},
		{"a short token", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Refresh(sec(10), sec(110)) }, false, Notice, 60},
		{"exactly twice the notice", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Refresh(sec(0), sec(120)) }, false, Notice, 60},
		{"a row from before NoticeAt", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.row.NoticeAt = time.Time{} }, false, Notice, 840},
		{"a pinging client, judged", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Pinged(sec(10)) }, true, Silent, 35},
		{"a pinging client, not judged", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Pinged(sec(10)) }, false, Notice, 840},
		{"a frame is a sign of life", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Pinged(sec(10)); c.Alive(sec(12)) }, true, Silent, 37},
		{"an older record is none", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Pinged(sec(10)); c.Pinged(sec(9)) }, true, Silent, 35},
		{"a client that never pings", func(c *Channel) { connect(c, 0, "c", "a", "s", ""); c.Alive(sec(1)) }, true, Notice, 840},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newChannel()
			tt.given(c)
			at := sec(tt.wantAt)
			if due, _ := c.Due(at.Add(-time.Millisecond), tt.judge); due != Nothing {
				t.Errorf("%d is due a millisecond early", due)
			}
			if due, since := c.Due(at.Add(time.Hour), tt.judge); due != tt.wantDue || !since.Equal(at) {
				t.Errorf("due is %d since %v, want %d since %v", due, since.Sub(start), tt.wantDue, at.Sub(start))
			}
		})
	}
}

// TestWatched is the rule of the heartbeat's alarm: none while nobody would
// notice, one look at a connection that may or may not ping, then its silence.
func TestWatched(t *testing.T) {
	c := newChannel()
	c.Connect(start, Attempt{Conn: "c", ClientID: "a", SessionID: "s"})
	deadline := func(watched bool, want float64) {
		t.Helper()
		at, ok := c.Deadline(watched)
		if want == 0 && ok || want != 0 && !at.Equal(sec(want)) {
			t.Errorf("deadline %v %v, want %v", at.Sub(start), ok, want)
		}
	}
	deadline(false, 0)
	deadline(true, 25)
	if c.Look(sec(24)) {
		t.Error("looked before it had the time to ping")
	}
	if !c.Look(sec(25)) || c.Look(sec(26)) {
		t.Error("one look is one look")
	}
	deadline(true, 0)
	if !c.Pinged(sec(30)) || c.Pinged(sec(40)) {
		t.Error("a first ping is the first once")
	}
	deadline(false, 0)
	deadline(true, 65)
}

func TestLostAt(t *testing.T) {
	c := newChannel()
	connect(c, 0, "c", "a", "s", "")
	if got := c.LostAt(sec(100), true); !got.Equal(sec(100)) {
		t.Errorf("never pinged: %v", got)
	}
	c.Pinged(sec(20))
	if got := c.LostAt(sec(30), true); !got.Equal(sec(30)) {
		t.Errorf("in time: %v", got)
	}
	if got := c.LostAt(sec(100), true); !got.Equal(sec(45)) {
		t.Errorf("silent: %v", got)
	}
	if got := c.LostAt(sec(100), false); !got.Equal(sec(100)) {
		t.Errorf("silent, by an old record: %v", got)
	}
	if got := c.LostAt(sec(2000), false); !got.Equal(sec(925)) {
		t.Errorf("token over: %v", got)
	}
}

func TestAck(t *testing.T) {
	c := newChannel()
	connect(c, 0, "c", "a", "s", "")
	for _, tt := range []struct{ seq, newest, moved, acked uint64 }{
		{3, 5, 3, 3}, {3, 5, 0, 3}, {1, 5, 0, 3}, {6, 5, 0, 3}, {5, 5, 2, 5}, {1<<64 - 1, 5, 0, 5},
	} {
		if moved := c.Ack(tt.seq, tt.newest); moved != tt.moved || c.Acked() != tt.acked {
			t.Errorf("ack %d of %d moved %d to %d, want %d to %d", tt.seq, tt.newest, moved, c.Acked(), tt.moved, tt.acked)
		}
	}
	c.Lose(sec(1))
	connect(c, 2, "d", "a", "s", "")
	if c.Acked() != 5 {
		t.Error("the same client goes on where it was")
	}
	connect(c, 3, "e", "b", "s", "")
	if c.Acked() != 0 {
		t.Error("another client begins anew")
	}
}

func TestRestore(t *testing.T) {
	cfg := Config{}.WithDefaults()
	good := Row{UserID: "ann", State: Active, Conn: "c"}
	if _, err := Restore(&cfg, good); err != nil {
		t.Errorf("good row: %v", err)
	}
	for name, row := range map[string]Row{
		"no user":             {State: Active, Conn: "c"},
		"no such state":       {UserID: "ann", State: Gone + 1},
		"active, no socket":   {UserID: "ann", State: Active},
		"gone, with a socket": {UserID: "ann", State: Gone, Conn: "c"},
		"grace without end":   {UserID: "ann", State: Grace},
	} {
		if _, err := Restore(&cfg, row); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}
