package session_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// script reads decisions from bytes; behind their end every one is 0.
type script struct{ data []byte }

func (s *script) pick(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b) % n
}

// delegated is the client of a program.
const delegated = "delegate:00000000000000d1"

// FuzzStep plays any script. After each step: every question is answered at
// most once, a session is alive exactly while it has channels, the epoch never
// falls, what is stored is what is, and a session restored from its snapshot
// does the same.
func FuzzStep(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 3, 0, 2})
	seed := make([]byte, 400)
	for i := range seed {
		seed[i] = byte(i*i*5 + i>>2)
	}
	f.Add(seed)
	f.Fuzz(play)
}

// TestScripts plays random scripts, one of each seed.
func TestScripts(t *testing.T) {
	random.Each(t, 300, 100, func(seed uint64) {
		data := make([]byte, 600)
		for i, rng := 0, random.Of(seed, 1); i < len(data); i++ {
			data[i] = byte(rng.IntN(256))
		}
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { play(t, data) })
	})
}

func play(t *testing.T, data []byte) {
	decisions := &script{data}
	pick := decisions.pick
	pauses := []time.Duration{0, time.Millisecond, 5 * time.Second, time.Minute, 5 * time.Minute, time.Hour, -time.Minute}
	docs := []string{"a", "b", "c"}
	roles := []permission.WorkspaceRole{"", permission.ViewerRole, permission.MemberRole, permission.Owner, "nonsense"}
	cfg := session.Config{MaxAccess: 2, MaxRevoked: 2, Connects: rate.Limit{Count: 1 << 30}, Resumes: rate.Limit{Count: 1 << 30}}
	s, store, now := session.New(cfg), sim.NewSessionStorage(), start
	ask, own, epoch, waiting := uint64(0), uint64(0), uint64(0), map[uint64]bool{}
	asked := func() session.Question { // one of the newest
		if pick(2) == 0 {
			return session.Question{Ask: ask - uint64(pick(3))}
		}
		return session.Question{Own: own - uint64(pick(3))}
	}
	tokens := []string{"", "t1", "t2", "t3"}
	var before time.Time
	revoked := map[string]bool{}
	erased := false // and nobody has come back
	lookers := map[uint64]bool{}
	for n := 0; len(decisions.data) > 0 && n < 200; n++ {
		now = now.Add(pauses[pick(len(pauses))])
		var ev session.Event
		switch pick(9) {
		case 8: // whose object it is is erased, and who waits is answered by the shell
			left := s.Snapshot().Remains(now)
			store = sim.NewSessionStorage()
			store.Row, before, epoch, erased = left, left.RevokedBefore, left.Epoch, true
			clear(waiting)
			clear(revoked)
			var err error
			if s, err = session.Restore(cfg, store.Snapshot()); err != nil {
				t.Fatal(err)
			}
			continue
		case 0, 1:
			ask++
			waiting[ask] = true
			ev = session.Admit{
				Ask: ask, Channel: docs[pick(3)], ClientID: []string{"a", "b", delegated}[pick(3)], GoneAt: []time.Time{{}, now.Add(-pauses[pick(len(pauses))])}[pick(2)], Refresh: pick(4) == 3,
				Claims:       session.Claims{UserID: []string{"ann", "ann", "ann", "eve", ""}[pick(5)], TokenID: tokens[pick(4)], IssuedAt: now.Add(-pauses[pick(len(pauses))]), Expires: now.Add([]time.Duration{0, time.Millisecond, 5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Hour, -time.Minute}[pick(7)])},
				NewSessionID: []string{"x", "y", ""}[pick(3)], Look: pick(8) == 7,
			}
		case 2:
			ev = session.AccessFound{Question: asked(), Access: session.Access{
				Found: pick(4) != 3, Locked: pick(2) == 1,
				Source: permission.Source{Workspace: roles[pick(len(roles))], Restricted: pick(4) == 3},
			}}
		case 3:
			if pick(2) == 0 {
				ev = session.AccessFailed{Question: asked()}
			} else {
				ev = session.ChannelGone{Channel: docs[pick(3)], SessionID: []string{"x", "y", ""}[pick(3)], AdmittedAt: now.Add(-pauses[pick(len(pauses))])}
			}
		case 4:
			ask++
			waiting[ask] = true
			switch pick(3) {
			case 0:
				ev = session.AccessChanged{Ask: ask, Document: []string{"", "a"}[pick(2)], WorkspaceID: []string{"", "ws"}[pick(2)]}
			case 1:
				ev = session.Revoke{Ask: ask, UserID: "ann", TokenID: tokens[pick(4)], Before: []time.Time{{}, now.Add(-pauses[pick(len(pauses))])}[pick(2)], All: pick(2) == 1}
			default:
				ev = session.Kick{Ask: ask, UserID: "ann", Channel: []string{"", "a"}[pick(2)]}
			}
		case 5:
			ev = session.Ended{Channel: docs[pick(3)], Fence: epoch - uint64(pick(2)), OK: pick(4) != 3, Closed: pick(2) == 1, Gone: pick(2) == 1, AdmittedAt: now.Add(-pauses[pick(len(pauses))]), Clients: [][]string{nil, {"a"}, {"b", delegated}}[pick(3)]}
		case 6:
			ev = session.Pushed{Channel: docs[pick(3)], Epoch: epoch - uint64(pick(2)), OK: pick(4) != 3}
		default:
			ev = session.Woken{}
		}
		if a, ok := ev.(session.Admit); ok && a.Look {
			lookers[a.Ask] = true
		}
		twin, err := session.Restore(cfg, s.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		got := s.Step(now, ev)
		switch ev.(type) {
		case session.AccessFound, session.AccessFailed, session.AccessChanged, session.Pushed, session.Ended, session.ChannelGone: // a twin was not asked
		default:
			if erased {
				break // in a shell its name is the object's
			}
			if want := twin.Step(now, ev); len(got)+len(want) > 0 && !reflect.DeepEqual(timeless(got), timeless(want)) {
				t.Fatalf("%+v: restored it does otherwise:\n%+v\n%+v", ev, got, want)
			}
		}
		for _, e := range got {
			store.Apply(e)
			switch e := e.(type) {
			case session.LookUp:
				if e.Own > 0 {
					own = e.Own
				}
			case session.SaveSession:
				before = e.Row.RevokedBefore
			case session.SaveRevoked:
				revoked[e.Row.TokenID] = true
			case session.DeleteRevoked:
				delete(revoked, e.TokenID)
			case session.Receipt:
				if !waiting[e.Ask] {
					t.Fatalf("receipt for %d, which nobody asked for", e.Ask)
				}
				delete(waiting, e.Ask)
			}
			if a, ok := e.(session.Answer); ok {
				if !waiting[a.Ask] {
					t.Fatalf("answer to %d, which nobody asked", a.Ask)
				}
				delete(waiting, a.Ask)
				if a.Err == nil && (!a.Grant.Permissions.Has(permission.Read) || a.Grant.SessionID == "" && !lookers[a.Ask] || a.Grant.UserID != "ann" && a.Grant.UserID != "eve") {
					t.Fatalf("granted %+v", a.Grant)
				}
				if a.Err == nil && !lookers[a.Ask] && (revoked[a.Grant.TokenID] || !before.IsZero() && !a.Grant.IssuedAt.After(before)) {
					t.Fatalf("granted by a revoked token: %+v", a.Grant)
				}
			}
		}
		snap := s.Snapshot()
		if erased = erased && snap.Session.ID == ""; erased {
			if text := fmt.Sprintf("%+v", *store); strings.Contains(text, "ann") && strings.Contains(text, "UserID:ann") || len(store.Access) > 0 || len(store.Channels) > 0 {
				t.Fatalf("%+v: erased, and stored is %s", ev, text)
			}
		}
		store.UserID = snap.Session.UserID
		if (snap.Session.ID == "") != (len(snap.Channels) == 0) {
			t.Fatalf("session %q with %d channels", snap.Session.ID, len(snap.Channels))
		}
		if snap.Session.Epoch < epoch || len(snap.Access) > 2+len(snap.Channels) {
			t.Fatalf("epoch %d after %d, %d answers", snap.Session.Epoch, epoch, len(snap.Access))
		}
		for _, c := range snap.Channels {
			if !slices.ContainsFunc(snap.Access, func(a session.AccessRow) bool { return a.Document == c.Channel }) {
				t.Fatalf("%s is open, and nothing says when the source is asked about it anew", c.Channel)
			}
		}
		epoch = snap.Session.Epoch
		stored, err := session.Restore(cfg, store.Snapshot())
		if err != nil {
			t.Fatalf("what was stored does not restore: %v", err)
		}
		if kept := stored.Snapshot(); !alike(kept, snap) {
			t.Fatalf("after %+v stored\n%+v\nis\n%+v", ev, kept, snap)
		}
	}
}

func alike(a, b session.Snapshot) bool {
	return a.Session == b.Session && len(a.Revoked) == len(b.Revoked) && len(a.Channels) == len(b.Channels) && len(a.Access) == len(b.Access) &&
		(len(a.Channels) == 0 || reflect.DeepEqual(a.Channels, b.Channels)) && (len(a.Access) == 0 || reflect.DeepEqual(a.Access, b.Access))
}

// timeless leaves out the admissions' own times: a restored session does not
// remember those of channels that are gone, and only a clock that stands still
// shows it.
func timeless(effects []session.Effect) []session.Effect {
	var out []session.Effect
	for _, e := range effects {
		switch x := e.(type) {
		case session.Answer:
			x.Grant.AdmittedAt = time.Time{}
			e = x
		case session.SaveChannel:
			x.Row.AdmittedAt = time.Time{}
			e = x
		case session.LookUp:
			x.Own = 0 // nor the numbers of its own questions
			e = x
		case session.Receipt, session.EndChannel:
			continue // nor who waits, and which admission was the newest
		}
		out = append(out, e)
	}
	return out
}
