package token

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The claims that deployments most often use as the subject, and the suffix of the claims by
// which an issuer says that it verified another.
const (
	UserIDClaim   = "user_id"
	EmailClaim    = "email"
	phoneClaim    = "phone_number"
	verified      = "_verified" // behind another claim's name
	verifiedClaim = EmailClaim + verified
)

// SubjectClaim reports whether a claim can name the user. The claims of RFC 7519 that describe
// the token cannot, and neither can a claim that describes another claim.
func SubjectClaim(name string) bool {
	switch name {
	case "", "iss", "aud", "exp", "nbf", "iat", "jti", "token_type":
		return false
	}
	return !strings.HasSuffix(name, verified)
}

// subject returns the user that the token speaks for. It reads only the claim that the
// deployment named: the holder may have chosen the text of any other claim, so none stands in
// for it. An e-mail counts as the subject only if the issuer says, by the boolean true, that it
// verified the address, or if the deployment says that its issuer verifies all of them. The same
// holds for a telephone number (OpenID Connect Core 1.0, section 5.1), and for any other claim
// that the issuer marks as verified or unverified.
func (v *Verifier) subject(t *Token) (string, *protocol.Error) {
	name := v.Subject
	if name == "" {
		name = UserIDClaim
	}
	s, err := t.identifier(name)
	switch {
	case err != nil:
		return "", err
	case s == "":
		return "", missing(name)
	}
	is, said := t.claims[name+verified]
	trusted := name == EmailClaim && v.EmailsVerified
	if must := said || name == EmailClaim || name == phoneClaim; must && is != true && !trusted {
		err := refuse(ReasonUnverified)
		err.Details = claim(name)
		return "", err
	}
	if name == EmailClaim {
		s = lower(s)
	}
	if slices.ContainsFunc(v.Reserved, func(prefix string) bool { return strings.HasPrefix(v.Prefix+s, prefix) }) {
		return "", refuse(ReasonReserved)
	}
	if s = v.Prefix + s; protocol.IsGuest(s) {
		return "", refuse(ReasonReserved)
	}
	if !protocol.UserID(s) {
		return "", malformed(name)
	}
	return s, nil
}

// AudienceClaim reports whether a claim can name the app that a token was made for: aud, the
// client that asked for it (client_id, RFC 9068), or the party that it was given to (azp).
func AudienceClaim(name string) bool { return name == "aud" || name == "client_id" || name == "azp" }

// email returns the e-mail for display. It returns "" for one that text would have to clean,
// because the result would be somebody else's address.
func (t *Token) email() string {
	if raw := t.string(EmailClaim); raw == t.text(EmailClaim) {
		return lower(raw)
	}
	return ""
}

// identifier reads a claim that names somebody or something: a text that UserID accepts, or an
// integer, in decimal. It refuses integers beyond 2^53, because a reader that has only floats
// may mistake one for another. It returns "" for a missing claim.
func (t *Token) identifier(name string) (string, *protocol.Error) {
	switch value := t.claims[name].(type) {
	case nil:
		return "", nil
	case json.Number:
		if n, ok := jsonscan.Int([]byte(value)); ok && n <= protocol.MaxSeq && n >= -protocol.MaxSeq && value != "-0" {
			return string(value), nil
		}
	case string:
		if value == "" || protocol.UserID(value) {
			return value, nil
		}
	}
	return "", malformed(name)
}

// lower returns an e-mail in lower case. It changes only ASCII letters: by Unicode's rules the
// Kelvin sign becomes a k, so one person's address would become another's.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// text returns a claim for display. No text keeps anybody out: a claim that is not a string
// reads as "", characters that are invisible or reorder their neighbours are left out, and a
// text that is too long is cut between two characters.
func (t *Token) text(name string) string {
	raw, _ := t.claims[name].(string)
	return Clean(raw, textBytes)
}

// Clean returns a name as it may be shown, in at most so many bytes: without invisible characters
// and characters that turn text around, and with single spaces.
func Clean(raw string, most int) string {
	out := make([]byte, 0, min(len(raw), most))
	for _, r := range raw {
		r = shown(r)
		if r < 0 || r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		if len(out)+utf8.RuneLen(r) > most {
			break
		}
		out = utf8.AppendRune(out, r)
	}
	return strings.TrimSuffix(string(out), " ")
}

// shown returns what a character becomes in a text for people. A control character becomes a
// space. Marks and overrides of a text's direction, and the replacement for a broken escape,
// are left out (-1). The joiners and marks that some scripts and emoji need stay.
func shown(r rune) rune {
	switch {
	case r < ' ', 0x7f <= r && r <= 0x9f, r == 0x2028, r == 0x2029:
		return ' '
	case r == 0xad, r == 0x61c, r == 0x115f, r == 0x1160, r == 0x180e, r == 0x2800, r == 0x3164, r == 0xffa0,
		r == 0x200b, r == 0x200e, r == 0x200f, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, r == 0xfeff, r == 0xfffd,
		0xe0000 <= r && r < 0xe0020:
		return -1
	}
	return r
}
