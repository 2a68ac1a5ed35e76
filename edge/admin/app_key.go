package admin

import (
	"encoding/base64"
	"encoding/hex"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// maxAppKeys is how many good keys an app has at most: two are enough to replace one.
	maxAppKeys = 20
	// keyIDBytes is how many random bytes name a key.
	keyIDBytes = 8
)

// makeAppKey gives an app one more key. Only this answer shows it, for only its hash is stored.
func makeAppKey(c *request) (answer, *protocol.Error) {
	key := AppKey{Package: c.app, CreatedAt: c.cfg.Now()}
	var text string
	key.ID, text, key.Hash = c.newKey("hfa_")
	stored, err := c.store.AddAppKey(c.ctx, key, maxAppKeys)
	if err != nil {
		return answer{}, storeError(err, noApp)
	}
	if !stored {
		if _, err := c.store.App(c.ctx, c.app); err != nil {
			return answer{}, storeError(err, noApp)
		}
		return answer{}, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_keys",
			Message: "The app has as many keys as it may have: revoke one."}
	}
	if ended := c.cfg.Ended.Before(key.CreatedAt); !ended.IsZero() {
		c.store.ForgetAppKeys(c.ctx, ended) // the next one does it, if this cannot
	}
	c.key = key.ID
	w := jsonscan.NewObject(nil)
	w.Str("key_id", key.ID)
	w.Str("key", text)
	return created(w.End()), nil
}

// revokeAppKey makes a key unusable, and ends what it let in. It is stored before it is
// asked whom it let in, and a session stores that in one statement that looks at the key:
// so it either sees the key revoked, or is found.
func revokeAppKey(c *request) (answer, *protocol.Error) {
	if err := c.store.RevokeAppKey(c.ctx, c.app, c.key, c.cfg.Now()); err != nil {
		return answer{}, storeError(err, noAppKey)
	}
	out, err := c.detach("key_revoked")
	if err != nil {
		return answer{}, afterStore(err)
	}
	return out.answer(c), nil
}

// deleteApp removes an app and its keys, and ends its connections: in this order, for
// nothing is let in without a key. A repeat asks those again that could not be reached.
func deleteApp(c *request) (answer, *protocol.Error) {
	was, failed := c.store.DeleteApp(c.ctx, c.app)
	if failed != nil {
		return answer{}, storeError(failed, noApp)
	}
	out, err := c.detach("app_deleted")
	switch {
	case err != nil:
		return answer{}, afterStore(err)
	case !was && out.asked == 0:
		return answer{}, noApp()
	}
	return out.answer(c), nil
}

// newKey makes a key of an app, of documents or of a delegation: its id, its text (see
// protocol.KeyID), which nobody is shown again, and what is stored of that.
func (c *request) newKey(prefix string) (id, text, hash string) {
	random := make([]byte, keyIDBytes)
	c.cfg.Random(random)
	id = hex.EncodeToString(random)
	text = prefix + id + "_" + c.random(32)
	return id, text, access.KeyHash(text)
}

// random is n random bytes as text.
func (c *request) random(n int) string {
	b := make([]byte, n)
	c.cfg.Random(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func noAppKey() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "app_key_not_found", Message: "The app has no such key."}
}
