package clientconn_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/nativeclient"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// token is unsigned: a client looks at its claims alone.
func token(user string, life time.Duration) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	claims := fmt.Sprintf(`{"user_id":%q,"iat":%d,"exp":%d}`, user, epoch.Unix(), epoch.Add(life).Unix())
	return part(`{"alg":"RS256"}`) + "." + part(claims) + "." + part("sig")
}

// core is one of the two cores that stand on a connection, and what it has reported.
type core struct {
	t        *testing.T
	now      time.Time
	step     func(time.Time, clientconn.Event) []clientconn.Effect
	deadline func() (time.Time, bool)

	dialled, asked int
	native         bool
	written        []protocol.Frame
	sizes          []int // of their texts
	failures       []failure
	state, reason  string
	retryIn        time.Duration
	retryAfter     time.Duration // of the newest failure
}

// failure is what a program receives of an error.
type failure struct {
	code, reason, action, message string
	final                         bool
}

// eachCore runs a test of what both cores have to do alike, dialled with a token and not
// acknowledged yet.
func eachCore(t *testing.T, seeds int, test func(t *testing.T, c *core)) {
	for name, start := range map[string]func(*core, uint64){
		"a tab": func(c *core, seed uint64) {
			tab := client.New(client.Config{URL: "ws://h", Document: "d", ClientID: "c", TabID: "t", Visible: true, Online: true, Rand: seed})
			c.step, c.deadline = tab.Step, tab.Deadline
		},
		"a device": func(c *core, seed uint64) {
			device := nativeclient.New(nativeclient.Config{Role: nativeclient.Device, Name: "t", Rand: seed})
			c.native = true
			c.step, c.deadline = device.Step, device.Deadline
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				c := &core{t: t, now: epoch}
				start(c, seed)
				c.do(clientconn.Start{})
				c.do(clientconn.TokenFetched{Token: token("ann", time.Hour)})
				if c.dialled != 1 {
					t.Fatalf("dialled %d times", c.dialled)
				}
				test(t, c)
			}
		})
	}
}

func (c *core) do(ev clientconn.Event) {
	for _, effect := range c.step(c.now, ev) {
		switch e := effect.(type) {
		case clientconn.Dial:
			c.dialled++
		case clientconn.FetchToken:
			c.asked++
		case clientconn.Write:
			f, _ := protocol.Decode(e.Text, protocol.DefaultLimits)
			c.written, c.sizes = append(c.written, f), append(c.sizes, len(e.Text))
		case client.Emit:
			text := func(name string) string {
				s, _ := jsonscan.Str(jsonscan.Field(e.Detail, name))
				return s
			}
			switch e.Type {
			case "state":
				ms, _ := jsonscan.Uint(jsonscan.Field(e.Detail, "retryIn"))
				c.state, c.reason, c.retryIn = text("state"), text("reason"), time.Duration(ms)*time.Millisecond
			case "error", "autherror", "permissiondenied":
				after, _ := jsonscan.Uint(jsonscan.Field(e.Detail, "retryAfter"))
				c.retryAfter = time.Duration(after) * time.Millisecond
				c.failures = append(c.failures, failure{text("code"), text("reason"), text("action"), text("message"), text("action") == "stop"})
			}
		case nativeclient.Changed:
			c.state, c.reason, c.retryIn = string(e.State), e.Reason, e.RetryIn
			if e.Err != nil {
				c.failures = append(c.failures, failure{string(e.Err.Code), e.Err.Reason, "stop", e.Err.Message, true})
			}
		case nativeclient.Failed:
			c.retryAfter = e.Err.RetryAfter
			c.failures = append(c.failures, failure{string(e.Err.Code), e.Err.Reason, string(e.Action), e.Err.Message, e.Action == protocol.ActionStop})
		}
	}
}

func (c *core) receive(f protocol.Frame) {
	c.do(clientconn.Received{Gen: uint64(c.dialled), Text: f.Append(nil)})
}

func (c *core) close(code int) { c.do(clientconn.Closed{Gen: uint64(c.dialled), Code: code}) }

func (c *core) admit() { c.admitWith(protocol.AckLimits{}) }

func (c *core) admitWith(l protocol.AckLimits) {
	c.do(clientconn.Opened{Gen: uint64(c.dialled)})
	c.receive(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: protocol.ConnectionAck{
		UserID: "ann", SessionID: "s", ServerTime: c.now, ExpiresAt: epoch.Add(time.Hour), Limits: l,
	}.Append(nil)})
	if c.state != "connected" {
		c.t.Fatalf("is %s after the acknowledgement", c.state)
	}
}

// wait is the time to the next deadline.
func (c *core) wait() time.Duration {
	at, ok := c.deadline()
	if !ok {
		c.t.Fatal("nothing is due")
	}
	return at.Sub(c.now)
}

// last is the newest failure that was reported.
func (c *core) last() failure {
	if len(c.failures) == 0 {
		return failure{}
	}
	return c.failures[len(c.failures)-1]
}

// A close of the range that says wait is waited for, also where it does not say how long.
func TestAWaitIsAtLeastASecond(t *testing.T) {
	eachCore(t, 200, func(t *testing.T, c *core) {
		c.close(4203)
		if c.wait() < clientconn.LeastWait {
			t.Errorf("dials again after %s", c.wait())
		}
		if c.last().code != string(protocol.ServiceUnavailable) {
			t.Errorf("reports %+v", c.last())
		}
	})
}

// No client believes a server that it should wait for longer than a day.
func TestAWaitIsAtMostADay(t *testing.T) {
	long := &protocol.Error{Code: protocol.ServiceUnavailable, RetryAfter: 300 * 24 * time.Hour}
	most := clientconn.LongestWait * 5 / 4
	eachCore(t, 20, func(t *testing.T, c *core) {
		c.receive(long.Frame())
		c.close(4203)
		if c.retryIn < clientconn.LongestWait || c.retryIn > most {
			t.Errorf("waits %s", c.retryIn)
		}
	})
	eachCore(t, 1, func(t *testing.T, c *core) {
		c.admit()
		c.do(clientconn.Refresh{})
		c.do(clientconn.TokenFetched{Token: token("ann", 2*time.Hour)})
		swap := c.written[len(c.written)-1]
		if swap.Event != protocol.EventTokenRefresh {
			t.Fatalf("wrote %s", swap.Event)
		}
		c.receive((&protocol.Error{Code: protocol.RateLimitExceeded, RetryAfter: 300 * 24 * time.Hour, MessageID: swap.MessageID}).Frame())
		asked := c.asked
		for end := epoch.Add(25 * time.Hour); c.now.Before(end); {
			c.now = c.now.Add(max(c.wait(), 0))
			c.do(clientconn.Woken{})
			c.receive(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPong})
		}
		if c.asked == asked {
			t.Error("asks for no token within a day")
		}
	})
	eachCore(t, 1, func(t *testing.T, c *core) {
		c.close(4102)
		c.do(clientconn.TokenFailed{RetryAfter: 300 * 24 * time.Hour})
		if c.wait() > most {
			t.Errorf("asks for a token after %s", c.wait())
		}
	})
}

// A wait that the server asked for is kept when the program says that now is a good time.
func TestAWaitIsKept(t *testing.T) {
	for name, wake := range map[string]clientconn.Event{"a tab": client.Online{}, "a device": nativeclient.Wake{}} {
		eachCore(t, 1, func(t *testing.T, c *core) {
			if !strings.HasSuffix(t.Name(), strings.ReplaceAll(name, " ", "_")) {
				return
			}
			c.close(4203)
			c.do(wake)
			if c.dialled != 1 {
				t.Error("dials at once")
			}
			c.now = c.now.Add(c.wait())
			c.do(clientconn.Woken{})
			if c.dialled != 2 {
				t.Error("does not dial when the time has come")
			}
		})
	}
}

// What the server said before it closed is reported, whatever is done about it, and so is a
// text that is no frame.
func TestWhatTheServerSaidIsReported(t *testing.T) {
	for code, action := range map[protocol.Code]string{
		protocol.SlowConsumer: "reconnect", protocol.DocumentLocked: "wait", protocol.SessionEnded: "stop",
	} {
		eachCore(t, 1, func(t *testing.T, c *core) {
			c.admit()
			c.receive((&protocol.Error{Code: code, Reason: "because"}).Frame())
			c.close(protocol.Lookup(code).Close)
			if f := c.last(); f.code != string(code) || f.reason != "because" || f.action != action || len(c.failures) != 1 {
				t.Errorf("reports %+v", c.failures)
			}
		})
	}
	eachCore(t, 1, func(t *testing.T, c *core) {
		c.admit()
		c.do(clientconn.Received{Gen: 1, Text: []byte("{")})
		if f := c.last(); f.code != string(protocol.MalformedMessage) || f.final {
			t.Errorf("reports %+v", f)
		}
	})
	eachCore(t, 1, func(t *testing.T, c *core) {
		c.admit()
		c.receive(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventSessionEnded, Data: protocol.SessionEnd{Reason: "signed_out"}.Append(nil)})
		if c.state != "closed" || c.reason != "signed_out" || c.last().code != string(protocol.SessionEnded) {
			t.Errorf("is %s for %s, reports %+v", c.state, c.reason, c.last())
		}
	})
}

// A close code that the table does not have means what its range says.
func TestUnknownCloses(t *testing.T) {
	for code, want := range map[int]struct {
		code  protocol.Code
		state string
		dials int
	}{
		4099: {"", "connecting", 2},
		4299: {protocol.ServiceUnavailable, "connecting", 2},
		4499: {protocol.SessionEnded, "closed", 1},
		4599: {protocol.SessionEnded, "closed", 1},
		3000: {"", "connecting", 2},
	} {
		eachCore(t, 1, func(t *testing.T, c *core) {
			c.close(code)
			if c.state != want.state || c.last().code != string(want.code) {
				t.Errorf("%d: is %s, reports %+v", code, c.state, c.failures)
			}
			for range 5 {
				if at, ok := c.deadline(); ok && c.dialled == 1 {
					c.now = at
					c.do(clientconn.Woken{})
				}
			}
			if c.dialled != want.dials {
				t.Errorf("%d: dialled %d times", code, c.dialled)
			}
		})
	}
	eachCore(t, 1, func(t *testing.T, c *core) {
		c.close(4199)
		c.do(clientconn.TokenFetched{Token: token("ann", 2*time.Hour)})
		c.close(4199)
		if f := c.last(); c.state != "closed" || f.code != string(protocol.AuthenticationFailed) || c.dialled != 2 {
			t.Errorf("4199: is %s after %d dials, reports %+v", c.state, c.dialled, f)
		}
	})
}

// What a program says of its token is shown, unless it holds one.
func TestAnErrorThatHoldsATokenIsNotShown(t *testing.T) {
	for said, shown := range map[string]bool{
		"the issuer is down": true,
		"GET /?token=" + token("ann", time.Hour) + " failed":    false,
		"could not parse " + token("bob", time.Minute) + ", no": false,
	} {
		eachCore(t, 1, func(t *testing.T, c *core) {
			c.close(4102)
			c.do(clientconn.TokenFailed{Message: said})
			if f := c.last(); strings.Contains(f.message, "eyJ") || (f.message == said) != shown {
				t.Errorf("reports %+v", f)
			}
		})
	}
}
