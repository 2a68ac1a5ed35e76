package admin

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

const keyColumns = "id, name, documents, workspace_id, scopes, created_by, created_at, expires_at, COALESCE(revoked_at, 0) FROM document_keys "

// FindDocumentKey implements Store.
func (s SQLStore) FindDocumentKey(ctx context.Context, hash string) (DocumentKey, error) {
	k, err := scanKey(s.DB.Row(ctx, "SELECT "+keyColumns+"WHERE hash = ?", hash).Scan)
	if errors.Is(err, d1.ErrNoRows) {
		err = ErrNotFound
	}
	return k, err
}

// DocumentKeys implements Store.
func (s SQLStore) DocumentKeys(ctx context.Context, p Page) ([]DocumentKey, error) {
	rows, err := s.DB.Query(ctx, "SELECT "+keyColumns+"WHERE id > ? ORDER BY id LIMIT ?", p.After, p.Limit)
	if err != nil {
		return nil, err
	}
	var keys []DocumentKey
	for rows.Next() {
		k, err := scanKey(rows.Scan)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

func scanKey(scan func(...any) error) (k DocumentKey, err error) {
	var documents, scopes string
	var created, expires, revoked int64
	err = scan(&k.ID, &k.Name, &documents, &k.WorkspaceID, &scopes, &k.CreatedBy, &created, &expires, &revoked)
	k.Documents, _ = jsonscan.Strs([]byte(documents))
	k.Scopes, _ = jsonscan.Strs([]byte(scopes))
	k.CreatedAt = time.UnixMilli(created).UTC()
	if expires != 0 {
		k.Expires = time.UnixMilli(expires).UTC()
	}
	if revoked != 0 {
		k.RevokedAt = time.UnixMilli(revoked).UTC()
	}
	return k, err
}

// AddDocumentKey implements Store. It counts and stores in one statement.
func (s SQLStore) AddDocumentKey(ctx context.Context, k DocumentKey, max int) (bool, error) {
	expires := int64(0)
	if !k.Expires.IsZero() {
		expires = k.Expires.UnixMilli()
	}
	n, err := d1.Run(ctx, s.DB, "INSERT INTO document_keys (id, name, hash, documents, workspace_id, scopes, created_by, created_at, expires_at)"+
		" SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE (SELECT COUNT(*) FROM document_keys WHERE revoked_at IS NULL AND (expires_at = 0 OR expires_at > ?8)) < ?10",
		k.ID, k.Name, k.Hash, string(jsonscan.AppendStrings(nil, k.Documents)), k.WorkspaceID, string(jsonscan.AppendStrings(nil, k.Scopes)),
		k.CreatedBy, k.CreatedAt.UnixMilli(), expires, max)
	return n > 0, err
}

// ForgetDocumentKeys implements Store.
func (s SQLStore) ForgetDocumentKeys(ctx context.Context, ended time.Time) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM document_keys WHERE rowid IN ("+d1.Over("document_keys", "revoked_at < ?1 OR expires_at <> 0 AND expires_at < ?1")+")", ended.UnixMilli())
}

// RevokeDocumentKey implements Store.
func (s SQLStore) RevokeDocumentKey(ctx context.Context, id string, now time.Time) error {
	return s.must(ctx, "UPDATE document_keys SET revoked_at = COALESCE(revoked_at, ?2) WHERE id = ?1", id, now.UnixMilli())
}
