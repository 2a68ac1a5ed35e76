package front

import "time"

// told is what the log has said of late: of one address a kind of refusal is a line once a
// minute, which says how many more there were since the last. Of whom no address is known
// (see visitors) everything is said.
type told struct {
	lines map[toldOf]tally
}

type toldOf struct {
	network uint64
	what    string
}

type tally struct {
	until time.Time
	more  int
}

const (
	tellEvery = time.Minute
	maxTold   = 4096
)

// take reports whether a line is due, and how many were left out before it.
func (t *told) take(address, what string, now time.Time) (more int, due bool) {
	network, ok := network(address)
	if !ok {
		return 0, true
	}
	key := toldOf{network, what}
	c, known := t.lines[key]
	// A clock that was set back holds nothing up for longer than a minute.
	if wait := c.until.Sub(now); known && wait > 0 && wait <= tellEvery {
		c.more++
		t.lines[key] = c
		return 0, false
	}
	if !known {
		t.makeRoom(now)
	}
	t.lines[key] = tally{until: now.Add(tellEvery)}
	return c.more, true
}

func (t *told) makeRoom(now time.Time) {
	if t.lines == nil {
		t.lines = make(map[toldOf]tally)
	}
	if len(t.lines) < maxTold {
		return
	}
	for key, c := range t.lines {
		if !now.Before(c.until) {
			delete(t.lines, key)
		}
	}
	if len(t.lines) > maxTold*7/8 {
		clear(t.lines)
	}
}
