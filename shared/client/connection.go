package client

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// phase is where the leader's connection stands.
type phase uint8

const (
	idle      phase = iota // no connection wanted, or a follower
	wantToken              // a token has to come first
	dialling               // dialled, not acknowledged yet
	live                   // connection_ack has come
	waiting                // until redialAt
	dormant                // too many failures: until something wakes it
)

// connection is the leader's socket.
type connection struct {
	phase phase
	gen   uint64 // the current Dial; what an older one says is ignored
	tries int    // dials in a row that came to nothing

	connectBy time.Time
	redialAt  time.Time

	liveSince time.Time
	lastHeard time.Time
	pingAt    time.Time
	deadAt    time.Time // set while a ping is unanswered

	// lastError is the last frame heard, when that was an error about the
	// connection itself: the word before a close.
	lastError *protocol.Error

	ackAt     time.Time
	acked     uint64
	unacked   int // frames since the last ack
	window    int // how many ops may be under way: fewer after each that was too many
	replayTo  uint64
	replaced  time.Time // last time another tab of this profile took the channel
	frames    uint64    // message ids of our own frames
	swapID    string
	shown     []byte // the last presence, shown again on each connection
	authTries int    // refusals of a token in a row
	brief     int    // connections in a row that were let in, and lost to their token at once

	resumeSends time.Time // the server asked for a pause
}

// connect dials, or sees to what has to come first.
func (c *Client) connect() {
	if !c.tabs.leading || c.suspended || c.stopped || c.conn.phase == live || c.conn.phase == dialling {
		return
	}
	if f := checkTarget(c.cfg); f != nil {
		c.final("error", f, 0)
		return
	}
	c.conn.redialAt = time.Time{}
	if !c.tokenUsable() {
		c.conn.phase = wantToken
		c.fetchToken()
		return
	}
	c.conn.gen++
	c.conn.phase = dialling
	c.conn.connectBy = c.now.Add(ConnectTimeout)
	c.conn.lastError = nil
	c.conn.swapID = ""
	c.do(Dial{
		Gen:       c.conn.gen,
		URL:       c.url(),
		Protocols: []string{protocol.Version, protocol.BearerPrefix + c.token.raw},
	})
}

// checkTarget is the part of S2's connect checks that no token can mend.
func checkTarget(cfg Config) *Failure {
	if cfg.Document == "" {
		return ErrMissingDocument
	}
	if !validBase(cfg.URL) {
		return ErrBadURL
	}
	return nil
}

// url asks to resume once there is a session. The token is never part of it.
func (c *Client) url() string {
	u := append([]byte(nil), c.cfg.URL...)
	for len(u) > 0 && u[len(u)-1] == '/' {
		u = u[:len(u)-1]
	}
	u = append(u, "/v1/ws/documents/"...)
	u = appendEscaped(u, c.cfg.Document)
	u = append(u, "?client_id="...)
	u = appendEscaped(u, c.cfg.ClientID)
	if c.session.id != "" {
		u = append(u, "&session_id="...)
		u = appendEscaped(u, c.session.id)
		u = append(u, "&last_seq="...)
		u = strconv.AppendUint(u, c.log.version, 10)
	}
	return string(u)
}

func (c *Client) opened(gen uint64) {
	if gen != c.conn.gen || c.conn.phase != dialling {
		c.do(CloseSocket{Gen: gen, Code: 1000, Reason: "late"})
	}
	// Nothing else: the server speaks first.
}

// hangUp closes the current connection, if there is one, and forgets it.
func (c *Client) hangUp(code int, reason string) {
	if c.conn.phase == live || c.conn.phase == dialling {
		if c.conn.phase == live && c.conn.unacked > 0 {
			c.writeAck()
		}
		c.do(CloseSocket{Gen: c.conn.gen, Code: code, Reason: reason})
	}
	c.endConnection()
	c.conn.phase = idle
	c.conn.redialAt = time.Time{}
}

// endConnection forgets what was true of the connection only.
func (c *Client) endConnection() {
	n := &c.conn
	n.connectBy, n.pingAt, n.deadAt, n.ackAt, n.resumeSends = time.Time{}, time.Time{}, time.Time{}, time.Time{}, time.Time{}
	n.unacked = 0
	c.token.swapBy = time.Time{}
	c.log.sent, c.log.stalled = 0, false
	c.log.syncing, c.log.stream = false, 0
	c.dropPosting()
}

// connectionDue does what the connection's timers ask for.
func (c *Client) connectionDue() {
	n := &c.conn
	if c.past(&n.connectBy) {
		c.do(CloseSocket{Gen: n.gen, Code: 1000, Reason: "connect timeout"})
		c.lost(1006, "connect_timeout", 0)
	}
	if c.past(&n.deadAt) && n.phase == live {
		c.do(CloseSocket{Gen: n.gen, Code: 1000, Reason: "silent"})
		c.lost(1006, "silent", 0)
	}
	if c.past(&n.redialAt) {
		n.phase = idle
		c.connect()
	}
	if c.past(&n.pingAt) && n.phase == live {
		c.ping(2*c.session.heartbeat - c.session.heartbeat/2)
	}
	if c.past(&n.ackAt) && n.phase == live {
		c.writeAck()
	}
	if c.past(&n.resumeSends) {
		c.unstall() // what was refused meanwhile goes out again, in order
	}
}

// ping asks for a sign of life within d; silence until then is a dead line,
// whatever the socket says. Counted from a ping and not from the last frame,
// so that a page whose timers slept does not take its own silence for the
// server's.
func (c *Client) ping(d time.Duration) {
	c.do(Write{Gen: c.conn.gen, Text: []byte(protocol.PingText)})
	c.conn.pingAt = c.now.Add(c.session.heartbeat)
	if by := c.now.Add(d); c.conn.deadAt.IsZero() || by.Before(c.conn.deadAt) {
		c.conn.deadAt = by
	}
}

// write sends a frame, if the connection stands.
func (c *Client) write(f protocol.Frame) {
	if c.conn.phase == live {
		c.do(Write{Gen: c.conn.gen, Text: f.Append(nil)})
	}
}

func (c *Client) sayDisconnect(reason string) {
	c.write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventDisconnect, Data: protocol.Disconnect{Reason: reason}.Append(nil)})
}

// heardSeq counts a reliable frame towards the next ack.
func (c *Client) heardSeq() {
	c.conn.unacked++
	if c.conn.unacked >= AckFrames {
		c.writeAck()
	} else if c.conn.ackAt.IsZero() {
		c.conn.ackAt = c.now.Add(AckDelay)
	}
}

func (c *Client) writeAck() {
	c.conn.ackAt, c.conn.unacked = time.Time{}, 0
	heard := c.log.heard()
	if heard == c.conn.acked {
		return
	}
	c.conn.acked = heard
	c.write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, Data: protocol.Ack{Seq: heard}.Append(nil)})
}
