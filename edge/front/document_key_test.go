package front

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
)

// A server whose key is in use is let through, however long others at its address guess: it may
// share that with anybody, as all Workers of the platform do. A key that is found bad is no more
// believed in than before.
//
// Attacker: sends wrong keys from the server's address, without end.
func TestAGoodKeyBesideWhoGuesses(t *testing.T) {
	w := newWorker(t, withOperators())
	key := func(n int) string { return fmt.Sprintf("hfd_%016x_%s", n, strings.Repeat("A", 43)) }
	good := access.KeyHash(key(1))
	asked := 0
	w.query = func(_ string, args []any) map[string]any {
		if args[0] != good {
			return map[string]any{"rows": []any{}}
		}
		asked++
		return map[string]any{"rows": []any{[]any{0, 0}}}
	}
	ask := func(n int) map[string]any {
		return w.run(get("http://127.0.0.1:8787/v1/admin/documents/welcome/content", "authorization", "Bearer "+key(n), access.AddressHeader, "203.0.113.7"))
	}
	guess := func() (limited bool) {
		for range 40 {
			limited = ask(2)["status"] == 429.0 || limited
			w.said, w.steps, w.logs = "", nil, nil
		}
		return limited
	}
	for range 40 { // 20 minutes
		end := ask(1)
		if end["do"] != "handler" {
			t.Fatalf("after %s: %v", w.now.Sub(now), end)
		}
		if end["settle"] == true { // the handler has found it good
			w.step(map[string]any{"kind": "settled", "state": end["state"]})
		}
		w.now = w.now.Add(30 * time.Second)
		if !guess() {
			t.Fatal("nobody stops who guesses")
		}
	}
	if asked != 1 {
		t.Errorf("the database was asked %d times", asked)
	}
	// What the handler refuses is not believed in for longer.
	for w.now = w.now.Add(keyBelieved - time.Minute); ; w.now = w.now.Add(30 * time.Second) {
		guess()
		if ask(1)["do"] != "handler" {
			break
		}
		if w.now.Sub(now) > time.Hour {
			t.Fatal("a key that is never found good any more is believed in for good")
		}
	}
}
