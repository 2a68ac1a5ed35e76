package session_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// Each test here and in spec_admission_test.go proves what is quoted above it from
// the two seeds; ../SEEDS.md lists all of their sentences.

// ask admits once, answering the permission source as given; it returns the
// answer and whether the source was asked.
func ask(t *testing.T, s *session.Session, now time.Time, a session.Admit, access session.Access) (session.Answer, bool) {
	t.Helper()
	effects := append([]session.Effect(nil), s.Step(now, a)...)
	asked := false
	for _, e := range effects {
		if _, ok := e.(session.LookUp); ok {
			asked = true
			effects = s.Step(now, session.AccessFound{Question: session.Question{Ask: a.Ask}, Access: access})
		}
	}
	for _, e := range effects {
		if answer, ok := e.(session.Answer); ok {
			return answer, asked
		}
	}
	t.Fatal("no answer")
	return session.Answer{}, false
}

func admission(n uint64, id string) session.Admit {
	return session.Admit{
		Ask: n, Channel: "d", ClientID: "c", NewSessionID: id,
		Claims: session.Claims{UserID: "ann", Expires: start.Add(time.Hour)},
	}
}

var member = session.Access{Found: true, WorkspaceID: "ws", Source: permission.Source{Workspace: permission.MemberRole}}

// S2: "WS->>Cache: Check cached permissions", "WS->>Cache: Store in cache (5 min TTL)",
// "Permissions are cached for performance", "Cache TTL | 5 minutes" and
// "Cache hit latency | <1ms": who is in the cache is answered in the same step.
func TestSpecCache(t *testing.T) {
	s := session.New(session.Config{})
	for i, tt := range []struct {
		at    time.Duration
		asked bool
	}{{0, true}, {5*time.Minute - time.Millisecond, false}, {5 * time.Minute, true}, {6 * time.Minute, false}} {
		if _, asked := ask(t, s, start.Add(tt.at), admission(uint64(i), "s1"), member); asked != tt.asked {
			t.Errorf("at %v the source was asked: %v", tt.at, asked)
		}
	}
}

// S2: "`INSUFFICIENT_PERMISSIONS` | 403 | User lacks document access | Check permissions",
// "`DOCUMENT_NOT_FOUND` | 404 | Document doesn't exist | Verify document ID" and
// "WS->>WS: Verify document permissions".
func TestSpecRefusals(t *testing.T) {
	for _, tt := range []struct {
		access session.Access
		want   protocol.Code
	}{
		{session.Access{Found: true}, protocol.InsufficientPermissions},
		{session.Access{}, protocol.DocumentNotFound},
		{session.Access{Source: member.Source}, protocol.DocumentNotFound},
	} {
		s := session.New(session.Config{})
		answer, _ := ask(t, s, start, admission(1, "s1"), tt.access)
		if answer.Err == nil || answer.Err.Code != tt.want {
			t.Errorf("answered %+v, want %s", answer, tt.want)
		}
		if snap := s.Snapshot(); snap.Session.ID != "" || len(snap.Channels) != 0 {
			t.Errorf("a refusal left %+v", snap)
		}
	}
}

// S1: "Each UserSession is keyed by email", "No cross-user data access" and "Sessions
// are completely isolated". (The key is user_id, else the e-mail.)
func TestSpecUserIsolation(t *testing.T) {
	s := session.New(session.Config{})
	ask(t, s, start, admission(1, "s1"), member)
	eve := admission(2, "s2")
	eve.Claims.UserID = "eve"
	if answer, asked := ask(t, s, start, eve, member); answer.Err == nil || asked {
		t.Errorf("eve got %+v of ann's session", answer)
	}
}

// S1: "UserSession is retrieved from SessionStorage" and "New UserSession is created":
// the one within the grace period, the other after it.
func TestSpecSessionID(t *testing.T) {
	s := session.New(session.Config{})
	first, _ := ask(t, s, start, admission(1, "s1"), member)
	again, _ := ask(t, s, start.Add(20*time.Second), admission(2, "s2"), member)
	if first.Grant.SessionID != "s1" || again.Grant.SessionID != "s1" {
		t.Errorf("sessions %q, %q", first.Grant.SessionID, again.Grant.SessionID)
	}
	s.Step(start.Add(time.Minute), session.ChannelGone{Channel: "d", SessionID: "s1", AdmittedAt: again.Grant.AdmittedAt})
	if later, _ := ask(t, s, start.Add(time.Minute), admission(3, "s3"), member); later.Grant.SessionID != "s3" {
		t.Errorf("after grace: %q", later.Grant.SessionID)
	}
}

// TestRefreshMakesNoChannel: a token that was being verified while its channel
// went away does not begin a session nobody is in.
func TestRefreshMakesNoChannel(t *testing.T) {
	s := session.New(session.Config{})
	first, _ := ask(t, s, start, admission(1, "s1"), member)
	s.Step(start, session.ChannelGone{Channel: "d", SessionID: "s1", AdmittedAt: first.Grant.AdmittedAt})
	refresh := admission(2, "s2")
	refresh.Refresh = true
	answer, _ := ask(t, s, start, refresh, member)
	if answer.Err == nil || answer.Err.Code != protocol.ServiceUnavailable {
		t.Errorf("answered %+v", answer)
	}
	if snap := s.Snapshot(); snap.Session.ID != "" {
		t.Errorf("session %q", snap.Session.ID)
	}
}

// TestRefreshIsNoAdmission: the document's word on the channel it was admitted
// for still counts after a refresh it never learnt of.
func TestRefreshIsNoAdmission(t *testing.T) {
	s := session.New(session.Config{})
	first, _ := ask(t, s, start, admission(1, "s1"), member)
	refresh := admission(2, "s2")
	refresh.Refresh = true
	ask(t, s, start.Add(time.Second), refresh, member)
	s.Step(start.Add(time.Minute), session.ChannelGone{Channel: "d", SessionID: "s1", AdmittedAt: first.Grant.AdmittedAt})
	if snap := s.Snapshot(); snap.Session.ID != "" {
		t.Errorf("still in session %q", snap.Session.ID)
	}
}

// The end of a session is stored by that of its last channel alone.
func TestASessionWithoutChannelsIsOver(t *testing.T) {
	s, err := session.Restore(session.Config{}, session.Snapshot{Session: session.SessionRow{UserID: "ann", ID: "s1", StartedAt: start, Epoch: 3}})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Snapshot().Session; got != (session.SessionRow{UserID: "ann", Epoch: 3}) {
		t.Errorf("%+v", got)
	}
}

func TestRestoreRefuses(t *testing.T) {
	row := session.SessionRow{UserID: "ann", ID: "s1", Epoch: 1}
	channel := session.ChannelRow{Channel: "d"}
	for name, snap := range map[string]session.Snapshot{
		"channels without a session": {Session: session.SessionRow{UserID: "ann"}, Channels: []session.ChannelRow{channel}},
		"one channel twice":          {Session: row, Channels: []session.ChannelRow{channel, channel}},
		"one answer twice":           {Session: session.SessionRow{UserID: "ann"}, Access: []session.AccessRow{{Document: "d"}, {Document: "d"}}},
		"a session of nobody":        {Session: session.SessionRow{ID: "s1"}, Channels: []session.ChannelRow{channel}},
	} {
		if _, err := session.Restore(session.Config{}, snap); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}
