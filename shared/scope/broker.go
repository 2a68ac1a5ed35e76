package scope

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// Config is what a page knows when it starts.
type Config struct {
	// PageID names the page: random.
	PageID string
	// User is who the app says is signed in, "" where it does not say.
	User string
	// Locks and Channel say whether the page has Web Locks and a broadcast channel. Without a
	// lock each page asks its own app; its sessions still share what it says.
	Locks, Channel bool
	// Others says that there may be a page of this scope that has a token.
	Others bool
	// Rand seeds the jitter.
	Rand uint64
}

// The times.
const (
	// AskTimeout is how long another page may take to give its token. One that is there
	// answers in a few milliseconds.
	AskTimeout = 250 * time.Millisecond
	// LockTimeout is how long the lock is waited for, counted anew whenever another page
	// begins to ask its app, which it does for no longer than FetchTimeout.
	// Its holder sleeps then, and the lock is taken from it.
	LockTimeout = renewal.FetchTimeout + 2*time.Second
	// lockSpread is added to that, up to so much: pages that wait must not steal at one time.
	lockSpread   = 5 * time.Second
	longWait     = 100 * time.Millisecond
	longSleep    = 5 * time.Second
	settleTime   = 100 * time.Millisecond
	stealTimeout = time.Second
	// FinalFor is how long the app's word that nobody is signed in, said twice, counts for
	// sessions that were signed in.
	FinalFor = 30 * time.Second
)

// phase is what a page does about the sessions that ask.
type phase uint8

const (
	idle phase = iota
	asking
	waiting // for the lock
	fetching
)

// Broker is the page's part. Use New; call nothing but Step and Deadline, from one goroutine.
type Broker struct {
	cfg  Config
	now  time.Time
	out  []Effect
	rand backoff.Random

	held      held
	user      string // whose tokens they are, as they say; "" before the first
	clock     renewal.Clock
	given     map[int]string // what each session was given last
	asks      []ask
	phase     phase
	until     time.Time // of the phase
	locked    bool
	queued    bool // the lock was asked for
	asked     time.Time
	stolen    bool // and is taken from who holds it
	suspended bool
	company   bool // there are other pages, or there were
	closed    bool

	fetches  uint64
	fetcher  int // whose app the last of them asks
	fails    int // in a row
	pausedTo time.Time
	final    final
}

// ask is a session that waits.
type ask struct {
	Ask
	// early says that a fetch was under way when a fresh one was asked for: that one will not do.
	early bool
}

// final is the app's word that nobody is signed in.
type final struct {
	Failure
	said  int // in a row
	at    time.Time
	until time.Time // it counts for sessions that were signed in
}

// New returns the part of a page that has no session yet.
func New(cfg Config) *Broker {
	return &Broker{cfg: cfg, company: cfg.Others, rand: backoff.Random(cfg.Rand), given: map[int]string{}}
}

// Step takes one event and returns what is to be done, in that order.
func (b *Broker) Step(now time.Time, ev Event) []Effect {
	if now.After(b.now) {
		b.now = now
	}
	b.out = nil
	if !b.closed {
		b.handle(ev)
	}
	return b.out
}

func (b *Broker) handle(ev Event) {
	switch e := ev.(type) {
	case Ask:
		b.forget(e.Session)
		b.asks = append(b.asks, ask{e, b.phase == fetching})
		b.serve()
	case Leave:
		b.forget(e.Session)
		delete(b.given, e.Session)
		b.serve()
	case Fetched:
		b.fetched(e)
	case Failed:
		b.failed(e)
	case Granted:
		b.granted()
	case Lost:
		b.locked, b.queued = false, false
		if b.phase == waiting {
			b.phase = idle
			b.serve()
		}
	case Message:
		b.message(e.Text)
	case SignedOut:
		if b.held.of(e.User) {
			b.held = held{}
		}
	case Woken:
		b.due()
	case Suspend:
		b.suspend(e.Deaf)
	case Wake:
		b.suspended = false
		b.pausedTo, b.fails = time.Time{}, 0
		b.serve()
	case Close:
		b.release()
		b.closed = true
	}
}

// Deadline is when Step has to get Woken; false when nothing is due.
func (b *Broker) Deadline() (time.Time, bool) {
	at := b.until
	if b.phase == idle {
		at = time.Time{}
		if len(b.asks) > 0 {
			at = b.pausedTo
		}
	}
	return at, !at.IsZero() && !b.closed && (!b.suspended || b.phase == fetching)
}

func (b *Broker) due() {
	if b.phase != idle && (b.until.IsZero() || b.now.Before(b.until)) {
		return
	}
	switch b.phase {
	case asking:
		b.queue()
	case waiting:
		if b.stolen || b.locked {
			b.fetch()
			return
		}
		b.stolen = true
		b.enter(waiting, stealTimeout)
		b.do(StealLock{})
	case fetching:
		b.do(GiveUp{b.fetcher})
		b.over(Failure{Message: "No token was given in time."})
	case idle:
		b.serve()
	}
}

func (b *Broker) enter(p phase, d time.Duration) {
	b.phase, b.until = p, time.Time{}
	if d > 0 {
		b.until = b.now.Add(d)
	}
}

func (b *Broker) do(e Effect) { b.out = append(b.out, e) }

func (b *Broker) forget(session int) {
	b.asks = slices.DeleteFunc(b.asks, func(a ask) bool { return a.Session == session })
}

// serve answers the sessions that can be answered, and sees to it that the others will be.
func (b *Broker) serve() {
	b.asks = slices.DeleteFunc(b.asks, func(a ask) bool {
		switch {
		case !a.Fresh && b.held.raw != b.given[a.Session] && b.held.serves(b.now, a.Have):
			b.give(Answer{Session: a.Session, Token: b.held.raw})
		case !a.Fresh && a.Have != "" && b.now.Before(b.final.until):
			b.give(Answer{Session: a.Session, Failed: true, Failure: b.final.Failure})
		default:
			return false
		}
		return true
	})
	switch {
	case len(b.asks) == 0:
		if b.phase == asking || b.phase == waiting {
			b.enter(idle, 0)
			b.release()
		}
	case b.suspended || b.phase != idle:
	case b.now.Before(b.pausedTo) && !slices.ContainsFunc(b.asks, func(a ask) bool { return a.Fresh }):
	case b.cfg.Others && b.cfg.Channel && b.held.raw == "":
		b.cfg.Others = false
		b.post(b.says("token_wanted"))
		b.enter(asking, AskTimeout)
	default:
		b.queue()
	}
}

// queue asks for the lock, behind those that wait already.
func (b *Broker) queue() {
	if !b.cfg.Locks {
		b.fetch()
		return
	}
	b.await()
	if !b.queued {
		b.queued, b.asked = true, b.now
		b.do(RequestLock{})
	}
}

// await gives the lock's holder its time.
func (b *Broker) await() {
	b.stolen = false
	b.enter(waiting, LockTimeout+b.rand.UpTo(lockSpread))
}

func (b *Broker) granted() {
	b.locked = true
	switch b.phase {
	case waiting: // a newer token that has come has answered those that it serves
		// A page that is alone has waited for its own early call, which has the token.
		if waited := b.now.Sub(b.asked); waited < longWait || !b.company && waited < longSleep {
			b.fetch()
			return
		}
		// The token of whoever had the lock comes by another way. And this page may have slept
		// meanwhile: the lock may be another's already.
		b.enter(waiting, settleTime)
	case fetching: // without it, until now
	default:
		b.release()
	}
}

func (b *Broker) release() {
	if b.queued {
		b.locked, b.queued = false, false
		b.do(ReleaseLock{})
	}
}

// suspend gives the lock back: a page that slept on it would keep all others waiting.
func (b *Broker) suspend(deaf bool) {
	b.suspended = true
	if b.phase != fetching {
		b.enter(idle, 0)
	}
	b.release()
	if deaf {
		b.held = held{} // someone may sign out meanwhile
	}
}
