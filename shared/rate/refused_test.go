package rate

import (
	"testing"
	"time"
)

// TestRefused: a few attempts in a row may fail, then one a minute. A clock that is set back
// makes nobody wait longer than that.
func TestRefused(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var r Refused
	for i := range 3 {
		if wait := r.Wait(now, 3); wait != 0 {
			t.Errorf("waits %v after %d", wait, i)
		}
		r.Refuse(now)
	}
	for after, want := range map[time.Duration]time.Duration{
		0: RefusedPause, time.Second: RefusedPause - time.Second, RefusedPause: 0, 2 * RefusedPause: 0, -time.Hour: RefusedPause,
	} {
		if wait := r.Wait(now.Add(after), 3); wait != want {
			t.Errorf("after %v: waits %v, not %v", after, wait, want)
		}
	}
}
