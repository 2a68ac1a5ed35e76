package issuer

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRotation(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	w.now = w.now.Add(time.Hour)
	a := w.refresh(first)
	if a.status != 200 || a.owner != "usr_owner" || a.access == "" || a.cookie.Value == first {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.now = w.now.Add(time.Hour)
	if b := w.refresh(a.cookie.Value); b.status != 200 || b.cookie.Value == a.cookie.Value {
		t.Errorf("%d %s", b.status, b.body)
	}
}

// Two tabs at once, or an answer that was lost: both go on.
func TestOverlap(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	a := w.refresh(first)
	w.now = w.now.Add(Overlap)
	b := w.refresh(first)
	if b.status != 200 || b.cookie.Value == a.cookie.Value || b.cookie.Value == first {
		t.Fatalf("%d %s", b.status, b.body)
	}
	for _, child := range []string{a.cookie.Value, b.cookie.Value} {
		if c := w.refresh(child); c.status != 200 {
			t.Errorf("a child: %d %s", c.status, c.body)
		}
	}
	// The overlap is counted from the first use and not from the last.
	w.now = w.now.Add(time.Millisecond)
	if c := w.refresh(first); c.reason != "refresh_token_reused" {
		t.Errorf("%d %s", c.status, c.body)
	}
}

// Holds: "a copied refresh token ends the sign-in".
func TestReuseEndsTheFamily(t *testing.T) {
	w := newWorld(t)
	other := w.login("owner@example.com", password).cookie.Value
	stolen := w.login("owner@example.com", password).cookie.Value
	child := w.refresh(stolen).cookie.Value
	w.now = w.now.Add(Overlap + time.Millisecond)
	a := w.refresh(stolen)
	if a.status != 401 || a.reason != "refresh_token_reused" || a.access != "" || a.cookie != nil {
		t.Fatalf("%d %s %+v", a.status, a.body, a.cookie)
	}
	if b := w.refresh(child); b.status != 401 || b.reason != "refresh_token_invalid" {
		t.Errorf("the child lives on: %d %s", b.status, b.body)
	}
	if b := w.refresh(other); b.status != 200 {
		t.Errorf("another sign-in ended with it: %d %s", b.status, b.body)
	}
}

func TestJudge(t *testing.T) {
	later := start.Add(time.Hour)
	for _, c := range []struct {
		what             string
		rotated, revoked time.Time
		at               time.Time
		want             verdict
	}{
		{"new", time.Time{}, time.Time{}, start, unused},
		{"its last moment", time.Time{}, time.Time{}, later.Add(-1), unused},
		{"expired", time.Time{}, time.Time{}, later, unusable},
		{"used just now", start, time.Time{}, start.Add(Overlap), repeated},
		{"used before", start, time.Time{}, start.Add(Overlap + 1), stolen},
		{"used and expired", start, time.Time{}, later, unusable},
		{"revoked", time.Time{}, start, start, unusable},
		{"used and revoked", start, start, start.Add(time.Minute), unusable},
	} {
		token := RefreshToken{ExpiresAt: later, RotatedAt: c.rotated, RevokedAt: c.revoked}
		if got := token.judge(c.at); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	none := w.send("POST", home+"/auth/refresh", "", nil)
	if none.status != 401 || none.reason != "refresh_token_missing" {
		t.Errorf("%d %s", none.status, none.body)
	}
	// What the table holds is not what a client refreshes with.
	key, _ := keyOf(first)
	other := w.login("owner@example.com", password).cookie.Value
	for _, made := range []string{"x", digest(first), key, "x" + first, "." + first, strings.Repeat("x", 4000)} {
		if a := w.refresh(made); a.status != 401 || a.reason != "refresh_token_invalid" || a.cookie != nil {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	w.now = w.now.Add(DefaultRefreshTTL)
	if a := w.refresh(first); a.status != 401 || a.reason != "refresh_token_invalid" {
		t.Errorf("expired: %d %s", a.status, a.body)
	}
	if a := w.refresh(other); a.status != 401 || a.reason != "refresh_token_invalid" {
		t.Errorf("another that expired: %d %s", a.status, a.body)
	}
}

func TestRaces(t *testing.T) {
	t.Run("another tab rotates in between", func(t *testing.T) {
		w := newWorld(t)
		first := w.login("owner@example.com", password).cookie.Value
		w.store.before["Rotate"] = func() { w.store.tokens[digest(first)].RotatedAt = w.now }
		if a := w.refresh(first); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("a logout comes in between", func(t *testing.T) {
		for _, moment := range []string{"Rotate", "Add"} {
			w := newWorld(t)
			first := w.login("owner@example.com", password).cookie.Value
			w.store.before[moment] = func() { w.with("/auth/logout", first) }
			if a := w.refresh(first); a.status != 401 || a.access != "" {
				t.Errorf("before %s: %d %s", moment, a.status, a.body)
			}
			if live := w.store.live(); len(live) != 0 {
				t.Errorf("before %s: %d tokens outlive the logout", moment, len(live))
			}
		}
	})
}

func TestLogout(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	child := w.refresh(first).cookie.Value
	a := w.with("/auth/logout", child)
	if a.status != 204 || a.body != "" || a.cookie.MaxAge >= 0 || a.cookie.Path != "/auth" || !a.cookie.HttpOnly {
		t.Fatalf("%d %s %+v", a.status, a.body, a.cookie)
	}
	for _, c := range []string{first, child} {
		if b := w.refresh(c); b.status != 401 {
			t.Errorf("%d %s", b.status, b.body)
		}
	}
	for _, c := range []string{child, "made up"} {
		if b := w.with("/auth/logout", c); b.status != 204 {
			t.Errorf("again: %d", b.status)
		}
	}
	if b := w.send("POST", home+"/auth/logout", "", nil); b.status != 204 {
		t.Errorf("without a cookie: %d", b.status)
	}
}

// TestFailures: a failure is reported, reveals nothing more, and uses up nothing.
func TestFailures(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	check := func(what string, a answer) {
		t.Helper()
		if a.status != 503 || a.code != "SERVICE_UNAVAILABLE" || a.header.Get("Retry-After") != "1" || a.cookie != nil {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	for _, method := range []string{"UserByEmail", "Memberships", "Begin"} {
		w.store.down = method
		check("login, "+method, w.login("owner@example.com", password))
	}
	for _, method := range []string{"Refresh", "Memberships", "Add", "Rotate"} {
		w.store.down = method
		check("refresh, "+method, w.refresh(first))
		w.now = w.now.Add(Overlap + time.Second) // so that a token used up would look stolen
	}
	w.store.down = "RevokeFamily"
	check("logout", w.with("/auth/logout", first))
	w.store.down = ""
	w.crypto.down = true
	check("login, WebCrypto", w.login("owner@example.com", password))
	check("refresh, WebCrypto", w.refresh(first))
	w.crypto.down = false
	if a := w.refresh(first); a.status != http.StatusOK {
		t.Errorf("the token was used up by a failure: %d %s", a.status, a.body)
	}
	for _, sweep := range []string{"Sweep", "SweepExpired"} {
		w.store.down = sweep
		if a := w.login("owner@example.com", password); a.status != http.StatusOK {
			t.Errorf("a sweep that failed: %d %s", a.status, a.body)
		}
	}
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.login("owner@example.com", password)
	w.now = w.now.Add(DefaultRefreshTTL + time.Millisecond)
	last := w.login("owner@example.com", password).cookie.Value
	if n := len(w.store.tokens); n != 1 {
		t.Errorf("%d rows", n)
	}
	// A client that never signs in again sweeps by refreshing.
	for range 200 {
		w.now = w.now.Add(15 * time.Minute)
		last = w.refresh(last).cookie.Value
	}
	if n := len(w.store.tokens); n > 2 {
		t.Errorf("%d rows after 200 refreshes", n)
	}
}

// A page may ask for a token of a shorter life, never for a longer one.
func TestALifeMayBeAskedFor(t *testing.T) {
	for body, want := range map[string]string{
		`{"expires_in":20}`: `"expires_in":20`, `{"expires_in":900000}`: `"expires_in":900`, `{}`: `"expires_in":900`, `null`: `"expires_in":900`,
		`{"expires_in":4}`: `"field":"expires_in"`, `{"expires_in":"20"}`: `"field":"expires_in"`, `{"expires_in":-1}`: `"field":"expires_in"`, `[`: `invalid_json`,
	} {
		w := newWorld(t)
		cookie := w.login("owner@example.com", password).cookie
		a := w.send("POST", home+"/auth/refresh", body, func(r *http.Request) {
			asJSON(r)
			r.AddCookie(&http.Cookie{Name: cookieName, Value: cookie.Value})
		})
		if !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
		}
	}
}
