package nativeclient

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Client is one device or one app on one user's session. Use New; call nothing but Step
// and Deadline, from one goroutine.
type Client struct {
	cfg Config
	now time.Time
	out []Effect

	started  bool
	ended    bool // for good
	finished bool

	// The server's own limits.
	limits         protocol.Limits
	unacknowledged int

	status  Status
	conn    clientconn.Conn[*owner]
	inbound inbound
	queue   sendQueue
}

// zero is no time.
var zero time.Time

// New returns a client that has not started.
func New(cfg Config) *Client {
	c := &Client{cfg: cfg, limits: protocol.ReaderLimits, unacknowledged: DefaultUnacknowledged}
	c.status = Status{State: Connecting, SessionID: cfg.SessionID}
	app := cfg.Role == App
	c.conn = clientconn.New(clientconn.Config{Name: cfg.Name, Keyed: app, Pinged: !app, Rand: cfg.Rand}, (*owner)(c))
	return c
}

// Step takes one event and returns what is to be done.
func (c *Client) Step(now time.Time, ev Event) []Effect {
	if c.finished {
		if s, ok := ev.(Submit); ok {
			return []Effect{Refused{Ask: s.Ask, Err: c.why(), Over: true}}
		}
		return nil
	}
	c.now = c.conn.Advance(now)
	c.out = nil
	switch ev := ev.(type) {
	case Start:
		if !c.started {
			c.started = true
			c.conn.Start()
			c.conn.Connect()
		}
	case Close:
		c.leave(ev.Leave)
	case Submit:
		c.submit(ev)
	default:
		if c.started && !c.ended {
			c.handle(ev)
		}
	}
	out := c.out
	c.out = nil
	return out
}

func (c *Client) handle(ev Event) {
	switch ev := ev.(type) {
	case Woken:
		c.conn.Due()
		if c.conn.Past(&c.inbound.ackAt) && c.conn.Live() {
			c.writeAck()
		}
	case Wake:
		c.conn.Wake()
	case Refresh:
		c.conn.Refresh()
	case Hold:
		c.conn.Hold()
	case Release:
		c.conn.Release()
	case TokenFetched:
		c.conn.TokenFetched(ev)
	case TokenFailed:
		c.conn.TokenFailed(ev)
	case Opened:
		c.opened(ev.Gen)
	case Received:
		c.received(ev.Gen, ev.Text)
	case Closed:
		c.conn.Closed(ev.Gen, ev.Code)
	}
}

// Deadline is when Step has to get Woken; false when nothing is due.
func (c *Client) Deadline() (time.Time, bool) {
	if c.ended || c.conn.Held() {
		return time.Time{}, false
	}
	return c.conn.Deadline(c.inbound.ackAt)
}

func (c *Client) do(effect Effect) { c.out = append(c.out, effect) }

// change notifies the program of a new state; what belongs to the session stays.
func (c *Client) change(s Status) {
	s.SessionID, s.UserID, s.ClientID, s.ClientConnected = c.status.SessionID, c.status.UserID, c.status.ClientID, c.status.ClientConnected
	if s == c.status {
		return
	}
	c.status = s
	c.do(Changed{Status: s})
}
