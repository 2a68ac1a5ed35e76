package agent

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/scope"
)

// sharePage notes what a Share asks of its page.
type sharePage struct {
	now  time.Time
	said []string
}

func (p *sharePage) note(format string, args ...any) {
	p.said = append(p.said, fmt.Sprintf(format, args...))
}

func (p *sharePage) Lock(name string)                  { p.note("lock %s", name) }
func (p *sharePage) Steal(name string)                 { p.note("steal %s", name) }
func (p *sharePage) Unlock()                           { p.note("unlock") }
func (p *sharePage) Post([]byte)                       { p.note("post") }
func (p *sharePage) Timer(in time.Duration)            { p.note("timer %s", in) }
func (p *sharePage) Now() time.Time                    { return p.now }
func (p *sharePage) StopTimer()                        { p.note("no timer") }
func (p *sharePage) AskApp(session int, number uint64) { p.note("ask %d %d", session, number) }

func (p *sharePage) GiveUp(session int) { p.note("give up %d", session) }

func (p *sharePage) Answer(session int, ev client.Event) {
	switch e := ev.(type) {
	case client.TokenFetched:
		p.note("token for %d", session)
	case client.TokenFailed:
		p.note("no token for %d: %s %v %s", session, e.Message, e.Final, e.RetryAfter)
	}
}

func TestShareCarriesOut(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	page := &sharePage{now: now}
	share := NewShare(scope.New(scope.Config{PageID: "p", Locks: true, Channel: true}), page, "the lock")
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	token := part(`{"alg":"RS256"}`) + "." + part(fmt.Sprintf(`{"user_id":"u","iat":%d,"exp":%d}`, now.Unix(), now.Unix()+900)) + "." + part("sig")
	for _, s := range []struct {
		ev    scope.Event
		after time.Duration
		want  []string
	}{
		{scope.Ask{Session: 4}, 0, []string{"lock the lock", "timer 32s"}},
		{scope.Granted{}, 0, []string{"post", "ask 4 1", "timer 30s"}},
		{scope.Failed{Number: 1, Failure: scope.Failure{Message: "busy", RetryAfter: time.Second}}, 0, []string{"no token for 4: busy false 1s", "unlock", "no timer"}},
		{scope.Ask{Session: 4, Fresh: true}, 0, []string{"lock the lock", "timer 32s"}},
		{scope.Woken{}, 40 * time.Second, []string{"steal the lock", "timer 1s"}},
		{scope.Granted{}, 0, []string{"timer 100ms"}},
		{scope.Woken{}, 100 * time.Millisecond, []string{"post", "ask 4 2", "timer 30s"}},
		{scope.Fetched{Number: 2, Token: token}, 0, []string{"post", "token for 4", "unlock", "no timer"}},
		{scope.Ask{Session: 5}, 0, []string{"token for 5"}},
		{scope.Close{}, 0, nil},
	} {
		page.said = nil
		page.now = page.now.Add(s.after)
		share.Handle(s.ev)
		for i, said := range page.said {
			// The wait for the lock has some spread.
			if in, found := strings.CutPrefix(said, "timer "); found {
				if d, _ := time.ParseDuration(in); d > scope.LockTimeout {
					page.said[i] = "timer 32s"
				}
			}
		}
		if !slices.Equal(page.said, s.want) {
			t.Errorf("%T: %q, want %q", s.ev, page.said, s.want)
		}
	}
}
