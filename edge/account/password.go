package account

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// Iterations of PBKDF2: the most that the platform's WebCrypto takes.
	Iterations = 100_000
	saltBytes  = 16
	// DefaultMin is the length of the shortest password: what NIST SP 800-63B-4 (section
	// 3.1.1.2, August 2025) demands of a password that nothing else stands beside. LeastMin is
	// what it allows beside a second factor, and nobody may go below it.
	DefaultMin = 15
	LeastMin   = 8
	// MaxBytes is the length of the longest.
	MaxBytes = 1024
	// different is how many different characters a password has at least.
	different = 5
)

// Password is a password as stored: PBKDF2 with SHA-256.
type Password struct {
	Hash, Salt []byte
	Iterations int
}

// Derive returns 32 bytes of PBKDF2 with SHA-256. It is the platform's.
type Derive func(password string, salt []byte, iterations int) ([]byte, error)

// Hash returns what is stored of a password.
func Hash(password string, random func([]byte), derive Derive) (Password, error) {
	p := Password{Salt: make([]byte, saltBytes), Iterations: Iterations}
	random(p.Salt)
	var err error
	p.Hash, err = derive(password, p.Salt, p.Iterations)
	return p, err
}

// CheckNew refuses a password that is too short, too long, or the first that an attacker would
// try. Any characters are good, and none are demanded. min is in characters; 0 is the default.
// There is no list of passwords that have leaked: it would be larger than the Worker.
func CheckNew(password, email string, min int) *protocol.Error {
	if min <= 0 {
		min = DefaultMin
	}
	min = max(min, LeastMin)
	switch {
	case !utf8.ValidString(password):
		return refused("password_unusable", "The password is not Unicode text.")
	case utf8.RuneCountInString(password) < min:
		err := refused("password_too_short", "The password needs "+strconv.Itoa(min)+" characters or more.")
		err.Details = []protocol.Detail{{Name: "min", Raw: strconv.AppendInt(nil, int64(min), 10)}}
		return err
	case len(password) > MaxBytes:
		return refused("password_too_long", "The password has more than "+strconv.Itoa(MaxBytes)+" bytes.")
	case simple(strings.ToLower(password), email):
		return refused("password_too_simple", "The password is easy to guess: it repeats itself, counts, or is the e-mail.")
	}
	return nil
}

func refused(reason, message string) *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reason, Message: message}
}

// simple reports whether a password has few characters, repeats a part of itself, goes along
// a row (of digits, letters or keys), or is the e-mail.
func simple(password, email string) bool {
	seen := map[rune]bool{}
	for _, r := range password {
		seen[r] = true
	}
	if len(seen) < different || strings.Contains(password, email) && email != "" {
		return true
	}
	// A text that repeats itself stands in its double somewhere else than at the ends.
	if strings.Contains((password + password)[1:2*len(password)-1], password) {
		return true
	}
	for _, row := range [...]string{"0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"} {
		if along(row, password) || along(reverse(row), password) {
			return true
		}
	}
	return false
}

// along reports whether a text is a part of a row that is repeated.
func along(row, text string) bool {
	return strings.Contains(strings.Repeat(row, len(text)/len(row)+2), text)
}

func reverse(row string) string {
	b := []byte(row)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
