// Package backoff decides how long to wait before the next attempt: a client before it dials or
// asks again, with full jitter; and an object before it notifies another one again. Its one
// state is a generator, which repeats exactly from the same seed.
package backoff

import "time"

const (
	// Min bounds the first wait, Max every wait.
	Min = 500 * time.Millisecond
	// Max: see Min.
	Max = 20 * time.Second
	// StableAfter is how long a connection must last for its end to count as the first failure.
	StableAfter = 5 * time.Second
	// Tries is how many dials in a row may fail. Then the client stops until something
	// wakes it (seed S2: "Don't retry indefinitely").
	Tries = 60
)

// Random is SplitMix64: small, and good enough to spread retries.
type Random uint64

// Next returns 64 random bits.
func (r *Random) Next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// UpTo returns a duration in [0, d).
func (r *Random) UpTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(r.Next() % uint64(d))
}

// After returns pause, the wait that a server asked for, or up to a quarter more: the server may
// have asked the same of other clients.
func (r *Random) After(pause time.Duration) time.Duration { return pause + r.UpTo(pause/4) }

// Wait returns the wait before a retry, with full jitter: anything up to a ceiling that doubles
// with each try, from Min to Max.
func (r *Random) Wait(try int) time.Duration {
	ceiling := Max
	if try < 6 {
		ceiling = min(Min<<max(try, 0), Max)
	}
	return r.UpTo(ceiling)
}

// maxPause is the longest Pause.
const maxPause = time.Minute

// Pause is how long one object waits, after the given try, before it notifies another one of
// the same again: 1 s, 2 s, 4 s … 60 s. Two objects are no crowd, so it has no jitter.
func Pause(try int) time.Duration {
	if try > 6 || try < 1 {
		return maxPause
	}
	return min(maxPause, time.Second<<(try-1))
}
