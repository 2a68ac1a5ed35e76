package delivery

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"
)

var runs = flag.Int("delivery.runs", 400, "how many seeds the simulation has")

// world is one object with a Queue, what it has stored, and a backend that fails in every way.
type world struct {
	t    *testing.T
	seed int64
	r    *rand.Rand
	cfg  Config
	now  time.Time

	q      Queue
	stored Snapshot
	out    []Effect // of the event under way

	send *Send // under way
	bury *Bury
	ends time.Time // when the answer comes
	how  string

	version      uint64
	put          []string          // the ids of all events there were, by seq
	taken        map[string]string // id -> text, of those the receiver took
	order        []uint64
	dead         map[string]bool
	lost         int
	requests     int
	lastChanged  time.Time
	told         uint64
	down, poison bool
	bad          uint64 // the seq that is refused
	rows         int
	alarms       int
	alarm        time.Time
}

func (w *world) Emit(e Effect) { w.out = append(w.out, e) }

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d: %s", w.seed, fmt.Sprintf(format, args...))
}

func newWorld(t *testing.T, seed int64, cfg Config) *world {
	cfg.On = true
	w := &world{t: t, seed: seed, r: rand.New(rand.NewSource(seed)), cfg: cfg, now: time.Date(2026, 12, 2, 6, 0, 0, 0, time.UTC), taken: map[string]string{}, dead: map[string]bool{}}
	w.boot()
	return w
}

// boot makes the Queue from what is stored, as after a crash.
func (w *world) boot() {
	w.send, w.bury = nil, nil
	w.q = Restore(w.cfg, w, Snapshot{State: w.stored.State, Events: slices.Clone(w.stored.Events)}, w.r.Uint64())
	w.q.Restored(w.version, "g")
}

// step runs one event whole: what it stores is stored, and then what leaves leaves.
func (w *world) step(f func()) {
	w.out = nil
	f()
	w.q.Settle(w.now)
	for _, e := range w.out {
		switch e := e.(type) {
		case Save:
			w.stored.State = e.State
			w.rows++
		case Put:
			w.rows++
			w.stored.Events = append(w.stored.Events, e.Event)
			for uint64(len(w.put)) < e.Event.Seq {
				w.put = append(w.put, "")
			}
			w.put[e.Event.Seq-1] = string(e.Event.Data)
		case Drop:
			n := len(w.stored.Events)
			w.stored.Events = slices.DeleteFunc(w.stored.Events, func(s Event) bool { return s.Seq <= e.UpTo })
			w.rows += n - len(w.stored.Events)
		case Lose:
			w.lost++
		case Send:
			if w.send != nil || w.bury != nil {
				w.fail("a second request while one is under way")
			}
			w.sends(e)
		case Bury:
			if w.send != nil || w.bury != nil {
				w.fail("a burial while something is under way")
			}
			w.bury, w.ends, w.how = &e, w.now.Add(w.r63(time.Second)), "took"
			if w.r.Intn(4) == 0 {
				w.how = "lost"
			}
		}
	}
	at, ok := w.q.Deadline()
	if !ok {
		w.alarm = time.Time{}
	} else if w.alarm.IsZero() || at.Before(w.alarm) {
		w.alarm = at
		w.alarms++
	}
}

func (w *world) r63(d time.Duration) time.Duration { return time.Duration(w.r.Int63n(int64(d))) }

func (w *world) sends(e Send) {
	w.requests++
	if len(e.Events) == 0 || len(e.Events) > Batch {
		w.fail("a request of %d events", len(e.Events))
	}
	for i := range e.Events {
		if i > 0 && e.Events[i].Seq <= e.Events[i-1].Seq {
			w.fail("out of order: %d after %d", e.Events[i].Seq, e.Events[i-1].Seq)
		}
	}
	w.send, w.ends, w.how = &e, w.now.Add(w.r63(2*time.Second)), "took"
	refused := w.poison && slices.ContainsFunc(e.Events, func(e Event) bool { return e.Seq == w.bad })
	switch {
	case w.down || refused || w.r.Intn(12) == 0:
		w.how = "refused"
	case w.r.Intn(12) == 0:
		w.how = "took, and said no" // an answer that was lost
	case w.r.Intn(20) == 0:
		w.how = "took, and no answer ever"
	}
	if w.how == "took" || w.how[:4] == "took" {
		w.takes(e)
	}
}

// takes is the receiver: it sees each event once at least, in order.
func (w *world) takes(e Send) {
	for _, ev := range e.Events {
		id := fmt.Sprintf("%s-%d", e.Stream, ev.Seq)
		text := ev.Type + string(ev.Data)
		if before, seen := w.taken[id]; seen {
			if before != text {
				w.fail("%s was %s, and is %s", id, before, text)
			}
			continue
		}
		w.taken[id] = text
		if n := len(w.order); n > 0 && w.order[n-1] >= ev.Seq {
			w.fail("%d came after %d", ev.Seq, w.order[n-1])
		}
		w.order = append(w.order, ev.Seq)
		if ev.Type == DocumentChanged {
			var said struct {
				Version uint64 `json:"document_version"`
			}
			if err := json.Unmarshal(ev.Data, &said); err != nil || said.Version < w.told {
				w.fail("%s after version %d (%v)", ev.Data, w.told, err)
			}
			w.told = said.Version
		}
	}
}

// answer brings the answer that is due.
func (w *world) answer() {
	switch {
	case w.send != nil:
		e := Sent{Number: w.send.Number}
		if w.how == "refused" || w.how == "took, and said no" {
			e.Reason = "status_500"
		}
		w.send = nil
		w.step(func() { w.q.Sent(w.now, e) })
	case w.bury != nil:
		e := w.bury
		w.bury = nil
		if w.how == "took" {
			for _, ev := range e.Events {
				w.dead[fmt.Sprintf("%s-%d", e.Stream, ev.Seq)] = true
			}
		}
		w.step(func() { w.q.Buried(w.now, Buried{Number: e.Number, OK: w.how == "took"}) })
	}
}

// run lets time pass until then: answers and the alarm come as they are due.
func (w *world) run(until time.Time) {
	for n := 0; ; n++ {
		next, what := until, 0
		if (w.send != nil || w.bury != nil) && w.how != "took, and no answer ever" && w.ends.Before(next) {
			next, what = w.ends, 1
		}
		if !w.alarm.IsZero() && w.alarm.Before(next) {
			next, what = w.alarm, 2
		}
		if n > 100_000 {
			w.fail("it never rests")
		}
		if next.After(w.now) {
			w.now = next
		}
		switch what {
		case 0:
			return
		case 1:
			w.answer()
		case 2:
			w.alarm = time.Time{}
			if w.how == "took, and no answer ever" && w.send != nil && !w.now.Before(w.ends.Add(w.cfg.Timeout)) {
				w.send = nil
			}
			if w.r.Intn(40) == 0 {
				w.boot()
			}
			w.step(func() {})
		}
	}
}

// At least once and in order: whatever the receiver does, and whenever the object crashes,
// each event is taken or a dead letter, and the newest version is told.
//
// Holds: "events reach the backend at least once, in order, or become dead letters"
func TestSim(t *testing.T) {
	t.Parallel()
	for seed := int64(1); seed <= int64(*runs); seed++ {
		cfg := Config{Every: []time.Duration{50 * time.Millisecond, time.Second, 5 * time.Second, time.Minute}[seed%4], Timeout: 10 * time.Second}.WithDefaults()
		if seed%3 == 0 {
			cfg.Tries, cfg.MaxPending = 4, 30
		}
		w := newWorld(t, seed, cfg)
		w.poison, w.bad = seed%5 == 0, uint64(w.r.Intn(60))
		for range 80 {
			switch w.r.Intn(10) {
			case 0:
				w.down = !w.down
			case 1:
				w.boot()
				w.alarm = time.Time{} // and the step sets it again
				w.step(func() {})
			case 2, 3, 4:
				for range 1 + w.r.Intn(20) {
					w.version++
					w.step(func() { w.q.Changed(w.now, w.version, "g") })
				}
			default:
				for range 1 + w.r.Intn(4) {
					w.step(func() { w.q.Put(w.now, DocumentJoined, fmt.Appendf(nil, `{"n":%d}`, w.r.Int63())) })
				}
			}
			w.run(w.now.Add(w.r63([]time.Duration{time.Second, 10 * time.Second, 2 * time.Hour}[w.r.Intn(3)])))
		}
		w.down, w.poison = false, false
		w.run(w.now.Add(100 * time.Hour))
		if n := w.q.Pending(); n > 0 || w.send != nil || len(w.stored.Events) > 0 || w.stored.State.Changed > 0 {
			w.fail("%d still wait (%+v)", n, w.stored.State)
		}
		if !w.alarm.IsZero() {
			w.fail("idle, and an alarm at %s", w.alarm)
		}
		for i, data := range w.put {
			id := fmt.Sprintf("%s-%d", w.stored.State.Stream, i+1)
			if data != "" && w.taken[id] == "" && !w.dead[id] {
				w.fail("%s was never taken, and is no dead letter", id)
			}
		}
		if w.version != w.told && w.version != w.stored.State.Told {
			w.fail("version %d, told %d", w.version, w.told)
		}
		missing := 0
		for seq := uint64(1); seq <= w.stored.State.Seq; seq++ {
			if id := fmt.Sprintf("%s-%d", w.stored.State.Stream, seq); w.taken[id] == "" && !w.dead[id] {
				missing++
			}
		}
		if uint64(w.lost) != w.stored.State.Lost || missing != w.lost {
			w.fail("%d were lost, %d say so, and %d are missing", w.lost, w.stored.State.Lost, missing)
		}
	}
}
