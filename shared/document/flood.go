package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// However many documents a user has open, each takes what a person types: so many frames a
// second, and at once, if the deployment allows as many.
const leastFrames, leastFramesAtOnce = 10, 100

// limits are what a member may send here. Of the frames and bytes that one user may send
// those who have many documents open have a share (Grant.Share).
func (d *Document) limits(m *member) rate.FloodLimits {
	all := &d.cfg.Conn.Flood
	l := *all
	if share := m.grant.Share; share > 0 && share < 1000 {
		l.Frames, l.Bytes = l.Frames.Part(share), l.Bytes.Part(share)
		l.Frames.Count = max(l.Frames.Count, min(leastFrames, all.Frames.Count))
		l.Frames.Burst = max(l.Frames.Burst, min(leastFramesAtOnce, all.Frames.Burst))
	}
	return l
}

// flooded takes a frame into account, and answers it when it is one too many.
func (d *Document) flooded(now time.Time, m *member, f protocol.Frame, size int) bool {
	limits := d.limits(m)
	a := m.conn.Take(now, &limits, f.MessageID, size)
	if a == nil {
		return false
	}
	if f.Type == protocol.TypeOperation && f.Event == protocol.EventOp || f.Type == protocol.TypeComment {
		m.hold(f.MessageID, now.Add(a.Err.RetryAfter))
	}
	d.answer(now, m, a)
	return true
}

// answer answers a frame that goes no further, or ends the connection.
func (d *Document) answer(now time.Time, m *member, a *serverconn.Answer) {
	switch {
	case a.Ends:
		d.end(now, m, now, a.Err)
	case a.Frame.Event != "":
		d.sendTo(m, a.Frame)
	}
}
