package channel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestReceipts: as many as a sender may have without an answer are known, whatever was
// restored in between and in whatever order the rows came.
func TestReceipts(t *testing.T) {
	const size = 5
	r := NewReceipts(size)
	stored := map[uint64]Receipt{}
	for i := uint64(1); i <= 23; i++ {
		id := fmt.Sprint("m", i)
		if _, found := r.Find("c", id); found {
			t.Fatalf("%s is known before it came", id)
		}
		s := r.Add("c", id, i*10)
		stored[r.Slot(s)] = s
		if len(stored) > size {
			t.Fatalf("%d rows", len(stored))
		}
		var rows []Receipt
		for _, s := range stored { // a map's order
			rows = append(rows, s)
		}
		r = RestoreReceipts(size, rows)
		for k := uint64(1); k <= i; k++ {
			seq, found := r.Find("c", fmt.Sprint("m", k))
			if want := k+size > i; found != want || found && seq != k*10 {
				t.Fatalf("after %d: m%d is %d, %v", i, k, seq, found)
			}
		}
		if _, found := r.Find("another", id); found {
			t.Fatalf("%s is another client's too", id)
		}
	}
	// A memory that was made smaller keeps its newest.
	small := RestoreReceipts(2, r.List())
	if _, found := small.Find("c", "m21"); found || len(small.List()) != 2 {
		t.Errorf("%v", small.List())
	}
	if s := small.Add("c", "m24", 1); s.N != 24 {
		t.Errorf("counts on from %d", s.N)
	}
}

// TestWindow: what is under way is what was not confirmed, by the answer to the very ping.
func TestWindow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var w Window
	p := NewProbes(Secret{7})
	sent, sure := 0, 0 // what may be counted on as read
	probed, open, before := 0, "", "flow-"
	for range 10_000 {
		switch rnd.IntN(5) {
		case 0, 1:
			n := rnd.IntN(100)
			w.Sent(n)
			sent += n
		case 2:
			id := w.Probe(&p)
			if open == "" {
				open, probed = id, sent
			}
			if id != open || !w.Probing() {
				t.Fatalf("%s is open, and %s was asked", open, id)
			}
		case 3:
			if w.Answered(&p, open) != (open != "") {
				t.Fatal("answered")
			}
			if open != "" {
				sure, before, open = probed, open, ""
			}
		case 4: // blindly, or once more
			for _, id := range []string{"", before, "flow-1"} {
				if w.Answered(&p, id) {
					t.Fatalf("%q was taken for the answer to %q", id, open)
				}
			}
		}
		if w.UnderWay() != sent-sure {
			t.Fatalf("%d under way, want %d", w.UnderWay(), sent-sure)
		}
	}
}
