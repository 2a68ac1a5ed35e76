package document_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// S2: "`comment` | Add comments | Create and reply to comments": they are stored,
// acknowledged with the comment's id, published to the others, and a repeat is the same one.
func TestSpecComments(t *testing.T) {
	d := newDesk(t)
	d.as("c1", "ann", permission.Read|permission.Comment)
	d.as("c2", "ben", permission.Read)
	for range 2 { // the acknowledgement was lost once
		d.says("c1", `{"type":"comment","event":"create","message_id":"m1","data":{"body":{"text":"Why?"},"anchor":[5,9]}}`)
		d.holds(d.frame("c1", "operation_ack"), `{"document_version":1,"comment_id":"1"}`)
	}
	d.holds(d.frame("c2", "create"), `{"comment_id":"1","body":{"text":"Why?"},"anchor":[5,9],"user_id":"ann","document_version":1}`)
	d.says("c1", `{"type":"comment","event":"reply","message_id":"m2","data":{"comment_id":"1","body":"Because."}}`)
	d.holds(d.frame("c2", "reply"), `{"comment_id":"1","body":"Because.","document_version":2}`)
	if len(d.store.Log) != 2 {
		t.Errorf("%d entries are stored", len(d.store.Log))
	}
	for _, id := range []string{`"2"`, `"01"`, `"x"`, `""`, `7`} {
		d.says("c1", `{"type":"comment","event":"reply","message_id":"m3","data":{"comment_id":`+id+`,"body":1}}`)
		d.holds(d.frame("c1", "error"), `{"error_code":"NOT_FOUND","details":{"reason":"comment_not_found","message_id":"m3"}}`)
	}
}

// S2: "`moderate` | Manage content | Resolve comments, lock sections": a resolved
// comment takes no reply, and a locked section none's ops but its holder's.
func TestSpecModerate(t *testing.T) {
	d := newDesk(t)
	d.as("c1", "ann", permission.Read|permission.Write|permission.Comment|permission.Moderate)
	d.as("c2", "ben", permission.Read|permission.Write|permission.Comment)
	d.says("c2", `{"type":"comment","event":"create","message_id":"b1","data":{"body":1}}`)
	d.says("c1", `{"type":"comment","event":"resolve","message_id":"a1","data":{"comment_id":"1"}}`)
	d.holds(d.frame("c2", "resolve"), `{"comment_id":"1","document_version":2}`)
	d.says("c2", `{"type":"comment","event":"reply","message_id":"b2","data":{"comment_id":"1","body":2}}`)
	d.holds(d.frame("c2", "error"), `{"error_code":"NOT_FOUND","details":{"reason":"comment_not_found","message_id":"b2"}}`)

	d.says("c1", `{"type":"operation","event":"lock","message_id":"a2","data":{"section":"intro","ttl":20000}}`)
	d.says("c2", `{"type":"operation","event":"op","message_id":"b3","data":{"op":1,"section":"intro"}}`)
	d.holds(d.frame("c2", "error"), `{"error_code":"DOCUMENT_LOCKED","details":{"reason":"section_locked","retry_after":5000,"message_id":"b3"},"recoverable":true,"action":"wait"}`)
	d.now = start.Add(20 * time.Second)
	d.step(document.Woken{})
	d.says("c2", `{"type":"operation","event":"op","message_id":"b3","data":{"op":1,"section":"intro"}}`)
	d.holds(d.frame("c2", "operation_ack"), `{"document_version":3}`)
}

// A holder who may not moderate any more holds nothing, and no lock outlasts the
// longest there is.
//
// Holds: "a locked section is one user's alone".
func TestSectionsEnd(t *testing.T) {
	d := newDesk(t)
	d.as("c1", "ann", permission.All)
	d.says("c1", `{"type":"operation","event":"lock","data":{"section":"intro","ttl":360000000}}`)
	if until := d.store.Sections["intro"].Until; !until.Equal(start.Add(time.Hour)) {
		t.Errorf("locked until %v", until)
	}
	d.grants("ann", permission.Read|permission.Write, 2)
	if len(d.store.Sections) != 0 {
		t.Error("still locked")
	}
	d.holds(d.frame("c1", "locks"), `{"locked":false,"sections":[]}`)
}

// The limits of what may pile up are said and hold, after an eviction too.
//
// Holds: "comments are as safe as ops, and in one order with them".
func TestOpenCommentsAreBounded(t *testing.T) {
	d := newDesk(t)
	cfg := document.Config{MaxComments: 2, UserComments: 2}
	d.doc = document.New(cfg, "d")
	d.as("c1", "ann", permission.All)
	for i := range 3 {
		if i == 1 {
			d.doc, _ = document.Restore(cfg, d.store.Snapshot(256))
		}
		d.says("c1", fmt.Sprintf(`{"type":"comment","event":"create","message_id":"m%d","data":{"body":1}}`, i))
	}
	d.holds(d.frame("c1", "error"), `{"error_code":"DOCUMENT_LOCKED","details":{"reason":"too_many_comments","retry_after":5000,"message_id":"m2"}}`)
	d.says("c1", `{"type":"comment","event":"resolve","message_id":"m3","data":{"comment_id":"1"}}`)
	d.says("c1", `{"type":"comment","event":"create","message_id":"m2","data":{"body":1}}`)
	if len(d.store.Log) != 4 {
		t.Errorf("%d entries are stored", len(d.store.Log))
	}
}

// A connection that has entries of the log to come keeps them from being trimmed.
//
// Holds: "the log does not grow for ever".
func TestCompactionLeavesWhatIsOwed(t *testing.T) {
	d := newDesk(t)
	d.doc = document.New(document.Config{Conn: serverconn.Config{WindowBytes: 2000, Flood: manyFrames}, KeepOps: 1}, "d")
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	for i := range 30 {
		d.writes("c1", fmt.Sprintf("m%d", i))
		d.pongs("c1")
	}
	received := len(strings.Split(d.received("c2"), " "))
	d.now = d.now.Add(time.Minute) // what ben has not acknowledged is a minute old
	d.says("c1", `{"type":"operation","event":"snapshot","message_id":"s","data":{"document_version":29,"part":0,"parts":1,"data":1}}`)
	d.holds(d.frame("c1", "snapshot_ack"), `{"document_version":29,"part":0,"complete":true}`)
	if floor := d.store.State.Floor; floor == 0 || floor >= 29 || received >= 29 {
		t.Fatalf("trimmed up to %d, received %d", floor, received)
	}
	for range 20 { // ben reads on
		d.pongs("c2")
	}
	last := uint64(0)
	for _, f := range d.sent["c2"] {
		if f.Event == "op" {
			if f.Seq != last+1 {
				t.Fatalf("received %d after %d", f.Seq, last)
			}
			last = f.Seq
		}
	}
	if last != 30 {
		t.Fatalf("received up to %d", last)
	}
}

// A snapshot larger than a window comes in parts that are asked for, and nothing is
// sent twice or left out.
func TestSnapshotKeepsToTheWindow(t *testing.T) {
	d := newDesk(t)
	d.doc = document.New(document.Config{Conn: serverconn.Config{WindowBytes: 3000, Flood: manyFrames}, KeepOps: 1}, "d")
	d.as("c1", "ann", permission.All)
	for i := range 5 {
		d.says("c1", fmt.Sprintf(`{"type":"comment","event":"create","message_id":"k%d","data":{"body":"%s"}}`, i, strings.Repeat("y", 900)))
		d.pongs("c1")
	}
	d.writes("c1", "m1")
	for i := range 4 {
		d.says("c1", fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":"s%d","data":{"document_version":5,"part":%d,"parts":4,"data":"%d%s"}}`, i, i, i, strings.Repeat("z", 1000)))
		d.pongs("c1")
	}
	d.writes("c1", "m2")
	d.connect("c2", "ben", "b")
	ask, got, asked := `{"from":0}`, "", 0
	for more := true; more && asked < 30; asked++ {
		from := len(d.sent["c2"])
		d.says("c2", `{"type":"operation","event":"sync_request","data":`+ask+`}`)
		d.pongs("c2")
		size := 0
		for _, f := range d.sent["c2"][from:] {
			if f.Event != "document_sync" {
				continue
			}
			size += len(f.Data)
			p, ok := protocol.ParseDocumentSync(f.Data)
			if !ok {
				t.Fatalf("sync %s", f.Data)
			}
			r := protocol.SyncRequest{From: p.To, Snapshot: 5}
			if s := p.Snapshot; s != nil {
				got += fmt.Sprintf(" part %d", s.Part)
				if r.Part = s.Part + 1; r.Part == s.Parts {
					r.Part = 0
				}
			}
			for _, o := range p.Ops {
				got += fmt.Sprintf(" %d", o.Version)
			}
			more, ask = p.More, string(r.Append(nil))
		}
		if size > 4500 {
			t.Errorf("%d bytes at once", size)
		}
	}
	if want := " part 0 part 1 part 2 part 3 1 2 3 4 5 6 7"; got != want || asked < 4 {
		t.Errorf("asked %d times, got%s\nwant%s", asked, got, want)
	}
}

// pongs answers the newest ping, as a client does that reads.
func (d *desk) pongs(conn document.ConnID) {
	d.Helper()
	for i := len(d.sent[conn]) - 1; i >= 0; i-- {
		if f := d.sent[conn][i]; f.Event == "ping" {
			d.says(conn, `{"type":"system","event":"pong","message_id":"`+f.MessageID+`"}`)
			return
		}
	}
}
