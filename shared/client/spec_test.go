package client

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// One test for each sentence of seed S2 (the Materi document) that this part
// answers, quoted above it; ../SEEDS.md lists all of them.

// liveTab is a profile with one connected tab; pings are answered.
func liveTab(t *testing.T) (*world, *fakeTab) {
	t.Helper()
	w := newWorld()
	w.onWrite = w.answerPings
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.acknowledge(t1)
	w.lines = nil
	return w, t1
}

func (w *world) acknowledge(t *fakeTab) {
	gen := t.c.conn.Gen()
	w.do(t, Opened{Gen: gen})
	w.do(t, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{
		ClientID: "c1", UserID: "u1", Permissions: []string{"read", "write"}, SessionID: "s1",
		ServerTime: w.now, ExpiresAt: w.now.Add(15 * time.Minute),
	}.Append(nil))})
}

// fail ends a connection, or a dial, and lets the tab dial again.
func (w *world) fail(t *fakeTab) {
	w.do(t, Closed{Gen: t.c.conn.Gen(), Code: 1006})
	if at, ok := t.c.Deadline(); ok {
		w.advance(at.Sub(w.now))
	}
}

func (w *world) count(part string) (n int) {
	for _, l := range w.lines {
		if strings.Contains(l, part) {
			n++
		}
	}
	return n
}

func want(t *testing.T, w *world, part string, n int) {
	t.Helper()
	if got := w.count(part); got != n {
		t.Errorf("%q happened %d times, want %d, in\n%s", part, got, n, strings.Join(w.lines[:min(len(w.lines), 40)], "\n"))
	}
}

func errorFrame(code protocol.Code, change ...func(*protocol.Error)) []byte {
	e := protocol.Error{Code: code}
	for _, f := range change {
		f(&e)
	}
	return e.AppendJSON(nil)
}

// S2: "if (!documentId || !accessToken) { throw new Error('Missing required parameters'); }",
// "if (parts.length !== 3) { throw new Error('Invalid token format'); }" and
// "if (payload.exp * 1000 < Date.now()) { throw new Error('Token expired'); }".
func TestConnectChecksBeforeDialling(t *testing.T) {
	w := newWorld()
	good := w.token("u1", w.now, time.Minute)
	for _, c := range []struct {
		name, document, token string
		want                  error
	}{
		{"good", "d", good, nil},
		{"no document", "", good, ErrMissingDocument},
		{"no token", "d", "", ErrMissingToken},
		{"two parts", "d", "a.b", ErrTokenFormat},
		{"four parts", "d", good + ".x", ErrTokenFormat},
		{"not base64url", "d", "a.b$.c", ErrTokenFormat},
		{"a comma would end the subprotocol", "d", strings.Replace(good, ".", ",", 1), ErrTokenFormat},
		{"too long", "d", strings.Repeat("a", protocol.TokenBytes+1), ErrTokenTooLong},
		{"expired", "d", w.token("u1", w.now.Add(-time.Hour), time.Minute), ErrTokenExpired},
	} {
		if err := Check(c.document, c.token, w.now); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	// The same in the core: nothing is dialled with it.
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: "not.a.token"})
	want(t, w, "dial", 0)
	want(t, w, `"reason":"token_format"`, 1)
}

// S2: "Don't embed tokens in URLs - Use query params only for WebSocket" and
// "wsUrl.searchParams.set('client_id', generateClientId());": the token is in the
// subprotocol.
func TestDialCarriesTheTokenOutsideTheURL(t *testing.T) {
	w := newWorld()
	var d Dial
	w.onDial = func(_ *fakeTab, e Dial) { d = e }
	t1 := w.open("t1", func(c *Config) { c.Document, c.ClientID, c.URL = "a/b ü", "c&1", "wss://api.example.com/base/" })
	tok := w.token("u1", w.now, 15*time.Minute)
	w.do(t1, TokenFetched{Token: tok})
	if d.URL != "wss://api.example.com/base/v1/ws/documents/a%2Fb%20%C3%BC?client_id=c%261" {
		t.Errorf("url %s", d.URL)
	}
	if len(d.Protocols()) != 2 || d.Protocols()[0] != "holdfast.v1" || d.Protocols()[1] != "bearer."+tok {
		t.Errorf("protocols %v", d.Protocols())
	}
}

// S2: "this.refreshThreshold = 60000; // Refresh 1 minute before expiry",
// "if (timeUntilExpiry < this.refreshThreshold) { this.refreshAndReconnect(); }",
// "// Get new token from your auth system" and "Implement token refresh - Refresh
// before expiry": however often the token changes, one refresh is planned.
func TestRefreshOneMinuteBeforeExpiry(t *testing.T) {
	for _, c := range []struct {
		name string
		ttl  time.Duration
		hide bool
		at   time.Duration
	}{
		{"a quarter of an hour", 15 * time.Minute, false, 14 * time.Minute},
		{"hidden, where timers are slow", 15 * time.Minute, true, 12*time.Minute + 30*time.Second},
		{"shorter than two margins", 2 * time.Minute, false, time.Minute},
		{"half a minute", 30 * time.Second, false, 15 * time.Second},
		{"short and hidden", 4 * time.Minute, true, 2 * time.Minute},
	} {
		w := newWorld()
		w.onWrite = w.answerPings
		t1 := w.open("t1", func(cfg *Config) { cfg.Visible = !c.hide })
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, c.ttl)})
		gen := t1.c.conn.Gen()
		w.do(t1, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s1", ServerTime: w.now, ExpiresAt: w.now.Add(c.ttl)}.Append(nil))})
		w.lines = nil
		w.advance(c.at - time.Millisecond)
		if w.count("fetch token") != 0 {
			t.Errorf("%s: too early", c.name)
		}
		w.advance(time.Millisecond)
		if w.count("fetch token") != 1 {
			t.Errorf("%s: fetched %d times after %v", c.name, w.count("fetch token"), c.at)
		}
		w.advance(FetchTimeout - time.Millisecond)
		if w.count("fetch token") != 1 {
			t.Errorf("%s: asked again while an answer is open", c.name)
		}
		// An answer that never comes is a failed try, not the end of refreshing.
		w.advance(BackoffMax)
		if w.count("fetch token") != 2 {
			t.Errorf("%s: not asked again after %v without an answer", c.name, FetchTimeout)
		}
	}
}

// S2: "const expiresAt = payload.exp * 1000;": a clock that is wrong must not matter.
func TestRefreshWithAWrongClock(t *testing.T) {
	for _, off := range []time.Duration{-3 * time.Hour, -time.Minute, time.Minute, 3 * time.Hour} {
		w := newWorld()
		w.onWrite = w.answerPings
		server := w.now
		w.now = w.now.Add(off)
		t1 := w.open("t1")
		for i := 0; w.count("dial") == 0 && i < 3; i++ {
			w.do(t1, TokenFetched{Token: w.token("u1", server, 15*time.Minute)})
			for t1.fetching = false; !t1.fetching && w.count("dial") == 0; {
				w.advance(time.Second)
				server = server.Add(time.Second)
			}
		}
		w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: "u1", SessionID: "s1", ServerTime: server, ExpiresAt: server.Add(15 * time.Minute)}.Append(nil))})
		w.lines = nil
		w.advance(14*time.Minute - time.Second)
		want(t, w, "fetch token", 0)
		w.advance(time.Second)
		want(t, w, "fetch token", 1)
		if w.count("fetch token") != 1 {
			t.Logf("clock off by %v", off)
		}
	}
}

// S2: "// Close current connection cleanly this.wsClient.close(1000, 'Token refresh');"
// and "// Reconnect with new token this.wsClient.setToken(newToken); this.wsClient.connect();":
// the fallback when the server does not swap in place.
func TestRefreshAndReconnect(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	want(t, w, `"event":"token_refresh"`, 1)
	want(t, w, "close", 0)
	w.advance(SwapTimeout)
	want(t, w, `close 1 with 1000 "Token refresh"`, 1)
	want(t, w, "dial 2", 1)
	want(t, w, "bearer.<token2>", 1)
}

// S2: "console.error('Token refresh failed:', error); this.wsClient.onAuthError();".
func TestRefreshFailureIsAnAuthError(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	for i := range TokenTries {
		want(t, w, "emit autherror", 0)
		w.do(t1, TokenFailed{Message: "no"})
		if i < TokenTries-1 {
			w.advance(BackoffMax)
		}
	}
	want(t, w, "emit autherror", 1)
	want(t, w, "close", 0) // the token in use is still good
}

// S2: "The server may request token refresh if permissions change".
func TestServerInitiatedRefresh(t *testing.T) {
	w, t1 := liveTab(t)
	w.advance(time.Minute)
	ask := frame("system", "token_refresh_required", []byte(`{"reason":"permissions_changed","expires_in":60}`))
	for range 10 {
		w.do(t1, Received{Gen: 1, Text: ask})
	}
	want(t, w, "fetch token", 1)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	for range 10 {
		w.do(t1, Received{Gen: 1, Text: ask})
	}
	want(t, w, "fetch token", 1) // no storm
	w.advance(RefreshPause)
	want(t, w, "fetch token", 2)
}

// S2: "case 'AUTHENTICATION_FAILED': case 'TOKEN_EXPIRED': await this.handleTokenError();",
// "// Attempt to refresh the token" and
// "// Redirect to login this.authService.redirectToLogin();".
func TestTokenErrors(t *testing.T) {
	for _, code := range []protocol.Code{protocol.AuthenticationFailed, protocol.TokenExpired} {
		w, t1 := liveTab(t)
		w.do(t1, Received{Gen: 1, Text: errorFrame(code)})
		w.do(t1, Closed{Gen: 1, Code: protocol.Lookup(code).Close})
		want(t, w, "fetch token", 1)
		want(t, w, "dial", 0)
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
		want(t, w, "dial", 1)
		w.do(t1, TokenFailed{Final: true}) // nothing was asked: it does not count
		want(t, w, "emit autherror", 0)
	}
	w, t1 := liveTab(t)
	w.do(t1, Closed{Gen: 1, Code: 4102})
	w.do(t1, TokenFailed{Message: "signed out", Final: true})
	w.advance(2 * raceWait) // and once more, in case that was a lost race
	w.do(t1, TokenFailed{Message: "signed out", Final: true})
	want(t, w, `emit autherror {"code":"AUTHENTICATION_FAILED","message":"signed out","recoverable":false,"action":"stop"`, 1)
	want(t, w, `emit state {"state":"closed"`, 1)
}

// S2: "case 'INSUFFICIENT_PERMISSIONS': this.handlePermissionError();", "// Notify user of
// access issue", "message: 'You no longer have access to this document'" and
// "this.wsClient.disconnect();".
func TestPermissionErrorDisconnects(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Received{Gen: 1, Text: errorFrame(protocol.InsufficientPermissions)})
	w.do(t1, Closed{Gen: 1, Code: 4403})
	want(t, w, "emit permissiondenied", 1)
	want(t, w, `emit state {"state":"closed"`, 1)
	w.advance(time.Hour)
	want(t, w, "dial", 0)
}

// S2: "default: if (!recoverable) { this.handleFatalError(errorMessage); }", and the
// action column: every row of the table does what its close code's range says.
func TestEveryRowOfTheErrorTable(t *testing.T) {
	for _, row := range protocol.Table {
		for _, spoken := range []bool{true, false} {
			w, t1 := liveTab(t)
			if spoken {
				w.do(t1, Received{Gen: 1, Text: errorFrame(row.Code, func(e *protocol.Error) { e.RetryAfter = 30 * time.Second })})
			}
			w.do(t1, Closed{Gen: 1, Code: row.Close})
			w.advance(25 * time.Second)
			dials, fetches := w.count("dial"), w.count("fetch token")
			own := row.Code == protocol.ConnectionReplaced && !spoken
			over := t1.c.stopped || row.Code == protocol.ConnectionReplaced && t1.c.status.state == stateReplaced
			switch {
			case own: // another tab of this profile: not final
				if w.count("unlock") != 1 {
					t.Errorf("%s without a word: did not step down", row.Code)
				}
			case row.Action == protocol.ActionStop && (dials != 0 || fetches != 0 || !over),
				row.Action == protocol.ActionRefresh && (fetches != 1 || dials != 0),
				row.Action == protocol.ActionReconnect && dials == 0,
				row.Action == protocol.ActionWait && spoken && dials != 0,
				row.Action == protocol.ActionWait && !spoken && dials == 0:
				t.Errorf("%s (%d, %s, spoken %v): %d dials, %d fetches, stopped %v", row.Code, row.Close, row.Action, spoken, dials, fetches, t1.c.stopped)
			}
		}
	}
}

// Every failure an app receives has code, recoverable and action.
func TestEveryFailureSaysWhatIsDone(t *testing.T) {
	for _, row := range protocol.Table {
		w, t1 := liveTab(t)
		w.onEmit = func(_ *fakeTab, e Emit) {
			switch e.Type {
			case "error", "autherror", "permissiondenied":
				var f struct {
					Code, Message, Action string
					Recoverable           *bool
				}
				if err := json.Unmarshal(e.Detail, &f); err != nil || f.Code == "" || f.Message == "" || f.Action == "" || f.Recoverable == nil {
					t.Errorf("%s: %s", row.Code, e.Detail)
				}
			}
		}
		w.do(t1, Received{Gen: 1, Text: errorFrame(row.Code)})
		w.do(t1, Closed{Gen: 1, Code: row.Close})
	}
}

// S2: "Don't retry indefinitely - Implement max retry limits": after DialTries
// failures the tab waits to be woken.
func TestDiallingEnds(t *testing.T) {
	w, t1 := liveTab(t)
	w.lines = nil
	for range DialTries + 10 {
		w.fail(t1)
	}
	want(t, w, "dial", DialTries)
	want(t, w, `"reason":"dormant"`, 2) // for the app, and for the other tabs
	w.do(t1, Online{})
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)}) // if the one it had is over
	want(t, w, "dial", DialTries+1)
}

// S2: "Don't share connections - One connection per user/document" and "When multiple
// browser tabs connect to the same document": one socket for all tabs, and none
// beside it.
func TestOneConnectionAtATime(t *testing.T) {
	w, t1 := liveTab(t)
	w.open("t2")
	w.open("t3")
	for range 5 {
		w.do(t1, Online{})
		w.do(t1, Visible{})
		w.do(t1, Resume{})
		w.do(t1, Start{})
		w.do(t1, LockGranted{})
	}
	want(t, w, "dial", 0)
}

// S2: "this.channel.postMessage({ type: 'tab_register', tabId: this.tabId, documentId });",
// "this.isPrimary = message.tabId === this.tabId;",
// "// All tabs update their token this.updateToken(message.newToken);" and
// "this.channel.postMessage({ type: 'token_refreshed', newToken });".
func TestTabCoordinationWords(t *testing.T) {
	w, _ := liveTab(t)
	t2 := w.open("t2")
	want(t, w, `post {"type":"tab_register","tabId":"t2","documentId":"welcome"`, 1)
	want(t, w, `post {"type":"primary_assigned","tabId":"t1"`, 1)
	want(t, w, `post {"type":"token_refreshed","tabId":"t1"`, 1)
	if t2.c.tabs.leading || t2.c.tabs.leader != "t1" || t2.c.conn.Token.Raw != w.tokens[0] {
		t.Errorf("t2 follows %q with token %q", t2.c.tabs.leader, t2.c.conn.Token.Raw)
	}
	w.lines = nil
	w.do(w.tab("t1"), Close{})
	want(t, w, "fetch token", 0) // promoted with the token it was given
	want(t, w, "t2: dial", 1)
}

// S2: "Don't store tokens in localStorage - Use secure memory or httpOnly cookies": a
// token is in a subprotocol, in a token_refresh frame and on the tabs' channel, and
// nowhere an app or a log could pick it up.
func TestTokensStayWhereTheyBelong(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Refresh{})
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.do(t1, Received{Gen: 1, Text: errorFrame(protocol.AuthenticationFailed)})
	w.do(t1, Closed{Gen: 1, Code: 4101})
	w.do(t1, TokenFetched{Token: w.tokens[1]})
	for _, l := range w.lines {
		if strings.Contains(l, "<token") && !strings.Contains(l, "post {\"type\":\"token_refreshed\"") &&
			!strings.Contains(l, "bearer.<token") && !strings.Contains(l, `"event":"token_refresh"`) {
			t.Errorf("a token in %s", l)
		}
	}
	w.do(t1, SignOut{})
	if t1.c.conn.Token != (clientconn.Token{}) {
		t.Error("a token outlives the sign-out")
	}
}
