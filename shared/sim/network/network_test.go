package network

import (
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/clock"
)

func TestNothingOvertakes(t *testing.T) {
	c, got := clock.New(), ""
	var w Way
	w.Send(&c, 3*time.Second, func() { got += "a@" + c.Since().String() + " " })
	w.Send(&c, time.Second, func() { got += "b@" + c.Since().String() + " " })
	w.Send(&c, 5*time.Second, func() { got += "c@" + c.Since().String() + " " })
	c.RunUntil(clock.Start.Add(time.Minute))
	if got != "a@3s b@3s c@5s " {
		t.Error(got)
	}
}

func TestAPipeKeepsItsOrderUntilItIsCut(t *testing.T) {
	var p Pipe[int]
	p.Put(1)
	p.Put(2)
	p.Put(3)
	p.Put(4)
	if v, ok := p.Take(); v != 1 || !ok || p.Len() != 3 {
		t.Errorf("%d %v, %d left", v, ok, p.Len())
	}
	p.Lose(func(n int) bool { return n == 3 })
	var left []int
	p.Each(func(n int) { left = append(left, n) })
	if !slices.Equal(left, []int{2, 4}) {
		t.Errorf("%v are under way", left)
	}
	p.Cut()
	if v, ok := p.Take(); v != 0 || ok || p.Len() != 0 {
		t.Errorf("%d %v, %d left", v, ok, p.Len())
	}
}
