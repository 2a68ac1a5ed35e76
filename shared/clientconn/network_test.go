package clientconn_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// ofTab runs a test in the core that has a page.
func ofTab(t *testing.T, test func(c *core)) {
	eachCore(t, 1, func(_ *testing.T, c *core) {
		if !c.native {
			test(c)
		}
	})
}

func (c *core) pings() (n int) {
	for _, f := range c.written {
		if f.Event == protocol.EventPing {
			n++
		}
	}
	return n
}

func (c *core) pass(d time.Duration) {
	for end := c.now.Add(d); ; c.do(clientconn.Woken{}) {
		at, ok := c.deadline()
		if !ok || at.After(end) {
			c.now = end
			return
		}
		c.now = maxTime(c.now, at)
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// That the network is gone is noticed at once; a wrong word about it costs a ping.
func TestOfflineIsProbed(t *testing.T) {
	for _, lives := range []bool{true, false} {
		ofTab(t, func(c *core) {
			c.admit()
			c.do(client.Offline{})
			if c.pings() != 1 || c.state != "connected" {
				c.t.Fatalf("%d pings, %s", c.pings(), c.state)
			}
			if lives {
				c.receive(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPong})
			}
			c.pass(clientconn.ProbeTimeout)
			if want := map[bool]string{true: "connected ", false: "reconnecting offline"}[lives]; c.state+" "+c.reason != want {
				c.t.Errorf("is %s %s, not %s", c.state, c.reason, want)
			}
			dialled := c.dialled
			c.do(client.Online{})
			if again := c.dialled - dialled; again != map[bool]int{true: 0, false: 1}[lives] {
				c.t.Errorf("dials %d times when it is back", again)
			}
		})
	}
}

// A dial that was made without a network is made anew with one, and a connection that seems
// to live through it is asked.
func TestOnlineTriesAtOnce(t *testing.T) {
	ofTab(t, func(c *core) {
		c.do(client.Offline{})
		c.do(client.Online{})
		if c.dialled != 2 {
			c.t.Errorf("dialled %d times", c.dialled)
		}
		c.admit()
		c.do(client.Online{})
		if c.pings() != 1 {
			c.t.Errorf("%d pings", c.pings())
		}
		c.close(4203) // the server asks for a wait
		c.do(client.Online{})
		if c.dialled != 2 {
			c.t.Error("dials while the server asks it to wait")
		}
	})
}

// A person's wish ends a backoff, but not a wait of the server's, and makes no storm.
func TestReconnectIsAtOnce(t *testing.T) {
	ofTab(t, func(c *core) {
		c.admit()
		c.do(client.Reconnect{})
		if c.pings() != 1 || c.dialled != 1 {
			c.t.Fatalf("%d pings, %d dials", c.pings(), c.dialled)
		}
		c.pass(clientconn.ProbeTimeout)
		if c.state != "reconnecting" {
			c.t.Fatalf("a connection that is dead is %s", c.state)
		}
		for range clientconn.DialTries {
			c.close(1006)
			for range 50 {
				c.do(client.Reconnect{})
			}
			c.pass(clientconn.LeastBetweenDials)
		}
		if most := clientconn.DialTries + 3; c.dialled > most || c.dialled < most/2 {
			c.t.Errorf("%d dials in %d s", c.dialled, clientconn.DialTries)
		}
		c.pass(time.Minute)
		c.admit()
		c.close(4203)
		before := c.dialled
		c.do(client.Reconnect{})
		if c.dialled != before {
			c.t.Error("dials while the server asks it to wait")
		}
	})
	ofTab(t, func(c *core) { // dormant
		for c.reason != "dormant" {
			c.close(1006)
			c.pass(30 * time.Second)
		}
		before := c.dialled
		c.do(client.Reconnect{})
		c.close(1006)
		c.pass(time.Minute)
		if c.dialled <= before+1 {
			c.t.Errorf("dialled %d times more", c.dialled-before)
		}
		c.close(1006)
		c.pass(clientconn.LeastBetweenDials)
		c.do(client.Reconnect{})
		c.close(4404) // the document is gone
		before = c.dialled
		c.do(client.Reconnect{})
		c.pass(time.Minute)
		if c.dialled != before || c.state != "closed" {
			c.t.Errorf("%s, dialled %d times after the end", c.state, c.dialled-before)
		}
	})
}

// The wait of a close that the backoff decides is no other in the error that reports it.
func TestReportedWaitIsTheOneKept(t *testing.T) {
	for _, code := range []protocol.Code{protocol.ConnectionInitTimeout, protocol.HeartbeatTimeout, protocol.RateLimitExceeded} {
		eachCore(t, 20, func(t *testing.T, c *core) {
			c.admit()
			e := &protocol.Error{Code: code, RetryAfter: 7 * time.Second}
			c.receive(e.Frame())
			c.close(e.CloseCode())
			if c.retryAfter > c.retryIn || c.retryAfter > 0 && c.retryIn > c.retryAfter*5/4 {
				c.t.Errorf("%s: the error says %s, the state %s", code, c.retryAfter, c.retryIn)
			}
		})
	}
}
