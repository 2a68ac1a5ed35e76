package token

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// keyIDBytes is the length of the longest kid. We only use a kid as a map key.
	keyIDBytes = 128
	// depth is the deepest nesting of a header or a configured key, claimDepth that of a payload, where
	// issuers put what they like. Reading the claims recurses, and the stack is small here.
	depth, claimDepth = 8, 32
)

// Token is a text in the form of a token. Nothing in it is verified yet.
type Token struct {
	// Input is the signed text: the first two parts with their dot.
	Input string
	// Signature is the third part, base64url as received.
	Signature string
	// KeyID names the key; "" if the token names none.
	KeyID string
	// Algorithm is the algorithm that the header names, one of those that are allowed.
	Algorithm string

	claims jwt.MapClaims
}

// Verifier holds the requirements on a token. The zero value accepts any issuer and
// audience, and reads the subject from user_id.
type Verifier struct {
	// Issuer is the iss that a token must have; "" accepts any.
	Issuer string
	// Algorithms are the algorithms that a token may be signed with; empty means Algorithm.
	Algorithms []string
	// Audience lists the apps of which a token's aud must name one; empty accepts any aud, or none.
	Audience []string
	// AudienceClaim is the claim that names the app if that is not aud: client_id or azp. Then a
	// token needs no aud, and one that it has must name an app of Audience too.
	AudienceClaim string
	// Unaddressed accepts only tokens without an aud. For an issuer whose own tokens have
	// none, a token with an aud is meant for somebody else.
	Unaddressed bool
	// Subject is the claim that names the user; "" means user_id.
	Subject string
	// Prefix goes before the subject, so that no user of one issuer is taken for another's. Reserved
	// are the other issuers' prefixes: a user whose name begins with one is refused.
	Prefix   string
	Reserved []string
	// EmailsVerified says that the issuer verifies each e-mail before it puts it into a
	// token, whether or not email_verified says so.
	EmailsVerified bool
	// Leeway is how far the issuer's clock may differ from ours.
	Leeway time.Duration
}

// Parse checks the form of text and takes it apart.
//
// It accepts no token that golang-jwt's parser refuses (FuzzParse checks that), without
// the signing methods that come with that parser. It is stricter: for example, it refuses a
// token that has a claim twice (RFC 7519, section 4). encoding/json takes the last of the
// two, another reader the first, so such a token has no one meaning. Validate leaves the
// claims themselves to golang-jwt's validator.
func (v *Verifier) Parse(text string) (*Token, *protocol.Error) {
	t, _, err := ParseAny(text, v)
	return t, err
}

// ParseAny is Parse for the tokens of several issuers, and returns the one verifier whose issuer
// the token names. Nothing needs to be fetched, or checked, to refuse a token of any other.
func ParseAny(text string, from ...*Verifier) (*Token, *Verifier, *protocol.Error) {
	t, body, err := dissect(text, func(name string) bool {
		return slices.ContainsFunc(from, func(v *Verifier) bool { return allows(v.Algorithms, name) })
	})
	if err != nil {
		return nil, nil, err
	}
	if !unique(body, claimDepth) {
		return nil, nil, refuse(ReasonMalformed)
	}
	t.claims = decodeObject(body)
	issuer, isText := t.claims["iss"].(string)
	for _, v := range from {
		switch {
		case v.Issuer != "" && issuer != v.Issuer:
		case !allows(v.Algorithms, t.Algorithm):
			return nil, nil, refuse(ReasonAlgorithm)
		default:
			return t, v, nil
		}
	}
	switch {
	case !isText && t.claims["iss"] != nil:
		return nil, nil, malformed("iss")
	case issuer == "":
		return nil, nil, missing("iss")
	}
	return nil, nil, refuse(ReasonIssuer)
}

// dissect is Parse without the claims, for a signed text of any content.
func dissect(text string, allowed func(algorithm string) bool) (t *Token, body []byte, err *protocol.Error) {
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
	kid, algorithm, err := header(head)
	if err == nil && !allowed(algorithm) {
		err = refuse(ReasonAlgorithm)
	}
	if err != nil {
		return nil, nil, err
	}
	body, ok = segment(parts[1])
	if !ok {
		return nil, nil, refuse(ReasonMalformed)
	}
	signature, ok := segment(parts[2])
	if !ok || len(signature) == 0 {
		return nil, nil, refuse(ReasonMalformed)
	}
	if length := find(algorithm).signature; length > 0 && len(signature) != length {
		return nil, nil, refuse(ReasonSignature)
	}
	return &Token{Input: text[:len(parts[0])+1+len(parts[1])], Signature: parts[2], KeyID: kid, Algorithm: algorithm}, body, nil
}

// decodeObject decodes a checked object into the form that golang-jwt's validator needs.
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

// segment decodes base64url without padding. Strict refuses trailing bits, so each token has
// one spelling. Go's decoder skips line breaks, so segment refuses them itself.
func segment(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// unique reports whether b is one JSON object without a repeated name.
func unique(b []byte, deepest int) bool {
	seen := make(map[string]bool)
	scan := jsonscan.Scan(b, deepest)
	for scan.Next() {
		name := string(scan.Key())
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	return scan.Err() == nil
}

// access reports whether typ can be that of an access token: at+jwt (RFC 9068), or plain JWT.
// The prefix "application/" is optional (RFC 7515, 4.1.9).
func access(typ []byte) bool {
	s, ok := jsonscan.Str(typ)
	s = strings.TrimPrefix(strings.ToLower(s), "application/")
	return ok && (s == "jwt" || s == "at+jwt")
}

// header checks the first part and returns the names of the key and the algorithm. It ignores jku, jwk, x5u and
// x5c, by which a sender says which key to trust. It refuses crit, which names extensions that
// a reader must understand: we understand none (RFC 7515, 4.1.11). It refuses b64 and zip,
// which change how the payload reads (RFC 7797; RFC 7516, 4.1.3). It refuses the typ of
// another kind of token, such as a logout token: its issuer did not make it for access
// (RFC 8725, 3.11).
func header(b []byte) (kid, algorithm string, err *protocol.Error) {
	if !unique(b, depth) {
		return "", "", refuse(ReasonMalformed)
	}
	algorithm, ok := jsonscan.Str(jsonscan.Field(b, "alg"))
	if !ok || !KnownAlgorithm(algorithm) {
		return "", "", refuse(ReasonAlgorithm)
	}
	for _, name := range [...]string{"crit", "b64", "zip"} {
		if jsonscan.Field(b, name) != nil {
			return "", "", refuse(ReasonMalformed)
		}
	}
	if raw := jsonscan.Field(b, "typ"); raw != nil && !access(raw) {
		return "", "", refuse(ReasonWrongType)
	}
	raw := jsonscan.Field(b, "kid")
	if raw == nil {
		return "", algorithm, nil
	}
	kid, ok = jsonscan.Str(raw)
	if !ok || kid == "" || len(kid) > keyIDBytes {
		return "", "", refuse(ReasonMalformed)
	}
	return kid, algorithm, nil
}
