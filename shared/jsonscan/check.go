// Package jsonscan reads and writes JSON as text: it checks a message, walks its
// members and appends new ones, without building values in between. It holds no state.
//
// It exists beside encoding/json for two reasons. Handling a frame must not allocate,
// because allocation is most of its cost on a small WebAssembly heap. And nothing that a
// stranger sends may recurse, because the stack there is small, fixed and not guarded.
// So every scan here is a flat loop.
//
// Check (or Scan) comes first: strict RFC 8259, valid UTF-8, bounded depth. Object, Array and
// the value functions are for text that has passed. On other text they return wrong values
// or none, and never panic.
package jsonscan

import (
	"unicode/utf8"
)

// Error says why a text is refused. It is a number, because comparing two errors of any type
// would bring 10 kB of reflection into a module.
type Error uint8

const (
	// ErrSyntax says that a text is not one JSON value.
	ErrSyntax Error = 1 + iota
	// ErrDepth says that a text nests beyond the limit.
	ErrDepth
	// ErrUTF8 says that a string is not UTF-8.
	ErrUTF8
)

// Error returns the sentence for people.
func (e Error) Error() string {
	switch e {
	case ErrDepth:
		return "jsonscan: nested too deeply"
	case ErrUTF8:
		return "jsonscan: not valid UTF-8"
	}
	return "jsonscan: not valid JSON"
}

// DepthLimit is the largest maxDepth. A reader that leaves the decision about depth to the
// writer's side passes this.
const DepthLimit = 1024

// Check reports whether b is exactly one JSON value with nothing but white space around
// it, valid UTF-8 in its strings, and at most maxDepth nested containers. `1` has depth 0,
// `[]` depth 1. Check returns the first fault. It accepts the escape of a lone surrogate,
// as RFC 8259 does; Str reads it as U+FFFD.
func Check(b []byte, maxDepth int) error {
	end, err := scanValue(b, skipSpace(b, 0), maxDepth)
	if err != nil {
		return err
	}
	if skipSpace(b, end) != len(b) {
		return ErrSyntax
	}
	return nil
}

// scanValue checks the value that starts at b[i] and returns the index behind it.
func scanValue(b []byte, i, maxDepth int) (int, error) {
	if maxDepth > DepthLimit {
		maxDepth = DepthLimit
	}
	var (
		objects uint64   // lowest bit: whether the innermost open container is an object
		outer   []uint64 // the same for the containers outside of the innermost 64
		depth   int
		err     error
	)
	for {
		// A value begins here.
		if i >= len(b) {
			return i, ErrSyntax
		}
		switch c := b[i]; c {
		case '"':
			i, err = scanString(b, i+1)
		case '{', '[':
			if depth >= maxDepth {
				return i, ErrDepth
			}
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 { // '{'+2 is '}', '['+2 is ']'
				i++
				break
			}
			if depth > 0 && depth%64 == 0 {
				outer = append(outer, objects)
			}
			depth++
			objects <<= 1
			if c == '{' {
				objects |= 1
				if i, err = scanKey(b, i); err != nil {
					return i, err
				}
			}
			continue
		case 't':
			i, err = scanLiteral(b, i, "true")
		case 'f':
			i, err = scanLiteral(b, i, "false")
		case 'n':
			i, err = scanLiteral(b, i, "null")
		default:
			i, err = scanNumber(b, i)
		}
		if err != nil {
			return i, err
		}
		// A value ended here: close the containers that end with it, or go on to the next value.
		for {
			if depth == 0 {
				return i, nil
			}
			if i = skipSpace(b, i); i >= len(b) {
				return i, ErrSyntax
			}
			if b[i] == ',' {
				i = skipSpace(b, i+1)
				if objects&1 == 1 {
					if i, err = scanKey(b, i); err != nil {
						return i, err
					}
				}
				break
			}
			if closer := ']' + byte(objects&1)*('}'-']'); b[i] != closer {
				return i, ErrSyntax
			}
			i++
			depth--
			objects >>= 1
			if last := len(outer) - 1; last >= 0 && depth%64 == 0 {
				objects, outer = outer[last], outer[:last]
			}
		}
	}
}

// scanKey checks a member's name at b[i], its colon and the space around it, and
// returns where the value begins.
func scanKey(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return i, ErrSyntax
	}
	i, err := scanString(b, i+1)
	if err != nil {
		return i, err
	}
	if i = skipSpace(b, i); i >= len(b) || b[i] != ':' {
		return i, ErrSyntax
	}
	return skipSpace(b, i+1), nil
}

// scanString checks the rest of a string behind its opening quote and returns
// the index behind its closing quote.
func scanString(b []byte, i int) (int, error) {
	for i < len(b) {
		c := b[i]
		if plain[c] {
			i++
			continue
		}
		switch {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			n := escapeLen(b, i)
			if n == 0 {
				return i, ErrSyntax
			}
			i += n
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(b[i:])
			if r == utf8.RuneError && n == 1 {
				return i, ErrUTF8
			}
			i += n
		default: // a control character
			return i, ErrSyntax
		}
	}
	return i, ErrSyntax
}

// plain marks the bytes that stand for themselves inside a string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// escapeLen returns the length of the escape that starts with the backslash b[i], or 0
// if it is not an escape.
func escapeLen(b []byte, i int) int {
	if i+1 >= len(b) {
		return 0
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b, i+2); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads four hexadecimal digits at b[i].
func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func scanLiteral(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || !Equal(b[i:i+len(word)], word) {
		return i, ErrSyntax
	}
	return i + len(word), nil
}

func scanNumber(b []byte, i int) (int, error) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	whole := i
	if i = skipDigits(b, i); i == whole || b[whole] == '0' && i > whole+1 {
		return i, ErrSyntax
	}
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = skipDigits(b, start); i == start {
			return i, ErrSyntax
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		start := i + 1
		if start < len(b) && (b[start] == '+' || b[start] == '-') {
			start++
		}
		if i = skipDigits(b, start); i == start {
			return i, ErrSyntax
		}
	}
	return i, nil
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// Equal reports whether b and s are the same bytes. TinyGo allocates for a conversion in a
// comparison, unlike Go.
func Equal(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if b[i] != s[i] {
			return false
		}
	}
	return true
}
