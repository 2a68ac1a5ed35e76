package clientconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// Phase is where a connection stands.
type Phase uint8

// The phases.
const (
	Idle      Phase = iota // no connection is wanted
	WantToken              // a token has to come first
	Dialling               // dialled, not acknowledged yet
	Live                   // acknowledged
	Waiting                // until the next dial
	Dormant                // too many failures: until something wakes it
)

// Conn is the connection of one client. Use New. Its owner is a type parameter and not an
// interface value, which would bring what prints a core into the page's module: 10 kB packed.
type Conn[O Owner] struct {
	cfg   Config
	owner O
	now   time.Time
	// Rand is the one source of jitter.
	Rand backoff.Random

	active bool // the owner wants a connection, and a token for it
	held   bool // but not for now

	phase     Phase
	gen       uint64 // the current Dial; what an older one says is ignored
	tries     int    // dials in a row that failed
	refused   int    // tokens in a row that were refused with a close
	brief     int    // connections in a row that were lost to their token at once
	paced     bool   // the server named the time of the next dial
	opened    bool   // the socket is open
	liveSince time.Time
	dialledAt time.Time
	pace      pace

	connectBy time.Time
	redialAt  time.Time
	resumeAt  time.Time // the server asked for a pause
	pingAt    time.Time
	deadAt    time.Time // set while a ping is unanswered
	lastSeen  time.Time // the last sign of life
	heartbeat time.Duration
	pings     bool // the heartbeat is this end's
	// lastError is the last frame received, when that was an error about the connection
	// itself: the word before a close.
	lastError *protocol.Error

	// Token is the token in use; an owner only reads it.
	Token Token
	// Margin is how long before its end a token is renewed.
	Margin time.Duration
	// Offline says that there is no network: what fails meanwhile says nothing about the
	// token.
	Offline bool
	swapID  string
	swaps   uint64
}

// New returns a connection that is not wanted yet.
func New[O Owner](cfg Config, owner O) Conn[O] {
	c := Conn[O]{cfg: cfg, owner: owner, Rand: backoff.Random(cfg.Rand), heartbeat: DefaultHeartbeat, Margin: renewal.Margin}
	c.Allow(protocol.AckLimits{})
	return c
}

// Advance moves the time on to that of an event, and returns it: a clock that steps back
// would make deadlines come twice.
func (c *Conn[O]) Advance(now time.Time) time.Time {
	if now.After(c.now) {
		c.now = now
	}
	return c.now
}

// Deadline is the earliest time at which something is due, here or by the owner's own
// times; false when nothing is.
func (c *Conn[O]) Deadline(own ...time.Time) (least time.Time, ok bool) {
	t := &c.Token
	for _, all := range [...][]time.Time{
		{c.connectBy, c.redialAt, c.pingAt, c.deadAt, c.resumeAt, c.pace.roomAt, t.refreshAt, t.retryAt, t.fetchBy, t.swapBy, t.endAt}, own,
	} {
		for _, at := range all {
			if !at.IsZero() && (least.IsZero() || at.Before(least)) {
				least = at
			}
		}
	}
	return least, !least.IsZero()
}

// Past reports whether a deadline has come, and clears it.
func (c *Conn[O]) Past(t *time.Time) bool {
	if t.IsZero() || c.now.Before(*t) {
		return false
	}
	*t = time.Time{}
	return true
}

// Gen is the number of the current Dial.
func (c *Conn[O]) Gen() uint64 { return c.gen }

// Phase is where the connection stands.
func (c *Conn[O]) Phase() Phase { return c.phase }

// Tries is how many dials in a row have failed.
func (c *Conn[O]) Tries() int { return c.tries }

// Live reports whether the connection is acknowledged.
func (c *Conn[O]) Live() bool { return c.phase == Live }

// Current reports whether gen is the connection that is dialled or live.
func (c *Conn[O]) Current(gen uint64) bool {
	return gen == c.gen && (c.phase == Live || c.phase == Dialling)
}

// Start says that the owner wants a connection from now on; what failed before does not
// count. Connect dials.
func (c *Conn[O]) Start() {
	c.active = true
	c.tries, c.refused = 0, 0
	c.Token.tries, c.Token.Spent, c.Token.retryAt, c.Token.endAt = 0, false, time.Time{}, time.Time{}
}

// Stop closes the connection; none is wanted until Start. The token is kept.
func (c *Conn[O]) Stop(code int, reason string) {
	c.HangUp(code, reason)
	c.active = false
	c.Token.refreshAt, c.Token.retryAt, c.Token.endAt = time.Time{}, time.Time{}, time.Time{}
}

// End closes the connection for good and forgets the token.
func (c *Conn[O]) End() {
	c.HangUp(1000, "closed")
	c.active, c.Token = false, Token{}
}

// Hold closes the connection until Release, and lets no deadline come before that.
func (c *Conn[O]) Hold() {
	c.held = true
	c.HangUp(1000, "held")
	c.owner.Disconnected(Outage{Reason: "held"})
}

// Release undoes Hold.
func (c *Conn[O]) Release() {
	if c.held {
		c.held = false
		c.Connect()
	}
}

// Held reports whether the connection is held.
func (c *Conn[O]) Held() bool { return c.held }

// Connect dials, or fetches the token that has to come first.
func (c *Conn[O]) Connect() {
	if !c.active || c.held || c.phase == Live || c.phase == Dialling {
		return
	}
	c.redialAt, c.paced = time.Time{}, false
	if !c.cfg.Keyed && !c.Token.usable(c.now) {
		c.phase = WantToken
		c.Fetch()
		return
	}
	c.gen++
	c.phase, c.lastError, c.opened, c.swapID = Dialling, nil, false, ""
	c.dialledAt, c.connectBy = c.now, c.now.Add(ConnectTimeout)
	c.owner.Do(Dial{Gen: c.gen, URL: c.owner.Address(), Token: c.Token.Raw})
}

// Opened takes the event of that name and reports whether the owner may say its first word.
func (c *Conn[O]) Opened(gen uint64) bool {
	if !c.Current(gen) {
		c.owner.Do(CloseSocket{Gen: gen, Code: 1000, Reason: "late"})
		return false
	}
	first := !c.opened && c.phase == Dialling
	c.opened = true
	return first
}

// Admitted is the server's acknowledgement: the connection is live.
func (c *Conn[O]) Admitted(heartbeat time.Duration, serverTime, expiresAt time.Time) {
	c.phase, c.connectBy, c.liveSince, c.refused = Live, time.Time{}, c.now, 0
	c.heartbeat = DefaultHeartbeat
	if heartbeat > 0 {
		c.heartbeat = max(heartbeat, leastHeartbeat)
	}
	c.pings = !c.cfg.Pinged
	c.pingAt = c.now.Add(c.patience())
	c.measure(serverTime, expiresAt)
	c.tokenStands()
}

// HangUp closes the connection, if there is one, and forgets it.
func (c *Conn[O]) HangUp(code int, reason string) {
	if c.phase == Live || c.phase == Dialling {
		if c.phase == Live {
			c.owner.Closing()
		}
		c.owner.Do(CloseSocket{Gen: c.gen, Code: code, Reason: reason})
	}
	c.Drop()
}

// Drop forgets a connection that has ended, and dials no other.
func (c *Conn[O]) Drop() {
	c.forget()
	c.phase, c.redialAt = Idle, time.Time{}
}

// forget forgets what was true of the connection only.
func (c *Conn[O]) forget() {
	c.connectBy, c.pingAt, c.deadAt, c.resumeAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	c.pace.roomAt = time.Time{}
	c.Token.swapBy, c.swapID = time.Time{}, ""
	c.owner.Dropped()
}

// Wake tries at once what waits for its time, and whether a live connection is alive. A
// wait that the server asked for is kept.
func (c *Conn[O]) Wake() {
	switch c.phase {
	case Live:
		c.ping(ProbeTimeout)
	case Waiting, Dormant, WantToken:
		c.tries = 0
		c.Token.Spent = false
		if !c.Token.retryAt.IsZero() {
			c.Token.retryAt = time.Time{}
			c.Fetch()
		}
		if c.phase == Waiting && c.paced {
			return
		}
		c.phase = Idle
		c.Connect()
	}
}

// Nudge has a dormant connection dialled anew because there is something to send. One that
// lacks a token stays as it is.
func (c *Conn[O]) Nudge() {
	if c.phase == Dormant && !c.Token.Spent {
		c.phase, c.tries = Idle, 0
		c.Connect()
	}
}

// Due does what the time has come for: the token first, then the connection.
func (c *Conn[O]) Due() {
	c.tokenDue()
	if c.Past(&c.connectBy) {
		c.owner.Do(CloseSocket{Gen: c.gen, Code: 1000, Reason: "connect timeout"})
		c.lost(1006, "connect_timeout", 0)
	}
	if c.Past(&c.deadAt) && c.phase == Live {
		c.owner.Do(CloseSocket{Gen: c.gen, Code: 1000, Reason: "silent"})
		c.lost(1006, "silent", 0)
	}
	if c.Past(&c.redialAt) {
		c.phase = Idle
		c.Connect()
	}
	if c.Past(&c.pingAt) && c.phase == Live {
		waited := c.patience()
		c.pings = true
		c.ping(c.heartbeat*5/2 - waited)
	}
	if c.Past(&c.resumeAt) {
		c.owner.Resumed()
	}
	if c.Past(&c.pace.roomAt) {
		c.owner.Ready()
	}
}
