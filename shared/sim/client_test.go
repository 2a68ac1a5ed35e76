package sim_test

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// client is one browser profile on one document: the plainest client that keeps
// its side of the bargain. It sends again what was not acknowledged, in order,
// takes frames by their seq, and syncs when it is notified of a gap.
type client struct {
	w           *world
	user        *user
	doc         *docObject
	id          string
	no          int         // of all clients
	old         accessToken // from before its user was erased
	pings       bool
	lazy        bool // never refreshes a token by itself; its connection is a good one
	connection  *connection
	connections []*connection
	dialing     bool
	final       bool // closed for good until somebody acts
	away        bool // does not want to be connected
	ready       bool // the ack has come
	dials       int

	session  string
	position string

	log      *history // that it has learnt of
	received uint64   // everything up to here
	ahead    map[uint64]bool
	syncing  bool
	synced   int    // frames of syncs
	state    uint64 // what the app has made of the ops it received, as a number
	content  content
	token    accessToken
	// embedded says that it signs in here, signIn as what; "" for not yet.
	embedded bool
	signIn   string
	pending  []*op
	next     int
	stalled  bool            // an op was refused for now: nothing new goes out before it
	until    time.Time       // of the longest wait that a refusal has asked for
	refused  bool            // the server has refused one and stored none since
	loose    map[string]bool // messages that were refused by themselves, by id
	mute     bool            // answers no ping
	shows    int             // how often it has shown something
	seen     map[string]int  // what the others show, by client
	// wished says that the next dial is its user's wish: the first, and after another client
	// has taken its place.
	wished bool
	// astray says that it was admitted, and has not come to the document since: its session may last as long
	// as that admission.
	astray bool
	// delegation is of a program that acts for the user; nil for the user's own clients.
	delegation *delegation
}

type op struct {
	id, event string // op, or a comment's
	data      string
	unordered bool // was refused for a moment: a later one may have gone before it
}

// attempt is what a dial carries; it may be overtaken by a later one.
type attempt struct {
	session  string
	position string
	log      *history
	received uint64
	no       int
	redial   bool
	token    accessToken
	// embedded says that it signs in here, signIn as what; "" for not yet.
	embedded bool
	signIn   string
}

func newClient(w *world, u *user, d *docObject, id string) *client {
	w.clients++
	return &client{w: w, user: u, doc: d, id: id, no: w.clients, log: d.log, pings: w.rng.Chance(0.8), lazy: w.rng.Chance(0.15), mute: w.rng.Chance(0.2), embedded: w.rng.Chance(0.5), wished: true, ahead: map[uint64]bool{}, seen: map[string]int{}, loose: map[string]bool{}, content: content{open: map[uint64]bool{}}}
}

// key names it among all the users' clients.
func (c *client) key() sim.Client { return sim.Client{Of: c.user.id, ID: c.id} }

// dial begins an attempt: a token if one is needed, admission, the document.
func (c *client) dial() {
	c.away = false
	if c.dialing || c.final || c.delegation != nil && c.delegation.over {
		return
	}
	c.dialing = true
	c.attempt()
}

func (c *client) attempt() {
	if !c.hasToken() {
		c.dialing = false
		return
	}
	c.dials++
	a := attempt{session: c.session, position: c.position, log: c.log, received: c.received, no: c.dials, redial: !c.wished, token: c.token}
	c.w.After(c.w.rng.Between(0, 200*time.Millisecond), func() { c.arrive(a) })
}

func (c *client) admit(a attempt, again bool, gone time.Time, access uint64) {
	c.user.admit(session.Admit{
		Channel: c.doc.id, ClientID: c.id, GoneAt: gone, Access: access, Again: again, Claims: c.claims(a.token),
	}, func(answer session.Answer) {
		if answer.Err != nil {
			c.turnedAway(answer.Err.Code)
			c.dialing = false
			if answer.Err.Code == protocol.RateLimitExceeded {
				c.w.counts.ConnectRefused++
				c.dialAfter(answer.Err.RetryAfter)
			} else {
				c.redial()
			}
			return
		}
		c.w.After(c.w.rng.Between(0, 200*time.Millisecond), func() { c.doc.connect(c, a, answer.Grant, again) })
	})
}

func (c *client) dialFailed() {
	c.dialing = false
	c.redial()
}

func (c *client) redial() {
	wait := c.w.rng.Between(0, 45*time.Second)
	if c.w.quiet || c.w.rng.Chance(0.6) {
		wait = c.w.rng.Between(0, time.Second)
	}
	c.dialAfter(wait)
}

func (c *client) dialAfter(wait time.Duration) {
	c.w.After(wait, func() {
		if c.connection == nil && !c.away {
			c.dial()
		}
	})
}

// drop leaves without a disconnect frame and stays away.
func (c *client) drop(code int) {
	c.away = true
	for _, l := range c.connections {
		l.clientClose(max(code, 1000))
	}
	c.connection, c.ready = nil, false
}

// closed receives the end of a connection. That of an older one means nothing.
func (c *client) closed(l *connection, code int) {
	if l != c.connection {
		return
	}
	c.connection, c.ready = nil, false
	c.w.note("%s receives close %d", c.id, code)
	switch protocol.ActionForClose(code) {
	case protocol.ActionStop:
		if code == protocol.Lookup(protocol.TokenRevoked).Close {
			c.turnedAway(protocol.TokenRevoked)
		}
		c.final = true
		c.w.After(c.w.rng.Between(5*time.Second, 40*time.Second), func() { c.final, c.wished = false, true; c.redial() })
	case protocol.ActionRefresh:
		c.w.counts.TokenEnded++
		c.token = accessToken{} // a dial gets one
		c.redial()
	default:
		c.redial()
	}
}

func (c *client) send(f protocol.Frame) {
	if c.connection != nil {
		c.connection.up(f.Append(nil))
	}
}

func (c *client) sendOp(o *op) {
	kind := protocol.TypeComment
	if o.event == protocol.EventOp {
		kind = protocol.TypeOperation
	}
	c.send(protocol.Frame{Type: kind, Event: o.event, MessageID: o.id, Data: []byte(o.data)})
}

func (c *client) sendToken() {
	if c.delegation != nil {
		c.sendUsersToken()
		return
	}
	c.token = c.issue()
	c.send(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventTokenRefresh,
		Data: protocol.TokenRefresh{Token: c.token.String()}.Append(nil),
	})
}

func (c *client) system(event string, data []byte) {
	c.send(protocol.Frame{Type: protocol.TypeSystem, Event: event, Data: data})
}

// act is what a client does of its own accord, now and then, while there are
// faults.
func (c *client) act() {
	w := c.w
	if w.quiet {
		return
	}
	w.After(w.rng.Between(100*time.Millisecond, 4*time.Second), c.act)
	switch n := w.rng.IntN(100); {
	case n < 45:
		if len(c.pending) < 20 {
			o := c.compose()
			c.pending = append(c.pending, o)
			if c.ready && !c.stalled {
				c.sendOp(o)
			}
		}
	case n < 55:
		c.system(protocol.EventAck, protocol.Ack{Seq: c.received}.Append(nil))
	case n < 65:
		if c.connection != nil && !c.lazy {
			c.connection.sever()
			if w.rng.Chance(0.2) { // into a tunnel: back about when grace ends
				c.away = true
				w.After(w.rng.Between(35*time.Second, 70*time.Second), func() {
					if !w.quiet {
						c.dial()
					}
				})
			}
		}
	case n < 68: // seed S2's way to refresh a token
		if l := c.connection; l != nil && !c.lazy {
			l.clientClose(1000)
			c.closed(l, 1000)
		}
	case n < 72:
		if c.ready && !c.lazy {
			c.sendToken()
		}
	case n < 75:
		c.show()
	case n < 78:
		if c.connection != nil {
			c.connection.up([]byte(`{"type":"system","event":"pi`))
		}
	case n < 80:
		if c.ready && !c.lazy {
			w.counts.Left++
			c.system(protocol.EventDisconnect, nil)
		}
	case n < 84: // an attempt beside the live connection, or beside another attempt
		if !c.lazy && !c.away {
			c.attempt()
		}
	case n < 86:
		if c.ready && !c.stalled {
			c.resend()
		}
	case n < 88:
		if c.connection == nil && !c.away {
			c.final = false
			c.redial()
		}
	case n < 92:
		c.lockSection()
	case n < 97:
		c.postSnapshot()
	default:
		c.triesOldToken()
	}
}

// hasToken gets the client a token where it needs one. Who is erased has none but that of before
// (see erasure.begin).
func (c *client) hasToken() bool {
	if c.token.expires.Sub(c.w.Now) < 20*time.Second {
		if c.user.erasure != nil {
			return c.token.id != ""
		}
		c.token = c.issue()
	}
	return true
}

// resend sends again everything that was not acknowledged, in order.
func (c *client) resend() {
	c.stalled = false
	for _, o := range c.pending {
		c.sendOp(o)
	}
	c.w.counts.Repeated += len(c.pending)
}

// stall waits with sending until the server takes ops again: as long as the longest of
// its refusals says. A client that asked sooner would use up what it may send, and its
// snapshot, which alone makes room, would be refused with the rest.
func (c *client) stall(wait time.Duration) {
	if until := c.w.Now.Add(wait); !c.stalled || until.After(c.until) {
		c.until = until
	}
	c.stalled = true
	l := c.connection
	c.w.After(wait, func() {
		if c.connection == l && c.stalled && c.ready && !c.w.Now.Before(c.until) {
			c.resend()
		}
	})
}

// forgiven is an object that has forgotten that it refused something: what was
// sent behind that may be stored before it.
func (c *client) forgiven() {
	for _, o := range c.pending {
		o.unordered = true
	}
}

// finished checks the client after the faults: nothing it sent is unanswered,
// and it has every entry.
func (c *client) finished() {
	w := c.w
	if c.connection == nil || !c.ready {
		w.fail("%s is not connected in quiet times", c.id)
	}
	if len(c.pending) > 0 {
		w.fail("%s: %s and %d more were never answered", c.id, c.pending[0].id, len(c.pending)-1)
	}
	if v := c.doc.store.Version(); c.received != v {
		w.fail("%s has received %d of %d", c.id, c.received, v)
	}
	c.contentFinished()
}

// asItWas holds an entry that a client has received to what is stored, or was until something of
// it was erased while that was on its way.
func (c *client) asItWas(version uint64, same func(document.Entry) bool) bool {
	return same(c.entry(version)) || slices.ContainsFunc(c.log.was[version], same)
}

// entry returns what is stored as a version; a client is never notified of one
// that is not.
func (c *client) entry(version uint64) document.Entry {
	if version == 0 || version > uint64(len(c.log.all)) {
		c.w.fail("%s learnt of version %d, the log ends at %d", c.id, version, len(c.log.all))
	}
	return c.log.all[version-1]
}
