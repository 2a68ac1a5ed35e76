package client

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A log that went back gives each tab its own ops, stored or not, and sends none of them; what
// is in the log all the same was stored. All begin again with version 1.
//
// Holds: "a client that knows a log which is not the server's learns of it"
func TestALogThatWentBackGivesOpsBack(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	ack := func(tab *fakeTab, a protocol.ConnectionAck) {
		a.UserID, a.SessionID, a.Permissions = "u1", "s1", []string{"read", "write"}
		w.do(tab, Received{Gen: tab.c.conn.Gen(), Text: frame("system", "connection_ack", a.Append(nil))})
	}
	again := func() {
		w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 1006})
		w.advance(time.Second)
	}
	again()
	ack(t1, protocol.ConnectionAck{Resumed: true, Generation: "g", Position: "g.5.0.0"})
	for v := uint64(1); v <= 5; v++ {
		tab := []*fakeTab{t1, t2}[v%2]
		w.do(tab, Send{strconv.FormatUint(v, 10), fmt.Appendf(nil, `"op %d"`, v)})
		w.stored(t1, v, tab.name+"-"+strconv.FormatUint(v, 10))
	}
	w.do(t1, Send{"6", []byte(`"op 6"`)})
	w.do(t2, Send{"7", []byte(`"op 7"`)})
	w.lines = nil
	again()
	want(t, w, "last_seq=5&position=g.5.0.0&", 1)
	w.lines = nil
	ack(t1, protocol.ConnectionAck{DocumentVersion: 6, Generation: "g", Position: "g.9.6.9", Gap: &protocol.Gap{From: 4, To: 6, Count: 3, Reason: protocol.Rewound}})
	for _, tab := range []string{"t1", "t2"} {
		want(t, w, tab+`: emit gap {"from":4,"to":5,"count":2,"reason":"rewound"} set {"version":0}`, 1)
	}
	want(t, w, `t1: emit unsaved {"messageId":"t1-4","op":"op 4","error":{"code":"REWOUND"`, 1)
	want(t, w, `t2: emit unsaved {"messageId":"t2-5","op":"op 5","error":{"code":"REWOUND"`, 1)
	want(t, w, "emit unsaved", 2)
	want(t, w, "unsent", 0)
	var ops []protocol.SyncOp
	for v := uint64(1); v <= 6; v++ {
		ops = append(ops, protocol.SyncOp{Version: v, UserID: "u2", ClientID: "c2", Op: []byte("1")})
	}
	ops[5] = protocol.SyncOp{Version: 6, UserID: "u1", ClientID: "c1", MessageID: "t1-6", Op: []byte(`"op 6"`)}
	w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("operation", "document_sync", protocol.DocumentSync{From: 1, To: 6, DocumentVersion: 6, Ops: ops}.Append(nil))})
	want(t, w, "t1: emit operation", 6)
	want(t, w, "t2: emit operation", 6)
	want(t, w, "t1: sent 6 as version 6", 1)
	want(t, w, `t2: unsent 7 {"code":"REWOUND"`, 1)
	want(t, w, `"event":"op","data"`, 0) // nothing goes out by itself
	w.do(t2, Send{"8", []byte(`"op 8"`)})
	want(t, w, `t1: write 3 {"type":"operation","event":"op","data":{"op":"op 8"},"message_id":"t2-8"}`, 1)
}

// A tab that has more than its new leader has the server compare that, unless the document has
// not begun anew since.
func TestATabThatIsAheadIsComparedToo(t *testing.T) {
	for _, boot := range []string{"5", "9"} {
		w, t1 := liveTab(t)
		w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 1006})
		w.advance(time.Second)
		ack := func(tab *fakeTab, a protocol.ConnectionAck) {
			a.UserID, a.SessionID, a.Permissions, a.Resumed, a.Generation = "u1", "s1", []string{"read", "write"}, true, "g"
			w.do(tab, Received{Gen: tab.c.conn.Gen(), Text: frame("system", "connection_ack", a.Append(nil))})
		}
		ack(t1, protocol.ConnectionAck{Position: "g.5.0.0"})
		t2 := w.open("t2")
		t3 := w.open("t3")
		op := func(tab *fakeTab, v uint64) {
			w.do(tab, Received{Gen: tab.c.conn.Gen(), Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: v, UserID: "u2", ClientID: "c2"}.Append(nil))})
		}
		op(t1, 1)
		t2.frozen = true
		op(t1, 2)
		t2.frozen = false
		t2.c.log.version = 1
		w.crash(t1)
		leader, other := t2, t3
		if !t2.c.tabs.leading {
			leader, other = t3, t2
		}
		if other.c.log.version <= leader.c.log.version {
			t.Skip("the one that is ahead leads")
		}
		w.lines = nil
		ack(leader, protocol.ConnectionAck{DocumentVersion: 3, Position: "g." + boot + ".3." + boot})
		w.advance(time.Millisecond)
		if boot == "5" {
			want(t, w, "tab_position", 0)
		} else {
			want(t, w, `{"type":"tab_position","tabId":"`+other.name+`","position":"g.5.0.0","version":2}`, 1)
			want(t, w, "last_seq=2&position=g.5.0.0", 1)
		}
	}
}

// What is remembered of a tab's own ops has a bound.
func TestOwnOpsAreBounded(t *testing.T) {
	var s own
	for v := uint64(1); v <= 3*maxOwn; v++ {
		s.keep(queued{op: make([]byte, 10)}, v)
	}
	if len(s.list) != maxOwn || s.bytes != 10*maxOwn {
		t.Errorf("%d ops of %d bytes", len(s.list), s.bytes)
	}
	s.keep(queued{op: make([]byte, maxOwnBytes-100)}, 3*maxOwn+1)
	if s.bytes > maxOwnBytes || len(s.list) != 11 {
		t.Errorf("%d ops of %d bytes", len(s.list), s.bytes)
	}
	if got := s.take(3*maxOwn - 1); len(got) != 3 || got[0].version != 3*maxOwn-1 || len(s.list) != 8 {
		t.Errorf("taken %d, left %d", len(got), len(s.list))
	}
}
