package serverconn

import (
	"encoding/binary"
	"math/bits"
	"strconv"
)

// Probes makes the ids of the pings whose answer proves that everything before them was
// read. Who has not read an id cannot know it, however many others it has read: they are
// SipHash-2-4 of a running number, under a secret that the shell draws for each boot. The
// zero value is for tests.
type Probes struct {
	k0, k1 uint64
	last   uint64
}

// Secret is 16 random bytes.
type Secret [16]byte

// NewProbes returns the ids of one boot.
func NewProbes(s Secret) Probes {
	return Probes{k0: binary.LittleEndian.Uint64(s[:8]), k1: binary.LittleEndian.Uint64(s[8:])}
}

// Next numbers a new ping.
func (p *Probes) Next() uint64 {
	p.last++
	return p.last
}

// ID is the id of the ping with that number.
func (p *Probes) ID(number uint64) string {
	return "flow-" + strconv.FormatUint(siphash(p.k0, p.k1, number), 36)
}

// siphash is SipHash-2-4 of a message of eight bytes.
func siphash(k0, k1, m uint64) uint64 {
	v0, v1, v2, v3 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d, k0^0x6c7967656e657261, k1^0x7465646279746573
	rounds := func(n int) {
		for range n {
			v0 += v1
			v1 = bits.RotateLeft64(v1, 13) ^ v0
			v0 = bits.RotateLeft64(v0, 32)
			v2 += v3
			v3 = bits.RotateLeft64(v3, 16) ^ v2
			v0 += v3
			v3 = bits.RotateLeft64(v3, 21) ^ v0
			v2 += v1
			v1 = bits.RotateLeft64(v1, 17) ^ v2
			v2 = bits.RotateLeft64(v2, 32)
		}
	}
	for _, word := range [...]uint64{m, 8 << 56} { // the last word holds the length
		v3 ^= word
		rounds(2)
		v0 ^= word
	}
	v2 ^= 0xff
	rounds(4)
	return v0 ^ v1 ^ v2 ^ v3
}
