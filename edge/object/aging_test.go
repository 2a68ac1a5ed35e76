package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// newRoomOnDisk is a document whose tables are SQLite's.
func newRoomOnDisk(t *testing.T, env map[string]string) (*toldRoom, *disk) {
	d := newDisk(t)
	d.name = "welcome"
	d.class = func(_ Host, now time.Time) (Object, error) { return NewDocument(d, now) }
	for name, value := range env {
		d.env[name] = value
	}
	return &toldRoom{room: &room{d.fake, map[string]ConnID{}}, status: 200}, d
}

func (d *disk) count(query string) int {
	d.t.Helper()
	n, _ := d.all(query)[0][0].Value.(float64)
	return int(n)
}

// comes has a user connect, sent back as often as it may be.
func (r *toldRoom) comes(user, more string) []string {
	r.t.Helper()
	for range 3 {
		r.now = r.now.Add(time.Second)
		before := r.conns[user]
		if left := r.connect(user, more); r.conns[user] != before {
			return left
		}
	}
	r.t.Fatalf("%s does not get in", user)
	return nil
}

func (r *toldRoom) leaves(user string) {
	r.t.Helper()
	r.after(r.enter(Input{Kind: Closed, Conn: r.conns[user], Code: 1001}))
	delete(r.sockets, r.conns[user])
}

const aYear = 365 * 24 * time.Hour

// Audit lines go by their age, whether or not anybody is there, and the object sleeps then. It wakes eleven
// times at most after it was last used, and without AUDIT_DAYS not at all.
//
// Holds: "with AUDIT_DAYS no audit line is older than so many days and a tenth, or a day".
func TestAuditLinesGoByTheirAge(t *testing.T) {
	for _, sleeps := range []bool{false, true} {
		r, d := newRoomOnDisk(t, map[string]string{"AUDIT_DAYS": "30"})
		r.sleeps = sleeps
		oldest := func() time.Duration { return r.now.Sub(time.UnixMilli(int64(d.count("SELECT MIN(at) FROM audit")))) }
		for range 60 { // a day each
			r.after(r.comes("ann", ""))
			r.leaves("ann")
			r.pass(24 * time.Hour)
			if age := oldest(); age > 34*24*time.Hour {
				t.Fatalf("a line is %v old", age)
			}
		}
		if age := oldest(); age < 29*24*time.Hour {
			t.Errorf("the oldest line is %v old", age)
		}
		left, wakes := d.count("SELECT COUNT(*) FROM audit"), 0
		for until := r.now.Add(10 * aYear); !r.alarm.IsZero() && r.alarm.Before(until); wakes++ {
			r.pass(r.alarm.Sub(r.now))
			if n := d.count("SELECT COUNT(*) FROM audit"); n > 0 && oldest() > 33*24*time.Hour {
				t.Errorf("a line is %v old", oldest())
			}
		}
		if n := d.count("SELECT COUNT(*) FROM audit"); n != 0 || left < 60 || wakes > 11 || !r.alarm.IsZero() {
			t.Errorf("of %d lines %d are left, after %d wake-ups; alarm %v", left, n, wakes, r.alarm)
		}
	}
	r, d := newRoomOnDisk(t, nil)
	r.after(r.comes("ann", ""))
	r.leaves("ann")
	r.pass(10 * aYear)
	if n := d.count("SELECT COUNT(*) FROM audit"); n < 2 || !r.alarm.IsZero() {
		t.Errorf("without a bound %d lines are left, and an alarm at %v", n, r.alarm)
	}
}

// A user's object does so too. What it knows beside its lines stays.
func TestAUsersAuditLinesGoByTheirAge(t *testing.T) {
	d := newDisk(t)
	d.name, d.env["AUDIT_DAYS"] = "ann", "7"
	d.class = func(_ Host, now time.Time) (Object, error) { return NewUser(d, now) }
	d.enter(admit("d1"))
	d.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["ws_demo",0,"workspace","member","comment"]]`)})
	if d.count("SELECT COUNT(*) FROM audit") == 0 {
		t.Fatal("no line was written")
	}
	wakes := 0
	for until := d.now.Add(aYear); !d.alarm.IsZero() && d.alarm.Before(until); wakes++ {
		d.now, d.object = d.alarm, nil
		d.alarm = time.Time{}
		d.enter(Input{Kind: Alarm})
	}
	if n := d.count("SELECT COUNT(*) FROM audit"); n > 0 || !d.alarm.IsZero() || wakes > 20 {
		t.Errorf("%d lines are left after %d wake-ups, alarm %v", n, wakes, d.alarm)
	}
	if n := d.count("SELECT COUNT(*) FROM visited"); n != 1 {
		t.Errorf("it knows %d documents that know of it", n)
	}
}

// What a snapshot has replaced goes by its age, what it has not never does: whoever comes after ten years
// is given the same content.
//
// Holds: "LOG_DAYS never deletes what no snapshot replaces".
func TestALogGoesByItsAge(t *testing.T) {
	for _, sleeps := range []bool{false, true} {
		r, d := newRoomOnDisk(t, map[string]string{"LOG_DAYS": "30", "EVENTS_URL": ""})
		r.sleeps = sleeps
		r.comes("ann", "")
		for i := range 20 {
			r.op("ann", fmt.Sprint("m", i+1))
		}
		ops := func() string {
			text := ""
			for _, row := range d.all("SELECT version FROM ops ORDER BY version") {
				text += fmt.Sprint(row[0].Value, " ")
			}
			return text
		}
		all := ops()
		r.leaves("ann")
		r.pass(2 * aYear)
		if got := ops(); got != all || !r.alarm.IsZero() {
			t.Fatalf("without a snapshot there is %s, and an alarm at %v", got, r.alarm)
		}
		r.comes("ann", `,"session_id":"s-ann","last_seq":20`)
		expect(t, r.post("ann", 15, `"fifteen"`), `"complete":true`)
		r.leaves("ann")
		r.pass(6 * 24 * time.Hour) // what was replaced can be restored, whatever its age
		if got := ops(); got != all {
			t.Fatalf("what can be restored is gone: %s", got)
		}
		alarms := r.alarms
		r.pass(10 * aYear)
		if got := ops(); got != "16 17 18 19 20 " || !r.alarm.IsZero() || r.alarms > alarms+2 {
			t.Errorf("there is %s, %d alarms more, and one at %v", got, r.alarms-alarms, r.alarm)
		}
		// The same content, for who begins anew and for who was in step.
		left := strings.Join(r.comes("bob", ""), "\n")
		left += strings.Join(r.says("bob", `{"type":"operation","event":"sync_request","data":{"from":0}}`), "\n")
		for _, want := range []string{`"data":"fifteen"`, `{"version":16,`, `{"version":20,`} {
			if !strings.Contains(left, want) {
				t.Errorf("no %s in\n%s", want, left)
			}
		}
		if left := strings.Join(r.comes("ann", `,"session_id":"s-ann","last_seq":20`), "\n"); strings.Contains(left, "compacted") || !strings.Contains(left, `"document_version":20`) {
			t.Errorf("who has all of it receives\n%s", left)
		}
		if left := strings.Join(r.comes("eve", `,"session_id":"s-eve","last_seq":3`), "\n"); strings.Contains(left, `"replay"`) {
			t.Errorf("who has less receives\n%s", left)
		}
		// A repeat is known as ever, and the log goes on.
		expect(t, without(r.op("ann", "m3"), "alarm"), `"document_version":3`)
		if left := strings.Join(r.op("ann", "new"), "\n"); !strings.Contains(left, `"document_version":21`) {
			t.Errorf("%s", left)
		}
	}
}

// Of a log that a snapshot has replaced to its very end the newest entry stays: it says how far the log
// goes. An active document's goes with its next snapshot, and needs no alarm for it.
func TestALogThatIsReplacedToItsEnd(t *testing.T) {
	r, d := newRoomOnDisk(t, map[string]string{"LOG_DAYS": "10", "KEEP_REPLACED_S": "86400"})
	version := 0
	day := func() {
		r.comes("ann", "")
		version++
		r.op("ann", fmt.Sprint("m", version))
		expect(t, r.post("ann", version, fmt.Sprintf(`"day %d"`, version)), `"complete":true`)
		r.pass(24 * time.Hour)
	}
	for range 40 {
		day()
	}
	if n := d.count("SELECT COUNT(*) FROM ops"); n < 10 || n > 13 {
		t.Errorf("%d entries of the last ten days", n)
	}
	r.leaves("ann")
	r.pass(aYear)
	if n, v := d.count("SELECT COUNT(*) FROM ops"), d.count("SELECT MAX(version) FROM ops"); n != 1 || v != 40 || !r.alarm.IsZero() {
		t.Errorf("%d entries, the newest %d, alarm %v", n, v, r.alarm)
	}
	if n := d.count("SELECT COUNT(*) FROM parts"); n != 1 {
		t.Errorf("%d snapshots are kept", n)
	}
	r.object = nil
	day()
	if version != 41 || d.count("SELECT MAX(version) FROM ops") != 41 {
		t.Error("the log does not go on")
	}
}

// An object that stored its rows before there was any bound takes it up when it next wakes, whoever wakes
// it.
func TestAnObjectOfBeforeKeepsLessFromNowOn(t *testing.T) {
	r, d := newRoomOnDisk(t, nil)
	r.comes("ann", "")
	for i := range 5 {
		r.op("ann", fmt.Sprint("m", i))
	}
	r.says("ann", `{"type":"comment","event":"create","message_id":"c","data":{"body":1}}`)
	expect(t, r.post("ann", 3, `"three"`), `"complete":true`)
	r.leaves("ann")
	r.pass(10 * aYear)
	if ops, lines := d.count("SELECT COUNT(*) FROM ops"), d.count("SELECT COUNT(*) FROM audit"); ops < 5 || lines == 0 || !r.alarm.IsZero() {
		t.Fatalf("%d entries, %d lines, alarm %v", ops, lines, r.alarm)
	}
	r.object, r.env["LOG_DAYS"], r.env["AUDIT_DAYS"] = nil, "30", "30"
	r.after(r.request(`{"kind":"describe"}`)) // an operator looks
	r.pass(time.Hour)
	if ops, lines := d.count("SELECT COUNT(*) FROM ops WHERE version <= 3"), d.count("SELECT COUNT(*) FROM audit"); ops > 0 || lines > 0 || !r.alarm.IsZero() {
		t.Errorf("%d entries, %d lines, alarm %v", ops, lines, r.alarm)
	}
	if n := d.count("SELECT COUNT(*) FROM ops"); n < 2 {
		t.Errorf("%d entries that no snapshot has replaced", n)
	}
}

// A restore that an operator makes of what is kept works as long as it may, whatever LOG_DAYS says.
func TestAShorterLogCanBeRestoredAsLongAsEver(t *testing.T) {
	r, _ := newRoomOnDisk(t, map[string]string{"LOG_DAYS": "1", "KEEP_OPS": "1"})
	r.comes("ann", "")
	for i := range 6 {
		r.op("ann", fmt.Sprint("m", i))
	}
	expect(t, r.post("ann", 5, `"false"`), `"complete":true`)
	r.leaves("ann")
	r.pass(6*24*time.Hour + 23*time.Hour)
	if left := strings.Join(r.request(`{"kind":"restore","version":4,"snapshot":0,"by":"olive"}`), "\n"); !strings.Contains(left, `"operations":4`) {
		t.Errorf("%s", left)
	}
}
