package admin

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// account returns the condition that a row of the embedded issuer belongs to the user that
// a parameter names.
func (s SQLStore) account(parameter string) string {
	if s.EmailSubjects {
		return "user_id = (SELECT id FROM users WHERE email = " + parameter + ")"
	}
	return "user_id = " + parameter
}

// SignIns implements Store. The columns beside MAX come from the row of the maximum.
func (s SQLStore) SignIns(ctx context.Context, user string, now time.Time, max int) ([]SignIn, error) {
	rows, err := s.DB.Query(ctx,
		"SELECT family, COALESCE(signed_in_at, created_at), MAX(created_at), expires_at, user_agent FROM refresh_tokens"+
			" WHERE "+s.account("?")+" AND expires_at > ? AND revoked_at IS NULL GROUP BY family ORDER BY MAX(created_at) DESC LIMIT ?",
		user, now.UnixMilli(), max)
	if err != nil {
		return nil, err
	}
	var list []SignIn
	for rows.Next() {
		var (
			one                  SignIn
			begun, used, expires int64
		)
		if err := rows.Scan(&one.ID, &begun, &used, &expires, &one.UserAgent); err != nil {
			return nil, err
		}
		one.SignedInAt, one.UsedAt, one.ExpiresAt = time.UnixMilli(begun).UTC(), time.UnixMilli(used).UTC(), time.UnixMilli(expires).UTC()
		list = append(list, one)
	}
	return list, rows.Err()
}

// EndSignIns implements Store.
func (s SQLStore) EndSignIns(ctx context.Context, user, id string, now time.Time) (bool, error) {
	n, err := d1.Run(ctx, s.DB, "UPDATE refresh_tokens SET revoked_at = ?1 WHERE "+s.account("?2")+" AND revoked_at IS NULL AND (?3 = '' OR family = ?3)",
		now.UnixMilli(), user, id)
	return n > 0, err
}

// ForgetBrowsers implements Store.
func (s SQLStore) ForgetBrowsers(ctx context.Context, user string) error {
	_, err := d1.Run(ctx, s.DB, "DELETE FROM login_attempts WHERE "+s.account("?"), user)
	return err
}
