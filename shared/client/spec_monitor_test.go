package client

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// S2: "// Restart monitoring this.startMonitoring(newToken);": each new token is
// refreshed a minute before its own expiry, once.
func TestEachTokenIsWatched(t *testing.T) {
	w, t1 := liveTab(t)
	w.advance(14 * time.Minute)
	for n := 1; n <= 3; n++ {
		want(t, w, "fetch token", n)
		w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
		w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: frame("system", "token_refreshed", protocol.TokenRefreshed{
			ExpiresAt: w.now.Add(15 * time.Minute), ExpiresIn: 15 * time.Minute, ServerTime: w.now,
		}.Append(nil))})
		w.advance(14*time.Minute - time.Second)
		want(t, w, "fetch token", n)
		w.advance(time.Second)
	}
	want(t, w, "dial", 0)
}

// S2: "stopMonitoring()": a tab that is closed asks for no token and dials no more.
func TestClosedTabWatchesNothing(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Close{})
	w.advance(time.Hour)
	want(t, w, "fetch token", 0)
	want(t, w, "dial", 0)
	if at, ok := t1.c.Deadline(); ok {
		t.Errorf("due at %v", at)
	}
}
