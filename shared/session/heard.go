package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// An admission may never arrive at its document, which then has nothing to notify the session
// of. Where the token is short its end is soon enough. A delegate's is not: so its document is
// asked once, by an EndChannel that ends nothing, and a channel that is not there is forgotten.
// A document that has one notifies the session of its end until that has been heard.

const (
	// longLife is how long a channel is believed in that nobody has heard of.
	longLife = time.Hour + 5*time.Minute
	// hearAfter is when its document is asked, and again: more than an admission is on its way.
	hearAfter = 5 * time.Minute
	// onItsWay is how long an admission may be.
	onItsWay = time.Minute
)

// lastOf is when a channel cannot be alive any more by its token.
func (s *Session) lastOf(c *ChannelRow, now time.Time) time.Time {
	return later(now, c.Expires).Add(s.cfg.ReadOnly + s.cfg.Grace)
}

// unheard has the document asked about a delegate's channel that has been admitted, if it may
// live for long.
func (s *Session) unheard(now time.Time, c *ChannelRow) {
	if protocol.IsDelegate(c.ClientID) && c.Until.Sub(now) > longLife && !c.Until.After(s.lastOf(c, now)) {
		c.Until = now.Add(hearAfter)
	}
}

// isUnheard reports whether Until is but when to ask.
func (s *Session) isUnheard(now time.Time, c *ChannelRow) bool {
	return c.Until.Before(s.lastOf(c, c.AdmittedAt)) && now.Before(s.lastOf(c, c.AdmittedAt))
}

// hear asks the document which of the user's clients have a channel there.
func (s *Session) hear(now time.Time, c *ChannelRow) {
	c.Until = now.Add(hearAfter)
	i, _ := s.channel(c.Channel)
	first := &s.channels[i]
	if first.Fence == 0 {
		first.Fence, first.Pushes = s.epoch(), 0
		s.flush(now, first)
		return
	}
	s.emit(SaveChannel{Row: *c}) // it is being asked
}

// heard takes the answer: of what is there the document will say when it is gone.
func (s *Session) heard(now time.Time, e Ended) {
	for i, _ := s.channel(e.Channel); i < len(s.channels) && s.channels[i].Channel == e.Channel; {
		c := &s.channels[i]
		switch {
		case !s.isUnheard(now, c) || now.Sub(c.AdmittedAt) < onItsWay:
			i++
		case e.Gone || len(e.Clients) > 0 && !slices.Contains(e.Clients, c.ClientID):
			s.removeChannel(now, i, "not_there")
		default:
			c.Until = s.lastOf(c, c.AdmittedAt)
			s.emit(SaveChannel{Row: *c})
			i++
		}
	}
}
