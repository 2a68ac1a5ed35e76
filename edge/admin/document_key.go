package admin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// DocumentKey is a key by which a server reads and writes certain documents.
type DocumentKey struct {
	ID, Name string
	// Hash is the SHA-256 of the whole key, in hexadecimal. Only AddDocumentKey uses it; no
	// method returns it.
	Hash string
	// Documents are ids, beginnings of ids with a * behind, or * for all; those of
	// WorkspaceID alone, if there is one.
	Documents   []string
	WorkspaceID string
	Scopes      []string
	CreatedBy   string
	CreatedAt   time.Time
	// Expires is zero for a key that does not, and RevokedAt for a valid one.
	Expires, RevokedAt time.Time
}

// DocumentKeyStore holds the table of document keys. Each method is one statement.
type DocumentKeyStore interface {
	// FindDocumentKey returns the key of a hash, revoked ones too. ErrNotFound: there is none.
	FindDocumentKey(ctx context.Context, hash string) (DocumentKey, error)
	// DocumentKeys returns keys in the order of their ids.
	DocumentKeys(ctx context.Context, p Page) ([]DocumentKey, error)
	// AddDocumentKey stores a key. It returns false if there are max valid ones already.
	AddDocumentKey(ctx context.Context, key DocumentKey, max int) (bool, error)
	// RevokeDocumentKey marks a key as revoked; a revoked key keeps its time. ErrNotFound: there
	// is no such key.
	RevokeDocumentKey(ctx context.Context, id string, now time.Time) error
	// ForgetDocumentKeys removes some of those that ended before a moment.
	ForgetDocumentKeys(ctx context.Context, ended time.Time) error
}

// The scopes of keys: what their holder may do. To bear a user's name needs the last one.
const (
	scopeRead    = "read"
	scopeWrite   = "write"
	scopeComment = "comment"
	scopeUsers   = "users"
)

const (
	// maxKeys is how many valid keys a deployment has at most, and maxPatterns how many
	// documents or beginnings of names one may list.
	maxKeys     = 1000
	maxPatterns = 100
	// maxKeyName is the length of the longest name of a key.
	maxKeyName = 64
	// serverName is whose an operator's ops are that bear no user's name. No key has it.
	serverName = "server"
)

// asServer finds out whose a key is.
func (c *request) asServer(key string) *protocol.Error {
	k, err := c.store.FindDocumentKey(c.ctx, access.KeyHash(key))
	switch {
	case errors.Is(err, ErrNotFound):
		return access.NotAnOperator()
	case err != nil:
		return rest.Unavailable("database_unavailable")
	case !k.RevokedAt.IsZero():
		return access.KeyRevoked()
	case !k.Expires.IsZero() && !c.cfg.Now().Before(k.Expires):
		return access.KeyExpired()
	}
	c.by, c.server = "key:"+k.Name, &k
	return nil
}

// mayUse says whether a key opens a route at all.
func (c *request) mayUse(r *route) *protocol.Error {
	if c.server != nil && (r.scope == "" || !slices.Contains(c.server.Scopes, r.scope)) {
		return access.NotForThisKey()
	}
	return nil
}

// mayTouch says whether it opens the document that the path names. The answer is the same
// whether there is such a document or not.
func (c *request) mayTouch() *protocol.Error {
	if c.server == nil {
		return nil
	}
	if !c.server.covers(c.document) {
		c.document = "" // it is not to stand in the log as one that was touched
		return access.NotForThisKey()
	}
	if c.server.WorkspaceID == "" {
		return nil
	}
	d, err := c.store.Document(c.ctx, c.document)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return storeError(err, noDocument)
	case err != nil || d.WorkspaceID != c.server.WorkspaceID:
		c.document = ""
		return access.NotForThisKey()
	}
	return nil
}

func (k *DocumentKey) covers(document string) bool {
	for _, pattern := range k.Documents {
		if begin, open := strings.CutSuffix(pattern, "*"); pattern == document || open && strings.HasPrefix(document, begin) {
			return true
		}
	}
	return false
}

// makeKey makes a document key. Only this answer shows it, for only its hash is stored.
func makeKey(c *request) (answer, *protocol.Error) {
	k := DocumentKey{CreatedBy: c.by, CreatedAt: c.cfg.Now()}
	var err *protocol.Error
	if k.Name, err = c.text("name", maxKeyName); err != nil || !protocol.DocumentID(k.Name) || k.Name == serverName {
		return answer{}, rest.BadField("name")
	}
	var isList bool
	if k.Documents, isList = jsonscan.Strs(c.fields["documents"]); !isList || len(k.Documents) == 0 || len(k.Documents) > maxPatterns || slices.ContainsFunc(k.Documents, notPattern) {
		return answer{}, rest.BadField("documents")
	}
	if k.Scopes, isList = jsonscan.Strs(c.fields["scopes"]); !isList || len(k.Scopes) == 0 || slices.ContainsFunc(k.Scopes, notScope) {
		return answer{}, rest.BadField("scopes")
	}
	slices.Sort(k.Scopes)
	k.Scopes = slices.Compact(k.Scopes)
	if raw := c.fields["workspace_id"]; raw != nil {
		if k.WorkspaceID, _ = jsonscan.Str(raw); !isWorkspace(k.WorkspaceID) {
			return answer{}, rest.BadField("workspace_id")
		}
		if c.cfg.Elsewhere { // whose documents those are, we do not know
			return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonElsewhere, Message: "Permissions come from PERMISSIONS_URL: which documents are in a workspace is known there."}
		}
	}
	if raw := c.fields["expires"]; raw != nil {
		var isMoment bool
		if k.Expires, isMoment = momentOf(raw); !isMoment || !k.Expires.After(k.CreatedAt) {
			return answer{}, rest.BadField("expires")
		}
	}
	var text string
	k.ID, text, k.Hash = c.newKey(access.DocumentKeyPrefix)
	stored, failed := c.store.AddDocumentKey(c.ctx, k, maxKeys)
	if failed != nil {
		return answer{}, storeError(failed, noKey)
	}
	if !stored {
		return answer{}, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_keys", Message: "There are as many valid keys as there may be: revoke one."}
	}
	if ended := c.cfg.Ended.Before(k.CreatedAt); !ended.IsZero() {
		c.store.ForgetDocumentKeys(c.ctx, ended) // the next one does it, if this cannot
	}
	c.key = k.ID
	w := jsonscan.NewObject(nil)
	w.Str("key", text)
	k.append(&w)
	return created(w.End()), nil
}

func notPattern(pattern string) bool {
	begin, open := strings.CutSuffix(pattern, "*")
	return !protocol.DocumentID(begin) && !(open && begin == "")
}

func notScope(scope string) bool {
	return scope != scopeRead && scope != scopeWrite && scope != scopeComment && scope != scopeUsers
}

func (k *DocumentKey) append(w *jsonscan.Writer) {
	w.Str("key_id", k.ID)
	w.Str("name", k.Name)
	w.Strs("documents", k.Documents)
	if k.WorkspaceID != "" {
		w.Str("workspace_id", k.WorkspaceID)
	}
	w.Strs("scopes", k.Scopes)
	w.Str("created_by", k.CreatedBy)
	w.Time("created_at", k.CreatedAt)
	appendTime(w, "expires_at", k.Expires)
	appendTime(w, "revoked_at", k.RevokedAt)
}

func listKeys(c *request) (answer, *protocol.Error) {
	p, err := c.page()
	if err != nil {
		return answer{}, err
	}
	if p.Prefix != "" {
		return answer{}, rest.BadField("prefix")
	}
	rows, failed := c.store.DocumentKeys(c.ctx, p)
	return listing("keys", p, rows, failed, func(w *jsonscan.Writer, k DocumentKey) string {
		k.append(w)
		return k.ID
	})
}

// revokeKey makes a key unusable: each call looks at the table.
func revokeKey(c *request) (answer, *protocol.Error) {
	if err := c.store.RevokeDocumentKey(c.ctx, c.key, c.cfg.Now()); err != nil {
		return answer{}, storeError(err, noKey)
	}
	w := jsonscan.NewObject(nil)
	w.Bool("revoked", true)
	return ok(w.End()), nil
}

func noKey() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "key_not_found", Message: "There is no such key."}
}
