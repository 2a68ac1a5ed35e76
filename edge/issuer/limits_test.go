package issuer

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/signin"
)

// claims are those of an answer's access token, signIn the id of its sign-in.
func (a answer) claims() (c struct {
	Jti string
	Exp int64
}) {
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(a.access, ".")[1])
	json.Unmarshal(payload, &c)
	return c
}

func (a answer) signIn() string { return signin.Of(a.claims().Jti) }

// TestTooManyRefreshes: the attacker has an account and refreshes in a loop, up to the limit of a
// minute whatever the wait, and then again after the wait.
func TestTooManyRefreshes(t *testing.T) {
	w := newWorld(t)
	cookie := w.login("owner@example.com", password).cookie.Value
	another := w.login("owner@example.com", password).cookie.Value
	good := 0
	var last answer
	for range 300 {
		if last = w.refresh(cookie); last.status == 200 {
			good++
			cookie = last.cookie.Value
		}
		w.now = w.now.Add(10 * time.Millisecond)
	}
	// The sign-in itself is the first of them.
	if good != DefaultRefreshes-1 || last.status != 429 || last.reason != "too_many_refreshes" || last.header.Get("Retry-After") != "58" || last.cookie != nil {
		t.Fatalf("%d, then %d %s %v", good, last.status, last.body, last.header)
	}
	if a := w.refresh(another); a.status != 200 {
		t.Errorf("another sign-in of the user's: %d %s", a.status, a.body)
	}
	w.now = w.now.Add(58 * time.Second)
	if a := w.refresh(cookie); a.status != 200 {
		t.Errorf("when it may come: %d %s", a.status, a.body)
	}
}

// The attacker uses one token 200 times within the 10 s that it is forgiven.
func TestChildrenOfOneToken(t *testing.T) {
	w := newWorld(t)
	cookie := w.login("owner@example.com", password).cookie.Value
	good := 0
	for range 200 {
		switch a := w.refresh(cookie); {
		case a.status == 200:
			good++
		case a.status != 429 || a.header.Get("Retry-After") != "1":
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if good != Children {
		t.Errorf("%d children", good)
	}
	w.now = w.now.Add(Overlap + time.Millisecond)
	if a := w.refresh(cookie); a.reason != "refresh_token_reused" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// However often it is refreshed, a sign-in ends, and nothing that it brought outlives it.
//
// Holds: "nobody refreshes without end".
func TestASignInEnds(t *testing.T) {
	w := newWorld(t)
	a := w.login("owner@example.com", password)
	end := w.now.Add(DefaultSignInMax)
	for w.now.Add(24 * time.Hour).Before(end) {
		w.now = w.now.Add(24 * time.Hour)
		if a = w.refresh(a.cookie.Value); a.status != 200 {
			t.Fatalf("after %v: %d %s", w.now.Sub(start), a.status, a.body)
		}
		if left := end.Sub(w.now); time.Duration(a.cookie.MaxAge)*time.Second > left {
			t.Fatalf("after %v the cookie is kept for %d s", w.now.Sub(start), a.cookie.MaxAge)
		}
	}
	w.now = end.Add(-time.Minute)
	a = w.refresh(a.cookie.Value)
	if a.status != 200 || !strings.Contains(a.body, `"expires_in":60,`) || a.cookie.MaxAge != 60 || a.claims().Exp != end.Unix() {
		t.Fatalf("a minute before the end: %d %s", a.status, a.body)
	}
	w.now = end
	if b := w.refresh(a.cookie.Value); b.status != 401 || b.reason != "refresh_token_invalid" {
		t.Errorf("at the end: %d %s", b.status, b.body)
	}
}

// A token is known for a copy for as long as its sign-in lasts, though it is not kept: the
// thief refreshed with it, and its owner comes back weeks later.
func TestReuseIsKnownForGood(t *testing.T) {
	w := newWorld(t)
	stolen := w.login("owner@example.com", password).cookie.Value
	thief := w.refresh(stolen).cookie.Value
	for range 20 {
		w.now = w.now.Add(24 * time.Hour)
		thief = w.refresh(thief).cookie.Value
	}
	if len(w.store.tokens) > 2 || w.store.tokens[digest(stolen)] != nil {
		t.Errorf("%d rows", len(w.store.tokens))
	}
	if a := w.refresh(stolen); a.status != 401 || a.reason != "refresh_token_reused" {
		t.Errorf("the owner: %d %s", a.status, a.body)
	}
	if a := w.refresh(thief); a.status != 401 {
		t.Errorf("the thief: %d %s", a.status, a.body)
	}
	// Every access token holds the id of its sign-in; knowing the id is not enough to end it.
	a := w.login("owner@example.com", password)
	id := a.signIn()
	for _, made := range []string{id + "." + strings.Repeat("x", 43), strings.Repeat("A", 30) + "." + strings.Repeat("x", 43)} {
		if b := w.refresh(made); b.reason != "refresh_token_invalid" {
			t.Errorf("%d %s", b.status, b.body)
		}
		w.with("/auth/logout", made)
	}
	if b := w.refresh(a.cookie.Value); b.status != 200 {
		t.Errorf("a stranger ended it: %d %s", b.status, b.body)
	}
}

// A sign-in of before there were keys goes on as it was: its tokens are kept.
func TestASignInOfBefore(t *testing.T) {
	w := newWorld(t)
	row := RefreshToken{Family: "0123456789abcdefghijkl", UserID: "usr_owner", SignedInAt: start, CreatedAt: start, ExpiresAt: start.Add(DefaultRefreshTTL)}
	for _, text := range []string{"first", "other"} {
		row := row
		row.Hash = digest(text)
		if text == "other" {
			row.Family = "lkjihgfedcba9876543210"
		}
		w.store.tokens[row.Hash] = &row
	}
	a := w.refresh("first")
	if a.status != 200 || strings.Contains(a.cookie.Value, ".") || a.signIn() != row.Family {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for range 5 {
		w.now = w.now.Add(time.Hour)
		a = w.refresh(a.cookie.Value)
	}
	if b := w.refresh("first"); b.reason != "refresh_token_reused" || w.refresh(a.cookie.Value).status != 401 {
		t.Errorf("%d %s", b.status, b.body)
	}
	if b := w.with("/auth/logout", "other"); b.status != 204 || w.refresh("other").status != 401 {
		t.Errorf("%d %s", b.status, b.body)
	}
}

// Sign-ins and what goes wrong with them are lines; send looks for what must not be there.
func TestLog(t *testing.T) {
	w := newWorld(t)
	expect := func(what, want string) {
		t.Helper()
		if !slices.Equal(w.lines, []string{want}) {
			t.Errorf("%s: %s, want %s", what, w.lines, want)
		}
		w.lines = nil
	}
	a := w.login("owner@example.com", password)
	id := a.signIn()
	expect("a sign-in", `{"level":"info","event":"sign_in","user_id":"usr_owner","sign_in":"`+id+`"}`)
	w.login("owner@example.com", "hunter2")
	expect("a wrong password", `{"level":"warn","event":"sign_in_failed","user_id":"usr_owner","reason":"invalid_credentials"}`)
	w.login("hunter2@example.com", "hunter2")
	expect("nobody", `{"level":"warn","event":"sign_in_failed","reason":"invalid_credentials"}`)
	for range DefaultLoginFailures {
		w.lines = nil
		w.login("owner@example.com", "hunter2")
	}
	expect("too many", `{"level":"warn","event":"sign_in_failed","reason":"too_many_attempts"}`)
	w.refresh(a.cookie.Value)
	w.now = w.now.Add(time.Minute)
	w.refresh(a.cookie.Value)
	expect("a copy", `{"level":"warn","event":"refresh_token_reused","user_id":"usr_owner","sign_in":"`+id+`"}`)
	w.refresh(a.cookie.Value)
	if len(w.lines) != 0 {
		t.Errorf("again: %s", w.lines)
	}
	w.now = w.now.Add(time.Hour)
	b := w.login("owner@example.com", password)
	id = b.signIn()
	w.lines = nil
	w.with("/auth/logout", b.cookie.Value)
	expect("a sign-out", `{"level":"info","event":"sign_out","user_id":"usr_owner","sign_in":"`+id+`"}`)
}

// The attacker makes as many tokens as they may of each one, and always in time, so that
// none is ever superseded: what is kept of it has an end.
func TestTokensThatNobodyUses(t *testing.T) {
	w := newWorld(t)
	cookie := w.login("owner@example.com", password).cookie.Value
	for range 30 {
		next := cookie
		for range Children {
			if a := w.refresh(cookie); a.status == 200 {
				next = a.cookie.Value
			}
		}
		cookie = next
		w.now = w.now.Add(9 * time.Second)
	}
	if n := len(w.store.tokens); n > MaxUnused+2*DefaultRefreshes {
		t.Errorf("%d rows", n)
	}
}
