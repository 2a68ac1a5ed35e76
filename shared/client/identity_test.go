package client

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Who is signed in, over all tabs and documents.

// onNotes opens a tab of another document that is connected by itself.
func onNotes(t *testing.T, w *world, user string) *fakeTab {
	t.Helper()
	n := w.open("n1", func(c *Config) { c.Document, c.Locks = "notes", false })
	w.do(n, TokenFetched{Token: w.token(user, w.now, 15*time.Minute)})
	w.do(n, Received{Gen: n.c.conn.Gen(), Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: user, SessionID: "s2"}.Append(nil))})
	if n.c.status.state != stateConnected {
		t.Fatal("not connected")
	}
	w.lines = nil
	return n
}

func TestSignOutReachesEveryDocument(t *testing.T) {
	w, t1 := liveTab(t)
	n1 := onNotes(t, w, "u1")
	w.do(t1, SignOut{})
	want(t, w, "n1: emit autherror", 1)
	want(t, w, `n1: close 1 with 1000`, 1)
	if !n1.c.stopped || n1.c.conn.Token.Raw != "" {
		t.Error("goes on with its token")
	}
	w.advance(time.Hour)
	want(t, w, "dial", 0)
}

// A page that learns of it while it is frozen does not wake up signed in.
func TestSignOutReachesASuspendedPage(t *testing.T) {
	w, t1 := liveTab(t)
	n1 := onNotes(t, w, "u1")
	w.do(n1, Freeze{})
	w.do(t1, SignOut{})
	w.lines = nil
	w.do(n1, Resume{})
	w.advance(time.Minute)
	want(t, w, "n1: dial", 0)
	want(t, w, "n1: fetch token", 0)
}

// One that could not receive anything in the back-forward cache asks before it dials.
func TestPageFromTheCacheAsksForAToken(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, PageHide{})
	w.do(t1, Freeze{})
	w.lines = nil
	w.do(t1, Resume{}) // in this order, and before pageshow
	w.do(t1, PageShow{})
	want(t, w, "fetch token", 1)
	want(t, w, "dial", 0)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	want(t, w, "dial 2", 1)
	want(t, w, "bearer.<token2>", 1)
}

func TestSignInAsSomeoneElseEndsTheOldSessions(t *testing.T) {
	w, t1 := liveTab(t)
	onNotes(t, w, "u2") // in another tab
	w.open("t2")
	w.lines = nil
	w.advance(time.Millisecond)
	want(t, w, "t1: fetch token", 1)
	want(t, w, "close", 0) // not on the word of a channel
	w.do(t1, TokenFetched{Token: w.token("u2", w.now, 15*time.Minute)})
	for _, name := range []string{"t1", "t2"} {
		want(t, w, name+`: emit autherror {"code":"AUTHENTICATION_FAILED"`, 1)
	}
	want(t, w, "n1: close", 0)
}

// A token that was on its way when the user signed out, or somebody else signed in, was
// given before that: the app is asked once more.
func TestTokenThatWasOnItsWay(t *testing.T) {
	w, t1 := liveTab(t)
	n1 := w.open("n1", func(c *Config) { c.Document, c.Locks = "notes", false }) // asks for its first
	w.lines = nil
	w.do(t1, SignOut{})
	w.advance(5 * time.Second)
	want(t, w, "fetch token", 0) // not before there is an answer
	w.do(n1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.advance(time.Millisecond)
	want(t, w, "n1: fetch token", 1)
	w.do(n1, TokenFailed{Final: true, Message: "nobody is signed in"})
	w.advance(time.Minute)
	w.do(n1, TokenFailed{Final: true, Message: "nobody is signed in"})
	want(t, w, "n1: emit autherror", 1)

	w, t1 = liveTab(t)
	w.do(t1, Refresh{})
	onNotes(t, w, "u2")
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 20*time.Minute)})
	w.advance(time.Millisecond)
	want(t, w, "t1: fetch token", 1)
	w.do(t1, TokenFetched{Token: w.token("u2", w.now, 15*time.Minute)})
	want(t, w, "t1: emit autherror", 1)
}

// A tab whose app says who is signed in never takes part in a session of somebody
// who was signed in before: it waits until that one has ended, and leads its own.
func TestTabOfAnotherUserFollowsNobodyElse(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2", func(c *Config) { c.User = "u2" })
	w.do(t2, Send{"1", []byte(`"as u2"`)})
	w.do(t2, Presence{[]byte(`"cursor of u2"`)})
	w.do(t2, Refresh{})
	t3 := w.open("t3", func(c *Config) { c.User = "u2" })
	w.do(t3, Send{"2", []byte(`"left by u2"`)})
	w.do(t3, PageHide{})
	w.crash(t3)
	w.advance(10 * time.Second)
	want(t, w, "t1: write", 0)
	want(t, w, "t2: emit operation", 0)
	want(t, w, `"type":"tab_send"`, 0)
	want(t, w, `t2: emit state {"state":"connected"`, 0)
	if t2.c.conn.Token.Raw != "" || t2.c.session.id != "" {
		t.Error("t2 has something of the session of u1")
	}
	want(t, w, "t1: fetch token", 1) // the leader is notified, and asks
	w.do(t1, TokenFetched{Token: w.token("u2", w.now, 15*time.Minute)})
	want(t, w, "t1: emit autherror", 1)
	want(t, w, "t2: emit autherror", 0)
	w.do(t2, TokenFetched{Token: w.token("u2", w.now, 15*time.Minute)})
	w.do(t2, Opened{Gen: 1})
	w.do(t2, Received{Gen: 1, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u2", SessionID: "s2"}.Append(nil))})
	want(t, w, `t2: write 1 {"type":"operation","event":"op","data":{"op":"as u2"},"message_id":"t2-1"}`, 1)
	want(t, w, `t2: write 1 {"type":"operation","event":"op","data":{"op":"left by u2"},"message_id":"t3-2"}`, 1)
}

// What a script of the origin makes up on that channel signs nobody out, and costs
// a token every ten seconds at most.
func TestForgedWordsOnTheOriginsChannel(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	fetched := 0
	for range 300 {
		for _, text := range []string{
			`{"type":"signed_out","tabId":"x","userId":"u2"}`,
			`{"type":"signed_out","tabId":"x","userId":""}`,
			`{"type":"signed_out","tabId":"x"}`,
			`{"type":"signed_out","tabId":"x","userId":{"__proto__":"u1"}}`,
			`{"type":"signed_out","tabId":"t 1","userId":"u1"}`,
			`{"type":"signed_out","userId":"u1"}`,
			`{"type":"signed_in","tabId":"x","userId":"u9"}`,
			`{"__proto__":{"type":"signed_out","userId":"u1"},"tabId":"x"}`,
			`{"type":"signed_out","tabId":"x","userId":"u1","pad":"` + strings.Repeat("x", maxBroadcast) + `"}`,
			`signed_out`, ``, `[]`,
		} {
			for _, tab := range []*fakeTab{t1, t2} {
				w.do(tab, BroadcastOrigin{text})
			}
		}
		w.advance(time.Second)
		if t1.fetching {
			t1.fetching = false
			fetched++
			w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
			w.do(t1, Received{Gen: 1, Text: frame("system", "token_refreshed", protocol.TokenRefreshed{ExpiresAt: w.now.Add(15 * time.Minute), ServerTime: w.now}.Append(nil))})
		}
	}
	if fetched > 31 {
		t.Errorf("%d tokens in five minutes", fetched)
	}
	want(t, w, "autherror", 0)
	want(t, w, "close", 0)
	want(t, w, "t2: fetch token", 0)
	if t1.c.status.state != stateConnected || t2.c.status.state != stateConnected {
		t.Errorf("%s, %s", t1.c.status.state, t2.c.status.state)
	}
}

// Fifty calls in five tabs are one refresh, even where some arrive after its answer.
func TestFiftyRefreshesInFiveTabs(t *testing.T) {
	w, t1 := liveTab(t)
	tabs := []*fakeTab{t1, w.open("t2"), w.open("t3"), w.open("t4"), w.open("t5")}
	w.advance(time.Minute)
	w.lines, w.lag = nil, true
	for range 10 {
		for _, tab := range tabs {
			w.do(tab, Refresh{})
		}
	}
	letters := w.posted
	w.posted, w.lag = nil, false
	for i, l := range letters {
		if i == len(letters)/2 {
			w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
			w.do(t1, Received{Gen: 1, Text: frame("system", "token_refreshed", protocol.TokenRefreshed{ExpiresAt: w.now.Add(15 * time.Minute), ServerTime: w.now}.Append(nil))})
		}
		w.do(l.to, Broadcast{l.text})
	}
	w.advance(time.Minute)
	want(t, w, "fetch token", 1)
	for _, tab := range tabs {
		want(t, w, tab.name+": emit tokenrefresh", 1)
	}
}

// A refusal that a second question does not confirm was a lost race, not a logout.
func TestLostRotationRaceIsNoLogout(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	w.do(t1, TokenFailed{Message: "used already", Final: true})
	w.advance(2 * raceWait)
	want(t, w, "fetch token", 2)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	want(t, w, "emit autherror", 0)
	want(t, w, "emit error", 0)
	// The second refusal in a row is the end, also later on.
	w.do(t1, Received{Gen: 1, Text: frame("system", "token_refreshed", protocol.TokenRefreshed{ExpiresAt: w.now.Add(15 * time.Minute), ServerTime: w.now}.Append(nil))})
	w.do(t1, Refresh{})
	w.do(t1, TokenFailed{Message: "signed out", Final: true})
	want(t, w, "emit autherror", 0)
	w.advance(2 * raceWait)
	w.do(t1, TokenFailed{Message: "signed out", Final: true})
	want(t, w, "emit autherror", 1)
	if !t1.c.stopped {
		t.Error("goes on")
	}
}

// An app's error that quotes a token is reported without it.
func TestErrorTextsHoldNoToken(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	other := w.token("u1", w.now, time.Minute)
	w.tokens = w.tokens[:1] // so that it would be printed in full
	for _, said := range []string{"bad answer: " + w.tokens[0], "401 for Authorization: Bearer " + other} {
		w.do(t1, TokenFailed{Message: said})
		w.advance(BackoffMax)
	}
	want(t, w, `it holds a token`, 2)
	want(t, w, other[:20], 0)
	w.do(t1, TokenFailed{Message: "plain words"})
	want(t, w, `"message":"plain words"`, 1)
}

// Who was never signed in is not asked twice.
func TestNobodySignedInIsSaidAtOnce(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	w.do(t1, TokenFailed{Message: "not signed in", Final: true})
	want(t, w, "emit autherror", 1)
	want(t, w, "fetch token", 1)
}

// A token with a made-up end on the tabs' channel costs one refresh, once its
// listener leads; true ones are taken again from then on.
func TestForgedFarExpiryCostsOneRefresh(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	forged := w.token("u1", w.now, 100*365*24*time.Hour)
	w.do(t2, Broadcast{`{"type":"token_refreshed","tabId":"t1","epoch":` + utoa(t2.c.tabs.epoch) + `,"newToken":"` + forged + `","expiresIn":99999999999}`})
	w.lines = nil
	w.do(t1, Close{})
	want(t, w, "t2: dial 1", 1)
	w.do(t2, Received{Gen: 1, Text: errorFrame(protocol.AuthenticationFailed)})
	w.do(t2, Closed{Gen: 1, Code: 4101})
	want(t, w, "t2: fetch token", 1)
	w.do(t2, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.acknowledge(t2)
	w.lines = nil
	w.advance(14 * time.Minute)
	want(t, w, "fetch token", 1) // and the true one is refreshed a minute before its end
}

// Every tab learns of a gap and of whether the session was resumed.
func TestGapAndResumeReachEveryTab(t *testing.T) {
	w, t1 := liveTab(t)
	w.open("t2")
	w.open("t3")
	w.do(t1, Closed{Gen: 1, Code: 1006})
	w.advance(BackoffMax)
	gen := t1.c.conn.Gen()
	w.do(t1, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s1", Resumed: true, DocumentVersion: 9}.Append(nil))})
	w.do(t1, Received{Gen: gen, Text: frame("operation", "document_sync", protocol.DocumentSync{From: 1, To: 9, DocumentVersion: 9, Ops: []protocol.SyncOp{
		{Version: 8, MessageID: "a", UserID: "u2", ClientID: "c2", Op: []byte("8")}, {Version: 9, MessageID: "b", UserID: "u2", ClientID: "c2", Op: []byte("9")},
	}}.Append(nil))})
	for _, name := range []string{"t1", "t2", "t3"} {
		want(t, w, name+`: emit state {"state":"connected","resumed":true`, 1)
		want(t, w, name+`: emit gap {"from":1,"to":7,"count":7,"reason":"log_truncated"}`, 1)
		want(t, w, name+`: emit operation`, 2)
	}
}
