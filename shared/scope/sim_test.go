package scope

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/random"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// TestSimulation has pages of a profile open, close, crash, freeze and ask their apps, which are
// slow, fail and hang. Whatever happens, two pages that are awake never ask at a time, and once
// all is calm every session has a token, and one fetch a period is enough.
func TestSimulation(t *testing.T) {
	random.Each(t, 400, 100, func(seed uint64) {
		w := newWorld(t)
		w.rnd, w.instant = random.Of(seed, 11), false
		w.lines = append(w.lines, fmt.Sprintf("seed %d", seed))
		w.open(1 + w.rnd.IntN(3))
		for range 150 {
			w.act()
		}
		w.calm()
	})
}

func (w *world) act() {
	var p *page
	if can := w.pages[w.rnd.IntN(len(w.pages))]; !can.gone {
		p = can
	}
	switch n := w.rnd.IntN(100); {
	case n < 30:
		if at, act := w.next(); act != nil {
			if at.After(w.now) {
				w.now = at
			}
			act()
		}
	case n < 60:
		if len(w.calls) > 0 {
			w.end(w.rnd.IntN(len(w.calls)))
		}
	case n < 70:
		w.advance(w.rnd.Between(0, 20*time.Second))
	case n < 78:
		if w.alive() < 5 {
			w.open(1 + w.rnd.IntN(3))
		}
	case p == nil:
	case p.frozen:
		w.thaw(p)
	case n < 80:
		w.vanish(p)
	case n < 84: // with an event before
		p.suspended = true
		for _, c := range w.calls {
			c.slept = c.slept || c.page == p
		}
		w.do(p, Suspend{Deaf: w.rnd.Chance(0.5)})
		p.frozen = w.rnd.Chance(0.5)
	case n < 86: // without
		p.frozen = true
	case n < 90:
		if p.suspended {
			w.thaw(p)
		}
	case n < 94:
		for id := range len(p.sessions) {
			if s := p.sessions[id+1]; s != nil && !p.suspended && w.rnd.Chance(0.5) {
				w.ask(p, id+1, true)
			}
		}
	case n < 96:
		if len(p.sessions) > 1 {
			id := len(p.sessions)
			delete(p.sessions, id)
			w.do(p, Leave{id})
		}
	case n < 98:
		w.do(p, Wake{})
		p.suspended = false
	default:
		w.do(p, Message{w.lie()})
	}
}

func (w *world) lie() string {
	return random.Pick(w.rnd,
		`{"type":"token","pageId":"x","newToken":"`+w.token("mallory")+`","expiresIn":900000}`,
		`{"type":"token","pageId":"x","newToken":"a.b.c","expiresIn":1}`,
		`{"type":"token_final","pageId":"x","userId":"mallory"}`,
		`{"type":"token_wanted","pageId":"x"}`, `{"type":"token"}`, `[`, ``)
}

// end ends a call: most have a token, some fail, and some never end.
func (w *world) end(i int) {
	c := w.calls[i]
	if c.hung && w.now.Sub(c.since) < time.Minute {
		return
	}
	w.calls = append(w.calls[:i:i], w.calls[i+1:]...)
	switch n := w.rnd.IntN(20); {
	case n < 2 && !c.hung:
		c.hung = true
		w.calls = append(w.calls, c)
	case n < 5:
		w.do(c.page, Failed{c.number, Failure{Message: "busy"}})
	default:
		w.do(c.page, Fetched{c.number, w.token("u1")})
	}
}

func (w *world) thaw(p *page) {
	backlog := p.backlog
	p.frozen, p.suspended, p.backlog = false, false, nil
	w.do(p, Wake{})
	for _, ev := range backlog {
		w.do(p, ev)
	}
}

func (w *world) vanish(p *page) {
	p.gone = true
	w.drop(p)
}

// calm ends the mishaps: every session has a token, and from then on one fetch a period serves
// all of them.
func (w *world) calm() {
	for _, p := range w.pages {
		if !p.gone && (p.frozen || p.suspended) {
			w.thaw(p)
		}
	}
	if w.alive() == 0 {
		w.open(2)
	}
	w.instant = true
	w.advance(2 * w.ttl)
	before := w.fetches
	const periods = 6
	w.advance(periods * (w.ttl - renewal.Margin))
	if got := w.fetches - before; got > periods+1 || got < periods-1 {
		w.fail("%d fetches in %d periods", got, periods)
	}
	newest := ""
	for _, p := range w.pages {
		for id, s := range p.sessions {
			if p.gone {
				continue
			}
			if s.asking || s.ended || s.have == "" || newest != "" && s.have != newest {
				w.fail("%s session %d has no token, or another: %+v", p.name, id, s)
			}
			newest = s.have
		}
	}
	if w.lock != nil {
		w.fail("%s keeps the lock", w.lock.name)
	}
}
