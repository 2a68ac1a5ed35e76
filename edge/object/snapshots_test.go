package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func (r *room) post(user string, version int, data string) []string {
	r.t.Helper()
	return without(r.says(user, fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":"s%d","data":{"document_version":%d,"part":0,"parts":1,"data":%s}}`, version, version, data)), "alarm")
}

// Somebody posts a snapshot that is false; an operator finds it in the list and has the
// document as it was before, through an eviction at every step.
func TestAnOperatorRestoresADocument(t *testing.T) {
	for _, reboot := range []bool{false, true} {
		r := newRoom(t)
		r.reboot = reboot
		r.env["KEEP_OPS"] = "1"
		r.connect("ann", "")
		for i := 1; i <= 4; i++ {
			r.op("ann", fmt.Sprint("m", i))
		}
		expect(t, r.post("ann", 2, `"true"`), `"complete":true`)
		at := r.now.Format(time.RFC3339)
		r.connect("eve", "")
		r.now = r.now.Add(time.Minute)
		expect(t, r.post("eve", 4, `"false"`), `"complete":true`)
		expect(t, r.request(`{"kind":"snapshots"}`), fmt.Sprintf(`respond 9 200 {"snapshots":{"document_version":4,"snapshot_version":4,"kept_from":0,"snapshots":[`+
			`{"version":4,"at":"%s","user_id":"eve","client_id":"c-eve","bytes":7,"parts":1},{"version":2,"at":"%s","user_id":"ann","client_id":"c-ann","bytes":6,"parts":1}],"more":false}}`,
			r.now.Format(time.RFC3339), at))
		expect(t, r.request(`{"kind":"snapshots","before":4,"limit":1}`), `"snapshots":[{"version":2,`)
		expect(t, r.request(`{"kind":"snapshots","limit":1}`), `"more":true`)
		expect(t, r.request(`{"kind":"restore","version":9,"by":"olive"}`), `respond 9 200 {"error":{"error_code":"NOT_FOUND"`)
		expect(t, r.request(`{"kind":"restore","version":4,"snapshot":3,"by":"olive"}`), `{"error":{"error_code":"NOT_FOUND"`)
		expect(t, r.request(`{"kind":"restore","version":4,"snapshot":2,"reason":"vandalised","by":"olive"}`),
			`"reason":"document_restored"`, "close 4203", `"reason":"document_restored"`, "close 4203",
			`respond 9 200 {"restored":{"document_version":7,"snapshot_version":5,"operations":2}}`)
		left := r.connect("ann", `,"session_id":"s-ann","last_seq":4`)
		if all := strings.Join(left, "\n"); !strings.Contains(all, `"gap":{"from":5,"to":7,"count":3,"reason":"compacted"}`) {
			t.Errorf("ann received\n%s", all)
		}
		got := strings.Join(r.says("ann", `{"type":"operation","event":"sync_request","data":{"from":4}}`), "\n")
		for _, want := range []string{`"data":"true"`, `{"version":6,"user_id":"ann","op":{"is":"m3"}}`, `{"version":7,"user_id":"ann","op":{"is":"m4"}}`} {
			if !strings.Contains(got, want) || strings.Contains(got, "false\"}") {
				t.Errorf("no %s in\n%s", want, got)
			}
		}
		expect(t, without(r.op("ann", "m4"), "alarm"), `"document_version":4`)
		expect(t, without(r.op("ann", "m5"), "alarm"), `"document_version":8`)
		// From the very beginning, without any snapshot.
		left = r.request(`{"kind":"restore","version":4,"snapshot":0,"by":"olive"}`)
		if last := left[len(left)-1]; last != `respond 9 200 {"restored":{"document_version":13,"snapshot_version":9,"operations":4}}` {
			t.Errorf("%s", last)
		}
		lines := r.request(`{"kind":"audit","user_id":"eve"}`)[0]
		for _, want := range []string{`"event":"snapshot","user_id":"eve"`, `"detail":"version 4, 7 bytes"`, `"event":"restored","document":"welcome","reason":"vandalised","by":"olive"`} {
			if !strings.Contains(lines, want) {
				t.Errorf("no %s in\n%s", want, lines)
			}
		}
	}
}

// One commenter's share is counted from what is stored, and an operator resolves it.
func TestAnOperatorResolvesComments(t *testing.T) {
	r := newRoom(t)
	r.reboot = true
	r.env["MAX_COMMENTS"] = "30"
	all := `,"permissions":["read","write","comment","moderate"]`
	connect := func(user string) {
		before := len(r.sockets)
		text := strings.Replace(r.admission(user, ""), `,"permissions":["read","write"]`, all, 1)
		old := map[ConnID]bool{}
		for c := range r.sockets {
			old[c] = true
		}
		r.enter(Input{Kind: Connect, Ask: 7, Text: []byte(text)})
		for c := range r.sockets {
			if !old[c] {
				r.conns[user] = c
			}
		}
		if len(r.sockets) != before+1 {
			t.Fatal("not connected")
		}
	}
	connect("eve")
	connect("ann")
	create := func(user, id string) string {
		return strings.Join(r.says(user, fmt.Sprintf(`{"type":"comment","event":"create","message_id":%q,"data":{"body":1}}`, id)), "\n")
	}
	for i := range 3 {
		if left := create("eve", fmt.Sprint("c", i)); !strings.Contains(left, "operation_ack") {
			t.Fatal(left)
		}
	}
	if left := create("eve", "c3"); !strings.Contains(left, "too_many_own_comments") {
		t.Error(left)
	}
	if left := create("ann", "a1"); !strings.Contains(left, "operation_ack") {
		t.Error(left)
	}
	expect(t, r.request(`{"kind":"resolve","user_id":"eve","limit":2,"by":"olive"}`),
		`send 2 {"type":"comment","event":"resolve","data":{"comment_id":"1","document_version":5`, `send 2 {"type":"comment","event":"resolve","data":{"comment_id":"2"`,
		`respond 9 200 {"resolved":{"comments":2,"more":true,"document_version":6}}`)
	expect(t, r.request(`{"kind":"resolve","user_id":"eve","limit":2,"by":"olive"}`), `"comment_id":"3"`, `{"resolved":{"comments":1,"more":false,"document_version":7}}`)
	expect(t, r.request(`{"kind":"resolve","user_id":"eve","by":"olive"}`), `{"resolved":{"comments":0,"more":false,"document_version":7}}`)
	if left := create("eve", "c3"); !strings.Contains(left, "operation_ack") {
		t.Error(left)
	}
}

// sqlite runs the statements of a script in SQLite, on the tables of a document as of a
// schema version: q(statement, …) is its rows, a line of values each.
func sqlite(t *testing.T, version int, script string) string {
	t.Helper()
	run := func(sql string) string { return "db.exec(`" + sql + "`);\n" }
	tables, later := "", ""
	if version == schemaVersion {
		documentSchema.upgrade(0, func(s Stmt) { tables += run(s.String()) })
	} else {
		tables = run(storedSteps(t, "document", version))
		documentSchema.upgrade(version, func(s Stmt) { later += run(s.String()) })
	}
	texts := ""
	for name, s := range map[string]Stmt{
		"putOp": opsTable.put(), "putComment": commentsTable.put(), "resolveComment": resolveComment, "addReply": addReply,
		"selectComment": selectComment, "selectVersion": selectVersion, "selectCommentOps": selectCommentOps, "selectReceipts": selectReceipts, "selectListed": selectListed,
		"trimComments": trimComments, "listReceipts": listReceipts, "trimSaid": trimSaid, "trimGone": trimGone, "selectGone": selectGone, "writeOver": writeOver, "putState": stateTable.put(), "putPart": partsTable.put(), "deleteOldParts": deleteOldParts,
		"selectShare": selectShare, "selectUpTo": selectUpTo, "selectPinned": selectPinned, "selectKept": selectKept, "selectKeptBefore": selectKeptBefore, "sumKept": sumKept,
		"selectBase": selectBase, "countRestored": countRestored, "restoreOps": restoreOps, "restoreParts": restoreParts, "restoreEmpty": restoreEmpty, "selectAuthored": selectAuthored, "selectAt": selectAt,
		"unsayUndone": unsayUndone, "unsayListed": unsayListed, "boundListed": boundListed, "boundAllListed": boundAllListed, "selectListedTo": selectListedTo, "selectOfTerm": selectOfTerm,
	} {
		texts += "const " + name + " = `" + s.String() + "`;\n"
	}
	return database(t, `db.exec("DROP TABLE IF EXISTS receipts");`+tables+texts+`
		const blob = (s) => new TextEncoder().encode(s);
		const q = (sql, ...args) => db.prepare(sql).all(...args).map((r) => Object.values(r).map((v) => v instanceof Uint8Array ? new TextDecoder().decode(v) : v).join()).join(" ");
		const op = (version, user, id, text, total) => q(putOp, version, user, "c-" + user, id, blob(text), 1000 + version, 0, 0, total, version < 3 ? 7 : 9);
		const later = () => { `+later+` };
	`+script)
}

// What the statements do in SQLite itself.
func TestLogStatements(t *testing.T) {
	got := sqlite(t, schemaVersion, `
		// 70 bytes an op and 64 + 10 a comment of eve: "eve" + "c-eve" + "m1" + op
		let total = 0;
		for (let v = 1; v <= 4; v++) op(v, "eve", "m" + v, "x".repeat(10), total += 10 + 10 + 64);
		q(putOp, 5, "eve", "c-eve", "m5", blob("x".repeat(10)), 1005, 1, 5, total += 84, 9); q(putComment, 5, 0, 0);
		q(putOp, 6, "ann", "c-ann", "m1", blob("x".repeat(10)), 1006, 1, 6, total += 84, 9); q(putComment, 6, 0, 0);
		q(putOp, 7, "eve", "c-eve", "m6", blob("x".repeat(10)), 1007, 2, 6, total += 84, 9); q(addReply, 6);
		q(putOp, 8, "ann", "c-ann", "m2", blob("x".repeat(10)), 1008, 3, 5, total += 84, 9); q(resolveComment, 8, 5);
		say("newest", q(selectVersion), "up to 4:", q(selectUpTo, 4), "up to 8:", q(selectUpTo, 8), "at", q(selectAt, 3));
		say("of term", q(selectOfTerm, 8, 7, 100), q(selectOfTerm, 5, 9, 100), "too far:", q(selectOfTerm, 8, 7, 6), "none:", q(selectOfTerm, 2, 9, 100));
		say("pinned", q(selectPinned, 8), "share", q(selectShare, "eve", 6), "of ann", q(selectShare, "ann", 6), "comment", q(selectComment, 6), q(selectComment, 5));
		say("authored", q(selectAuthored, "ann", "", 9), "of eve:", q(selectAuthored, "eve", "", 9), "by client:", q(selectAuthored, "ann", "c-ann", 9), "none:", q(selectAuthored, "ann", "c", 9));
		for (const [v, n] of [[2, 2], [6, 1], [9, 2]]) for (let p = 0; p < (v == 9 ? 1 : n); p++) q(putPart, v, p, n, "eve", "c-eve", 5 * (p + 1), 2000 + v, 2000, blob("p" + p));
		q(putState, 4, 6, 1, 0, 0, "", 0, 0, total, 0, 0, 0);
		say("kept", q(selectKept, 64), "before 6:", q(selectKeptBefore, 6, 9), "sum", q(sumKept), "base", q(selectBase, 0, 5), "none:", q(selectBase, 3, 5));
		// Below the floor a reader gets what is open, above it everything.
		q(putState, 8, 8, 1, 0, 0, "", 0, 0, total, 0, 0, 0); q(trimComments, 8);
		say("readers", q(selectCommentOps, 0, 99, 64).replaceAll(/,[^ ]*/g, ""));
		say("restorable", q(countRestored, 2, 8));
		q(restoreParts, 10, 3000, 2); q(restoreOps, 10, total, 2, 8, 11);
		say("restored", q("SELECT version, user_id, client_id, message_id, kind, total, term FROM ops WHERE version > 10"), q("SELECT version, part, bytes, user_id, at FROM parts WHERE version = 10"));
		q(restoreEmpty, 13, 3000, blob('"null"')); say("empty", q("SELECT version, part, parts, bytes, data FROM parts WHERE version = 13"));
		say("receipts", q(selectReceipts, "c-eve", "eve", 3));
		q(unsayUndone, 3, 10); say("undone", q(selectReceipts, "c-eve", "eve", 5));
		q(listReceipts, 256); say("listed to", q(selectListedTo), "not listed:", q(selectReceipts, "c-eve", "eve", 5)); q(putState, 12, 10, 2, 0, 0, "", 0, 12); q(trimSaid, 12); q(deleteOldParts, 10);
		say("gone", q(selectVersion), "slots", q(selectGone, 0, 9), q(selectGone, 3, 2)); 
		// An entry is lost nowhere: over one that is there, or that is none, nothing is written.
		for (const slot of [6, 10, 20]) try { q(writeOver, 20, "eve", "c-eve", "m20", blob("x"), 1, 0, 0, 0, 9, slot); say("lost"); } catch (err) { say(err.message); }
		q(trimGone, 3); say("but for three", q(selectGone, 0, 9)); q(trimGone, 0);
		say("left", q("SELECT version FROM ops"), "receipts", q(selectListed, "c-eve", "eve", 9), "of nobody", q(selectListed, "", "eve", 9), "parts", q("SELECT version, part FROM parts"));
	`)
	want := strings.Join([]string{
		"newest 8,672,9 up to 4: 336 up to 8:  at 1003",
		"of term 2 5 too far:  none: ",
		"pinned 168 share 0,1,1 of ann 1,0,0 comment 1 ",
		"authored 6 of eve:  by client: 6 none: ",
		"kept 2,eve,c-eve,2,10,2002,168 6,eve,c-eve,1,5,2006,504 before 6: 2,eve,c-eve,2,10,2002,168 sum 15 base 2,2 none: ",
		"readers 6 7",
		"restorable 2,154",
		"restored 11,eve,,,0,749,11 12,eve,,,0,826,11 10,0,5,,3000 10,1,10,,3000",
		`empty 13,0,1,6,"null"`,
		"receipts m6,7 m5,5 m4,4",
		"undone m6,7 m5,5 m3,3 m2,2 m1,1",
		"listed to 8 not listed: ",
		"gone 7,588,9 slots 1 2 3 4 11 12 4 11",
		"integer overflow", "integer overflow", "integer overflow",
		"but for three 4 11 12",
		"left 6 7 receipts m6,7 m5,5 m3,3 m2,2 m1,1 of nobody  parts 10,0 10,1 13,0",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A document from before its log was counted is counted when it is next woken, and what had
// been trimmed by then is known to be gone.
func TestALogFromBeforeItWasCounted(t *testing.T) {
	got := sqlite(t, 4, `
		for (let v = 3; v <= 5; v++) q("INSERT INTO ops (version, user_id, client_id, message_id, op, at) VALUES (?, 'eve', 'c', 'm', ?, 1)", v, blob("x".repeat(10)));
		q("INSERT INTO state VALUES (1, 2, 3, 1, 0, 0, '', 0)"); q("INSERT INTO comments VALUES (9, 0)");
		later();
		say(q(selectVersion), "|", q("SELECT kept, total, mark, pinned, full FROM state"), "|", q(selectComment, 9), "|", q(selectUpTo, 3));
		op(6, "eve", "m6", "x", 237 + 75); say(q(selectVersion), q(selectUpTo, 5));
	`)
	if want := "5,237,0 | 2,0,0,0,0 | 0 | -79\n6,312,9 237"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
