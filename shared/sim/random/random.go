// Package random is the chance in a test's world. It decides what a seed means: one run,
// which the same seed repeats. And it has the flags that all simulations are run with:
//
//	-sim.seed=N   play this one seed
//	-sim.runs=N   how many seeds to play
//
// It is part of the test kit: tests alone import it.
package random

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	seed = flag.Uint64("sim.seed", 0, "play this one seed")
	runs = flag.Uint64("sim.runs", 0, "how many seeds to play")
)

// Seeds are the seeds to play, from first on: the one that was asked for, or as many as
// were, or else usual, of which short are enough where a run takes long.
func Seeds(usual, short uint64) (first, n uint64) {
	switch {
	case *seed != 0 && *runs == 0:
		return *seed, 1
	case *runs != 0:
		return max(*seed, 1), *runs
	case testing.Short():
		return 1, min(usual, short)
	}
	return 1, usual
}

// Alone is whether one seed was asked for, of which everything is worth a line.
func Alone() bool { return *seed != 0 && *runs == 0 }

// Each plays the seeds of Seeds one after another until the test has failed, and returns
// how many there were.
func Each(t testing.TB, usual, short uint64, play func(seed uint64)) uint64 {
	first, n := Seeds(usual, short)
	for s := first; s < first+n && !t.Failed(); s++ {
		play(s)
	}
	return n
}

// Random is one run's chance.
type Random struct{ *rand.Rand }

// Of is that of a seed. Another stream of the same seed is another sequence.
func Of(seed, stream uint64) Random { return Random{rand.New(rand.NewPCG(seed, stream))} }

// Chance is true with this probability.
func (r Random) Chance(p float64) bool { return r.Float64() < p }

// Between draws a duration in whole milliseconds, both ends included.
func (r Random) Between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(r.Int64N(int64((hi-lo)/time.Millisecond)+1))*time.Millisecond
}

// Pick draws one of several.
func Pick[T any](r Random, from ...T) T { return from[r.IntN(len(from))] }
