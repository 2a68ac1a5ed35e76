package account_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/account/accounttest"
)

func random(b []byte) { rand.Read(b) }

// The accounts that other tests use behave as those of the database do (edge/e2e).
func TestMemory(t *testing.T) { accounttest.Contract(t, &accounttest.Memory{}) }

func TestEmail(t *testing.T) {
	for text, want := range map[string]string{
		" Ann@Example.COM ": "ann@example.com", "ann+tag@example.com": "ann+tag@example.com", "Ä@bücher.example": "ä@bücher.example", "a@b": "a@b",
		"": "", "ann": "", "@example.com": "", "ann@": "", "a@b@c": "", "ann smith@example.com": "", "ann@exa\nmple.com": "", "ann@example.com\x00": "",
		"ann\u200b@example.com": "", "\xff@example.com": "", strings.Repeat("x", 243) + "@example.com": "", strings.Repeat("x", 242) + "@example.com": strings.Repeat("x", 242) + "@example.com",
	} {
		if got := account.Email(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
		if want != "" && (account.Email(want) != want || account.Lookup(text) != want) {
			t.Errorf("%q is not stored as it is looked up", text)
		}
	}
}

func FuzzEmail(f *testing.F) {
	f.Add(" Ann@Example.COM ")
	f.Add("İ@K.ſ")
	f.Fuzz(func(t *testing.T, text string) {
		email := account.Email(text)
		if email != "" && (account.Email(email) != email || account.Lookup(text) != email || account.Lookup(email) != email) {
			t.Errorf("%q is stored as %q, and looked up as %q", text, email, account.Lookup(email))
		}
	})
}

// TestNames: a stranger who signs up chooses a name that operators read on a terminal.
func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"Ann": true, "Zoë 🙂": true, "李": true,
		"": false, " ": false, "a\nb": false, "\x1b[2J": false, "\u009b2J": false, "a\u0085b": false, "\x7f": false,
	} {
		if account.Name(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

func TestPasswordsThatAreTaken(t *testing.T) {
	const email = "ann@example.com"
	for password, reason := range map[string]string{
		"correct horse battery staple": "", "ÄÖÜ äöü ßßß 1234": "", "               x y z q w": "", "holdfast-demo-15": "",
		"fourteen chars": "password_too_short", "": "password_too_short", "ÄÖÜäöüß ÄÖÜäö": "password_too_short",
		strings.Repeat("abcdefg! ", 114): "password_too_long", strings.Repeat("x", 40): "password_too_simple", "abababababababab": "password_too_simple",
		"passwordpassword": "password_too_simple", "hunter2hunter2hunter2": "password_too_simple", "1234567890123456": "password_too_simple", "9876543210987654": "password_too_simple",
		"QwertyuiopAsdfghjkl": "password_too_simple", "abcdefghijklmnop": "password_too_simple", "ann@example.com": "password_too_simple", "my Ann@Example.com!": "password_too_simple",
		"not unicode \xff\xfe ....": "password_unusable",
	} {
		err := account.CheckNew(password, email, 0)
		if reason == "" && err != nil || reason != "" && (err == nil || err.Reason != reason) {
			t.Errorf("%q: %v, want %s", password, err, reason)
		}
		if err != nil && password != "" && strings.Contains(string(err.AppendJSON(nil)), password) {
			t.Errorf("the error quotes %q", password)
		}
	}
	for min, short := range map[int]string{0: "14 characters.", 8: "7 chars", 1: "7 chars", 20: "nineteen characters"} {
		if err := account.CheckNew(short, email, min); err == nil || err.Reason != "password_too_short" {
			t.Errorf("%d: %q: %v", min, short, err)
		}
		if err := account.CheckNew(short+"!", email, min); err != nil {
			t.Errorf("%d: %q: %v", min, short+"!", err)
		}
	}
	if err := account.CheckNew(strings.Repeat("0123456789abcdef", 63)+"0123456789abcde!", email, 0); err != nil {
		t.Errorf("1024 bytes: %v", err)
	}
}

func TestSecretsAreNotStored(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := account.NewID(random)
		text, token := account.NewToken(random, account.Reset, time.Now())
		if seen[id] || seen[text] || len(id) != 26 || !strings.HasPrefix(id, "usr_") || !account.IsID(id) || len(text) != 43 || strings.Contains(token.Hash, text) {
			t.Fatalf("%s %s %+v", id, text, token)
		}
		seen[id], seen[text] = true, true
		if account.TokenHash(text) != token.Hash {
			t.Error("the hash of a token changes")
		}
	}
	for _, text := range []string{"", "x", strings.Repeat("A", 42), strings.Repeat("A", 44), strings.Repeat("!", 43)} {
		if account.TokenHash(text) != "" {
			t.Errorf("%q is a token", text)
		}
	}
	var derived []int
	p, err := account.Hash("correct horse battery", random, func(_ string, salt []byte, n int) ([]byte, error) {
		derived = append(derived, n, len(salt))
		return []byte("hash"), nil
	})
	if err != nil || string(p.Hash) != "hash" || p.Iterations != account.Iterations || len(derived) != 2 || derived[0] != account.Iterations || derived[1] != 16 {
		t.Errorf("%+v %v %v", p, derived, err)
	}
	failed := errors.New("no")
	if _, err := account.Hash("x", random, func(string, []byte, int) ([]byte, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
}
