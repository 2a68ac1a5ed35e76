// Package clock is the time of a test's world. It decides in what order things happen:
// by their moments and, of one moment, in the order in which they were set. Nothing here
// looks at the machine's own clock, so that a run repeats exactly.
//
// It is part of the test kit: tests alone import it.
package clock

import (
	"container/heap"
	"time"
)

// Start is when every story and every simulation begins.
var Start = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// Clock is the time, and what is going to happen.
type Clock struct {
	Now   time.Time
	tasks tasks
	order uint64
}

// New is a clock that stands at Start.
func New() Clock { return Clock{Now: Start} }

// Since is the time that has passed since Start.
func (c *Clock) Since() time.Duration { return c.Now.Sub(Start) }

// At has something done at t, or now if that is past.
func (c *Clock) At(t time.Time, do func()) {
	if t.Before(c.Now) {
		t = c.Now
	}
	c.order++
	heap.Push(&c.tasks, task{t, c.order, do})
}

// After has something done when d has passed.
func (c *Clock) After(d time.Duration, do func()) { c.At(c.Now.Add(d), do) }

// RunUntil lets everything happen until t.
func (c *Clock) RunUntil(t time.Time) {
	for len(c.tasks) > 0 && !c.tasks[0].at.After(t) {
		next := heap.Pop(&c.tasks).(task)
		c.Now = next.at
		next.do()
	}
	c.Now = t
}

// Pass moves now to until and wakes a core at each deadline on the way, at once where one
// has passed. At one moment it may be woken 1+again times: who is due once more would be
// woken for ever, and Pass returns false.
func Pass(now *time.Time, until time.Time, again int, deadline func() (time.Time, bool), wake func()) bool {
	for woken := 0; ; woken++ {
		at, ok := deadline()
		if !ok || at.After(until) {
			*now = until
			return true
		}
		if at.After(*now) {
			*now, woken = at, 0
		}
		if woken > again {
			return false
		}
		wake()
	}
}

type task struct {
	at    time.Time
	order uint64
	do    func()
}

type tasks []task

func (q tasks) Len() int { return len(q) }
func (q tasks) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].order < q[j].order
}
func (q tasks) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *tasks) Push(x any)   { *q = append(*q, x.(task)) }
func (q *tasks) Pop() any {
	old := *q
	t := old[len(old)-1]
	*q = old[:len(old)-1]
	return t
}
