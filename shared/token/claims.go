package token

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The claims a subject is most often read from, and what says that an e-mail was verified.
const (
	UserIDClaim   = "user_id"
	EmailClaim    = "email"
	verifiedClaim = "email_verified"
)

// SubjectClaim reports whether a claim can say who somebody is. Those of RFC 7519 that
// say something of the token cannot, nor what says something of another claim.
func SubjectClaim(name string) bool {
	switch name {
	case "", "iss", "aud", "exp", "nbf", "iat", "jti", "token_type", verifiedClaim:
		return false
	}
	return true
}

// subject is who the token speaks for: what the one claim says that the deployment has
// named, and no other claim in its place, for what stands in another its holder may have
// chosen. An e-mail is a subject only if the issuer says, by the boolean true, that it has
// verified that it is its holder's; or if the deployment says that the issuer always does.
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
	case name != EmailClaim:
		return s, nil
	case t.claims[verifiedClaim] != true && !v.EmailsVerified:
		err := refuse(ReasonUnverified)
		err.Details = claim(EmailClaim)
		return "", err
	}
	return lower(s), nil
}

// identifier reads a claim that names somebody or something: text that UserID takes, or an
// integer, as it is written in decimal. Beyond 2^53 two of those may be one to a reader
// that has floats only. "" is a claim that is not there.
func (t *Token) identifier(name string) (string, *protocol.Error) {
	switch value := t.claims[name].(type) {
	case nil:
		return "", nil
	case json.Number:
		if n, ok := jsontext.Int([]byte(value)); ok && n <= protocol.MaxSeq && n >= -protocol.MaxSeq && value != "-0" {
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
	case r == 0xad, r == 0x200b, 0x202a <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, r == 0xfeff, r == 0xfffd,
		0xe0000 <= r && r < 0xe0020:
		return -1
	}
	return r
}
