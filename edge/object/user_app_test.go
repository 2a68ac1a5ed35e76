package object

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/admin"
)

// Faults that the apps had once, each as it came about.

// sqliteNode is the Node that SQLite comes from.
func sqliteNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil {
		err = exec.Command(node, "--no-warnings", "-e", `require("node:sqlite")`).Run()
	}
	if err != nil {
		const why = "SQLite comes from a Node with node:sqlite, 22.13 or later: make test brings one"
		if os.Getenv("HOLDFAST_BUILD") != "" || os.Getenv("CI") != "" { // make sets the first
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return node
}

// database runs a script against the tables of the database, with register(conn, key) as
// the session object has it and found(key) as a revocation has it.
func database(t *testing.T, script string) string {
	t.Helper()
	revoke := statementOf(t, func(ctx context.Context, s admin.SQLStore) error {
		return s.RevokeAppKey(ctx, "com.example.notes", "k1", time.UnixMilli(2))
	})
	found := statementOf(t, func(ctx context.Context, s admin.SQLStore) error {
		_, err := s.AppUsers(ctx, "com.example.notes", "k1", "", 32)
		return err
	})
	forget := statementOf(t, func(ctx context.Context, s admin.SQLStore) error {
		return s.ForgetAppSessions(ctx, "com.example.notes", "k1", []string{"ann"})
	})
	out, err := exec.Command(sqliteNode(t), "--no-warnings", "--input-type=module", "-e", `
		import { DatabaseSync } from "node:sqlite";
		import { readFileSync } from "node:fs";
		const db = new DatabaseSync(":memory:");
		db.exec(readFileSync("../migrations/0004_apps.sql", "utf8"));
		db.exec("INSERT INTO apps VALUES ('com.example.notes', 'Notes', 'https://notes.example', 'whs_x', 1)");
		for (const key of ["k1", "k2"]) db.exec("INSERT INTO app_keys (id, package, hash, created_at) VALUES ('" + key + "', 'com.example.notes', '" + key + "', 1)");
		const register = (session, key) => db.prepare(`+"`"+registerQuery+"`"+`).all(session, "com.example.notes", "ann", key, "1736244000000").length;
		const revoke = (key) => db.prepare(`+"`"+revoke+"`"+`).run(key, "com.example.notes", 2);
		const found = (key) => db.prepare(`+"`"+found+"`"+`).all(key, "", 32).map((r) => r.user_id).join();
		const forget = (key) => db.prepare(`+"`"+forget+"`"+`).run(key, JSON.stringify({ users: ["ann"] }));
		const say = (...words) => console.log(...words);
		`+script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestAppsRegisterStatement(t *testing.T) {
	got := database(t, `
		say(register("s1", "k1"), found("k1"), register("s1", "k1"), register("s2", "k9"));
		say(typeof db.prepare("SELECT connected_at AS v FROM app_sessions").get().v);
		revoke("k1"); say(register("s2", "k1"), found("k1")); forget("k1"); say("[" + found("k1") + "]");`)
	if want := "1 ann 1 0\nnumber\n0 ann\n[]"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// An app talks by key k1. Another of its sockets, by k2, is written down and gets no
// further than the handshake, where it may wait 30 s and go. From then on the revocation of k1
// does not find the connection that k1 let in, and the revoked key talks on.
func TestAppsARevokedKeyIsFound(t *testing.T) {
	if got := database(t, `register("s1", "k1"); register("s1", "k2"); revoke("k1"); say("told: " + found("k1"));`); got != "told: ann" {
		t.Errorf("k1 is revoked, its connection is there: %q", got)
	}
	if got := database(t, `register("s1", "k1"); register("s1", "k2"); revoke("k2"); forget("k2"); revoke("k1"); say("told: " + found("k1"));`); got != "told: ann" {
		t.Errorf("k2 is revoked first, then k1: %q", got)
	}
}

// What happens to apps is written among what happens to the user: an app that comes and
// goes, or a device that starts and stops one, pushes the user's own lines out.
func TestAppsAppsPushOutNoLineOfTheUser(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	f.env["AUDIT_ENTRIES"] = "100"
	conn := f.dials("phone")
	f.receives(conn, deviceInit)
	for n := range 150 {
		f.receives(conn, fmt.Sprintf(`{"type":"app","event":"app_start","message_id":"a%d","data":{"package":"com.example.notes"}}`, n))
		f.receives(conn, fmt.Sprintf(`{"type":"app","event":"app_stop","message_id":"b%d","data":{"package":"com.example.notes"}}`, n))
	}
	for _, row := range f.tables["audit"] {
		if string(row[1].Bytes) == "connected" {
			return
		}
	}
	t.Errorf("nobody can say any more when ann's phone connected: %d lines are left, all of apps", len(f.tables["audit"]))
}

// The tables that an object of schema version 3 gets, and what is written there and read.
func TestAppsAppTables(t *testing.T) {
	// A number that comes back with a point is in a column of text.
	columns := strings.Count(appsTable.put().String(), "?")
	got := database(t, `
		const run = (sql, ...args) => db.prepare(sql).all(...args);
		db.exec("DROP TABLE apps");
		`+strings.Join([]string{js("db.exec", appsTable.create()), js("db.exec", appOutboxTable.create()), js("db.exec", appReceiptsTable.create())}, "\n")+`
		const values = Array.from({ length: `+fmt.Sprint(columns)+` }, (_, n) => n);
		run(`+"`"+appsTable.put().String()+"`"+`, "com.example.notes", ...values.slice(1));
		run(`+"`"+appsTable.put().String()+"`"+`, "com.example.notes", ...values.slice(1));
		say(Object.values(run(`+"`"+selectApps.String()+"`"+`)[0]).join());
		for (const seq of [1, 2, 3]) run(`+"`"+appOutboxTable.put().String()+"`"+`, "com.example.notes", seq, new Uint8Array([1]));
		run(`+"`"+trimAppOutbox.String()+"`"+`, "com.example.notes", 2);
		say(run(`+"`"+selectAppOutbox.String()+"`"+`).map((r) => r.seq).join());
		for (const n of [1, 257]) run(`+"`"+appReceiptsTable.put().String()+"`"+`, "", n % 256, n, "phone", "m" + n, 7);
		say(run(`+"`"+selectAppReceipts.String()+"`"+`).map((r) => r.message_id).join());
		run(`+"`"+appReceiptsTable.drop().String()+"`"+`, ""); run(`+"`"+appsTable.drop().String()+"`"+`, "com.example.notes");
		say(run(`+"`"+selectApps.String()+"`"+`).length, run(`+"`"+selectAppReceipts.String()+"`"+`).length);`)
	if want := "com.example.notes,1.0,2,3,4,5,6,7.0,8,9.0,10,11,12,13,14.0,15,16.0,17,18,19,20,21,22.0\n3\nm257\n0 0"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func js(call string, s Stmt) string { return call + "(`" + s.String() + "`);" }
