// Package accounttest holds accounts in memory, for tests, and a test of whatever holds them.
package accounttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
)

// ErrDown is the error of a method that fails.
var ErrDown = errors.New("the database quotes secret-value-in-a-statement")

// Row is an account as stored.
type Row struct {
	account.Account
	Password   account.Password
	PasswordAt time.Time
	Token      account.Token
	kept       []byte
}

// Memory is a Store with the same conditions as the statements of account.SQLStore.
type Memory struct {
	mu   sync.Mutex
	Rows []*Row
	// Did are the methods that changed something, with the account's id or the user's.
	Did []string
	// Down makes the named method fail.
	Down string
}

func (m *Memory) enter(method, id string) error {
	m.mu.Lock()
	if m.Down == method {
		m.mu.Unlock()
		return ErrDown
	}
	m.Did = append(m.Did, strings.TrimSpace(method+" "+id))
	return nil
}

// Find returns the row of an account, nil for none.
func (m *Memory) Find(id string) *Row {
	for _, r := range m.Rows {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (m *Memory) byEmail(email string) *Row {
	for _, r := range m.Rows {
		if r.Email == email {
			return r
		}
	}
	return nil
}

func (r *Row) seen(now time.Time) account.Account {
	a := r.Account
	a.HasPassword = len(r.Password.Hash)+len(r.kept) > 0
	if a.Token, a.TokenUntil = "", (time.Time{}); r.Token.Until.After(now) {
		a.Token, a.TokenUntil = r.Token.Kind, r.Token.Until
	}
	return a
}

// Create implements account.Store.
func (m *Memory) Create(_ context.Context, a account.Account, p account.Password, t account.Token) (bool, error) {
	if err := m.enter("Create", a.Email); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	if m.byEmail(a.Email) != nil {
		return false, nil
	}
	a.CreatedAt = a.CreatedAt.Truncate(time.Millisecond)
	m.Rows = append(m.Rows, &Row{Account: a, Password: p, PasswordAt: a.CreatedAt, Token: t})
	return true, nil
}

// Account implements account.Store.
func (m *Memory) Account(_ context.Context, id string, now time.Time) (account.Account, error) {
	if err := m.enter("Account", id); err != nil {
		return account.Account{}, err
	}
	defer m.mu.Unlock()
	if r := m.Find(id); r != nil {
		return r.seen(now), nil
	}
	return account.Account{}, account.ErrNotFound
}

// Accounts implements account.Store.
func (m *Memory) Accounts(_ context.Context, after, email string, max int, now time.Time) ([]account.Account, error) {
	if err := m.enter("Accounts", ""); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var list []account.Account
	for _, r := range m.Rows {
		if email != "" && r.Email == email || email == "" && r.ID > after {
			list = append(list, r.seen(now))
		}
	}
	slices.SortFunc(list, func(a, b account.Account) int { return strings.Compare(a.ID, b.ID) })
	return list[:min(max, len(list))], nil
}

// Change implements account.Store.
func (m *Memory) Change(_ context.Context, a account.Account) (bool, error) {
	if err := m.enter("Change", a.ID); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	r, other := m.Find(a.ID), m.byEmail(a.Email)
	if r == nil || other != nil && other != r {
		return false, nil
	}
	if r.Email != a.Email {
		r.Token = account.Token{}
	}
	r.Email, r.Name, r.Unverified = a.Email, a.Name, a.Unverified
	return true, nil
}

func (r *Row) set(p account.Password, now time.Time) bool {
	if r == nil || !r.DisabledAt.IsZero() {
		return false
	}
	now = now.Truncate(time.Millisecond)
	if !now.After(r.PasswordAt) {
		now = r.PasswordAt.Add(time.Millisecond)
	}
	r.Password, r.PasswordAt, r.Token = p, now, account.Token{}
	return true
}

// SetPassword implements account.Store.
func (m *Memory) SetPassword(_ context.Context, id string, p account.Password, now time.Time) (bool, error) {
	if err := m.enter("SetPassword", id); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	return m.Find(id).set(p, now), nil
}

// SetToken implements account.Store.
func (m *Memory) SetToken(_ context.Context, id string, t account.Token) (bool, error) {
	if err := m.enter("SetToken", id); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	r := m.Find(id)
	if r == nil || !r.DisabledAt.IsZero() {
		return false, nil
	}
	r.Token = t
	return true, nil
}

func (m *Memory) byToken(hash string, now time.Time) *Row {
	for _, r := range m.Rows {
		if r.Token.Hash == hash && hash != "" && r.Token.Until.After(now) && r.DisabledAt.IsZero() {
			return r
		}
	}
	return nil
}

// ByToken implements account.Store.
func (m *Memory) ByToken(_ context.Context, hash string, now time.Time) (account.Account, error) {
	if err := m.enter("ByToken", ""); err != nil {
		return account.Account{}, err
	}
	defer m.mu.Unlock()
	if r := m.byToken(hash, now); r != nil {
		return r.seen(now), nil
	}
	return account.Account{}, account.ErrNotFound
}

// Redeem implements account.Store.
func (m *Memory) Redeem(_ context.Context, hash string, p account.Password, now time.Time) (bool, error) {
	if err := m.enter("Redeem", ""); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	return m.byToken(hash, now).set(p, now), nil
}

// Disable implements account.Store.
func (m *Memory) Disable(_ context.Context, id string, now time.Time) error {
	if err := m.enter("Disable", id); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if r := m.Find(id); r != nil && r.DisabledAt.IsZero() {
		r.DisabledAt, r.kept, r.Token = now.Truncate(time.Millisecond), r.Password.Hash, account.Token{}
		r.Password.Hash = nil
	}
	return nil
}

// Enable implements account.Store.
func (m *Memory) Enable(_ context.Context, id string) error {
	if err := m.enter("Enable", id); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if r := m.Find(id); r != nil && !r.DisabledAt.IsZero() {
		r.DisabledAt, r.Password.Hash, r.kept = time.Time{}, r.kept, nil
	}
	return nil
}

// Delete implements account.Store.
func (m *Memory) Delete(_ context.Context, id string) error {
	if err := m.enter("Delete", id); err != nil {
		return err
	}
	defer m.mu.Unlock()
	m.Rows = slices.DeleteFunc(m.Rows, func(r *Row) bool { return r.ID == id })
	return nil
}

// RemoveRoles implements account.Store.
func (m *Memory) RemoveRoles(_ context.Context, userID string) error {
	err := m.enter("RemoveRoles", userID)
	if err == nil {
		m.mu.Unlock()
	}
	return err
}

// RemoveGrants implements account.Store.
func (m *Memory) RemoveGrants(_ context.Context, userID string) error {
	err := m.enter("RemoveGrants", userID)
	if err == nil {
		m.mu.Unlock()
	}
	return err
}
