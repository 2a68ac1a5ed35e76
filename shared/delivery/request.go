package delivery

import "time"

// send makes the next request.
func (q *Queue) send(now time.Time) {
	s := &q.state
	most := Batch
	switch {
	case s.Tries >= q.cfg.Tries: // one request for all that was there
	case s.Tries == q.cfg.Tries-1:
		most = 1
	default:
		most = max(1, Batch>>min(s.Tries, 10))
	}
	if s.Tries == 0 {
		s.Failing = 0
	}
	if q.untold() && s.Changed == 0 && len(q.events) < most && s.Tries < q.cfg.Tries {
		q.name()
		s.Seq++
		s.Changed, s.ChangedAt = s.Seq, now
		s.Told, s.Generation = q.version, q.generation
		q.unsaved = true
	}
	batch := q.oldest(most)
	if s.Tries >= q.cfg.Tries {
		for n := len(batch); n > 0 && batch[n-1].Seq > s.Failing; n-- {
			batch = batch[:n-1]
		}
		if len(batch) == 0 {
			s.Tries, s.Failing, s.Next = 0, 0, time.Time{}
			q.unsaved = true
			q.send(now)
			return
		}
	}
	q.due = time.Time{}
	if q.unsaved {
		q.save()
	}
	if len(batch) == 0 {
		return
	}
	q.ask(now, batch[len(batch)-1].Seq, false)
	q.owner.Emit(Send{Number: q.asked, Stream: s.Stream, Events: batch})
}

// ask notes a question that is under way.
func (q *Queue) ask(now time.Time, upTo uint64, burying bool) {
	q.number++
	q.asked, q.upTo, q.burying = q.number, upTo, burying
	q.since, q.look = now, now.Add(q.cfg.settle())
}

// oldest returns the oldest events, that of a change in its place.
func (q *Queue) oldest(most int) (batch []Event) {
	bytes := 0
	add := func(e Event) bool {
		bytes += len(e.Data) + 512
		if len(batch) == most || bytes > BatchBytes && len(batch) > 0 {
			return false
		}
		batch = append(batch, e)
		return true
	}
	changed := q.state.Changed
	for i := range q.events {
		if changed > 0 && changed < q.events[i].Seq {
			if !add(q.changed()) {
				return batch
			}
			changed = 0
		}
		if !add(q.events[i]) {
			return batch
		}
	}
	if changed > 0 {
		add(q.changed())
	}
	return batch
}

// Sent takes the end of a request.
func (q *Queue) Sent(now time.Time, e Sent) {
	if e.Number != q.asked || q.asked == 0 || q.burying {
		return
	}
	q.asked = 0
	s := &q.state
	if e.Reason == "" {
		s.Tries, s.Failing, s.Next, s.Reason = 0, 0, time.Time{}, ""
		q.gone(now, q.upTo)
		q.look = q.since.Add(q.cfg.settle())
		return
	}
	if s.Tries == 0 {
		s.Failing = s.Seq
	}
	s.Reason = e.Reason
	q.due = past // what failed waits, by Next
	switch {
	case s.Tries >= q.cfg.Tries:
		q.giveUp(now)
	case s.Tries+1 == q.cfg.Tries:
		q.upTo = q.oldest(1)[0].Seq
		q.giveUp(now)
	default:
		s.Tries++
		q.pause(now)
		q.save()
	}
}

// pause sets when what failed is tried again.
func (q *Queue) pause(now time.Time) {
	p := Pause(q.state.Tries)
	q.state.Next = now.Add(p/2 + q.random.UpTo(p/2)).Truncate(time.Millisecond)
}

// gone forgets the events up to a seq, and has the others sent in their turn.
func (q *Queue) gone(now time.Time, upTo uint64) {
	n := 0
	for n < len(q.events) && q.events[n].Seq <= upTo {
		n++
	}
	if n > 0 {
		q.taken = q.events[n-1].Seq
		q.events = append(q.events[:0:0], q.events[n:]...)
	}
	if q.state.Changed <= upTo {
		q.state.Changed = 0
	}
	q.unsaved, q.due = true, time.Time{}
	switch waits := len(q.events) > 0 || q.state.Changed > 0; {
	case len(q.events) >= Batch:
		q.due = now
	case waits:
		q.want(now, min(Linger, q.cfg.Every))
	case q.untold():
		q.want(now, q.cfg.Every)
	default:
		q.state.Tries, q.state.Failing, q.state.Next = 0, 0, time.Time{}
	}
}

// giveUp makes dead letters of what was tried often enough.
func (q *Queue) giveUp(now time.Time) {
	batch := q.oldest(Batch)
	for n := len(batch); n > 0 && batch[n-1].Seq > q.upTo; n-- {
		batch = batch[:n-1]
	}
	q.bury(now, batch, q.state.Reason)
}

// tooMany makes dead letters of the oldest events, where there is no room for so many.
func (q *Queue) tooMany(now time.Time) {
	q.full = now
	q.bury(now, q.oldest(Batch), TooMany)
}

// bury makes dead letters of the oldest events.
func (q *Queue) bury(now time.Time, batch []Event, reason string) {
	q.ask(now, batch[len(batch)-1].Seq, true)
	q.crowded = reason == TooMany
	q.owner.Emit(Bury{Number: q.asked, Stream: q.state.Stream, Events: batch, Reason: reason, Tries: q.state.Tries + 1})
}

// Buried takes the answer to Bury. What could not be buried is tried once more, and then
// buried again.
func (q *Queue) Buried(now time.Time, e Buried) {
	if e.Number != q.asked || q.asked == 0 || !q.burying {
		return
	}
	q.asked = 0
	s := &q.state
	switch failing := s.Failing; {
	case q.crowded && e.OK:
		q.gone(now, q.upTo)
	case q.crowded: // at the next event, but not at once
	case !e.OK:
		q.pause(now)
		q.save()
	default:
		s.Tries, s.Next = 0, time.Time{}
		q.gone(now, q.upTo)
		if n := q.oldest(1); len(n) > 0 && n[0].Seq <= failing {
			s.Tries, s.Next = q.cfg.Tries, now
		}
		q.save()
	}
}
