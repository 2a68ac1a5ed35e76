package session_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// asked is a session with its storage, and what its last step came to.
type asked struct {
	t    *testing.T
	ses  *session.Session
	kept *sim.SessionStorage
	now  time.Time
	out  []session.Effect
}

func newAsked(t *testing.T, cfg session.Config) *asked {
	return &asked{t: t, ses: session.New(cfg), kept: sim.NewSessionStorage(), now: start}
}

func (a *asked) step(ev session.Event) {
	a.out = append(a.out[:0:0], a.ses.Step(a.now, ev)...)
	for _, e := range a.out {
		a.kept.Apply(e)
	}
}

// admit asks for a grant and answers the source's question as an owner's.
func (a *asked) admit(e session.Admit) session.Answer {
	a.t.Helper()
	e.Ask, e.NewSessionID = 1, "s1"
	a.step(e)
	for _, out := range a.out {
		if q, ok := out.(session.LookUp); ok {
			a.step(session.AccessFound{Question: q.Question, Access: session.Access{Found: true, WorkspaceID: "ws", Source: permission.Source{Workspace: permission.Owner}}})
		}
	}
	return find[session.Answer](a)
}

func find[E session.Effect](a *asked) (found E) {
	for _, e := range a.out {
		if e, ok := e.(E); ok {
			found = e
		}
	}
	return found
}

const agent = "delegate:00000000000000d1"

func (a *asked) delegate(issued time.Time, withheld permission.Set) session.Admit {
	return session.Admit{Channel: "welcome", ClientID: agent, Claims: session.Claims{
		UserID: "ann", Name: "Agent X", TokenID: agent, IssuedAt: issued, Expires: start.Add(60 * 24 * time.Hour), Withheld: withheld,
	}}
}

func (a *asked) user(client string) session.Admit {
	return session.Admit{Channel: "welcome", ClientID: client, Claims: session.Claims{UserID: "ann", TokenID: "t-" + client, IssuedAt: a.now, Expires: a.now.Add(15 * time.Minute)}}
}

// A delegate's grant is its user's, with what is withheld beside it: what is pushed later is for all.
func TestADelegatesGrant(t *testing.T) {
	a := newAsked(t, session.Config{MaxTokenLife: time.Hour})
	got := a.admit(a.delegate(start, permission.Moderate|permission.Admin))
	if g := got.Grant; got.Err != nil || g.Permissions != permission.All || g.Withheld != permission.Moderate|permission.Admin || g.TokenID != agent || g.Name != "Agent X" || g.UserID != "ann" {
		t.Fatalf("%+v %v", g, got.Err)
	}
	if r := find[session.Record](a); r.Entry.Event != "admitted" || r.Entry.ClientID != agent || r.Entry.Delegate != "Agent X" {
		t.Errorf("recorded %+v", r.Entry)
	}
	a.step(session.AccessChanged{Ask: 2, UserID: "ann", Document: "welcome", Reason: "document_role_changed"})
	q := find[session.LookUp](a)
	a.step(session.AccessFound{Question: q.Question, Access: session.Access{Found: true, Source: permission.Source{Document: permission.Edit}}})
	if p := find[session.Push](a).Grant; p.Permissions != permission.Read|permission.Write|permission.Comment || p.Withheld != 0 || p.Epoch != 2 {
		t.Errorf("pushed %+v", p)
	}
}

// A question about a token begins nothing, is as good as the token, and is counted.
func TestAProbeBeginsNothing(t *testing.T) {
	a := newAsked(t, session.Config{})
	probe := a.user("")
	probe.Probe = true
	if got := a.admit(probe); got.Err != nil || got.Grant.Permissions != permission.All || got.Grant.UserID != "ann" {
		t.Fatalf("%+v", got)
	}
	probe.Channel = ""
	if got := a.admit(probe); got.Err != nil || got.Grant.UserID != "ann" {
		t.Fatalf("%+v", got)
	}
	if snap := a.ses.Snapshot(); snap.Session.ID != "" || len(snap.Channels) > 0 || len(a.kept.Channels) > 0 {
		t.Errorf("it began %+v", snap)
	}
	a.step(session.Revoke{Ask: 3, UserID: "ann", TokenID: probe.Claims.TokenID})
	for _, channel := range []string{"", "welcome"} {
		probe.Channel = channel
		if got := a.admit(probe); got.Err == nil || got.Err.Code != protocol.TokenRevoked {
			t.Errorf("a revoked token asks about %q: %+v", channel, got)
		}
	}
	probe.Channel, probe.Claims.UserID = "", "ben"
	if got := a.admit(probe); got.Err == nil || got.Err.Reason != "subject_mismatch" {
		t.Errorf("another user's: %+v", got)
	}
}

// A revocation of everything ends what was made by a token of before it, to the millisecond, and for good:
// there is no next token.
func TestRevokedWithWhatItWasMadeBy(t *testing.T) {
	for _, c := range []struct {
		issued time.Duration
		out    bool
	}{{0, true}, {time.Second, true}, {1250 * time.Millisecond, true}, {1251 * time.Millisecond, false}, {2 * time.Second, false}} {
		a := newAsked(t, session.Config{})
		a.now = start.Add(1250 * time.Millisecond)
		a.step(session.Revoke{Ask: 1, UserID: "ann", All: true})
		a.now = start.Add(time.Minute)
		got := a.admit(a.delegate(start.Add(c.issued), 0))
		if refused := got.Err != nil && got.Err.Code == protocol.TokenRevoked; refused != c.out || !c.out && got.Err != nil {
			t.Errorf("issued at %v: %+v", c.issued, got.Err)
		}
	}
}

// A revoked delegation is remembered for a day, and for as long as a document may hold its channel.
func TestRevokedDelegationsAreRemembered(t *testing.T) {
	for _, reached := range []bool{true, false} {
		a := newAsked(t, session.Config{})
		a.admit(a.delegate(start, 0))
		a.now = start.Add(time.Minute)
		a.step(session.Revoke{Ask: 2, UserID: "ann", TokenID: agent})
		e := find[session.EndChannel](a)
		if len(e.TokenIDs) != 1 || e.TokenIDs[0] != agent {
			t.Fatalf("ended %+v", e)
		}
		if got := a.admit(a.delegate(start, 0)); got.Err == nil || got.Err.Code != protocol.TokenRevoked {
			t.Errorf("on the way meanwhile: %+v", got)
		}
		a.step(session.Ended{Channel: "welcome", Fence: e.Fence, OK: reached, Closed: reached, Gone: reached, AdmittedAt: e.AdmittedAt})
		a.now = start.Add(25 * time.Hour)
		a.step(session.Woken{})
		if left := len(a.ses.Snapshot().Revoked); left != map[bool]int{true: 0, false: 1}[reached] {
			t.Errorf("reached %v: %d are remembered after a day", reached, left)
		}
		if again := find[session.EndChannel](a); !reached && (len(again.TokenIDs) != 1 || again.TokenIDs[0] != agent) {
			t.Errorf("the end is repeated without its reason: %+v", again)
		}
	}
}

// A program that runs wild keeps no browser of its user's out, nor the other way round.
func TestDelegatesConnectsCountByThemselves(t *testing.T) {
	a := newAsked(t, session.Config{})
	refused := 0
	for range 1000 {
		if got := a.admit(a.delegate(start, 0)); got.Err != nil && got.Err.Code == protocol.RateLimitExceeded {
			refused++
		}
	}
	if refused < 500 {
		t.Errorf("%d of 1,000 connects are refused", refused)
	}
	if got := a.admit(a.user("laptop")); got.Err != nil {
		t.Errorf("the user is out: %v", got.Err)
	}
}

// An admission of a delegate's that never arrives at its document keeps the session for minutes,
// not for as long as the delegation lasts; one that has arrived is asked about once.
func TestAnAdmissionThatNeverArrivesIsForgotten(t *testing.T) {
	for _, c := range []struct {
		name    string
		clients []string
		gone    bool
		kept    bool
	}{
		{"nobody is there", nil, true, false},
		{"only the user is", []string{"laptop"}, false, false},
		{"it is there", []string{agent, "laptop"}, false, true},
		{"a document of before says nothing", nil, false, true},
	} {
		a := newAsked(t, session.Config{})
		a.admit(a.delegate(start, 0))
		asked := 0
		for range 40 {
			at, ok := a.ses.Deadline()
			if !ok || at.After(start.Add(24*time.Hour)) {
				break
			}
			a.now = at
			a.step(session.Woken{})
			for _, out := range a.out {
				switch e := out.(type) {
				case session.LookUp:
					a.step(session.AccessFound{Question: e.Question, Access: session.Access{Found: true, WorkspaceID: "ws", Source: permission.Source{Workspace: permission.Owner}}})
				case session.EndChannel:
					asked++
					if e.Kick != 0 || len(e.TokenIDs) > 0 || !e.Before.IsZero() {
						t.Errorf("%s: the question ends something: %+v", c.name, e)
					}
					if asked == 1 { // the document cannot be reached
						a.step(session.Ended{Channel: e.Channel, Fence: e.Fence})
						continue
					}
					a.step(session.Ended{Channel: e.Channel, Fence: e.Fence, OK: true, Gone: c.gone, Clients: c.clients, AdmittedAt: start.Add(-time.Hour)})
				}
			}
		}
		if left := len(a.ses.Snapshot().Channels) > 0; left != c.kept || asked != 2 {
			t.Errorf("%s: asked %d times, kept %v", c.name, asked, left)
		}
		if stored := len(a.kept.Channels) > 0; stored != c.kept {
			t.Errorf("%s: stored is %+v", c.name, a.kept)
		}
	}
}
