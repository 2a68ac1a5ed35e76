package session_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// FuzzRestore makes rows no session made: an error, or a session that steps, and
// whose own snapshot restores.
func FuzzRestore(f *testing.F) {
	f.Add([]byte{1, 1, 0, 1, 1, 0, 0, 1, 1, 1})
	f.Add([]byte{1, 1, 3, 2, 2, 1, 2, 3, 4, 0, 0, 1, 0, 2, 1, 4, 31, 1, 1, 0, 2, 2, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		pick := (&script{data}).pick
		when := func() time.Time {
			return []time.Time{{}, start, start.Add(-time.Hour), start.Add(time.Hour), time.Unix(1<<40, 0), time.Unix(-1<<40, 0)}[pick(6)]
		}
		documents := []string{"", "a", "b", "c"}
		snap := session.Snapshot{Session: session.SessionRow{
			UserID: []string{"", "ann"}[pick(2)], ID: []string{"", "x"}[pick(2)], StartedAt: when(),
			Epoch: []uint64{0, 1, 7, 1<<64 - 1}[pick(4)], RevokedBefore: when(),
		}}
		for range pick(4) {
			snap.Channels = append(snap.Channels, session.ChannelRow{
				Channel: documents[pick(4)], ClientID: documents[pick(4)], Until: when(), AdmittedAt: when(),
				Pending: session.Pending{Unpushed: uint64(pick(2)), Fence: uint64(pick(3)), Stale: pick(3) == 1, Kick: uint64(pick(3)), NextPush: when(), Pushes: pick(3)},
			})
		}
		for range pick(4) {
			snap.Access = append(snap.Access, session.AccessRow{
				Document: documents[pick(4)], FetchedAt: when(), Permissions: permission.Set(pick(256)), Found: pick(2) == 1, Locked: pick(2) == 1,
			})
		}
		s, err := session.Restore(session.Config{MaxAccess: 2}, snap)
		if err != nil {
			return
		}
		now := start
		for i, ev := range []session.Event{
			session.Woken{}, admission(1, "n1"), session.AccessFound{Question: session.Question{Ask: 1}, Access: member},
			session.ChannelGone{Channel: "a", SessionID: "x"}, admission(2, ""), session.AccessFailed{Question: session.Question{Ask: 2}},
			session.ChannelGone{Channel: "d", SessionID: snap.Session.ID}, session.Woken{},
			session.Revoke{Ask: 3, UserID: "ann", All: true}, session.AccessChanged{Ask: 4}, session.Kick{Ask: 5}, session.Ended{Channel: "a", OK: true, Gone: true},
		} {
			for _, e := range s.Step(now, ev) {
				if e == nil {
					t.Fatal("a nil effect")
				}
				if a, ok := e.(session.Answer); ok && a.Err == nil && (a.Grant.UserID != "ann" || a.Grant.SessionID == "") {
					t.Fatalf("event %d granted %+v", i, a.Grant)
				}
			}
			s.Deadline()
			if s, err = session.Restore(session.Config{MaxAccess: 2}, s.Snapshot()); err != nil {
				t.Fatalf("after event %d its own snapshot does not restore: %v", i, err)
			}
			now = now.Add(20 * time.Minute)
		}
	})
}
