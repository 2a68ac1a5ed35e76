package token

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The claims a subject is most often read from, and what says that an e-mail was verified.
const (
	UserIDClaim   = "user_id"
	EmailClaim    = "email"
	phoneClaim    = "phone_number"
	verified      = "_verified" // behind another claim's name
	verifiedClaim = EmailClaim + verified
)

// SubjectClaim reports whether a claim can say who somebody is. Those of RFC 7519 that
// say something of the token cannot, nor what says something of another claim.
func SubjectClaim(name string) bool {
	switch name {
	case "", "iss", "aud", "exp", "nbf", "iat", "jti", "token_type":
		return false
	}
	return !strings.HasSuffix(name, verified)
}

// subject is who the token speaks for: what the one claim says that the deployment has
// named, and no other claim in its place, for what stands in another its holder may have
// chosen. An e-mail is a subject only if the issuer says, by the boolean true, that it has
// verified that it is its holder's; or if the deployment says that the issuer always does.
// So is a telephone number (OpenID Connect Core 1.0, section 5.1), and any other claim that
// the issuer says such a thing of.
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
	return s, nil
}

// email is the e-mail as it is shown. One that would have to be cleaned is none: it would
// become somebody else's.
func (t *Token) email() string {
	if raw := t.string(EmailClaim); raw == t.text(EmailClaim) {
		return lower(raw)
	}
	return ""
}

// identifier reads a claim that names somebody or something: text that UserID takes, or an
// integer, as it is written in decimal. Beyond 2^53 two of those may be one to a reader
// that has floats only. "" is a claim that is not there.
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

// lower is an e-mail without capitals. Only ASCII's have a small letter here: with
// Unicode's the Kelvin sign is a k, and one person's address another's.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// text is a claim that only decorates: whatever it is, it keeps nobody out. What is no
// string is nothing; what shows as nothing, or moves what is around it, is left out; what
// is too long is cut between two characters.
func (t *Token) text(name string) string {
	raw, _ := t.claims[name].(string)
	out := make([]byte, 0, min(len(raw), textBytes))
	for _, r := range raw {
		r = shown(r)
		if r < 0 || r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
			continue
		}
		if len(out)+utf8.RuneLen(r) > textBytes {
			break
		}
		out = utf8.AppendRune(out, r)
	}
	return strings.TrimSuffix(string(out), " ")
}

// shown is what becomes of a character in a text for people: a control character is a
// space, the marks and overrides of a text's direction are nothing, and neither is what a
// broken escape becomes. The joiners and marks that some scripts and emoji are written
// with stay.
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
