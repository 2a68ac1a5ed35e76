package client

import (
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Tabs that began with different client ids, for storage was cleared, full or absent.

func withID(id string) func(*Config) { return func(c *Config) { c.ClientID = id } }

// stored is the server's answer to an op that it stored under a client id.
func (w *world) stored(t *fakeTab, version uint64, messageID string) {
	w.do(t, Received{Gen: t.c.conn.Gen(), Text: protocol.Frame{
		Type: "operation", Event: "operation_ack", MessageID: messageID, Seq: version, Data: protocol.OperationAck{DocumentVersion: version}.Append(nil),
	}.Append(nil)})
}

// Holds: "all tabs of a browser profile are one client of a server"
func TestFollowersTakeTheLeadersClientID(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2", withID("c2"))
	want(t, w, `t2: set {"clientId":"c1"}`, 1)
	w.do(t2, Send{"1", []byte(`"from t2"`)})
	want(t, w, `t1: write 1 {"type":"operation","event":"op","data":{"op":"from t2"},"message_id":"t2-1"}`, 1)
	w.stored(t1, 1, "t2-1")
	want(t, w, "t2: sent 1 as version 1", 1)
	want(t, w, `t2: emit operation {"op":"from t2","version":1,"userId":"u1","clientId":"c1","messageId":"t2-1","own":true`, 1)

	// Whoever leads next repeats under the same client id, so the server knows what it has.
	w.do(t2, Send{"2", []byte(`"on its way"`)})
	w.crash(t1)
	want(t, w, "t2: dial 1 ws://h/v1/ws/documents/welcome?client_id=c1&", 1)
	w.do(t2, Received{Gen: t2.c.conn.Gen(), Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s1", Resumed: true, DocumentVersion: 1, Permissions: []string{"read", "write"}}.Append(nil))})
	want(t, w, `t2: write 1 {"type":"operation","event":"op","data":{"op":"on its way"},"message_id":"t2-2"}`, 1)
}

// A tab whose op may be stored under the old client id waits until it has received the log
// that the new leader has, and sends only what is not in it.
func TestOpsWaitForTheLogOfAnotherClient(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	w.do(t2, Send{"1", []byte(`"stored"`)})
	w.do(t2, Send{"2", []byte(`"not stored"`)})
	t2.frozen = true
	w.crash(t1)
	t3 := w.open("t3", withID("c3")) // a busy t2 gets the lock, and does not answer
	w.advance(3 * ProbeTimeout)
	w.do(t3, TokenFetched{Token: w.token("u1", w.now, 1<<40)})
	want(t, w, "t3: dial 1 ws://h/v1/ws/documents/welcome?client_id=c3", 1)
	gen := t3.c.conn.Gen()
	w.do(t3, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s3", DocumentVersion: 2}.Append(nil))})
	w.lines = nil
	t2.frozen = false
	for _, ev := range t2.backlog {
		w.do(t2, ev)
	}
	w.advance(2 * reassertAfter)
	want(t, w, `t2: set {"clientId":"c3"}`, 1)
	want(t, w, `"type":"tab_send"`, 0)
	w.do(t3, Received{Gen: gen, Text: frame("operation", "document_sync", protocol.DocumentSync{From: 1, To: 2, DocumentVersion: 2, Ops: []protocol.SyncOp{
		{Version: 1, MessageID: "a", UserID: "u2", ClientID: "x", Op: []byte("1")}, {Version: 2, MessageID: "t2-1", UserID: "u1", ClientID: "c1", Op: []byte(`"stored"`)},
	}}.Append(nil))})
	want(t, w, "t2: sent 1 as version 2", 1)
	want(t, w, `t3: write 1 {"type":"operation","event":"op","data":{"op":"stored"}`, 0)
	want(t, w, `t3: write 1 {"type":"operation","event":"op","data":{"op":"not stored"}`, 1)
}

// What a tab leaves behind may be in the log already, under the client id that it had.
func TestWhatWasLeftIsNotSentTwice(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Received{Gen: 1, Text: protocol.Frame{Type: "operation", Event: "op", Seq: 1, MessageID: "old-1", Data: protocol.Op{Op: []byte("1"), DocumentVersion: 1, UserID: "u1", ClientID: "c0"}.Append(nil)}.Append(nil)})
	w.do(t1, Broadcast{`{"type":"tab_left","tabId":"old","ops":[{"message_id":"old-1","op":1,"user_id":"u1"},{"message_id":"old-2","op":2,"user_id":"u1"}]}`})
	want(t, w, `"message_id":"old-1"}`, 0)
	want(t, w, `t1: write 1 {"type":"operation","event":"op","data":{"op":2},"message_id":"old-2"}`, 1)
}

// Another member who uses one of our message ids answers none of our sends.
func TestACopiedMessageIDIsNotOurs(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Send{"1", []byte(`1`)})
	w.do(t1, Received{Gen: 1, Text: protocol.Frame{Type: "operation", Event: "op", Seq: 1, MessageID: "t1-1", Data: protocol.Op{Op: []byte("9"), DocumentVersion: 1, UserID: "u2", ClientID: "c1"}.Append(nil)}.Append(nil)})
	want(t, w, "t1: sent", 0)
	want(t, w, `"own":false`, 1)
	w.stored(t1, 2, "t1-1")
	want(t, w, "t1: sent 1 as version 2", 1)
}

// A tab on its own has its own client id, and a client id that cannot be one is nobody's.
func TestOnlyAClientIDIsTaken(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2", withID("c2"))
	epoch := utoa(t2.c.tabs.epoch)
	for _, id := range []string{`""`, `5`, `null`, `"` + longID(maxID+1) + `"`} {
		w.do(t2, Broadcast{`{"type":"primary_assigned","tabId":"t1","epoch":` + epoch + `,"documentId":"welcome","clientId":` + id + `,"version":0,"status":{"state":"connected"}}`})
	}
	if t2.c.cfg.ClientID != "c1" || t1.c.cfg.ClientID != "c1" {
		t.Errorf("t1 is %q, t2 is %q", t1.c.cfg.ClientID, t2.c.cfg.ClientID)
	}
	alone := w.open("t3", withID("c3"), func(c *Config) { c.Locks = false })
	w.do(alone, Broadcast{`{"type":"primary_assigned","tabId":"t1","epoch":` + epoch + `,"documentId":"welcome","clientId":"c1","version":0,"status":{"state":"connected"}}`})
	if alone.c.cfg.ClientID != "c3" {
		t.Errorf("a tab on its own is %q", alone.c.cfg.ClientID)
	}
}
