package account

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// SQLStore is the Store over the tables of edge/migrations.
type SQLStore struct{ DB *d1.DB }

// A token that is over is none. The parameter is the time.
const columns = "SELECT id, email, name, email_verified, COALESCE(NULLIF(password_hash, ''), kept_hash, '') <> '', created_at," +
	" COALESCE(disabled_at, 0), COALESCE(IIF(token_until > ?1, token_kind, ''), ''), COALESCE(IIF(token_until > ?1, token_until, 0), 0) FROM users"

// none ends the token of a row.
const none = "token_hash = NULL, token_kind = NULL, token_until = NULL"

// password sets the password from the first four parameters: the hash, the salt, the iterations
// and the time. No two passwords of an account have one time.
const password = "password_hash = ?1, salt = ?2, iterations = ?3, password_at = MAX(?4, password_at + 1), " + none

// Create implements Store.
func (s SQLStore) Create(ctx context.Context, a Account, p Password, t Token) (bool, error) {
	p.Iterations = max(p.Iterations, 1)
	return d1.Changes(ctx, s.DB,
		"INSERT INTO users (id, email, name, password_hash, salt, iterations, created_at, email_verified, password_at, token_hash, token_kind, token_until)"+
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7, NULLIF(?9, ''), NULLIF(?10, ''), NULLIF(?11, 0)) ON CONFLICT (email) DO NOTHING",
		a.ID, a.Email, a.Name, hex.EncodeToString(p.Hash), hex.EncodeToString(p.Salt), p.Iterations, a.CreatedAt.UnixMilli(),
		flag(!a.Unverified), t.Hash, string(t.Kind), d1.Milliseconds(t.Until))
}

// Account implements Store.
func (s SQLStore) Account(ctx context.Context, id string, now time.Time) (Account, error) {
	return read(s.DB.Row(ctx, columns+" WHERE id = ?2", now.UnixMilli(), id).Scan)
}

// ByToken implements Store.
func (s SQLStore) ByToken(ctx context.Context, hash string, now time.Time) (Account, error) {
	return read(s.DB.Row(ctx, columns+" WHERE token_hash = ?2 AND token_until > ?1 AND disabled_at IS NULL", now.UnixMilli(), hash).Scan)
}

// Accounts implements Store.
func (s SQLStore) Accounts(ctx context.Context, after, email string, max int, now time.Time) ([]Account, error) {
	by, value := " WHERE id > ?2 ORDER BY id LIMIT ?3", after
	if email != "" {
		by, value = " WHERE email = ?2 LIMIT ?3", email
	}
	rows, err := s.DB.Query(ctx, columns+by, now.UnixMilli(), value, max)
	if err != nil {
		return nil, err
	}
	var list []Account
	for rows.Next() {
		one, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

func read(scan func(...any) error) (Account, error) {
	var (
		a                        Account
		verified, has            int64
		created, disabled, until int64
		kind                     string
	)
	err := scan(&a.ID, &a.Email, &a.Name, &verified, &has, &created, &disabled, &kind, &until)
	if errors.Is(err, d1.ErrNoRows) {
		err = ErrNotFound
	}
	a.Unverified, a.HasPassword, a.Token = verified == 0, has != 0, Kind(kind)
	a.CreatedAt, a.DisabledAt, a.TokenUntil = d1.Moment(created), d1.Moment(disabled), d1.Moment(until)
	return a, err
}

// Change implements Store. An expression sees the row as it was.
func (s SQLStore) Change(ctx context.Context, a Account) (bool, error) {
	return d1.Changes(ctx, s.DB, "UPDATE users SET email = ?2, name = ?3, email_verified = ?4, token_hash = IIF(email = ?2, token_hash, NULL),"+
		" token_kind = IIF(email = ?2, token_kind, NULL), token_until = IIF(email = ?2, token_until, NULL) WHERE id = ?1"+
		" AND NOT EXISTS (SELECT 1 FROM users WHERE email = ?2 AND id <> ?1)", a.ID, a.Email, a.Name, flag(!a.Unverified))
}

// SetPassword implements Store.
func (s SQLStore) SetPassword(ctx context.Context, id string, p Password, now time.Time) (bool, error) {
	return s.set(ctx, "id = ?5", id, p, now)
}

// Redeem implements Store.
func (s SQLStore) Redeem(ctx context.Context, hash string, p Password, now time.Time) (bool, error) {
	return s.set(ctx, "token_hash = ?5 AND token_until > ?4", hash, p, now)
}

func (s SQLStore) set(ctx context.Context, where, value string, p Password, now time.Time) (bool, error) {
	return d1.Changes(ctx, s.DB, "UPDATE users SET "+password+" WHERE disabled_at IS NULL AND "+where,
		hex.EncodeToString(p.Hash), hex.EncodeToString(p.Salt), p.Iterations, now.UnixMilli(), value)
}

// SetToken implements Store.
func (s SQLStore) SetToken(ctx context.Context, id string, t Token) (bool, error) {
	return d1.Changes(ctx, s.DB, "UPDATE users SET token_hash = ?, token_kind = ?, token_until = ? WHERE id = ? AND disabled_at IS NULL",
		t.Hash, string(t.Kind), t.Until.UnixMilli(), id)
}

// Disable implements Store.
func (s SQLStore) Disable(ctx context.Context, id string, now time.Time) error {
	return d1.Exec(ctx, s.DB, "UPDATE users SET disabled_at = ?, kept_hash = password_hash, password_hash = '', "+none+
		" WHERE id = ? AND disabled_at IS NULL", now.UnixMilli(), id)
}

// Enable implements Store.
func (s SQLStore) Enable(ctx context.Context, id string) error {
	return d1.Exec(ctx, s.DB, "UPDATE users SET disabled_at = NULL, password_hash = COALESCE(kept_hash, ''), kept_hash = NULL"+
		" WHERE id = ? AND disabled_at IS NOT NULL", id)
}

// Delete implements Store.
func (s SQLStore) Delete(ctx context.Context, id string) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM users WHERE id = ?", id)
}

// RemoveRoles implements Store.
func (s SQLStore) RemoveRoles(ctx context.Context, userID string) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM members WHERE user_id = ?", userID)
}

// RemoveGrants implements Store.
func (s SQLStore) RemoveGrants(ctx context.Context, userID string) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM grants WHERE user_id = ?", userID)
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
