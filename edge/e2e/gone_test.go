//go:build !js

package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A kill -9 at any moment, while ops are written over others that are gone, loses none that was acknowledged,
// and leaves no hole: what is in the file from where entries are gone on is every version once. Then a person
// is erased who wrote what is gone, and no word of it is in any file.
func TestOpsWrittenOverOthersSurviveAKill(t *testing.T) {
	t.Parallel()
	d := startDev(t, "KEEP_OPS=1", "KEEP_REPLACED_S=1", "SNAPSHOT_CONFIRM_MS=1")
	user, token := d.person("writer@example.com", "Some Writer")
	d.json("PUT", "/v1/admin/documents/welcome/members/"+user, `{"role":"full_access"}`, 200)
	number := func(query string) (n int) {
		fmt.Sscan(d.files("ops", query), &n)
		return n
	}
	const gone = "kind = 0 AND version <= (SELECT kept FROM state)"
	acknowledged, left := 0, 0
	for turn := range 6 {
		c := d.connect(dialling{document: "welcome", clientID: fmt.Sprint("w", turn), token: token})
		version := c.ack.number("document_version")
		if version < acknowledged {
			t.Fatalf("%d are left of %d that were acknowledged", version, acknowledged)
		}
		for range 3 {
			for range 20 {
				acknowledged = c.op(fmt.Sprintf("m%d-%d", turn, acknowledged), "some words")
			}
			time.Sleep(1100 * time.Millisecond) // what the last snapshot replaced is kept for so long
			c.snapshot(fmt.Sprint("s", acknowledged), acknowledged, `"all"`)
		}
		written := make(chan struct{})
		go func() { // it dies with the server
			defer close(written)
			for i := range 200 {
				if c.ws.Write(t.Context(), 1, fmt.Appendf(nil, `{"type":"operation","event":"op","message_id":"k%d-%d","data":{"op":%q}}`, turn, i, "some words")) != nil {
					return
				}
			}
		}()
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		d.Kill()
		<-written
		first, last := number("SELECT kept FROM state"), number("SELECT MAX(version) FROM ops")
		if n := number("SELECT COUNT(*) FROM ops WHERE version > (SELECT kept FROM state)"); n != last-first || last < acknowledged {
			t.Fatalf("there are %d entries of (%d, %d], and %d was acknowledged", n, first, last, acknowledged)
		}
		left = max(left, number("SELECT COUNT(*) FROM ops WHERE "+gone))
		d.Restart()
	}
	if left == 0 {
		t.Fatal("nothing was ever gone")
	}
	c := d.connect(dialling{document: "welcome", clientID: "w", token: token})
	for _, word := range []string{canary(71), "plain"} {
		for i := range 20 {
			acknowledged = c.op(fmt.Sprint(word, i), word)
		}
		time.Sleep(1100 * time.Millisecond)
		c.snapshot("s"+word, acknowledged, `"all"`)
	}
	if found := d.holding(`"` + canary(71) + `"`); len(found) == 0 {
		t.Fatal("what is gone is not in the file, or the search finds nothing")
	}
	d.json("DELETE", "/v1/admin/users/"+user, `{"reason":"by_request"}`, 200)
	if found := d.holding(canary(71)); len(found) > 0 {
		t.Errorf("what is gone is in %q", found)
	}
	d.Kill()
	if n := number("SELECT COUNT(*) FROM ops WHERE " + gone); n > 0 {
		t.Errorf("%d that are gone are there", n)
	}
}
