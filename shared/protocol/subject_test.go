package protocol_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var rewriteLetters = flag.Bool("rewrite-letters", false, "write letters.go from this Go's tables")

// shows reports whether a subject may have a character beyond ASCII. It leaves out what is of
// these categories and yet invisible: the characters that Unicode calls ignorable, the
// variation selectors, and two that Unicode forgets (a filler, a selector).
func shows(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.M, unicode.P) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		r != 0x16fe4 && r != 0x1bc9d
}

func TestLetters(t *testing.T) {
	var table []byte
	last := rune(0x80)
	for r := last; r <= unicode.MaxRune; r++ {
		from := r
		for shows(r) {
			r++
		}
		if r > from {
			table = binary.AppendUvarint(table, uint64(from-last))
			table = binary.AppendUvarint(table, uint64(r-from))
			last = r
		}
	}
	if *rewriteLetters {
		var out strings.Builder
		out.WriteString("package protocol\n\n// letters lists the characters beyond ASCII that UserID accepts, as numbers in turns: how many\n" +
			"// it skips, how many it accepts. Made by go test ./shared/protocol -run Letters -rewrite-letters.\nconst letters = \"\"")
		for i := 0; i < len(table); i += 28 {
			out.WriteString(" +\n\t\"")
			for _, b := range table[i:min(i+28, len(table))] {
				fmt.Fprintf(&out, `\x%02x`, b)
			}
			out.WriteString(`"`)
		}
		out.WriteString("\n")
		if err := os.WriteFile("letters.go", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if shows(r) == shows(r-1) && shows(r) == shows(r+1) && r%61 != 0 {
			continue // deep inside a range
		}
		if got := protocol.UserID("a" + string(r)); got != shows(r) {
			t.Fatalf("U+%04X: %v; after a new Go run this with -rewrite-letters, and read the diff", r, got)
		}
	}
}

// TestSubjectsThatLookAlike: a user who can choose the subject that the issuer writes cannot
// look like another user in a list, a log or an operator's call.
func TestSubjectsThatLookAlike(t *testing.T) {
	for _, r := range []rune{
		0, '\t', '\n', 0x7f, 0x85, 0xa0, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x1680, 0x17b4, 0x17b5, 0x180b, 0x180d, 0x180e, 0x180f, 0x2000, 0x200b, 0x200c,
		0x200d, 0x200e, 0x200f, 0x2028, 0x202a, 0x202e, 0x202f, 0x2060, 0x2061, 0x2066, 0x206f, 0x2800, 0x3000, 0x3164, 0xfe00, 0xfe0f, 0xfeff, 0xffa0,
		0xfff9, 0xfffc, 0xfffd, 0x16fe4, 0x1bca0, 0x1d159, 0x1d173, 0xe000, 0xe0001, 0xe0041, 0xe007f, 0xe0100, 0xe01ef, 0xf0000, 0x10ffff,
	} {
		for _, s := range []string{"usr_owner" + string(r), string(r) + "usr_owner", "usr" + string(r) + "_owner", string(r)} {
			if protocol.UserID(s) {
				t.Errorf("%+q is a subject", s)
			}
		}
	}
	for _, s := range []string{" usr", "usr ", "a  b", "", ".", "..", "a\xff", "\xed\xa0\x80"} {
		if protocol.UserID(s) {
			t.Errorf("%+q is a subject", s)
		}
	}
	for _, s := range []string{
		"usr_1", "auth0|5f7c8ec7", "a+b@example.com", "zoë@example.com", "CN=Alice Smith,OU=Staff", "山田太郎", "مُحَمَّد", "ไทย", "हिन्दी", "DOMAIN\\user", "a/b?c#d%2e",
		"...", "42", "-1", "it’s", "०१२", "𐍈", strings.Repeat("山", 85),
	} {
		if !protocol.UserID(s) {
			t.Errorf("%q is no subject", s)
		}
	}
}
