package client

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// FuzzStep: whoever can write on the broadcast channel or is the server, and
// whatever the page does in between, Step does not panic, does not run away, and
// asks for nothing that a browser would refuse. Each byte of the script is one
// event; the texts are what the other side says.
func FuzzStep(f *testing.F) {
	w := newWorld()
	token := w.token("u1", epoch0, 15*time.Minute)
	f.Add([]byte{0, 1, 2, 3, 16, 30, 14, 15}, `{"type":"signed_in","tabId":"t2","userId":"u2"}`, `{"type":"system","event":"pong"}`, token)
	f.Add([]byte{0, 1, 2, 20, 14, 15}, `{"type":"tab_left","tabId":"t2","ops":[{"message_id":"m","op":1},{"op":2},3]}`, `{"type":"system","event":"pong"}`, token)
	f.Add([]byte{0, 1, 2, 3, 4, 5}, `{"type":"tab_register","tabId":"t2","documentId":"d","version":0}`, `{"type":"system","event":"pong"}`, token)
	f.Add([]byte{0, 1, 2, 3, 20, 21, 3}, `{"type":"tab_event","tabId":"t2","epoch":5,"event":"ops","entries":[{"version":1,"message_id":"m","user_id":"u","client_id":"c","op":1}]}`,
		`{"type":"operation","event":"operation_ack","message_id":"t-1","seq":1,"data":{"document_version":1}}`, "a.b.c")
	f.Add([]byte{0, 20, 20, 20}, `{"type":"primary_assigned","tabId":"t2","documentId":"d","epoch":9007199254740991,"version":18446744073709551615,"status":{"state":"connected"},"sessionId":"s","userId":"u","tabs":["a","b"]}`,
		`{"type":"operation","event":"document_sync","data":{"from":1,"to":0,"document_version":9,"ops":[]}}`, token)
	f.Add([]byte{0, 1, 2, 3, 21, 21}, `{"type":"token_refreshed","tabId":"t2","epoch":1,"newToken":"`+token+`","expiresIn":0}`,
		`{"type":"system","event":"error","data":{"error_code":"X","message":"","details":{"retry_after":18446744073709551615}}}`, token)
	f.Fuzz(func(t *testing.T, script []byte, broadcast, frame, token string) {
		if len(script) > 400 {
			return
		}
		c := New(Config{URL: "ws://h", Document: "d", ClientID: "c", TabID: "t", Scope: "s", Locks: true, Channel: true, Visible: true, Online: true, Rand: 1})
		now := epoch0
		ended := false
		for _, b := range script {
			if ended {
				return
			}
			gen := c.conn.Gen()
			ev := fuzzEvent(b, gen, broadcast, frame, token)
			if _, ok := ev.(Woken); ok {
				if at, due := c.Deadline(); due && at.After(now) {
					now = at
				}
			} else {
				now = now.Add(time.Duration(b) * time.Millisecond)
			}
			wasStopped := c.stopped
			effects := c.Step(now, ev)
			if err := validEffects(effects); err != nil {
				t.Fatalf("%T: %v", ev, err)
			}
			if most := 100 + 3*len(c.log.outbox) + 3*len(c.log.queue) + len(broadcast)/4 + len(frame)/4; len(effects) > most {
				t.Fatalf("%T has %d effects", ev, len(effects))
			}
			for _, e := range effects {
				switch e.(type) {
				case Dial, FetchToken, RequestLock, StealLock:
					if wasStopped {
						t.Fatalf("%T after the end", e)
					}
				case Finished:
					ended = true
				}
			}
			if len(c.tabs.others) > maxTabs || len(c.log.queue) > maxQueue+len(c.log.outbox) {
				t.Fatalf("grows: %d tabs, %d ops", len(c.tabs.others), len(c.log.queue))
			}
		}
	})
}

func fuzzEvent(b byte, gen uint64, broadcast, text, token string) Event {
	events := [...]Event{
		Start{}, LockGranted{}, TokenFetched{Token: token},
		Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s", ServerTime: epoch0, DocumentVersion: 3}.Append(nil))},
		Woken{}, LockLost{}, TokenFailed{Message: "no"}, TokenFailed{Final: true}, Visible{}, Hidden{}, Online{}, Offline{}, Reconnect{},
		Freeze{}, Resume{}, PageHide{}, PageShow{}, Send{"1", []byte(`"x"`)}, Presence{[]byte(`1`)}, Refresh{}, Opened{Gen: gen},
		Broadcast{broadcast}, Received{Gen: gen, Text: []byte(text)}, Closed{Gen: gen, Code: 1006}, Closed{Gen: gen, Code: 4000 + int(b)*3},
		SendSection{"i", []byte(text), "intro"}, Comment{"c", "create", "", []byte(text), nil}, LockSection{"l", "intro", time.Minute, b&1 == 0}, PostSnapshot{"s", 1, []byte(text)},
		Opened{Gen: gen + 1}, Closed{Gen: gen + 1, Code: 1000}, Close{}, SignOut{}, Send{"", []byte(text)}, Presence{[]byte(broadcast)},
		BroadcastOrigin{broadcast},
	}
	return events[int(b)%len(events)]
}

// FuzzBroadcast: a text that was written by this very code is read again, and
// anything else leaves a connected follower where it was or with something valid.
func FuzzBroadcast(f *testing.F) {
	w := newWorld()
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.open("t2")
	for _, l := range w.lines {
		if i := len("t1: post "); len(l) > i && l[2:9] == ": post " {
			f.Add(l[i:])
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := newWorld()
		t1 := w.open("t1")
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
		t2 := w.open("t2")
		user := t2.c.conn.User()
		if err := validEffects(t2.c.Step(w.now, Broadcast{text})); err != nil {
			t.Fatal(err)
		}
		if after := t2.c.conn.User(); after != user && user != "" {
			t.Fatalf("a broadcast made %q of %q", after, user)
		}
	})
}
