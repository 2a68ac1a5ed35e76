package client

import (
	"testing"
	"time"
)

// An app's getToken may hang, answer late, or have nothing yet. None of that is the end.

func TestHungTokenIsGivenUpAndAskedForAnew(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	w.advance(FetchTimeout - time.Millisecond)
	want(t, w, "give up token", 0)
	w.advance(time.Millisecond)
	want(t, w, "give up token", 1)
	want(t, w, `"reason":"refresh_timeout"`, 1)
	w.advance(time.Hour)
	want(t, w, "fetch token", TokenTries)
	want(t, w, "give up token", TokenTries)
	want(t, w, "emit autherror", 1)
	w.do(t1, Refresh{})
	want(t, w, "fetch token", TokenTries+1)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	want(t, w, "dial", 1)
}

func TestLateTokenServesIfItIsNewer(t *testing.T) {
	late := func(w *world, tok string) Event { return TokenFetched{Token: tok, Late: true} }
	t.Run("while nobody waits", func(t *testing.T) {
		w := newWorld()
		t1 := w.open("t1")
		w.advance(FetchTimeout)
		w.do(t1, late(w, w.token("u1", w.now, 15*time.Minute)))
		want(t, w, "dial", 1)
		w.advance(BackoffMax)
		want(t, w, "fetch token", 1)
	})
	t.Run("while the next call is under way, whose answer is then the late one", func(t *testing.T) {
		w := newWorld()
		t1 := w.open("t1")
		w.advance(FetchTimeout + BackoffMax)
		want(t, w, "fetch token", 2)
		w.do(t1, late(w, w.token("u1", w.now, 15*time.Minute)))
		w.do(t1, TokenFailed{Message: "no"})
		w.do(t1, TokenFetched{Token: w.token("u1", w.now.Add(-time.Minute), 15*time.Minute)}) // older
		want(t, w, "dial", 1)
		want(t, w, "autherror", 0)
		w.acknowledge(t1)
		w.do(t1, TokenFetched{Token: w.token("u1", w.now.Add(time.Minute), 15*time.Minute)}) // newer
		want(t, w, `"event":"token_refresh","data":{"token":"<token3>"`, 1)
	})
	t.Run("and else it is as if it had not come", func(t *testing.T) {
		w, t1 := liveTab(t)
		for _, tok := range []string{
			"", "x", "a.b.c",
			w.token("u2", w.now.Add(time.Hour), 15*time.Minute),
			w.token("u1", w.now.Add(-time.Hour), 15*time.Minute),
			w.token("u1", w.now.Add(-time.Minute), 15*time.Minute),
		} {
			w.do(t1, late(w, tok))
			w.do(t1, TokenFetched{Token: tok})
		}
		if len(w.lines) > 0 {
			t.Errorf("got %q", w.lines)
		}
		w.do(t1, Refresh{})
		w.do(t1, late(w, "x"))
		w.do(t1, TokenFetched{Token: w.token("u1", w.now.Add(time.Minute), 15*time.Minute)})
		want(t, w, `"event":"token_refresh"`, 1)
	})
}

func TestNoTokenYetIsAskedForAsLongAsItTakes(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1")
	for n := 1; n <= 3*TokenTries; n++ {
		want(t, w, "fetch token", n)
		w.do(t1, TokenFetched{})
		w.advance(BackoffMax)
	}
	want(t, w, "emit autherror", 1)
	want(t, w, `"action":"stop"`, 0)
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	want(t, w, "dial", 1)
}
