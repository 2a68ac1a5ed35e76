package sim_test

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

var simLog = flag.Bool("sim.log", false, "print every event of the runs")

// TestSim plays one world after another, each from one seed, and holds each to
// the invariants of check_test.go. A failure prints the seed that replays it:
//
//	go test ./shared/sim -run Sim -sim.seed=N -sim.log
func TestSim(t *testing.T) {
	seed, runs := random.Seeds(300, 60) // make soak plays 10,000, and as WebAssembly 200
	began := time.Now()
	total, failed, err := playAll(seed, runs)
	if err != nil {
		t.Fatalf("seed %d: %v\nreplay: go test ./shared/sim -run Sim -sim.seed=%d -sim.log", failed, err, failed)
	}
	took := time.Since(began)
	t.Logf("%d seeds in %v (%.0f a second): %+v", runs, took.Round(time.Millisecond), float64(runs)/took.Seconds(), total)
	// A simulation in which nothing happens proves nothing.
	if runs >= 1000 { // the rarest wants as many
		for _, c := range total.each() {
			if c.n == 0 {
				t.Errorf("in %d runs there was not one case of: %s", runs, c.what)
			}
		}
	}
}

// playAll plays the seeds from first on, on every processor, and returns the
// lowest that failed.
func playAll(first, runs uint64) (total counts, failed uint64, err error) {
	var next atomic.Uint64
	var mu sync.Mutex
	var wg sync.WaitGroup
	next.Store(first)
	failed = first + runs
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < first+runs; n = next.Add(1) - 1 {
				c, e := play(n, *simLog)
				mu.Lock()
				total.add(c)
				if e != nil && n < failed {
					failed, err = n, e
					next.Store(first + runs) // no later one is of interest
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return total, failed, err
}

// counts is what happened, so that a run that tests nothing is seen.
type counts struct {
	Acked, Resumed, NewSession, Replayed, Synced, Replaced, HandedOver int
	HalfOpen, LateClose, Readmitted, Refreshed, TokenEnded, Repeated   int
	Hibernated, Refused, SourceDown, Left, GraceChecked, RenewChecked  int
	Trapped, Crashed, RateLimited, Slow, Probed, AskedOn, Pushed, Aged int
	Kicked, Revoked, Unconfirmed, Rejected                             int
	Compacted, Restored, Commented, Locked, SectionRefused             int
	SourceChanged, Outdated, Erased, OtherLog                          int
	PutBack, Resolved, Full, Unvouched, Rewound, Rewinds               int
	Looked, SyncWaited, ConnectRefused, AllDropped, Held, Several      int
	Posted, PostRepeated, PostRefused                                  int
	Delegated, DelegateWrote, DelegateEnded, Impersonated              int
	CommentsErased, UsersErased, CameBetween, Knocked, Emptied         int
	LetIn, SentOn, Overtaken                                           int
}

func (c *counts) add(o counts) {
	for i, p := range c.fields() {
		*p.p += *o.fields()[i].p
	}
}

type countField struct {
	what string
	p    *int
}

func (c *counts) fields() []countField {
	return []countField{
		{"an op acknowledged", &c.Acked}, {"a resume", &c.Resumed}, {"a new session after grace", &c.NewSession},
		{"a replay", &c.Replayed}, {"a sync", &c.Synced}, {"another client taking over", &c.Replaced},
		{"a hand-over", &c.HandedOver}, {"a half-open connection found dead", &c.HalfOpen}, {"a late close", &c.LateClose},
		{"a readmission", &c.Readmitted}, {"a token refreshed in place", &c.Refreshed}, {"a token's end", &c.TokenEnded},
		{"an op repeated", &c.Repeated}, {"a hibernation", &c.Hibernated}, {"an op refused", &c.Refused},
		{"a failing permission source", &c.SourceDown}, {"a user leaving", &c.Left},
		{"a session id checked within grace", &c.GraceChecked}, {"a session id checked after grace", &c.RenewChecked},
		{"a trap", &c.Trapped}, {"a crash", &c.Crashed}, {"an op refused for its number", &c.RateLimited},
		{"a slow consumer", &c.Slow}, {"a probe answered", &c.Probed}, {"a log that went for its age", &c.Aged}, {"a sync in parts", &c.AskedOn}, {"a change pushed", &c.Pushed},
		{"a kick confirmed", &c.Kicked}, {"a revocation confirmed", &c.Revoked}, {"an answer that something was not reached", &c.Unconfirmed},
		{"a revoked token rejected", &c.Rejected},
		{"a log compacted", &c.Compacted}, {"a snapshot taken over", &c.Restored}, {"a comment acknowledged", &c.Commented},
		{"a section locked", &c.Locked}, {"an op refused for a section", &c.SectionRefused},
		{"a document's access changed", &c.SourceChanged}, {"an answer sent back that was older", &c.Outdated},
		{"a document erased", &c.Erased}, {"a client of an erased log notified", &c.OtherLog},
		{"a document restored", &c.PutBack}, {"a comment resolved by an operator", &c.Resolved}, {"a log that is full", &c.Full},
		{"storage put back", &c.Rewound}, {"a client notified of it", &c.Rewinds},
		{"a snapshot ahead of the others", &c.Unvouched},
		{"presence seen in the end", &c.Looked}, {"a sync while another waited", &c.SyncWaited},
		{"a connect refused for its number", &c.ConnectRefused}, {"all connections of a user dropped at once", &c.AllDropped},
		{"a redial refused for another client", &c.Held}, {"several clients of one user at once", &c.Several},
		{"an entry that a server has posted", &c.Posted}, {"one that it repeats", &c.PostRepeated}, {"a post refused", &c.PostRefused},
		{"a delegate held to its user", &c.Delegated}, {"an entry of a delegate", &c.DelegateWrote},
		{"a comment erased", &c.CommentsErased}, {"a user erased", &c.UsersErased}, {"a user who comes back while being erased", &c.CameBetween},
		{"a token of before an erasure tried", &c.Knocked}, {"a workspace emptied", &c.Emptied},
		{"a delegate that learns of its revocation", &c.DelegateEnded}, {"a delegate that brings its user's token", &c.Impersonated},
		{"a client let in by the document alone", &c.LetIn}, {"one that it sends on", &c.SentOn}, {"one that overtakes a revocation", &c.Overtaken},
	}
}

type count struct {
	what string
	n    int
}

func (c *counts) each() (out []count) {
	for _, f := range c.fields() {
		out = append(out, count{f.what, *f.p})
	}
	return out
}

// play runs one world to its end and returns the first broken invariant.
func play(seed uint64, log bool) (c counts, err error) {
	w := newWorld(seed, log)
	defer func() {
		if r := recover(); r != nil {
			v, ok := r.(violation)
			if !ok {
				panic(fmt.Sprintf("seed %d: %v", seed, r))
			}
			c, err = w.counts, v
		}
	}()
	w.run()
	w.looks()
	w.settle()
	return w.counts, nil
}
