//go:build !js

package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// unsigned is the issuer's Crypto where only the database matters.
type unsigned struct{}

func (unsigned) Derive(string, []byte, int) ([]byte, error) { return make([]byte, 32), nil }
func (unsigned) Sign([]byte) ([]byte, error)                { return []byte("x"), nil }

// TestARefreshReadsTheSameFewRows: the attacker has an account and refreshes for days on end, or
// comes back with an old token. D1 reads the same few rows for it, by its own count for the
// issuer's own statements, whether the sign-in has one token or 30,000.
//
// Holds: "nobody refreshes without end".
func TestARefreshReadsTheSameFewRows(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, count := s.counted()
	now := time.Now()
	handler := issuer.New(issuer.Config{
		Issuer: "https://api.materi.dev", AccessTTL: time.Minute, RefreshTTL: 24 * time.Hour, Keys: []token.Key{{ID: "k"}},
		Log: func(string) {}, Now: func() time.Time { return now }, Random: func(b []byte) { rand.Read(b) },
	}, issuer.SQLStore{DB: db}, account.SQLStore{DB: db}, unsigned{})
	ask := func(path, cookie, body string) (status int, next string) {
		r := httptest.NewRequest("POST", "http://127.0.0.1"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.AddCookie(&http.Cookie{Name: "holdfast_refresh", Value: cookie})
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if c.Name == "holdfast_refresh" {
				next = c.Value
			}
		}
		return w.Code, next
	}
	s.d1("UPDATE users SET password_hash = '" + strings.Repeat("00", 32) + "' WHERE id = 'usr_owner'")
	_, signedIn := ask("/auth/login", "", `{"email":"owner@example.com","password":"x"}`)
	most := 0
	for _, before := range []int{0, 100, 30_000} {
		cookie := signedIn
		if before > 0 {
			// A sign-in of before there were limits: its used tokens are kept.
			cookie = fmt.Sprint("first-of-", before)
			sum := sha256.Sum256([]byte(cookie))
			s.d1(fmt.Sprintf(`WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < %d)
				INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at, rotated_at, parent, signed_in_at)
				SELECT iif(i = 0, '%x', 'f%[1]d.' || i), 'family-of-%[1]d', 'usr_owner', %[3]d - i, %[3]d + 86400000, iif(i = 0, NULL, %[3]d - i), NULL, %[3]d - 86400000 FROM k`,
				before, sum, now.UnixMilli()))
		}
		for n := range 6 {
			now = now.Add(time.Minute)
			count.read, count.statements = 0, 0
			status, next := ask("/auth/refresh", cookie, "")
			if status != 200 {
				t.Fatalf("HTTP %d", status)
			}
			t.Logf("a sign-in of %d used tokens, refresh %d: %d rows read by %d statements", before, n, count.read, count.statements)
			most, cookie = max(most, count.read), next
		}
	}
	if n := s.d1("SELECT count(*) AS n FROM refresh_tokens WHERE family NOT LIKE 'family-of-%'")[0]["n"].(float64); n > 4 {
		t.Errorf("%v tokens of a sign-in are kept", n)
	}
	if most > 25 {
		t.Errorf("a refresh reads up to %d rows", most)
	}
}

// The attacker has an account, or one cookie, and a loop: so many a minute of one sign-in,
// counted in the database, however many come at once; others do not notice.
//
// Holds: "nobody refreshes without end".
func TestRefreshesOfOneSignInAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"REFRESHES_PER_SIGN_IN_PER_MIN": "10", "SIGN_IN_MAX_S": "3600"})
	in := s.password("", "owner", "holdfast-demo")
	answers := make(chan answered)
	for range 40 {
		go func() { answers <- s.visit(visit{path: "/auth/refresh", cookie: in.cookie}) }()
	}
	said := map[string]int{}
	for range 40 {
		a := <-answers
		said[fmt.Sprint(a.status, " ", a.reason)]++
		if a.status == 429 && (a.wait < 1000 || a.wait > 60_000 || a.header.Get("Retry-After") == "") {
			t.Errorf("has to wait %v ms", a.wait)
		}
	}
	if said["200 "] != 9 || said["429 too_many_refreshes"] != 31 {
		t.Errorf("forty at once: %v", said)
	}
	if n := s.d1("SELECT count(*) AS n FROM refresh_tokens")[0]["n"]; n != 10.0 {
		t.Errorf("%v rows", n)
	}
	other := s.password("", "owner", "holdfast-demo")
	if a := s.visit(visit{path: "/auth/refresh", cookie: other.cookie}); a.status != 200 || !strings.Contains(fmt.Sprint(a.header["Set-Cookie"]), "Max-Age=3") {
		t.Errorf("another sign-in: %d %v", a.status, a.header)
	}
	// An hour later it is over, though it was refreshed all the time.
	s.d1("UPDATE refresh_tokens SET signed_in_at = signed_in_at - 3600000, created_at = created_at - 70000")
	if a := s.visit(visit{path: "/auth/refresh", cookie: other.cookie}); a.status != 401 || a.reason != "refresh_token_invalid" {
		t.Errorf("after its end: %d %v", a.status, a.body)
	}
}
