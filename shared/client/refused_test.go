package client

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// refuses is a server that takes no new token, in place or by a dial.
func (w *world) refuses(code protocol.Code) {
	no := protocol.Error{Code: code, Reason: "claims"}
	w.onWrite = func(t *fakeTab, e Write) {
		f, _ := protocol.Decode(e.Text, protocol.DefaultLimits)
		switch f.Event {
		case "ping":
			w.later(t, Received{Gen: e.Gen, Text: []byte(protocol.PongText)})
		case "token_refresh":
			w.later(t, Received{Gen: e.Gen, Text: no.Frame().Append(nil)})
		}
	}
	w.onDial = func(t *fakeTab, d Dial) {
		w.later(t, Received{Gen: d.Gen, Text: no.Frame().Append(nil)})
		w.later(t, Closed{Gen: d.Gen, Code: no.CloseCode()})
	}
}

// gives answers every question for a token at once, and counts them.
func (w *world) gives(t *fakeTab, until time.Time) (asked int) {
	for {
		if t.fetching {
			t.fetching = false
			asked++
			w.do(t, TokenFetched{Token: w.token("u1", w.now, 2*time.Minute)})
			continue
		}
		_, at := w.next()
		if at.IsZero() || at.After(until) {
			w.now = until
			return asked
		}
		w.now = maxTime(w.now, at)
		w.do(t, Woken{})
	}
}

// A page whose new tokens are refused asks for five of them, goes on with the one it has
// to its end, and then says that somebody has to sign in.
func TestRefusedRefreshes(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 2*time.Minute)})
	w.acknowledge(t1)
	t1.fetching = false
	end := t1.c.conn.Token.End
	w.refuses(protocol.AuthenticationFailed)
	w.lines = nil
	if n := w.gives(t1, end.Add(-time.Second)); n != TokenTries {
		t.Errorf("asked %d times before the token's end", n)
	}
	want(t, w, "emit error", TokenTries)
	want(t, w, "emit autherror", 0)
	if !t1.c.conn.Token.End.Equal(end) || !t1.c.conn.Live() {
		t.Error("the session does not go on with the token it has")
	}
	for range 20 { // a server that keeps asking changes nothing
		w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("system", "token_refresh_required", []byte(`{"reason":"expiring","expires_in":1}`))})
	}
	if n := w.gives(t1, end.Add(time.Second)); n != 0 {
		t.Errorf("asked %d times more", n)
	}
	want(t, w, `emit autherror {"code":"AUTHENTICATION_FAILED"`, 1)
	want(t, w, `"reason":"refreshes_refused"`, 1)
	w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 4101})
	if n := w.gives(t1, end.Add(time.Hour)); n != 0 {
		t.Errorf("asked %d times after the end", n)
	}
	// The app has signed in anew, and the server takes it.
	w.onWrite, w.onDial = w.answerPings, nil
	w.do(t1, Refresh{})
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 2*time.Minute)})
	w.acknowledge(t1)
	if t1.c.conn.Token.Refusals != 0 || t1.c.status.state != stateConnected {
		t.Errorf("%d refusals, %s", t1.c.conn.Token.Refusals, t1.c.status.state)
	}
}

// The same with an app that gives the refused token again, and one that fails now and then.
func TestRefusedRefreshesAndMore(t *testing.T) {
	for name, answer := range map[string]func(w *world, t1 *fakeTab, n int, last string){
		"the same token": func(w *world, t1 *fakeTab, n int, last string) { w.do(t1, TokenFetched{Token: last}) },
		"failures between": func(w *world, t1 *fakeTab, n int, last string) {
			if n%2 == 0 {
				w.do(t1, TokenFailed{Message: "later"})
			} else {
				w.do(t1, TokenFetched{Token: w.token("u1", w.now, 2*time.Minute)})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			t1 := w.open("t1")
			w.do(t1, TokenFetched{Token: w.token("u1", w.now, 2*time.Minute)})
			w.acknowledge(t1)
			end := t1.c.conn.Token.End
			w.refuses(protocol.AuthenticationFailed)
			last := w.token("u1", w.now, time.Hour)
			asked := 0
			for {
				if t1.fetching {
					t1.fetching = false
					asked++
					answer(w, t1, asked, last)
					continue
				}
				_, at := w.next()
				if at.IsZero() || at.After(end.Add(time.Minute)) {
					break
				}
				w.now = maxTime(w.now, at)
				w.do(t1, Woken{})
			}
			if asked > 12 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// A server that lets a connection in and ends it for its token at once is not asked for
// ever, either.
func TestRefusedAfterAdmission(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	w.onWrite = w.answerPings
	for n := 1; !t1.c.stopped; n++ {
		if n > 2*TokenTries {
			t.Fatal("goes on for ever")
		}
		w.advance(BackoffMax)
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 2*time.Minute)})
		w.acknowledge(t1)
		w.do(t1, Closed{Gen: t1.c.conn.Gen(), Code: 4102})
	}
	if n := strings.Count(strings.Join(w.lines, "\n"), "emit autherror"); n != 1 {
		t.Errorf("%d autherrors", n)
	}
}

// A server that cannot say yet what the new token is worth, because the issuer has just
// begun to use another key, is asked again when it said; meanwhile the connection stands on the
// token it has, and nobody is signed out for it.
func TestRefreshThatIsNotKnownYet(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 10*time.Minute)})
	w.acknowledge(t1)
	t1.fetching = false
	end := t1.c.conn.Token.End
	notYet := protocol.Error{Code: protocol.ServiceUnavailable, Reason: "key_not_known_yet", RetryAfter: 8 * time.Second}
	w.onWrite = func(t *fakeTab, e Write) {
		if f, _ := protocol.Decode(e.Text, protocol.DefaultLimits); f.Event == "token_refresh" {
			w.later(t, Received{Gen: e.Gen, Text: notYet.Frame().Append(nil)})
		} else if f.Event == "ping" {
			w.later(t, Received{Gen: e.Gen, Text: []byte(protocol.PongText)})
		}
	}
	w.lines = nil
	w.do(t1, Refresh{})
	if n := w.gives(t1, w.now.Add(70*time.Second)); n < 7 || n > 9 {
		t.Errorf("asked %d times in 70 s", n)
	}
	want(t, w, "autherror", 0)
	want(t, w, "close", 0)
	want(t, w, "dial", 0)
	if !t1.c.conn.Live() || !t1.c.conn.Token.End.Equal(end) || t1.c.conn.Token.Refusals != 0 {
		t.Errorf("phase %v, ends in %v, %d refusals", t1.c.conn.Phase(), t1.c.conn.Token.End.Sub(w.now), t1.c.conn.Token.Refusals)
	}
	w.onWrite = w.answerPings
	w.gives(t1, w.now.Add(10*time.Second))
	w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("system", "token_refreshed", protocol.TokenRefreshed{ExpiresAt: w.now.Add(15 * time.Minute), ServerTime: w.now}.Append(nil))})
	if t1.c.status.state != stateConnected || !t1.c.conn.Token.End.Equal(w.now.Add(15*time.Minute)) {
		t.Errorf("%s, ends in %v", t1.c.status.state, t1.c.conn.Token.End.Sub(w.now))
	}
}
