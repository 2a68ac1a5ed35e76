//go:build !js

package native

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// reads checks that the versions come once and in order from next on, up to and
// including to, and returns the gaps that were reported.
func reads(t *testing.T, c *Session, next, to uint64) (gaps []Gap) {
	t.Helper()
	ctx := within(t)
	for next <= to {
		ev, err := c.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for version %d: %v", next, err)
		}
		switch e := ev.(type) {
		case Operation:
			if e.Version != next {
				t.Fatalf("version %d after %d", e.Version, next-1)
			}
			next++
		case Gap:
			if e.From != next || e.To < e.From {
				t.Fatalf("a gap from %d to %d after %d", e.From, e.To, next-1)
			}
			gaps, next = append(gaps, e), e.To+1
		}
	}
	return gaps
}

func (s *Session) unread() (events, bytes int, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buffer.events), s.buffer.bytes, s.held
}

// Nobody reads: the buffer stays within its bound, the connection is put down, and once
// somebody reads nothing is missing.
func TestSlowReaderLosesNothing(t *testing.T) {
	leavesNothing(t)
	s := start(t)
	cfg := s.config()
	cfg.BufferBytes, cfg.HoldAfter = 64<<10, 100*time.Millisecond
	c := connect(t, cfg)
	const n = 3000
	op := fmt.Sprintf("%q", strings.Repeat("x", 1000))
	go s.grows(n, op)
	eventually(t, "put down", func() bool { _, _, held := c.unread(); return held })
	eventually(t, "stored", func() bool { return with(s, func() bool { return len(s.log) == n && len(s.members) == 0 }) })
	if events, bytes, _ := c.unread(); bytes > cfg.BufferBytes+4096 {
		t.Fatalf("%d events of %d bytes wait, the limit is %d", events, bytes, cfg.BufferBytes)
	}
	dials := s.dialled()
	time.Sleep(3 * cfg.HoldAfter) // no dial while nobody reads: nothing else can show that
	if s.dialled() != dials {
		t.Fatal("dialled although nobody reads")
	}
	if err := c.Presence(within(t), "while away"); err != nil {
		t.Fatal(err)
	}
	c.Wake() // is for other pauses
	if gaps := reads(t, c, 1, n); gaps != nil {
		t.Fatalf("gaps: %v", gaps)
	}
	eventually(t, "presence shown", func() bool { return with(s, func() bool { return len(s.shown) > 0 }) })
	if v, err := c.Send(within(t), 1); err != nil || v != n+1 {
		t.Fatalf("%d, %v", v, err)
	}
}

// A reader that only pauses keeps its connection.
func TestShortPauseKeepsTheLine(t *testing.T) {
	s := start(t)
	cfg := s.config()
	cfg.BufferBytes = 16 << 10
	c := connect(t, cfg)
	go s.grows(500, `"x"`)
	eventually(t, "full", func() bool { _, bytes, _ := c.unread(); return bytes >= cfg.BufferBytes })
	reads(t, c, 1, 500)
	if s.dialled() != 1 {
		t.Fatalf("%d dials", s.dialled())
	}
}

// A loop over Events may send, even when its buffer is full and its connection put down.
func TestReaderThatSends(t *testing.T) {
	s := start(t)
	cfg := s.config()
	cfg.BufferBytes, cfg.HoldAfter = 8<<10, 10*time.Millisecond
	c := connect(t, cfg)
	go s.grows(300, `"x"`)
	eventually(t, "put down", func() bool { _, _, held := c.unread(); return held })
	next, sent := uint64(1), 0
	for ev := range c.Events(within(t)) {
		if op, ok := ev.(Operation); ok {
			if op.Version != next {
				t.Fatalf("version %d after %d", op.Version, next-1)
			}
			next++
			if op.Version%100 == 0 {
				if _, err := c.Send(within(t), sent); err != nil {
					t.Fatal(err)
				}
				if sent++; sent == 3 {
					break
				}
			}
		}
	}
	if sent != 3 {
		t.Fatalf("sent %d", sent)
	}
}

// While somebody sends and nobody reads, the buffer grows up to its bound; what comes
// after that is reported as one gap.
func TestUnreadBeyondTheBoundIsAGap(t *testing.T) {
	s := start(t)
	cfg := s.config()
	cfg.BufferBytes = 1 << 10
	c := connect(t, cfg)
	const n = 7000
	op := fmt.Sprintf("%q", strings.Repeat("x", 1000))
	s.lossy = true
	sent := make(chan error, 1)
	go func() { _, err := c.Send(within(t), "mine"); sent <- err }()
	eventually(t, "sent", func() bool { return with(s, func() bool { return slices.Contains(s.received, protocol.EventOp) }) })
	s.grows(n, op)
	with(s, func() bool { s.lossy = false; return true })
	s.drop()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	const most = growth*1<<10 + frameBytes
	if events, bytes, _ := c.unread(); bytes > most+4096 {
		t.Fatalf("%d events of %d bytes wait, the limit is %d", events, bytes, most)
	}
	gaps := reads(t, c, 1, n+1)
	if len(gaps) != 1 || gaps[0].Reason != ReasonUnread {
		t.Fatalf("gaps: %+v", gaps)
	}
}

func TestNoEventsKeepsNothing(t *testing.T) {
	s := start(t)
	cfg := s.config()
	cfg.NoEvents, cfg.BufferBytes = true, 1
	c := connect(t, cfg)
	s.grows(500, `"x"`)
	if v, err := c.Send(within(t), json.RawMessage(`{"a":[1, 2]}`)); err != nil || v != 501 {
		t.Fatalf("%d, %v", v, err)
	}
	if events, bytes, held := c.unread(); events+bytes > 0 || held {
		t.Fatalf("%d events, %d bytes, held %v", events, bytes, held)
	}
}

// Breaking out of Events loses nothing, and what waits is delivered after the end too.
func TestEventsGoOn(t *testing.T) {
	s := start(t)
	c := connect(t, s.config())
	s.grows(4, `"x"`)
	eventually(t, "received", func() bool { return c.Version() == 4 })
	var received []uint64
	for round := range 4 {
		if round == 2 {
			c.Close(within(t))
		}
		for ev := range c.Events(within(t)) {
			if op, ok := ev.(Operation); ok {
				received = append(received, op.Version)
				break
			}
		}
	}
	if fmt.Sprint(received) != "[1 2 3 4]" {
		t.Fatalf("received %v", received)
	}
	if last, err := lastOf(t, c); err != ErrClosed || last.(StateChange).State != Closed {
		t.Fatalf("%v, %v", last, err)
	}
}
