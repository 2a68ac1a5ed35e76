package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// crowded is a room in which Bob, who answers no probe, has run out of room and is
// a few ops behind Ann.
func crowded(t *testing.T) *room {
	r := newRoom(t)
	r.env["WINDOW_BYTES"] = "4000"
	r.connect("ann", "")
	r.connect("bob", "")
	for n := range 40 {
		r.says("ann", fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":%q}}`, n, strings.Repeat("x", 100)))
	}
	return r
}

// times counts the texts sent that hold a part.
func times(lines []string, part string) (n int) {
	for _, line := range lines {
		if strings.HasPrefix(line, "send") && strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// The alarm that would give Bob room is late, and an op comes first: it is not
// written yet when the log is read, and is not taken for sent.
func TestRoomAndAnOpInOneEvent(t *testing.T) {
	for _, writer := range []string{"ann", "bob"} {
		r := crowded(t)
		from := len(r.out)
		r.now = r.now.Add(11 * time.Second)
		r.op(writer, "late")
		for range 4 {
			r.enter(Input{Kind: Alarm})
			r.now = r.now.Add(11 * time.Second)
		}
		want := `"event":"op","data":{"op":{"is":"late"`
		if writer == "bob" {
			want = `"event":"operation_ack","data":{"document_version":41,"op":{"is":"late"`
		}
		if n := times(r.out[from:], want); n != 1 {
			t.Errorf("%s's op was received by bob %d times", writer, n)
		}
		for version := 35; version <= 40; version++ {
			if n := times(r.out, fmt.Sprintf(`"seq":%d}`, version)); n != 2 { // ann's ack, bob's op
				t.Errorf("version %d went out %d times", version, n)
			}
		}
	}
}

// A pong that is no answer comes when room is due too: what is replayed goes out once.
func TestALatePongRepeatsNothing(t *testing.T) {
	r := crowded(t)
	r.now = r.now.Add(11 * time.Second)
	for range 4 {
		r.says("bob", `{"type":"system","event":"pong","message_id":"x"}`)
		r.enter(Input{Kind: Alarm})
		r.now = r.now.Add(11 * time.Second)
	}
	for version := 35; version <= 40; version++ {
		if n := times(r.out, fmt.Sprintf(`"seq":%d}`, version)); n != 2 {
			t.Errorf("version %d went out %d times", version, n)
		}
	}
}

// Power of the attacker: a member who reads nothing, answers no probe, and asks for
// the log again and again. It is sent a handful of windows, then closed.
func TestWhoReadsNothingIsSentSoMuch(t *testing.T) {
	r := crowded(t)
	sent, closed := 0, false
	for range 40 {
		left := r.says("bob", `{"type":"operation","event":"sync_request","data":{"from":0}}`)
		r.now = r.now.Add(10 * time.Second)
		for _, line := range append(left, r.enter(Input{Kind: Alarm})...) {
			if strings.HasPrefix(line, "send") {
				sent += len(line)
			}
			closed = closed || strings.HasPrefix(line, "close 4004")
		}
	}
	if !closed || sent > 12*4000 {
		t.Errorf("closed: %v, after %d bytes", closed, sent)
	}
}

// A user who joins after the object has slept receives what the others last showed. The object
// keeps it with their sockets, and writes no row for it.
//
// Holds: "presence never holds up an op".
func TestPresenceOutlivesHibernation(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	r.connect("bob", "")
	before := len(r.tables["members"])
	left := r.says("ann", `{"type":"presence","event":"update","data":{"data":{"cursor":"dé"}}}`)
	if len(r.writes) > 1 || times(left, `"cursor"`) != 1 { // one is the attachment
		t.Errorf("%d writes, %q", len(r.writes), left)
	}
	r.reboot = true
	shown := `{"user_id":"ann","client_id":"c-ann","name":"N","data":{"cursor":"dé"}}`
	if left := r.connect("cat", ""); times(left, shown) != 1 {
		t.Errorf("cat sees %q", left)
	}
	r.says("ann", `{"type":"presence","event":"leave"}`)
	if left := r.connect("dan", ""); times(left, `"cursor"`) != 0 {
		t.Errorf("dan sees %q of who is away", left)
	}
	if n := len(r.tables["members"]); n != before+2 {
		t.Errorf("%d rows", n)
	}
}

// The ids of pings are of a secret that is drawn at each boot.
func TestProbesAreDrawnAnew(t *testing.T) {
	ids := map[string]bool{}
	for boot := range 3 {
		r := newRoom(t)
		r.random, r.env["WINDOW_BYTES"] = byte(boot*50), "4000"
		r.connect("ann", "")
		for n := range 100 {
			r.now = r.now.Add(100 * time.Millisecond)
			r.says("ann", fmt.Sprintf(`{"type":"system","event":"ping","message_id":"%d"}`, n))
		}
		for _, line := range r.out {
			if _, id, ok := strings.Cut(line, `"event":"ping","message_id":"`); ok {
				if ids[id] {
					t.Errorf("%s twice", id)
				}
				ids[id] = true
			}
		}
	}
	if len(ids) < 3 {
		t.Errorf("only %d pings", len(ids))
	}
}
