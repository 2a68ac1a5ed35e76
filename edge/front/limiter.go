package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// limiter counts what each address does, for at most maxAddresses addresses at a time. A
// request without an address is not counted: with one bucket for all of those, anybody could
// use it up.
type limiter struct {
	limit   rate.Limit
	buckets map[uint64]counted
}

// counted is what one address has done lately. Each refusal names another time to come back:
// behind the address may be an office, all of which would come back at once.
type counted struct {
	rate.Bucket
	turns rate.Turns
}

const maxAddresses = 4096

// The times that refusals name are so far apart, and at most backWithin ahead: all of an
// office has to be back within the grace period of its connections (30 s), and each attempt
// finds the places free again of those that were admitted before it.
const (
	apart      = 20 * time.Millisecond
	backWithin = 15 * time.Second
)

// take counts one more, or returns how long to wait before the next attempt.
func (l *limiter) take(address string, now time.Time) (wait time.Duration) {
	key, ok := access.NetworkNumber(address)
	if !ok || l.limit.Count <= 0 {
		return 0
	}
	bucket, known := l.buckets[key]
	if wait = bucket.Take(now, l.limit, 1); wait > 0 {
		wait = bucket.turns.Next(now, wait, apart, backWithin)
		l.buckets[key] = bucket
		return wait
	}
	if !known {
		l.makeRoom(now)
	}
	l.buckets[key] = bucket
	return 0
}

// give takes back one that was counted.
func (l *limiter) give(address string) {
	key, _ := access.NetworkNumber(address)
	if bucket, known := l.buckets[key]; known {
		bucket.Give(l.limit, 1)
		l.buckets[key] = bucket
	}
}

// makeRoom drops addresses when there are too many: first those whose bucket is full again;
// if they are few, all that are not at their limit; and if those are few too, all. So
// somebody with thousands of addresses can have others forgotten, but each round costs them
// a full table.
func (l *limiter) makeRoom(now time.Time) {
	if l.buckets == nil {
		l.buckets = make(map[uint64]counted)
	}
	if len(l.buckets) < maxAddresses {
		return
	}
	l.drop(func(b counted) bool { return b.Full(now, l.limit) })
	if len(l.buckets) > maxAddresses*7/8 {
		l.drop(func(b counted) bool { return b.Take(now, l.limit, 1) == 0 })
	}
	if len(l.buckets) > maxAddresses*7/8 {
		clear(l.buckets)
	}
}

func (l *limiter) drop(which func(counted) bool) {
	for key, bucket := range l.buckets {
		if which(bucket) {
			delete(l.buckets, key)
		}
	}
}
