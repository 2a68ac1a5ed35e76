package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// However many documents a user has open, each takes what a person types: so many frames a
// second, and at once, if the deployment allows as many.
const leastFrames, leastFramesAtOnce = 10, 100

// limits are what a member may send here. Of the frames and bytes that one user may send
// those who have many documents open have a share (Grant.Share).
func (d *Document) limits(m *member) rate.FloodLimits {
	l := rate.FloodLimits{Frames: d.cfg.Frames, Bytes: d.cfg.Bytes, MaxRefused: d.cfg.MaxRefused}
	if share := m.grant.Share; share > 0 && share < 1000 {
		l.Frames, l.Bytes = l.Frames.Part(share), l.Bytes.Part(share)
		l.Frames.Count = max(l.Frames.Count, min(leastFrames, d.cfg.Frames.Count))
		l.Frames.Burst = max(l.Frames.Burst, min(leastFramesAtOnce, d.cfg.Frames.Burst))
	}
	return l
}

// flooded takes a frame into account, and answers it when it is one too many.
func (d *Document) flooded(now time.Time, m *member, f protocol.Frame, size int) bool {
	limits := d.limits(m)
	wait, enough := m.flood.Take(now, &limits, size)
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
