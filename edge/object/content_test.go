package object

import (
	"fmt"
	"strings"
	"testing"
)

const owner = `{"user_id":"ann","document":"welcome","workspace_id":"ws","permissions":["read","write","comment"],"epoch":3,"access_at":1736244000000}`

func frames(texts ...string) string { return `"frames":[` + strings.Join(texts, ",") + `]}` }

func postedOp(id string) string {
	return fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":{"is":%q}}}`, id, id)
}

// A server adds to the log, and reads it, through an eviction at every step: its repeats
// are known, those of what a socket has sent too, and open sockets hear of what is new.
func TestServersAppendAndRead(t *testing.T) {
	for _, reboot := range []bool{false, true} {
		r := newRoom(t)
		r.reboot = reboot
		r.connect("ann", "")
		r.op("ann", "m1")
		expect(t, without(r.request(`{"kind":"append","client_id":"server","by":"olive",`+frames(postedOp("a"), postedOp("b"))), "alarm"),
			`send 1 {"type":"operation","event":"op","data":{"op":{"is":"a"},"document_version":2,"client_id":"server"},"seq":2}`,
			`"document_version":3`,
			`respond 9 200 {"appended":{"document_version":3,"generation":"`)
		// Again, with one that is new; then one of another server's by the same message id.
		left := r.request(`{"kind":"append","client_id":"server","by":"olive",` + frames(postedOp("b"), postedOp("c"), postedOp("c"), postedOp("a")))
		if got := left[len(left)-1]; !strings.Contains(got, `"entries":[{"message_id":"b","document_version":3,"repeated":true},{"message_id":"c","document_version":4},{"message_id":"c","document_version":4,"repeated":true},{"message_id":"a","document_version":2,"repeated":true}]`) {
			t.Error(got)
		}
		left = r.request(`{"kind":"append","client_id":"billing","by":"billing",` + frames(postedOp("a")))
		if got := left[len(left)-1]; !strings.Contains(got, `"document_version":5}]`) {
			t.Error(got)
		}
		// In a user's name: what the user's socket has sent is known.
		left = r.request(`{"kind":"append","user_id":"ann","client_id":"c-ann","grant":` + owner + `,"by":"olive",` + frames(postedOp("m1"), postedOp("m2")))
		if got := left[len(left)-1]; !strings.Contains(got, `{"message_id":"m1","document_version":1,"repeated":true},{"message_id":"m2","document_version":6}`) {
			t.Error(got)
		}
		expect(t, without(r.op("ann", "m2"), "alarm"), `"document_version":6`)
		// All or nothing: the second is refused.
		expect(t, r.request(`{"kind":"append","client_id":"server","by":"olive",`+frames(postedOp("d"), `{"type":"comment","event":"reply","message_id":"e","data":{"comment_id":"1","body":"b"}}`)),
			`respond 9 200 {"error":{"error_code":"NOT_FOUND","message":"There is no such comment, or it was resolved.","details":{"reason":"comment_not_found","message_id":"e","index":1}`)
		expect(t, r.request(`{"kind":"append","client_id":"server","by":"olive","if_version":5,`+frames(postedOp("d"))), `"reason":"version_changed"`)
		expect(t, r.request(`{"kind":"append","client_id":"server","by":"olive","generation":"other",`+frames(postedOp("d"))), `"reason":"generation_changed"`)

		page := r.request(`{"kind":"content","after":1,"entries":2,"bytes":100000}`)[0]
		for _, want := range []string{`"document_version":6`, `{"kind":"op","version":2,"client_id":"server","message_id":"a","at":"`, `"op":{"is":"b"}}],"after":3,"more":true}}`} {
			if !strings.Contains(page, want) {
				t.Errorf("no %s in\n%s", want, page)
			}
		}
		expect(t, r.request(`{"kind":"content","after":6,"entries":2,"bytes":100000}`), `"lines":[],"after":6,"more":false}}`)
		expect(t, r.request(`{"kind":"content","after":7,"entries":2,"bytes":100000}`), `"reason":"rewound"`)
		expect(t, r.request(`{"kind":"presence"}`), `"members":[{"user_id":"ann","client_id":"c-ann","name":"`)
		r.connect(aGuest, "")
		if got := r.request(`{"kind":"presence"}`)[0]; strings.Count(got, `"guest":true`) != 1 || strings.Contains(got, `"delegate"`) {
			t.Errorf("who is a guest: %s", got)
		}
	}
}

// An op that a server adds costs the rows that one by a socket does; the first since the object
// woke one more, for the audit log.
func TestAppendedOpsCostNoMoreRows(t *testing.T) {
	d := newDisk(t)
	object, err := NewDocument(d, d.now)
	if err != nil {
		t.Fatal(err)
	}
	rows := func() (n int) {
		for _, table := range d.all("SELECT name FROM sqlite_master WHERE type = 'table'") {
			n += int(d.all(fmt.Sprintf("SELECT COUNT(*) FROM %s", table[0].Value))[0][0].Value.(float64))
		}
		return n
	}
	ops := 0
	append := func(n int) int {
		before := 0
		if ops > 0 {
			before = rows()
		}
		batch := make([]string, n)
		for i := range batch {
			ops++
			batch[i] = postedOp(fmt.Sprint("m", ops))
		}
		d.object = object
		d.enter(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"append","client_id":"server","by":"olive",` + frames(batch...))})
		return rows() - before
	}
	append(1)
	if n := append(1); n != 1 {
		t.Errorf("one op: %d rows", n)
	}
	if n := append(100); n != 100 {
		t.Errorf("100 ops: %d rows", n)
	}
}
