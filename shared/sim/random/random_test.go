package random

import (
	"testing"
	"time"
)

func TestASeedRepeats(t *testing.T) {
	a, b, c := Of(7, 1), Of(7, 1), Of(7, 2)
	same, other := true, true
	for range 100 {
		x := a.Uint64()
		same = same && x == b.Uint64()
		other = other && x == c.Uint64()
	}
	if !same || other {
		t.Errorf("the same seed repeats: %v; another stream is the same: %v", same, other)
	}
}

func TestDrawsStayWithinTheirBounds(t *testing.T) {
	r, lo, hi := Of(1, 1), 0, 0
	for range 2000 {
		switch d := r.Between(2*time.Millisecond, 4*time.Millisecond); {
		case d < 2*time.Millisecond || d > 4*time.Millisecond || d%time.Millisecond != 0:
			t.Fatalf("drew %v", d)
		case d == 2*time.Millisecond:
			lo++
		case d == 4*time.Millisecond:
			hi++
		}
		if r.Chance(0) || !r.Chance(1) {
			t.Fatal("what never happens did, or what always does did not")
		}
		if p := Pick(r, "a", "b"); p != "a" && p != "b" {
			t.Fatalf("picked %q", p)
		}
	}
	if lo == 0 || hi == 0 {
		t.Errorf("the ends were drawn %d and %d times", lo, hi)
	}
}

func TestSeedsThatWereAskedFor(t *testing.T) {
	for _, c := range []struct{ seed, runs, first, n uint64 }{{0, 0, 1, 50}, {9, 0, 9, 1}, {0, 7, 1, 7}, {9, 7, 9, 7}} {
		*seed, *runs = c.seed, c.runs
		first, n := Seeds(50, 50)
		if first != c.first || n != c.n || Alone() != (c.n == 1) {
			t.Errorf("seed %d, runs %d: from %d, %d of them", c.seed, c.runs, first, n)
		}
	}
	*seed, *runs = 0, 0
}
