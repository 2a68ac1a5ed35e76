//go:build !js

package native

const (
	// eventBytes is the size of an event beside its text.
	eventBytes = 256
	// growth is how many times its size the buffer may have while a Send waits, frameBytes
	// what one frame may add to that: a part of a sync, taken apart.
	growth     = 8
	frameBytes = 4 << 20
)

// buffer holds the events that are not read yet.
type buffer struct {
	limit  int
	events []queued
	bytes  int
	// full is set at the limit and cleared at half of it. So a reader who is a little
	// slower than the connection does not stop it at every event.
	full bool
}

type queued struct {
	event Event
	bytes int
}

// push adds an event, unless the limits forbid it.
func (b *buffer) push(ev Event, size int) {
	size += eventBytes
	if b.bytes >= growth*b.limit+frameBytes {
		var ok bool
		if ev, ok = b.leaveOut(ev); !ok {
			return
		}
		size = eventBytes
	}
	if _, passing := ev.(Presence); passing && b.full {
		return
	}
	b.events = append(b.events, queued{ev, size})
	b.bytes += size
	b.full = b.full || b.bytes >= b.limit
}

// leaveOut makes an entry of the log part of the gap at the end, or of a new gap. It drops
// other events: the session's methods return the current state.
func (b *buffer) leaveOut(ev Event) (gap Event, fresh bool) {
	var from, to uint64
	switch e := ev.(type) {
	case Operation:
		from, to = e.Version, e.Version
	case Gap:
		from, to = e.From, e.To
	case Message:
		from, to = e.Seq, e.Seq
	case AppChange:
		from, to = e.Seq, e.Seq
	case ClientDisconnected:
		from, to = e.Seq, e.Seq
	case ClientReconnected:
		from, to = e.Seq, e.Seq
	default:
		return nil, false
	}
	if n := len(b.events); n > 0 {
		if last, ok := b.events[n-1].event.(Gap); ok && last.Reason == ReasonUnread && last.To+1 == from {
			last.To = to
			b.events[n-1].event = last
			return nil, false
		}
	}
	return Gap{from, to, ReasonUnread}, true
}

// pop removes and returns the oldest event; there has to be one.
func (b *buffer) pop() Event {
	first := b.events[0]
	b.events[0] = queued{}
	b.events = b.events[1:]
	if len(b.events) == 0 {
		b.events = nil
	}
	b.bytes -= first.bytes
	if b.bytes <= b.limit/2 {
		b.full = false
	}
	return first.event
}
