//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// story is the drop that every test here survives in its own way: the editor has received some
// ops, is cut off, misses some, and comes back.
type story struct {
	owner, editor *conn
	back          dialling
	want          []string
}

func cutOff(t *testing.T, s *server, cut func(*conn)) *story {
	t.Helper()
	back := dialling{document: "welcome", clientID: "e", token: s.Login("editor")}
	st := &story{
		owner:  s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")}),
		editor: s.connect(back),
	}
	for i := 1; i <= 3; i++ {
		st.owner.op(fmt.Sprint("m", i), i)
	}
	if received := st.editor.receivedOps(3); len(received) != 3 {
		t.Fatalf("before the drop the editor received %v", received)
	}
	cut(st.editor)
	st.back = back
	st.back.sessionID, st.back.lastSeq = st.editor.ack.text("session_id"), 3
	return st
}

// miss is what happens while the editor is away.
func (st *story) miss(from, to int) {
	for i := from; i <= to; i++ {
		st.owner.op(fmt.Sprint("m", i), i)
		st.want = append(st.want, fmt.Sprintf("%d:%d", i, i))
	}
}

// resumes checks that the editor receives exactly what it missed, in order, once.
func (st *story) resumes(t *testing.T, s *server) *conn {
	t.Helper()
	c := s.connect(st.back)
	if c.ack.text("session_id") != st.back.sessionID || c.ack.Data["resumed"] != true {
		t.Fatalf("not resumed: %v", c.ack.Data)
	}
	replay, _ := c.ack.Data["replay"].(map[string]any)
	last := 3 + len(st.want)
	if replay["from"] != 4.0 || replay["to"] != float64(last) {
		t.Fatalf("replay %v, want 4 to %d", replay, last)
	}
	if received := c.receivedOps(last); !slices.Equal(received, st.want) {
		t.Fatalf("received %v, want %v", received, st.want)
	}
	c.quiet()
	return c
}

// S1: "No data is lost" and "Everything continues seamlessly".
//
// Holds: "a dropped connection resumes, with everything missed".
func TestResumeWithinGrace(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*conn){
		"RST, no close frame":      (*conn).reset,
		"a close, 1000":            func(c *conn) { c.ws.Close(websocket.StatusNormalClosure, "Token refresh") },
		"a close without a status": func(c *conn) { c.ws.Close(websocket.StatusNoStatusRcvd, "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil)
			st := cutOff(t, s, cut)
			st.miss(4, 8)
			c := st.resumes(t, s)
			// Its own op, whose acknowledgement was lost with the connection, arrives too.
			c.send(`{"type":"operation","event":"op","message_id":"mine","data":{"op":"mine"}}`)
			c.reset()
			st.owner.receivedOps(9)
			st.back.lastSeq = 8
			again := s.connect(st.back)
			if own := again.expect("operation", "operation_ack"); own.MessageID != "mine" || own.number("document_version") != 9 {
				t.Fatalf("the lost acknowledgement: %+v", own)
			}
			if v := again.op("mine", "mine"); v != 9 {
				t.Fatalf("re-sent, it became version %d", v)
			}
		})
	}
}

func TestResumeAfterEviction(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	st := cutOff(t, s, (*conn).reset)
	st.miss(4, 6)
	s.Evict("Document", "welcome")
	s.Evict("UserSession", "usr_editor")
	st.miss(7, 8) // wakes the document by a frame, on the socket it kept
	s.Evict("Document", "welcome")
	st.resumes(t, s)
}

func TestIdleObjectIsEvictedAndWokenByAFrame(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	for i := 1; i <= 5; i++ {
		s.Evict("Document", "welcome")
		if v := owner.op(fmt.Sprint("m", i), i); v != i {
			t.Fatalf("op %d became version %d", i, v)
		}
		if received := editor.receivedOps(i); !slices.Equal(received, []string{fmt.Sprintf("%d:%d", i, i)}) {
			t.Fatalf("received %v", received)
		}
	}
	// The runtime answers the heartbeat itself, with the object out of memory.
	s.Evict("Document", "welcome")
	owner.send(`{"type":"system","event":"ping"}`)
	owner.expect("system", "pong")
}

// S1: "New UserSession is created".
func TestAfterGraceANewSession(t *testing.T) {
	t.Parallel()
	const grace = 700 * time.Millisecond
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "700"})
	st := cutOff(t, s, (*conn).reset)
	// The others see at once that the editor has left. Grace runs from there.
	st.owner.waitPresence("leave")
	time.Sleep(grace + 300*time.Millisecond) // the one thing here that is time itself
	c := s.connect(st.back)
	if c.ack.text("session_id") == st.back.sessionID || c.ack.Data["resumed"] != false {
		t.Fatalf("resumed after the grace period: %v", c.ack.Data)
	}
	if c.ack.text("session_id") == "" {
		t.Fatal("no session id")
	}
}

// S1: "UserSession remains in memory".
func TestResumeAfterKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	st := cutOff(t, d.server, (*conn).reset)
	st.miss(4, 8)
	// Sent and not waited for: it may be stored or not, but never twice.
	st.owner.send(`{"type":"operation","event":"op","message_id":"last","data":{"op":"last"}}`)
	d.Kill()
	d.Restart()
	st.resumesAfterKill(t, d.server)
}

// resumesAfterKill is resumes, with one op more whose fate the kill decided.
func (st *story) resumesAfterKill(t *testing.T, s *server) {
	t.Helper()
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner"), sessionID: st.owner.ack.text("session_id"), lastSeq: 8})
	if owner.ack.Data["resumed"] != true {
		t.Fatalf("the owner's session did not survive: %v", owner.ack.Data)
	}
	stored := owner.ack.number("document_version") == 9
	if stored {
		owner.expect("operation", "operation_ack") // the one that was lost
	}
	if v := owner.op("last", "last"); v != 9 {
		t.Fatalf("re-sent, it became version %d", v)
	}
	st.want = append(st.want, "9:last")
	st.resumes(t, s)
}
