//go:build !js

package native

import "github.com/holdfast-dev/holdfast/shared/client"

// putDown disconnects as a page does when it is frozen: the server replays later what is
// missed meanwhile.
func (s *Session) putDown() {
	s.mu.Lock()
	s.held, s.shown = true, nil
	s.mu.Unlock()
	s.cfg.Logger.Warn("connection closed: nobody reads the events")
	s.agent.Handle(client.Freeze{})
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
}
