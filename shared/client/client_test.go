package client

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// TestSuspendedTabDoesNotLead: a lock granted after the page was frozen is given
// back, or everybody would wait for a page that does not run.
func TestSuspendedTabDoesNotLead(t *testing.T) {
	c := New(Config{URL: "ws://h", Document: "d", ClientID: "c", TabID: "t", Scope: "s", Locks: true, Channel: true})
	c.Step(epoch0, Start{})
	c.Step(epoch0, Freeze{})
	out := c.Step(epoch0, LockGranted{})
	if len(out) != 1 || out[0] != (ReleaseLock{}) {
		t.Fatalf("got %v", out)
	}
	if _, ok := c.Deadline(); ok {
		t.Fatal("a suspended tab has a deadline")
	}
}

// TestRefreshIsAskedForOnce however many reasons there are.
func TestRefreshIsAskedForOnce(t *testing.T) {
	w, t1 := liveTab(t)
	w.advance(time.Minute)
	w.do(t1, Refresh{})
	w.do(t1, Refresh{})
	w.do(t1, Received{Gen: 1, Text: errorFrame(protocol.TokenExpired)})
	w.do(t1, Closed{Gen: 1, Code: 4102})
	want(t, w, "fetch token", 1)
}

// TestSpentTokenIsAskedForEverSooner: an app that gives its cached token up to
// the end is neither hammered nor forgotten.
func TestSpentTokenIsAskedForEverSooner(t *testing.T) {
	w, t1 := liveTab(t)
	w.onWrite = w.answerPings
	asked := 0
	for range 15 * 60 {
		w.advance(time.Second)
		if t1.fetching {
			t1.fetching = false
			asked++
			w.do(t1, TokenFetched{Token: w.tokens[0]})
		}
	}
	if asked < 3 || asked > 15 {
		t.Errorf("asked %d times in the last minute", asked)
	}
	want(t, w, "emit tokenrefresh", 0)
}

// TestTokenOfAnotherUserEndsTheSession: never go on as somebody else.
func TestTokenOfAnotherUserEndsTheSession(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	w.do(t1, TokenFetched{Token: w.token("u2", w.now, 15*time.Minute)})
	want(t, w, `"reason":"other_user"`, 3) // sent to this app, to the other tabs, and as the state
	if !t1.c.stopped {
		t.Error("goes on")
	}
}

// TestOfflineFailuresDoNotCount: what fails without a network says nothing about
// the token.
func TestOfflineFailuresDoNotCount(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Offline{})
	w.do(t1, Refresh{})
	for range 4 * TokenTries {
		w.do(t1, TokenFailed{Message: "no network"})
		w.advance(BackoffMax)
	}
	want(t, w, "emit autherror", 0)
}

// TestSendRefusedAtOnce: what the server would end the connection for is not
// sent to it.
func TestSendRefusedAtOnce(t *testing.T) {
	for _, c := range []struct{ op, reason string }{
		{strings.Repeat("[", 63) + strings.Repeat("]", 63), "too_deep"},
		{`{"a":`, "invalid_json"},
		{"", "invalid_json"},
		{`"` + strings.Repeat("x", 65<<10) + `"`, "too_large"},
	} {
		w, t1 := liveTab(t)
		w.do(t1, Send{"1", []byte(c.op)})
		want(t, w, "unsent 1", 1)
		want(t, w, `"reason":"`+c.reason+`"`, 1)
		want(t, w, "write", 0)
	}
}

// TestBackoffIsFullJitter: anything up to a ceiling that doubles from half a
// second to twenty.
func TestBackoffIsFullJitter(t *testing.T) {
	r := backoff.Random(1)
	for try := -1; try < 80; try++ {
		ceiling := BackoffMax
		if try < 6 {
			ceiling = min(BackoffMin<<max(try, 0), BackoffMax)
		}
		low, high := ceiling, time.Duration(0)
		for range 2000 {
			d := r.Wait(try)
			low, high = min(low, d), max(high, d)
		}
		if low < 0 || low > ceiling/50 || high >= ceiling || high < ceiling*49/50 {
			t.Errorf("try %d: from %v to %v of %v", try, low, high, ceiling)
		}
	}
}

// TestStableConnectionForgetsFailures: a drop after five seconds is the first.
func TestStableConnectionForgetsFailures(t *testing.T) {
	w, t1 := liveTab(t)
	for range 4 {
		w.fail(t1)
	}
	if t1.c.conn.Tries() != 4 {
		t.Fatalf("%d tries", t1.c.conn.Tries())
	}
	w.acknowledge(t1)
	w.advance(StableAfter)
	w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 1006})
	if t1.c.conn.Tries() != 1 {
		t.Errorf("%d tries", t1.c.conn.Tries())
	}
}

// TestQuickProbe: after the page was away, a connection that does not answer within two
// seconds is replaced.
func TestQuickProbe(t *testing.T) {
	w, t1 := liveTab(t)
	w.onWrite = nil
	w.now = w.now.Add(8 * time.Second)
	w.do(t1, Visible{})
	want(t, w, "write 1 "+protocol.PingText, 1)
	w.advance(clientconn.ProbeTimeout)
	want(t, w, `close 1 with 1000 "silent"`, 1)
}

// TestAckEvery64Frames beside the one every 5 s.
func TestAckEvery64Frames(t *testing.T) {
	w, t1 := liveTab(t)
	for v := uint64(1); v <= 2*AckFrames; v++ {
		w.do(t1, Received{Gen: 1, Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: v, UserID: "u2", ClientID: "c2"}.Append(nil))})
	}
	want(t, w, `"event":"ack","data":{"seq":64}`, 1)
	want(t, w, `"event":"ack","data":{"seq":128}`, 1)
	want(t, w, `"event":"ack"`, 2)
}

// TestCostOfAcknowledgements counts what a tab sends in a minute for what it receives: each frame
// that it sends wakes the document and is charged for.
func TestCostOfAcknowledgements(t *testing.T) {
	for _, perSecond := range []int{1, 5} {
		w, t1 := liveTab(t)
		w.onWrite = nil
		const seconds = 60
		for v := range uint64(perSecond * seconds) {
			w.do(t1, Received{Gen: 1, Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: v + 1, UserID: "u2", ClientID: "c2"}.Append(nil))})
			w.advance(time.Second / time.Duration(perSecond))
		}
		acks := 0
		for _, line := range w.lines {
			if strings.Contains(line, `"event":"ack"`) {
				acks++
			}
		}
		if most := seconds / 5; acks > most || acks < most/2 {
			t.Errorf("%d ops a second: %d acknowledgements a minute, and the budget is %d", perSecond, acks, most)
		}
	}
}

// TestDocumentThatWentBack: a server restored from a backup is not a silent hole.
func TestDocumentThatWentBack(t *testing.T) {
	w, t1 := liveTab(t)
	for v := uint64(1); v <= 5; v++ {
		w.do(t1, Received{Gen: 1, Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: v, UserID: "u2", ClientID: "c2"}.Append(nil))})
	}
	w.do(t1, Closed{Gen: 1, Code: 1006})
	w.advance(time.Second)
	gen := t1.c.conn.Gen()
	w.do(t1, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s2", DocumentVersion: 2}.Append(nil))})
	want(t, w, `emit gap {"from":3,"to":5,"count":3,"reason":"rewound"} set {"version":0}`, 1)
	want(t, w, `write 2 {"type":"operation","event":"sync_request","data":{"from":0}}`, 1)
	w.lines = nil
	w.do(t1, Received{Gen: gen, Text: frame("operation", "document_sync", protocol.DocumentSync{From: 1, To: 2, DocumentVersion: 2, Ops: []protocol.SyncOp{
		{Version: 1, UserID: "u2", ClientID: "c2", Op: []byte("1")}, {Version: 2, UserID: "u2", ClientID: "c2", Op: []byte("1")}}}.Append(nil))})
	w.do(t1, Received{Gen: gen, Text: frame("operation", "op", protocol.Op{Op: []byte("1"), DocumentVersion: 3, UserID: "u2", ClientID: "c2"}.Append(nil))})
	want(t, w, "emit operation", 3)
}

// TestCopiedMessageIDIsNotOurs: another member who writes under our message id
// does not answer our send.
func TestCopiedMessageIDIsNotOurs(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Send{"1", []byte(`"mine"`)})
	w.do(t1, Received{Gen: 1, Text: protocol.Frame{Type: "operation", Event: "op", MessageID: "t1-1", Data: protocol.Op{Op: []byte(`"theirs"`), DocumentVersion: 1, UserID: "u2", ClientID: "c1"}.Append(nil)}.Append(nil)})
	want(t, w, "sent 1", 0)
	want(t, w, `"own":false`, 1)
}

// TestClockThatStepsBack changes nothing.
func TestClockThatStepsBack(t *testing.T) {
	w, t1 := liveTab(t)
	before, _ := t1.c.Deadline()
	t1.c.Step(w.now.Add(-time.Hour), Woken{})
	if after, _ := t1.c.Deadline(); !after.Equal(before) {
		t.Errorf("deadline moved from %v to %v", before, after)
	}
}

// TestLateOpen: a socket that opens after it was given up is closed.
func TestLateOpen(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.advance(ConnectTimeout)
	w.lines = nil
	w.do(t1, Opened{Gen: 1})
	want(t, w, `close 1 with 1000 "late"`, 1)
}

// TestCloseIsAlwaysAnswered, whatever state the tab is in, and only once.
func TestCloseIsAlwaysAnswered(t *testing.T) {
	for name, prepare := range map[string]func(*Client){
		"not started": func(*Client) {},
		"started":     func(c *Client) { c.Step(epoch0, Start{}) },
		"suspended":   func(c *Client) { c.Step(epoch0, Start{}); c.Step(epoch0, Freeze{}) },
		"stopped":     func(c *Client) { c.Step(epoch0, Start{}); c.finalHere("error", errClosed, 0) },
	} {
		for _, ev := range []Event{Close{}, SignOut{}} {
			c := New(Config{URL: "ws://h", Document: "d", ClientID: "c", TabID: "t", Scope: "s", Locks: true, Channel: true})
			prepare(c)
			n := 0
			for range 2 {
				for _, e := range c.Step(epoch0, ev) {
					if e == (Finished{}) {
						n++
					}
				}
			}
			if n != 1 {
				t.Errorf("%s: %T answered %d times", name, ev, n)
			}
		}
	}
}

// TestPresenceOfTheWrongForm is refused here.
func TestPresenceOfTheWrongForm(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Presence{[]byte("{")})
	want(t, w, "write", 0)
	want(t, w, `"reason":"presence"`, 1)
}

// TestOldLeaderIsFencedOff even while nobody leads.
func TestOldLeaderIsFencedOff(t *testing.T) {
	w, _ := liveTab(t)
	t2 := w.open("t2")
	newest := t2.c.tabs.epoch
	t2.c.Step(w.now, Broadcast{`{"type":"tab_bye","tabId":"t1"}`})
	claim := func(epoch uint64) string {
		return `{"type":"primary_assigned","tabId":"t0","documentId":"welcome","epoch":` + utoa(epoch) + `,"version":0,"status":{"state":"connected"}}`
	}
	t2.c.Step(w.now, Broadcast{claim(newest - 1)})
	if t2.c.tabs.leader != "" {
		t.Errorf("follows %q of an older epoch", t2.c.tabs.leader)
	}
	t2.c.Step(w.now, Broadcast{claim(newest + 1)})
	if t2.c.tabs.leader != "t0" {
		t.Errorf("follows %q, not the newer leader", t2.c.tabs.leader)
	}
}

// TestModuleInATrappedOnesPlace goes on from the version the app has received, and
// repeats an op under the name the trapped module gave it.
func TestModuleInATrappedOnesPlace(t *testing.T) {
	started := func(version uint64) *Client {
		c := New(Config{URL: "ws://h", Document: "d", ClientID: "c", TabID: "t", Scope: "s", Online: true, Version: version})
		c.Step(epoch0, Start{})
		return c
	}
	name := func(c *Client) string {
		c.Step(epoch0, Send{"7", []byte(`"x"`)})
		return c.log.outbox[0].messageID
	}
	first, second := started(0), started(12)
	first.Step(epoch0, Send{"6", []byte(`"stored"`)})
	first.log.outbox = nil
	if a, b := name(first), name(second); a != b {
		t.Errorf("sent as %q, repeated as %q", a, b)
	}
	if second.log.version != 12 {
		t.Errorf("begins at version %d", second.log.version)
	}
}
