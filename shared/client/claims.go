package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
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
	claims, reason := renewal.Read(token)
	switch reason {
	case "":
		return claims, nil
	case renewal.ReasonMissing:
		return claims, ErrMissingToken
	case renewal.ReasonTooLong:
		return claims, ErrTokenTooLong
	}
	return claims, ErrTokenFormat
}
