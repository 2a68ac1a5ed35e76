package access

import (
	"cmp"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/token"
)

// AnyAudience in AUDIENCE says aloud that tokens of every app of the issuer are taken.
const AnyAudience = "*"

// ParseSubject reads the variable SUBJECT_CLAIM.
func ParseSubject(claim string) string { return cmp.Or(strings.TrimSpace(claim), token.UserIDClaim) }

// ParseAudience reads the variable AUDIENCE: names separated by commas or spaces, or a JSON
// list of them. A token's aud has to name one. None, where "*" is among them: any does.
func ParseAudience(list string) []string {
	all := strings.FieldsFunc(list, separates)
	if slices.Contains(all, AnyAudience) {
		return nil
	}
	return all
}

// AlgorithmNames are the names that ALGORITHMS may hold.
const AlgorithmNames = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA"

// ParseAlgorithms reads the variable ALGORITHMS: names separated by commas or spaces. None means the
// default. unknown says that there is a name that is none of AlgorithmNames.
func ParseAlgorithms(list string) (all []string, unknown bool) {
	all = strings.FieldsFunc(list, separates)
	for _, name := range all {
		unknown = unknown || !token.KnownAlgorithm(name)
	}
	return all, unknown
}

func separates(r rune) bool { return strings.ContainsRune(" \t\r\n,[]\"", r) }

// WithPrevious returns the keys tokens may be signed with: the signing key, and
// behind it those of the variable PREVIOUS_KEYS, a key set or a list of keys. With an
// error it is the signing key alone.
func WithPrevious(signing token.Key, previous string) ([]token.Key, error) {
	keys := []token.Key{signing}
	if strings.TrimSpace(previous) == "" {
		return keys, nil
	}
	others, err := token.PublicKeys([]byte(previous))
	if err != nil {
		return keys, err
	}
	if signing.ID == "" {
		return keys, token.ErrKey // nobody could say which key a token means
	}
	for _, other := range others {
		switch {
		case other.ID != signing.ID:
			keys = append(keys, other)
		case string(other.JWK) != string(signing.JWK):
			return keys[:1], token.ErrKeySet // two keys of one name
		}
	}
	return keys, nil
}
