package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// A bucket is stored as the one moment at which it is full again. What it lacks is the time
// until then; each attempt adds its share. So taking from a bucket is one statement, and no
// two attempts can take the same.

// one returns the time that restores one attempt.
func one(l rate.Limit) int64 { return max(1, l.Per.Milliseconds()/int64(l.Count)) }

// Attempt implements Store.
func (s SQLStore) Attempt(ctx context.Context, bucket string, l rate.Limit, now time.Time) (time.Duration, error) {
	at, cost := now.UnixMilli(), one(l)
	var full int64
	taken, err := d1.Changes(ctx, s.DB,
		"INSERT INTO login_attempts (bucket, full_at, until) VALUES (?, ?, ?) ON CONFLICT (bucket) DO"+
			" UPDATE SET full_at = MAX(full_at, ?) + ?, until = MAX(until, MAX(full_at, ?) + ?)"+
			" WHERE MAX(full_at, ?) + ? <= ?",
		bucket, at+cost, at+cost, at, cost, at, cost, at, cost, at+cost*int64(l.Burst))
	if err != nil || taken {
		return 0, err
	}
	err = s.DB.Row(ctx, "SELECT full_at FROM login_attempts WHERE bucket = ?", bucket).Scan(&full)
	if err != nil && !errors.Is(err, d1.ErrNoRows) { // swept this moment: it has waited long enough
		return 0, err
	}
	wait := time.Duration(full+cost-at-cost*int64(l.Burst)) * time.Millisecond
	return max(time.Millisecond, wait), nil
}

// Known implements Store.
func (s SQLStore) Known(ctx context.Context, bucket string, now time.Time) (bool, error) {
	var one int64
	err := s.DB.Row(ctx, "SELECT 1 FROM login_attempts WHERE bucket = ? AND known_until > ?", bucket, now.UnixMilli()).Scan(&one)
	if errors.Is(err, d1.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Return implements Store.
func (s SQLStore) Return(ctx context.Context, bucket string, l rate.Limit) error {
	return d1.Exec(ctx, s.DB, "UPDATE login_attempts SET full_at = full_at - ? WHERE bucket = ?", one(l), bucket)
}

// Fill implements Store.
func (s SQLStore) Fill(ctx context.Context, bucket string) error {
	return d1.Exec(ctx, s.DB, "UPDATE login_attempts SET full_at = 0 WHERE bucket = ?", bucket)
}

// Remember implements Store.
func (s SQLStore) Remember(ctx context.Context, bucket, userID string, until time.Time) error {
	return d1.Exec(ctx, s.DB, "INSERT INTO login_attempts (bucket, full_at, known_until, until, user_id) VALUES (?, 0, ?, ?, ?) ON CONFLICT (bucket) DO"+
		" UPDATE SET full_at = 0, known_until = excluded.known_until, until = excluded.until, user_id = excluded.user_id", bucket, until.UnixMilli(), until.UnixMilli(), userID)
}

// Forget implements Store.
func (s SQLStore) Forget(ctx context.Context, userID string) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM login_attempts WHERE user_id = ?", userID)
}

// SweepAttempts implements Store. Each sign-in, which adds at most three rows, calls it.
func (s SQLStore) SweepAttempts(ctx context.Context, now time.Time) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM login_attempts WHERE bucket IN"+
		" (SELECT bucket FROM login_attempts WHERE until < ? LIMIT 20)", now.UnixMilli())
}
