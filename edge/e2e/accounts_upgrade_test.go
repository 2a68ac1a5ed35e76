//go:build !js

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

const managedAccounts = "../migrations/0008_managed_accounts.sql"

// statementsOf are the statements of a migration, as wrangler takes them.
func statementsOf(t testing.TB, file string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	check(err)
	for statement := range strings.SplitSeq(regexp.MustCompile(`(?m)^\s*--.*$`).ReplaceAllString(string(text), ""), ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			list = append(list, statement)
		}
	}
	return list
}

// TestAccountsOfBeforeAreMigrated: accounts that somebody wrote into the table, and sign-ins that are
// going on, are after the migration what they were before it.
func TestAccountsOfBeforeAreMigrated(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	in := s.browser("owner@example.com", "holdfast-demo")
	steps := statementsOf(t, managedAccounts)
	columns := regexp.MustCompile(`(?m)ADD COLUMN (\w+)`).FindAllStringSubmatch(strings.Join(steps, "\n"), -1)
	s.d1("DROP INDEX users_token")
	for _, column := range columns {
		s.d1("ALTER TABLE users DROP COLUMN " + column[1])
	}
	if len(columns) != 8 || len(s.d1("SELECT * FROM users WHERE id = 'usr_owner'")[0]) != 6 {
		t.Fatalf("%d columns", len(columns))
	}
	// A Worker that comes before its migration says so, and loses nothing.
	if a := s.visit(visit{path: "/auth/login", body: map[string]string{"email": "owner@example.com", "password": "holdfast-demo"}}); a.status != 503 || a.reason != "database_unavailable" {
		t.Errorf("before the migration: HTTP %d %v", a.status, a.body)
	}
	for _, step := range steps {
		s.d1(step)
	}
	if a := in.post("/auth/refresh", nil); a.status != 200 {
		t.Errorf("a sign-in of before: HTTP %d %v", a.status, a.body)
	}
	s.browser("owner@example.com", "holdfast-demo")
	one := at(s.must("GET", "/v1/admin/accounts/usr_owner", ""), "account")
	if at(one, "email_verified") != true || at(one, "password") != true || at(one, "disabled") != false || at(one, "created_at") != nil {
		t.Errorf("it is %v", one)
	}
}

// TestAnOlderWorkerAndNewAccounts runs the statements of the Worker before accounts were managed
// (commit 8b07be4) on the newer table: a rollback signs in who may sign in, and nobody else.
func TestAnOlderWorkerAndNewAccounts(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	invited, _ := s.make(`{"email":"invited@example.com"}`)
	active, _ := s.make(`{"email":"active@example.com","password":"` + firstPassword + `"}`)
	disabled, _ := s.make(`{"email":"disabled@example.com","password":"` + firstPassword + `"}`)
	s.must("POST", "/v1/admin/accounts/"+disabled+"/disable", "")
	const login = "SELECT id, email, name, password_hash, salt, iterations FROM users WHERE email = "
	for email, hash := range map[string]int{"invited": 0, "active": 64, "disabled": 0} {
		row := s.d1(login + "'" + email + "@example.com'")[0]
		// It compares 32 bytes with what is stored, and no bytes are equal to none.
		if got, _ := row["password_hash"].(string); len(got) != hash || row["iterations"].(float64) < 1 {
			t.Errorf("%s: %v", email, row)
		}
	}
	s.d1("UPDATE users SET password_hash = 'ab', salt = 'cd', iterations = 100000 WHERE id = '" + active + "' AND password_hash <> ''")
	s.d1("INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at, parent, superseded_at, signed_in_at, user_agent) SELECT 'h', 'f', '" + active + "', 1, 9999999999999, NULL, NULL, 1, ''")
	if n := s.d1("SELECT count(*) AS n FROM refresh_tokens r JOIN users u ON u.id = r.user_id WHERE r.hash = 'h'")[0]["n"]; n != 1.0 {
		t.Errorf("a sign-in: %v", n)
	}
	// An account that is written into the table by hand, as before.
	s.d1("INSERT INTO users (id, email, name, password_hash, salt, iterations) VALUES ('usr_hand', 'hand@example.com', 'Hand', 'ab', 'cd', 100000)")
	// The newer one is back.
	s.must("POST", "/v1/admin/accounts/"+disabled+"/enable", "")
	s.browser("disabled@example.com", firstPassword)
	for _, id := range []string{invited, "usr_hand"} {
		s.must("PUT", "/v1/admin/accounts/"+id+"/password", `{"password":"`+firstPassword+`"}`)
	}
	s.browser("invited@example.com", firstPassword)
	s.browser("hand@example.com", firstPassword)
}

// TestTheDemoIsNotDeployed: what an operator runs makes a database without accounts, and what is
// uploaded knows none of the demo's, nor their password.
func TestTheDemoIsNotDeployed(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		c := exec.Command("wrangler", append([]string{"d1"}, args...)...)
		c.Dir = "../.."
		c.Env = append(os.Environ(), "CI=true", "WRANGLER_SEND_METRICS=false", "WRANGLER_LOG_PATH="+filepath.Join(state, "log"))
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("wrangler d1 %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("migrations", "apply", "holdfast", "--local", "--persist-to", state)
	for _, table := range []string{"users", "members", "grants", "documents", "workspaces"} {
		if out := run("execute", "holdfast", "--local", "--persist-to", state, "--json", "--command", "SELECT count(*) AS n FROM "+table); !regexp.MustCompile(`"n": 0\b`).MatchString(out) {
			t.Errorf("%s: %s", table, out)
		}
	}
	seed, err := os.ReadFile("../seed/demo.sql")
	check(err)
	secret := regexp.MustCompile(`[0-9a-f]{32,}`).FindAllString(string(seed), -1)
	if len(secret) != 8 {
		t.Fatalf("the demo has %d hashes and salts", len(secret))
	}
	secret = append(secret, "holdfast-demo", "owner@example.com", "usr_owner")
	for _, folder := range []string{filepath.Join(harness.Build, "worker"), "../migrations"} {
		check(filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, ".map") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, one := range secret {
				if strings.Contains(string(text), one) {
					t.Errorf("%s holds %s", path, one)
				}
			}
			return err
		}))
	}
}
