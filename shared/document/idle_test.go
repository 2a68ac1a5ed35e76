package document_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// Clients that ping and do nothing else cost a document no wake-up, however many they are: one look at
// them after the last of them came, or did anything, and then none.
//
// Holds: "an idle connection keeps no object in memory".
func TestWhatAnIdleDocumentCosts(t *testing.T) {
	for _, clients := range []int{1, 2, 50} {
		d := newDesk(t)
		for i := range clients {
			d.connect(document.ConnID(fmt.Sprint("c", i)), fmt.Sprint("user", i), "a")
		}
		// The runtime's record: each pings every 10 s, at its own second.
		record := func() (w document.Woken) {
			for i := range clients {
				since := d.now.Sub(start) - time.Duration(i%10)*time.Second
				w.Seen = append(w.Seen, document.Seen{Conn: document.ConnID(fmt.Sprint("c", i)), At: d.now.Add(-(since % (10 * time.Second)))})
			}
			return w
		}
		woken := func(minutes int) (times int) {
			for end := d.now.Add(time.Duration(minutes) * time.Minute); ; times++ {
				at, ok := d.doc.Deadline()
				if !ok || at.After(end) {
					d.now = end
					return times
				}
				d.now = at
				d.step(record())
			}
		}
		once := min(clients-1, 1)
		if got := woken(1); got != once {
			t.Errorf("%d clients: %d wake-ups in the first minute, want %d", clients, got, once)
		}
		if got := woken(8); got != 0 {
			t.Errorf("%d clients: %d wake-ups in 8 minutes, want none", clients, got)
		}
		d.writes("c0", "m") // and again
		if got := woken(1); got > 2*once {
			t.Errorf("%d clients: %d wake-ups after an op, want %d at most", clients, got, 2*once)
		}
		if got := woken(2); got != 0 {
			t.Errorf("%d clients: %d wake-ups in 2 minutes, want none", clients, got)
		}
		if len(d.closed) > 0 {
			t.Errorf("%d clients: closed %v", clients, d.closed)
		}
	}
}

// One of two clients pings for a while and then falls silent; the other acts now and then, and the object
// hibernates between. Whoever has acted since the last ping is shown that it is gone 25 s after that,
// and whoever acts later at once.
//
// Holds: "a client that pings is shown as gone when its connection dies silently".
func TestWhoActsSeesWhoIsGone(t *testing.T) {
	const second = time.Second
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := newDesk(t)
		d.doc = document.New(document.Config{}, "d")
		d.connect("c1", "ann", "a")
		d.connect("c2", "ben", "b")
		const beat = 10 * second
		offset, dies := time.Duration(rng.Int64N(int64(beat))), start.Add(time.Duration(rng.Int64N(int64(200*second))))
		last := func(conn document.ConnID) (at time.Time) {
			at = start.Add(offset + d.now.Sub(start.Add(offset)).Truncate(beat))
			for conn == "c2" && at.After(dies) {
				at = at.Add(-beat)
			}
			if at.Before(start) || d.now.Before(start.Add(offset)) {
				return time.Time{}
			}
			return at.Truncate(time.Millisecond)
		}
		record := func() (w document.Woken) {
			for _, conn := range []document.ConnID{"c1", "c2"} {
				if at := last(conn); !at.IsZero() {
					w.Seen = append(w.Seen, document.Seen{Conn: conn, At: at})
				}
			}
			return w
		}
		var acts []time.Time
		for at, end := start, start.Add(400*second); at.Before(end); {
			at = at.Add(time.Duration(rng.Int64N(int64(90 * second)))).Truncate(time.Millisecond)
			acts = append(acts, at)
		}
		var alarm, gone time.Time
		awake := start
		follow := func() { // as the shell does
			if at, ok := d.doc.Deadline(); ok && (alarm.IsZero() || at.Before(alarm)) {
				alarm = at
			}
			awake = d.now
		}
		sleeps := func() {
			if d.now.Sub(awake) < beat { // the platform's time for it
				return
			}
			snap := d.store.Snapshot(256)
			snap.Open = map[document.ConnID]bool{"c1": true, "c2": gone.IsZero()}
			doc, err := document.Restore(document.Config{}, snap)
			if err != nil {
				t.Fatal(err)
			}
			d.doc = doc
			if at, ok := doc.Deadline(); ok && alarm.IsZero() {
				alarm = at
			}
		}
		step := func(ev document.Event) {
			d.step(ev)
			if d.closed["c2"] != 0 && gone.IsZero() {
				gone = d.now
			}
		}
		follow()
		for i := 0; i < len(acts) && gone.IsZero(); {
			if !alarm.IsZero() && alarm.Before(acts[i]) {
				d.now = alarm
				sleeps()
				alarm = time.Time{}
				step(record())
			} else {
				d.now = acts[i]
				i++
				sleeps()
				if d.doc.Unjudged(d.now, false) {
					step(record())
				}
				d.writes("c1", fmt.Sprint("m", i))
			}
			follow()
		}
		d.now = dies.Add(time.Hour)
		ping := last("c2")
		if ping.IsZero() {
			continue // it never pinged: nobody can tell
		}
		dead := ping.Add(25 * second)
		want := dead
		after := func(at time.Time) time.Time {
			for _, act := range acts {
				if !act.Before(at) {
					return act
				}
			}
			return time.Time{}
		}
		if act := after(ping); act.IsZero() || act.After(want) {
			want = after(want)
		}
		if !want.IsZero() && (gone.IsZero() || gone.After(want) || gone.Before(dead)) {
			t.Fatalf("seed %d: the last ping at %v, acts %v: gone at %v, want %v", seed, ping.Sub(start), acts, gone.Sub(start), want.Sub(start))
		}
	}
}
