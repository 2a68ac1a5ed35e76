package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// SQLStore is the Store over the tables of edge/migrations.
type SQLStore struct{ DB *d1.DB }

// UserByEmail implements Store.
func (s SQLStore) UserByEmail(ctx context.Context, email string) (User, error) {
	var (
		u          User
		hash, salt string

		set, verified, disabled int64
	)
	err := s.DB.Row(ctx,
		"SELECT id, email, name, password_hash, salt, iterations, password_at, email_verified, disabled_at IS NOT NULL FROM users WHERE email = ?", email).
		Scan(&u.ID, &u.Email, &u.Name, &hash, &salt, &u.Iterations, &set, &verified, &disabled)
	if err != nil {
		return User{}, found(err)
	}
	if u.Hash, err = hex.DecodeString(hash); err != nil {
		return User{}, err
	}
	u.PasswordAt, u.Unverified, u.Disabled = d1.Moment(set), verified == 0, disabled != 0
	u.Salt, err = hex.DecodeString(salt)
	return u, err
}

const refreshed = "SELECT r.family, r.user_id, r.created_at, r.expires_at, COALESCE(r.rotated_at, 0), COALESCE(r.revoked_at, 0)," +
	" COALESCE(r.superseded_at, 0), COALESCE(r.parent, ''), COALESCE(r.signed_in_at, r.created_at), u.email, u.name, u.email_verified, u.disabled_at IS NOT NULL"

const ofRefreshed = " FROM refresh_tokens r JOIN users u ON u.id = r.user_id WHERE r.hash = ?"

// Refresh implements Store.
func (s SQLStore) Refresh(ctx context.Context, hash string) (RefreshToken, User, error) {
	return scanRefreshed(hash, s.DB.Row(ctx, refreshed+ofRefreshed, hash))
}

// Refreshing implements Store.
func (s SQLStore) Refreshing(ctx context.Context, hash string, emails bool) (RefreshToken, User, []Membership, error) {
	subject := "u.id"
	if emails {
		subject = "u.email"
	}
	var list string
	t, u, err := scanRefreshed(hash, s.DB.Row(ctx, refreshed+", (SELECT json_group_array(json_array(workspace_id, role)) FROM"+
		" (SELECT workspace_id, role FROM members WHERE user_id = "+subject+" ORDER BY workspace_id))"+ofRefreshed, hash), &list)
	var members []Membership
	for each := jsonscan.Elements([]byte(list)); each.Next(); {
		if pair, ok := jsonscan.Strs(each.Value()); ok && len(pair) == 2 {
			members = append(members, Membership{pair[0], pair[1]})
		}
	}
	return t, u, members, err
}

func scanRefreshed(hash string, row *d1.Row, more ...any) (RefreshToken, User, error) {
	var (
		t                                  = RefreshToken{Hash: hash}
		u                                  User
		created, expires, rotated, revoked int64
		superseded, signedIn               int64
		verified, disabled                 int64
	)
	err := row.Scan(append([]any{&t.Family, &t.UserID, &created, &expires, &rotated, &revoked, &superseded, &t.Parent, &signedIn,
		&u.Email, &u.Name, &verified, &disabled}, more...)...)
	u.ID, u.Unverified, u.Disabled = t.UserID, verified == 0, disabled != 0
	t.CreatedAt, t.ExpiresAt, t.RotatedAt, t.RevokedAt = d1.Moment(created), d1.Moment(expires), d1.Moment(rotated), d1.Moment(revoked)
	t.SupersededAt, t.SignedInAt = d1.Moment(superseded), d1.Moment(signedIn)
	return t, u, found(err)
}

// Memberships implements Store.
func (s SQLStore) Memberships(ctx context.Context, userID string) ([]Membership, error) {
	rows, err := s.DB.Query(ctx, "SELECT workspace_id, role FROM members WHERE user_id = ? ORDER BY workspace_id", userID)
	if err != nil {
		return nil, err
	}
	var list []Membership
	for rows.Next() {
		var m Membership
		if err := rows.Scan(&m.WorkspaceID, &m.Role); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// A statement about a sign-in begins with its family and finds the rest by an index
// (edge/migrations/0005). So it reads only the rows it is about, however many others exist.

// Renew implements Store. What follows the first statement does something only if that has.
func (s SQLStore) Renew(ctx context.Context, r Renewal, now time.Time) (Renewed, error) {
	const added = " AND EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = ?3)"
	t := r.Child
	list := []d1.Statement{{
		Query: "INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at, parent, superseded_at, signed_in_at, user_agent)" +
			" SELECT ?1, ?2, ?3, ?4, ?5, NULLIF(?6, ''), NULLIF(?7, 0), ?8, ?9" +
			" WHERE NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE family = ?2 AND revoked_at IS NOT NULL)" +
			" AND (?10 = 0 OR (SELECT COUNT(*) < ?10 AND COUNT(NULLIF(parent = ?6, 0)) < ?12 FROM refresh_tokens WHERE family = ?2 AND created_at > ?11))",
		Args: []any{t.Hash, t.Family, t.UserID, t.CreatedAt.UnixMilli(), t.ExpiresAt.UnixMilli(), t.Parent, d1.Milliseconds(t.SupersededAt),
			t.SignedInAt.UnixMilli(), t.UserAgent, r.Room.Most, d1.Milliseconds(r.Room.Since), r.Room.Children},
	}}
	if r.Supersede {
		list = append(list, d1.Statement{
			Query: "UPDATE refresh_tokens SET superseded_at = ?1 WHERE family = ?4 AND hash <> ?2 AND COALESCE(parent, '') <> ?2" +
				" AND rotated_at IS NULL AND superseded_at IS NULL" + added,
			Args: []any{now.UnixMilli(), t.Parent, t.Hash, t.Family},
		})
	}
	if r.Rotate {
		list = append(list, d1.Statement{
			Query: "UPDATE refresh_tokens SET rotated_at = ?1 WHERE hash = ?2 AND rotated_at IS NULL AND revoked_at IS NULL" + added,
			Args:  []any{now.UnixMilli(), t.Parent, t.Hash},
		})
	}
	changed, err := s.DB.Changed(ctx, list...)
	if err != nil {
		return Renewed{}, err
	}
	return Renewed{Added: changed[0] > 0, Rotated: r.Rotate && changed[len(changed)-1] > 0}, nil
}

// Begin implements Store.
func (s SQLStore) Begin(ctx context.Context, t RefreshToken, user User) (bool, error) {
	return d1.Changes(ctx, s.DB,
		"INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at, signed_in_at, user_agent) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"+
			" WHERE EXISTS (SELECT 1 FROM users WHERE id = ?3 AND password_at = ?8 AND disabled_at IS NULL)",
		t.Hash, t.Family, t.UserID, t.CreatedAt.UnixMilli(), t.ExpiresAt.UnixMilli(), t.SignedInAt.UnixMilli(), t.UserAgent, d1.Milliseconds(user.PasswordAt))
}

// Full implements Store.
func (s SQLStore) Full(ctx context.Context, family string, since time.Time, most int) (time.Time, error) {
	var at int64
	err := s.DB.Row(ctx,
		"SELECT created_at FROM refresh_tokens WHERE family = ? AND created_at > ? ORDER BY created_at DESC LIMIT 1 OFFSET ?",
		family, since.UnixMilli(), most-1).Scan(&at)
	if errors.Is(err, d1.ErrNoRows) {
		err = nil
	}
	return d1.Moment(at), err
}

// RevokeFamily implements Store.
func (s SQLStore) RevokeFamily(ctx context.Context, family string, now time.Time) (userID string, err error) {
	err = s.DB.Row(ctx, "UPDATE refresh_tokens SET revoked_at = ? WHERE family = ? AND revoked_at IS NULL RETURNING user_id",
		now.UnixMilli(), family).Scan(&userID)
	if errors.Is(err, d1.ErrNoRows) {
		err = nil
	}
	return userID, err
}

// RevokeUser implements Store.
func (s SQLStore) RevokeUser(ctx context.Context, userID string, now time.Time) error {
	return d1.Exec(ctx, s.DB, "UPDATE refresh_tokens SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL", now.UnixMilli(), userID)
}

// EndDelegations implements Store.
func (s SQLStore) EndDelegations(ctx context.Context, subject string, now time.Time) error {
	return d1.Exec(ctx, s.DB, "UPDATE delegations SET revoked_at = ?2 WHERE user_id = ?1 AND issued_at <= ?2 AND revoked_at IS NULL", subject, now.UnixMilli())
}

// Families implements Store.
func (s SQLStore) Families(ctx context.Context, userID, except string, since, now time.Time, max int) ([]string, error) {
	return d1.Texts(s.DB.Query(ctx, "SELECT DISTINCT family FROM refresh_tokens WHERE user_id = ?1 AND family <> ?2"+
		" AND (revoked_at IS NULL AND expires_at > ?3 OR created_at > ?4) LIMIT ?5", userID, except, now.UnixMilli(), since.UnixMilli(), max))
}

// RevokeOthers implements Store.
func (s SQLStore) RevokeOthers(ctx context.Context, userID, except string, now time.Time) error {
	return d1.Exec(ctx, s.DB, "UPDATE refresh_tokens SET revoked_at = ? WHERE user_id = ? AND family <> ? AND revoked_at IS NULL", now.UnixMilli(), userID, except)
}

// SetPassword implements Store. A token that would replace the password is over.
func (s SQLStore) SetPassword(ctx context.Context, u User, now time.Time) (bool, error) {
	return d1.Changes(ctx, s.DB, "UPDATE users SET password_hash = ?, salt = ?, iterations = ?, password_at = MAX(?, password_at + 1),"+
		" token_hash = NULL, token_kind = NULL, token_until = NULL WHERE id = ? AND password_at = ? AND disabled_at IS NULL",
		hex.EncodeToString(u.Hash), hex.EncodeToString(u.Salt), u.Iterations, now.UnixMilli(), u.ID, d1.Milliseconds(u.PasswordAt))
}

// Rehash implements Store.
func (s SQLStore) Rehash(ctx context.Context, u User, old []byte) error {
	return d1.Exec(ctx, s.DB, "UPDATE users SET password_hash = ?, salt = ?, iterations = ? WHERE id = ? AND password_hash = ?",
		hex.EncodeToString(u.Hash), hex.EncodeToString(u.Salt), u.Iterations, u.ID, hex.EncodeToString(old))
}

// Sweep implements Store.
func (s SQLStore) Sweep(ctx context.Context, userID, family string, used, now time.Time) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens"+
		" WHERE family = ?1 AND created_at < ?2 AND revoked_at IS NULL AND (rotated_at < ?2 OR superseded_at < ?2)"+
		" UNION ALL SELECT hash FROM (SELECT hash FROM refresh_tokens WHERE family = ?1 AND rotated_at IS NULL AND superseded_at IS NULL"+
		" ORDER BY created_at DESC LIMIT -1 OFFSET ?5)"+
		" UNION ALL SELECT hash FROM refresh_tokens WHERE user_id = ?3 AND expires_at < ?4)",
		family, used.UnixMilli(), userID, now.UnixMilli(), MaxUnused)
}

// SweepExpired implements Store.
func (s SQLStore) SweepExpired(ctx context.Context, now time.Time) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM refresh_tokens WHERE rowid IN ("+d1.Over("refresh_tokens", "expires_at < ?1")+")", now.UnixMilli())
}

func found(err error) error {
	if errors.Is(err, d1.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
