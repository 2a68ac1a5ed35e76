package issuer

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
)

// A bucket is stored as the one moment at which it will be full again: what is missing
// is the time until then, of which each attempt takes one's worth. So taking from it is
// one statement, and no two attempts can take the same.

// one is the time that brings one attempt back.
func one(l rate.Limit) int64 { return max(1, l.Per.Milliseconds()/int64(l.Count)) }

// Attempt implements Store.
func (s SQLStore) Attempt(ctx context.Context, bucket string, l rate.Limit, now time.Time) (time.Duration, bool, error) {
	at, cost := now.UnixMilli(), one(l)
	var full, known int64
	err := s.DB.QueryRowContext(ctx,
		"INSERT INTO login_attempts (bucket, full_at, until) VALUES (?, ?, ?) ON CONFLICT (bucket) DO"+
			" UPDATE SET full_at = MAX(full_at, ?) + ?, until = MAX(until, MAX(full_at, ?) + ?)"+
			" WHERE MAX(full_at, ?) + ? <= ? RETURNING known_until",
		bucket, at+cost, at+cost, at, cost, at, cost, at, cost, at+cost*int64(l.Burst)).Scan(&known)
	if err == nil {
		return 0, known > at, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, false, err
	}
	err = s.DB.QueryRowContext(ctx, "SELECT full_at, known_until FROM login_attempts WHERE bucket = ?", bucket).Scan(&full, &known)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // swept this moment: it has waited long enough
		return 0, false, err
	}
	wait := time.Duration(full+cost-at-cost*int64(l.Burst)) * time.Millisecond
	return max(time.Millisecond, wait), known > at, nil
}

// Return implements Store.
func (s SQLStore) Return(ctx context.Context, bucket string, l rate.Limit) error {
	return s.exec(ctx, "UPDATE login_attempts SET full_at = full_at - ? WHERE bucket = ?", one(l), bucket)
}

// Succeeded implements Store.
func (s SQLStore) Succeeded(ctx context.Context, bucket string, until time.Time) error {
	return s.exec(ctx, "INSERT INTO login_attempts (bucket, full_at, known_until, until) VALUES (?, 0, ?, ?) ON CONFLICT (bucket) DO"+
		" UPDATE SET full_at = 0, known_until = excluded.known_until, until = excluded.until", bucket, until.UnixMilli(), until.UnixMilli())
}

// SweepAttempts implements Store. It is called at each sign-in, which adds two rows at
// most.
func (s SQLStore) SweepAttempts(ctx context.Context, now time.Time) error {
	return s.exec(ctx, "DELETE FROM login_attempts WHERE bucket IN"+
		" (SELECT bucket FROM login_attempts WHERE until < ? LIMIT 20)", now.UnixMilli())
}
