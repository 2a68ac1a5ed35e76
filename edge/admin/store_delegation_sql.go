package admin

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// Delegation is a program that may act for a user on one document.
type Delegation struct {
	ID, UserID, Document, Name string
	// Role is the most that it may do, "" for all that its user may.
	Role string
	// Hash is the SHA-256 of the whole key, in hexadecimal. Only AddDelegation uses it; no method
	// returns it.
	Hash string
	// IssuedAt is when that was issued by which it was made, a token or an operator's word.
	IssuedAt, CreatedAt, ExpiresAt time.Time
	// By is the operator who made it, "" for the user.
	By string
	// RevokedAt is zero for one that is not revoked.
	RevokedAt time.Time
}

// DelegationStore holds the table of delegations. Each method is one statement.
type DelegationStore interface {
	// AddDelegation stores one. It returns false if its user has max already: those that are valid,
	// and those made within a day.
	AddDelegation(ctx context.Context, d Delegation, max int) (bool, error)
	// Delegations returns a user's without their hashes, the newest first, at most max.
	Delegations(ctx context.Context, user string, max int) ([]Delegation, error)
	// RevokeDelegation marks one of a user's as revoked; a revoked one keeps its time.
	// ErrNotFound: the user has no such delegation.
	RevokeDelegation(ctx context.Context, user, id string, now time.Time) error
	// EndDelegations revokes those of a user's that were issued up to a moment.
	EndDelegations(ctx context.Context, user string, issued, now time.Time) error
	// ForgetDelegations removes those of a user's that ended before a moment, and some of other users'.
	ForgetDelegations(ctx context.Context, user string, ended time.Time) error
}

const aDay = 24 * time.Hour

// AddDelegation implements Store. It counts and stores in one statement, as AddAppKey does.
func (s SQLStore) AddDelegation(ctx context.Context, d Delegation, max int) (bool, error) {
	now := d.CreatedAt.UnixMilli()
	return d1.Changes(ctx, s.DB, "INSERT INTO delegations (id, user_id, document_id, name, role, hash, issued_at, created_at, created_by, expires_at)"+
		" SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE (SELECT COUNT(*) FROM delegations WHERE user_id = ?2"+
		" AND (created_at > ?11 OR revoked_at IS NULL AND expires_at > ?8)) < ?12",
		d.ID, d.UserID, d.Document, d.Name, d.Role, d.Hash, d.IssuedAt.UnixMilli(), now, d.By, d.ExpiresAt.UnixMilli(), now-aDay.Milliseconds(), max)
}

// Delegations implements Store.
func (s SQLStore) Delegations(ctx context.Context, user string, max int) ([]Delegation, error) {
	rows, err := s.DB.Query(ctx, "SELECT id, document_id, name, role, issued_at, created_at, created_by, expires_at, COALESCE(revoked_at, 0)"+
		" FROM delegations WHERE user_id = ? ORDER BY created_at DESC, id LIMIT ?", user, max)
	if err != nil {
		return nil, err
	}
	var list []Delegation
	for rows.Next() {
		d := Delegation{UserID: user}
		var issued, created, expires, revoked int64
		if err := rows.Scan(&d.ID, &d.Document, &d.Name, &d.Role, &issued, &created, &d.By, &expires, &revoked); err != nil {
			return nil, err
		}
		d.IssuedAt, d.CreatedAt, d.ExpiresAt, d.RevokedAt = d1.Moment(issued), d1.Moment(created), d1.Moment(expires), d1.Moment(revoked)
		list = append(list, d)
	}
	return list, rows.Err()
}

// RevokeDelegation implements Store.
func (s SQLStore) RevokeDelegation(ctx context.Context, user, id string, now time.Time) error {
	return s.must(ctx, "UPDATE delegations SET revoked_at = COALESCE(revoked_at, ?3) WHERE id = ?1 AND user_id = ?2", id, user, now.UnixMilli())
}

// EndDelegations implements Store.
func (s SQLStore) EndDelegations(ctx context.Context, user string, issued, now time.Time) error {
	return d1.Exec(ctx, s.DB, "UPDATE delegations SET revoked_at = ?3 WHERE user_id = ?1 AND issued_at <= ?2 AND revoked_at IS NULL",
		user, issued.UnixMilli(), now.UnixMilli())
}

const delegationOver = "MIN(expires_at, COALESCE(revoked_at, expires_at)) < ?2"

// ForgetDelegations implements Store.
func (s SQLStore) ForgetDelegations(ctx context.Context, user string, ended time.Time) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM delegations WHERE rowid IN (SELECT rowid FROM delegations WHERE user_id = ?1 AND "+delegationOver+
		" UNION ALL "+d1.Over("delegations", delegationOver)+")", user, ended.UnixMilli())
}
