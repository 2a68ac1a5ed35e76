package session_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// TestASessionBeginsInItsChannelsRow: of a user who is listed, no row is written that a session has begun but
// its channel's, and an object that boots from what is stored has the same session. Where a channel's row is one
// of before, the session is that of the session's row.
func TestASessionBeginsInItsChannelsRow(t *testing.T) {
	m := &many{t: t, s: session.New(session.Config{}), now: start}
	stored := sim.NewSessionStorage()
	stored.UserID, stored.Lists = "ann", true
	saves, of := 0, map[audit.Event]string{}
	step := func(ev session.Event) (id string) {
		effects := append([]session.Effect(nil), m.s.Step(m.now, ev)...)
		for i := 0; i < len(effects); i++ {
			stored.Apply(effects[i])
			switch e := effects[i].(type) {
			case session.LookUp:
				effects = append(effects, m.s.Step(m.now, session.AccessFound{Question: e.Question, Access: member})...)
			case session.SaveSession:
				saves++
			case session.Answer:
				id = e.Grant.SessionID
			case session.Record:
				of[e.Entry.Event] = e.SessionID
			}
		}
		return id
	}
	visit := func(id string) {
		t.Helper()
		m.now = m.now.Add(time.Minute)
		m.asks++
		a := admission(m.asks, "s1")
		a.NewSessionID, a.Claims.IssuedAt, a.Claims.Expires = id, m.now, m.now.Add(time.Hour)
		if got := step(a); got != id {
			t.Fatalf("the session is %q, want %q", got, id)
		}
		if of[audit.SessionStarted] != id || of[audit.Admitted] != id {
			t.Fatalf("session %s began in lines of %v", id, of)
		}
		began := m.now
		for range 2 {
			again, err := session.Restore(session.Config{}, stored.Snapshot())
			if err != nil {
				t.Fatal(err)
			}
			if s := again.Snapshot().Session; again.Snapshot().Session.ID != id || !s.StartedAt.Equal(began) {
				t.Fatalf("restored, the session is %q of %s, want %q of %s", again.Snapshot().Session.ID, s.StartedAt, id, began)
			}
			m.s = again
		}
		step(session.ChannelGone{Channel: a.Channel, ClientID: a.ClientID, SessionID: id})
		if m.s.Snapshot().Session.ID != "" {
			t.Fatal("the session outlived its last channel")
		}
		if of[audit.ChannelGone] != id || of[audit.SessionEnded] != id {
			t.Fatalf("session %s ended in lines of %v", id, of)
		}
		again, err := session.Restore(session.Config{}, stored.Snapshot())
		if err != nil || again.Snapshot().Session.ID != "" {
			t.Fatalf("restored, there is a session %q: %v", again.Snapshot().Session.ID, err)
		}
		m.s = again
	}
	visit("first")
	if saves != 1 {
		t.Fatalf("the session's row was stored %d times", saves)
	}
	visit("second")
	visit("third")
	if saves != 1 || stored.Row.ID != "first" {
		t.Errorf("the session's row was stored %d times, and is %+v", saves, stored.Row)
	}

	m.asks++
	a := admission(m.asks, "s1")
	a.NewSessionID, a.Claims.IssuedAt, a.Claims.Expires = "fourth", m.now, m.now.Add(time.Hour)
	step(a)
	for name, row := range stored.Channels {
		row.SessionID, row.StartedAt = "", time.Time{}
		stored.Channels[name] = row
	}
	if old, err := session.Restore(session.Config{}, stored.Snapshot()); err != nil || old.Snapshot().Session.ID != "first" {
		t.Errorf("a channel's row of before is of %q, want that of the session's row: %v", old.Snapshot().Session.ID, err)
	}
}
