package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// showKept writes down what becomes of snapshots and of what they replace.
func (s *player) showKept(e document.Effect) bool {
	o := s.out
	switch e := e.(type) {
	case document.SavePart:
		fmt.Fprintf(o, "save part %d of %d of snapshot %d: %s\n", e.Part, e.Upload.Parts, e.Upload.Version, s.short(e.Data))
	case document.DropUpload:
		fmt.Fprintf(o, "drop upload of snapshot %d\n", e.Version)
	case document.Compact:
		fmt.Fprintf(o, "compact: snapshot %d, trimmed up to %d, erased up to %d\n", e.Snapshot, e.Floor, e.Kept)
	case document.RestoreLog:
		fmt.Fprintf(o, "restore snapshot %d as %d, and behind it the %d ops up to %d\n", e.Base, e.Snapshot, e.Entries, e.To)
	case document.Restored:
		fmt.Fprintf(o, "restored: %+v\n", e)
	case document.Resolved:
		fmt.Fprintf(o, "resolved %d, more %v\n", e.Comments, e.More)
	default:
		return false
	}
	return true
}

func (d *desk) comments(conn document.ConnID, event, id, data string) (reason string) {
	d.Helper()
	d.says(conn, `{"type":"comment","event":"`+event+`","message_id":"`+id+`","data":`+data+`}`)
	for i := len(d.sent[conn]) - 1; i >= 0; i-- {
		switch f := d.sent[conn][i]; f.Event {
		case protocol.EventOperationAck:
			return ""
		case protocol.EventError:
			e, _ := protocol.ParseError(f.Data)
			return e.Reason
		}
	}
	d.Fatal("no answer")
	return ""
}

// The attacker may comment, and does nothing else. Everybody else still can.
//
// Holds: "comments are as safe as ops, and in one order with them".
func TestOneCommenterHasAShare(t *testing.T) {
	d := newDesk(t)
	cfg := document.Config{MaxComments: 40, MaxReplies: 20, UserReplies: 3, Conn: serverconn.Config{Flood: manyFrames}}
	d.doc = document.New(cfg, "d")
	d.as("eve", "eve", permission.Read|permission.Comment)
	d.as("ann", "ann", permission.All)
	stored := 0
	for i := range 50 {
		switch reason := d.comments("eve", "create", fmt.Sprint("c", i), `{"body":1}`); reason {
		case "":
			stored++
		case "too_many_own_comments":
		default:
			t.Fatal(reason)
		}
		if i%7 == 0 {
			d.doc, _ = document.Restore(cfg, d.store.Snapshot(256))
		}
	}
	if stored != 4 {
		t.Errorf("one user has %d of 40", stored)
	}
	if reason := d.comments("ann", "create", "a1", `{"body":1}`); reason != "" {
		t.Errorf("another is refused: %s", reason)
	}
	// Two of a comment's replies may be one user's, three of all.
	got := ""
	for i, id := range []int{1, 1, 1, 2, 2, 3} {
		got += d.comments("eve", "reply", fmt.Sprint("r", i), fmt.Sprintf(`{"comment_id":"%d","body":1}`, id)) + " "
	}
	if want := "  too_many_own_replies  too_many_own_replies too_many_own_replies "; got != want {
		t.Errorf("replies: %q, want %q", got, want)
	}
	for i := range 10 {
		user := fmt.Sprint("u", i)
		d.as(document.ConnID(user), user, permission.Read|permission.Comment)
		for j := range 2 {
			got = d.comments(document.ConnID(user), "reply", fmt.Sprint("r", j), `{"comment_id":"1","body":1}`)
		}
	}
	if got != "too_many_replies" {
		t.Errorf("the 22nd reply: %q", got)
	}
	// A moderator makes room, and so does an operator with one word.
	if reason := d.comments("ann", "resolve", "a2", `{"comment_id":"2"}`); reason != "" {
		t.Error(reason)
	}
	if reason := d.comments("eve", "create", "c99", `{"body":1}`); reason != "" {
		t.Error(reason)
	}
	open := d.doc.Snapshot().Comments
	d.step(document.ResolveRequested{UserID: "eve", Comments: []uint64{1, 3}, By: "olive"})
	if n := d.doc.Snapshot().Comments; n != open-2 {
		t.Errorf("%d open of %d", n, open)
	}
	d.holds(d.frame("ann", "resolve"), `{"comment_id":"3"}`)
}

// The attacker may write, and fills the log. It is locked before it is too large, a snapshot
// makes room, and so does a higher limit.
//
// Holds: "nobody fills a document's storage".
func TestAFullLogIsLocked(t *testing.T) {
	d := newDesk(t)
	cfg := document.Config{LogBytes: 5000, KeepOps: 2, Conn: serverconn.Config{Flood: manyFrames}}
	d.doc = document.New(cfg, "d")
	d.as("eve", "eve", permission.Read|permission.Write)
	write := func(id string) (reason string) {
		from := len(d.sent["eve"])
		d.says("eve", `{"type":"operation","event":"op","message_id":"`+id+`","data":{"op":"`+strings.Repeat("x", 300)+`"}}`)
		for _, f := range d.sent["eve"][from:] {
			if e, ok := protocol.ParseError(f.Data); f.Event == protocol.EventError && ok {
				reason = e.Reason
			}
		}
		return reason
	}
	n := 0
	for write(fmt.Sprint("m", n)) == "" {
		n++
	}
	if got := d.doc.LogBytes(); got < 5000 || got > 5500 || n != int(d.store.Version()) {
		t.Errorf("locked with %d bytes after %d ops", got, n)
	}
	d.holds(d.frame("eve", "error"), `{"error_code":"DOCUMENT_LOCKED","recoverable":true,"details":{"reason":"log_full","message_id":"m`+fmt.Sprint(n)+`","retry_after":5000}}`)
	d.holds(d.frame("eve", "locks"), `{"locked":true,"reason":"log_full"}`)
	// A new connection is notified too, and a repeat of what was stored is still acknowledged.
	d.connect("ben", "ben", "b")
	d.holds(d.frame("ben", "connection_ack"), `{"locked":true}`)
	if reason := write("m0"); reason != "" {
		t.Errorf("a repeat: %s", reason)
	}
	// A higher limit unlocks it with the next thing that happens.
	higher := cfg
	higher.LogBytes = 6000
	d.doc, _ = document.Restore(higher, d.store.Snapshot(256))
	d.step(document.Woken{})
	d.holds(d.frame("eve", "locks"), `{"locked":false}`)
	if reason := write("more"); reason != "" {
		t.Error(reason)
	}
	d.doc, _ = document.Restore(cfg, d.store.Snapshot(256))
	d.step(document.Woken{})
	// A snapshot makes room. It may be posted while the log is full.
	d.acks("ben", d.store.Version())
	d.posts("eve", d.store.Version(), `"all"`)
	d.holds(d.frame("eve", "locks"), `{"locked":false}`)
	if reason := write("again"); reason != "" {
		t.Error(reason)
	}
	events := ""
	for _, e := range d.store.Audit {
		if e.Event == audit.LogFull || e.Event == audit.LogHasRoom {
			events += string(e.Event) + " "
		}
	}
	if events != "log_full log_has_room log_full log_has_room " {
		t.Errorf("the audit log has %s", events)
	}
	// So does an operator, who puts it back to a snapshot.
	for n = 0; write(fmt.Sprint("n", n)) == ""; n++ {
	}
	if answer := d.restores(d.store.State.Snapshot, sim.NewestSnapshot); answer.Err != nil || d.doc.Snapshot().State.Full {
		t.Errorf("restored: %+v, and full %v", answer, d.doc.Snapshot().State.Full)
	}
}

// What belongs to open comments no snapshot trims: it counts for as long as they are open.
func TestOpenCommentsCountInTheLog(t *testing.T) {
	d := newDesk(t)
	d.doc = document.New(document.Config{LogBytes: 2000, KeepOps: 1, Conn: serverconn.Config{Flood: manyFrames}}, "d")
	d.as("ann", "ann", permission.All)
	for i := 0; !d.doc.Snapshot().State.Full; i++ {
		d.comments("ann", "create", fmt.Sprint("c", i), `{"body":"`+strings.Repeat("x", 200)+`"}`)
	}
	d.posts("ann", d.store.Version(), `"all"`)
	if !d.doc.Snapshot().State.Full {
		t.Fatal("a snapshot frees what it does not trim")
	}
	for id := range d.doc.Snapshot().Comments {
		if reason := d.comments("ann", "resolve", fmt.Sprint("r", id), fmt.Sprintf(`{"comment_id":"%d"}`, id+1)); reason != "" {
			t.Fatalf("resolving is refused: %s", reason)
		}
	}
	d.posts("ann", d.store.Version(), `"all"`)
	if d.doc.Snapshot().State.Full {
		t.Error("resolved, and it is still full")
	}
}
