package client

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A machine that slept eight hours wakes in this order: the clock, one token, one
// connection with it.
func TestSleepOfEightHours(t *testing.T) {
	for _, first := range []Event{Woken{}, Visible{}, Online{}, Closed{Gen: 1, Code: 1006}} {
		w, t1 := liveTab(t)
		w.now = w.now.Add(8 * time.Hour)
		w.do(t1, first)
		w.do(t1, Woken{})
		w.do(t1, Closed{Gen: 1, Code: 1006})
		w.advance(FetchTimeout / 2)
		want(t, w, "fetch token", 1)
		want(t, w, "dial", 0)
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
		w.advance(BackoffMax)
		want(t, w, "dial 2", 1)
		want(t, w, "bearer.<token1>", 0)
	}
}

// A clock that stood still meanwhile believes in its token; the server does not, and
// that costs one refresh.
func TestSleepThatTheClockDidNotNotice(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Closed{Gen: 1, Code: 1006})
	w.advance(BackoffMin)
	w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: errorFrame(protocol.TokenExpired)})
	w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 4102})
	want(t, w, "fetch token", 1)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now.Add(8*time.Hour), 15*time.Minute)})
	want(t, w, "dial", 2)
	want(t, w, "autherror", 0)
}

// A sign-out while a token is on its way: it comes too late for anything.
func TestSignOutInMidRefresh(t *testing.T) {
	w, t1 := liveTab(t)
	w.open("t2")
	w.do(t1, Refresh{})
	w.do(w.tab("t2"), SignOut{})
	w.lines = nil
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.advance(time.Hour)
	if t1.c.conn.Token.Raw != "" || len(w.lines) > 0 {
		t.Errorf("a token after the sign-out: %q", w.lines)
	}
}

// Two followers find their leader dead at one moment: one of them robs it, and the
// other follows that one instead of robbing it in turn.
func TestTwoFollowersStealAtOnce(t *testing.T) {
	w, t1 := liveTab(t)
	for _, name := range []string{"t2", "t3"} {
		w.open(name, func(c *Config) { c.Rand = 7 })
	}
	t1.frozen = true
	for _, name := range []string{"t2", "t3"} {
		w.do(w.tab(name), Visible{})
	}
	w.lines = nil
	w.advance(20 * time.Second)
	want(t, w, "steal ", 1)
	if a, b := w.tab("t2").c, w.tab("t3").c; a.tabs.leading == b.tabs.leading || a.tabs.leader != b.tabs.leader {
		t.Errorf("t2 follows %s, t3 follows %s", a.tabs.leader, b.tabs.leader)
	}
}

// The network goes a minute before the token ends and comes back after: nobody
// has to sign in again, and one token and one connection follow.
func TestNetworkDownAcrossTheExpiry(t *testing.T) {
	w, t1 := liveTab(t)
	w.advance(14*time.Minute - time.Second)
	w.do(t1, Offline{})
	w.silent = true
	w.onWrite = nil
	for end := w.now.Add(5 * time.Minute); w.now.Before(end); w.advance(time.Second) {
		if t1.fetching {
			t1.fetching = false
			w.do(t1, TokenFailed{Message: "no network"})
		}
		if p := t1.c.conn.Phase(); p == clientconn.Dialling {
			w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 1006})
		}
	}
	want(t, w, "emit autherror", 0)
	if t1.fetching {
		w.do(t1, TokenFailed{Message: "no network"})
	}
	w.lines = nil
	w.do(t1, Online{})
	want(t, w, "fetch token", 1)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	want(t, w, "dial", 1)
	want(t, w, "bearer.<token1>", 0)
}

// A pause the token's server asked for is kept, whatever the backoff would be.
func TestRetryAfterOfTheTokensServer(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	w.do(t1, TokenFailed{Message: "too many", RetryAfter: 45 * time.Second})
	w.advance(45*time.Second - time.Millisecond)
	want(t, w, "fetch token", 1)
	w.advance(time.Millisecond)
	want(t, w, "fetch token", 2)
}

// A token that is none is a failed try with a pause after it, never a loop, and after
// five of them the app is notified; a good one goes on from there.
func TestUselessTokensEndInOneAuthError(t *testing.T) {
	for name, useless := range map[string]func(w *world) string{
		"no exp":         func(w *world) string { return "eyJhbGciOiJSUzI1NiJ9.eyJ1c2VyX2lkIjoidTEifQ.c2ln" },
		"not a token":    func(w *world) string { return "<html>" },
		"exp in 1970":    func(w *world) string { return w.token("u1", time.Unix(100, 0), time.Minute) },
		"ended just now": func(w *world) string { return w.token("u1", epoch0.Add(-time.Minute), time.Minute) },
		"iat over exp":   func(w *world) string { return w.token("u1", w.now.Add(time.Hour), -time.Minute) },
		"longer than any": func(w *world) string {
			return w.token("u1", w.now, time.Minute) + strings.Repeat("A", protocol.TokenBytes)
		},
	} {
		w := newWorld()
		t1 := w.open("t1")
		began := w.now
		for range TokenTries {
			for !t1.fetching {
				w.advance(time.Second / 10)
			}
			t1.fetching = false
			w.do(t1, TokenFetched{Token: useless(w)})
		}
		if n := w.count("emit autherror"); n != 1 || w.count("dial") > 0 || w.now.Sub(began) < time.Second {
			t.Errorf("%s: %d autherrors, %d dials after %v", name, n, w.count("dial"), w.now.Sub(began))
		}
		w.lines = nil
		w.advance(time.Hour)
		want(t, w, "fetch token", 0) // until the app or the page asks
		w.do(t1, Refresh{})
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
		want(t, w, "dial", 1)
	}
}

// Two pages whose clocks are hours apart share one token, and each counts by its own:
// what crosses between tabs is a span, never a point in time.
func TestTabsWithDifferentClocks(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Broadcast{`{"type":"tab_register","tabId":"t2","documentId":"welcome","version":0}`})
	for _, off := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		cfg := t1.cfg
		cfg.TabID = "t2"
		c, now := New(cfg), w.now.Add(off)
		c.Step(now, Start{})
		for _, l := range w.lines {
			if _, text, ok := strings.Cut(l, "t1: post "); ok {
				c.Step(now, Broadcast{strings.ReplaceAll(text, "<token1>", w.tokens[0])})
			}
		}
		if left := c.conn.Token.End.Sub(now); left != 15*time.Minute {
			t.Errorf("t2, off by %v, gives the token another %v", off, left)
		}
	}
}

// What was asked for on connections that died is asked for on the next at once, however
// often it was asked in vain.
func TestQuestionsOfDeadLinesDoNotCount(t *testing.T) {
	w, t1 := liveTab(t)
	ack := protocol.ConnectionAck{UserID: "u1", SessionID: "s1", Resumed: true, DocumentVersion: 9}
	for range syncTries + 1 {
		w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 1006})
		for t1.c.conn.Phase() != clientconn.Dialling {
			w.advance(100 * time.Millisecond)
		}
		w.lines = nil
		w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("system", "connection_ack", ack.Append(nil))})
		want(t, w, `"event":"sync_request","data":{"from":0}`, 1)
		w.advance(SyncTimeout)
		want(t, w, `"event":"sync_request","data":{"from":0}`, 2)
	}
	w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("operation", "document_sync", protocol.DocumentSync{From: 1, To: 1, DocumentVersion: 1, Ops: []protocol.SyncOp{
		{Version: 1, MessageID: "a", UserID: "u2", ClientID: "c2", Op: []byte("1")},
	}}.Append(nil))})
	want(t, w, "t1: emit operation", 1)
}
