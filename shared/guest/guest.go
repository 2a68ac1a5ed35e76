// Package guest signs and checks the tokens of guests: people without an account, who came by a
// link to one document. They are of a kind of their own, so that neither can pass for the other:
// a guest's token begins with "hfg.", which no JWT does, and it is never given to a JWT's
// verifier; it names no algorithm, because there is one. The package holds no state.
package guest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Kind is what a token is for. Each has a signature of its own.
type Kind string

const (
	// Access admits a guest to the document, for a short time.
	Access Kind = "hfg"
	// Again says who a guest was, to whoever has the link too. Alone it is worth nothing.
	Again Kind = "hfr"
)

// NameBytes is the length of the longest name of a guest.
const NameBytes = 64

// tokenBytes is the length of the longest token: a name of NameBytes and an id of a document may
// have to be escaped.
const tokenBytes = 4096

// Claims are what a token says.
type Claims struct {
	// UserID is the guest (protocol.GuestID).
	UserID, Document, Name string
	// They are in whole seconds.
	IssuedAt, Expires time.Time
}

// Is reports whether a text is a guest's access token, right or wrong: everything that it
// says is checked here, and nowhere else.
func Is(text string) bool { return strings.HasPrefix(text, string(Access)+".") }

// Sign returns a token.
func Sign(k Kind, c Claims, secret string) string {
	w := jsonscan.NewObject(nil)
	w.Str("user_id", c.UserID)
	w.Str("document", c.Document)
	w.Str("name", c.Name)
	w.Int("iat", c.IssuedAt.Unix())
	w.Int("exp", c.Expires.Unix())
	input := string(k) + "." + base64.RawURLEncoding.EncodeToString(w.End())
	return input + "." + base64.RawURLEncoding.EncodeToString(mac(input, secret))
}

// Parse checks a token. One of the secrets has to have signed it; all are tried, and compared to
// the end. The clock is the deployment's own on both sides, so there is no leeway.
func Parse(k Kind, text string, secrets []string, now time.Time) (Claims, *protocol.Error) {
	c, signed := read(k, text, secrets)
	switch {
	case !signed:
		return Claims{}, &protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonSignature}
	case !now.Before(c.Expires):
		return Claims{}, &protocol.Error{Code: protocol.TokenExpired, Reason: token.ReasonExpired}
	}
	return c, nil
}

// Who reads a token that may have ended: whom it was of. Alone it lets nobody in.
func Who(k Kind, text string, secrets []string) (Claims, bool) { return read(k, text, secrets) }

func read(k Kind, text string, secrets []string) (c Claims, ok bool) {
	at := strings.LastIndexByte(text, '.')
	if at < 0 || len(text) > tokenBytes {
		return c, false
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(text[at+1:])
	signed := false
	for _, secret := range secrets {
		signed = hmac.Equal(mac(text[:at], secret), given) || signed
	}
	payload, ours := strings.CutPrefix(text[:at], string(k)+".")
	if err != nil || !signed || !ours {
		return c, false
	}
	// From here on the text is one that we wrote.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil || jsonscan.Check(raw, 2) != nil {
		return c, false
	}
	c.UserID, _ = jsonscan.Str(jsonscan.Field(raw, "user_id"))
	c.Document, _ = jsonscan.Str(jsonscan.Field(raw, "document"))
	c.Name, _ = jsonscan.Str(jsonscan.Field(raw, "name"))
	issued, _ := jsonscan.Int(jsonscan.Field(raw, "iat"))
	expires, _ := jsonscan.Int(jsonscan.Field(raw, "exp"))
	c.IssuedAt, c.Expires = time.Unix(issued, 0).UTC(), time.Unix(expires, 0).UTC()
	_, _, ok = protocol.Guest(c.UserID)
	return c, ok
}

// mac is the signature of a text. The first words keep it apart from all else that a secret signs.
func mac(text, secret string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("holdfast guest " + text))
	return h.Sum(nil)
}
