package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
)

// logLines keeps one address from filling the log: a kind of refusal is one line a minute
// for each network, and the next line says how many were left out. Refusals without an
// address (see limiter) are all logged.
type logLines struct {
	lines map[lineOf]lineState
}

// lineOf is a kind of refusal of one network.
type lineOf struct {
	network uint64
	what    string
}

// lineState is when the next line is due, and how many were left out since the last.
type lineState struct {
	until time.Time
	more  int
}

const (
	lineEvery = time.Minute
	maxLines  = 4096
)

// take reports whether a line is due, and how many were left out before it.
func (l *logLines) take(address, what string, now time.Time) (more int, due bool) {
	network, ok := access.NetworkNumber(address)
	if !ok {
		return 0, true
	}
	key := lineOf{network, what}
	c, known := l.lines[key]
	// A clock that was set back holds nothing up for longer than a minute.
	if wait := c.until.Sub(now); known && wait > 0 && wait <= lineEvery {
		c.more++
		l.lines[key] = c
		return 0, false
	}
	if !known {
		l.makeRoom(now)
	}
	l.lines[key] = lineState{until: now.Add(lineEvery)}
	return c.more, true
}

func (l *logLines) makeRoom(now time.Time) {
	if l.lines == nil {
		l.lines = make(map[lineOf]lineState)
	}
	if len(l.lines) < maxLines {
		return
	}
	for key, c := range l.lines {
		if !now.Before(c.until) {
			delete(l.lines, key)
		}
	}
	if len(l.lines) > maxLines*7/8 {
		clear(l.lines)
	}
}
