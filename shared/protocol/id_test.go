package protocol_test

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func TestIDs(t *testing.T) {
	long := strings.Repeat("a", protocol.SubjectBytes)
	for _, c := range []struct {
		text                             string
		document, user, identifier, word bool
	}{
		{"welcome", true, true, true, true},
		{"laptop_stolen2", true, true, true, true},
		{"2fast", true, true, true, false},
		{"Welcome-1.~_", true, true, true, false},
		{"", false, false, false, false},
		{".", false, false, true, false},
		{"..", false, false, true, false},
		{"a/b", false, true, true, false},
		{"a b", false, true, false, false},
		{"zoë@example.com", false, true, false, false},
		{"a\nb", false, false, false, false},
		{"a\xff", false, false, false, false},
		{long[:64], true, true, true, true},
		{long[:128], true, true, true, false},
		{long[:129], false, true, false, false},
		{long, false, true, false, false},
		{long + "a", false, false, false, false},
	} {
		if got := protocol.DocumentID(c.text); got != c.document {
			t.Errorf("document id %.20q: %v", c.text, got)
		}
		if got := protocol.UserID(c.text); got != c.user {
			t.Errorf("user id %.20q: %v", c.text, got)
		}
		if got := protocol.Identifier(c.text, 128); got != c.identifier {
			t.Errorf("identifier %.20q: %v", c.text, got)
		}
		if got := protocol.Word(c.text); got != c.word {
			t.Errorf("word %.20q: %v", c.text, got)
		}
	}
}

func TestPackageName(t *testing.T) {
	for name, want := range map[string]bool{
		"com.example.captions": true, "a.b": true, "x-1.y_2": true, "com.a1.b-": true,
		"": false, "captions": false, "operator": false, ".a": false, "a.": false, "a..b": false, "A.b": false, "a.1b": false, "a b.c": false,
		"a." + strings.Repeat("b", protocol.PackageBytes-2): true, "a." + strings.Repeat("b", protocol.PackageBytes-1): false,
	} {
		if got := protocol.PackageName(name); got != want {
			t.Errorf("PackageName(%q) = %v", name, got)
		}
	}
}

func TestAppSessionIDs(t *testing.T) {
	random := strings.Repeat("0f", 16)
	for _, user := range []string{"u1", "ada@example.com", "a.b.c", "ü", strings.Repeat("a", protocol.SubjectBytes)} {
		if got, ok := protocol.AppSessionUser(protocol.AppSessionID(user, random)); !ok || got != user {
			t.Errorf("%q comes back as %q, %v", user, got, ok)
		}
		if got, ok := protocol.AppSessionUser(protocol.AppSessionID(user, random+random)); !ok || got != user {
			t.Errorf("signed, %q comes back as %q, %v", user, got, ok)
		}
	}
	for _, id := range []string{
		"", ".", "dTE", "dTE.", "dTE." + random[1:], "dTE." + random + "0", "dTE." + strings.ToUpper(random), "." + random, "dT=." + random, "dTF." + random + ".x",
		"dTF." + random, // not the one way to write it
		protocol.AppSessionID("a\x00", random), protocol.AppSessionID(strings.Repeat("a", protocol.SubjectBytes+1), random),
	} {
		if user, ok := protocol.AppSessionUser(id); ok {
			t.Errorf("%q is %q's", id, user)
		}
	}
}
