package object

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"
)

var generationOf = regexp.MustCompile(`"generation":"([0-9a-f]+)"`)

// generation is what the document says its log is called, "" for nothing.
func (r *room) generation() string {
	out := r.request(`{"kind":"describe"}`)
	if m := generationOf.FindStringSubmatch(out[len(out)-1]); m != nil {
		return m[1]
	}
	return ""
}

// A log has its generation from the first row on, keeps it for as long as it is that log, and
// has another one when it was erased, or put back to an earlier state.
func TestALogHasAGeneration(t *testing.T) {
	r := newRoom(t)
	if g := r.generation(); g != "" || r.made {
		t.Errorf("nobody has written, and there is %q, tables %v", g, r.made)
	}
	first := generationOf.FindStringSubmatch(r.connect("ann", "")[1])
	if first == nil {
		t.Fatal("no generation in connection_ack")
	}
	seen := map[string]bool{first[1]: true}
	same := func(when string) {
		t.Helper()
		for range 2 {
			if g := r.generation(); !seen[g] || len(g) != 32 {
				t.Errorf("%s: it is %q", when, g)
			}
			r.object = nil
		}
	}
	renewed := func(when string) {
		t.Helper()
		if g := r.generation(); seen[g] || len(g) != 32 {
			t.Errorf("%s: it is %q", when, g)
		} else {
			clear(seen)
			seen[g] = true
		}
		same(when)
	}
	same("a boot")
	r.op("ann", "m1")
	r.op("ann", "m2")
	same("two ops")
	r.request(`{"kind":"restore","version":1}`)
	renewed("a restore")
	r.now = r.now.Add(time.Second)
	r.request(`{"kind":"erase"}`)
	if g := r.generation(); g != "" {
		t.Errorf("erased, and there is %q", g)
	}
	r.enter(r.admissionOf("ann", 1))
	renewed("made again")
}

// An object of before there were generations has one with its next row, and only then.
func TestALogOfBeforeGetsItsGenerationLater(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	r.op("ann", "m1")
	index := 0
	for i, c := range stateTable.list() {
		if c.name == "generation" {
			index = i
		}
	}
	for _, row := range r.tables["state"] {
		row[index] = Value{Kind: Text}
	}
	r.object = nil
	if g := r.generation(); g != "" {
		t.Errorf("it was only asked, and is called %q", g)
	}
	if r.op("ann", "m2"); len(r.generation()) != 32 {
		t.Error("it has written, and has no generation")
	}
}

// A copy of the storage that is put back is noticed by whoever knows what was written after it
// was taken, although it bears the same generation. An object that slept is the same.
func TestAPositionTellsACopyFromTheLog(t *testing.T) {
	r := newRoom(t)
	position := regexp.MustCompile(`"position":"([^"]+)"`)
	connect := func(user, asks string) string {
		t.Helper()
		return strings.Join(r.connect(user, asks), "\n")
	}
	told := position.FindStringSubmatch(connect("ann", ""))[1]
	for i := range 3 {
		r.op("ann", fmt.Sprint("m", i))
	}
	copied := map[string]map[string][]Value{}
	for name, rows := range r.tables {
		copied[name] = maps.Clone(rows)
	}
	r.object = nil // it sleeps, with its sockets
	r.op("ann", "m3")
	r.op("ann", "m4")
	asks := func(last int) string {
		return fmt.Sprintf(`,"session_id":"s-ann","last_seq":%d,"position":%q`, last, told)
	}
	if left := connect("ann", asks(5)); !strings.Contains(left, `"resumed":true`) || strings.Contains(left, `"gap"`) {
		t.Fatalf("the object only slept: %s", left)
	}
	r.tables, r.object = copied, nil
	clear(r.sockets)
	r.connect("bob", "")
	for i := range 3 {
		r.op("bob", fmt.Sprint("b", i))
	}
	for last, want := range map[int]string{
		3: `"resumed":true,"replay":{"from":4,"to":6}`,
		4: `"resumed":false,"gap":{"from":4,"to":6,"count":3,"reason":"rewound"}`,
		5: `"resumed":false,"gap":{"from":4,"to":6,"count":3,"reason":"rewound"}`,
		9: `"resumed":false,"gap":{"from":4,"to":9,"count":6,"reason":"rewound"}`,
	} {
		if left := connect("ann", asks(last)); !strings.Contains(left, want) {
			t.Errorf("a client that has %d is told %s", last, left)
		}
	}
	// An op that was stored in what is gone is stored again.
	if left := strings.Join(r.op("ann", "m3"), "\n"); !strings.Contains(left, `"document_version":7`) {
		t.Errorf("a repeat of what is gone: %s", left)
	}
}
