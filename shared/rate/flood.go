package rate

import "time"

// FloodLimits are what one client may send over its sockets.
type FloodLimits struct {
	Frames, Bytes Limit
	// MaxRefused is how many frames beyond that are refused one by one before it is
	// enough.
	MaxRefused int
}

// LeastPause is the shortest time a client that sent too much has to wait.
const LeastPause = time.Second

// forgetAfter is how long a client must have kept to the limits for its refused frames
// to be forgotten.
const forgetAfter = 10 * time.Second

// Flood is what a client's frames are held to. It belongs to the client and not to
// its connection: a new connection brings no new bucket. The zero value has taken
// nothing.
type Flood struct {
	frames, bytes Bucket
	// since and until are the ends of a pause: nothing is taken within it. A clock that
	// was set back to before it is in none.
	since, until time.Time
	refused      int       // frames in this pause and those right before it
	told         time.Time // when the client was last told without being asked
}

// Take takes a frame into account. It is refused for as long as wait says, 0 for not
// at all; enough says that the connection is to end.
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
		f.refused = 0 // or a client that comes back with much to repeat would be closed at once, for ever
		return wait, true
	}
	return wait, false
}

// Tell reports whether a client whose frame bore no id is to be told now; it is, once
// in a LeastPause.
func (f *Flood) Tell(now time.Time) bool {
	if past := now.Sub(f.told); past >= 0 && past < LeastPause {
		return false
	}
	f.told = now
	return true
}

// Mistakes is how often a client may send what is no frame of the protocol before it is
// taken for no client of it: most-1 times at once, and most times a minute. What it sends
// well in between takes nothing back. The zero value has seen none.
type Mistakes struct{ bucket Bucket }

// Enough takes one more into account, and reports whether it is one too many.
func (m *Mistakes) Enough(now time.Time, most int) bool {
	return most <= 1 || m.bucket.Take(now, Limit{Count: most, Per: time.Minute, Burst: most - 1}, 1) > 0
}
