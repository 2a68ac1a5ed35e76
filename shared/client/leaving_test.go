package client

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Tabs that go away, and what becomes of their ops and of the list of tabs.

// tabsOf is the list of tabs as one tab's app received it last.
func (w *world) tabsOf(name string) string {
	for i := len(w.lines) - 1; i >= 0; i-- {
		for _, kind := range []string{"tabs", "leaderchange"} {
			if strings.HasPrefix(w.lines[i], name+": emit "+kind+" ") {
				_, list, _ := strings.Cut(w.lines[i], `"tabs":[`)
				list, _, _ = strings.Cut(list, "]")
				return list
			}
		}
	}
	return ""
}

// A browser reports a crash to nobody: the tab goes from the list of every tab within
// two roll calls, and one that was only busy comes back.
func TestCrashedFollowerLeavesTheList(t *testing.T) {
	w, _ := liveTab(t)
	t2 := w.open("t2")
	w.open("t3")
	w.advance(5 * RollCall)
	if got := w.tabsOf("t1"); got != `"t1","t2","t3"` {
		t.Fatalf("three tabs that are there are %s", got)
	}
	w.crash(w.tab("t3"))
	w.advance(2 * RollCall)
	for _, name := range []string{"t1", "t2"} {
		if got := w.tabsOf(name); strings.Contains(got, "t3") || !strings.Contains(got, "t1") || !strings.Contains(got, "t2") {
			t.Errorf("%s shows %s after t3 crashed", name, got)
		}
	}
	t2.frozen = true // a busy main thread is the same to the others
	w.advance(3 * RollCall)
	if got := w.tabsOf("t1"); strings.Contains(got, "t2") {
		t.Errorf("t1 shows %s though t2 does not answer", got)
	}
	t2.frozen = false
	for _, ev := range t2.backlog {
		w.do(t2, ev)
	}
	if got := w.tabsOf("t1"); got != `"t1","t2"` {
		t.Errorf("t1 shows %s after t2 answered late", got)
	}
}

// Tab ids that a script makes up do not fill the list for ever.
func TestInventedTabsLeaveTheList(t *testing.T) {
	w, t1 := liveTab(t)
	for n := range uint64(200) {
		w.do(t1, Broadcast{`{"type":"tab_register","tabId":"x` + utoa(n) + `","documentId":"welcome","version":0}`})
	}
	w.advance(2 * RollCall)
	w.open("t2")
	if got := w.tabsOf("t1"); got != `"t1","t2"` {
		t.Errorf("t1 shows %s", got)
	}
}

// What a page had not seen stored when it was left is sent by the others, once, in
// order, whether it led or followed.
//
// Holds: "a page that is left or frozen hands its unstored ops to the other tabs".
func TestOpsOfAPageThatLeavesGoToTheOthers(t *testing.T) {
	for _, leaver := range []string{"t1", "t2"} {
		w, t1 := liveTab(t)
		w.open("t2")
		w.open("t3")
		w.do(t1, Closed{Gen: 1, Code: 1006}) // the connection is down
		gone := w.tab(leaver)
		for _, id := range []string{"1", "2", "3"} {
			w.do(gone, Send{id, []byte(`"` + id + `"`)})
		}
		w.lines = nil
		w.do(gone, PageHide{})
		w.crash(gone)
		for _, tab := range w.tabs {
			if tab.c.tabs.leading && !tab.gone {
				w.advance(BackoffMax)
				w.lines = nil
				w.acknowledge(tab)
			}
		}
		var sent []string
		for _, l := range w.lines {
			if _, id, ok := strings.Cut(l, `"message_id":"`+leaver+"-"); ok && strings.Contains(l, `: write `) {
				sent = append(sent, id[:1])
			}
		}
		if got := strings.Join(sent, ""); got != "123" {
			t.Errorf("%s left: sent %q, want each op once and in order, in\n%s", leaver, got, strings.Join(w.lines, "\n"))
		}
	}
}

// A comment goes with the ops, in their order, and is still one where it arrives; an
// op still names its section.
func TestCommentsAreHandedOnWithTheOps(t *testing.T) {
	for _, leaver := range []string{"t1", "t2"} {
		w, t1 := liveTab(t)
		w.open("t2")
		heir := w.open("t3")
		w.do(t1, Closed{Gen: 1, Code: 1006})
		gone := w.tab(leaver)
		w.do(gone, SendSection{"1", []byte(`"one"`), "intro"})
		w.do(gone, Comment{ID: "2", Event: "create", Body: []byte(`"why?"`), Anchor: []byte(`7`)})
		w.do(gone, Comment{ID: "3", Event: "reply", CommentID: "1", Body: []byte(`"so"`)})
		w.do(gone, PageHide{})
		w.crash(gone)
		for _, tab := range w.tabs {
			if tab.c.tabs.leading && !tab.gone {
				w.advance(BackoffMax)
				w.lines = nil
				w.acknowledge(tab)
				heir = tab
			}
		}
		var sent []string
		for _, l := range w.lines {
			if at := strings.Index(l, `: write `); at >= 0 && strings.Contains(l, `"message_id":"`+leaver+"-") {
				sent = append(sent, l[strings.Index(l, "{"):])
			}
		}
		frames := []string{
			`{"type":"operation","event":"op","data":{"op":"one","section":"intro"},"message_id":"` + leaver + `-1"}`,
			`{"type":"comment","event":"create","data":{"body":"why?","anchor":7},"message_id":"` + leaver + `-c2"}`,
			`{"type":"comment","event":"reply","data":{"comment_id":"1","body":"so"},"message_id":"` + leaver + `-c3"}`,
		}
		if got := strings.Join(sent, "\n"); got != strings.Join(frames, "\n") {
			t.Fatalf("%s left: sent\n%s\nwant\n%s", leaver, got, strings.Join(frames, "\n"))
		}
		for n, id := range []string{"-1", "-c2", "-c3"} {
			ack := protocol.OperationAck{DocumentVersion: uint64(n) + 1}
			w.do(heir, Received{Gen: heir.c.conn.Gen(), Text: protocol.Frame{Type: "operation", Event: "operation_ack", MessageID: leaver + id, Seq: uint64(n) + 1, Data: ack.Append(nil)}.Append(nil)})
		}
		if n := len(heir.c.log.left); n != 0 {
			t.Errorf("%d are kept though they are stored", n)
		}
	}
}

// And they outlive the next leader, too, until they are stored or refused.
func TestWhatWasLeftOutlivesTheNextLeader(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	t3 := w.open("t3")
	w.do(t1, Closed{Gen: 1, Code: 1006})
	w.do(t1, Send{"1", []byte(`"kept"`)})
	w.do(t1, Send{"2", []byte(`"refused"`)})
	w.do(t1, PageHide{})
	w.crash(t1)
	w.crash(t2)
	if !t3.c.tabs.leading {
		t.Fatal("t3 does not lead")
	}
	w.acknowledge(t3)
	want(t, w, `t3: write 1 {"type":"operation","event":"op","data":{"op":"kept"},"message_id":"t1-1"}`, 1)
	w.do(t3, Received{Gen: 1, Text: protocol.Frame{Type: "operation", Event: "operation_ack", MessageID: "t1-1", Seq: 1, Data: protocol.OperationAck{DocumentVersion: 1}.Append(nil)}.Append(nil)})
	w.do(t3, Received{Gen: 1, Text: errorFrame(protocol.InsufficientPermissions, func(e *protocol.Error) { e.MessageID = "t1-2" })})
	w.lines = nil
	w.do(t3, Closed{Gen: 1, Code: 1006})
	w.advance(BackoffMax)
	w.acknowledge(t3)
	want(t, w, `"event":"op"`, 0)
	if len(t3.c.log.left)+t3.c.log.leftBytes != 0 {
		t.Errorf("%d ops of %d bytes are kept for ever", len(t3.c.log.left), t3.c.log.leftBytes)
	}
}

// A page that comes back receives what was stored for it before it offers anything, so
// nothing is sent a second time, not even beyond the ids the server remembers.
func TestOpsThatWereHandedOnAreNotOfferedAgain(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	w.do(t1, Closed{Gen: 1, Code: 1006})
	w.do(t2, Send{"1", []byte(`"one"`)})
	w.do(t2, Freeze{})
	t2.frozen = true
	w.advance(BackoffMax)
	w.acknowledge(t1)
	gen := t1.c.conn.Gen()
	w.do(t1, Received{Gen: gen, Text: protocol.Frame{Type: "operation", Event: "operation_ack", MessageID: "t2-1", Seq: 1, Data: protocol.OperationAck{DocumentVersion: 1}.Append(nil)}.Append(nil)})
	w.lines = nil
	t2.backlog = nil // and the browser dropped the messages to it meanwhile
	w.thaw(t2)
	want(t, w, `"type":"tab_sync","tabId":"t2","from":0`, 1)
	w.do(t1, Received{Gen: gen, Text: frame("operation", "document_sync", protocol.DocumentSync{From: 1, To: 1, DocumentVersion: 1, Ops: []protocol.SyncOp{{Version: 1, MessageID: "t2-1", UserID: "u1", ClientID: "c1", Op: []byte(`"one"`)}}}.Append(nil))})
	want(t, w, "t2: sent 1 as version 1", 1)
	want(t, w, `"type":"tab_send"`, 0)
	want(t, w, `"event":"op"`, 0)
	w.do(t2, Send{"2", []byte(`"two"`)})
	want(t, w, `"event":"op","data":{"op":"two"},"message_id":"t2-2"`, 1)
}

// One that was not stored while the page slept goes out when it is back.
func TestOpsThatNobodyTookGoOutOnReturn(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Closed{Gen: 1, Code: 1006})
	w.do(t1, Send{"1", []byte(`"one"`)})
	w.do(t1, PageHide{})
	w.do(t1, PageShow{})
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.acknowledge(t1)
	want(t, w, `"event":"op","data":{"op":"one"},"message_id":"t1-1"`, 1)
}

// What an app sends when its page has left already is left to the other tabs at once.
//
// Holds: "what an app sends in its page's last events is stored, or handed to another tab"
func TestLastWords(t *testing.T) {
	for _, last := range []Event{PageHide{}, Freeze{}} {
		w, t1 := liveTab(t)
		w.open("t2")
		w.do(t1, last)
		w.do(t1, Send{"1", []byte(`"late"`)})
		w.do(t1, Comment{ID: "2", Event: "create", Body: []byte(`"later"`)})
		t2 := w.tab("t2")
		w.acknowledge(t2)
		want(t, w, `"op":"late"},"message_id":"t1-1"`, 1)
		want(t, w, `"body":"later"},"message_id":"t1-c2"`, 1)
	}
}

// More than the queue holds is not taken over, and nothing that is no op.
func TestWhatIsLeftIsBounded(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	big := `"` + strings.Repeat("x", 60_000) + `"`
	for n := range uint64(maxLeftBytes/60_000 + 9) {
		w.do(t2, Broadcast{`{"type":"tab_left","tabId":"x","ops":[{"message_id":"x` + utoa(n) + `","op":` + big + `}]}`})
	}
	if l := t2.c.log; l.leftBytes > maxLeftBytes || l.leftBytes < maxLeftBytes-70_000 {
		t.Errorf("%d bytes are kept", l.leftBytes)
	}
	w.lines = nil
	for _, forged := range []string{
		`{"type":"tab_left","tabId":"x","ops":{"message_id":"a","op":1}}`,
		`{"type":"tab_left","tabId":"x","ops":[{"message_id":"","op":1},{"message_id":"a"},7,null]}`,
		`{"type":"tab_left","tabId":"x","ops":[{"message_id":"word","op":1,"comment":"delete"},{"message_id":"place","op":1,"section":"` + strings.Repeat("s", 200) + `"}]}`,
		`{"type":"tab_left","tabId":"x","ops":[{"message_id":"deep","op":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}]}`,
	} {
		w.do(t1, Broadcast{forged})
	}
	want(t, w, "write", 0)
}
