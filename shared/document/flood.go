package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// flooded takes a frame into account, and answers it when it is one too many.
func (d *Document) flooded(now time.Time, m *member, f protocol.Frame, size int) bool {
	wait, enough := m.flood.Take(now, d.floodLimits(), size)
	if wait == 0 {
		return false
	}
	if f.Type == protocol.TypeOperation && f.Event == protocol.EventOp || f.Type == protocol.TypeComment {
		m.hold(f.MessageID, now.Add(wait))
	}
	e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", MessageID: f.MessageID, RetryAfter: wait}
	switch {
	case enough:
		e.MessageID = ""
		d.end(now, m, now, e)
	case f.MessageID != "":
		d.sendError(m, e)
	case m.flood.Tell(now):
		d.data = protocol.RateLimited{RetryAfter: wait}.Append(d.data[:0])
		d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventRateLimited, Data: d.data})
	}
	return true
}

func (d *Document) floodLimits() *rate.FloodLimits {
	return &rate.FloodLimits{Frames: d.cfg.Frames, Bytes: d.cfg.Bytes, MaxRefused: d.cfg.MaxRefused}
}
