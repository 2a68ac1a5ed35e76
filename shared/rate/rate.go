// Package rate limits how often something may happen, with token buckets. Callers pass the
// time. A bucket holds no lock, no timer and no memory beyond two numbers, so there can be
// one for every user, connection and address.
//
// A Bucket's zero value is full. A Bucket counts only what it admitted; a refusal costs
// nothing.
package rate

import "time"

// Limit is how often something may happen: Count times in every Per in the long run,
// Burst times at once after a rest.
type Limit struct {
	Count int
	// Per is the time that Count is for. Default: 1 s.
	Per time.Duration
	// Burst is the size of the bucket. A larger amount passes when the bucket is full.
	Burst int
}

// WithDefaults returns l with every zero (or negative) field set: Count to count, Burst
// to bursts times Count.
func (l Limit) WithDefaults(count, bursts int) Limit {
	if l.Count <= 0 {
		l.Count = count
	}
	if l.Per <= 0 {
		l.Per = time.Second
	}
	if l.Burst <= 0 {
		l.Burst = int(min(int64(bursts)*int64(l.Count), 1<<31-1))
	}
	return l
}

// Resumes returns l, of how often a client may come back to what it has open, with every zero (or
// negative) field set: to 12 a minute, 30 at once.
func (l Limit) Resumes() Limit {
	if l.Per <= 0 {
		l.Per = time.Minute
	}
	if l.Count <= 0 && l.Burst <= 0 {
		l.Burst = 30
	}
	return l.WithDefaults(12, 2)
}

// Slot returns the time that one of Count is for, in whole milliseconds.
func (l Limit) Slot() time.Duration {
	count := time.Duration(max(1, l.Count)) * time.Millisecond
	return (l.Per + count - 1) / count * time.Millisecond
}

// Part returns so many thousandths of a limit, never less than one.
func (l Limit) Part(thousandths int) Limit {
	l.Count = max(1, int(int64(l.Count)*int64(thousandths)/1000))
	l.Burst = max(1, int(int64(l.Burst)*int64(thousandths)/1000))
	return l
}

// Bucket counts how much of a Limit is used. Its unit is such that every millisecond brings
// a whole number, so rounding errors never add up.
type Bucket struct {
	missing int64 // of Burst, times the milliseconds of Per
	at      time.Time
}

// forget is the longest rest that counts. It fills every bucket whose Per is not
// longer.
const forget = 24 * time.Hour

// Take takes n out, or returns how long to wait until n are there.
func (b *Bucket) Take(now time.Time, l Limit, n int) (wait time.Duration) {
	n = min(n, l.Burst)
	b.Wait(now, l, 0)
	b.missing = min(b.missing, per(l)*int64(l.Burst)) // the limit may have become smaller
	if wait = b.Wait(now, l, n); wait == 0 {
		b.Spend(now, l, n)
	}
	return wait
}

// Wait returns how long it takes until n are there, and takes nothing. If the clock was set
// back the bucket neither gains nor loses anything, and continues from the new time.
func (b *Bucket) Wait(now time.Time, l Limit, n int) time.Duration {
	if past := now.Sub(b.at); past > 0 {
		b.missing = max(0, b.missing-int64(min(past, forget)/time.Millisecond)*int64(l.Count))
	}
	b.at = now
	over := b.missing + per(l)*int64(min(n, l.Burst)-l.Burst)
	if over <= 0 {
		return 0
	}
	return time.Duration((over+int64(l.Count)-1)/int64(l.Count)) * time.Millisecond
}

// Spend takes n out whether or not they are there: the cost of an action may be known only
// afterwards. Callers ask Wait first.
func (b *Bucket) Spend(now time.Time, l Limit, n int) {
	b.Wait(now, l, 0)
	b.missing += per(l) * int64(n)
}

func per(l Limit) int64 { return max(1, int64(l.Per/time.Millisecond)) }

// Used returns how many of Burst are taken and not back yet.
func (b *Bucket) Used(now time.Time, l Limit) int {
	b.Wait(now, l, 0)
	return int(b.missing / per(l))
}

// Give puts back n that did not count after all.
func (b *Bucket) Give(l Limit, n int) {
	b.missing = max(0, b.missing-max(1, int64(l.Per/time.Millisecond))*int64(min(n, l.Burst)))
}

// Full reports whether a bucket is full, so that nobody needs to keep it.
func (b *Bucket) Full(now time.Time, l Limit) bool {
	b.Wait(now, l, 0)
	return b.missing == 0
}
