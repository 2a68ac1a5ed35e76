package client

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// nested is JSON of that depth.
func nested(depth int) []byte {
	return []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
}

func (w *world) acknowledgeLimits(t *fakeTab, l protocol.AckLimits) {
	gen := t.c.conn.Gen()
	w.do(t, Opened{Gen: gen})
	w.do(t, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{
		ClientID: "c1", UserID: "u1", Permissions: []string{"read", "write"}, SessionID: "s1", ServerTime: w.now, Limits: l,
	}.Append(nil))})
}

// What the server takes is its own word: an op, a comment or presence of a tab is refused
// here only beyond that, whichever tab it is of, and the app learns which limits they are.
func TestLimitsAreTheServers(t *testing.T) {
	for _, limit := range []int{8, 64, 200} {
		w := newWorld()
		w.onWrite = w.answerPings
		t1 := w.open("t1")
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 900e9)})
		w.acknowledgeLimits(t1, protocol.AckLimits{FrameBytes: 2000, Depth: limit})
		want(t, w, `{"limits":{"frameBytes":2000,"depth":`+utoa(uint64(limit))+`}}`, 1)
		t2 := w.open("t2")
		for _, tab := range []*fakeTab{t1, t2} {
			w.lines = nil
			w.do(tab, Send{"fits", nested(limit - 2)})
			w.do(tab, Comment{ID: "c", Event: "create", Body: nested(limit - 2)})
			w.do(tab, Presence{nested(limit - 2)})
			w.advance(PresenceGather)
			want(t, w, "write", 3)
			want(t, w, "unsent", 0)
			for _, line := range w.lines {
				if _, text, ok := strings.Cut(line, ": write 1 "); ok {
					if _, e := protocol.Decode([]byte(text), protocol.Limits{FrameBytes: 2000, Depth: limit}); e != nil {
						t.Errorf("the server cannot read %s: %v", text, e)
					}
				}
			}
			w.lines = nil
			w.do(tab, Send{"deep", nested(limit - 1)})
			w.do(tab, Comment{ID: "deep-c", Event: "create", Body: nested(limit - 1)})
			w.do(tab, Presence{nested(limit - 1)})
			w.do(tab, Send{"long", []byte(`"` + strings.Repeat("x", 1900) + `"`)})
			want(t, w, "write", 0)
			want(t, w, `"reason":"too_deep"`, 3)
			want(t, w, " nests deeper than the "+utoa(uint64(limit-2))+" levels", 3)
			want(t, w, `unsent long {"code":"MESSAGE_TOO_LARGE"`, 1)
			w.lines = nil
			w.do(tab, Send{"deepest", nested(700)})
			w.do(tab, Comment{ID: "deepest-c", Event: "create", Body: nested(5000)})
			w.do(tab, PostSnapshot{ID: "deepest-s", Version: 1, Data: nested(5000)})
			w.do(tab, Presence{nested(5000)})
			want(t, w, `"reason":"too_deep"`, 4)
		}
	}
}

// What was sent before the server has said its limits is held to them when it has: it is
// refused, and not the connection that ends for it again and again.
func TestLimitsThatComeLater(t *testing.T) {
	w := newWorld()
	w.onWrite = w.answerPings
	t1 := w.open("t1")
	t2 := w.open("t2")
	for _, tab := range []*fakeTab{t1, t2} {
		w.do(tab, Send{tab.name + "-deep", nested(100)})
		w.do(tab, Send{tab.name + "-long", []byte(`"` + strings.Repeat("x", 1900) + `"`)})
		w.do(tab, Send{tab.name + "-good", []byte(`1`)})
		w.do(tab, Presence{nested(100)})
	}
	want(t, w, "unsent", 0)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 900e9)})
	w.lines = nil
	w.acknowledgeLimits(t1, protocol.AckLimits{FrameBytes: 2000, Depth: 64})
	for _, name := range []string{"t1", "t2"} {
		want(t, w, "unsent "+name+`-deep {"code":"MALFORMED_MESSAGE"`, 1)
		want(t, w, "unsent "+name+`-long {"code":"MESSAGE_TOO_LARGE"`, 1)
	}
	want(t, w, `"event":"op"`, 2)
	// Those of a server that takes more are sent.
	w = newWorld()
	t1 = w.open("t1")
	w.do(t1, Send{"1", nested(100)})
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 900e9)})
	w.acknowledgeLimits(t1, protocol.AckLimits{Depth: 200})
	want(t, w, `"event":"op"`, 1)
}

// What the server has let in is read, however deep, long or oddly named it is: as it comes,
// in a sync, and in every tab.
func TestReadersHaveNoLimits(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	w.lines = nil
	deep, long := nested(900), []byte(`"`+strings.Repeat("x", 3<<20)+`"`)
	id := strings.Repeat("m", 1000)
	w.do(t1, Received{Gen: 1, Text: protocol.Frame{Type: "operation", Event: "op", MessageID: id, Data: protocol.Op{Op: deep, DocumentVersion: 1, UserID: "u2", ClientID: id}.Append(nil)}.Append(nil)})
	w.do(t1, Received{Gen: 1, Text: frame("operation", "op", protocol.Op{Op: long, DocumentVersion: 2, UserID: "u2", ClientID: "c2"}.Append(nil))})
	w.do(t1, Received{Gen: 1, Text: frame("operation", "document_sync", protocol.DocumentSync{From: 3, To: 4, DocumentVersion: 4, Ops: []protocol.SyncOp{
		{Version: 3, UserID: "u2", ClientID: "c2", MessageID: id, Op: deep},
		{Version: 4, UserID: "u2", ClientID: "c2", Comment: protocol.Comment{Event: "create", CommentID: "4", Body: deep}.Append(nil)},
	}}.Append(nil))})
	for _, tab := range []*fakeTab{t1, t2} {
		if tab.c.log.version != 4 {
			t.Errorf("%s has received %d of 4", tab.name, tab.c.log.version)
		}
	}
	want(t, w, "emit error", 0)
	want(t, w, "emit gap", 0)
}

// An entry that cannot be made out is a gap of one version in every tab, and the log goes
// on behind it.
func TestUnreadableEntriesAreGaps(t *testing.T) {
	for name, text := range map[string]string{
		"an op without one":         `{"type":"operation","event":"op","seq":1,"data":{"document_version":1}}`,
		"an op of another form":     `{"type":"operation","event":"op","seq":1,"data":{"op":1,"user_id":7}}`,
		"an answer of another form": `{"type":"operation","event":"operation_ack","seq":1,"data":{}}`,
		"a comment of another form": `{"type":"comment","event":"create","seq":1,"data":7}`,
		"a name of another form":    `{"seq":1,"type":"operation","event":"op","message_id":7,"data":{"op":1}}`,
		"half a frame":              `{"seq":1,"type":"operation","event":"op","data":{"op":`,
	} {
		t.Run(name, func(t *testing.T) {
			w, t1 := liveTab(t)
			w.open("t2")
			w.lines = nil
			w.do(t1, Received{Gen: 1, Text: []byte(text)})
			w.do(t1, Received{Gen: 1, Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: 2, UserID: "u2", ClientID: "c2"}.Append(nil))})
			want(t, w, `emit gap {"from":1,"to":1,"count":1,"reason":"unreadable"} set {"version":1}`, 2)
			want(t, w, "emit operation", 2)
		})
	}
}

// A sync that cannot be made out is asked for three times more, and then a gap.
func TestUnreadableSyncIsAGap(t *testing.T) {
	w, t1 := liveTab(t)
	w.onWrite = func(tab *fakeTab, e Write) {
		if strings.Contains(string(e.Text), "sync_request") {
			w.later(tab, Received{Gen: e.Gen, Text: []byte(`{"type":"operation","event":"document_sync","data":{"from":1,"to":2,"ops":[7]}}`)})
			return
		}
		w.answerPings(tab, e)
	}
	w.do(t1, Received{Gen: 1, Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: 3, UserID: "u2", ClientID: "c2"}.Append(nil))})
	w.advance((syncTries + 2) * SyncTimeout)
	want(t, w, `emit gap {"from":1,"to":3,"count":3,"reason":"unreadable"}`, 1)
}

// The server's refusal of one op that it names leaves the connection as it is.
func TestARefusedOpEndsNothing(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Send{"1", []byte(`1`)})
	e := protocol.Error{Code: protocol.MalformedMessage, Reason: protocol.ReasonTooDeep, MessageID: "t1-1"}
	w.do(t1, Received{Gen: 1, Text: e.Frame().Append(nil)})
	want(t, w, `unsent 1 {"code":"MALFORMED_MESSAGE"`, 1)
	want(t, w, "close", 0)
	if len(t1.c.log.queue) > 0 || len(t1.c.log.outbox) > 0 {
		t.Error("the refused op is still to be sent")
	}
}
