//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// comment sends one and waits until it is stored; it returns the acknowledgement.
func (c *conn) comment(event, messageID, data string) frame {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"type":"comment","event":%q,"message_id":%q,"data":%s}`, event, messageID, data))
	f := c.expect("operation", "operation_ack")
	if f.MessageID != messageID {
		c.t.Fatalf("acknowledged %q, sent %q", f.MessageID, messageID)
	}
	return f
}

// S2: "`comment` | Add comments | Create and reply to comments": through a drop and an
// eviction nothing is lost and nothing there twice.
//
// Holds: "comments are as safe as ops, and in one order with them".
func TestCommentsSurviveADropAndAnEviction(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	back := dialling{document: "welcome", clientID: "e", token: s.Login("editor")}
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(back)
	id := owner.comment("create", "m1", `{"body":{"text":"Why?"},"anchor":[3,5]}`).text("comment_id")
	f := editor.expect("comment", "create")
	if id != "1" || f.text("comment_id") != id || f.number("document_version") != 1 || fmt.Sprint(f.Data["anchor"]) != "[3 5]" {
		t.Fatalf("comment %s was received as %v", id, f.Data)
	}
	back.sessionID, back.lastSeq = editor.ack.text("session_id"), 1
	editor.reset()
	s.Evict("Document", "welcome")
	if v := owner.comment("reply", "m2", `{"comment_id":"1","body":"Because."}`).number("document_version"); v != 2 {
		t.Fatalf("version %d", v)
	}
	s.Evict("Document", "welcome")
	if v := owner.comment("reply", "m2", `{"comment_id":"1","body":"Because."}`).number("document_version"); v != 2 {
		t.Fatalf("the repeat became version %d", v)
	}
	owner.comment("resolve", "m3", `{"comment_id":"1"}`)
	s.Evict("Document", "welcome")
	owner.send(`{"type":"comment","event":"reply","message_id":"m4","data":{"comment_id":"1","body":"Late."}}`)
	owner.expectError("NOT_FOUND")

	editor = s.connect(back)
	if f := editor.expect("comment", "reply"); f.text("body") != "Because." || f.Seq != 2 {
		t.Errorf("replayed %v", f.Data)
	}
	if f := editor.expect("comment", "resolve"); f.text("comment_id") != "1" || f.Seq != 3 {
		t.Errorf("replayed %v", f.Data)
	}
	editor.send(`{"type":"comment","event":"resolve","message_id":"x1","data":{"comment_id":"1"}}`)
	editor.expectError("INSUFFICIENT_PERMISSIONS")
	editor.quiet()
}

// syncs asks for the log until it has all of it, and returns what came in order.
func (c *conn) syncs(from int) (got []string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"type":"operation","event":"sync_request","data":{"from":%d}}`, from))
	for {
		f := c.expect("operation", "document_sync")
		if s, ok := f.Data["snapshot"].(map[string]any); ok {
			got = append(got, fmt.Sprintf("snapshot %v part %v/%v: %v", s["document_version"], s["part"], s["parts"], s["data"]))
		}
		ops, _ := f.Data["ops"].([]any)
		for _, o := range ops {
			e := o.(map[string]any)
			what := fmt.Sprint(e["op"])
			if comment, ok := e["comment"].(map[string]any); ok {
				what = fmt.Sprintf("%v %v", comment["event"], comment["comment_id"])
			}
			got = append(got, fmt.Sprintf("%v: %s", e["version"], what))
		}
		if f.number("to") == f.number("document_version") {
			return got
		}
	}
}

// TestCompaction: a snapshot replaces the beginning of the log, for late joiners, and for those
// that resume from before it. The server still recognises a trimmed op when it comes again.
//
// Holds: "the log does not grow for ever".
func TestCompaction(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"KEEP_OPS": "5"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	back := dialling{document: "welcome", clientID: "e", token: s.Login("editor")}
	editor := s.connect(back)
	owner.comment("create", "k1", `{"body":"open"}`)
	owner.comment("create", "k2", `{"body":"done"}`)
	owner.comment("resolve", "k3", `{"comment_id":"2"}`)
	back.sessionID, back.lastSeq = editor.ack.text("session_id"), 3
	editor.reset()
	for i := 4; i <= 20; i++ {
		owner.op(fmt.Sprint("m", i), fmt.Sprint("op", i))
	}
	for part, data := range []string{"first half", "second half"} {
		owner.send(fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":"s%d","data":{"document_version":18,"part":%d,"parts":2,"data":%q}}`, part, part, data))
		if f := owner.expect("operation", "snapshot_ack"); f.Data["complete"] != (part == 1) {
			t.Fatalf("%v", f.Data)
		}
		s.Evict("Document", "welcome")
	}
	want := []string{"snapshot 18 part 0/2: first half", "snapshot 18 part 1/2: second half", "1: create 1", "19: op19", "20: op20"}
	late := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	if late.ack.number("snapshot_version") != 18 {
		t.Errorf("connection_ack says %v", late.ack.Data)
	}
	if got := late.syncs(0); !slices.Equal(got, want) {
		t.Errorf("a late client receives %q", got)
	}
	editor = s.connect(back)
	if gap, _ := editor.ack.Data["gap"].(map[string]any); gap["reason"] != "compacted" {
		t.Fatalf("a resume from before the floor: %v", editor.ack.Data)
	}
	if got := editor.syncs(3); !slices.Equal(got, want) {
		t.Errorf("who resumes gets %q", got)
	}
	if got := editor.syncs(16); !slices.Equal(got, []string{"17: op17", "18: op18", "19: op19", "20: op20"}) {
		t.Errorf("the log has %q", got)
	}
	if v := owner.op("m5", "again"); v != 5 {
		t.Errorf("the repeat of a trimmed op became version %d", v)
	}
	if v := owner.op("m21", "op21"); v != 21 {
		t.Errorf("version %d", v)
	}
}

// S2: "`moderate` | Manage content | Resolve comments, lock sections": between two
// users, through an eviction, and released when the holder leaves.
//
// Holds: "a locked section is one user's alone".
func TestSectionLock(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	owner.send(`{"type":"operation","event":"lock","message_id":"l1","data":{"section":"intro"}}`)
	if f := owner.expect("operation", "locks"); f.MessageID != "l1" {
		t.Errorf("answered %+v", f)
	}
	editor.expect("operation", "locks")
	s.Evict("Document", "welcome")
	refused := func(data, reason string) {
		t.Helper()
		editor.send(`{"type":"operation","event":"op","message_id":"x1","data":` + data + `}`)
		e := editor.expectError("DOCUMENT_LOCKED")
		if details, _ := e.Data["details"].(map[string]any); details["reason"] != reason || details["retry_after"] == nil {
			t.Errorf("refused with %v", e.Data)
		}
	}
	refused(`{"op":1,"section":"intro"}`, "section_locked")
	refused(`{"op":1}`, "section_missing")
	editor.send(`{"type":"operation","event":"op","message_id":"x2","data":{"op":"elsewhere","section":"end"}}`)
	editor.expect("operation", "operation_ack")
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	if f := viewer.expect("operation", "locks"); len(f.Data["sections"].([]any)) != 1 {
		t.Errorf("a late connection received %v", f.Data)
	}
	owner.receivedOps(1)
	owner.send(`{"type":"system","event":"disconnect"}`)
	if f := editor.expect("operation", "locks"); len(f.Data["sections"].([]any)) != 0 {
		t.Errorf("the holder is gone, and locked is %v", f.Data)
	}
	editor.op("x1", 1)
}

// TestAHundredMembers: each op reaches a hundred members in order, and a member that does not
// read holds up nobody.
//
// Holds: "a full document says so".
func TestAHundredMembers(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"WINDOW_BYTES": "65536"})
	crowd := s.populate(1, 101)
	members := make([]*conn, 100)
	for i := range members {
		members[i] = s.connect(crowd[i])
	}
	const ops = 30
	filling := strings.Repeat("x", 4000)
	var wg sync.WaitGroup
	for _, c := range members[1:99] { // the last reads nothing
		wg.Add(1)
		go func() {
			defer wg.Done()
			next := 1
			for next <= ops {
				f, err := c.read()
				switch {
				case err != nil:
					t.Errorf("%s: %v", c.ack.text("client_id"), err)
					return
				case f.Event == "ping":
					c.pong(f)
				case f.Event == "op" && int(f.Seq) != next:
					t.Errorf("%s received %v, not %d", c.ack.text("client_id"), f.Seq, next)
					return
				case f.Event == "op":
					next++
				}
			}
		}()
	}
	began := time.Now()
	for i := 1; i <= ops; i++ {
		if v := members[0].op(fmt.Sprint("m", i), filling); v != i {
			t.Fatalf("version %d", v)
		}
	}
	wg.Wait()
	t.Logf("%d ops to 98 readers in %v", ops, time.Since(began))

	// One more than there is room for.
	late := crowd[100]
	late.origin = s.URL
	c, _, err := late.dial(s)
	if err != nil {
		t.Fatal(err)
	}
	c.expectError("SERVICE_UNAVAILABLE")
}
