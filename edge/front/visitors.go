package front

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
)

// AddressHeader is the header whose word on a visitor's address is taken. Cloudflare
// sets it and lets no visitor's own through (developers.cloudflare.com/fundamentals/
// reference/http-headers, 2026-11). X-Forwarded-For is a list that begins with what
// the visitor wrote, and is never looked at.
const AddressHeader = "cf-connecting-ip"

// visitors counts what each address does, of at most maxVisitors addresses at a
// time. Where no address is known nobody is counted: one bucket for everybody
// would let anybody use it up.
type visitors struct {
	limit   rate.Limit
	buckets map[uint64]visitor
}

// visitor is what one address has done of late. Those who are refused are told a time of
// their own each: it may be an office, all of which comes back at once.
type visitor struct {
	rate.Bucket
	turns rate.Turns
}

const maxVisitors = 4096

// Those who are refused are told times so far apart, over backWithin at most: all of an
// office has to be back within its lines' grace period (30 s), and each finds the places
// free again of those before who were let in.
const (
	apart      = 20 * time.Millisecond
	backWithin = 15 * time.Second
)

// take counts one more, or says how long to wait until it may come.
func (v *visitors) take(address string, now time.Time) (wait time.Duration) {
	key, ok := network(address)
	if !ok || v.limit.Count <= 0 {
		return 0
	}
	bucket, known := v.buckets[key]
	if wait = bucket.Take(now, v.limit, 1); wait > 0 {
		wait = bucket.turns.Next(now, wait, apart, backWithin)
		v.buckets[key] = bucket
		return wait
	}
	if !known {
		v.makeRoom(now)
	}
	v.buckets[key] = bucket
	return 0
}

// give takes back one that was counted.
func (v *visitors) give(address string) {
	key, _ := network(address)
	if bucket, known := v.buckets[key]; known {
		bucket.Give(v.limit, 1)
		v.buckets[key] = bucket
	}
}

// makeRoom drops addresses when there are too many: those that have rested long
// enough to be as good as new; should they be few, all that are not at their limit; and
// should even those be few, all. So whoever has thousands of addresses can have
// others forgotten, but each round costs them a full table.
func (v *visitors) makeRoom(now time.Time) {
	if v.buckets == nil {
		v.buckets = make(map[uint64]visitor)
	}
	if len(v.buckets) < maxVisitors {
		return
	}
	v.drop(func(b visitor) bool { return b.Full(now, v.limit) })
	if len(v.buckets) > maxVisitors*7/8 {
		v.drop(func(b visitor) bool { return b.Take(now, v.limit, 1) == 0 })
	}
	if len(v.buckets) > maxVisitors*7/8 {
		clear(v.buckets)
	}
}

func (v *visitors) drop(which func(visitor) bool) {
	for key, bucket := range v.buckets {
		if which(bucket) {
			delete(v.buckets, key)
		}
	}
}

// Network names whom an address belongs to: an IPv4 address itself, the /64 of an
// IPv6 address, of which every line has one; "" for what is no address of anybody's,
// the machine's own (127.0.0.0/8 and ::1) included: a limit is for strangers.
func Network(address string) string {
	key, ok := network(address)
	if !ok {
		return ""
	}
	return strconv.FormatUint(key, 16)
}

// network is Network as a number. No IPv6 network that is in use begins with 32
// zero bits, so the IPv4 addresses can be those.
func network(address string) (uint64, bool) {
	if v4, ok := ipv4(address); ok {
		return uint64(v4), v4>>24 != 127
	}
	b, ok := ipv6(address)
	if !ok {
		return 0, false
	}
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	switch {
	case high == 0 && low>>32 == 0xffff: // an IPv4 address in IPv6's clothes
		return low & 0xffffffff, low>>24&0xff != 127
	case high == 0 && low <= 1:
		return 0, false
	}
	return high, true
}

func ipv4(s string) (uint32, bool) {
	var v uint32
	for n := 0; ; n++ {
		part, rest, more := strings.Cut(s, ".")
		b, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 3 || n > 3 || more == (n == 3) {
			return 0, false
		}
		if v = v<<8 | uint32(b); !more {
			return v, true
		}
		s = rest
	}
}

func ipv6(s string) (b [16]byte, ok bool) {
	head, tail, gap := strings.Cut(s, "::")
	n, ok1 := groups(b[:], head, !gap)
	if !gap {
		return b, ok1 && n == 16
	}
	var end [16]byte
	m, ok2 := groups(end[:], tail, true)
	if !ok1 || !ok2 || n+m > 14 {
		return b, false
	}
	copy(b[16-m:], end[:m])
	return b, true
}

// groups reads what stands on one side of the "::", and says how many bytes it is. An
// IPv4 address may stand at the address's end.
func groups(into []byte, s string, last bool) (n int, ok bool) {
	for s != "" {
		part, rest, more := strings.Cut(s, ":")
		if v4, ok := ipv4(part); ok && last && !more && n+4 <= len(into) {
			binary.BigEndian.PutUint32(into[n:], v4)
			return n + 4, true
		}
		v, err := strconv.ParseUint(part, 16, 16)
		if err != nil || len(part) > 4 || n+2 > len(into) || more && rest == "" {
			return 0, false
		}
		binary.BigEndian.PutUint16(into[n:], uint16(v))
		n, s = n+2, rest
	}
	return n, true
}
