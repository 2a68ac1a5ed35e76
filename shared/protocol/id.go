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

// DeviceChannel names a user's device channel where a document may be named. No document
// can have the name (DocumentID).
const DeviceChannel = "@device"

// DocumentID reports whether s can be the name of a document: only the unreserved
// characters of RFC 3986, so that every URL spells it alike.
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

// Word reports whether s is one snake_case word. Reasons are such words: a log, a close
// frame and a switch statement can hold them as they are.
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

// PackageBytes is the length of the longest name of an app.
const PackageBytes = 100

// PackageName reports whether s can be the name of an app: lower-case words with dots between
// them, as a rule a domain backwards (com.example.captions). FromOperator and FromDevice have
// no dot, so no app can take their names.
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

// appSessionRandom is the length of the random part of an app's session id, in hex digits;
// appSessionSigned is its length together with its signature (see package sessionid).
const appSessionRandom, appSessionSigned = 32, 64

// AppSessionID returns the name that an app gets for a user's session. It holds the user id,
// by which we find the user's object, and a random part, which is new at each start, so that
// no session is mistaken for another. The random part is signed, so that we recognise the ids
// that we gave out. The id is no secret: the key is what admits an app.
func AppSessionID(userID, random string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(userID)) + "." + random
}

// AppSessionUser returns the user that an app's session id names, and false for any other text.
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

// DelegatePrefix begins the client id of each delegate: a program that acts for a user on one
// document. No other client may have such an id, so the log shows which entries a delegate wrote.
const DelegatePrefix = "delegate:"

// DelegateClient returns the client id of a delegation's program. It is also the jti that a
// revocation names.
func DelegateClient(id string) string { return DelegatePrefix + id }

// IsDelegate reports whether a client id is a delegate's.
func IsDelegate(clientID string) bool { return strings.HasPrefix(clientID, DelegatePrefix) }

// DelegationKeyPrefix begins the key of a delegation (see KeyID).
const DelegationKeyPrefix = "hfu_"
