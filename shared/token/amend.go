package token

import (
	"encoding/json"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// own are the claims that stay the token's own, whatever else is said about its user: what was
// checked of it, how long it lives, and by what it is revoked.
var own = [...]string{"iss", "aud", "exp", "nbf", "iat", "jti", "token_type", "client_id", "azp"}

// Payload returns the claims as they were signed, a JSON object.
func (t *Token) Payload() []byte {
	_, payload, _ := strings.Cut(t.Input, ".")
	raw, _ := segment(payload)
	return raw
}

// Amended returns the token with other claims in the place of those that say who the user is, for
// a deployment that reads them in a way of its own. raw is a JSON object. The token lives as long
// as it did, or shorter, if raw says so. ok is false if raw is not an object of claims.
func (t *Token) Amended(raw []byte) (amended *Token, ok bool) {
	if jsonscan.Check(raw, claimDepth) != nil || !unique(raw, claimDepth) {
		return nil, false
	}
	if _, ok := jsonscan.Parse(raw); !ok {
		return nil, false
	}
	claims := decodeObject(raw)
	sooner, said := claims["exp"].(json.Number)
	for _, name := range own {
		delete(claims, name)
		if value, has := t.claims[name]; has {
			claims[name] = value
		}
	}
	if said && before(sooner, claims["exp"]) {
		claims["exp"] = sooner
	}
	other := *t
	other.claims = claims
	return &other, true
}

// before reports whether one moment comes before another.
func before(sooner json.Number, exp any) bool {
	number, _ := exp.(json.Number)
	a, err := sooner.Float64()
	b, wrong := number.Float64()
	return err == nil && wrong == nil && a < b
}
