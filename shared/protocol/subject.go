package protocol

import "unicode/utf8"

// SubjectBytes is the longest user id: as long as a token's texts may be.
const SubjectBytes = 256

// UserID reports whether s can be a token's subject: whatever is let in by it, and
// whatever an operator names a user by, is asked here and nowhere else.
//
// A subject is 1 to SubjectBytes bytes of what can be seen: ASCII from ! to ~, and beyond
// ASCII letters, digits, marks and punctuation. So two that look alike are not two for a
// character that shows as nothing, and no list of those has to be complete. One space may
// stand inside. "." and ".." are no subjects: no URL's path can name them.
func UserID(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > SubjectBytes {
		return false
	}
	space := true // a space may not come next
	for i, r := range s {
		switch {
		case r == ' ':
			if space || i == len(s)-1 {
				return false
			}
		case r < utf8.RuneSelf:
			if r < ' ' || r == 0x7f {
				return false
			}
		case !letter(r):
			return false
		}
		space = r == ' '
	}
	return true
}

// letter reports whether a character beyond ASCII is a letter, digit, mark or punctuation
// that shows. Package unicode's tables of these are several times as large.
func letter(r rune) bool {
	end := rune(utf8.RuneSelf)
	for i := 0; i < len(letters); {
		var from, size rune
		from, i = number(letters, i)
		size, i = number(letters, i)
		if end += from; r < end {
			return false
		}
		if end += size; r < end {
			return true
		}
	}
	return false
}

// number reads a number at s[i] and returns it with the place behind it: seven bits a
// byte, the lowest first, the eighth in all but the last.
func number(s string, i int) (n rune, next int) {
	for shift := 0; ; shift += 7 {
		c := s[i]
		i++
		n |= rune(c&0x7f) << shift
		if c < 0x80 {
			return n, i
		}
	}
}
