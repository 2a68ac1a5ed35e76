//go:build !js

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// programs is what the Worker says of those behind its HTTP routes (harness/programs.mjs).
type programs struct{ Started, Afterwards, Held int }

func (s *server) programs(path string) (p programs) {
	s.T.Helper()
	status, text, _ := s.Request("GET", path, "", nil)
	if err := json.Unmarshal(text, &p); status != 200 || err != nil {
		s.T.Fatalf("%s: HTTP %d %v", path, status, err)
	}
	return p
}

// The attacker knows a request that ends the program which reads it, and sends it again and again. Each
// gets an error in our own form, that program is asked nothing more, and others get what they ask for.
func TestATrappedProgramIsDropped(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PROGRAMS": "1"})
	in := s.password("", "owner", "holdfast-demo")
	for i := range 6 {
		// One traps at once, another when an answer of the platform's has come.
		if status, answer := s.admin("GET", "/v1/admin/users/trap-here/delegations", ``); status != 500 || !strings.Contains(fmt.Sprint(answer), "INTERNAL_ERROR") {
			t.Errorf("at once: HTTP %d %v", status, answer)
		}
		if a := s.password("", "trap-here", "holdfast-demo"); a.status != 500 || a.code != "INTERNAL_ERROR" || a.cookie != "" {
			t.Errorf("later: HTTP %d %v", a.status, a.body)
		}
		a := s.visit(visit{path: "/auth/refresh", cookie: in.cookie})
		if a.status != 200 || a.body["user_id"] != "usr_owner" {
			t.Fatalf("refresh %d: HTTP %d %v", i, a.status, a.body)
		}
		in = a
		if status, answer := s.admin("GET", "/v1/admin/users/usr_editor/delegations", ``); status != 200 {
			t.Errorf("an operator: HTTP %d %v", status, answer)
		}
	}
	if p := s.programs("/programs"); p.Afterwards != 0 || p.Started < 12 {
		t.Errorf("%+v", p)
	}
}

// A program serves many requests, one after another.
func TestAProgramIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PROGRAMS": "1"})
	for range 40 {
		if status, answer := s.admin("GET", "/v1/admin/users/usr_editor/delegations", ``); status != 200 {
			t.Fatalf("HTTP %d %v", status, answer)
		}
	}
	if p := s.programs("/programs"); p.Started > 10 {
		t.Errorf("%d programs for forty requests", p.Started)
	}
}

// The attacker asks and goes away, while the database is slow. Whoever comes then is answered, by a
// program that waits for nobody who has gone.
func TestWhoGoesAwayKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PROGRAMS": "1"})
	s.programs("/hold?INSERT%20INTO%20login_attempts")
	const all = 8
	gone := make(chan error, all)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for range all {
		go func() {
			request, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/auth/login", strings.NewReader(`{"email":"editor@example.com","password":"wrong"}`))
			check(err)
			request.Header.Set("Content-Type", "application/json")
			_, err = http.DefaultClient.Do(request)
			gone <- err
		}()
	}
	s.holds(all)
	leave()
	for range all {
		if err := <-gone; err == nil {
			t.Error("answered, though its first statement is held")
		}
	}
	for range 3 {
		if status, answer := s.admin("GET", "/v1/admin/users/usr_editor/delegations", ``); status != 200 {
			t.Fatalf("HTTP %d %v", status, answer)
		}
	}
	if p := s.programs("/programs"); p.Started != all+1 {
		t.Errorf("%d have gone: %+v", all, p)
	}
	s.programs("/release")
	if in := s.password("", "owner", "holdfast-demo"); in.status != 200 || in.body["user_id"] != "usr_owner" {
		t.Errorf("HTTP %d %v", in.status, in.body)
	}
}

// holds waits until so many statements are held.
func (s *server) holds(n int) (p programs) {
	s.T.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(20 * time.Millisecond) {
		if p = s.programs("/programs"); p.Held >= n {
			return p
		}
	}
	s.T.Fatalf("%d should be held: %+v", n, p)
	return p
}

// Nobody waits for what is swept after a sign-in, and it happens though the request is over.
func TestWhatIsSweptIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PROGRAMS": "1"})
	s.programs("/hold?DELETE%20FROM%20refresh_tokens")
	const old = "SELECT count(*) AS n FROM refresh_tokens WHERE hash LIKE 'old%'"
	s.d1("INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at) VALUES ('old1', 'f1', 'usr_owner', 1, 2), ('old2', 'f2', 'usr_viewer', 1, 2)")
	in := s.password("", "owner", "holdfast-demo")
	if in.status != 200 {
		t.Fatalf("HTTP %d %v", in.status, in.body)
	}
	// Meanwhile another program serves.
	if a := s.visit(visit{path: "/auth/refresh", cookie: in.cookie}); a.status != 200 || a.body["user_id"] != "usr_owner" {
		t.Errorf("a refresh: HTTP %d %v", a.status, a.body)
	}
	if n := s.d1(old)[0]["n"]; n != 2.0 {
		t.Fatalf("%v rows: it has been swept", n)
	}
	s.programs("/release")
	for began := time.Now(); s.d1(old)[0]["n"] != 0.0; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatalf("not swept: %v", s.d1("SELECT hash FROM refresh_tokens"))
		}
	}
}

// Power of the attacker: an account of their own, and the moment. They ask when others ask, as often as
// they like, in the hope of another's answer, cookie or claims. Each gets their own, from a program that
// nobody else has meanwhile.
func TestRequestsAtOnceAreApart(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PROGRAMS": "1", "LOGINS_PER_IP_PER_MIN": "1000", "LOGINS_PER_IP_BURST": "1000", "REFRESHES_PER_SIGN_IN_PER_MIN": "1000"})
	names := []string{"owner", "editor", "viewer", "outsider"}
	const all = 12
	s.programs("/hold?INSERT%20INTO%20login_attempts")
	failed := make(chan error, all)
	for i := range all {
		name := names[i%len(names)]
		go func() { failed <- s.alone(t, name, fmt.Sprintf("%s-%d", name, i)) }()
	}
	// Every sign-in waits for its first statement.
	p := s.holds(all)
	if p.Held != all || p.Started != all {
		t.Errorf("%d sign-ins: %+v", all, p)
	}
	s.programs("/release")
	for range all {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// alone signs in, refreshes and makes a delegation, and looks whether anything of that is another's.
func (s *server) alone(t *testing.T, name, program string) error {
	in := s.password("", name, "holdfast-demo")
	for i := range 4 {
		if in.status != 200 || in.cookie == "" {
			return fmt.Errorf("%s, round %d: HTTP %d %v", name, i, in.status, in.body)
		}
		token, _ := in.body["access_token"].(string)
		if its := claimsOf(t, token)["user_id"]; its != "usr_"+name || in.body["user_id"] != its {
			return fmt.Errorf("%s, round %d: a token of %v, an answer for %v", name, i, its, in.body["user_id"])
		}
		if i == 2 && name != "outsider" {
			if status, answer := s.asUser(token, "POST", "/v1/delegations", fmt.Sprintf(`{"document":"welcome","name":%q,"expires":%d}`, program, time.Now().Add(time.Hour).Unix())); status != 201 {
				return fmt.Errorf("%s: a delegation: HTTP %d %v", name, status, answer)
			}
		}
		status, answer := s.asUser(token, "GET", "/v1/delegations", "")
		list, _ := answer["delegations"].([]any)
		if status != 200 || i > 2 && name != "outsider" && len(list) == 0 {
			return fmt.Errorf("%s: HTTP %d %v", name, status, answer)
		}
		for _, one := range list {
			if its, _ := one.(map[string]any)["name"].(string); !strings.HasPrefix(its, name+"-") {
				return fmt.Errorf("%s is shown %q", name, its)
			}
		}
		in = s.visit(visit{path: "/auth/refresh", cookie: in.cookie})
	}
	return nil
}
