package issuer

import (
	"context"
	"crypto"
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account/accounttest"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

var errDown = errors.New("the database quotes secret-value-in-a-statement")

// memory is a Store with the same conditions as the statements of SQLStore.
type memory struct {
	users   map[string]User
	members map[string][]Membership
	tokens  map[string]*RefreshToken
	buckets map[string]*attempts
	// accounts are those beside users.
	accounts *accounttest.Memory
	// down makes the named method fail; before runs before it.
	down   string
	before map[string]func()
	calls  []string
	// returned are the buckets an attempt was put back into.
	returned []string
	// delegationsEnded are those whose delegations are marked as revoked.
	delegationsEnded []string
}

func (m *memory) enter(name string) error {
	m.calls = append(m.calls, name)
	if f := m.before[name]; f != nil {
		delete(m.before, name)
		f()
	}
	if m.down == name {
		return errDown
	}
	return nil
}

func (m *memory) UserByEmail(_ context.Context, email string) (User, error) {
	if err := m.enter("UserByEmail"); err != nil {
		return User{}, err
	}
	for _, u := range m.all() {
		if u.Email == email {
			return u, nil
		}
	}
	return User{}, ErrNotFound
}

func (m *memory) all() []User {
	all := slices.Collect(maps.Values(m.users))
	for _, r := range m.accounts.Rows {
		all = append(all, User{
			ID: r.ID, Email: r.Email, Name: r.Name, Hash: r.Password.Hash, Salt: r.Password.Salt, Iterations: r.Password.Iterations,
			PasswordAt: r.PasswordAt, Unverified: r.Unverified, Disabled: !r.DisabledAt.IsZero(),
		})
	}
	return all
}

func (m *memory) Refresh(_ context.Context, hash string) (RefreshToken, User, error) {
	if err := m.enter("Refresh"); err != nil {
		return RefreshToken{}, User{}, err
	}
	t, ok := m.tokens[hash]
	if !ok {
		return RefreshToken{}, User{}, ErrNotFound
	}
	for _, u := range m.all() {
		if u.ID == t.UserID {
			return *t, User{ID: u.ID, Email: u.Email, Name: u.Name, Unverified: u.Unverified, Disabled: u.Disabled}, nil
		}
	}
	return RefreshToken{}, User{}, ErrNotFound
}

func (m *memory) Memberships(_ context.Context, userID string) ([]Membership, error) {
	return m.members[userID], m.enter("Memberships")
}

func (m *memory) Full(_ context.Context, family string, since time.Time, most int) (time.Time, error) {
	var made []time.Time
	for _, t := range m.tokens {
		if t.Family == family && t.CreatedAt.After(since) {
			made = append(made, t.CreatedAt)
		}
	}
	slices.SortFunc(made, func(a, b time.Time) int { return b.Compare(a) })
	if len(made) < most {
		return time.Time{}, m.enter("Full")
	}
	return made[most-1], m.enter("Full")
}

func (m *memory) RevokeFamily(_ context.Context, family string, now time.Time) (userID string, err error) {
	if err := m.enter("RevokeFamily"); err != nil {
		return "", err
	}
	for _, t := range m.tokens {
		if t.Family == family && t.RevokedAt.IsZero() {
			t.RevokedAt, userID = now, t.UserID
		}
	}
	return userID, nil
}

func (m *memory) RevokeUser(_ context.Context, userID string, now time.Time) error {
	if err := m.enter("RevokeUser"); err != nil {
		return err
	}
	for _, t := range m.tokens {
		if t.UserID == userID && t.RevokedAt.IsZero() {
			t.RevokedAt = now
		}
	}
	return nil
}

func (m *memory) EndDelegations(_ context.Context, subject string, _ time.Time) error {
	if err := m.enter("EndDelegations"); err != nil {
		return err
	}
	m.delegationsEnded = append(m.delegationsEnded, subject)
	return nil
}

func (m *memory) Begin(_ context.Context, t RefreshToken, user User) (bool, error) {
	if err := m.enter("Begin"); err != nil {
		return false, err
	}
	for _, u := range m.all() {
		if u.ID == user.ID && u.PasswordAt.Equal(user.PasswordAt) && !u.Disabled {
			m.tokens[t.Hash] = &t
			return true, nil
		}
	}
	return false, nil
}

func (m *memory) Families(_ context.Context, userID, except string, since, now time.Time, most int) (list []string, err error) {
	if err := m.enter("Families"); err != nil {
		return nil, err
	}
	for _, t := range m.tokens {
		alive := t.RevokedAt.IsZero() && t.ExpiresAt.After(now) || t.CreatedAt.After(since)
		if t.UserID == userID && t.Family != except && alive && !slices.Contains(list, t.Family) {
			list = append(list, t.Family)
		}
	}
	return list[:min(most, len(list))], nil
}

func (m *memory) RevokeOthers(_ context.Context, userID, except string, now time.Time) error {
	if err := m.enter("RevokeOthers"); err != nil {
		return err
	}
	for _, t := range m.tokens {
		if t.UserID == userID && t.Family != except && t.RevokedAt.IsZero() {
			t.RevokedAt = now
		}
	}
	return nil
}

func (m *memory) SetPassword(_ context.Context, user User, now time.Time) (bool, error) {
	if err := m.enter("SetPassword"); err != nil {
		return false, err
	}
	known, ok := m.users[user.Email]
	if !ok || known.Disabled || !known.PasswordAt.Equal(user.PasswordAt) {
		return false, nil
	}
	user.PasswordAt = now
	m.users[user.Email] = user
	return true, nil
}

func (m *memory) Rehash(_ context.Context, u User, old []byte) error {
	if err := m.enter("Rehash"); err != nil {
		return err
	}
	for email, known := range m.users {
		if known.ID == u.ID && string(known.Hash) == string(old) {
			m.users[email] = u
		}
	}
	return nil
}

// attempts is a row of login_attempts.
type attempts struct {
	full, known time.Time
	user        string
}

func (m *memory) Attempt(_ context.Context, bucket string, l rate.Limit, now time.Time) (time.Duration, error) {
	if err := m.enter("Attempt"); err != nil {
		return 0, err
	}
	if m.buckets == nil {
		m.buckets = map[string]*attempts{}
	}
	if m.buckets[bucket] == nil {
		m.buckets[bucket] = &attempts{}
	}
	a, cost := m.buckets[bucket], time.Duration(one(l))*time.Millisecond
	full := a.full
	if full.Before(now) {
		full = now
	}
	if wait := full.Add(cost).Sub(now) - cost*time.Duration(l.Burst); wait > 0 {
		return wait, nil
	}
	a.full = full.Add(cost)
	return 0, nil
}

func (m *memory) Return(_ context.Context, bucket string, l rate.Limit) error {
	if err := m.enter("Return"); err != nil {
		return err
	}
	m.buckets[bucket].full = m.buckets[bucket].full.Add(-time.Duration(one(l)) * time.Millisecond)
	m.returned = append(m.returned, bucket)
	return nil
}

func (m *memory) Fill(_ context.Context, bucket string) error {
	if err := m.enter("Fill"); err != nil {
		return err
	}
	m.buckets[bucket].full = time.Time{}
	return nil
}

func (m *memory) Known(_ context.Context, bucket string, now time.Time) (bool, error) {
	a := m.buckets[bucket]
	return a != nil && a.known.After(now), m.enter("Known")
}

func (m *memory) Remember(_ context.Context, bucket, userID string, until time.Time) error {
	if err := m.enter("Remember"); err != nil {
		return err
	}
	m.buckets[bucket] = &attempts{known: until, user: userID}
	return nil
}

func (m *memory) Forget(_ context.Context, userID string) error {
	if err := m.enter("Forget"); err != nil {
		return err
	}
	maps.DeleteFunc(m.buckets, func(_ string, a *attempts) bool { return a.user == userID })
	return nil
}

func (m *memory) SweepAttempts(context.Context, time.Time) error { return m.enter("SweepAttempts") }

func (m *memory) Sweep(_ context.Context, userID, family string, used, now time.Time) error {
	if err := m.enter("Sweep"); err != nil {
		return err
	}
	var unused []*RefreshToken
	for _, t := range m.tokens {
		if t.Family == family && t.RotatedAt.IsZero() && t.SupersededAt.IsZero() {
			unused = append(unused, t)
		}
	}
	slices.SortFunc(unused, func(a, b *RefreshToken) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for _, t := range unused[min(len(unused), MaxUnused):] {
		delete(m.tokens, t.Hash)
	}
	over := func(at time.Time) bool { return !at.IsZero() && at.Before(used) }
	maps.DeleteFunc(m.tokens, func(_ string, t *RefreshToken) bool {
		return t.UserID == userID && t.ExpiresAt.Before(now) ||
			t.Family == family && t.RevokedAt.IsZero() && (over(t.RotatedAt) || t.RotatedAt.IsZero() && over(t.SupersededAt))
	})
	return nil
}

func (m *memory) SweepExpired(_ context.Context, now time.Time) error {
	if err := m.enter("SweepExpired"); err != nil {
		return err
	}
	maps.DeleteFunc(m.tokens, func(_ string, t *RefreshToken) bool { return t.ExpiresAt.Before(now) })
	return nil
}

// native is the Crypto of this machine.
type native struct {
	key *rsa.PrivateKey
	// derived are the iterations that each call asked for.
	derived []int
	down    bool
}

func (n *native) Derive(password string, salt []byte, iterations int) ([]byte, error) {
	n.derived = append(n.derived, iterations)
	if n.down {
		return nil, errDown
	}
	// The count matters to time alone, so the tests take few.
	return pbkdf2.Key(sha256.New, password, salt, min(iterations, 10), 32)
}

func (n *native) Sign(input []byte) ([]byte, error) {
	if n.down {
		return nil, errDown
	}
	sum := sha256.Sum256(input)
	return rsa.SignPKCS1v15(nil, n.key, crypto.SHA256, sum[:])
}

func (m *memory) live() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for hash, t := range m.tokens {
			if t.RevokedAt.IsZero() && !yield(hash) {
				return
			}
		}
	})
}
