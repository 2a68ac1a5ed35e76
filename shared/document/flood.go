package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// flooded takes a frame into account, and answers it when it is one too many.
func (d *Document) flooded(now time.Time, m *member, f protocol.Frame, size int) bool {
	limits := rate.FloodLimits{Frames: d.cfg.Frames, Bytes: d.cfg.Bytes, MaxRefused: d.cfg.MaxRefused}
	return d.over(now, m, &m.flood, &limits, f, size)
}

func (d *Document) over(now time.Time, m *member, flood *rate.Flood, limits *rate.FloodLimits, f protocol.Frame, size int) bool {
	wait, enough := flood.Take(now, limits, size)
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
	case flood.Tell(now):
		d.data = protocol.RateLimited{RetryAfter: wait}.Append(d.data[:0])
		d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventRateLimited, Data: d.data})
	}
	return true
}
