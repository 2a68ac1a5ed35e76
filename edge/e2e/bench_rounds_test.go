//go:build !js

package e2e

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// sample is what one contestant did in one round. Where took is empty, only the
// whole was measured.
type sample struct {
	took    []time.Duration
	ops     int
	elapsed time.Duration
	more    bool // the turn was more than what was timed, so its CPU time means nothing
}

// score is what contestants are compared by: the time of one op, its median
// where there is one.
func (s sample) score() float64 {
	if len(s.took) > 0 {
		return float64(quantile(slices.Sorted(slices.Values(s.took)), 0.5))
	}
	return float64(s.elapsed) / float64(s.ops)
}

// each takes n samples one after the other.
func each(n int, once func() time.Duration) sample {
	s := sample{ops: n}
	for range n {
		took := once()
		s.took = append(s.took, took)
		s.elapsed += took
	}
	return s
}

// result is all rounds of one contestant.
type result struct {
	name   string
	rounds []sample
	cpu    time.Duration // of workerd's threads while it was this one's turn
	ratios map[string][3]float64
}

// interleave runs b.N rounds, in each of which every contestant has a short turn:
// whatever else this machine does hits all of them. What is compared is their
// times within a round, and what is reported is the median over the rounds.
func (r *rig) interleave(b *testing.B, figure string, all []*contestant, prepare func(*contestant) func() sample) {
	b.Helper()
	guard := time.AfterFunc(5*time.Minute, func() { r.Kill() })
	defer guard.Stop()
	defer r.hangUp()
	r.warmUp()
	turns := make([]func() sample, len(all))
	results := make([]*result, len(all))
	for i, c := range all {
		turns[i] = prepare(c)
		turns[i]() // its own object and sockets are new
		results[i] = &result{name: c.name}
	}
	b.ResetTimer()
	for n := range b.N {
		for k := range all {
			i := (n + k) % len(all)
			if n%2 == 1 { // or the same one would always clear up after the same other
				i = len(all) - 1 - i
			}
			before := r.cpu()
			s := turns[i]()
			if !s.more {
				results[i].cpu += r.cpu() - before
			}
			results[i].rounds = append(results[i].rounds, s)
		}
	}
	b.StopTimer()
	r.table.set(figure, results)
	b.ReportMetric(0, "ns/op") // a round of all of them means nothing
	for _, res := range results {
		for base, q := range res.ratios {
			if base != res.name {
				b.ReportMetric(q[1], res.name+"/"+base)
			}
		}
	}
}

// warmUp lets V8 optimise everybody's code before the first figure. WebAssembly
// begins in a baseline compiler: the object module's first thousand ops take ten
// times what they take after ten thousand (Node 22, 2026-11-21).
func (r *rig) warmUp() {
	const ops = 10_000
	if r.warm {
		return
	}
	r.warm = true
	for _, c := range r.all {
		r.dial(place{contestant: c, document: r.document()}).ops(ops, 64, 0)
	}
	r.hangUp()
}

func quantile[T any](sorted []T, part float64) T {
	return sorted[int(part*float64(len(sorted)-1)+0.5)]
}

// table is what is printed in the end.
type table struct {
	figures []figure
	memory  []idle
}

type figure struct {
	name    string
	results []*result
}

// set adds a figure, or replaces what a shorter run found for it.
func (t *table) set(name string, results []*result) {
	for _, res := range results {
		res.ratios = map[string][3]float64{}
		for _, base := range results {
			if base.name != "holdfast" {
				res.ratios[base.name] = compare(res, base)
			}
		}
	}
	for i := range t.figures {
		if t.figures[i].name == name {
			t.figures[i].results = results
			return
		}
	}
	t.figures = append(t.figures, figure{name, results})
}

// compare returns the quartiles, over the rounds, of one's time by the other's.
func compare(one, other *result) (quartiles [3]float64) {
	var ratios []float64
	for i := range one.rounds {
		ratios = append(ratios, one.rounds[i].score()/other.rounds[i].score())
	}
	slices.Sort(ratios)
	for i, part := range []float64{0.25, 0.5, 0.75} {
		quartiles[i] = quantile(ratios, part)
	}
	return quartiles
}

func (t *table) print(to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, f := range t.figures {
		fmt.Fprintf(w, "\n%s, %d rounds\n", f.name, len(f.results[0].rounds))
		fmt.Fprintln(w, "contestant\tper s\tp50 ms\tp99 ms\tCPU µs\ttime / bare\ttime / stored\ttime / partyserver")
		for _, res := range f.results {
			fmt.Fprintln(w, strings.Join(res.cells(), "\t"))
		}
	}
	if len(t.memory) > 0 {
		fmt.Fprintf(w, "\nworkerd's resident memory for each of %d idle sessions, 100 in a document\n", benchUsers)
		fmt.Fprintln(w, "contestant\tin memory KiB\thibernated KiB")
	}
	for _, m := range t.memory {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\n", m.name, m.awake, m.hibernated)
	}
	fmt.Fprintln(w, "\nTimes by the baseline's are medians over the rounds, with their quartiles; CPU is all of workerd's.")
	w.Flush()
}

func (res *result) cells() []string {
	var took []time.Duration
	var rates []float64
	ops := 0
	for _, s := range res.rounds {
		took = append(took, s.took...)
		rates = append(rates, float64(s.ops)/s.elapsed.Seconds())
		ops += s.ops
	}
	slices.Sort(rates)
	slices.Sort(took)
	cells := []string{res.name, fmt.Sprintf("%.0f", quantile(rates, 0.5)), "–", "–", "–"}
	if len(took) > 0 {
		cells[2] = milliseconds(quantile(took, 0.5))
		cells[3] = milliseconds(quantile(took, 0.99))
	}
	if res.cpu > 0 {
		cells[4] = fmt.Sprintf("%.0f", float64(res.cpu.Microseconds())/float64(ops))
	}
	for _, base := range []string{"bare", "stored", "partyserver"} {
		q, ok := res.ratios[base]
		switch {
		case !ok:
			cells = append(cells, "–")
		case base == res.name:
			cells = append(cells, "1")
		default:
			cells = append(cells, fmt.Sprintf("%.2f [%.2f–%.2f]", q[1], q[0], q[2]))
		}
	}
	return cells
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}
