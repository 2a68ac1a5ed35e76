package object

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// toldRoom is a document whose backend answers each request at once.
type toldRoom struct {
	*room
	requests []string
	alarms   int
	silent   bool // it answers nothing
	sleeps   bool // the object does, until its alarm rings
	status   int
}

func newToldRoom(t testing.TB, env map[string]string) *toldRoom {
	r := &toldRoom{room: newRoom(t), status: 200}
	r.env["EVENTS_URL"], r.env["EVENTS_SECRET"] = "https://backend.example/events", "the-events-secret"
	for name, value := range env {
		r.env[name] = value
	}
	return r
}

// after plays what left, and what comes of it.
func (r *toldRoom) after(left []string) {
	for _, line := range left {
		var ask int
		switch {
		case strings.HasPrefix(line, "alarm 00:00:00"):
		case strings.HasPrefix(line, "alarm"):
			r.alarms++
		case strings.HasPrefix(line, "fetch"):
			fmt.Sscanf(line, "fetch %d", &ask)
			r.requests = append(r.requests, line[strings.Index(line, "{"):])
			if !r.silent {
				r.after(r.enter(Input{Kind: Answered, Ask: uint32(ask), Text: fmt.Appendf(nil, `{"status":%d,"body":""}`, r.status)}))
			}
		case strings.HasPrefix(line, "call") && strings.Contains(line, `"kind":"gone"`):
			fmt.Sscanf(line, "call %d", &ask)
			r.after(r.enter(Input{Kind: Answered, Ask: uint32(ask), Text: []byte(`{"ok":true}`)}))
		case strings.HasPrefix(line, "database"):
			fmt.Sscanf(line, "database %d", &ask)
			r.after(r.enter(Input{Kind: Answered, Ask: uint32(ask), Text: []byte(`[]`)}))
		}
	}
}

// pass lets time pass, with the alarms that fall due.
func (r *toldRoom) pass(d time.Duration) {
	for until := r.now.Add(d); ; {
		if r.alarm.IsZero() || r.alarm.After(until) {
			r.now = until
			return
		}
		if r.alarm.After(r.now) {
			r.now = r.alarm
		}
		r.alarm = time.Time{}
		if r.sleeps {
			r.object = nil
		}
		r.after(r.enter(Input{Kind: Alarm}))
	}
}

type toldEvent struct {
	ID, Type, Stream, Document string
	Seq                        int
	Data                       map[string]any
}

func (r *toldRoom) events() (all []toldEvent) {
	for _, text := range r.requests {
		var batch struct{ Events []toldEvent }
		if err := json.Unmarshal([]byte(text), &batch); err != nil {
			r.t.Fatalf("%s: %v", text, err)
		}
		all = append(all, batch.Events...)
	}
	return all
}

// eventsCost is what 1,000 changes in 100 s come to: rows of tables, alarms, requests.
type eventsCost struct{ ops, events, state, alarms, requests int }

func whatEventsCost(t testing.TB, env map[string]string) eventsCost {
	r := newToldRoom(t, env)
	r.after(r.connect("ann", ""))
	r.pass(time.Minute)
	before, alarms, requests := map[string]int{}, r.alarms, len(r.requests)
	for name, n := range r.counted {
		before[name] = n
	}
	for i := range 1000 {
		r.after(r.op("ann", fmt.Sprint("m", i)))
		r.pass(100 * time.Millisecond)
	}
	r.pass(time.Minute)
	if !r.alarm.IsZero() && r.alarm.Before(r.now.Add(10*time.Minute)) {
		t.Errorf("idle, and an alarm at %s, %s from now", r.alarm, r.alarm.Sub(r.now))
	}
	return eventsCost{r.counted["ops"] - before["ops"], r.counted["events"] - before["events"], r.counted["events_state"] - before["events_state"], r.alarms - alarms, len(r.requests) - requests}
}

// BenchmarkEventsOut says what events cost beside the changes themselves: exact numbers, no time.
func BenchmarkEventsOut(b *testing.B) {
	for b.Loop() {
		off, on := whatEventsCost(b, map[string]string{"EVENTS_URL": ""}), whatEventsCost(b, nil)
		b.ReportMetric(float64(on.requests-off.requests), "requests/1000-changes")
		b.ReportMetric(float64(on.alarms-off.alarms), "alarms/1000-changes")
		b.ReportMetric(float64(on.ops+on.events+on.state-off.ops), "rows/1000-changes")
	}
	b.ReportMetric(0, "ns/op")
}

// What events cost, and that they cost nothing where there are none: 1,000 changes in 100 s are
// 20 requests, 22 alarms and 21 rows.
func TestWhatEventsCost(t *testing.T) {
	measure := func(env map[string]string) eventsCost { return whatEventsCost(t, env) }
	off := measure(map[string]string{"EVENTS_URL": ""})
	on := measure(nil)
	t.Logf("off %+v, on %+v", off, on)
	if want := (eventsCost{ops: 1000, alarms: off.alarms}); off != want || off.alarms > 1 {
		t.Errorf("off: %+v", off)
	}
	if on.ops != 1000 || on.events != 0 || on.state != 21 || on.requests != 20 || on.alarms != 22 {
		t.Errorf("on: %+v", on)
	}
	// What is not wanted costs nothing either, and a webhook without a secret gets nothing.
	for name, env := range map[string]map[string]string{"types": {"EVENTS_TYPES": "comment.created user.revoked"}, "secret": {"EVENTS_SECRET": ""}} {
		if got := measure(env); got != off {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Members, comments and changes are told in the order in which they happened, whatever is
// evicted in between.
func TestADocumentTellsItsBackend(t *testing.T) {
	for _, reboot := range []bool{false, true} {
		r := newToldRoom(t, nil)
		r.reboot = reboot
		r.silent = reboot // an answer has nobody who waits for it
		r.after(r.connect("ann", ""))
		r.after(r.connect("bob", ""))
		r.after(r.op("ann", "m1"))
		r.after(r.enter(Input{Kind: Closed, Conn: r.conns["bob"], Code: 1006}))
		delete(r.sockets, r.conns["bob"])
		r.pass(2 * time.Second)
		r.after(r.connect("bob", `,"session_id":"s-bob","last_seq":1`)) // a drop is neither an end nor a beginning
		r.after(r.says("bob", `{"type":"system","event":"disconnect"}`))
		r.pass(time.Minute)
		seen := map[int]toldEvent{}
		for _, e := range r.events() {
			if before, again := seen[e.Seq]; again && (before.ID != e.ID || before.Type != e.Type || fmt.Sprint(before.Data) != fmt.Sprint(e.Data)) {
				t.Errorf("%+v was %+v", e, before)
			}
			seen[e.Seq] = e
		}
		got := ""
		for seq := 1; seen[seq].ID != ""; seq++ {
			e := seen[seq]
			got += fmt.Sprintln(e.Type, e.Document, e.Data["user_id"], e.Data["members"], e.Data["document_version"], e.Data["reason"])
			if e.ID != fmt.Sprintf("%s-%d", e.Stream, seq) || len(e.Stream) != 16 {
				t.Errorf("%+v", e)
			}
		}
		want := "document.joined welcome ann 1 <nil> <nil>\ndocument.joined welcome bob 2 <nil> <nil>\ndocument.changed welcome <nil> <nil> 1 <nil>\ndocument.left welcome bob 1 <nil> disconnect\n"
		if got != want {
			t.Errorf("reboot %v, told:\n%swant:\n%s", reboot, got, want)
		}
	}
}

// What an object has left to tell when it is erased is erased, and a new stream begins.
func TestErasedEvents(t *testing.T) {
	r := newToldRoom(t, nil)
	r.status = 500
	r.after(r.connect("ann", ""))
	r.after(r.op("ann", "m1"))
	r.pass(20 * time.Second)
	before := r.events()
	if len(r.tables["events"]) == 0 || len(before) == 0 {
		t.Fatal("nothing waits")
	}
	r.after(r.request(`{"kind":"erase"}`))
	if len(r.tables) != 1 || len(r.tables["remains"]) != 1 || !r.alarm.IsZero() {
		t.Errorf("left are %v, alarm %v", r.tables, r.alarm)
	}
	r.status, r.requests = 200, nil
	r.after(r.enter(r.admissionOf("ann", 1)))
	r.pass(time.Minute)
	if all := r.events(); len(all) != 1 || all[0].Seq != 1 || all[0].Stream == before[0].Stream {
		t.Errorf("told %+v after %+v", all, before)
	}
}

// A change that was stored is told after a crash, though nothing was written of it; and what
// was sent as the object crashed is sent again as it was.
func TestACrashForgetsNoEvent(t *testing.T) {
	r := newToldRoom(t, map[string]string{"EVENTS_TYPES": "document.changed"})
	r.after(r.connect("ann", ""))
	r.after(r.op("ann", "m1"))
	r.object = nil
	r.silent = true
	r.pass(5 * time.Second)
	r.after(r.op("ann", "m2"))
	r.object = nil
	r.silent = false
	r.pass(20 * time.Second)
	got := ""
	for _, e := range r.events() {
		got += fmt.Sprintln(e.Seq, e.Data["document_version"])
	}
	if got != "1 1\n1 1\n2 2\n" {
		t.Errorf("told:\n%s", got)
	}
}

// What is given up is a dead letter, with its id, and the rest goes on.
func TestAnEventIsGivenUp(t *testing.T) {
	r := newToldRoom(t, map[string]string{"EVENTS_TRIES": "2", "EVENTS_TYPES": "document.joined,document.left"})
	r.status = 500
	r.after(r.connect("ann", ""))
	r.pass(2 * time.Second)
	r.after(r.connect("bob", ""))
	from := len(r.out)
	r.pass(10 * time.Second)
	dead := ""
	for _, line := range r.out[from:] {
		if strings.HasPrefix(line, "database") {
			dead += line
		}
	}
	if !strings.Contains(dead, `"seq":1,"document":"welcome","data":{"user_id":"ann"`) || strings.Contains(dead, `"seq":2`) || !strings.Contains(dead, "status_500 2 ") {
		t.Errorf("the database is told %s", dead)
	}
	r.status, r.requests = 200, nil
	r.pass(time.Minute)
	if all := r.events(); len(all) != 1 || all[0].Seq != 2 || len(r.tables["events"]) != 0 {
		t.Errorf("told %+v, left %v", all, r.tables["events"])
	}
}

// A user who is erased is in no event that waits, and no seq is missing; and the stream of the
// user's own object ends.
func TestErasedUsersAreInNoEvent(t *testing.T) {
	r := newToldRoom(t, nil)
	r.status = 500
	r.after(r.connect("ann", ""))
	r.after(r.connect("bob", ""))
	r.pass(time.Second)
	r.after(r.request(`{"kind":"forget","user_id":"ann","reason":"asked"}`))
	for _, row := range r.tables["events"] {
		if text := string(row[3].Bytes); strings.Contains(text, "ann") {
			t.Errorf("left is %s", text)
		}
	}
	r.status, r.requests = 200, nil
	r.pass(time.Minute)
	got := ""
	for _, e := range r.events() {
		got += fmt.Sprint(e.Seq, " ", e.Type, " ", e.Data["user_id"], " ", e.Data["erased"], "\n")
	}
	if got != "1 document.joined <nil> true\n2 document.joined bob <nil>\n" {
		t.Errorf("told:\n%s", got)
	}

	f := newFake(t, "ann", NewUser)
	f.env["EVENTS_URL"], f.env["EVENTS_SECRET"] = "https://backend.example/events", "the-events-secret"
	f.enter(Input{Kind: Request, Ask: 1, Text: []byte(`{"kind":"end","code":"TOKEN_REVOKED","all":true,"reason":"x","by":"me"}`)})
	before := f.tables["events_state"][""]
	f.enter(Input{Kind: Request, Ask: 2, Text: []byte(`{"kind":"erase_user"}`)})
	if len(f.tables["events"]) > 0 || len(f.tables["events_state"]) > 0 || !f.alarm.IsZero() {
		t.Errorf("left are %v, alarm %s", f.tables, f.alarm)
	}
	f.enter(Input{Kind: Request, Ask: 3, Text: []byte(`{"kind":"end","code":"TOKEN_REVOKED","all":true,"reason":"x","by":"me"}`)})
	if after := f.tables["events_state"][""]; before == nil || after == nil || string(before[0].Bytes) == string(after[0].Bytes) {
		t.Errorf("the stream was %v and is %v", before, after)
	}
}
