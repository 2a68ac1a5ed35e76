//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/account/accounttest"
	"github.com/holdfast-dev/holdfast/edge/issuer"
)

// The statements do on D1 what the tests of the other packages believe, and read no more rows than
// they are about.
func TestAccountStatements(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, read := s.counted()
	store := account.SQLStore{DB: db}
	accounttest.Contract(t, store)
	s.d1("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO users (id, email, name, password_hash, salt, iterations, token_hash, token_kind, token_until)" +
		" SELECT 'usr_' || i, i || '@many.example', 'Many', '', '', 1, 'hash-' || i, 'reset', 9999999999999 FROM n")
	now := time.Now()
	for what, f := range map[string]func() error{
		"one":       func() error { _, err := store.Account(t.Context(), "usr_1000", now); return err },
		"by e-mail": func() error { _, err := store.Accounts(t.Context(), "", "1000@many.example", 2, now); return err },
		"by token":  func() error { _, err := store.ByToken(t.Context(), "hash-1000", now); return err },
		"a password": func() error {
			_, err := store.Redeem(t.Context(), "hash-1001", account.Password{Iterations: 1}, now)
			return err
		},
		"an e-mail": func() error {
			_, err := store.Change(t.Context(), account.Account{ID: "usr_1002", Email: "x@many.example", Name: "X"})
			return err
		},
		"ten": func() error { _, err := store.Accounts(t.Context(), "usr_1000", "", 10, now); return err },
	} {
		before := read.read
		if err := f(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if n := read.read - before; n > 12 {
			t.Errorf("%s reads %d rows", what, n)
		}
	}
}

// A sign-in begins only with the password that is the account's at that moment, and a password is
// set only by whoever knew the last one.
func TestSignInStatements(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, _ := s.counted()
	accounts, store, ctx := account.SQLStore{DB: db}, issuer.SQLStore{DB: db}, t.Context()
	now := time.Now()
	tokens := 0
	begin := func(user issuer.User) bool {
		t.Helper()
		tokens++
		row := issuer.RefreshToken{Hash: fmt.Sprint("hash", tokens), Family: fmt.Sprint("family", tokens), UserID: user.ID, SignedInAt: now, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		begun, err := store.Begin(ctx, row, user)
		check(err)
		return begun
	}
	user := func() issuer.User {
		t.Helper()
		u, err := store.UserByEmail(ctx, "owner@example.com")
		check(err)
		return u
	}
	set := func(user issuer.User) bool {
		t.Helper()
		ok, err := store.SetPassword(ctx, user, now)
		check(err)
		return ok
	}
	first := user()
	if !begin(first) || !begin(first) {
		t.Fatal("no sign-in begins")
	}
	_, err := accounts.SetToken(ctx, first.ID, account.Token{Hash: "a-hash", Kind: account.Reset, Until: now.Add(time.Hour)})
	check(err)
	if !set(first) || begin(first) || set(first) {
		t.Error("an old password counts")
	}
	if one, err := accounts.Account(ctx, first.ID, now); err != nil || one.Token != "" {
		t.Errorf("a reset has outlived the password: %+v %v", one, err)
	}
	second := user()
	if !begin(second) || !set(second) || begin(second) { // within one millisecond
		t.Error("two passwords have one time")
	}
	third := user()
	if err := store.Rehash(ctx, third, third.Hash); err != nil || !begin(third) {
		t.Errorf("a renewed hash is another password: %v", err)
	}
	check(accounts.Disable(ctx, third.ID, now))
	if begin(third) || set(third) || begin(user()) || !user().Disabled || len(user().Hash) != 0 {
		t.Error("a disabled account can be used")
	}
	check(accounts.Enable(ctx, third.ID))
	if !begin(user()) {
		t.Error("an enabled account cannot be used")
	}

	families := func(since time.Time) []string {
		t.Helper()
		list, err := store.Families(ctx, "usr_owner", "family1", since, now, 10)
		check(err)
		slices.Sort(list)
		return list
	}
	all := []string{"family2", "family4", "family6", "family9"}
	if got := families(now); !slices.Equal(got, all) {
		t.Errorf("sign-ins %v", got)
	}
	if list, err := store.Families(ctx, "usr_owner", "", now, now, 2); err != nil || len(list) != 2 {
		t.Errorf("%v %v", list, err)
	}
	check(store.RevokeOthers(ctx, "usr_owner", "family1", now))
	if got := families(now); len(got) != 0 {
		t.Errorf("sign-ins %v", got)
	}
	if got := families(now.Add(-time.Minute)); !slices.Equal(got, all) { // their access tokens may be out
		t.Errorf("sign-ins %v", got)
	}
	if row, _, err := store.Refresh(ctx, "hash1"); err != nil || !row.RevokedAt.IsZero() {
		t.Errorf("the one that is kept: %+v %v", row, err)
	}
}
