// Package peek reads the claims of a token without verifying it. Its results serve to
// schedule a refresh, and to say early that a token cannot work. They never serve to decide
// what anybody may do.
package peek

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// depth is the deepest nesting of a payload.
const depth = 16

// ErrMalformed says that a text is not a token: it does not have three parts, a part is not
// base64url, the payload is not a JSON object, a time is not a number, or it is too long.
var ErrMalformed = errors.New("peek: malformed token")

// Claims are the claims by which a client plans. A missing claim is zero.
type Claims struct {
	// Exp and Iat are seconds since 1970, rounded down.
	Exp, Iat int64
	// UserID, Sub and Email are the claims user_id, sub and email, "" where a claim cannot
	// name anybody. Only the server knows which of them is the subject, if any.
	UserID, Sub, Email, JTI string
}

// Peek reads the claims of an unverified token. Of two claims with one name the last
// counts; the server refuses such a token.
func Peek(token string) (Claims, error) {
	text, ok := payload(token)
	if !ok {
		return Claims{}, ErrMalformed
	}
	return read(text)
}

// Names reports whether a token can belong to a user: whether any of its claims is the user's
// name, an e-mail in lower case. The server reads the subject from the one claim that it is
// configured with, and the client learns the subject only from the connection_ack.
func Names(token, user string) bool {
	text, ok := payload(token)
	if !ok || user == "" {
		return false
	}
	found := false
	scan := jsonscan.Scan(text, depth)
	for scan.Next() {
		said := name(scan.Value())
		found = found || said == user || jsonscan.Equal(scan.Key(), "email") && Lower(said) == user
	}
	return found && scan.Err() == nil
}

// Lower returns an e-mail in lower case as the server does: it changes only ASCII letters.
func Lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func payload(token string) (text []byte, ok bool) {
	if len(token) > protocol.TokenBytes {
		return nil, false
	}
	header, rest, ok1 := strings.Cut(token, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || header == "" || signature == "" {
		return nil, false
	}
	if _, ok := decode(header); !ok {
		return nil, false
	}
	if _, ok := decode(signature); !ok {
		return nil, false
	}
	return decode(payload)
}

// name reads a claim that names somebody: a string, or an integer in decimal.
func name(raw []byte) string {
	if s, ok := jsonscan.Str(raw); ok {
		return s
	}
	if _, ok := jsonscan.Int(raw); ok {
		return string(raw)
	}
	return ""
}

func read(text []byte) (Claims, error) {
	var c Claims
	scan := jsonscan.Scan(text, depth)
	good := true
	for scan.Next() {
		ok := true
		switch value := scan.Value(); {
		case jsonscan.Equal(scan.Key(), "exp"):
			c.Exp, ok = seconds(value)
		case jsonscan.Equal(scan.Key(), "iat"):
			c.Iat, ok = seconds(value)
		case jsonscan.Equal(scan.Key(), "user_id"):
			c.UserID = name(value)
		case jsonscan.Equal(scan.Key(), "sub"):
			c.Sub = name(value)
		case jsonscan.Equal(scan.Key(), "email"):
			c.Email = name(value)
		case jsonscan.Equal(scan.Key(), "jti"):
			c.JTI = name(value)
		}
		good = good && ok
	}
	if scan.Err() != nil || !good {
		return Claims{}, ErrMalformed
	}
	return c, nil
}

// seconds reads a NumericDate (RFC 7519, section 2), which may have a fraction. It refuses
// an exponent, which no issuer writes.
func seconds(raw []byte) (int64, bool) {
	whole, fraction, found := bytes.Cut(raw, []byte{'.'})
	if found && bytes.ContainsAny(fraction, "eE") {
		return 0, false
	}
	return jsonscan.Int(whole)
}

// decode reads base64url without padding (RFC 7515, section 2). Strict refuses trailing
// bits, so each text has one encoding; Go's decoder skips line breaks, so those are refused
// here.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}
