package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// What may happen between a question and its answer, a change and its taking effect. Power
// of the attacker: a token, and the patience to connect at the worst moment.

func roleOf(role permission.WorkspaceRole) session.Access {
	return session.Access{Found: true, WorkspaceID: "w", Source: permission.Source{Workspace: role}}
}

// first returns the first effect of a type.
func first[E session.Effect](effects []session.Effect) (e E, ok bool) {
	for _, x := range effects {
		if e, ok = x.(E); ok {
			return e, true
		}
	}
	return e, false
}

// open is a session with one channel on d, admitted at start with member's rights.
func open(t *testing.T, a session.Admit) (*session.Session, session.Grant) {
	t.Helper()
	s := session.New(session.Config{})
	answer, _ := ask(t, s, start, a, roleOf(permission.MemberRole))
	return s, answer.Grant
}

// The session does not admit a demoted user by an old answer while the source does not answer,
// however the old channel ended.
func TestADemotedUserDoesNotComeBackByTheCache(t *testing.T) {
	for _, sentBack := range []bool{false, true} {
		s, g := open(t, admission(1, "s1"))
		s.Step(start.Add(time.Second), session.AccessChanged{Ask: 2, UserID: "ann", Document: "d", By: "olive"})
		again := admission(3, "s2")
		if sentBack {
			again.GoneAt, again.Again = g.AdmittedAt, true
		} else {
			s.Step(start.Add(time.Second), session.ChannelGone{Channel: "d", SessionID: "s1", Reason: "disconnect"})
		}
		s.Step(start.Add(time.Second), session.AccessFailed{Question: session.Question{Own: 1}})
		effects := s.Step(start.Add(2*time.Second), again)
		if a, answered := first[session.Answer](effects); answered && a.Err == nil {
			t.Errorf("sent back %v: admitted with %v, nobody was asked", sentBack, a.Grant.Permissions.Names())
		}
		if _, asked := first[session.LookUp](effects); !asked {
			t.Errorf("sent back %v: nobody was asked", sentBack)
		}
	}
}

// Everything that was issued until now includes what an issuer whose clock is ahead
// has issued, and was let in.
func TestRevokeAllReachesAnIssuerWhoseClockIsAhead(t *testing.T) {
	a := admission(1, "s1")
	a.Claims.IssuedAt = start.Add(4 * time.Second) // within token.DefaultLeeway
	s, _ := open(t, a)
	s, err := session.Restore(session.Config{}, s.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	s.Step(start.Add(time.Second), session.Revoke{Ask: 2, UserID: "ann", All: true})
	a.Ask, a.Channel = 3, "e"
	if answer, ok := first[session.Answer](s.Step(start.Add(2*time.Second), a)); !ok || answer.Err == nil {
		t.Error("a token that was in before everything was revoked still counts")
	}
}

// An answer is as old as its question: what an operator did to a lock in between is newer.
func TestAnAnswerIsAsOldAsItsQuestion(t *testing.T) {
	s := session.New(session.Config{})
	s.Step(start, admission(1, "s1"))
	answer, _ := first[session.Answer](s.Step(start.Add(1500*time.Millisecond), session.AccessFound{Question: session.Question{Ask: 1}, Access: roleOf(permission.MemberRole)}))
	if !answer.Grant.AccessAt.Equal(start) {
		t.Errorf("asked at 0, answered after 1.5 s, dated %v", answer.Grant.AccessAt.Sub(start))
	}
}

// A client that was sent back, and comes to say so late, does not take the channel of
// another one that has been admitted since: that one would be missed by a revocation.
func TestSentBackLateTakesNoOthersChannel(t *testing.T) {
	a, b := admission(1, "s1"), admission(3, "s2")
	a.ClientID, a.Claims.TokenID, b.ClientID, b.Claims.TokenID = "A", "t1", "B", "t2"
	s, g := open(t, a)
	s.Step(start, session.Revoke{Ask: 2, UserID: "ann", TokenID: "t1"})
	s.Step(start, session.Ended{Channel: "d", Fence: 2, OK: true, Gone: true, AdmittedAt: g.AdmittedAt})
	if answer, _ := ask(t, s, start.Add(10*time.Millisecond), b, roleOf(permission.MemberRole)); answer.Err != nil {
		t.Fatal(answer.Err)
	}
	a.Ask, a.GoneAt, a.Again = 4, g.AdmittedAt, true
	s.Step(start.Add(20*time.Millisecond), a)
	if _, notified := first[session.EndChannel](s.Step(start.Add(time.Second), session.Revoke{Ask: 5, UserID: "ann", All: true})); !notified {
		t.Error("everything is revoked, B is connected, and its document is not notified")
	}
}

// A change that the document has not taken is pushed for as long as the channel lives, and
// one without an AccessChanged is found out within StaleAccess.
func TestAnOpenConnectionIsNotForgotten(t *testing.T) {
	a := admission(1, "s1")
	a.Claims.Expires = start.Add(10 * time.Hour)
	s, _ := open(t, a)
	now, asked, pushed := start, 0, 0
	for now.Before(start.Add(5 * time.Hour)) {
		at, ok := s.Deadline()
		if !ok {
			t.Fatal("nothing is ever due")
		}
		if at.Sub(now) > time.Hour {
			t.Fatalf("nobody looks between %v and %v", now.Sub(start), at.Sub(start))
		}
		now = at
		for _, e := range append([]session.Effect(nil), s.Step(now, session.Woken{})...) {
			if l, ok := e.(session.LookUp); ok {
				asked++
				role := permission.MemberRole
				if asked == 2 { // somebody has been demoted, and the document cannot be reached
					role = permission.ViewerRole
				}
				if asked > 2 {
					role = permission.ViewerRole
				}
				for _, e := range s.Step(now, session.AccessFound{Question: l.Question, Access: roleOf(role)}) {
					if p, ok := e.(session.Push); ok {
						pushed++
						s.Step(now, session.Pushed{Channel: "d", Epoch: p.Grant.Epoch})
						break
					}
				}
			} else if p, ok := e.(session.Push); ok {
				pushed++
				s.Step(now, session.Pushed{Channel: "d", Epoch: p.Grant.Epoch})
			}
		}
	}
	if asked < 4 || pushed < 60 {
		t.Errorf("asked %d times, pushed %d times in 5 h", asked, pushed)
	}
}

// An hour after the last answer a receipt still says what a change takes away.
func TestAReceiptKnowsWhatWasTaken(t *testing.T) {
	a := admission(1, "s1")
	a.Claims.Expires = start.Add(10 * time.Hour)
	s, _ := open(t, a)
	now := start.Add(61 * time.Minute)
	var asked session.Question
	for _, e := range s.Step(now, session.AccessChanged{Ask: 2, UserID: "ann", Document: "d"}) {
		if l, ok := e.(session.LookUp); ok {
			asked = l.Question // the newest question is the one that counts
		}
	}
	s.Step(now, session.AccessFound{Question: asked, Access: session.Access{}})
	r, ok := first[session.Receipt](s.Step(now, session.Pushed{Channel: "d", Epoch: 2, OK: true}))
	if !ok || len(r.Changed) != 1 || r.Changed[0].Removed != permission.Read|permission.Write|permission.Comment {
		t.Errorf("the receipt: %+v", r)
	}
}

// S1: "Prevents connection flooding". Whoever connects or refreshes again and again gets
// a retry_after, and fills no log.
func TestConnectsAndRefreshesAreCounted(t *testing.T) {
	for _, refresh := range []bool{false, true} {
		s := session.New(session.Config{Connects: rate.Limit{Count: 60, Per: time.Minute, Burst: 5}, Resumes: rate.Limit{Count: 1, Burst: 1, Per: time.Hour}})
		ask(t, s, start, admission(1, "s1"), member)
		refused, lines := 0, 0
		for i := range 50 {
			a := admission(uint64(i+2), "s2")
			a.Refresh = refresh
			for _, e := range s.Step(start.Add(time.Duration(i)*10*time.Millisecond), a) {
				switch e := e.(type) {
				case session.Record:
					lines++
				case session.Answer:
					if e.Err != nil && e.Err.Code == "RATE_LIMIT_EXCEEDED" && e.Err.RetryAfter > 0 {
						refused++
					}
				}
			}
		}
		if want := map[bool]int{false: 45, true: 44}[refresh]; refused != want || lines > 6 {
			t.Errorf("refresh %v: %d refused, %d lines", refresh, refused, lines)
		}
		again := admission(99, "s2")
		again.Again = true
		if a, ok := first[session.Answer](s.Step(start.Add(time.Second/2), again)); !ok || a.Err != nil {
			t.Errorf("refresh %v: what the document sent back is counted again: %+v", refresh, a)
		}
	}
}

// The attacker comes back under another client id each time: the resumes that a client has
// beside the user's connects are not there anew for each.
func TestAnotherClientIDBringsNoNewResumes(t *testing.T) {
	s := session.New(session.Config{Connects: rate.Limit{Count: 1, Per: time.Hour, Burst: 10}, Resumes: rate.Limit{Count: 1, Burst: 5, Per: time.Hour}})
	ask(t, s, start, admission(1, "s1"), member)
	let := 0
	for i := range 100 {
		a := admission(uint64(i+2), "s2")
		a.ClientID = fmt.Sprint("client-", i/10)
		for _, e := range s.Step(start.Add(time.Duration(i)*time.Millisecond), a) {
			if e, ok := e.(session.Answer); ok && e.Err == nil {
				let++
			}
		}
	}
	if let > 15 {
		t.Errorf("%d connects are let in, of 10 and 5", let)
	}
}

// The clock goes back an hour: the source is asked anew about what is open, and a change
// that a document has not taken is pushed within a minute.
func TestTheClockGoesBack(t *testing.T) {
	s, _ := open(t, admission(1, "s1"))
	back := start.Add(-time.Hour)
	l, asked := first[session.LookUp](s.Step(back, session.Woken{}))
	if !asked {
		t.Fatal("what was answered in an hour's time is believed for that hour")
	}
	if _, pushed := first[session.Push](s.Step(back, session.AccessFound{Question: l.Question, Access: roleOf(permission.ViewerRole)})); !pushed {
		t.Fatal("nothing is pushed")
	}
	s.Step(back, session.Pushed{Channel: "d"}) // it was not reached
	if _, pushed := first[session.Push](s.Step(back.Add(-time.Hour), session.Woken{})); !pushed {
		t.Error("it is pushed again in an hour's time")
	}
}
