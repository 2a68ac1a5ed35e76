package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// onDisk is a room whose tables are SQLite's.
func onDisk(t *testing.T) (*room, *disk) {
	d := newDisk(t)
	d.name, d.class = "welcome", func(_ Host, now time.Time) (Object, error) { return NewDocument(d, now) }
	return &room{d.fake, map[string]ConnID{}}, d
}

func (r *room) commenter(user string) {
	r.t.Helper()
	before := map[ConnID]bool{}
	for c := range r.sockets {
		before[c] = true
	}
	text := strings.NewReplacer(`["read","write"]`, `["read","write","comment","moderate"]`, `"name":"N"`, `"name":"Name of `+user+`"`).Replace(r.admission(user, ""))
	r.enter(Input{Kind: Connect, Ask: 7, Text: []byte(text)})
	for c := range r.sockets {
		if !before[c] {
			r.conns[user] = c
		}
	}
}

func (r *room) comment(user, event, id, data string) []string {
	r.t.Helper()
	return r.says(user, fmt.Sprintf(`{"type":"comment","event":%q,"message_id":%q,"data":%s}`, event, id, data))
}

// talked is a document in which ann and bob have written, and commented on each other.
func talked(t *testing.T) (*room, *disk) {
	t.Helper()
	r, d := onDisk(t)
	r.commenter("ann")
	r.commenter("bob")
	r.op("ann", "m1")
	r.comment("ann", "create", "m2", `{"body":"canary one","anchor":"canary here"}`)
	r.comment("bob", "reply", "m3", `{"comment_id":"2","body":"bob's own"}`)
	r.comment("bob", "create", "m4", `{"body":"bob asks"}`)
	r.comment("ann", "reply", "m5", `{"comment_id":"4","body":"canary two"}`)
	r.op("bob", "m6")
	return r, d
}

// The entries of a comment stay and say nothing, in the log and in what is stored; everybody
// is told by an entry, and a repeat adds none.
//
// Holds: "an erased comment says nothing any more"
func TestACommentIsErased(t *testing.T) {
	r, d := talked(t)
	before := d.all("SELECT SUM(length(op)), MAX(total) FROM ops WHERE version < 7")
	left := r.request(`{"kind":"erase_comment","id":2,"reason":"legal","by":"olive"}`)
	expect(t, left, `{"type":"comment","event":"resolve","data":{"comment_id":"2","document_version":7,"at":"2025-01-07T10:00:00Z","erased":true},"seq":7}`, "scrub",
		`respond 9 200 {"comment_erased":{"entries":2,"document_version":7}}`)
	for _, row := range d.all("SELECT version, CAST(op AS TEXT) FROM ops WHERE comment = 2 AND kind < 3") {
		if said := fmt.Sprint(row[1].Value); strings.TrimRight(said, " ") != `{"comment_id":"2"}` {
			t.Errorf("%v says %s", row[0].Value, said)
		}
	}
	if after := d.all("SELECT SUM(length(op)), MAX(total) FROM ops WHERE version < 7"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("counted %v, was %v", after, before)
	}
	if rest := fmt.Sprint(d.all("SELECT CAST(op AS TEXT) FROM ops")); strings.Contains(rest, "canary one") || strings.Contains(rest, "bob's own") || !strings.Contains(rest, "canary two") {
		t.Errorf("left is %s", rest)
	}
	r.object = nil
	expect(t, r.request(`{"kind":"erase_comment","id":2,"reason":"legal","by":"olive"}`), "scrub", `respond 9 200 {"comment_erased":{"entries":0,"document_version":7}}`)
	expect(t, r.request(`{"kind":"erase_comment","id":3,"by":"olive"}`), `"comment_not_found"`)
	synced := strings.Join(r.says("bob", `{"type":"operation","event":"sync_request","data":{"from":1}}`), "\n")
	for _, want := range []string{`"comment":{"event":"create","comment_id":"2","at":"2025-01-07T10:00:00Z"}`, `"comment":{"event":"resolve","comment_id":"2","at":"2025-01-07T10:00:00Z","erased":true}`} {
		if !strings.Contains(synced, want) {
			t.Errorf("synced %s, want %s", synced, want)
		}
	}
	expect(t, r.comment("bob", "reply", "m9", `{"comment_id":"2","body":"late"}`), `"comment_not_found"`)
}

// Nothing that is stored names a user who is erased; the entries stay, and the others' words.
func TestAUserIsForgotten(t *testing.T) {
	for _, texts := range []bool{false, true} {
		r, d := talked(t)
		left := r.request(fmt.Sprintf(`{"kind":"forget","user_id":"ann","texts":%v,"reason":"by_request","by":"olive"}`, texts))
		said := strings.Join(left, "\n")
		want := `"rows":{"ops":3,"comments":2,`
		if !strings.Contains(said, want) || !strings.Contains(said, `"members":1},"sockets":1,"comments_resolved":`+map[bool]string{false: "0", true: "1"}[texts]) || !strings.Contains(said, "close 4403") && !strings.Contains(said, "TOKEN_REVOKED") {
			t.Errorf("said %s", said)
		}
		stored := strings.Join(d.rowsOf(), "\n")
		if strings.Contains(stored, "ann") {
			t.Errorf("named in\n%s", stored)
		}
		log := fmt.Sprint(d.all("SELECT version, user_id, CAST(op AS TEXT) FROM ops ORDER BY version"))
		if strings.Contains(log, "canary") == texts || !strings.Contains(log, "bob's own") || !strings.Contains(log, "erased-") {
			t.Errorf("texts %v: the log is %s", texts, log)
		}
		// An older grant is on its way: it is asked about anew, and a repeat finds nothing.
		r.object = nil
		expect(t, without(r.enter(r.admissionOf("ann", 0)), "alarm"), `respond 7 409 {"readmit":true`)
		expect(t, r.request(`{"kind":"forget","user_id":"ann"}`), "scrub", `respond 9 200 {"forgotten":{"rows":{},"sockets":0,"comments_resolved":0,`)
	}
}

// A document that nobody has opened stays without tables.
func TestNobodyIsForgottenByNobody(t *testing.T) {
	r := newRoom(t)
	expect(t, r.request(`{"kind":"forget","user_id":"ann"}`), `respond 9 200 {"forgotten":{"rows":{},"sockets":0,"comments_resolved":0,"document_version":0}}`)
	if r.made {
		t.Error("it has tables")
	}
}

// What is left of a user's object says that no token of before is good, and not whose it is.
// Whoever tries one leaves no trace, and a new one is let in.
//
// Holds: "who is erased comes back with no token of before"
func TestAUsersObjectIsErased(t *testing.T) {
	d := newDisk(t)
	d.name, d.class = "ann", func(_ Host, now time.Time) (Object, error) { return NewUser(d, now) }
	f := d.fake
	enters := func(ask int, issued time.Time) string {
		claims := fmt.Sprintf(`{"user_id":"ann","name":"Ann","jti":"t%d","iat":%d,"exp":%d}`, ask, issued.Unix(), issued.Add(time.Hour).Unix())
		left := f.enter(Input{Kind: Request, Ask: 5, Text: fmt.Appendf(nil, `{"kind":"admit","document":"d1","client_id":"c","claims":%s}`, claims)})
		for _, line := range left {
			if strings.HasPrefix(line, "database") {
				return strings.Join(f.enter(Input{Kind: Answered, Ask: uint32(ask), Text: []byte(`[["ws_demo",0,"workspace","member","edit"]]`)}), "\n")
			}
		}
		return strings.Join(left, "\n")
	}
	old := f.now
	if said := enters(1, old); !strings.Contains(said, `"grant"`) {
		t.Fatal(said)
	}
	expect(t, f.enter(Input{Kind: Request, Ask: 6, Text: []byte(`{"kind":"visited","limit":5}`)}), `respond 6 200 {"documents":["d1"],"more":false}`)
	f.now = f.now.Add(2 * time.Second)
	// Whoever is in a document by a token that was not revoked is erased from nowhere: an answer
	// would say that nothing is left.
	expect(t, f.enter(Input{Kind: Request, Ask: 6, Text: []byte(`{"kind":"erase_user"}`)}), `"reason":"user_returned"`)
	revoke := f.enter(Input{Kind: Request, Ask: 8, Text: []byte(`{"kind":"end","code":"TOKEN_REVOKED","all":true,"reason":"user_erased"}`)})
	expect(t, without(revoke, "alarm"), `DOCUMENTS d1 {"kind":"end"`)
	f.now = f.now.Add(time.Second)
	said := strings.Join(f.enter(Input{Kind: Request, Ask: 6, Text: []byte(`{"kind":"erase_user"}`)}), "\n")
	if !strings.Contains(said, `respond 6 200 {"user_erased":{"rows":{"audit":`) || !strings.Contains(said, `"visited":1`) {
		t.Error(said)
	}
	for range 2 {
		if said := enters(2, old); !strings.Contains(said, "TOKEN_REVOKED") {
			t.Error(said)
		}
		if stored := d.rowsOf(); len(stored) != 1 || strings.Contains(stored[0], "ann") || strings.Contains(stored[0], "d1") {
			t.Errorf("left is %q", stored)
		}
		f.object = nil
	}
	// What servers ask about a user of that name leaves nothing either, but where they may write in
	// it now: the next erasure finds that document.
	f.now = f.now.Add(2 * time.Second)
	for _, c := range []struct{ rows, left string }{
		{`[]`, ""}, {`[["ws_demo",0,"workspace",null,null]]`, ""}, {`[["ws_demo",0,"workspace","member","edit"]]`, "visited document [{d1 }]"},
	} {
		f.enter(Input{Kind: Request, Ask: 5, Text: []byte(`{"kind":"look","document":"d1"}`)})
		f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(c.rows)})
		if stored := d.rowsOf(); strings.Contains(strings.Join(stored, ""), "ann") || strings.Join(stored[1:], "") != c.left {
			t.Errorf("%s: left is %q", c.rows, stored)
		}
		f.object = nil
	}
	f.object = nil
	if said := enters(1, f.now); !strings.Contains(said, `"grant"`) {
		t.Error(said)
	}
}
