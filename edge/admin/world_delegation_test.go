package admin

import (
	"context"
	"slices"
	"time"
)

// The table of delegations, as SQL keeps it.

func (w *world) AddDelegation(_ context.Context, d Delegation, max int) (bool, error) {
	if err := w.enter("delegation of "+d.UserID+" on "+d.Document, "AddDelegation"); err != nil {
		return false, err
	}
	n := 0
	for _, o := range w.delegations {
		if o.UserID == d.UserID && (o.CreatedAt.After(d.CreatedAt.Add(-aDay)) || o.RevokedAt.IsZero() && o.ExpiresAt.After(d.CreatedAt)) {
			n++
		}
	}
	if n >= max {
		return false, nil
	}
	w.delegations = append(w.delegations, d)
	return true, nil
}

func (w *world) Delegations(_ context.Context, user string, max int) (list []Delegation, err error) {
	if w.down["Delegations"] {
		return nil, errDown
	}
	for _, d := range slices.Backward(w.delegations) {
		if d.Hash = ""; d.UserID == user && len(list) < max {
			list = append(list, d)
		}
	}
	return list, nil
}

func (w *world) RevokeDelegation(_ context.Context, user, id string, now time.Time) error {
	if err := w.enter("revoke delegation "+id, "RevokeDelegation"); err != nil {
		return err
	}
	for i := range w.delegations {
		if d := &w.delegations[i]; d.ID == id && d.UserID == user {
			if d.RevokedAt.IsZero() {
				d.RevokedAt = now
			}
			return nil
		}
	}
	return ErrNotFound
}

func (w *world) EndDelegations(_ context.Context, user string, issued, now time.Time) error {
	if w.down["EndDelegations"] {
		return errDown
	}
	for i := range w.delegations {
		if d := &w.delegations[i]; d.UserID == user && d.RevokedAt.IsZero() && !d.IssuedAt.After(issued) {
			d.RevokedAt = now
		}
	}
	return nil
}

func (w *world) ForgetDelegations(_ context.Context, user string, ended time.Time) error {
	w.delegations = slices.DeleteFunc(w.delegations, func(d Delegation) bool {
		return d.UserID == user && (d.ExpiresAt.Before(ended) || !d.RevokedAt.IsZero() && d.RevokedAt.Before(ended))
	})
	return nil
}
