package access

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// AddressHeader is the header whose word on a visitor's address is taken. Cloudflare
// sets it and lets no visitor's own through (developers.cloudflare.com/fundamentals/
// reference/http-headers, 2026-11). X-Forwarded-For is a list that begins with what
// the visitor wrote, and is never looked at.
const AddressHeader = "cf-connecting-ip"

// Network names whom an address belongs to: an IPv4 address itself, the /64 of an
// IPv6 address, of which every line has one; "" for what is no address of anybody's,
// the machine's own (127.0.0.0/8 and ::1) included: a limit is for strangers.
func Network(address string) string {
	number, ok := NetworkNumber(address)
	if !ok {
		return ""
	}
	return strconv.FormatUint(number, 16)
}

// NetworkNumber is Network as a number. No IPv6 network that is in use begins with 32
// zero bits, so the IPv4 addresses can be those.
func NetworkNumber(address string) (uint64, bool) {
	a, err := netip.ParseAddr(address)
	a = a.Unmap() // an IPv4 address in IPv6's clothes
	switch {
	case err != nil, a.Zone() != "", a.IsLoopback():
		return 0, false
	case a.Is4():
		v4 := a.As4()
		return uint64(binary.BigEndian.Uint32(v4[:])), true
	}
	v6 := a.As16()
	return binary.BigEndian.Uint64(v6[:8]), !a.IsUnspecified()
}
