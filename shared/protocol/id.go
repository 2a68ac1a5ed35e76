package protocol

import (
	"encoding/base64"
	"strings"
)

// Identifier reports whether s is 1 to max printable ASCII characters.
func Identifier(s string, max int) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= max
}

// DocumentID reports whether s can be the name of a document: RFC 3986's
// unreserved characters, so that it is spelt the same in every URL.
func DocumentID(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return s != "" && s != "." && s != ".." && len(s) <= DefaultLimits.IDBytes
}

// Word reports whether s is one snake_case word, as reasons are: nothing that a
// log, a close frame or a program that switches on it would stumble over.
func Word(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '_'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// PackageBytes is the longest name of an app.
const PackageBytes = 100

// PackageName reports whether s can be the name of an app: words in lower case with a dot
// between them, a domain's backwards as a rule (com.example.captions). No sender that is
// not an app (FromOperator, FromDevice) has a dot.
func PackageName(s string) bool {
	dots, last := 0, byte('.')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '.' && last != '.':
			dots++
		case 'a' <= c && c <= 'z', last != '.' && ('0' <= c && c <= '9' || c == '-' || c == '_'):
		default:
			return false
		}
		last = s[i]
	}
	return dots > 0 && last != '.' && len(s) <= PackageBytes
}

// appSessionRandom is how long the random part of an app's session id is, in hex digits, and
// appSessionSigned how long with what signs it (see package sessionid).
const appSessionRandom, appSessionSigned = 32, 64

// AppSessionID is the name an app is given for a user's session: whose it is, so that the
// way there is known, and a part that is new with each start, so that none is taken
// for another, and signed, so that whoever reads it knows that it was given. It is no
// secret; the app's key is.
func AppSessionID(userID, random string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(userID)) + "." + random
}

// AppSessionUser returns whose session an app's session id names; false for what is none.
func AppSessionUser(id string) (userID string, ok bool) {
	name, random, _ := strings.Cut(id, ".")
	if len(random) != appSessionRandom && len(random) != appSessionSigned || len(name) > base64.RawURLEncoding.EncodedLen(SubjectBytes) {
		return "", false
	}
	for i := 0; i < len(random); i++ {
		if c := random[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	user, err := base64.RawURLEncoding.Strict().DecodeString(name)
	return string(user), err == nil && UserID(string(user))
}
