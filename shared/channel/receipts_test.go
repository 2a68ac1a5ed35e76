package channel

import (
	"fmt"
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
