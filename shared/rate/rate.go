// Package rate is the one way to limit how often something may be done: a token
// bucket that is told the time. It holds no lock, no timer and no memory beyond two
// numbers, so there can be one for every user, connection and address.
//
// A Bucket's zero value is full. It only ever counts what it took; what was
// refused costs nothing.
package rate

import "time"

// Limit is how often something may be done: Count times every Per in the long run,
// Burst times at once after a rest.
type Limit struct {
	Count int
	// Per is the time that Count is for. Default 1 s.
	Per time.Duration
	// Burst is the size of the bucket. What is larger than it passes when it is full.
	Burst int
}

// WithDefaults returns l with every zero (or negative) field set: Count, and a Burst
// of so many times Count.
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

// Slot is the time that one of Count is for, in whole milliseconds.
func (l Limit) Slot() time.Duration {
	count := time.Duration(max(1, l.Count)) * time.Millisecond
	return (l.Per + count - 1) / count * time.Millisecond
}

// Part is so many thousandths of a limit, and never less than one.
func (l Limit) Part(thousandths int) Limit {
	l.Count = max(1, int(int64(l.Count)*int64(thousandths)/1000))
	l.Burst = max(1, int(int64(l.Burst)*int64(thousandths)/1000))
	return l
}

// Bucket is how much of a Limit has been used. It counts in parts of which a
// millisecond brings a whole number, so no rounding adds up.
type Bucket struct {
	missing int64 // of Burst, times the milliseconds of Per
	at      time.Time
}

// forget is the longest rest that is reckoned with; it fills any bucket whose
// Per is not longer.
const forget = 24 * time.Hour

// Take takes n out, or says how long to wait until they are there.
func (b *Bucket) Take(now time.Time, l Limit, n int) (wait time.Duration) {
	n = min(n, l.Burst)
	b.Wait(now, l, 0)
	b.missing = min(b.missing, per(l)*int64(l.Burst)) // the limit may have become smaller
	if wait = b.Wait(now, l, n); wait == 0 {
		b.Spend(now, l, n)
	}
	return wait
}

// Wait says how long it takes until n are there, and takes nothing. A clock that was set
// back brings nothing and takes nothing away: the bucket goes on from what it says now.
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

// Spend takes n out of a bucket that Wait has just looked at, whether they are there or
// not: what something costs may be known only when it is done.
func (b *Bucket) Spend(now time.Time, l Limit, n int) {
	b.Wait(now, l, 0)
	b.missing += per(l) * int64(n)
}

func per(l Limit) int64 { return max(1, int64(l.Per/time.Millisecond)) }

// Used is how many of Burst are taken, and not back yet.
func (b *Bucket) Used(now time.Time, l Limit) int {
	b.Wait(now, l, 0)
	return int(b.missing / per(l))
}

// Give puts back n that turned out not to count.
func (b *Bucket) Give(l Limit, n int) {
	b.missing = max(0, b.missing-max(1, int64(l.Per/time.Millisecond))*int64(min(n, l.Burst)))
}

// Full reports whether a bucket is as good as new, and need not be kept.
func (b *Bucket) Full(now time.Time, l Limit) bool {
	b.Wait(now, l, 0)
	return b.missing == 0
}
