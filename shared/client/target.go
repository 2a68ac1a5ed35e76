package client

// validBase reports whether a socket can be opened below base: ws:// or wss://,
// a host, and nothing a URL parser would stumble over. The browser's WebSocket
// throws on a bad URL, and nothing that throws may be reached.
func validBase(base string) bool {
	rest, ok := cut(base, "wss://")
	if !ok {
		rest, ok = cut(base, "ws://")
	}
	if !ok || rest == "" || rest[0] == '/' || rest[0] == ':' || len(base) > 2048 {
		return false
	}
	for i := 0; i < len(rest); i++ {
		switch b := rest[i]; {
		case unreserved(b), b == '/', b == ':', b == '[', b == ']':
		case b == '%' && i+2 < len(rest) && isHex(rest[i+1]) && isHex(rest[i+2]):
		default:
			return false
		}
	}
	return true
}

func cut(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || s[:len(prefix)] != prefix {
		return "", false
	}
	return s[len(prefix):], true
}

// appendEscaped percent-encodes all but RFC 3986's unreserved characters.
func appendEscaped(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		if b := s[i]; unreserved(b) {
			dst = append(dst, b)
		} else {
			dst = append(dst, '%', digits[b>>4], digits[b&15])
		}
	}
	return dst
}

func unreserved(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' ||
		b == '-' || b == '.' || b == '_' || b == '~'
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

// validTabID keeps to what a random id is made of.
func validTabID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := 0; i < len(id); i++ {
		if !unreserved(id[i]) {
			return false
		}
	}
	return true
}
