package serverconn_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

var start = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// few is a configuration that is soon exceeded.
func few() *serverconn.Config {
	cfg := serverconn.Config{
		Flood:         rate.FloodLimits{Frames: rate.Limit{Count: 1, Burst: 3}, MaxRefused: 3},
		InvalidFrames: 2, MaxRefusedTokens: 2,
	}.WithDefaults()
	return &cfg
}

// many has no limit that a test reaches.
func many() *serverconn.Config {
	cfg := serverconn.Config{Flood: rate.FloodLimits{Frames: rate.Limit{Count: 1 << 20}}, InvalidFrames: 2, MaxRefusedTokens: 2}.WithDefaults()
	return &cfg
}

// is fails unless the answer is the one that is wanted: "" for none, a reason (or else a
// code), with "!" in front where it ends the connection.
func is(t *testing.T, a *serverconn.Answer, want string) {
	t.Helper()
	got := ""
	if a != nil {
		if got = a.Err.Reason; got == "" {
			got = string(a.Err.Code)
		}
		if a.Ends {
			got = "!" + got
		}
		if a.Ends == (a.Frame.Event == protocol.EventError) {
			t.Errorf("%s: ends %v, and the frame is %q", got, a.Ends, a.Frame.Event)
		}
	}
	if got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
}

func TestTakeRefusesByNameThenEnds(t *testing.T) {
	cfg, c := few(), serverconn.Conn{}
	for range 3 {
		is(t, c.Take(start, &cfg.Flood, "m", 10), "")
	}
	for range 3 {
		a := c.Take(start, &cfg.Flood, "m", 10)
		is(t, a, "too_many_frames")
		if a.Err.MessageID != "m" || a.Err.RetryAfter != rate.LeastPause {
			t.Errorf("%+v", a.Err)
		}
	}
	a := c.Take(start, &cfg.Flood, "m", 10)
	is(t, a, "!too_many_frames")
	if a.Err.MessageID != "" {
		t.Error("the connection's end is no answer to one frame")
	}
}

// A frame without a name cannot be repeated: the client receives a general error, once in a while.
func TestTakeToldOnceInAWhile(t *testing.T) {
	cfg, c := few(), serverconn.Conn{}
	for range 3 {
		c.Take(start, &cfg.Flood, "", 10)
	}
	if a := c.Take(start, &cfg.Flood, "", 10); a == nil || a.Frame.Event != protocol.EventRateLimited {
		t.Fatalf("%+v", a)
	}
	if a := c.Take(start, &cfg.Flood, "", 10); a == nil || a.Ends || a.Frame.Event != "" {
		t.Fatalf("%+v", a)
	}
}

func TestANewConnectionBringsNoNewAllowance(t *testing.T) {
	cfg, c := few(), serverconn.Conn{}
	for range 3 {
		c.Take(start, &cfg.Flood, "m", 10)
	}
	c.Window.Sent(1000)
	c.Refresh(start, cfg, refresh("t"))
	c.Renew()
	is(t, c.Take(start, &cfg.Flood, "m", 10), "too_many_frames")
	if c.Window.UnderWay() != 0 {
		t.Error("what was sent to another connection is under way to this one")
	}
	if token, a := c.Refresh(start, cfg, refresh("u")); token != "u" {
		t.Errorf("waits for an answer to another connection: %+v", a)
	}
}

func TestInvalid(t *testing.T) {
	cfg, c := many(), serverconn.Conn{}
	named := &protocol.Error{Code: protocol.MalformedMessage, Reason: "unknown_event", MessageID: "m"}
	for range 5 { // they are meant for this protocol
		is(t, c.Invalid(start, cfg, &cfg.Flood, named, 10), "unknown_event")
	}
	is(t, c.Invalid(start, cfg, &cfg.Flood, nil, 10), "MALFORMED_MESSAGE")
	is(t, c.Invalid(start, cfg, &cfg.Flood, nil, 10), "!MALFORMED_MESSAGE")
	is(t, c.Invalid(start, cfg, &cfg.Flood, nil, 64<<20), "!"+protocol.ReasonTooLarge)
}

// An invalid frame counts as any other, and one that ends its connection too: the client
// comes back to what it has used up.
func TestInvalidCounts(t *testing.T) {
	cfg, c := few(), serverconn.Conn{}
	for range 3 {
		is(t, c.Invalid(start, cfg, &cfg.Flood, nil, 64<<20), "!"+protocol.ReasonTooLarge)
		c.Renew()
	}
	is(t, c.Take(start, &cfg.Flood, "m", 10), "too_many_frames")
	is(t, c.Invalid(start, cfg, &cfg.Flood, &protocol.Error{Code: protocol.MalformedMessage, MessageID: "m"}, 10), "!too_many_frames")
}

func TestEndings(t *testing.T) {
	if e := serverconn.Replaced("laptop"); len(e.Details) != 1 || string(e.Details[0].Raw) != `"laptop"` || !serverconn.Final(e) {
		t.Errorf("%+v", e)
	}
	if e := serverconn.Replaced(""); len(e.Details) != 0 {
		t.Errorf("a client that says no name is named: %+v", e)
	}
	if e := serverconn.EndedBy(true); e.Code != protocol.TokenRevoked || !serverconn.Final(e) || !serverconn.Listens(e) {
		t.Errorf("%+v", e)
	}
	if e := serverconn.EndedBy(false); e.Code != protocol.SessionEnded {
		t.Errorf("%+v", e)
	}
	if e := (protocol.Error{Code: protocol.HeartbeatTimeout}); serverconn.Listens(e) || serverconn.Final(e) {
		t.Error("a silent client is sent its end, or has no grace")
	}
}
