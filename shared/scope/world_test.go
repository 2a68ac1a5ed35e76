package scope

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// world is a browser profile: pages with sessions, the lock, the channel, and an issuer that
// takes each refresh token once.
type world struct {
	t     *testing.T
	rnd   random.Random
	now   time.Time
	pages []*page
	queue []*page
	lock  *page
	post  []letter
	// instant delivers what is posted at once.
	instant bool
	held    bool // calls wait until the test settles them
	calls   []*call
	fetches int
	issued  []string
	ttl     time.Duration
	lines   []string
	pending []step
	running bool
}

type step struct {
	page *page
	ev   Event
}

type page struct {
	name      string
	b         *Broker
	sessions  map[int]*session
	frozen    bool
	gone      bool
	unlocked  bool // it may ask without the lock
	stole     bool
	suspended bool
	backlog   []Event
}

// session is package client's as far as tokens go.
type session struct {
	have             string
	asking, ended    bool
	fresh            bool
	renewAt, askedAt time.Time
	finals           int
}

// call is a getToken under way.
type call struct {
	page   *page
	number uint64
	since  time.Time
	hung   bool
	slept  bool // its page was suspended since
}

type letter struct {
	to   *page
	text string
	at   time.Time
}

func newWorld(t *testing.T) *world {
	return &world{t: t, now: clock.Start, ttl: 15 * time.Minute, instant: true}
}

func (w *world) open(sessions int, change ...func(*Config)) *page {
	p := &page{name: fmt.Sprintf("p%d", len(w.pages)+1), sessions: map[int]*session{}}
	cfg := Config{PageID: p.name, Locks: true, Channel: true, Others: w.alive() > 0, Rand: uint64(len(w.pages) + 1)}
	for _, f := range change {
		f(&cfg)
	}
	p.unlocked = !cfg.Locks
	p.b = New(cfg)
	w.pages = append(w.pages, p)
	for i := range sessions {
		p.sessions[i+1] = &session{}
	}
	for i := range sessions {
		w.ask(p, i+1, false)
	}
	return p
}

func (w *world) alive() (n int) {
	for _, p := range w.pages {
		if !p.gone {
			n++
		}
	}
	return n
}

func (w *world) ask(p *page, id int, fresh bool) {
	s := p.sessions[id]
	if s.ended || s.asking && !fresh {
		return
	}
	s.asking, s.askedAt, s.renewAt = true, w.now, time.Time{}
	w.do(p, Ask{Session: id, Have: s.have, Fresh: fresh})
}

// do steps a page, and carries out whatever follows from it.
func (w *world) do(p *page, ev Event) {
	w.pending = append(w.pending, step{p, ev})
	for !w.running && len(w.pending) > 0 {
		s := w.pending[0]
		w.pending = w.pending[1:]
		switch {
		case s.page.gone:
		case s.page.frozen:
			s.page.backlog = append(s.page.backlog, s.ev)
		default:
			w.running = true
			for _, e := range s.page.b.Step(w.now, s.ev) {
				w.carryOut(s.page, e)
			}
			w.running = false
		}
	}
}

func (w *world) carryOut(p *page, e Effect) {
	line := fmt.Sprintf("%T %v", e, e)
	if e, ok := e.(Post); ok {
		line = "scope.Post " + string(e.Text)
	}
	w.lines = append(w.lines, fmt.Sprintf("%s %s %.90s", w.now.Format("04:05.000"), p.name, line))
	switch e := e.(type) {
	case RequestLock:
		w.queue = append(w.queue, p)
		w.grant()
	case StealLock:
		p.stole = true
		w.queue = slices.DeleteFunc(w.queue, func(o *page) bool { return o == p })
		old := w.lock
		w.lock = p
		if old != nil {
			w.do(old, Lost{})
		}
		w.do(p, Granted{})
	case ReleaseLock:
		w.drop(p)
	case Post:
		for _, o := range w.pages {
			if o != p && !o.gone && !o.suspended {
				at := w.now
				if !w.instant {
					at = at.Add(w.rnd.Between(0, 200*time.Millisecond))
				}
				w.post = append(w.post, letter{o, string(e.Text), at})
			}
		}
		if w.instant {
			w.deliver()
		}
	case FetchToken:
		w.fetch(p, e.Number)
	case Answer:
		w.answer(p, e)
	}
}

func (w *world) grant() {
	if w.lock == nil && len(w.queue) > 0 {
		w.lock, w.queue = w.queue[0], w.queue[1:]
		w.do(w.lock, Granted{})
	}
}

func (w *world) drop(p *page) {
	for i, o := range w.queue {
		if o == p {
			w.queue = append(w.queue[:i:i], w.queue[i+1:]...)
			break
		}
	}
	if w.lock == p {
		w.lock = nil
		w.grant()
	}
}

// deliver delivers what is due, in order for each page.
func (w *world) deliver() {
	for i := 0; i < len(w.post); i++ {
		if l := w.post[i]; !l.at.After(w.now) {
			w.post = append(w.post[:i:i], w.post[i+1:]...)
			w.do(l.to, Message{l.text})
			i = -1
		}
	}
}

// fetch is the app asking the issuer, which would see a refresh token twice if another call were under way.
func (w *world) fetch(p *page, number uint64) {
	w.fetches++
	for _, c := range w.calls {
		if p.stole && w.now.Sub(c.since) < 200*time.Millisecond {
			continue // two stole at one time, before one heard of the other
		}
		// A page that was left, or whose app let its 30 seconds pass, is no reason to wait.
		if !c.page.gone && !c.page.frozen && !c.slept && w.now.Sub(c.since) < renewal.FetchTimeout && !p.unlocked {
			w.fail("%s asks while %s does, %s after it", p.name, c.page.name, w.now.Sub(c.since))
		}
	}
	w.calls = append(w.calls, &call{page: p, number: number, since: w.now})
}

// token is what the issuer gives.
func (w *world) token(user string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	claims := fmt.Sprintf(`{"user_id":%q,"iat":%d,"exp":%d,"n":%d}`, user, w.now.Unix(), w.now.Add(w.ttl).Unix(), len(w.issued))
	tok := part(`{"alg":"RS256"}`) + "." + part(claims) + "." + part("sig")
	w.issued = append(w.issued, tok)
	return tok
}

// settle ends the oldest call with a token.
func (w *world) settle() {
	c := w.calls[0]
	w.calls = w.calls[1:]
	w.do(c.page, Fetched{c.number, w.token("u1")})
}

func (w *world) refuse(f Failure) {
	c := w.calls[0]
	w.calls = w.calls[1:]
	w.do(c.page, Failed{c.number, f})
}

func (w *world) answer(p *page, a Answer) {
	s := p.sessions[a.Session]
	if s == nil {
		w.fail("%s answers session %d, which is over", p.name, a.Session)
		return
	}
	if !s.asking {
		w.fail("%s answers session %d, which does not ask", p.name, a.Session)
	}
	s.asking = false
	if !a.Failed && a.Token == "" {
		s.renewAt = w.now.Add(300 * time.Millisecond)
		return
	}
	if !a.Failed {
		if a.Token == s.have {
			w.fail("%s gives session %d the token that it had", p.name, a.Session)
		}
		s.have, s.finals = a.Token, 0
		h, _ := p.b.read(a.Token)
		s.renewAt = renewal.At(w.now, h.end, w.ttl, renewal.Margin, w.now)
		return
	}
	s.renewAt = w.now.Add(300 * time.Millisecond)
	if a.Failure.Final {
		if s.finals++; s.finals > 1 || s.have == "" {
			s.ended, s.renewAt = true, time.Time{}
		}
	}
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(w.lines[max(0, len(w.lines)-60):], "\n"))
}

// next is the nearest time at which something is due.
func (w *world) next() (at time.Time, act func()) {
	consider := func(t time.Time, f func()) {
		if at.IsZero() || t.Before(at) {
			at, act = t, f
		}
	}
	for _, p := range w.pages {
		if p.gone || p.frozen {
			continue
		}
		if t, ok := p.b.Deadline(); ok {
			consider(t, func() { w.do(p, Woken{}) })
		}
		for id, s := range p.sessions {
			switch {
			case s.ended || p.suspended:
			case s.asking:
				consider(s.askedAt.Add(renewal.FetchTimeout), func() { s.asking = false; w.ask(p, id, false) })
			case !s.renewAt.IsZero():
				consider(s.renewAt, func() { w.ask(p, id, false) })
			}
		}
	}
	for _, l := range w.post {
		consider(l.at, w.deliver)
	}
	return at, act
}

// advance lets time pass; whoever is asked answers at once.
func (w *world) advance(d time.Duration) {
	end := w.now.Add(d)
	for n := 0; ; n++ {
		for len(w.calls) > 0 && w.instant && !w.held {
			w.settle()
		}
		at, act := w.next()
		if act == nil || at.After(end) {
			break
		}
		if n > 100000 {
			w.fail("something is due again and again")
		}
		if at.After(w.now) {
			w.now = at
		}
		act()
	}
	w.now = end
}
