package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// many is a user with many documents open.
type many struct {
	t    *testing.T
	s    *session.Session
	now  time.Time
	asks uint64
}

func (m *many) admit(n int, more func(*session.Admit)) session.Answer {
	m.t.Helper()
	m.asks++
	a := admission(m.asks, "s1")
	a.Channel = fmt.Sprintf("d%04d", n)
	a.Claims.IssuedAt, a.Claims.Expires = m.now, m.now.Add(30*24*time.Hour)
	if more != nil {
		more(&a)
	}
	effects := append([]session.Effect(nil), m.s.Step(m.now, a)...)
	for i := 0; i < len(effects); i++ {
		switch e := effects[i].(type) {
		case session.Answer:
			return e
		case session.LookUp: // one of the object's own comes before it, when it is due
			effects = append(effects, m.s.Step(m.now, session.AccessFound{Question: e.Question, Access: member})...)
		}
	}
	m.t.Fatal("no answer")
	return session.Answer{}
}

func openMany(t *testing.T, cfg session.Config, n int) *many {
	t.Helper()
	m := &many{t: t, s: session.New(cfg), now: start}
	for i := range n {
		if a := m.admit(i, nil); a.Err != nil {
			t.Fatalf("document %d: %+v", i, a.Err)
		}
		m.now = m.now.Add(time.Second)
	}
	return m
}

// One drop takes all of a user's lines, and again right after: each of them is let in at
// its first try.
func TestAllLinesOfAUserComeBackAtOnce(t *testing.T) {
	m := openMany(t, session.Config{}, 200)
	for drop := range 3 {
		for i := range 200 {
			if a := m.admit(i, nil); a.Err != nil {
				t.Fatalf("drop %d: document %d is refused: %+v", drop, i, a.Err)
			}
			if a := m.admit(i, func(a *session.Admit) { a.Refresh = true }); a.Err != nil {
				t.Fatalf("drop %d: the new token of document %d is refused: %+v", drop, i, a.Err)
			}
		}
		m.now = m.now.Add(time.Second)
	}
}

// A line that comes back again and again is refused in the end, and what it is refused
// is taken from no other.
func TestALoopOfOneLineIsBoundedAndCostsNoOther(t *testing.T) {
	m := openMany(t, session.Config{}, 50)
	m.now = m.now.Add(time.Hour)
	let, refused := 0, 0
	for range 2000 {
		if a := m.admit(0, nil); a.Err == nil {
			let++
		} else {
			refused++
		}
		m.now = m.now.Add(10 * time.Millisecond)
	}
	// Its own 30 and 12 a minute, then the user's 240 and 120 a minute, for 20 s.
	if most := 30 + 4 + 240 + 40; let > most+1 || let < most-2 {
		t.Errorf("let in %d times in 20 s, want %d", let, most)
	}
	for i := 1; i < 50; i++ {
		if a := m.admit(i, nil); a.Err != nil {
			t.Fatalf("document %d is refused for the loop of another: %+v", i, a.Err)
		}
	}
}

// Only the channel's own client resumes: another one of the same user connects.
func TestAnotherClientsConnectIsNoResume(t *testing.T) {
	m := openMany(t, session.Config{Connects: rate.Limit{Count: 1, Per: time.Hour, Burst: 2}}, 1)
	other := func(a *session.Admit) { a.ClientID = "phone" }
	if a := m.admit(0, other); a.Err != nil {
		t.Fatal(a.Err)
	}
	if a := m.admit(0, func(a *session.Admit) { a.ClientID = "tablet" }); a.Err == nil {
		t.Error("a third client has cost nothing")
	}
	if a := m.admit(0, other); a.Err != nil {
		t.Errorf("the one who has the channel: %+v", a.Err)
	}
}

// Each refused connect gets a retry_after of its own.
func TestEachRefusedConnectHasAPlaceOfItsOwn(t *testing.T) {
	m := openMany(t, session.Config{}, 0)
	times := map[time.Duration]bool{}
	for i := range 400 {
		if a := m.admit(i, nil); a.Err != nil {
			times[a.Err.RetryAfter] = true
		}
	}
	if len(times) != 160 {
		t.Errorf("160 are refused, with %d different times to come back", len(times))
	}
	// Those that come back at their time are let in.
	m = openMany(t, session.Config{}, 0)
	at := map[int]time.Time{}
	for i := range 300 {
		if a := m.admit(i, nil); a.Err != nil {
			at[i] = m.now.Add(a.Err.RetryAfter)
		}
	}
	if len(at) != 60 {
		t.Fatalf("%d were refused", len(at))
	}
	for i := range 300 {
		if when, refused := at[i]; refused {
			m.now = when
			if a := m.admit(i, nil); a.Err != nil {
				t.Errorf("document %d comes back at its time: %+v", i, a.Err)
			}
		}
	}
}

// A source that is down is not asked by all at the same moment again.
func TestASourceThatIsDownIsNotAskedByAllAtOnceAgain(t *testing.T) {
	s := session.New(session.Config{})
	times := map[time.Duration]bool{}
	for i := range 50 {
		a := admission(uint64(i+1), "s1")
		a.Channel = fmt.Sprint("d", i)
		s.Step(start, a)
	}
	for i := range 50 {
		answer, ok := first[session.Answer](s.Step(start, session.AccessFailed{Question: session.Question{Ask: uint64(i + 1)}}))
		if !ok || answer.Err == nil || answer.Err.RetryAfter < 5*time.Second || answer.Err.RetryAfter > 10*time.Second {
			t.Fatalf("answered %+v", answer)
		}
		times[answer.Err.RetryAfter] = true
	}
	if len(times) != 50 {
		t.Errorf("50 get %d different times", len(times))
	}
}

// GUARANTEES.md: "At least every hour the user's object also asks the source": about every
// document that is open, however many they are and whatever else was asked about.
func TestTheSourceIsAskedAnewAboutEveryOpenDocument(t *testing.T) {
	for _, open := range []int{10, 256, 300, 500} {
		m := openMany(t, session.Config{MaxAccess: 8}, open)
		for i := range 40 { // looked at and left again
			a := m.admit(open+i, nil)
			m.s.Step(m.now, session.ChannelGone{Channel: a.Grant.Channel, SessionID: a.Grant.SessionID})
		}
		if snap := m.s.Snapshot(); len(snap.Access) > open+8 {
			t.Errorf("%d documents are open, %d answers kept", open, len(snap.Access))
		}
		asked := map[string]bool{}
		for end := m.now.Add(2 * time.Hour); m.now.Before(end); {
			at, ok := m.s.Deadline()
			if !ok || at.After(end) {
				break
			}
			if at.After(m.now) {
				m.now = at
			}
			var asks []session.LookUp
			for _, e := range m.s.Step(m.now, session.Woken{}) {
				if l, ok := e.(session.LookUp); ok {
					asked[l.Document] = true
					asks = append(asks, l)
				}
			}
			for _, l := range asks {
				m.s.Step(m.now, session.AccessFound{Question: l.Question, Access: member})
			}
		}
		if len(asked) != open {
			t.Errorf("%d documents are open, the source was asked anew about %d", open, len(asked))
		}
	}
}

// Objects of before forgot answers that channels lived by: what is restored from one asks
// about them at once.
func TestAnAnswerThatWasForgottenIsAskedFor(t *testing.T) {
	m := openMany(t, session.Config{}, 3)
	snap := m.s.Snapshot()
	snap.Access = snap.Access[1:]
	s, err := session.Restore(session.Config{}, snap)
	if err != nil {
		t.Fatal(err)
	}
	if at, ok := s.Deadline(); !ok || at.After(m.now) {
		t.Errorf("due at %v", at)
	}
	l, ok := first[session.LookUp](s.Step(m.now, session.Woken{}))
	if !ok || l.Document != "d0000" {
		t.Errorf("asked %+v", l)
	}
}

// How many documents a user may have open is bounded, and each refused attempt gets
// a retry_after.
func TestHowManyDocumentsAUserMayHaveOpen(t *testing.T) {
	m := openMany(t, session.Config{MaxChannels: 3}, 3)
	a := m.admit(3, nil)
	if a.Err == nil || a.Err.Reason != "too_many_documents" || a.Err.RetryAfter <= 0 {
		t.Fatalf("the fourth: %+v", a)
	}
	if a := m.admit(1, nil); a.Err != nil {
		t.Errorf("one that is open: %+v", a.Err)
	}
	m.s.Step(m.now, session.ChannelGone{Channel: "d0000", SessionID: "s1"})
	if a := m.admit(3, nil); a.Err != nil {
		t.Errorf("with one closed: %+v", a.Err)
	}
}

// A user's documents share what a few may write: all of them together never come to much
// more, opened one by one or all at once after a drop.
func TestAUsersDocumentsShareTheirRate(t *testing.T) {
	m := openMany(t, session.Config{}, 0)
	sum := 0
	for i := range 200 {
		m.now = m.now.Add(time.Minute) // at leisure
		a := m.admit(i, nil)
		if want := max(1, 4000/max(4, i+1)); a.Grant.Share != want {
			t.Fatalf("document %d has a share of %d, want %d", i+1, a.Grant.Share, want)
		}
		sum += a.Grant.Share
	}
	if sum > 20_000 { // 4 × (1 + ln(200/4)): twenty documents' worth
		t.Errorf("200 documents together: %d", sum)
	}
	for i := range 200 {
		if a := m.admit(i, nil); a.Grant.Share != 20 {
			t.Fatalf("resumed: %d", a.Grant.Share)
		}
	}
	// When most are closed, the next refresh has its full share again.
	for i := 2; i < 200; i++ {
		m.s.Step(m.now, session.ChannelGone{Channel: fmt.Sprintf("d%04d", i), SessionID: "s1"})
	}
	if a := m.admit(0, func(a *session.Admit) { a.Refresh = true }); a.Grant.Share != 1000 {
		t.Errorf("two are open: %d", a.Grant.Share)
	}
}

// Power of the attacker: a member who opens a document, writes what he may at once, leaves
// it and opens the next.
func TestWhoGoesFromDocumentToDocumentHasNoMore(t *testing.T) {
	m := openMany(t, session.Config{}, 0)
	least := 1000
	for i := range 240 {
		a := m.admit(i, nil)
		if a.Err != nil {
			t.Fatal(a.Err)
		}
		least = min(least, a.Grant.Share)
		m.s.Step(m.now, session.ChannelGone{Channel: a.Grant.Channel, SessionID: a.Grant.SessionID})
	}
	if least > 140 { // 4 of 30
		t.Errorf("the 240th document in a row has a share of %d", least)
	}
	m.now = m.now.Add(5 * time.Minute)
	if a := m.admit(1, nil); a.Grant.Share != 1000 {
		t.Errorf("after a rest: %d", a.Grant.Share)
	}
}
