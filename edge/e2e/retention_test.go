//go:build !js

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/admin"
	"github.com/holdfast-dev/holdfast/edge/issuer"
)

// rows is how many rows of an object's a condition is true of.
func (s *server) rows(class, name, from string) int {
	s.T.Helper()
	var said struct{ Rows []struct{ N int } }
	s.Do(map[string]string{"do": "sql", "class": class, "name": name, "query": "SELECT COUNT(*) AS n FROM " + from}, &said)
	return said.Rows[0].N
}

// until waits for a condition that an alarm brings about.
func until(t *testing.T, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !good(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

// What is too old goes from objects that are asleep: lines of the audit log, and what a snapshot has
// replaced. Whoever comes back is given the same content. An object that stored it before there was any
// bound does so when it wakes.
//
// Holds: "with AUDIT_DAYS no audit line is older than so many days and a tenth, or a day", "LOG_DAYS never deletes what no snapshot replaces".
func TestWhatIsTooOldGoes(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"AUDIT_DAYS": "30", "LOG_DAYS": "30", "GRACE_PERIOD_MS": "500"})
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	for i := range 10 {
		c.op(fmt.Sprint("m", i), i)
	}
	c.snapshot("s", 6, `"six"`)
	other := s.connect(dialling{document: "notes", clientID: "o", token: s.Login("owner")})
	other.op("m", "never replaced")
	for _, c := range []*conn{c, other} {
		c.ws.Close(1000, "")
	}
	lines := func(document string) int { return s.rows("Document", document, "audit") }
	until(t, "the channel does not end", func() bool { return s.rows("Document", "welcome", "audit WHERE event = 'grace_over'") > 0 })
	const old = 90 * 24 * 3600 * 1000 // milliseconds
	for _, name := range []string{"welcome", "notes"} {
		for _, table := range []string{"ops", "parts", "audit"} {
			s.stored("Document", name, fmt.Sprintf("UPDATE %s SET at = at - %d", table, old))
		}
		s.Evict("Document", name)
	}
	s.stored("UserSession", "usr_owner", fmt.Sprintf("UPDATE audit SET at = at - %d", old))
	s.Evict("UserSession", "usr_owner")
	s.must("GET", "/v1/admin/users/usr_owner/session", "") // they wake, and there is nothing else to do
	s.must("GET", "/v1/admin/documents/welcome", "")
	s.must("GET", "/v1/admin/documents/notes", "")
	until(t, "the log does not go", func() bool { return s.rows("Document", "welcome", "ops WHERE version <= 6") == 0 })
	for name, left := range map[string]int{"welcome": lines("welcome"), "notes": lines("notes"), "the user": s.rows("UserSession", "usr_owner", "audit")} {
		if left > 0 {
			t.Errorf("%s: %d lines are left", name, left)
		}
	}
	if n := s.rows("Document", "notes", "ops"); n != 1 {
		t.Errorf("a log without a snapshot has %d entries", n)
	}
	again := s.connect(dialling{document: "welcome", clientID: "new", token: s.Login("editor")})
	if got := fmt.Sprint(again.syncs(0)); !strings.Contains(got, "six") || again.ack.number("document_version") != 10 {
		t.Errorf("there is %s", got)
	}
	if v := again.op("next", 1); v != 11 {
		t.Errorf("version %d", v)
	}
}

// files runs a statement in each object's file that has a table, while no server runs. It returns the
// newest row's one column.
func (d *devServer) files(table, query string) (found string) {
	d.T.Helper()
	names, err := filepath.Glob(filepath.Join(d.State, "state/v3/do/*/*.sqlite"))
	check(err)
	for _, name := range names {
		out, err := exec.Command("node", "--no-warnings", "--input-type=module", "-e", `
			import { DatabaseSync } from "node:sqlite";
			const [file, table, query] = process.argv.slice(1);
			const db = new DatabaseSync(file);
			if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table)) for (const row of db.prepare(query).all()) console.log(Object.values(row)[0]);
			db.close();`, name, table, query).CombinedOutput()
		if err != nil {
			d.T.Fatalf("%s: %s", name, out)
		}
		if text := strings.TrimSpace(string(out)); text != "" {
			found = text
		}
	}
	return found
}

// A kill -9 at any moment of it leaves a log that is whole: either all that is too old is there, or none of
// it, and what no snapshot replaces in any case.
func TestALogThatGoesSurvivesAKill(t *testing.T) {
	t.Parallel()
	d := startDev(t, "LOG_DAYS=30", "AUDIT_DAYS=30", "GRACE_PERIOD_MS=300")
	c := d.connect(dialling{document: "welcome", clientID: "o", token: d.Login("owner")})
	for i := range 40 {
		c.op(fmt.Sprint("m", i), i)
	}
	c.snapshot("s", 30, `"thirty"`)
	c.ws.Close(1000, "")
	d.Kill()
	const old = 90 * 24 * 3600 * 1000
	for _, table := range []string{"ops", "parts", "audit"} {
		d.files("ops", fmt.Sprintf("UPDATE %s SET at = at - %d", table, old))
	}
	left := 30
	for turn := 0; turn < 20 && left > 0; turn++ {
		d.Restart()
		woken := make(chan struct{})
		go func() { // it dies with the server, maybe
			defer close(woken)
			r, err := http.NewRequest("GET", d.URL+"/v1/admin/documents/welcome", nil)
			check(err)
			r.Header.Set("authorization", "Bearer "+d.Operator)
			if response, err := http.DefaultClient.Do(r); err == nil {
				response.Body.Close()
			}
		}()
		moment := time.NewTimer(time.Duration(turn*20+rand.IntN(100)) * time.Millisecond)
		<-moment.C
		d.Kill()
		<-woken
		fmt.Sscan(d.files("ops", "SELECT COUNT(*) FROM ops WHERE version <= 30"), &left)
		if left != 30 && left != 0 {
			t.Fatalf("%d of 30 entries are left", left)
		}
		var kept, floor, parts, after int
		fmt.Sscan(d.files("ops", "SELECT kept FROM state"), &kept)
		fmt.Sscan(d.files("ops", "SELECT floor FROM state"), &floor)
		fmt.Sscan(d.files("ops", "SELECT COUNT(*) FROM parts"), &parts)
		fmt.Sscan(d.files("ops", "SELECT COUNT(*) FROM ops WHERE version > 30"), &after)
		if (kept == 30) != (left == 0) || (floor == 30) != (left == 0) || parts != 1 || after != 10 {
			t.Fatalf("%d entries are left, kept from %d, floor %d, %d parts, %d entries after them", left, kept, floor, parts, after)
		}
	}
	if left > 0 {
		t.Error("it never went")
	}
	d.Restart()
	reader := d.connect(dialling{document: "welcome", clientID: "r", token: d.Login("viewer")})
	if got := fmt.Sprint(reader.syncs(0)); !strings.Contains(got, "thirty") || reader.ack.number("document_version") != 40 {
		t.Errorf("there is %s", got)
	}
}

// What has ended leaves the database as another one is made, however many there are: sign-ins,
// delegations, keys. What counts stays, and no more than a few rows are read.
func TestWhatHasEndedLeavesTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, read := s.counted()
	now, ctx := time.Now(), context.Background()
	const many = 300
	s.d1(fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO refresh_tokens (hash, family, user_id, created_at, expires_at, signed_in_at)"+
		" SELECT 'old' || i, 'f' || i, 'usr_viewer', 0, CASE WHEN i %% 10 = 0 THEN 9999999999999 ELSE 1000 END, 0 FROM n", many))
	s.d1(fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO delegations (id, user_id, document_id, name, role, hash, issued_at, created_at, created_by, expires_at, revoked_at)"+
		" SELECT printf('%%016x', i), 'usr_' || i, 'd', 'n', '', 'h' || i, 0, 0, '', 9999999999999, CASE WHEN i > 20 THEN NULL ELSE 1000 END FROM n", many))
	s.d1("INSERT INTO document_keys (id, name, hash, documents, workspace_id, scopes, created_by, created_at, expires_at, revoked_at) VALUES" +
		" ('k1', 'n', 'h1', '[]', '', '[]', '', 0, 0, 1000), ('k2', 'n', 'h2', '[]', '', '[]', '', 0, 1000, NULL), ('k3', 'n', 'h3', '[]', '', '[]', '', 0, 0, NULL)")
	count := func(from string) (n int) {
		t.Helper()
		check(db.Row(t.Context(), "SELECT COUNT(*) FROM "+from).Scan(&n))
		return n
	}
	sweep := issuer.SQLStore{DB: db}
	before := read.read
	check(sweep.SweepExpired(ctx, now))
	if n := read.read - before; n > 200 {
		t.Errorf("a sign-in reads %d rows", n)
	}
	if n := count("refresh_tokens WHERE hash LIKE 'old%'"); n > many-18 || n < many-40 {
		t.Errorf("%d tokens are left of %d", n, many)
	}
	for range 300 { // sign-ins of other users, as many as there are rows
		check(sweep.SweepExpired(ctx, now))
	}
	if n := count("refresh_tokens WHERE hash LIKE 'old%' AND expires_at = 1000"); n > 5 {
		t.Errorf("%d tokens are left that have expired", n)
	}
	if n := count("refresh_tokens WHERE hash LIKE 'old%' AND expires_at > 1000"); n != many/10 {
		t.Errorf("%d tokens are left that count, of %d", n, many/10)
	}
	// By the routes themselves.
	s.documentKey(`{"name":"billing","documents":["*"],"scopes":["read"]}`)
	if n := count("document_keys WHERE id IN ('k1', 'k2')"); n > 0 || count("document_keys") != 2 {
		t.Errorf("%d keys are left that have ended, of %d", n, count("document_keys"))
	}
	s.delegate(s.Login("owner"), "welcome", "Agent", "view")
	if n := count("delegations WHERE revoked_at = 1000"); n > 0 || count("delegations") != many-20+1 {
		t.Errorf("%d delegations are left that have ended, of %d", n, count("delegations"))
	}
	keys := admin.SQLStore{DB: db}
	s.d1("INSERT INTO apps (package, name, webhook_url, webhook_secret, created_at) VALUES ('p.q', 'n', '', '', 0)")
	s.d1("INSERT INTO app_keys (id, package, hash, created_at, revoked_at) VALUES ('a1', 'p.q', 'a1', 0, 10), ('a2', 'p.q', 'a2', 0, 10), ('a3', 'p.q', 'a3', 0, NULL)")
	s.d1("INSERT INTO app_sessions (session_id, package, user_id, key_id, connected_at) VALUES ('s', 'p.q', 'u', 'a2', 0)")
	check(keys.ForgetAppKeys(ctx, now))
	if n := count("app_keys WHERE id IN ('a2', 'a3')"); n != 2 || count("app_keys") != 2 {
		t.Errorf("%d keys of apps are left, of which %d count or may have let somebody in", count("app_keys"), n)
	}
}
