package protocol

import "unicode/utf8"

// SubjectBytes is the length of the longest user id: that of a token's longest text.
const SubjectBytes = 256

// UserID reports whether s can be the subject of a token. Every check of a user id is this
// one: of a token's subject, and of the user that an operator names.
//
// A subject is 1 to SubjectBytes bytes of visible characters: ASCII from ! to ~, and beyond
// ASCII letters, digits, marks and punctuation. So no two subjects look alike because one has
// an invisible character, and we need no complete list of those. Single spaces may stand
// inside. "." and ".." are no subjects, because no path of a URL can name them.
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

// letter reports whether a character beyond ASCII is a visible letter, digit, mark or
// punctuation. The tables of package unicode are several times as large as ours.
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

// number reads the number at s[i], and returns it with the index behind it. A number has
// seven bits a byte, the lowest first; the eighth bit marks all bytes but the last.
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
