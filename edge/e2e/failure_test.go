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

// stored runs a statement in an object's own storage, behind its back.
func (s *server) stored(class, name, query string) {
	s.T.Helper()
	s.Do(map[string]string{"do": "sql", "class": class, "name": name, "query": query}, nil)
}

// TestAWriteThatFailsLeavesNothing: an event that fails has not happened. No effect of it leaves,
// the client that caused it has to connect again, and nobody else notices.
func TestAWriteThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	back := dialling{document: "welcome", clientID: "e", token: s.Login("editor"), lastSeq: 1}
	editor := s.connect(back)
	back.sessionID = editor.ack.text("session_id")
	owner.op("m1", 1)
	editor.receivedOps(1)
	s.stored("Document", "welcome", `CREATE TRIGGER poison BEFORE INSERT ON ops WHEN NEW.message_id = 'poison'
		BEGIN SELECT RAISE(ABORT, 'no'); END`)
	const poison = `{"type":"operation","event":"op","message_id":"poison","data":{"op":"poison"}}`
	for range 3 { // as a client would: reconnect, send again
		editor.send(poison)
		if code := editor.expectClose(); code != websocket.StatusInternalError {
			t.Fatalf("closed with %d, want 1011", code)
		}
		owner.quiet()
		editor = s.connect(back)
		if editor.ack.Data["resumed"] != true {
			t.Fatalf("not resumed: %v", editor.ack.Data)
		}
	}
	if v := owner.op("m2", 2); v != 2 {
		t.Fatalf("after the failures the next op became version %d", v)
	}
	if received := editor.receivedOps(2); !slices.Equal(received, []string{"2:2"}) {
		t.Fatalf("received %v", received)
	}
	s.stored("Document", "welcome", "DROP TRIGGER poison")
	editor.send(poison)
	if f := editor.expect("operation", "operation_ack"); f.number("document_version") != 3 {
		t.Fatalf("healed, it became %v", f.Data)
	}
}

// An object that cannot be booted answers, does not spin, and lives again when
// its storage does.
func TestAnObjectThatCannotBootRecovers(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	owner.op("m1", 1)
	editor.receivedOps(1)
	s.stored("Document", "welcome", "UPDATE members SET state = 9 WHERE user_id = 'usr_owner'")
	s.Evict("Document", "welcome")
	owner.send(`{"type":"operation","event":"op","message_id":"m2","data":{"op":2}}`)
	if code := owner.expectClose(); code != websocket.StatusInternalError {
		t.Fatalf("closed with %d, want 1011", code)
	}
	_, response, err := dialling{document: "welcome", clientID: "v", token: s.Login("viewer")}.dial(s)
	if err == nil || response == nil || response.StatusCode != 503 {
		t.Fatalf("a connect to it: %v %v, want HTTP 503", err, response)
	}
	s.stored("Document", "welcome", "UPDATE members SET state = 1 WHERE user_id = 'usr_owner'")
	editor.op("m3", 3)
	again := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner"), sessionID: owner.ack.text("session_id"), lastSeq: 1})
	if received := again.receivedOps(2); !slices.Equal(received, []string{"2:3"}) {
		t.Fatalf("received %v", received)
	}
}

// The runtime answers a close only through webSocketClose; without that a client
// waits until the object is evicted, ten seconds later.
func TestACloseIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, code := range []websocket.StatusCode{1000, 1001, 3000, 4001} {
		c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
		began := time.Now()
		if err := c.ws.Close(code, "bye"); err != nil {
			t.Errorf("closing with %d: %v", code, err)
		}
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("the close with %d was answered after %v", code, took)
		}
	}
}

// What the frame limits mean to the byte, and what is not UTF-8.
//
// Holds: "what a frame may be is the server's word".
func TestLimitsToTheByte(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	sized := func(n int) string {
		const frame = `{"type":"operation","event":"op","message_id":"m%d","data":{"op":"%s"}}`
		return fmt.Sprintf(frame, 100_000+n, strings.Repeat("a", n-len(fmt.Sprintf(frame, 100_000+n, ""))))
	}
	c.send(sized(65_536))
	c.expect("operation", "operation_ack")
	for _, n := range []int{65_537, 65_538, 200_000, 1<<20 - 1} {
		c.send(sized(n))
		c.expectError("MESSAGE_TOO_LARGE")
	}
	// In characters it is short enough, in bytes it is not.
	c.send(strings.Replace(sized(65_000), "aaaaaaaaaa", strings.Repeat("é", 1000), 1))
	c.expectError("MESSAGE_TOO_LARGE")
	c.quiet()

	// The runtime hands a text over with what is not UTF-8 replaced, so that nobody
	// ever gets it: not the object, not the log, not the others.
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	c.send("{\"type\":\"operation\",\"event\":\"op\",\"message_id\":\"u\",\"data\":{\"op\":\"\xff\xfe\"}}")
	if f := c.expect("operation", "operation_ack"); f.number("document_version") != 2 {
		t.Fatalf("acknowledged %v", f.Data)
	}
	if received := viewer.receivedOps(2); !slices.Equal(received, []string{"2:\ufffd\ufffd"}) {
		t.Fatalf("received %q", received)
	}
}

// Ids are compared by byte, here, in storage and after the object was away.
func TestIdsAreKeptToTheByte(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	ids := []string{"é", "Ã©", "\ufeffx", "x", "X", "𝄞", "e\u0301", strings.Repeat("ü", 60), strings.Repeat("a", 128), " ", `"\`}
	for round := range 3 {
		for i, id := range ids {
			if v := c.op(id, i); v != i+1 {
				t.Fatalf("round %d: %q became version %d, want %d", round, id, v, i+1)
			}
		}
		s.Evict("Document", "welcome")
	}
}
