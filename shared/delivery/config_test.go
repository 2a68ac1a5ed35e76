package delivery

import (
	"testing"
	"time"
)

// The pauses of the default number of tries take 5 to 10 hours, as the documents say.
func TestPauses(t *testing.T) {
	total := time.Duration(0)
	for n := 1; n < (Config{}).WithDefaults().Tries; n++ {
		p := Pause(n)
		if p > LongestPause || n > 1 && p < Pause(n-1) {
			t.Errorf("pause %d is %v", n, p)
		}
		total += p
	}
	if total < 9*time.Hour || total > 10*time.Hour || Pause(1) != FirstPause || Pause(1000) != LongestPause {
		t.Errorf("%v in all, at most", total)
	}
}

func TestWants(t *testing.T) {
	for types, want := range map[string]bool{
		"": true, DocumentChanged: true, "user.revoked, document.changed": true, "user.revoked\tdocument.changed ": true, "document.change": false, "document.changed2": false, ",": false,
	} {
		c := Config{On: true, Types: types}
		if c.Wants(DocumentChanged) != want {
			t.Errorf("%q: %v", types, !want)
		}
	}
	if c := (Config{}); c.Wants(DocumentChanged) {
		t.Error("off, and wanted")
	}
}

// Objects that fail together do not come back together: half of each pause is drawn.
func TestPausesDiffer(t *testing.T) {
	seen := map[time.Time]bool{}
	for seed := range uint64(100) {
		w := newWorld(t, int64(seed), Config{})
		w.q = Restore(w.cfg, w, Snapshot{}, seed)
		w.down = true
		w.step(func() { w.q.Put(w.now, DocumentJoined, []byte(`{}`)) })
		for w.q.state.Tries < 6 {
			w.run(w.now.Add(time.Minute))
		}
		seen[w.q.state.Next.Truncate(time.Second)] = true
	}
	if len(seen) < 80 {
		t.Errorf("100 objects come back at %d moments", len(seen))
	}
}
