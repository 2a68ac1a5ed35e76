// Package backoff is how long somebody waits before the next try: a client before it dials
// or asks again, with full jitter from a generator that repeats exactly with its seed; and
// an object before it notifies another one again.
package backoff

import "time"

const (
	// Min and Max bound the full jitter: the ceiling of the first wait, and of any.
	Min = 500 * time.Millisecond
	// Max: see Min.
	Max = 20 * time.Second
	// StableAfter is the uptime after which a drop counts as the first.
	StableAfter = 5 * time.Second
	// Tries is how many dials in a row may fail before a client waits to be woken
	// instead (seed S2: "Don't retry indefinitely").
	Tries = 60
)

// Random is SplitMix64: small, and good enough to spread retries.
type Random uint64

// Next returns 64 bits.
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

// After is no sooner than a server has said, and up to a quarter later: others may have
// been told the same.
func (r *Random) After(said time.Duration) time.Duration { return said + r.UpTo(said/4) }

// Wait is full jitter: anything between nothing and a ceiling that doubles with each
// try, from Min to Max.
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
