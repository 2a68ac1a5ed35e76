package inbox

import "time"

// tries are when a message is pushed to a channel that has not heard it: so long after the
// message, or after the channel's admission if that is later. Only the second begins with
// afterAdmission: the socket comes a moment after the admission, and with a message that is new
// the first push has gone already.
var tries = [...]time.Duration{2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second, 62 * time.Second, 126 * time.Second}

const (
	afterAdmission = 300 * time.Millisecond
	// late is how late an alarm may be for what was due then to be pushed by an object that has
	// been out of memory.
	late = 2 * time.Second
)

// due is when a message is to be pushed next, after a moment; false for never.
func due(at, admitted, after time.Time) (time.Time, bool) {
	from := at
	if admitted.After(at) {
		from = admitted
		if first := from.Add(afterAdmission); first.After(after) {
			return first, true
		}
	}
	for _, in := range tries {
		if next := from.Add(in); next.After(after) {
			return next, true
		}
	}
	return time.Time{}, false
}

// Settle forgets what is over and pushes what is due. It comes last in each step.
func (b *Inbox) Settle(now time.Time) {
	b.expire(now)
	if b.looked.IsZero() {
		b.Begin(now)
	}
	if len(b.kept) > 0 {
		b.owner.Channels(func(document, clientID string, admitted time.Time) {
			var list []Message
			is := false
			for _, m := range b.kept {
				if b.has(clientID, m.Seq) {
					continue
				}
				list = append(list, m)
				at, ok := due(m.At, admitted, b.looked)
				is = is || ok && !at.After(now)
			}
			if is {
				b.push(Deliver{Document: document, ClientID: clientID, Messages: list})
			}
		})
	}
	b.looked = now
}

// Deadline is when Settle is due next, and false when nothing ever is.
func (b *Inbox) Deadline() (at time.Time, ok bool) {
	if len(b.kept) == 0 {
		return at, false
	}
	least := func(t time.Time) {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	for _, m := range b.kept {
		least(m.Until)
	}
	b.owner.Channels(func(_, clientID string, admitted time.Time) {
		for _, m := range b.kept {
			if b.has(clientID, m.Seq) {
				continue
			}
			if next, is := due(m.At, admitted, b.looked); is {
				least(next)
			}
		}
	})
	return at, ok
}
