package token

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// Leeway is how far the issuer's clock may be from ours.
	Leeway = 5 * time.Second
	// textBytes is the longest user id, e-mail, name or jti.
	textBytes = 256
	// lastSecond is the end of the year 9999; what lies beyond is no moment.
	lastSecond = 253402300799
)

// Validate checks the claims at the moment now. signed is what the check of
// t.Signature over t.Input with the key of t.KeyID has found; without it nothing
// is said about the claims, not even that they have expired.
func (v *Verifier) Validate(t *Token, signed bool, now time.Time) (Claims, *protocol.Error) {
	if !signed {
		return Claims{}, refuse(ReasonSignature)
	}
	for _, name := range [...]string{"exp", "iat", "nbf"} {
		if err := t.moment(name); err != nil {
			return Claims{}, err
		}
	}
	for _, name := range [...]string{"user_id", "email", "name", "jti", "iss", "token_type"} {
		if err := t.text(name); err != nil {
			return Claims{}, err
		}
	}
	options := []jwt.ParserOption{
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(Leeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	}
	if v.Issuer != "" {
		options = append(options, jwt.WithIssuer(v.Issuer))
	}
	if v.Audience != "" {
		options = append(options, jwt.WithAudience(v.Audience))
	}
	if err := jwt.NewValidator(options...).Validate(t.claims); err != nil {
		return Claims{}, v.refusal(t, err)
	}
	if kind, ok := t.claims["token_type"]; ok && kind != "access" {
		return Claims{}, refuse(ReasonWrongType)
	}
	c := Claims{
		UserID: t.string("user_id"),
		Email:  lower(t.string("email")),
		Name:   t.string("name"),
		ID:     t.string("jti"),
	}
	if c.Subject() == "" {
		return Claims{}, missing("user_id")
	}
	c.IssuedAt, c.ExpiresAt = t.time("iat"), t.time("exp")
	return c, nil
}

// Subject is who the token speaks for: the user id, else the e-mail.
func (c Claims) Subject() string {
	if c.UserID != "" {
		return c.UserID
	}
	return c.Email
}

// refusal puts golang-jwt's joined errors as one, the gravest first: a token of
// somebody else's is not worth refreshing, an expired one is.
func (v *Verifier) refusal(t *Token, err error) *protocol.Error {
	switch {
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		switch {
		case t.claims["exp"] == nil:
			return missing("exp")
		case v.Issuer != "" && t.string("iss") == "":
			return missing("iss")
		}
		return missing("aud")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return refuse(ReasonIssuer)
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return refuse(ReasonAudience)
	case errors.Is(err, jwt.ErrTokenNotValidYet), errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return refuse(ReasonNotYetValid)
	case errors.Is(err, jwt.ErrTokenExpired):
		return expired(t.time("exp"))
	}
	return refuse(ReasonMalformed)
}

func expired(at time.Time) *protocol.Error {
	raw := append(jsontext.AppendTime([]byte{'"'}, at), '"')
	return &protocol.Error{
		Code:    protocol.TokenExpired,
		Reason:  ReasonExpired,
		Details: []protocol.Detail{{Name: "expired_at", Raw: raw}},
	}
}

func missing(claim string) *protocol.Error {
	err := refuse(ReasonClaimMissing)
	err.Details = []protocol.Detail{{Name: "claim", Raw: jsontext.AppendString(nil, claim)}}
	return err
}

func malformed(claim string) *protocol.Error {
	err := missing(claim)
	err.Reason = ReasonMalformed
	return err
}

// moment checks that a claim is a number of seconds that some clock could show.
// golang-jwt takes a string for absent and any float for a time.
func (t *Token) moment(name string) *protocol.Error {
	raw, ok := t.claims[name]
	if !ok {
		if name == "nbf" {
			return nil
		}
		return missing(name)
	}
	number, ok := raw.(json.Number)
	if !ok {
		return malformed(name)
	}
	if s, err := number.Float64(); err != nil || math.IsNaN(s) || s < 1 || s > lastSecond {
		return malformed(name)
	}
	return nil
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

// unseen reports whether r shows as nothing, or moves what is around it: control
// characters, the marks and overrides of a text's direction, and what a broken escape
// becomes (U+FFFD: two different ones would be one).
func unseen(r rune) bool {
	return r < ' ' || 0x7f <= r && r <= 0x9f || r == 0xad || r == 0x200b || 0x2028 <= r && r <= 0x202e ||
		0x2060 <= r && r <= 0x206f || r == 0xfeff || r == 0xfffd || 0xe0000 <= r && r <= 0xe007f
}

// text checks that a claim, where there is one, is a string of a sane length
// with no characters that nobody sees: it goes into names, rows and logs. A name may
// have the joiners and marks that some scripts are written with.
func (t *Token) text(name string) *protocol.Error {
	raw, ok := t.claims[name]
	if !ok {
		return nil
	}
	s, ok := raw.(string)
	if !ok || len(s) > textBytes || strings.ContainsFunc(s, unseen) ||
		name != "name" && strings.ContainsFunc(s, func(r rune) bool { return 0x200c <= r && r <= 0x200f }) {
		return malformed(name)
	}
	return nil
}

func (t *Token) string(name string) string {
	s, _ := t.claims[name].(string)
	return s
}

// time is a moment that has been checked, rounded down to whole seconds.
func (t *Token) time(name string) time.Time {
	number, _ := t.claims[name].(json.Number)
	s, _ := number.Float64()
	return time.Unix(int64(s), 0).UTC()
}
