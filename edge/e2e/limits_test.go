//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// database runs a statement on the database of accounts and rights.
func (s *server) database(query string) {
	s.T.Helper()
	s.Do(map[string]string{"do": "d1", "query": query}, nil)
}

// pong answers a probe.
func (c *conn) pong(f frame) {
	c.t.Helper()
	if f.MessageID == "" { // a device's or an app's
		c.send(`{"type":"system","event":"pong"}`)
		return
	}
	c.send(fmt.Sprintf(`{"type":"system","event":"pong","message_id":%q}`, f.MessageID))
}

// closes reads to the end, which has to have this code, and hands each frame on.
func (c *conn) closes(want websocket.StatusCode, each func(f frame)) {
	c.t.Helper()
	for {
		f, err := c.read()
		if err != nil {
			if code := websocket.CloseStatus(err); code != want {
				c.t.Fatalf("closed with %d, want %d", code, want)
			}
			return
		}
		each(f)
	}
}

// S1: "Prevents connection flooding". Power of the attacker: a member who may write
// and sends without end.
//
// Holds: "a client's ops are stored in the order it sent them", "a flood is refused frame by
// frame, with `retry_after`; then the connection is closed".
func TestAFloodIsAnsweredAndHarmsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"MESSAGES_PER_S": "20", "MESSAGES_BURST": "60", "MAX_REFUSED": "200"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	flooder := dialling{document: "welcome", clientID: "e", token: s.Login("editor"), lastSeq: 0}
	editor := s.connect(flooder)
	flooder.sessionID = editor.ack.text("session_id")
	for i := range 300 {
		editor.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":"f%d","data":{"op":%d}}`, i, i))
	}
	accepted, refused := 0, 0
	editor.closes(4201, func(f frame) {
		switch {
		case f.Event == "operation_ack" && refused == 0:
			accepted++
		case f.Event == "operation_ack":
			t.Fatalf("%s was taken behind one that was refused", f.MessageID)
		case f.text("error_code") == "RATE_LIMIT_EXCEEDED":
			if details, _ := f.Data["details"].(map[string]any); details["retry_after"] == nil {
				t.Fatalf("refused without a time to wait: %v", f.Data)
			}
			refused++
		}
	})
	if accepted < 60 || accepted > 90 || refused < 200 {
		t.Fatalf("%d accepted, %d refused", accepted, refused)
	}
	for i, op := range owner.receivedOps(accepted) {
		if op != fmt.Sprintf("%d:%d", i+1, i) {
			t.Fatalf("op %d is %s", i+1, op)
		}
	}
	// A new connection is no new allowance, and nothing that was accepted is lost.
	again := s.connect(flooder)
	if again.ack.Data["resumed"] != true || again.ack.number("document_version") != accepted {
		t.Fatalf("back with %v", again.ack.Data)
	}
	if v := owner.op("m1", 1); v != accepted+1 {
		t.Fatalf("the owner's op became version %d", v)
	}
}

// TestASlowConsumerIsClosedAndLosesNothing: a member that confirmed before and then stops reading
// is closed, and nobody else waits for it. When it comes back it receives everything.
//
// Holds: "a slow reader slows nobody, and nothing piles up for it".
func TestASlowConsumerIsClosedAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"WINDOW_BYTES": "65536", "SLOW_AFTER_MS": "1000"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	slow := dialling{document: "welcome", clientID: "v", token: s.Login("viewer"), lastSeq: 40}
	viewer := s.connect(slow)
	slow.sessionID = viewer.ack.text("session_id")
	owner.waitPresence("join")
	op := strings.Repeat("x", 4000)
	write := func(from, to int) {
		for i := from; i <= to; i++ {
			if v := owner.op(fmt.Sprint("m", i), op); v != i {
				t.Fatalf("op %d became version %d", i, v)
			}
		}
	}
	write(1, 10)
	f := viewer.expectAny()
	for f.Event != "ping" { // it reads up to the probe and says so: it is held to that from now on
		f = viewer.expectAny()
	}
	viewer.pong(f)
	write(11, 100) // far more than the window, at the owner's own pace
	owner.waitLeft()
	received := 0
	viewer.closes(4004, func(f frame) {
		if f.Event == "op" {
			received++
		}
	})
	if received > 40 {
		t.Fatalf("%d ops were sent to somebody who does not read", received)
	}
	back := s.connect(slow)
	if back.ack.Data["resumed"] != true {
		t.Fatalf("not resumed: %v", back.ack.Data)
	}
	for next := 41; next <= 100; {
		switch f := back.expectAny(); f.Event {
		case "ping":
			back.pong(f)
		case "op":
			if int(f.Seq) != next {
				t.Fatalf("received %v, want %d", f.Seq, next)
			}
			next++
		}
	}
}

// A late joiner of a log larger than the window gets all of it, part by part.
//
// Holds: "a long log comes in parts".
func TestALongLogInParts(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"WINDOW_BYTES": "200000", "MAX_SYNC_BYTES": "100000"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	for i := 1; i <= 40; i++ {
		owner.op(fmt.Sprint("m", i), strings.Repeat("x", 20_000))
	}
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	ask := func(from int) {
		viewer.send(fmt.Sprintf(`{"type":"operation","event":"sync_request","data":{"from":%d}}`, from))
	}
	ask(0)
	got, parts := 0, 1
	for got < 40 {
		switch f := viewer.expectAny(); f.Event {
		case "ping":
			viewer.pong(f)
		case "document_sync":
			if f.number("from") != got+1 {
				t.Fatalf("from %d, want %d", f.number("from"), got+1)
			}
			got = f.number("to")
			if f.Data["more"] == true {
				parts++
				ask(got)
			}
		}
	}
	if parts < 4 {
		t.Fatalf("%d parts", parts)
	}
}

// S2: "When permissions change, clients receive immediate notification". What a
// refused connect finds out reaches the connection that is open.
//
// Holds: "a changed permission reaches the open connection".
func TestALostRightReachesTheOpenConnection(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PERMISSION_TTL_MS": "1"})
	laptop := s.connect(dialling{document: "welcome", clientID: "laptop", token: s.Login("editor")})
	laptop.op("m1", 1)
	s.database("DELETE FROM members WHERE user_id = 'usr_editor'")
	s.database("DELETE FROM grants WHERE user_id = 'usr_editor'")
	_, response, err := dialling{document: "welcome", clientID: "phone", token: s.Login("editor")}.dial(s)
	if err == nil || response == nil || response.StatusCode != 403 {
		t.Fatalf("the phone: %v %v, want HTTP 403", response, err)
	}
	change := laptop.expect("system", "permission_change")
	removed, _ := change.Data["removed"].([]any)
	if !slices.Contains(removed, any("read")) || change.number("perm_epoch") != 2 {
		t.Fatalf("received %v", change.Data)
	}
	laptop.expectError("INSUFFICIENT_PERMISSIONS")
	if code := laptop.expectClose(); code != 4403 {
		t.Fatalf("closed with %d, want 4403", code)
	}
}

// An idle object costs nothing: whatever went before, no timer and no call of ours
// keeps it in memory. That it left shows in what is not stored, the number of
// frames in a row that were none: after seven the eighth would close.
//
// Holds: "an idle connection keeps no object in memory".
func TestNothingKeepsAnIdleObjectAwake(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	owner.op("m1", 1)
	editor.receivedOps(1)
	for range 40 { // commits are waited for now and then
		editor.send(`{"type":"presence","event":"update","data":{"data":1}}`)
		owner.waitPresence("update")
	}
	editor.send(`{"type":"operation","event":"sync_request","data":{"from":0}}`)
	editor.expect("operation", "document_sync")
	editor.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, s.Login("editor")))
	editor.expect("system", "token_refreshed")
	editor.send(`{"type":"system","event":"token_refresh","data":{"token":"a.b.c"}}`)
	editor.expectError("AUTHENTICATION_FAILED")
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	viewer.send(`{"type":"system","event":"disconnect"}`) // and the document notifies the session object
	viewer.expectClose()
	editor.reset()
	owner.waitPresence("leave")
	for range 7 {
		owner.send(`{`)
		owner.expectError("MALFORMED_MESSAGE")
	}
	time.Sleep(13 * time.Second) // the runtime lets go of what was idle for ten
	owner.send(`{"type":"system","event":"ping"}`)
	owner.expect("system", "pong") // by the runtime, which wakes nothing
	owner.send(`{`)
	owner.expectError("MALFORMED_MESSAGE")
	if v := owner.op("m2", 2); v != 2 {
		t.Fatalf("awake again, the next op became version %d", v)
	}
}

// TestDepthIsTheServersWord: everybody reads an op as deep as a raised limit allows, at once and
// from the log. Deeper ones are refused by their message ids, however many there are, while the
// connection stays open.
//
// Holds: "what a frame may be is the server's word".
func TestDepthIsTheServersWord(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"MAX_DEPTH": "200"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	limits, _ := editor.ack.Data["limits"].(map[string]any)
	if limits["depth"] != 200.0 {
		t.Fatalf("limits are %v", limits)
	}
	op := func(id string, depth int) string {
		nested := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		return fmt.Sprintf(`{"type":"operation","event":"op","data":{"op":%s},"message_id":%q}`, nested, id)
	}
	editor.send(op("deep", 198))
	editor.expect("operation", "operation_ack")
	owner.receivedOps(1)
	for i := range 12 {
		id := fmt.Sprintf("deeper%d", i)
		editor.send(op(id, 199))
		e := editor.expectError("MALFORMED_MESSAGE")
		if details, _ := e.Data["details"].(map[string]any); details["reason"] != "too_deep" || details["message_id"] != id || details["limit"] != 200.0 {
			t.Fatalf("received %v", e.Data)
		}
	}
	editor.quiet()
	late := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	if got := late.syncs(0); len(got) != 1 {
		t.Errorf("the log holds %v", got)
	}
}
