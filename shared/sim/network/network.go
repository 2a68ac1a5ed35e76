// Package network is what is between the two ends of a test's world. It decides that what
// is sent one way arrives in the order in which it was sent, after a while, or never once
// the connection is cut. When an end learns of that is the world's own business.
//
// It is part of the test kit: tests alone import it.
package network

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/clock"
)

// Way is one way of a connection on which everything takes its time.
type Way struct{ last time.Time }

// Send has something arrive when delay has passed, and not before what was sent earlier.
func (w *Way) Send(c *clock.Clock, delay time.Duration, arrive func()) {
	if at := c.Now.Add(delay); at.After(w.last) {
		w.last = at
	}
	c.At(w.last, arrive)
}

// Pipe is one way of a connection on which something arrives when the world says so.
type Pipe[T any] struct{ under []T }

// Put sends something.
func (p *Pipe[T]) Put(v T) { p.under = append(p.under, v) }

// Take is what arrives next; false when nothing is under way.
func (p *Pipe[T]) Take() (v T, ok bool) {
	if len(p.under) == 0 {
		return v, false
	}
	v = p.under[0]
	p.under = p.under[1:]
	return v, true
}

// Len is how much is under way.
func (p *Pipe[T]) Len() int { return len(p.under) }

// Each shows what is under way, in order.
func (p *Pipe[T]) Each(show func(v T)) {
	for _, v := range p.under {
		show(v)
	}
}

// Lose loses some of what is under way.
func (p *Pipe[T]) Lose(lost func(v T) bool) { p.under = slices.DeleteFunc(p.under, lost) }

// Cut loses all that is under way.
func (p *Pipe[T]) Cut() { p.under = nil }
