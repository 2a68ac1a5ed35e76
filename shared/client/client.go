package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Client is one tab. Use New; call nothing but Step and Deadline, from one
// goroutine.
type Client struct {
	cfg Config
	now time.Time
	out []Effect

	started   bool
	suspended bool // frozen or hidden in the back-forward cache
	deaf      bool // in that cache, where no message of another tab arrives
	stopped   bool // for good
	finished  bool
	// replaced is the status since another client has the document; its state is "" otherwise.
	replaced status
	// claimBy is until when the user's word to take the document over holds.
	claimBy time.Time
	isNew   bool // no leader knows this page yet

	status  status
	session session
	conn    clientconn.Conn[*owner]
	flow    flow
	account account
	tabs    tabs
	log     log

	compare compare

	gathering gathering
	room      room
	heard     *Heard
	keep      keeping
	gone      gone
}

// room is what a leader takes of its followers, in ops and bytes, and what one tab offers it at
// a time.
type room struct{ ops, bytes, offered int }

// session is what connection_ack said; every tab knows it, so that any of them
// can lead on.
type session struct {
	id, userID     string
	generation     string // of the log
	position       string // where in it the connection began
	permissions    []string
	permEpoch      uint64
	locked         bool
	unacknowledged int
	frameBytes     int // of the largest frame the server takes, and how deep it may nest
	depth          int
	shown          limits // as the app knows them
	readers        int    // whom the server shows to nobody
	unlisted       bool   // this client is one of them
}

// zero is no time.
var zero time.Time

// New returns a tab that has not started.
func New(cfg Config) *Client {
	c := &Client{
		cfg: cfg,
	}
	c.conn = clientconn.New(clientconn.Config{Name: cfg.TabID, User: cfg.User, Keyed: cfg.Keyed, Rand: cfg.Rand}, (*owner)(c))
	c.conn.Offline = !cfg.Online
	c.setHidden(!cfg.Visible)
	c.status.state, c.room = stateConnecting, room{maxQueue, maxQueueBytes, maxOffered}
	c.log.version = cfg.Version
	if c.heard = cfg.Heard; c.heard == nil {
		c.heard = &Heard{}
	}
	c.cfg.Offline = cfg.Offline && cfg.User != "" && !c.sole()
	c.keep.heard.miss(cfg.Version)
	c.session.unacknowledged = defaultUnacknowledged
	c.session.frameBytes, c.session.depth = protocol.DefaultLimits.FrameBytes, protocol.DefaultLimits.Depth
	c.session.shown = c.session.limits()
	return c
}

// Step takes one event and returns what is to be done.
func (c *Client) Step(now time.Time, ev Event) []Effect {
	if c.finished {
		return nil
	}
	c.now = c.conn.Advance(now)
	c.out = nil
	switch e := ev.(type) {
	case Start:
		c.start()
	case Close:
		c.leave()
	case SignOut:
		c.signOut()
	default:
		if c.started {
			c.handle(e)
		}
	}
	c.goOnReplay()
	c.sendGone()
	out := c.out
	c.out = nil
	return out
}

func (c *Client) handle(ev Event) {
	if c.stopped {
		// A stopped tab only answers what waits.
		switch e := ev.(type) {
		case Send:
			c.unsent(e.ID, errClosed)
		case SendSection:
			c.unsent(e.ID, errClosed)
		case Comment:
			c.unsent(e.ID, errClosed)
		case LockSection:
			c.unsent(e.ID, errClosed)
		case PostSnapshot:
			c.unsent(e.ID, errClosed)
		case Replay:
			c.unsent(e.ID, errClosed)
		}
		return
	}
	switch e := ev.(type) {
	case Woken:
		c.due()
	case LockGranted:
		c.lead()
	case LockLost:
		c.lockLost()
	case Broadcast:
		c.tabMessage(e.Text)
	case BroadcastOrigin:
		c.originMessage(e.Text)
	case TokenFetched:
		c.conn.TokenFetched(e)
	case TokenFailed:
		c.tokenFailed(e)
	case Visible:
		c.setHidden(false)
		c.wake()
	case Hidden:
		c.setHidden(true)
	case Online:
		c.online()
	case Offline:
		c.conn.GoOffline()
	case Reconnect:
		c.reconnect()
	case Freeze:
		c.suspend()
	case PageHide:
		c.deaf = true
		c.suspend()
	case Resume, PageShow:
		c.holdAwhile()
		c.wake()
	case Send:
		c.send(e, "")
	case SendSection:
		c.send(Send{e.ID, e.Op}, e.Section)
	case Comment:
		c.comment(e)
	case LockSection:
		c.lockSection(e)
	case PostSnapshot:
		c.postSnapshot(e)
	case Replay:
		c.replayLog(e)
	case KeptLoaded, Marked, Kept, KeepFailed:
		c.keptEvent(ev)
	case Presence:
		c.presence(e.Data)
	case Refresh:
		c.refresh()
	case TakeOver:
		c.takeOver()
	case Opened:
		c.conn.Opened(e.Gen) // the server speaks first
	case Received:
		c.received(e.Gen, e.Text)
	case Closed:
		c.closed(e)
	}
}

// Deadline is when Step has to get Woken; false when nothing is due.
func (c *Client) Deadline() (time.Time, bool) {
	if c.finished || c.stopped || c.suspended {
		return time.Time{}, false
	}
	t := &c.tabs
	return c.conn.Deadline(c.flow.ackAt, c.askAgainAt(), c.gathering.at, t.pongAt, t.probeAt, t.reassertAt, t.opBy, t.offerAt, t.rollAt, c.log.syncBy, c.askBy(), c.keep.markBy, c.gone.loadBy, c.compare.at)
}

// due does what the time has come for, in the order of a wake-up: clock, token,
// socket, then the other tabs.
func (c *Client) due() {
	if c.suspended {
		return
	}
	c.conn.Due()
	c.accountDue()
	if c.conn.Past(&c.flow.ackAt) && c.conn.Live() {
		c.writeAck()
	}
	if c.conn.Past(&c.gathering.at) {
		c.passPresence()
	}
	c.logDue()
	c.asksDue()
	c.tabsDue()
	c.keepDue()
	c.compareDue()
}

// setHidden notes whether the page is hidden, where its timers may fire only once a minute.
func (c *Client) setHidden(hidden bool) {
	c.conn.Margin = RefreshMargin
	if hidden {
		c.conn.Margin = HiddenMargin
	}
	c.conn.PlanRefresh()
}

func (c *Client) do(e Effect) { c.out = append(c.out, e) }

// stop ends this tab for good, except for the app's own close.
func (c *Client) stop(reason string, code int) {
	if c.stopped {
		return
	}
	c.conn.End()
	c.stopped = true
	c.account = account{}
	c.tabs.leading = false
	c.dropGone()
	c.keep = keeping{}
	c.do(ReleaseLock{})
	c.dropOutbox(errClosed)
	c.dropAsks(errClosed)
	c.dropReplay(errClosed)
	c.log = log{version: c.log.version}
	c.setStatus(status{state: stateClosed, reason: reason, code: code})
}

// leave is the app's close: the other tabs go on without this one.
func (c *Client) leave() {
	if c.started && !c.stopped {
		if c.tabs.leading && len(c.tabs.others) == 0 {
			c.conn.Leave("closed")
		}
		c.post(c.message("tab_bye"))
		c.stop("closed", 0)
	}
	c.finished = true
	c.do(Finished{})
}
