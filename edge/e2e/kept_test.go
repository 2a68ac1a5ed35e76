//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func (c *conn) snapshot(messageID string, version int, data string) frame {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":%q,"data":{"document_version":%d,"part":0,"parts":1,"data":%q}}`, messageID, version, data))
	for {
		if f := c.expectAny(); f.Event == "snapshot_ack" || f.Event == "error" {
			return f
		}
	}
}

// receives waits for the next frame of an event, and ignores those before it.
func (c *conn) receives(event string) frame {
	c.t.Helper()
	for {
		if f := c.expectAny(); f.Event == event {
			return f
		}
	}
}

// TestAFalseSnapshotIsUndone: the attacker may write. Fillers push real entries out of the log, and
// a false snapshot replaces them. The operator's list names the writer, a restore brings
// everything back, and every client gets the restored state.
//
// Holds: "a false snapshot is undone".
func TestAFalseSnapshotIsUndone(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"KEEP_OPS": "5"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	for i := 1; i <= 10; i++ {
		owner.op(fmt.Sprint("m", i), fmt.Sprint("real", i))
	}
	comment := owner.comment("create", "k1", `{"body":"open"}`).text("comment_id")
	evil := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	for i := 12; i <= 30; i++ {
		evil.op(fmt.Sprint("f", i), 0)
	}
	// Ahead of everybody else's version the snapshot is refused.
	if f := evil.snapshot("s1", 30, "vandalised"); f.Event != "error" || fmt.Sprint(f.Data["details"].(map[string]any)["reason"]) != "snapshot_unconfirmed" {
		t.Fatalf("%+v", f)
	}
	owner.receivedOps(30)
	owner.send(`{"type":"system","event":"ack","data":{"seq":30}}`)
	owner.op("m11", "real11") // what was sent before it has arrived
	if f := evil.snapshot("s2", 30, "vandalised"); f.Event != "snapshot_ack" || f.Data["complete"] != true {
		t.Fatalf("%+v", f)
	}
	s.Evict("Document", "welcome")
	late := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	if got := late.syncs(0); !strings.Contains(got[0], "vandalised") || slices.ContainsFunc(got, func(e string) bool { return strings.HasSuffix(e, "real1") }) {
		t.Fatalf("the attack has not worked: %q", got)
	}
	list := s.must("GET", "/v1/admin/documents/welcome/snapshots", "")
	if first, _ := at(list, "snapshots").([]any); len(first) != 1 || at(first[0], "user_id") != "usr_editor" || at(first[0], "version") != float64(30) || at(list, "kept_from") != float64(0) {
		t.Fatalf("the list says %v", list)
	}
	restored := s.must("POST", "/v1/admin/documents/welcome/restore", `{"version":31,"snapshot":0,"reason":"vandalised"}`)
	if at(restored, "operations") != float64(30) || at(restored, "document_version") != float64(62) {
		t.Fatalf("restored %v", restored)
	}
	if f := owner.receives("error"); f.Data["details"].(map[string]any)["reason"] != "document_restored" {
		t.Errorf("%+v", f)
	}
	if code := owner.expectClose(); code != 4203 {
		t.Errorf("closed with %d", code)
	}
	s.Evict("Document", "welcome")
	back := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner"), sessionID: owner.ack.text("session_id"), lastSeq: 31})
	if gap, _ := back.ack.Data["gap"].(map[string]any); gap["reason"] != "compacted" {
		t.Errorf("back with %v", back.ack.Data)
	}
	got := back.syncs(31)
	for _, want := range []string{"33: real1", "42: real10", "62: real11", "11: create " + comment} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if strings.Contains(strings.Join(got, " "), "vandalised") {
		t.Errorf("a returning client receives %q", got)
	}
	if v := back.op("m10", "again"); v != 10 {
		t.Errorf("a repeat became version %d", v)
	}
	if v := back.op("m12", "real12"); v != 63 {
		t.Errorf("version %d", v)
	}
	audit := fmt.Sprint(s.must("GET", "/v1/admin/users/usr_editor/audit?limit=1000", ""))
	for _, want := range []string{"event:snapshot", "version 30, 12 bytes", "event:restored", "by:"} {
		if !strings.Contains(audit, want) {
			t.Errorf("no %s in %s", want, audit)
		}
	}
}

// The attacker writes, or comments, until there is no room. The document is locked, not
// lost; operators see it; a snapshot makes room, and so does an operator with the comments.
//
// Holds: "nobody fills a document's storage".
func TestALogIsFullAndIsNot(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"MAX_LOG_BYTES": "20000", "MAX_COMMENTS": "40", "KEEP_OPS": "2"})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	version, full := 0, false
	for i := 0; !full && i < 100; i++ {
		editor.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":"f%d","data":{"op":%q}}`, i, strings.Repeat("x", 1000)))
		for f := editor.expectAny(); ; f = editor.expectAny() {
			if f.Event == "operation_ack" {
				version = f.number("document_version")
				break
			}
			if f.Event == "error" {
				full = f.text("error_code") == "DOCUMENT_LOCKED" && f.Data["details"].(map[string]any)["reason"] == "log_full"
				break
			}
		}
	}
	if !full || version > 20 {
		t.Fatalf("full %v at version %d", full, version)
	}
	s.Evict("Document", "welcome")
	live := s.must("GET", "/v1/admin/documents/welcome", "")["live"]
	if at(live, "log_full") != true || at(live, "log_bytes").(float64) < 20000 || at(live, "log_bytes").(float64) > 22000 {
		t.Errorf("operators see %v", live)
	}
	if f := editor.snapshot("s1", version, "all"); f.Event != "snapshot_ack" {
		t.Fatalf("%+v", f)
	}
	editor.receives("locks")
	if v := editor.op("more", "more"); v != version+1 {
		t.Errorf("version %d", v)
	}
	// A tenth of the comments is one user's.
	stored := 0
	for i := range 6 {
		editor.send(fmt.Sprintf(`{"type":"comment","event":"create","message_id":"c%d","data":{"body":1}}`, i))
		for f := editor.expectAny(); ; f = editor.expectAny() {
			if f.Event == "operation_ack" {
				stored++
				break
			}
			if f.Event == "error" {
				break
			}
		}
	}
	if stored != 4 {
		t.Errorf("%d comments of 40 are one user's", stored)
	}
	if got := s.must("POST", "/v1/admin/documents/welcome/comments/resolve", `{"user_id":"usr_editor","reason":"spam"}`); at(got, "comments") != float64(4) || at(got, "more") != false {
		t.Errorf("resolved %v", got)
	}
	editor.receives("resolve")
}

// A restore is told to everybody who is connected, and to who was away: none of them takes the
// log for the one it knew, however long the new one has become. Meanwhile an operator can read
// what was kept, and what followed it.
func TestARestoreIsToldToEverybody(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"KEEP_OPS": "2"})
	dials := []dialling{
		{document: "welcome", clientID: "o", token: s.Login("owner")}, {document: "welcome", clientID: "e", token: s.Login("editor")}, {document: "welcome", clientID: "v", token: s.Login("viewer")},
	}
	var conns []*conn
	for _, d := range dials {
		conns = append(conns, s.connect(d))
	}
	for i := 1; i <= 5; i++ {
		conns[0].op(fmt.Sprint("m", i), fmt.Sprint("op", i))
	}
	for _, c := range conns[1:] {
		c.receivedOps(5)
	}
	conns[1].send(`{"type":"system","event":"ack","data":{"seq":5}}`)
	conns[1].quiet() // it has arrived
	if f := conns[0].snapshot("s1", 3, "the state of three"); f.Event != "snapshot_ack" {
		t.Fatalf("%+v", f)
	}
	away := conns[2]
	away.ws.CloseNow()
	read := s.must("GET", "/v1/admin/documents/welcome/snapshots/3", "")
	if fmt.Sprint(read["data"]) != "[the state of three]" || read["parts"] != 1.0 || read["user_id"] != "usr_owner" {
		t.Errorf("read %v", read)
	}
	if entries, _ := s.must("GET", "/v1/admin/documents/welcome/snapshots/3/entries", "")["entries"].([]any); len(entries) != 2 || at(entries[0], "op") != "op4" || at(entries[1], "op") != "op5" {
		t.Errorf("what followed is %v", entries)
	}
	if status, answer := s.admin("GET", "/v1/admin/documents/welcome/snapshots/4", ""); status != 404 || at(answer, "data", "details", "reason") != "snapshot_not_kept" {
		t.Errorf("%d %v", status, answer)
	}
	s.must("POST", "/v1/admin/documents/welcome/restore", `{"version":3,"snapshot":3}`)
	for _, c := range conns[:2] {
		if f := c.receives("error"); at(f.Data, "details", "reason") != "document_restored" {
			t.Errorf("%+v", f)
		}
		if code := c.expectClose(); code != 4203 {
			t.Errorf("closed with %d", code)
		}
	}
	for i, d := range dials {
		d.sessionID, d.lastSeq = conns[i].ack.text("session_id"), 5
		back := s.connect(d)
		if back.ack.Data["replay"] != nil || at(back.ack.Data, "gap", "reason") == nil {
			t.Errorf("%s is back with %v", d.clientID, back.ack.Data)
		}
		if got := strings.Join(back.syncs(0), " "); !strings.Contains(got, "the state of three") || strings.Contains(got, "op4") {
			t.Errorf("%s receives %q", d.clientID, got)
		}
	}
}
