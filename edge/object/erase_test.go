package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// admissionOf is an admission by an answer that was asked for under an access version.
func (r *room) admissionOf(user string, access int) Input {
	text := strings.Replace(r.admission(user, ""), `"locked":false`, fmt.Sprintf(`"locked":false,"access_at":%d,"access":%d`, r.now.UnixMilli(), access), 1)
	return Input{Kind: Connect, Ask: 7, Text: []byte(text)}
}

// What is deleted is not in storage any more, and what is left is what keeps older answers
// out, through an eviction.
//
// Holds: "a deleted document is erased".
func TestAnErasedDocumentKeepsNothing(t *testing.T) {
	for _, reboot := range []bool{false, true} {
		r := newRoom(t)
		r.reboot = reboot
		r.connect("ann", "")
		r.op("ann", "m1")
		r.now = r.now.Add(time.Second)
		left := r.request(`{"kind":"erase"}`)
		expect(t, left, `"DOCUMENT_NOT_FOUND"`, "close 4404", `SESSIONS ann {"kind":"gone","document":"welcome","client_id":"c-ann","session_id":"s-ann","reason":"erased"`,
			`respond 9 200 {"erased":{"document_version":1,"snapshot_version":0,"open_comments":0,"access":1,"closed":["ann"],"sockets":1,"rows":{`)
		if len(r.tables) != 1 || len(r.tables["remains"]) != 1 || r.made || !r.alarm.IsZero() {
			t.Errorf("left are %v, alarm %v", r.tables, r.alarm)
		}
		expect(t, r.enter(r.admissionOf("ann", 0)), `respond 7 409 {"readmit":true,"gone_at":`)
		if !strings.Contains(r.out[len(r.out)-1], `"access":1}`) {
			t.Errorf("sent back with %s", r.out[len(r.out)-1])
		}
		if r.made {
			t.Error("sending somebody back made tables")
		}
		expect(t, without(r.enter(r.admissionOf("ann", 1)), "alarm"), "accept 7", `"document_version":0`, `"state"`)
		if r.tables["remains"] != nil || !r.made {
			t.Errorf("left are %v", r.tables)
		}
		r.object = nil
		expect(t, without(r.enter(r.admissionOf("bob", 0)), "alarm"), `respond 7 409`)
	}
}

// An object that was only asked something has no tables.
func TestWhoOnlySaysNoKeepsNothing(t *testing.T) {
	r := newRoom(t)
	r.request(`{"kind":"describe"}`)
	r.request(`{"kind":"audit","user_id":"ann"}`)
	r.request(`{"kind":"nonsense"}`)
	if r.made {
		t.Error("a document that nobody has opened has tables")
	}
	f := newFake(t, "nobody", NewUser)
	f.enter(Input{Kind: Request, Ask: 1, Text: []byte(`{"kind":"describe"}`)})
	f.enter(Input{Kind: Request, Ask: 2, Text: []byte(`{"kind":"access","user_id":"nobody","reason":"permissions_changed","by":"webhook"}`)})
	f.enter(Input{Kind: Connect, Ask: 3, Text: []byte(`{"app":{"package":"com.example.one","key_id":"0123456789abcdef","session_id":"bm9ib2R5.0123456789abcdef0123456789abcdef"},"protocol":""}`)})
	if f.made || !f.alarm.IsZero() {
		t.Errorf("an object of nobody's has tables, or an alarm %v", f.alarm)
	}
}

// The list of a workspace has a document before the first user is admitted to it. A user whose
// grant may be from before a change of the workspace is sent to ask again.
func TestADocumentIsListedBeforeAnybodyIsIn(t *testing.T) {
	for _, changes := range []string{"null", "3"} {
		r := newRoom(t)
		r.env["WEBHOOK_SECRET"] = "s"
		expect(t, r.enter(r.admissionOf("ann", 0)), "database 1 DB ws welcome")
		expect(t, r.enter(Input{Kind: Failed, Ask: 1}), `respond 7 503 {`)
		expect(t, r.enter(r.admissionOf("ann", 0)), "database 2 DB ws welcome")
		expect(t, r.enter(r.admissionOf("bob", 0)), "database 3 DB ws welcome")
		version := 0
		for ask := uint32(2); ask <= 3; ask++ {
			left := r.enter(Input{Kind: Answered, Ask: ask, Text: []byte("[[" + changes + "]]")})
			if changes == "null" {
				expect(t, without(left, "alarm")[:2], "accept 7", `"connection_ack"`)
			} else {
				expect(t, left, `respond 7 409 {"readmit":true`)
				version = 1
			}
		}
		r.object = nil
		expect(t, without(r.enter(r.admissionOf("cat", version)), "alarm")[:2], "accept 7", `"connection_ack"`)
	}
}
