package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

// Check is seed S2's validation before a connection is tried: document and
// token present, three parts, not expired. The returned error is a *Failure.
func Check(document, token string, now time.Time) error {
	if document == "" {
		return ErrMissingDocument
	}
	claims, f := readToken(token)
	if f != nil {
		return f
	}
	if !now.Before(time.Unix(claims.Exp, 0)) {
		return ErrTokenExpired
	}
	return nil
}

func readToken(token string) (peek.Claims, *Failure) {
	if token == "" {
		return peek.Claims{}, ErrMissingToken
	}
	if len(token) > protocol.TokenBytes {
		return peek.Claims{}, ErrTokenTooLong
	}
	claims, err := peek.Peek(token)
	if err != nil || claims.Exp <= 0 || claims.Exp > maxEpoch || claims.Iat < 0 || claims.Iat > claims.Exp {
		return peek.Claims{}, ErrTokenFormat
	}
	return claims, nil
}

// subject is the user of a token as the server names them.
func subject(claims peek.Claims) string {
	if claims.UserID != "" {
		return claims.UserID
	}
	b := []byte(claims.Email)
	for i, ch := range b {
		if ch >= 'A' && ch <= 'Z' {
			b[i] = ch + 'a' - 'A'
		}
	}
	return string(b)
}

// lifetime is exp − iat; a token without iat is taken for a short one.
func lifetime(claims peek.Claims) time.Duration {
	if claims.Iat == 0 {
		return 2 * RefreshMargin
	}
	return time.Duration(min(claims.Exp-claims.Iat, 1<<32)) * time.Second
}
