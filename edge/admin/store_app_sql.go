package admin

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Apps implements Store.
func (s SQLStore) Apps(ctx context.Context, after string, max int) ([]App, error) {
	rows, err := s.DB.Query(ctx, "SELECT package, name, webhook_url, created_at FROM apps WHERE package > ? ORDER BY package LIMIT ?", after, max)
	if err != nil {
		return nil, err
	}
	var apps []App
	for rows.Next() {
		var (
			a       App
			created int64
		)
		if err := rows.Scan(&a.Package, &a.Name, &a.WebhookURL, &created); err != nil {
			return nil, err
		}
		a.CreatedAt = time.UnixMilli(created).UTC()
		apps = append(apps, a)
	}
	return apps, rows.Err()
}

// App implements Store.
func (s SQLStore) App(ctx context.Context, name string) (App, error) {
	a := App{Package: name}
	var created int64
	err := s.DB.Row(ctx, "SELECT name, webhook_url, created_at FROM apps WHERE package = ?", name).
		Scan(&a.Name, &a.WebhookURL, &created)
	if errors.Is(err, d1.ErrNoRows) {
		err = ErrNotFound
	}
	a.CreatedAt = time.UnixMilli(created).UTC()
	return a, err
}

// PutApp implements Store. Whoever finds their own secret stored has made the app.
func (s SQLStore) PutApp(ctx context.Context, a App) (bool, error) {
	var made int64
	err := s.DB.Row(ctx, "INSERT INTO apps (package, name, webhook_url, webhook_secret, created_at) VALUES (?1, ?2, ?3, ?4, ?5)"+
		" ON CONFLICT (package) DO UPDATE SET name = excluded.name, webhook_url = excluded.webhook_url"+
		" RETURNING webhook_secret = ?4", a.Package, a.Name, a.WebhookURL, a.Secret, a.CreatedAt.UnixMilli()).Scan(&made)
	return made != 0, err
}

// SetAppSecret implements Store.
func (s SQLStore) SetAppSecret(ctx context.Context, name, secret string) error {
	return s.must(ctx, "UPDATE apps SET webhook_secret = ?2 WHERE package = ?1", name, secret)
}

// DeleteApp implements Store.
func (s SQLStore) DeleteApp(ctx context.Context, name string) (bool, error) {
	n, err := d1.Run(ctx, s.DB, "DELETE FROM apps WHERE package = ?", name)
	return n > 0, err
}

// AppKeys implements Store.
func (s SQLStore) AppKeys(ctx context.Context, name string, max int) ([]AppKey, error) {
	rows, err := s.DB.Query(ctx, "SELECT id, created_at, COALESCE(revoked_at, 0) FROM app_keys WHERE package = ?"+
		" ORDER BY revoked_at IS NOT NULL, created_at DESC, id LIMIT ?", name, max)
	if err != nil {
		return nil, err
	}
	var keys []AppKey
	for rows.Next() {
		k := AppKey{Package: name}
		var created, revoked int64
		if err := rows.Scan(&k.ID, &created, &revoked); err != nil {
			return nil, err
		}
		k.CreatedAt = time.UnixMilli(created).UTC()
		if revoked != 0 {
			k.RevokedAt = time.UnixMilli(revoked).UTC()
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// AddAppKey implements Store. It counts and stores in one statement, so that no two
// operators together exceed the bound.
func (s SQLStore) AddAppKey(ctx context.Context, k AppKey, max int) (bool, error) {
	n, err := d1.Run(ctx, s.DB, "INSERT INTO app_keys (id, package, hash, created_at) SELECT ?1, ?2, ?3, ?4"+
		" WHERE EXISTS (SELECT 1 FROM apps WHERE package = ?2)"+
		" AND (SELECT COUNT(*) FROM app_keys WHERE package = ?2 AND revoked_at IS NULL) < ?5",
		k.ID, k.Package, k.Hash, k.CreatedAt.UnixMilli(), max)
	return n > 0, err
}

// ForgetAppKeys implements Store.
func (s SQLStore) ForgetAppKeys(ctx context.Context, revoked time.Time) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM app_keys WHERE rowid IN ("+d1.Over("app_keys", "revoked_at < ?1 AND NOT EXISTS (SELECT 1 FROM app_sessions WHERE key_id = id)")+")", revoked.UnixMilli())
}

// RevokeAppKey implements Store.
func (s SQLStore) RevokeAppKey(ctx context.Context, name, key string, now time.Time) error {
	return s.must(ctx, "UPDATE app_keys SET revoked_at = COALESCE(revoked_at, ?3) WHERE id = ?1 AND package = ?2", key, name, now.UnixMilli())
}

// The connections that a key admitted. ?1 is the key, or the package for those of all removed
// keys. A connection by a key that exists was admitted after the app was made again.
const (
	ofKey  = "FROM app_sessions WHERE key_id = ?1"
	ofGone = "FROM app_sessions WHERE package = ?1 AND NOT EXISTS (SELECT 1 FROM app_keys WHERE id = key_id)"
)

func ofApp(name, key string) (from, of string) {
	if key == "" {
		return ofGone, name
	}
	return ofKey, key
}

// AppUsers implements Store.
func (s SQLStore) AppUsers(ctx context.Context, name, key, after string, max int) ([]string, error) {
	from, of := ofApp(name, key)
	return d1.Texts(s.DB.Query(ctx, "SELECT DISTINCT user_id "+from+" AND user_id > ?2 ORDER BY user_id LIMIT ?3", of, after, max))
}

// ForgetAppSessions implements Store. The users are one JSON text, because D1 binds at most a
// hundred values.
func (s SQLStore) ForgetAppSessions(ctx context.Context, name, key string, users []string) error {
	from, of := ofApp(name, key)
	w := jsonscan.NewObject(nil)
	w.Strs("users", users)
	_, err := d1.Run(ctx, s.DB, "DELETE "+from+" AND user_id IN (SELECT value FROM json_each(?2, '$.users'))", of, string(w.End()))
	return err
}
