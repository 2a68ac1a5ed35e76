package scope

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

func (w *world) want(part string, n int) {
	w.t.Helper()
	got := 0
	for _, l := range w.lines {
		if strings.Contains(l, part) {
			got++
		}
	}
	if got != n {
		w.t.Errorf("%q happened %d times, want %d, in\n%s", part, got, n, strings.Join(w.lines, "\n"))
	}
}

// manual is a world whose apps answer when the test says so.
func manual(t *testing.T) *world {
	w := newWorld(t)
	w.held = true
	return w
}

// Holds: "one token serves all documents in all tabs of a browser profile"
func TestOneFetchAPeriodForAllDocumentsInAllPages(t *testing.T) {
	w := manual(t)
	p1 := w.open(3)
	if w.fetches != 1 {
		t.Fatalf("three documents that open fetch %d times", w.fetches)
	}
	w.settle()
	w.held = false
	for range 3 {
		w.open(1)
	}
	w.advance(time.Second)
	if w.fetches != 1 {
		t.Errorf("with those in three more pages %d times", w.fetches)
	}
	first := p1.sessions[1].have
	for _, p := range w.pages {
		for id, s := range p.sessions {
			if s.have != first {
				t.Errorf("%s session %d has another token", p.name, id)
			}
		}
	}
	w.advance(5 * (w.ttl - renewal.Margin))
	if w.fetches != 6 {
		t.Errorf("%d fetches in five periods", w.fetches-1)
	}
}

// A page that is alone waits for nobody, and one whose others do not answer not for long.
func TestALonePageDoesNotWait(t *testing.T) {
	w := manual(t)
	w.open(1)
	w.want("p1 scope.RequestLock", 1)
	w.want("p1 scope.FetchToken", 1)
	if !w.now.Equal(newWorld(t).now) {
		t.Error("it waits")
	}
	w.settle()
	w.pages[0].frozen = true
	w.open(1)
	w.want("p2 scope.FetchToken", 0)
	w.advance(AskTimeout)
	w.want("p2 scope.RequestLock", 1)
}

// A page that is alone and waits for the lock has called its app early itself: what that
// brings is used at once.
func TestALonePageAndItsEarlyCall(t *testing.T) {
	for company, n := range map[bool]int{false: 1, true: 0} {
		w := manual(t)
		early := &page{name: "early", gone: true}
		w.lock = early
		w.open(1, func(c *Config) { c.Others = company })
		if company {
			w.advance(AskTimeout)
		}
		w.advance(time.Second)
		w.drop(early)
		w.want("p1 scope.FetchToken", n)
		w.advance(settleTime)
		w.want("p1 scope.FetchToken", 1)
	}
}

// A session that asks again with the newest token gets another one; one that asks for a fresh
// token never gets one that was there.
func TestNoTokenIsGivenTwice(t *testing.T) {
	w := manual(t)
	p := w.open(2)
	w.settle()
	s := p.sessions[1]
	for n, fresh := range []bool{false, true} {
		had := s.have
		w.ask(p, 1, fresh)
		if w.fetches != n+2 {
			t.Fatalf("fresh %v: %d fetches", fresh, w.fetches)
		}
		w.advance(time.Second)
		w.settle()
		if s.have == had || s.asking {
			t.Errorf("fresh %v: has %.20s", fresh, s.have)
		}
	}
	// One that could not use what it got says that it has none.
	p2 := w.open(1)
	w.advance(time.Second)
	p2.sessions[1].have = ""
	w.ask(p2, 1, false)
	if w.fetches != 4 {
		t.Errorf("%d fetches", w.fetches)
	}
	w.advance(time.Second)
	w.settle()
	// What had an older one gets the newest without a fetch.
	w.ask(p, 2, false)
	if w.fetches != 4 || p.sessions[2].have != p2.sessions[1].have {
		t.Errorf("%d fetches", w.fetches)
	}
	w.advance(time.Second)
	// A refresh that was asked for while a fetch was under way is another one.
	w.ask(p, 1, true)
	w.ask(p, 2, true)
	w.advance(time.Second)
	w.settle()
	if w.fetches != 6 || !p.sessions[2].asking {
		t.Errorf("%d fetches", w.fetches)
	}
}

// An app that never answers is called anew, and its late answer is used if it is good.
func TestAHungAppIsAskedAnew(t *testing.T) {
	w := manual(t)
	p := w.open(2)
	hung := w.calls[0]
	w.calls = nil
	w.advance(renewal.FetchTimeout + 2*time.Second)
	if w.fetches != 2 {
		t.Fatalf("%d fetches in 32 seconds", w.fetches)
	}
	w.do(p, Fetched{hung.number, w.token("u1")})
	for id, s := range p.sessions {
		if s.have == "" || s.asking {
			t.Errorf("session %d is not served by the late answer", id)
		}
	}
	w.do(p, Failed{hung.number, Failure{Final: true}})
	w.want("scope.GiveUp {1}", 1)
	w.want("{ true 0s}", 0)
}

// Holds: "that nobody is signed in any more is asked for twice, whatever is open"
func TestNobodySignedInIsSaidToAllAtOnce(t *testing.T) {
	w := manual(t)
	p1, p2 := w.open(3), w.open(0)
	w.settle()
	p2.sessions[1] = &session{}
	w.ask(p2, 1, false)
	w.advance(w.ttl - renewal.Margin)
	for range 2 {
		w.refuse(Failure{Message: "signed out", Final: true})
		w.advance(time.Second)
	}
	w.advance(time.Second)
	if w.fetches != 3 {
		t.Errorf("%d fetches", w.fetches)
	}
	for _, p := range []*page{p1, p2} {
		for id, s := range p.sessions {
			if !s.ended {
				t.Errorf("%s session %d goes on", p.name, id)
			}
		}
	}
	// Who signs in again is asked at once.
	p1.sessions[4] = &session{}
	w.ask(p1, 4, false)
	w.settle()
	if p1.sessions[4].have == "" {
		t.Error("nobody can sign in again")
	}
}

// An app that has no token yet is no failure, and is asked again.
func TestNotYet(t *testing.T) {
	w := manual(t)
	p := w.open(2)
	c := w.calls[0]
	w.calls = nil
	w.do(p, Fetched{c.number, ""})
	w.want("true", 0)
	w.advance(2 * time.Second)
	w.settle()
	if w.fetches != 2 || p.sessions[1].have == "" || p.sessions[2].have == "" {
		t.Errorf("%d fetches", w.fetches)
	}
}

// Failures that pass are shared: three documents ask their app no more often than one.
func TestFailuresAreShared(t *testing.T) {
	w := manual(t)
	w.open(3)
	for range 4 {
		if len(w.calls) != 1 {
			t.Fatalf("%d calls at a time", len(w.calls))
		}
		w.refuse(Failure{Message: "busy"})
		w.advance(5 * time.Second)
	}
	if w.fetches != 5 {
		t.Errorf("%d fetches", w.fetches)
	}
}

// A token for another user is never adopted, whoever posts it.
func TestAnotherUsersTokenIsNotAdopted(t *testing.T) {
	for name, change := range map[string]func(*Config){"by its option": func(c *Config) { c.User = "u1" }, "by its tokens": func(*Config) {}} {
		w := manual(t)
		p := w.open(1, change)
		if name == "by its tokens" {
			w.settle()
		}
		had := p.sessions[1].have
		for _, user := range []string{"u2", ""} {
			w.do(p, Message{fmt.Sprintf(`{"type":"token","pageId":"x","newToken":%q,"expiresIn":900000}`, w.token(user))})
		}
		w.do(p, Message{`{"type":"token_final","pageId":"x","userId":"u2"}`})
		w.ask(p, 1, false)
		if p.sessions[1].have != had || !p.sessions[1].asking {
			t.Errorf("%s: adopts it", name)
		}
	}
}

// Signed out, and back from the back-forward cache, a page gives nobody its old token.
func TestATokenIsForgotten(t *testing.T) {
	for _, ev := range []Event{SignedOut{"u1"}, Suspend{Deaf: true}} {
		w := manual(t)
		p := w.open(1)
		w.settle()
		w.do(p, ev)
		w.do(p, Wake{})
		p.sessions[2] = &session{}
		w.ask(p, 2, false)
		if w.fetches != 2 || p.sessions[2].have != "" {
			t.Errorf("%T: %d fetches", ev, w.fetches)
		}
	}
}

// The lock of a page that sleeps does not keep the others from a token.
func TestTheLockOfASleepingPage(t *testing.T) {
	w := manual(t)
	p1 := w.open(1)
	p1.frozen = true // without an event
	p2 := w.open(1)
	w.calls = nil
	w.advance(LockTimeout + lockSpread + time.Second)
	w.want("p2 scope.StealLock", 1)
	w.want("p2 scope.FetchToken", 1)
	w.settle()
	if p2.sessions[1].have == "" {
		t.Error("has no token")
	}

	w = manual(t)
	p1 = w.open(1)
	p2 = w.open(1)
	w.calls = nil
	w.do(p1, Suspend{})
	w.advance(AskTimeout)
	w.want("p2 scope.FetchToken", 1) // at once
}

// Without a lock, or a channel, the sessions of a page still share.
func TestWithoutLocksOrChannel(t *testing.T) {
	w := manual(t)
	p := w.open(3, func(c *Config) { c.Locks, c.Channel = false, false })
	w.settle()
	w.ask(p, 1, false)
	w.advance(time.Second)
	w.settle()
	w.ask(p, 2, false)
	if w.fetches != 2 || p.sessions[2].have != p.sessions[1].have {
		t.Errorf("%d fetches", w.fetches)
	}
	w.want("Lock", 0)
	w.want("Post", 0)
}
