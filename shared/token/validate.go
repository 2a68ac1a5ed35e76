package token

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// DefaultLeeway is how far the issuer's clock may differ from ours.
	DefaultLeeway = 30 * time.Second
	// MaxLeeway bounds the leeway that a deployment may set. A token may live so much
	// longer, and we remember a revoked one so much longer.
	MaxLeeway = 5 * time.Minute
	// textBytes is the length of the longest name or e-mail for display.
	textBytes = 256
	// lastSecond is the end of the year 9999, the last moment that we accept.
	lastSecond = 253402300799
	// maxWait is the longest wait that we ask of the holder of a token that is not valid
	// yet. Then the client asks again.
	maxWait = time.Hour
)

// Validate checks the claims at the moment now, and reads who the user is. signed is the result
// of checking t.Signature over t.Input with the key of t.KeyID. If it is false, the error says
// nothing about the claims, not even that they have expired.
func (v *Verifier) Validate(t *Token, signed bool, now time.Time) (Claims, *protocol.Error) {
	if err := v.Check(t, signed, now); err != nil {
		return Claims{}, err
	}
	c := Claims{
		Email: t.email(), Name: t.text("name"),
		IssuedAt: t.time("iat"), ExpiresAt: t.time("exp"),
	}
	var err *protocol.Error
	if c.Subject, err = v.subject(t); err != nil {
		return Claims{}, err
	}
	if c.ID, err = t.identifier("jti"); err != nil {
		return Claims{}, err
	}
	return c, nil
}

// Check is Validate without the claims that say who the user is: the token is genuine, for this
// deployment, and of now.
func (v *Verifier) Check(t *Token, signed bool, now time.Time) *protocol.Error {
	if !signed {
		return refuse(ReasonSignature)
	}
	for _, name := range [...]string{"exp", "iat", "nbf"} {
		if err := t.moment(name); err != nil {
			return err
		}
	}
	for _, name := range [...]string{"iss", "token_type"} {
		if _, text := t.claims[name].(string); !text && t.claims[name] != nil {
			return malformed(name)
		}
	}
	options := []jwt.ParserOption{
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(v.Leeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	}
	if v.Issuer != "" {
		options = append(options, jwt.WithIssuer(v.Issuer))
	}
	if len(v.Audience) > 0 && (v.AudienceClaim == "" || t.claims["aud"] != nil) {
		options = append(options, jwt.WithAudience(v.Audience...))
	}
	if err := jwt.NewValidator(options...).Validate(t.claims); err != nil {
		return v.refusal(t, err, now)
	}
	if v.Unaddressed && t.claims["aud"] != nil {
		return refuse(ReasonAudience)
	}
	if err := v.app(t); err != nil {
		return err
	}
	// OAuth calls an access token a bearer token (RFC 6750).
	if kind, ok := t.claims["token_type"].(string); ok && kind != "access" && !strings.EqualFold(kind, "bearer") {
		return refuse(ReasonWrongType)
	}
	return nil
}

// app checks the claim that names the app beside aud, if the deployment named one.
func (v *Verifier) app(t *Token) *protocol.Error {
	if len(v.Audience) == 0 || v.AudienceClaim == "" {
		return nil
	}
	switch name, ok := t.claims[v.AudienceClaim].(string); {
	case !ok && t.claims[v.AudienceClaim] != nil:
		return malformed(v.AudienceClaim)
	case name == "":
		return missing(v.AudienceClaim)
	case !slices.Contains(v.Audience, name):
		return refuse(ReasonAudience)
	}
	return nil
}

// refusal chooses one of golang-jwt's joined errors, the gravest first: a client should not
// refresh a token of another issuer, and should refresh an expired one.
func (v *Verifier) refusal(t *Token, err error, now time.Time) *protocol.Error {
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
		return v.early(t, now)
	case errors.Is(err, jwt.ErrTokenExpired):
		return expired(t.time("exp"))
	}
	return refuse(ReasonMalformed)
}

func expired(at time.Time) *protocol.Error {
	raw := append(jsonscan.AppendTime([]byte{'"'}, at), '"')
	return &protocol.Error{
		Code:    protocol.TokenExpired,
		Reason:  ReasonExpired,
		Details: []protocol.Detail{{Name: "expired_at", Raw: raw}},
	}
}

// early is the error for a token that is not valid yet: it names how long to wait. Clocks differ, and
// another sign-in would bring no better token.
func (v *Verifier) early(t *Token, now time.Time) *protocol.Error {
	from := t.time("iat")
	if nbf := t.time("nbf"); nbf.After(from) {
		from = nbf
	}
	if !from.Before(t.time("exp")) {
		return refuse(ReasonNotYetValid) // it never becomes valid
	}
	wait := from.Add(-v.Leeway).Sub(now)
	return &protocol.Error{
		Code: protocol.ServiceUnavailable, Reason: ReasonNotYetValid, Message: "The token is not valid yet: try again when it is.",
		RetryAfter: min(max(wait, time.Second), maxWait),
	}
}

func missing(name string) *protocol.Error {
	err := refuse(ReasonClaimMissing)
	err.Details = claim(name)
	return err
}

func malformed(name string) *protocol.Error {
	err := refuse(ReasonMalformed)
	err.Details = claim(name)
	return err
}

func claim(name string) []protocol.Detail {
	return []protocol.Detail{{Name: "claim", Raw: jsonscan.AppendString(nil, name)}}
}

// moment checks that a claim is a number of seconds within lastSecond. golang-jwt would
// ignore a string, and accept any float as a time.
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

func (t *Token) string(name string) string {
	s, _ := t.claims[name].(string)
	return s
}

// time returns a moment that moment has checked, rounded down to whole seconds.
func (t *Token) time(name string) time.Time {
	number, _ := t.claims[name].(json.Number)
	s, _ := number.Float64()
	return time.Unix(int64(s), 0).UTC()
}
