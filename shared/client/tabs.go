package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// tabs is the TabCoordinator of seed S2, with the election S2 leaves out.
type tabs struct {
	leading bool
	asked   bool   // the lock was asked for
	leader  string // the leader's tab id; "" while unknown
	epoch   uint64 // of the newest leader that is known
	others  []string

	// A leader that is alive answers from a timer: a frozen page still
	// answers messages, but its timers do not run.
	pongAt  time.Time
	probe   int
	probeAt time.Time
	probes  uint64

	redialled  time.Time // when another tab last had this one redial
	offerAt    time.Time // the leader had no room: when it is offered more
	opBy       time.Time // by then the leader should have answered an op
	unknown    bool      // the leader has not said yet that it knows this tab
	foreign    bool      // the leader is another user's: nothing it says counts here
	contested  bool      // two tabs claim to lead under one epoch
	reassertAt time.Time // someone else claims to lead, by the epoch claimed
	claimed    uint64
	reported   time.Time
	first      uint64    // the epoch of this tab's first lead, when nobody led before; 0 otherwise
	rollAt     time.Time // the next roll call, see roll.go
	absent     []string  // who has not answered the last one
	replaced   time.Time // the last time another tab of this profile took the channel
}

// sole reports whether the tab is on its own: without a lock there is no
// election, without a channel nobody to talk to.
func (c *Client) sole() bool { return !c.cfg.Locks || !c.cfg.Channel }

func (c *Client) role() string {
	if c.tabs.leading {
		return "leader"
	}
	return "follower"
}

func (c *Client) allTabs() []string {
	return append([]string{c.cfg.TabID}, c.tabs.others...)
}

func (c *Client) start() {
	if c.started {
		return
	}
	c.started = true
	if f := checkTarget(c.cfg); f != nil {
		c.finalHere("error", f, 0)
		return
	}
	if !validTabID(c.cfg.TabID) || c.cfg.ClientID == "" || len(c.cfg.ClientID) > maxID {
		c.finalHere("error", &Failure{Code: codeInvalidArgument, Message: "The client id or the tab id cannot be used.", Reason: "bad_id", Action: "stop"}, 0)
		return
	}
	c.isNew = true
	c.enter()
}

// enter takes part: queue for the lock, and ask whoever leads for everything.
func (c *Client) enter() {
	if c.sole() {
		c.lead()
		return
	}
	if !c.tabs.asked {
		c.tabs.asked = true
		c.do(RequestLock{Name: c.cfg.Scope})
	}
	c.register()
	c.startProbe()
}

func (c *Client) register() {
	w := c.message("tab_register")
	w.Str("documentId", c.cfg.Document)
	w.Uint("version", c.log.delivered())
	c.post(w)
}

// lead is the lock being held.
func (c *Client) lead() {
	t := &c.tabs
	if c.suspended || t.leading || !t.asked && !c.sole() {
		if !t.leading {
			c.do(ReleaseLock{})
		}
		return
	}
	t.leading, t.foreign = true, false
	t.leader = c.cfg.TabID
	alone := t.epoch == 0
	// Milliseconds since 1970, so that a tab that knows of no leader yet is
	// still ahead of the one it stole from.
	t.epoch = min(max(t.epoch+1, uint64(max(c.now.UnixMilli(), 0))), maxEpoch)
	if alone {
		t.first = t.epoch
	}
	t.others, t.absent = nil, nil
	t.probe, t.probeAt, t.opBy, t.offerAt = 0, time.Time{}, time.Time{}, time.Time{}
	c.log.emptyQueue()
	c.log.unpost()
	c.log.target, c.log.syncBy, c.log.asks = c.log.version, time.Time{}, 0
	c.isNew = false
	if c.claiming() {
		c.replaced = status{}
	}
	c.leadKept()
	c.emitRole()
	c.status = c.down(status{reason: "leader_changed"})
	if c.session.id != "" {
		c.emit("state", c.status.appendJSON(nil, 0), c.properties())
	}
	c.announce()
	if c.replaced.state != "" {
		c.offer()
		return
	}
	c.conn.Start()
	c.conn.PlanRefresh()
	c.offer()
	c.conn.Connect()
}

// lockLost is the lock gone without our doing: another tab stole it.
func (c *Client) lockLost() {
	c.tabs.asked = false
	if c.sole() || c.suspended {
		return
	}
	c.follow("not_leader")
	c.enter()
}

// stepDown gives the lead back after another tab of this profile has taken the
// channel over: that one is ahead, whatever the lock says. When it happens again
// at once, the two cannot see each other, and this one yields.
func (c *Client) stepDown() {
	t := &c.tabs
	again := !t.replaced.IsZero() && c.now.Sub(t.replaced) < time.Minute
	t.replaced = c.now
	if again || c.sole() {
		f := failureOf(protocol.ConnectionReplaced, "own_client", "")
		f.ClientID = c.cfg.ClientID
		c.yield(f, 0)
		return
	}
	c.do(ReleaseLock{})
	c.tabs.asked = false
	c.follow("replaced")
	c.enter()
}

// follow makes a leader a follower.
func (c *Client) follow(reason string) {
	t := &c.tabs
	if !t.leading {
		return
	}
	c.conn.Stop(1000, reason)
	t.leading, t.leader, t.others, t.absent = false, "", nil, nil
	t.pongAt, t.reassertAt, t.rollAt = time.Time{}, time.Time{}, time.Time{}
	l := &c.log
	l.emptyQueue()
	l.unpost()
	c.gathering.forgetOthers(c.cfg.TabID)
	l.syncBy, l.target = time.Time{}, l.version
	c.dropGone()
	c.compare.pending, c.compare.at = claim{}, zero
	c.account.askAt = zero
	c.emitRole()
	c.setStatus(c.down(status{reason: reason}))
}

// suspend is the page's last chance before it is frozen or kept for the way
// back: a tab that slept on the lock would keep all others from leading, and one
// that slept in its queue would get it and not wake.
func (c *Client) suspend() {
	if c.suspended {
		return
	}
	c.handOver()
	if !c.sole() {
		c.post(c.message("tab_bye"))
	}
	c.follow("suspended")
	c.suspended, c.isNew = true, false
	c.tabs.leader, c.tabs.others = "", nil
	c.tabs.probe, c.tabs.probeAt, c.tabs.opBy, c.tabs.offerAt = 0, time.Time{}, time.Time{}, time.Time{}
	c.gathering.at = zero
	c.log.unpost()
	c.log.syncBy = time.Time{}
	if c.tabs.asked {
		c.tabs.asked = false
		c.do(ReleaseLock{})
	}
}

// wake is the page's return, or a sign that things may go better now. The order
// is clock, token, socket: connect sees to the last two.
func (c *Client) wake() {
	if c.suspended {
		c.suspended = false
		if c.deaf {
			// Someone may have signed out meanwhile: a page must not come back from the
			// cache as somebody who is not there any more.
			c.deaf = false
			c.conn.Token.Forget()
		}
		c.setStatus(c.down(status{reason: "resumed"}))
		c.enter()
		return
	}
	if !c.tabs.leading {
		c.startProbe()
		return
	}
	// A page becomes visible often: a connection that is known to live needs
	// no ping.
	if !c.conn.Live() || !c.conn.Fresh() {
		c.conn.Wake()
	}
}

// online is the network's return: a connection from before it may be dead.
func (c *Client) online() {
	if c.tabs.leading && !c.suspended {
		c.conn.GoOnline()
		return
	}
	c.conn.Offline = false
	c.wake()
}

// reconnect is the app's wish to be connected now.
func (c *Client) reconnect() {
	switch {
	case c.suspended:
	case c.tabs.leading:
		c.conn.Redial()
	case !c.tabs.foreign:
		c.post(c.message("tab_reconnect"))
		c.startProbe()
	}
}

// startProbe asks the leader to show that it lives.
//
// It is asked when it is needed and not from time to time: at the start, when
// the page comes back, when an op finds no answer, when a leader says good-bye.
func (c *Client) startProbe() {
	t := &c.tabs
	if t.leading || t.probe != 0 || c.sole() || c.suspended {
		return
	}
	t.probe = 1
	c.askAlive()
}

func (c *Client) askAlive() {
	t := &c.tabs
	t.probes++
	w := c.message("ping")
	w.Uint("n", t.probes)
	if epoch := t.epoch; epoch > 0 {
		// A leader that is behind it has to claim anew to count; so has the right one
		// of two that were elected in one millisecond.
		if t.contested {
			epoch++
		}
		w.Uint("epoch", epoch)
	}
	c.post(w)
	t.probeAt = c.now.Add(ProbeTimeout)
}

// tabsDue does what the timers between tabs ask for.
func (c *Client) tabsDue() {
	t := &c.tabs
	if c.conn.Past(&t.pongAt) && t.leading {
		c.post(c.message("pong"))
	}
	if c.conn.Past(&t.rollAt) && t.leading {
		c.callRoll()
	}
	if c.conn.Past(&t.reassertAt) && t.leading {
		t.epoch = min(max(t.epoch, t.claimed+1), maxEpoch)
		c.announce()
	}
	if c.conn.Past(&t.opBy) && !t.leading && c.log.posted > 0 {
		t.opBy = c.now.Add(patience)
		if c.status.state == stateConnected {
			c.startProbe()
			c.log.unpost() // the leader knows them again by their ids
			c.offer()
		}
	}
	if c.conn.Past(&t.offerAt) {
		c.offer()
	}
	if c.conn.Past(&t.probeAt) && !t.leading {
		switch t.probe++; t.probe {
		case 2: // a second chance: the page may have been busy
			c.askAlive()
			t.probeAt = t.probeAt.Add(c.conn.Rand.UpTo(200 * time.Millisecond))
		case 3:
			t.asked = true
			c.do(StealLock{Name: c.cfg.Scope})
			t.probeAt = c.now.Add(SyncTimeout)
		default:
			t.probe = 0
			c.enter()
		}
	}
}

// alive ends a probe.
func (c *Client) alive() {
	c.tabs.probe, c.tabs.probeAt = 0, time.Time{}
}

// addTab notes a tab; removeTab forgets it. Both report whether that is news.
func (c *Client) addTab(id string) bool {
	if id == c.cfg.TabID || len(c.tabs.others) >= maxTabs {
		return false
	}
	for _, known := range c.tabs.others {
		if known == id {
			return false
		}
	}
	c.tabs.others = append(c.tabs.others, id)
	if c.tabs.leading && c.tabs.rollAt.IsZero() {
		c.planRoll()
	}
	return true
}

func (c *Client) removeTab(id string) bool {
	c.gathering.forget(id)
	delete(c.log.late, id)
	for i, known := range c.tabs.others {
		if known == id {
			c.tabs.others = append(c.tabs.others[:i:i], c.tabs.others[i+1:]...)
			return true
		}
	}
	return false
}
