package issuer

import (
	"context"
	"time"
)

func (m *memory) Refreshing(ctx context.Context, hash string, emails bool) (RefreshToken, User, []Membership, error) {
	t, u, err := m.Refresh(ctx, hash)
	if err != nil {
		return t, u, nil, err
	}
	subject := u.ID
	if emails {
		subject = u.Email
	}
	list, err := m.Memberships(ctx, subject)
	return t, u, list, err
}

// Renew has a moment before each of its parts at which it fails, or something else happens. After a
// failure nothing of it has happened.
func (m *memory) Renew(_ context.Context, r Renewal, now time.Time) (done Renewed, err error) {
	before := map[string]RefreshToken{}
	for hash, t := range m.tokens {
		before[hash] = *t
	}
	if done.Added, err = m.add(r.Child, r.Room); err == nil && done.Added && r.Supersede {
		err = m.supersede(r.Child.Family, r.Child.Parent, now)
	}
	if err == nil && done.Added && r.Rotate {
		done.Rotated, err = m.rotate(r.Child.Parent, now)
	}
	if err != nil {
		m.tokens = map[string]*RefreshToken{}
		for hash, t := range before {
			m.tokens[hash] = &t
		}
		return Renewed{}, err
	}
	return done, nil
}

func (m *memory) rotate(hash string, now time.Time) (bool, error) {
	if err := m.enter("Rotate"); err != nil {
		return false, err
	}
	t := m.tokens[hash]
	if t == nil || !t.RotatedAt.IsZero() || !t.RevokedAt.IsZero() {
		return false, nil
	}
	t.RotatedAt = now
	return true, nil
}

func (m *memory) add(t RefreshToken, room Room) (bool, error) {
	if err := m.enter("Add"); err != nil {
		return false, err
	}
	recent, children := 0, 0
	for _, other := range m.tokens {
		if other.Family != t.Family {
			continue
		}
		if !other.RevokedAt.IsZero() {
			return false, nil
		}
		if other.CreatedAt.After(room.Since) {
			recent++
			if other.Parent == t.Parent {
				children++
			}
		}
	}
	if room.Most > 0 && (recent >= room.Most || children >= room.Children) {
		return false, nil
	}
	m.tokens[t.Hash] = &t
	return true, nil
}

func (m *memory) supersede(family, hash string, now time.Time) error {
	if err := m.enter("Supersede"); err != nil {
		return err
	}
	for _, t := range m.tokens {
		if t.Family == family && t.Hash != hash && t.Parent != hash && t.RotatedAt.IsZero() && t.SupersededAt.IsZero() {
			t.SupersededAt = now
		}
	}
	return nil
}
