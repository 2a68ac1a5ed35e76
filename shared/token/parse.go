package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// keyIDBytes is the longest kid: it is a map key here and nothing else.
	keyIDBytes = 128
	// depth is the deepest nesting of a header or payload: encoding/json
	// recurses, and the stack it does that on is small.
	depth = 8
)

// Token is a token that has the right form. Nothing in it is true yet.
type Token struct {
	// Input is what was signed: the first two parts with their dot.
	Input string
	// Signature is the third part, base64url as it came.
	Signature string
	// KeyID names the key; empty when the token names none.
	KeyID string

	claims jwt.MapClaims
}

// Verifier holds what a token must satisfy. The zero value accepts any issuer and
// audience, and takes user_id for the subject.
type Verifier struct {
	// Issuer is the iss a token must have; empty: any.
	Issuer string
	// Audience is of whom a token's aud must name one; empty: any, none included.
	Audience []string
	// Unaddressed takes only tokens without an aud: the issuer gives out no others, so one
	// that has some was made for somebody else.
	Unaddressed bool
	// Subject is the claim that says who the holder is; empty: user_id.
	Subject string
	// EmailsVerified says that the issuer has verified each e-mail it puts into a token,
	// whether email_verified says so or not.
	EmailsVerified bool
	// Leeway is how far the issuer's clock may be from ours.
	Leeway time.Duration
}

// Parse checks the form of text and takes it apart.
//
// It takes what golang-jwt's parser takes of RS256 (FuzzParse holds it to that),
// without the signing methods that parser brings along, and is stricter: of two
// claims with one name encoding/json takes the last, where another reader of the
// same token takes the first, so a token with duplicates has no meaning and is
// refused (RFC 7519, section 4). What the claims are worth golang-jwt's validator
// says, in Validate.
func (v *Verifier) Parse(text string) (*Token, *protocol.Error) {
	t, body, err := dissect(text)
	if err != nil {
		return nil, err
	}
	if !unique(body) {
		return nil, refuse(ReasonMalformed)
	}
	t.claims = decodeObject(body)
	return t, nil
}

// dissect is Parse for a signed text of any content: all but the claims.
func dissect(text string) (t *Token, body []byte, err *protocol.Error) {
	if text == "" {
		return nil, nil, refuse(ReasonMissing)
	}
	if len(text) > protocol.TokenBytes {
		return nil, nil, refuse(ReasonTooLarge)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, nil, refuse(ReasonMalformed)
	}
	head, ok := segment(parts[0])
	if !ok {
		return nil, nil, refuse(ReasonMalformed)
	}
	kid, err := header(head)
	if err != nil {
		return nil, nil, err
	}
	body, ok = segment(parts[1])
	if !ok {
		return nil, nil, refuse(ReasonMalformed)
	}
	if signature, ok := segment(parts[2]); !ok || len(signature) == 0 {
		return nil, nil, refuse(ReasonMalformed)
	}
	return &Token{Input: text[:len(parts[0])+1+len(parts[1])], Signature: parts[2], KeyID: kid}, body, nil
}

// decodeObject gives a checked object the form golang-jwt's validator wants.
// Numbers stay text, so that a huge exp is refused and not rounded.
func decodeObject(raw []byte) map[string]any {
	all := map[string]any{}
	for o, _ := jsonscan.Parse(raw); o.Next(); {
		all[string(o.Key())] = decode(o.Value())
	}
	return all
}

func decode(raw []byte) any {
	switch raw[0] {
	case '"':
		s, _ := jsonscan.Str(raw)
		return s
	case '{':
		return decodeObject(raw)
	case '[':
		list := []any{}
		for a := jsonscan.Elements(raw); a.Next(); {
			list = append(list, decode(a.Value()))
		}
		return list
	case 'n':
		return nil
	case 't', 'f':
		v, _ := jsonscan.Bool(raw)
		return v
	}
	return json.Number(raw)
}

// segment decodes base64url without padding. Strict refuses trailing bits, so
// one token has one spelling; Go's decoder skips line breaks, so those are
// refused here.
func segment(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// unique reports whether b is one JSON object with no name twice.
func unique(b []byte) bool {
	seen := make(map[string]bool)
	scan := jsonscan.Scan(b, depth)
	for scan.Next() {
		name := string(scan.Key())
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	return scan.Err() == nil
}

// access reports whether a typ can be an access token's: RFC 9068's at+jwt, or the JWT
// that says nothing; "application/" before it may be left out (RFC 7515, 4.1.9).
func access(typ []byte) bool {
	s, ok := jsonscan.Str(typ)
	s = strings.TrimPrefix(strings.ToLower(s), "application/")
	return ok && (s == "jwt" || s == "at+jwt")
}

// header checks the first part and returns the key's name. jku, jwk, x5u and x5c
// are a sender's own word on which key to trust: they are not looked at. crit
// names extensions that must be understood, and none is (RFC 7515, 4.1.11); b64 and
// zip say that the payload is not what it looks like (RFC 7797; RFC 7516, 4.1.3). A
// typ of another kind of token, a logout token say, is an issuer's own word that this
// one opens nothing (RFC 8725, 3.11).
func header(b []byte) (kid string, err *protocol.Error) {
	if !unique(b) {
		return "", refuse(ReasonMalformed)
	}
	if alg, ok := jsonscan.Str(jsonscan.Field(b, "alg")); !ok || alg != Algorithm {
		return "", refuse(ReasonAlgorithm)
	}
	for _, name := range [...]string{"crit", "b64", "zip"} {
		if jsonscan.Field(b, name) != nil {
			return "", refuse(ReasonMalformed)
		}
	}
	if raw := jsonscan.Field(b, "typ"); raw != nil && !access(raw) {
		return "", refuse(ReasonWrongType)
	}
	raw := jsonscan.Field(b, "kid")
	if raw == nil {
		return "", nil
	}
	kid, ok := jsonscan.Str(raw)
	if !ok || kid == "" || len(kid) > keyIDBytes {
		return "", refuse(ReasonMalformed)
	}
	return kid, nil
}
