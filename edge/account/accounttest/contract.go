package accounttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
)

// Contract tests a Store that holds no accounts with ids that begin with "c-".
func Contract(t *testing.T, s account.Store) {
	ctx, now := context.Background(), time.UnixMilli(1_800_000_000_000).UTC()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, got bool, err error, want bool) {
		t.Helper()
		must(err)
		if got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	see := func(id, want string) {
		t.Helper()
		a, err := s.Account(ctx, id, now)
		if errors.Is(err, account.ErrNotFound) {
			if want != "" {
				t.Errorf("%s is not there", id)
			}
			return
		}
		must(err)
		got := fmt.Sprint(a.Email, " ", a.Name, " unverified:", a.Unverified, " password:", a.HasPassword, " disabled:", !a.DisabledAt.IsZero(), " ", a.Token)
		if got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	one, two := account.Password{Hash: []byte("one-hash"), Salt: []byte("one"), Iterations: 5}, account.Password{Hash: []byte("two-hash"), Salt: []byte("two"), Iterations: 6}
	invitation := account.Token{Hash: account.TokenHash(text('i')), Kind: account.Invitation, Until: now.Add(time.Hour)}
	made := func(a account.Account, p account.Password, k account.Token) bool {
		t.Helper()
		a.CreatedAt = now
		ok, err := s.Create(ctx, a, p, k)
		must(err)
		return ok
	}
	if !made(account.Account{ID: "c-ann", Email: "ann@c.example", Name: "Ann"}, one, account.Token{}) ||
		!made(account.Account{ID: "c-bob", Email: "bob@c.example", Name: "Bob", Unverified: true}, account.Password{}, invitation) {
		t.Fatal("not made")
	}
	if made(account.Account{ID: "c-eve", Email: "ann@c.example", Name: "Eve"}, two, account.Token{}) {
		t.Error("two accounts have one e-mail")
	}
	see("c-ann", "ann@c.example Ann unverified:false password:true disabled:false ")
	see("c-bob", "bob@c.example Bob unverified:true password:false disabled:false invitation")
	see("c-eve", "")

	for i := range 3 {
		a := account.Account{ID: fmt.Sprint("c-race", i), Email: "race@c.example", Name: "Race"}
		if made(a, one, account.Token{}) != (i == 0) {
			t.Errorf("%s: another has the e-mail", a.ID)
		}
	}
	list, err := s.Accounts(ctx, "", "race@c.example", 10, now)
	must(err)
	if len(list) != 1 || !list[0].CreatedAt.Equal(now) {
		t.Fatalf("%+v", list)
	}
	must(s.Delete(ctx, list[0].ID))

	list, err = s.Accounts(ctx, "c-", "", 1, now)
	must(err)
	if len(list) != 1 || list[0].ID != "c-ann" {
		t.Errorf("%+v", list)
	}
	if list, err = s.Accounts(ctx, "c-ann", "", 1, now); err != nil || len(list) != 1 || list[0].ID != "c-bob" {
		t.Errorf("%+v %v", list, err)
	}

	ok, err := s.Change(ctx, account.Account{ID: "c-bob", Email: "ann@c.example", Name: "Bob"})
	is("an e-mail that is taken", ok, err, false)
	ok, err = s.Change(ctx, account.Account{ID: "c-bob", Email: "bob@c.example", Name: "Robert"})
	is("another name", ok, err, true)
	see("c-bob", "bob@c.example Robert unverified:false password:false disabled:false invitation")

	// A token was sent to the e-mail of that time, so another e-mail ends it.
	ok, err = s.Change(ctx, account.Account{ID: "c-bob", Email: "bobby@c.example", Name: "Robert"})
	is("another e-mail", ok, err, true)
	see("c-bob", "bobby@c.example Robert unverified:false password:false disabled:false ")
	ok, err = s.Redeem(ctx, invitation.Hash, two, now)
	is("a token sent to the e-mail before", ok, err, false)
	ok, err = s.Change(ctx, account.Account{ID: "c-bob", Email: "bob@c.example", Name: "Robert"})
	is("the e-mail of before", ok, err, true)
	ok, err = s.SetToken(ctx, "c-bob", invitation)
	is("the token once more", ok, err, true)

	// A token serves once, until its time.
	_, err = s.ByToken(ctx, invitation.Hash, invitation.Until)
	if !errors.Is(err, account.ErrNotFound) {
		t.Errorf("a token that is over: %v", err)
	}
	ok, err = s.Redeem(ctx, invitation.Hash, two, invitation.Until)
	is("a token that is over", ok, err, false)
	if a, err := s.ByToken(ctx, invitation.Hash, now); err != nil || a.ID != "c-bob" || a.Token != account.Invitation {
		t.Errorf("%+v %v", a, err)
	}
	for i := range 3 {
		ok, err = s.Redeem(ctx, invitation.Hash, two, now)
		is("a token", ok, err, i == 0)
	}
	see("c-bob", "bob@c.example Robert unverified:false password:true disabled:false ")
	if _, err := s.ByToken(ctx, "", now); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("no token at all: %v", err)
	}

	// The newest is the only one, and a password or the end of the account ends it.
	first, second := account.Token{Hash: account.TokenHash(text('1')), Kind: account.Reset, Until: now.Add(time.Hour)}, account.Token{Hash: account.TokenHash(text('2')), Kind: account.Reset, Until: now.Add(time.Hour)}
	for _, k := range []account.Token{first, second} {
		ok, err = s.SetToken(ctx, "c-bob", k)
		is("a token", ok, err, true)
	}
	ok, err = s.Redeem(ctx, first.Hash, one, now)
	is("an earlier token", ok, err, false)
	ok, err = s.SetPassword(ctx, "c-bob", one, now)
	is("a password", ok, err, true)
	ok, err = s.Redeem(ctx, second.Hash, one, now)
	is("a token of before the password", ok, err, false)

	ok, err = s.SetToken(ctx, "c-bob", second)
	is("a token", ok, err, true)
	for range 2 { // a repeat must not lose the password
		must(s.Disable(ctx, "c-bob", now))
	}
	see("c-bob", "bob@c.example Robert unverified:false password:true disabled:true ")
	for what, f := range map[string]func() (bool, error){
		"redeem":   func() (bool, error) { return s.Redeem(ctx, second.Hash, one, now) },
		"password": func() (bool, error) { return s.SetPassword(ctx, "c-bob", one, now) },
		"token":    func() (bool, error) { return s.SetToken(ctx, "c-bob", first) },
	} {
		ok, err := f()
		is(what+" of a disabled account", ok, err, false)
	}
	for range 2 {
		must(s.Enable(ctx, "c-bob"))
	}
	see("c-bob", "bob@c.example Robert unverified:false password:true disabled:false ")

	must(s.RemoveRoles(ctx, "c-bob"))
	must(s.RemoveGrants(ctx, "c-bob"))
	for _, id := range []string{"c-ann", "c-bob", "c-bob"} {
		must(s.Delete(ctx, id))
		see(id, "")
	}
	ok, err = s.SetPassword(ctx, "c-bob", one, now)
	is("a password of nobody", ok, err, false)
}

// text is a one-time token of one character.
func text(c byte) string {
	token, _ := account.NewToken(func(b []byte) {
		for i := range b {
			b[i] = c
		}
	}, account.Reset, time.Time{})
	return token
}
