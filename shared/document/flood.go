package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// flood is what a user's frames are held to. It is the user's and not the
// connection's: a new connection brings no new bucket.
type flood struct {
	frames, bytes rate.Bucket
	// until is the end of a pause: nothing is taken before it.
	until   time.Time
	refused int       // frames in this pause and those right before it
	told    time.Time // when rate_limited was last said
}

const (
	// leastPause is the shortest time a client that sent too much has to wait.
	leastPause = time.Second
	// forgetAfter is how long a client must have kept to the limits for its
	// refused frames to be forgotten.
	forgetAfter = 10 * time.Second
)

// flooded takes a frame into account, and answers it when it is one too many.
func (d *Document) flooded(now time.Time, m *member, f protocol.Frame, size int) bool {
	fl := &m.flood
	wait := fl.until.Sub(now)
	if wait <= 0 {
		if fl.refused > 0 && now.Sub(fl.until) >= forgetAfter {
			fl.refused = 0
		}
		if wait = fl.frames.Take(now, d.cfg.Frames, 1); wait == 0 {
			wait = fl.bytes.Take(now, d.cfg.Bytes, size)
		}
		if wait == 0 {
			return false
		}
		wait = max(wait, leastPause)
		fl.until = now.Add(wait)
	}
	fl.refused++
	if f.Type == protocol.TypeOperation && f.Event == protocol.EventOp || f.Type == protocol.TypeComment {
		m.hold(f.MessageID, fl.until)
	}
	e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", MessageID: f.MessageID, RetryAfter: wait}
	switch {
	case fl.refused > d.cfg.MaxRefused:
		fl.refused = 0 // or a client that comes back with much to repeat would be closed at once, for ever
		e.MessageID = ""
		d.end(now, m, now, e)
	case f.MessageID != "":
		d.sendError(m, e)
	case now.Sub(fl.told) >= leastPause:
		fl.told = now
		d.data = protocol.RateLimited{RetryAfter: wait}.Append(d.data[:0])
		d.sendTo(m, protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventRateLimited, Data: d.data})
	}
	return true
}
