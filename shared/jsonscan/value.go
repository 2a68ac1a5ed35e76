package jsonscan

import (
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// Unquote returns the text of a raw JSON string, and false if raw is not exactly one valid
// string. The result aliases raw unless there is an escape to replace. The escape of a lone
// surrogate reads as U+FFFD.
func Unquote(raw []byte) ([]byte, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return nil, false
	}
	escape := -1
	for i := 1; i < len(raw); {
		c := raw[i]
		switch {
		case plain[c]:
			i++
		case c == '"':
			if i != len(raw)-1 {
				return nil, false
			}
			if escape < 0 {
				return raw[1:i:i], true
			}
			return unescape(raw[1:i], escape-1), true
		case c == '\\':
			n := escapeLen(raw, i)
			if n == 0 {
				return nil, false
			}
			if escape < 0 {
				escape = i
			}
			i += n
		default:
			r, n := utf8.DecodeRune(raw[i:])
			if c < utf8.RuneSelf || r == utf8.RuneError && n == 1 {
				return nil, false
			}
			i += n
		}
	}
	return nil, false
}

// unescape copies s with the escapes replaced. All escapes are known to be complete; the
// first is at s[i].
func unescape(s []byte, i int) []byte {
	out := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		c := s[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		c = s[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(s, i)
			i += 4
			if utf16.IsSurrogate(r) {
				// A pair is one character. Anything else becomes U+FFFD, and what follows is
				// read on its own.
				high := r
				r = utf8.RuneError
				if i+1 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
					low, _ := hex4(s, i+2)
					if r = utf16.DecodeRune(high, low); r != utf8.RuneError {
						i += 6
					}
				}
			}
			out = utf8.AppendRune(out, r)
			continue
		}
		out = append(out, c)
	}
	return out
}

// Str reads a raw string, and returns false if raw is not exactly one valid string.
func Str(raw []byte) (string, bool) {
	b, ok := Unquote(raw)
	return string(b), ok
}

// Uint reads a plain non-negative integer: digits only, so neither 1.0 nor 1e3 nor -0, and no
// number that does not fit.
func Uint(raw []byte) (uint64, bool) {
	if len(raw) == 0 || raw[0] == '0' && len(raw) > 1 {
		return 0, false
	}
	var v uint64
	for _, c := range raw {
		d := uint64(c - '0')
		if c < '0' || c > '9' || v > math.MaxUint64/10 {
			return 0, false
		}
		if v = v*10 + d; v < d {
			return 0, false
		}
	}
	return v, true
}

// Int reads a plain integer: digits with an optional minus before them.
func Int(raw []byte) (int64, bool) {
	negative := len(raw) > 0 && raw[0] == '-'
	if negative {
		raw = raw[1:]
	}
	v, ok := Uint(raw)
	switch {
	case ok && negative && v <= -math.MinInt64:
		return -int64(v), true
	case ok && !negative && v <= math.MaxInt64:
		return int64(v), true
	}
	return 0, false
}

// Bool reads true or false.
func Bool(raw []byte) (v, ok bool) {
	v = Equal(raw, "true")
	return v, v || Equal(raw, "false")
}

// IsNull reports whether raw is null.
func IsNull(raw []byte) bool { return Equal(raw, "null") }

// Strs reads an array of strings, and returns false for anything else.
func Strs(raw []byte) ([]string, bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	list := []string{}
	for a := Elements(raw); a.Next(); {
		s, ok := Str(a.Value())
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}
