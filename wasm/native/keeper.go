//go:build !js

package native

import (
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
)

// keep does what the core's own calls may not: it puts the line down when nobody
// reads, takes it up again, and clears up when the session is over.
func (s *Session) keep() {
	defer close(s.gone)
	patience := time.NewTimer(s.cfg.HoldAfter)
	patience.Stop()
	counting := false
	for {
		s.mu.Lock()
		stuck, held, over := s.inbox.full && s.waiting == 0, s.held, s.over
		s.mu.Unlock()
		switch {
		case over:
			// After a final error too nothing is to be left, though nobody calls Close.
			s.agent.Handle(client.Close{})
		case stuck && !held && !counting:
			counting = true
			patience.Reset(s.cfg.HoldAfter)
		case !stuck && counting:
			counting = false
			patience.Stop()
		case !stuck && held:
			s.takeUp()
		}
		select {
		case <-s.keeper:
		case <-patience.C:
			if counting {
				counting = false
				s.putDown()
			}
		case <-s.finished:
			patience.Stop()
			s.sleep()
			s.running.Wait()
			s.tear()
			s.cfg.HTTPClient.CloseIdleConnections()
			return
		}
	}
}

// putDown is what a page does when it is frozen: the connection is closed, and what
// is missed meanwhile will be replayed.
func (s *Session) putDown() {
	s.mu.Lock()
	s.held, s.shown = true, nil
	s.mu.Unlock()
	s.cfg.Logger.Warn("line put down: nobody reads the events")
	s.agent.Handle(client.Freeze{})
	s.tellKeeper() // somebody may have begun to read
}

// takeUp dials again.
func (s *Session) takeUp() {
	s.mu.Lock()
	s.held = false
	shown := s.shown
	s.mu.Unlock()
	s.agent.Handle(client.Resume{})
	if shown != nil {
		s.agent.Handle(client.Presence{Data: shown})
	}
	s.tellKeeper()
}

func (s *Session) tellKeeper() {
	select {
	case s.keeper <- struct{}{}:
	default:
	}
}

// watch returns what is closed at the next change; the caller holds the lock.
func (s *Session) watch() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

// changes tells whoever watches; the caller holds the lock.
func (s *Session) changes() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// waits counts the Sends under way: while there is one, the line is not held.
func (s *Session) waits(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting += by
	if s.inbox.full {
		s.changes()
		s.tellKeeper()
	}
}

func (s *Session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closedError()
}

// closedError is the error of a call on an ended session; the caller holds the lock.
func (s *Session) closedError() error {
	if s.err != nil {
		return fmt.Errorf("%w: %w", ErrClosed, s.err)
	}
	return ErrClosed
}
