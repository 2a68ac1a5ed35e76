package object

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever reads the table ops leaves out what is gone, or reads comments alone.
func TestNobodyReadsWhatIsGone(t *testing.T) {
	// These mean all rows: a write of one by its key, the upgrade of a log in which nothing was gone, the list of
	// receipts, which is made as entries go, what deletes them, and what is done once that is. Nobody asks for a dump.
	all := []Stmt{opsTable.put(), opsTable.drop(), opsTable.dump(), countOps, listAll, listReceipts, selectGone, trimGone, writeOver, forgetOps, eraseThread, eraseTexts, unsayUndone}
	table := regexp.MustCompile(`\bops\b`)
	n := 0
	for s := range StmtCount {
		sql := s.String()
		if strings.HasPrefix(sql, "CREATE ") || slices.Contains(all, s) {
			continue
		}
		read := table.MatchString(sql)
		for _, allowed := range []string{entries, "ops INDEXED BY ops_comments WHERE kind > 0", "ops INDEXED BY ops_commenter WHERE kind > 0", "'ops_", "INSERT INTO ops (", "kind = 0 AS op"} {
			sql = strings.ReplaceAll(sql, allowed, "")
		}
		if table.MatchString(sql) {
			t.Errorf("it reads what is gone: %s", s)
		} else if read {
			n++
		}
	}
	if n < 20 {
		t.Errorf("only %d statements read the log", n)
	}
}

// goneRoom is a document of so many ops, with a snapshot after each ten of them, by which those before the one
// before it are gone.
func goneRoom(t *testing.T, env map[string]string, ops int) (*toldRoom, *disk) {
	t.Helper()
	all := map[string]string{"KEEP_OPS": "1", "KEEP_REPLACED_S": "1", "EVENTS_URL": ""}
	for name, value := range env {
		all[name] = value
	}
	r, d := newRoomOnDisk(t, all)
	r.comes("ann", "")
	for i := 1; i <= ops; i++ {
		r.op("ann", fmt.Sprint("m", i))
		if i%10 == 0 {
			r.now = r.now.Add(2 * time.Second)
			expect(t, r.post("ann", i, fmt.Sprint(i)), `"complete":true`)
		}
	}
	return r, d
}

// rowsOfOps are the versions of the rows of the table, and kept is up to where they are gone.
func (d *disk) rowsOfOps() (list []int, kept int) {
	for _, row := range d.all("SELECT version FROM ops ORDER BY version") {
		list = append(list, int(row[0].Value.(float64)))
	}
	return list, d.count("SELECT kept FROM state")
}

// New entries are written over those that are gone, as many as there are. Nobody can tell, whether the
// object sleeps between any two events or not.
//
// Holds: "an op is one row, trimming included".
func TestEntriesAreWrittenOverThoseThatAreGone(t *testing.T) {
	for _, sleeps := range []bool{false, true} {
		r, d := goneRoom(t, nil, 20)
		r.sleeps = sleeps
		list, kept := d.rowsOfOps()
		if len(list) != 20 || kept != 10 {
			t.Fatalf("there are %v, gone up to %d", list, kept)
		}
		for i := 21; i <= 33; i++ {
			expect(t, without(r.op("ann", fmt.Sprint("m", i)), "alarm"), fmt.Sprintf(`"document_version":%d`, i))
			list, _ := d.rowsOfOps()
			// One more at first: nothing is written over before the snapshot's event is over for certain.
			if len(list) > 21 && i <= 30 || list[len(list)-1] != i {
				t.Fatalf("there are %v", list)
			}
		}
		r.object = nil
		r.env["MAX_REPLACED_BYTES"] = "1" // all that a snapshot replaces goes
		expect(t, r.post("ann", 30, `"thirty"`), `"complete":true`)
		if list, kept := d.rowsOfOps(); kept != 30 || len(list) < 20 {
			t.Fatalf("there are %v, gone up to %d", list, kept)
		}
		// Nobody sees them: neither who syncs, nor a server, an export, or an operator.
		left := strings.Join(r.says("ann", `{"type":"operation","event":"sync_request","data":{"from":0}}`), "\n")
		left += strings.Join(r.request(`{"kind":"content","entries":100,"bytes":100000}`), "\n")
		left += strings.Join(r.request(`{"kind":"export","entries":100,"bytes":100000}`), "\n")
		left += strings.Join(r.request(`{"kind":"past","version":30,"entries":true}`), "\n")
		for version := 1; version <= 30; version++ {
			if strings.Contains(left, fmt.Sprintf(`"version":%d,"op"`, version)) || strings.Contains(left, fmt.Sprintf(`"kind":"op","version":%d,`, version)) {
				t.Errorf("version %d is seen in\n%s", version, left)
			}
		}
		if !strings.Contains(left, `"ops":3`) || !strings.Contains(left, `"version":33,`) {
			t.Errorf("%s", left)
		}
		expect(t, r.request(`{"kind":"restore","version":12,"snapshot":10,"by":"olive"}`), "version_not_kept")
		expect(t, without(r.op("ann", "m33"), "alarm"), `"document_version":33`)
		expect(t, without(r.op("ann", "m12"), "alarm"), `"document_version":12`)
	}
}

// What is gone goes from the table with an erasure, at once where the log is kept for a time, when that is
// set, and all but the newest when nobody is there.
//
// Holds: "what is gone is in no row once somebody is erased, a comment is, or LOG_DAYS is set".
func TestWhatIsGoneIsDeleted(t *testing.T) {
	still := func(d *disk) int {
		return d.count("SELECT COUNT(*) FROM ops WHERE kind = 0 AND version <= (SELECT kept FROM state)")
	}
	for name, do := range map[string]func(r *toldRoom){
		"a person": func(r *toldRoom) { r.request(`{"kind":"forget","user_id":"bob"}`) },
		"a writer": func(r *toldRoom) { r.request(`{"kind":"forget","user_id":"ann","texts":true}`) },
		"by age": func(r *toldRoom) {
			r.object, r.env["LOG_DAYS"] = nil, "1000"
			r.request(`{"kind":"describe"}`)
		},
		"a comment": func(r *toldRoom) {
			r.commenter("ann")
			r.comment("ann", "create", "c", `{"body":"x"}`)
			expect(t, r.request(`{"kind":"erase_comment","id":21,"by":"olive"}`), `"erased":true`, "scrub", `"comment_erased"`)
		},
	} {
		r, d := goneRoom(t, nil, 20)
		if still(d) != 10 {
			t.Fatalf("%s: %d are gone", name, still(d))
		}
		do(r)
		if n := still(d); n > 0 {
			t.Errorf("%s: %d that are gone are there", name, n)
		}
		for i := 0; i < 5 && name != "a writer"; i++ { // and the log goes on
			if left := strings.Join(r.op("ann", fmt.Sprint("e", i)), "\n"); !strings.Contains(left, `"operation_ack"`) {
				t.Errorf("%s: %s", name, left)
			}
		}
	}
	r, d := goneRoom(t, map[string]string{"LOG_DAYS": "1000"}, 40)
	if n := still(d); n > 0 {
		t.Errorf("with LOG_DAYS %d that are gone are there", n)
	}
	r, d = goneRoom(t, map[string]string{"MESSAGES_PER_S": "1000000"}, 20)
	// A log that was much longer.
	d.exec(fmt.Sprintf("UPDATE state SET kept = 1510, floor = 1510, snapshot = 1510; UPDATE ops SET version = version + 1500 WHERE version > 10; UPDATE parts SET version = 1510 WHERE version = 20;" +
		"WITH RECURSIVE n(v) AS (SELECT 11 UNION ALL SELECT v + 1 FROM n WHERE v < 1510) INSERT INTO ops SELECT v, user_id, client_id, message_id, op, at, 0, 0, v, term FROM n, ops WHERE version = 10"))
	r.object = nil
	if still(d) != 1510 {
		t.Fatalf("%d are gone", still(d))
	}
	r.comes("ann", "")
	r.leaves("ann")
	r.pass(time.Hour)
	if n := still(d); n != maxGone || d.count("SELECT MIN(version) FROM ops WHERE kind = 0") != 1510-maxGone+1 {
		t.Errorf("when nobody is there %d are gone", n)
	}
}
