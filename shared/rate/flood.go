package rate

import "time"

// FloodLimits bound what one client may send over its sockets.
type FloodLimits struct {
	Frames, Bytes Limit
	// MaxRefused is how many frames beyond the limits the server refuses one by one
	// before it ends the connection.
	MaxRefused int
}

// LeastPause is the shortest wait of a client that sent too much.
const LeastPause = time.Second

// forgetAfter is how long a client must keep to the limits before its refused frames
// are forgotten.
const forgetAfter = 10 * time.Second

// Flood holds a client to FloodLimits. It belongs to the client and not to its
// connection: a new connection brings no new bucket. The zero value has counted
// nothing.
type Flood struct {
	frames, bytes Bucket
	// since and until bound a pause, in which every frame is refused. A clock that was
	// set back to before since ends the pause.
	since, until time.Time
	refused      int       // frames refused in this pause and in those right before it
	notified     time.Time // when Notify last returned true
}

// Take counts a frame. It refuses the frame if wait is not 0: the client has to wait that
// long. enough says that the server has to end the connection.
func (f *Flood) Take(now time.Time, l *FloodLimits, size int) (wait time.Duration, enough bool) {
	if now.Before(f.since) {
		f.until = now
	}
	wait = f.until.Sub(now)
	if wait <= 0 {
		if f.refused > 0 && now.Sub(f.until) >= forgetAfter {
			f.refused = 0
		}
		if wait = f.frames.Take(now, l.Frames, 1); wait == 0 {
			wait = f.bytes.Take(now, l.Bytes, size)
		}
		if wait == 0 {
			return 0, false
		}
		wait = max(wait, LeastPause)
		f.since, f.until = now, now.Add(wait)
	}
	if f.refused++; f.refused > l.MaxRefused {
		f.refused = 0 // or the server would close a client that has much to repeat at once, for ever
		return wait, true
	}
	return wait, false
}

// Notify reports whether the server has to notify a client whose refused frame had no id. It
// returns true once in a LeastPause.
func (f *Flood) Notify(now time.Time) bool {
	if past := now.Sub(f.notified); past >= 0 && past < LeastPause {
		return false
	}
	f.notified = now
	return true
}

// Mistakes bounds how often a client may send something that is not a frame of the protocol
// before we conclude that it is no client of the protocol: most-1 times at once, and most
// times a minute. Valid frames in between change nothing. The zero value has seen none.
type Mistakes struct{ bucket Bucket }

// Enough counts one more mistake, and reports whether it is one too many.
func (m *Mistakes) Enough(now time.Time, most int) bool {
	return most <= 1 || m.bucket.Take(now, Limit{Count: most, Per: time.Minute, Burst: most - 1}, 1) > 0
}
