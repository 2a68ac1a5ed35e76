package issuer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/signin"
)

// A refresh token is the key of its sign-in, a dot, and a random number of its own. The key is
// a secret of the browser. The id of the sign-in is made from the key, and is no secret. So the
// issuer need not remember a token that was used long ago: whoever presents a token that is
// not in the table, with the key of a living sign-in, has a copy. Older tokens had no key, and
// are remembered for as long as they live.

const (
	// keyBytes is the length of a key: the millisecond of the sign-in (keyTime bytes), and random bytes.
	keyBytes, keyTime = 22, 6
	ownBytes          = 12
)

// newKey returns the key of a new sign-in.
func (i *Issuer) newKey(now time.Time) string {
	key := make([]byte, keyBytes)
	i.cfg.Random(key)
	for n, ms := keyTime-1, now.UnixMilli(); n >= 0; n, ms = n-1, ms>>8 {
		key[n] = byte(ms)
	}
	return base64.RawURLEncoding.EncodeToString(key)
}

// keyOf returns the key of a refresh token and the id of its sign-in, "" for none.
func keyOf(text string) (key, family string) {
	key, _, found := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(key)
	if !found || err != nil || len(raw) != keyBytes {
		return "", ""
	}
	var ms int64
	for _, b := range raw[:keyTime] {
		ms = ms<<8 | int64(b)
	}
	sum := sha256.Sum256(raw)
	return key, signin.NewID(time.UnixMilli(ms), sum[:ownBytes])
}

// fresh makes a refresh token and its row. It lives no longer than its sign-in may.
func (i *Issuer) fresh(r *http.Request, key string, row RefreshToken, now time.Time) (string, RefreshToken) {
	token := i.random(32)
	if key != "" {
		token = key + "." + token
	}
	row.Hash, row.CreatedAt, row.ExpiresAt = digest(token), now, now.Add(i.cfg.RefreshTTL)
	if end := i.end(row); end.Before(row.ExpiresAt) {
		row.ExpiresAt = end
	}
	row.UserAgent = userAgent(r)
	return token, row
}

// end returns when the sign-in of a token ends, however often it is refreshed.
func (i *Issuer) end(t RefreshToken) time.Time { return t.SignedInAt.Add(i.cfg.SignInMax) }

// userAgent returns the name that a browser gives itself, shortened for operators to read.
func userAgent(r *http.Request) string {
	name := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return -1
		}
		return c
	}, r.UserAgent())
	return name[:min(len(name), 200)]
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (i *Issuer) random(n int) string {
	b := make([]byte, n)
	i.cfg.Random(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
