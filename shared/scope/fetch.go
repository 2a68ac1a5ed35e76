package scope

import (
	"slices"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// fetch asks the app of whoever has asked first.
func (b *Broker) fetch() {
	b.fetches++
	for i := range b.asks {
		b.asks[i].early = false
	}
	b.enter(fetching, renewal.FetchTimeout)
	b.post(b.says("token_asked"))
	b.fetcher = b.asks[0].Session
	b.do(FetchToken{b.fetcher, b.fetches})
}

// fetched takes the app's answer. One that comes late may still be the newest.
func (b *Broker) fetched(e Fetched) {
	late := b.phase != fetching || e.Number != b.fetches
	h, ok := b.read(e.Token)
	if ok && late {
		ok = b.held.older(h) && b.ours(h)
	}
	if ok && (b.cfg.User == "" || b.ours(h)) {
		b.hold(h)
		b.share()
	}
	if late {
		b.serve()
		return
	}
	if e.Token == "" {
		b.pause()
	}
	b.answer(Answer{Token: e.Token})
	b.enter(idle, 0)
	b.release()
	b.serve()
}

// answer answers all but those who asked for a fresh token when the fetch was under way.
func (b *Broker) answer(with Answer) {
	b.asks = slices.DeleteFunc(b.asks, func(a ask) bool {
		if a.Fresh && a.early {
			return false
		}
		with.Session = a.Session
		b.give(with)
		return true
	})
}

// give answers a session. A session that asks again was not served by what it got, whatever
// it says that it has: no token is given to one twice.
func (b *Broker) give(a Answer) {
	if a.Token != "" {
		b.given[a.Session] = a.Token
	}
	b.do(a)
}

// pause has the app asked once for all sessions that try again, each at a time of its own.
func (b *Broker) pause() {
	b.fails++
	b.pausedTo = b.now.Add(b.rand.After(backoff.Min / 2 << min(b.fails-1, 4)))
}

// failed takes the app's refusal.
func (b *Broker) failed(e Failed) {
	if b.phase == fetching && e.Number == b.fetches {
		b.over(e.Failure)
	}
}

// refused notes that the app, here or in another page, has said that nobody is signed in.
func (b *Broker) refused(f Failure) {
	if b.now.Sub(b.final.at) > FinalFor {
		b.final.said = 0
	}
	b.final.Failure, b.final.at = f, b.now
	if b.final.said++; b.final.said > 1 {
		b.final.until = b.now.Add(FinalFor)
		b.held = held{}
	}
}

// over ends a fetch that brought no token. Sessions that were signed in ask once more before they
// believe that nobody is: it may be a lost race. The second time it counts for all.
func (b *Broker) over(f Failure) {
	if f.Final {
		b.refused(f)
		b.shareFinal()
	} else {
		b.final = final{}
		b.pause()
	}
	b.answer(Answer{Failed: true, Failure: f})
	b.enter(idle, 0)
	b.release()
	b.serve()
}
