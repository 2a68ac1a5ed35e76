package issuer

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
)

// from is a login from an address, in a browser that has these cookies.
func (w *world) from(address, email, pass string, browser ...*http.Cookie) answer {
	return w.send("POST", home+"/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, pass), func(r *http.Request) {
		asJSON(r)
		r.Header.Set(access.AddressHeader, address)
		for _, c := range browser {
			if c != nil {
				r.AddCookie(c)
			}
		}
	})
}

func (a answer) limited() bool { return a.code == "RATE_LIMIT_EXCEEDED" }

// Ten wrong passwords from one address, then one every minute and a half: the same for
// an account that is there and for one that is not, before any hash is computed.
func TestTooManyAttempts(t *testing.T) {
	var bodies []string
	for _, email := range []string{"owner@example.com", "nobody@example.com"} {
		w := newWorld(t)
		for range DefaultLoginFailures {
			if a := w.from("203.0.113.7", email, "hunter2"); a.status != 401 {
				t.Fatalf("%s: %d %s", email, a.status, a.body)
			}
		}
		w.crypto.derived, w.store.calls = nil, nil
		a := w.from("203.0.113.7", email, password)
		if a.status != 429 || a.reason != "too_many_attempts" || a.header.Get("Retry-After") != "90" || a.cookie != nil {
			t.Errorf("%s: %d %s %v", email, a.status, a.body, a.header)
		}
		if len(w.crypto.derived) != 0 || !slices.Equal(w.store.calls, []string{"Attempt"}) {
			t.Errorf("%s: refused after %v, %v", email, w.crypto.derived, w.store.calls)
		}
		bodies = append(bodies, a.body)
		w.now = w.now.Add(90 * time.Second)
		if a := w.from("203.0.113.7", email, "hunter2"); a.status != 401 {
			t.Errorf("%s, when it may come: %d %s", email, a.status, a.body)
		}
		if a := w.from("203.0.113.7", email, "hunter2"); !a.limited() {
			t.Errorf("%s, at once again: %d", email, a.status)
		}
		// However the e-mail is spelt.
		if a := w.from("203.0.113.7", " "+email[:1]+"W"+email[2:]+" ", "hunter2"); email == "owner@example.com" && !a.limited() {
			t.Errorf("in capitals: %d", a.status)
		}
	}
	if bodies[0] != bodies[1] {
		t.Errorf("they can be told apart:\n%s\n%s", bodies[0], bodies[1])
	}
}

// A right password counts nothing, and gives back what wrong ones took.
func TestOnlyFailuresCount(t *testing.T) {
	w := newWorld(t)
	for range 10 {
		for range DefaultLoginFailures - 1 {
			w.from("203.0.113.7", "owner@example.com", "hunter2")
		}
		if a := w.from("203.0.113.7", "owner@example.com", password); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	w.now = w.now.Add(24 * time.Hour)
	browser, n := w.from("203.0.113.7", "owner@example.com", password).device, len(w.store.returned)
	for range 3 {
		w.from("203.0.113.7", "owner@example.com", password, browser)
	}
	if n != 11 || len(w.store.returned) != n {
		t.Errorf("the account's bucket was given back to %d and %d times: once known, a browser does not use it", n, len(w.store.returned))
	}
}

// An attacker with thousands of addresses gets a hundred guesses, and keeps the user
// out of no browser in which they have been.
//
// Holds: "a password cannot be guessed, nor its owner locked out".
func TestNobodyIsLockedOut(t *testing.T) {
	w := newWorld(t)
	browser := w.from("203.0.113.7", "owner@example.com", password).device
	if browser == nil {
		t.Fatal("the browser was given no number")
	}
	guesses := 0
	for i := range 3000 {
		if a := w.from(fmt.Sprintf("2001:db8:%x::1", i), "owner@example.com", "hunter2"); a.status == 401 {
			guesses++
		}
	}
	if guesses != DefaultLoginFailuresAccount {
		t.Errorf("%d guesses", guesses)
	}
	if a := w.from("203.0.113.7", "owner@example.com", password, browser); a.status != 200 {
		t.Errorf("the user is locked out at home: %d %s", a.status, a.body)
	}
	if a := w.from("198.51.100.1", "owner@example.com", password); !a.limited() {
		t.Errorf("a new place: %d", a.status)
	}
	w.now = w.now.Add(9 * time.Second)
	if a := w.from("198.51.100.1", "owner@example.com", password); a.status != 200 {
		t.Errorf("a new place, when the attack is over: %d %s", a.status, a.body)
	}
	// Another account is another account.
	if a := w.from("2001:db8:1::1", "nobody@example.com", "hunter2"); a.status != 401 {
		t.Errorf("%d", a.status)
	}
}

func TestAttemptsNeedTheDatabase(t *testing.T) {
	w := newWorld(t)
	w.store.down = "Attempt"
	if a := w.login("owner@example.com", password); a.status != 503 || a.cookie != nil || len(w.crypto.derived) != 0 {
		t.Errorf("without counting: %d %s", a.status, a.body)
	}
	for _, method := range []string{"Remember", "Return", "Fill", "SweepAttempts"} {
		w.store.down = method
		if a := w.login("owner@example.com", password); a.status != 200 || (a.device == nil) != (method == "Remember") {
			t.Errorf("%s: %d %s, %v", method, a.status, a.body, a.device)
		}
	}
	browser := w.login("owner@example.com", password).device
	w.store.down = "Known"
	if a := w.from("203.0.113.7", "owner@example.com", password, browser); a.status != 503 {
		t.Errorf("without looking whether the browser is known: %d %s", a.status, a.body)
	}
}

// TestRehash: a cheap hash is replaced at the next sign-in, and checking one takes as long as any other.
func TestRehash(t *testing.T) {
	w := newWorld(t)
	old := w.store.users["owner@example.com"]
	old.Iterations = 40_000
	w.store.users["owner@example.com"] = old
	work := func() (sum int) {
		for _, n := range w.crypto.derived {
			sum += n
		}
		w.crypto.derived = nil
		return sum
	}
	if a := w.login("owner@example.com", "hunter2"); a.status != 401 || work() != Iterations {
		t.Errorf("a wrong password: %d", a.status)
	}
	if now := w.store.users["owner@example.com"]; now.Iterations != 40_000 {
		t.Error("a wrong password replaced the hash")
	}
	w.store.down = "Rehash"
	if a := w.login("owner@example.com", password); a.status != 200 {
		t.Errorf("a hash that cannot be replaced: %d %s", a.status, a.body)
	}
	w.store.down = ""
	if a := w.login("owner@example.com", password); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	now := w.store.users["owner@example.com"]
	if now.Iterations != Iterations || string(now.Salt) == string(old.Salt) || len(now.Salt) != 16 || string(now.Hash) == string(old.Hash) {
		t.Errorf("%+v", now)
	}
	work()
	if a := w.login("owner@example.com", password); a.status != 200 || work() != Iterations {
		t.Errorf("with the new hash: %d %s", a.status, a.body)
	}
}
