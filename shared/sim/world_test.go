package sim_test

import (
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// violation is a broken invariant. It unwinds the run by panic: the world is
// deep in calls when it finds one.
type violation struct{ error }

// world is everything outside the cores: time, the network, the front Worker,
// the permission source, both kinds of shell, and the clients.
type world struct {
	clock.Clock
	rng    random.Random
	quiet  bool // the faults are over
	log    bool
	counts counts

	hibernate float64 // chance of an eviction after an event
	lateAlarm float64
	crash     float64       // chance of a trap, and of a crash, in an event
	ttl       time.Duration // of tokens
	sesCfg    session.Config
	docCfg    document.Config

	docs        []*docObject
	users       []*user
	connections map[document.ConnID]*connection
	connNo      int
	askNo       uint64
	waiting     map[uint64]func(session.Answer)
	waits       map[uint64]*user // whose object is asked
	servers     []*server
	ids         int
	clients     int
	made        uint64                       // entries
	source      map[string]permission.Source // by user
	down        bool                         // the permission source does not answer
	delegates   bool                         // users have programs that act for them
}

func newWorld(seed uint64, log bool) *world {
	w := &world{
		Clock: clock.New(), rng: random.Of(seed, 0x686f6c6466617374), log: log,
		connections: map[document.ConnID]*connection{}, waiting: map[uint64]func(session.Answer){}, waits: map[uint64]*user{}, source: map[string]permission.Source{},
	}
	w.hibernate = []float64{0, 0.1, 1}[w.rng.IntN(3)]
	w.lateAlarm = []float64{0, 0.3}[w.rng.IntN(2)]
	w.ttl = []time.Duration{50 * time.Second, 2 * time.Minute, 15 * time.Minute}[w.rng.IntN(3)]
	w.sesCfg.PermissionTTL = []time.Duration{0, 20 * time.Second}[w.rng.IntN(2)]
	w.docCfg.Unacknowledged = 24 // a client here has 20 under way at most
	if w.rng.Chance(0.3) {
		w.docCfg.MaxReplay = 5
	}
	// With both so small there is not even room to refuse what is too much.
	switch small := w.rng.Float64(); {
	case small < 0.3:
		w.docCfg.Conn.WindowBytes = 1500
	case small < 0.6:
		w.docCfg.Conn.Flood.Frames = rate.Limit{Count: 6, Burst: 12}
		w.docCfg.Conn.Flood.MaxRefused = 40
	}
	if w.rng.Chance(0.3) {
		w.docCfg.History = rate.Limit{Count: 10 << 10, Burst: 20 << 10}
	}
	if w.rng.Chance(0.5) {
		w.docCfg.Presence = rate.Limit{Count: 1, Burst: 2}
	}
	if w.rng.Chance(0.6) {
		w.docCfg.KeepOps = 3
	}
	if seed%3 == 0 { // one reader is shown, and the others are counted
		w.docCfg.ShownReaders = 1
	}
	if w.rng.Chance(0.3) {
		w.docCfg.MaxComments, w.docCfg.UserComments, w.docCfg.MaxReplies = 2, 2, 10
		if w.docCfg.Conn.WindowBytes == 0 && w.rng.Chance(0.7) { // a small window has no room to refuse so much
			w.docCfg.LogBytes = 3000
		}
	}
	if w.rng.Chance(0.3) {
		w.docCfg.ReplacedBytes, w.docCfg.KeepReplaced = 4000, time.Minute
	}
	if w.rng.Chance(0.3) {
		w.docCfg.LogAge, w.docCfg.KeepReplaced = w.rng.Between(time.Second, time.Minute), 20*time.Second
	}
	w.docCfg.PerUser = []int{1, 1, 2, 3}[w.rng.IntN(4)]
	w.docCfg.DelegatesPerUser = 2
	w.delegates = w.rng.Chance(0.4)
	w.docCfg.SnapshotConfirm = []time.Duration{3 * time.Second, 20 * time.Second}[w.rng.IntN(2)]
	w.crash = []float64{0, 0.003}[w.rng.IntN(2)]
	w.docCfg = w.docCfg.WithDefaults()
	w.sesCfg = w.sesCfg.WithDefaults()
	documents := 1 + w.rng.IntN(2)
	if w.rng.Chance(0.15) { // many documents, and just enough connects to open them
		documents = 8
		w.sesCfg.Connects = rate.Limit{Count: 30, Per: time.Minute, Burst: 2 * documents}
	}
	for i := range documents {
		w.docs = append(w.docs, newDocObject(w, fmt.Sprintf("doc%d", i)))
	}
	for i := range 2 + w.rng.IntN(2) {
		w.users = append(w.users, newUser(w, fmt.Sprintf("user%d", i)))
	}
	return w
}

func (w *world) fail(format string, args ...any) {
	panic(violation{fmt.Errorf("at %v: "+format, append([]any{w.Since()}, args...)...)})
}

func (w *world) note(format string, args ...any) {
	if w.log {
		fmt.Printf("%12v  %s\n", w.Since(), fmt.Sprintf(format, args...))
	}
}

// run is the time of faults.
func (w *world) run() {
	end := w.Now.Add(w.rng.Between(30*time.Second, 3*time.Minute))
	for _, u := range w.users {
		for _, c := range u.clients {
			w.After(w.rng.Between(0, 5*time.Second), c.dial)
			w.After(w.rng.Between(0, 5*time.Second), c.act)
		}
	}
	if w.rng.Chance(0.3) {
		w.After(w.rng.Between(10*time.Second, 2*time.Minute), func() {
			w.down = !w.quiet
			w.After(w.rng.Between(time.Second, time.Minute), func() { w.down = false })
		})
	}
	if w.rng.Chance(0.3) { // somebody's role changes at the source, and back
		u := w.users[w.rng.IntN(len(w.users))]
		notified := w.rng.Chance(0.6) // by whoever changes it; else the cache finds out
		w.After(w.rng.Between(10*time.Second, 3*time.Minute), func() {
			u.changeRole(permission.Source{Workspace: []permission.WorkspaceRole{permission.ViewerRole, ""}[w.rng.IntN(2)]}, notified)
			w.After(w.rng.Between(time.Second, 2*time.Minute), func() { u.changeRole(u.role, notified) })
		})
	}
	if w.rng.Chance(0.3) {
		u := w.users[w.rng.IntN(len(w.users))]
		for range 1 + w.rng.IntN(3) {
			w.After(w.rng.Between(10*time.Second, 2*time.Minute), u.dropAll)
		}
	}
	if w.rng.Chance(0.4) { // documents are made private, opened, deleted and made again
		for range 1 + w.rng.IntN(6) {
			d := w.docs[w.rng.IntN(len(w.docs))]
			w.After(w.rng.Between(5*time.Second, 3*time.Minute), d.changeSource)
		}
	}
	if w.rng.Chance(0.3) { // operators are at work
		for range 1 + w.rng.IntN(12) {
			w.After(w.rng.Between(5*time.Second, 2*time.Minute), w.operate)
		}
	}
	if w.rng.Chance(0.4) { // servers post among them
		for range 1 + w.rng.IntN(2) {
			w.serve()
		}
	}
	w.rewinds()
	if w.rng.Chance(0.5) { // what was said is erased, and people
		for range 1 + w.rng.IntN(6) {
			w.After(w.rng.Between(5*time.Second, 2*time.Minute), w.eraseComment)
		}
		for range w.rng.IntN(3) {
			w.After(w.rng.Between(5*time.Second, 2*time.Minute), w.erasePerson)
		}
		if w.rng.Chance(0.2) { // or all documents of the workspace
			w.After(w.rng.Between(5*time.Second, 2*time.Minute), w.eraseWorkspace)
		}
	}
	w.RunUntil(end)
}

// settle ends the faults and checks that everything comes to rest: every op is
// acknowledged, every client has every entry, then everybody goes, and no row,
// session or alarm is left behind.
func (w *world) settle() {
	w.quiet, w.down = true, false
	w.erasuresEnd()
	for _, d := range w.docs {
		d.settleSource()
	}
	for _, u := range w.users {
		u.changeRole(u.role, true)
		for _, c := range u.clients {
			c.drop(0)
		}
	}
	w.RunUntil(w.Now.Add(2 * time.Minute))
	for _, u := range w.users {
		for _, c := range u.clients {
			c.final, c.wished = false, true
			c.dial()
			w.RunUntil(w.Now.Add(40 * time.Second))
			if c.delegation != nil && c.delegation.over {
				continue // its revocation was the last it heard
			}
			// A long log comes in small parts where both the window and the rate are small.
			for more := 0; more < 4 && c.received < c.doc.store.Version(); more++ {
				w.RunUntil(w.Now.Add(20 * time.Second))
			}
			c.finished()
			c.drop(0)
			w.RunUntil(w.Now.Add(5 * time.Second))
		}
	}
	w.RunUntil(w.Now.Add(10 * time.Minute))
	for _, d := range w.docs {
		d.finished()
	}
	for _, u := range w.users {
		if snap := u.ses.Snapshot(); snap.Session.ID != "" || len(snap.Channels) > 0 {
			w.fail("%s still has a session: %+v", u.id, snap)
		}
	}
}

// user is one user's session object.
type user struct {
	w       *world
	id      string
	ses     *session.Session
	store   *sim.SessionStorage
	alarm   time.Time
	clients []*client
	role    permission.Source // but for a while
	op      operator
	resumes map[string]int // by document and client
	erasure *erasure       // nil for one who is known
}

func newUser(w *world, id string) *user {
	u := &user{w: w, id: id, ses: session.New(w.sesCfg), store: sim.NewSessionStorage(), op: operator{asked: map[uint64]func(){}}, resumes: map[string]int{}}
	u.store.Lists = true
	roles := []permission.WorkspaceRole{permission.Owner, permission.MemberRole, permission.MemberRole, permission.ViewerRole}
	u.role = permission.Source{Workspace: roles[w.rng.IntN(len(roles))]}
	w.source[id], u.store.UserID = u.role, id
	for i := range 1 + w.rng.IntN(1+w.docCfg.PerUser) {
		for _, d := range w.docs {
			u.clients = append(u.clients, newClient(w, u, d, fmt.Sprintf("%s.%d", id, i)))
		}
	}
	if w.delegates {
		u.delegateTo(w.docs[0])
	}
	return u
}

func (u *user) step(ev session.Event) {
	w := u.w
	w.note("%s <- %+v", u.id, ev)
	for _, e := range u.ses.Step(w.Now, ev) {
		u.store.Apply(e)
		if r, ok := e.(session.Record); ok {
			u.leavesNoTrace(r)
		}
		switch e := e.(type) {
		case session.LookUp:
			u.lookUp(e)
		case session.Push:
			w.push(u, e)
		case session.EndChannel:
			w.endChannel(u, e)
		case session.Receipt:
			u.receipt(e)
		case session.Answer:
			if answer := w.waiting[e.Ask]; answer != nil {
				delete(w.waiting, e.Ask)
				delete(w.waits, e.Ask)
				w.After(0, func() { answer(e) })
			}
		}
	}
	u.leavesNoTrace(u.store)
	// An object that somebody waits for is not evicted; that it crashes all the same ends with the quiet.
	if len(w.waiting) == 0 && w.rng.Chance(w.hibernate) && !(w.quiet && len(u.op.asked) > 0) {
		ses, err := session.Restore(w.sesCfg, u.store.Snapshot())
		if err != nil {
			w.fail("%s does not restore: %v", u.id, err)
		}
		u.ses = ses
		u.erasure.unanswered()
	}
	if at, ok := u.ses.Deadline(); ok && !at.Equal(u.alarm) {
		u.alarm = at
		w.At(at, func() {
			if u.alarm.Equal(at) {
				u.alarm = time.Time{}
				u.step(session.Woken{})
				if next, ok := u.ses.Deadline(); ok && !next.After(w.Now) {
					w.fail("%s: woken at %v it is due again at %v", u.id, w.Now, next)
				}
			}
		})
	}
}

// lookUp asks the source, which reads its answer now or later. The answer to a question
// of the object's own means nothing to the next instance.
func (u *user) lookUp(e session.LookUp) {
	w, asker, access, early := u.w, u.ses, u.w.doc(e.Document).access(e.UserID), u.w.rng.Chance(0.5)
	w.After(w.rng.Between(0, 300*time.Millisecond), func() {
		if e.Own > 0 && u.ses != asker {
			return
		}
		if w.down {
			w.counts.SourceDown++
			u.step(session.AccessFailed{Question: e.Question})
			return
		}
		if !early {
			access = w.doc(e.Document).access(e.UserID)
		}
		u.step(session.AccessFound{Question: e.Question, Access: access})
	})
}

// changeRole changes what the permission source says of the user.
func (u *user) changeRole(source permission.Source, notified bool) {
	w := u.w
	if w.quiet && source != u.role || u.erasure != nil {
		return
	}
	w.source[u.id] = source
	u.op.version++
	if notified {
		u.notify()
	}
}

// push calls the document. The call may fail on the way there or on the way back.
func (w *world) push(u *user, e session.Push) {
	w.counts.Pushed++
	lostThere, lostBack := !w.quiet && w.rng.Chance(0.1), !w.quiet && w.rng.Chance(0.1)
	w.After(w.rng.Between(0, 200*time.Millisecond), func() {
		ok := false
		if !lostThere {
			ok = w.doc(e.Grant.Channel).pushed(docGrant(e.Grant), e.Reason)
		} else if w.rng.Chance(0.3) { // it arrives when nobody waits for it any more
			w.After(w.rng.Between(0, 6*time.Second), func() { w.doc(e.Grant.Channel).pushed(docGrant(e.Grant), e.Reason) })
		}
		w.After(w.rng.Between(0, 100*time.Millisecond), func() {
			u.step(session.Pushed{Channel: e.Grant.Channel, Epoch: e.Grant.Epoch, OK: ok && !lostBack})
		})
	})
}

func (w *world) doc(id string) *docObject {
	for _, d := range w.docs {
		if d.id == id {
			return d
		}
	}
	w.fail("no document %q", id)
	return nil
}

// admit asks for a grant, as the front Worker does, and hands on the answer.
func (u *user) admit(a session.Admit, answer func(session.Answer)) {
	w := u.w
	w.askNo++
	w.ids++
	a.Ask, a.NewSessionID = w.askNo, fmt.Sprintf("session%d", w.ids)
	w.waiting[a.Ask], w.waits[a.Ask] = u.mayResume(a, answer), u
	u.step(a)
}
