package clock

import (
	"fmt"
	"testing"
	"time"
)

func TestThingsHappenInOrder(t *testing.T) {
	c, got := New(), ""
	say := func(what string) func() { return func() { got += fmt.Sprintf("%s@%v ", what, c.Since()) } }
	c.After(2*time.Second, say("c"))
	c.After(time.Second, func() {
		say("a")()
		c.At(Start, say("late")) // now: the past is over
		c.After(5*time.Second, say("never"))
	})
	c.After(time.Second, say("b"))
	c.RunUntil(Start.Add(3 * time.Second))
	if want := "a@1s b@1s late@1s c@2s "; got != want || c.Since() != 3*time.Second {
		t.Errorf("%q at %v, want %q", got, c.Since(), want)
	}
}

func TestPassWakesAtEachDeadline(t *testing.T) {
	now, due, got := Start.Add(time.Second), []time.Duration{0, 2 * time.Second, 9 * time.Second}, ""
	deadline := func() (time.Time, bool) {
		if len(due) == 0 {
			return time.Time{}, false
		}
		return Start.Add(due[0]), true
	}
	wake := func() { got, due = got+now.Sub(Start).String()+" ", due[1:] }
	if !Pass(&now, Start.Add(5*time.Second), 0, deadline, wake) || got != "1s 2s " || now.Sub(Start) != 5*time.Second {
		t.Errorf("woken at %q, then it is %v", got, now.Sub(Start))
	}
	for again := range 3 {
		n := 0
		if Pass(&now, Start.Add(time.Minute), again, func() (time.Time, bool) { return Start, true }, func() { n++ }) || n != 1+again {
			t.Errorf("who is due for ever was woken %d times, may be %d", n, 1+again)
		}
	}
}
