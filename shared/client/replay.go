package client

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// replay is the log emitted once more from its start, for a part of the app that came late:
// a document that was made after the tab had received part of the log. The tab goes back to
// version 0 and asks for what follows, like one that has just joined. What was emitted
// before is emitted as `history` events, so that everybody else still gets each version
// once.
type replay struct {
	to   uint64   // all up to here was emitted before
	ids  []string // who waits for it
	next bool     // it begins once the comments from before a snapshot are here
}

var errReplay = failureOf(protocol.ServiceUnavailable, "replay_failed", "The document's log could not be had.")

// delivered is the newest version that the app was given, wherever a replay stands.
func (l *log) delivered() uint64 { return max(l.version, l.again.to) }

func (c *Client) replayLog(e Replay) {
	c.log.again.ids = append(c.log.again.ids, e.ID)
	c.log.again.next = true
}

// goOnReplay begins a replay and answers once all is emitted. It is looked at after each
// event.
func (c *Client) goOnReplay() {
	l := &c.log
	if len(l.again.ids) == 0 || l.version > l.again.to && l.restore.of > 0 {
		return // those comments are news
	}
	if l.again.next {
		l.again.next, l.again.to = false, l.delivered()
		l.version, l.restore = 0, restore{}
		l.asks, l.target = 0, max(l.target, l.again.to)
		if l.target > 0 && c.status.state == stateConnected {
			c.askSync()
		}
	}
	if l.version < l.again.to || l.restore.of > 0 {
		return
	}
	ids := l.again.ids
	l.again = replay{}
	for _, id := range ids {
		c.do(Sent{ID: id, Version: l.version})
	}
}

// dropReplay gives a replay up: the tab is again where it was. Comments from before a snapshot that
// is news are still to come.
func (c *Client) dropReplay(f *Failure) {
	l := &c.log
	if len(l.again.ids) == 0 {
		return
	}
	ids := l.again.ids
	if l.version <= l.again.to {
		l.version, l.restore = l.again.to, restore{}
	}
	l.again = replay{}
	for _, id := range ids {
		c.unsent(id, f)
	}
}

// emitLog emits what has become of the log up to its version.
func (c *Client) emitLog(kind string, detail []byte) {
	if c.log.version <= c.log.again.to {
		w := jsonscan.NewObject(make([]byte, 0, len(detail)+48))
		w.Str("type", kind)
		w.Raw("detail", detail)
		c.emit("history", w.End(), nil)
		return
	}
	w := jsonscan.NewObject(nil)
	w.Uint("version", c.log.version)
	c.emit(kind, detail, w.End())
}
