package delivery

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Queue holds one object's events. It is not safe for concurrent use.
type Queue struct {
	cfg    Config
	owner  Owner
	state  State
	events []Event // but not that of a change
	random backoff.Random

	// version and generation are the log's, of a document.
	version    uint64
	generation string

	// due is when what waits is sent, unless it has failed; zero while nothing waits.
	due time.Time
	// number is the newest question's. asked is that of the one under way, 0 for none; burying
	// says that it is a Bury. upTo is its last event, since when it is under way, and look
	// when to look after it.
	number, asked uint32
	burying       bool
	crowded       bool // for want of room
	upTo          uint64
	since, look   time.Time
	// taken are the events that are no more and still stored, and unsaved says that State
	// has changed; both are stored at look at the latest.
	taken   uint64
	unsaved bool
	// full is when the oldest events were last buried for want of room.
	full time.Time
}

// Restore returns the Queue a snapshot was taken from. random is what streams are named by and
// pauses drawn from.
func Restore(cfg Config, owner Owner, s Snapshot, random uint64) Queue {
	q := Queue{cfg: cfg.WithDefaults(), owner: owner, state: s.State, events: s.Events, random: backoff.Random(random), since: s.State.ChangedAt}
	for i := range q.events {
		q.state.Seq = max(q.state.Seq, q.events[i].Seq)
	}
	if len(q.events) > 0 || q.state.Changed > 0 {
		q.due = q.overdue()
	}
	return q
}

// past is when that is due which is due at once.
var past = time.UnixMilli(1).UTC()

// overdue is when what waited before the object was made is due.
func (q *Queue) overdue() time.Time {
	if q.state.ChangedAt.IsZero() {
		return past
	}
	return q.state.ChangedAt.Add(q.cfg.Every)
}

// Snapshot returns what is stored.
func (q *Queue) Snapshot() Snapshot { return Snapshot{State: q.state, Events: q.events} }

// State is what is stored of the queue as a whole.
func (q *Queue) State() State { return q.state }

// On reports whether events are sent at all.
func (q *Queue) On() bool { return q.cfg.On }

// Wants reports whether a type of events is sent.
func (q *Queue) Wants(name string) bool { return q.cfg.Wants(name) }

// Pending is how many events wait, that of a change included.
func (q *Queue) Pending() int {
	n := len(q.events)
	if q.state.Changed > 0 || q.untold() {
		n++
	}
	return n
}

// Restored says which version the log has as the object is made: what was not told before is
// told now.
func (q *Queue) Restored(version uint64, generation string) {
	q.version, q.generation = version, generation
	if q.untold() && q.due.IsZero() {
		q.due = q.overdue()
	}
}

// Changed says that the log has another version now. It stores nothing.
func (q *Queue) Changed(now time.Time, version uint64, generation string) {
	q.version, q.generation = version, generation
	if q.due.IsZero() && q.untold() {
		q.want(now, q.cfg.Every)
	}
}

// untold reports whether the log has a version that no event speaks of.
func (q *Queue) untold() bool {
	return (q.version != q.state.Told || q.generation != q.state.Generation) && q.version+q.state.Told > 0 && q.cfg.Wants(DocumentChanged)
}

// want has what waits sent after so long, or when the next request may be.
func (q *Queue) want(now time.Time, after time.Duration) {
	at := now.Add(after)
	if next := q.since.Add(q.cfg.Every); !q.since.After(now) && next.After(now) {
		at = next
	}
	if q.due.IsZero() || at.Before(q.due) {
		q.due = at
	}
}

// Put adds an event that is wanted (see Wants). One that there is no room for is lost, and its
// seq is missing.
func (q *Queue) Put(now time.Time, name string, data []byte) {
	first := q.name()
	q.state.Seq++
	if len(q.events) >= q.cfg.MaxPending+Batch {
		q.state.Lost++
		q.save()
		q.owner.Emit(Lose{Type: name})
		return
	}
	if first {
		q.save()
	}
	e := Event{Seq: q.state.Seq, Type: name, At: now, Data: data}
	q.events = append(q.events, e)
	q.owner.Emit(Put{e})
	q.want(now, min(Linger, q.cfg.Every))
}

// name names the stream, if it has no name yet.
func (q *Queue) name() bool {
	if q.state.Stream != "" {
		return false
	}
	const digits = "0123456789abcdef"
	var name [16]byte
	for i, n := 0, q.random.Next(); i < len(name); i++ {
		name[i] = digits[n&15]
		n >>= 4
	}
	q.state.Stream = string(name[:])
	return true
}

// Forget takes a user out of what waits. The events stay, so that no seq is missing, and say nothing.
func (q *Queue) Forget(userID string) {
	for i := range q.events {
		e := &q.events[i]
		if id, ok := jsonscan.Str(jsonscan.Field(e.Data, "user_id")); ok && id == userID {
			e.Data = []byte(`{"erased":true}`)
			q.owner.Emit(Put{*e})
		}
	}
}

// Erased forgets everything, when all that is stored is erased.
func (q *Queue) Erased() {
	q.state, q.events, q.version, q.generation = State{}, nil, 0, ""
	q.asked, q.taken, q.unsaved, q.due, q.look = 0, 0, false, time.Time{}, time.Time{}
}

// Deadline returns when Settle is due, and false when it never is.
func (q *Queue) Deadline() (at time.Time, ok bool) {
	switch {
	case !q.cfg.On:
	case q.asked != 0:
		return q.look, true
	case q.due.IsZero():
		return q.look, q.unsaved
	case q.state.Tries > 0:
		at, ok = q.state.Next, true
	default:
		at, ok = q.due, true
	}
	if q.unsaved && ok && q.look.Before(at) {
		at = q.look
	}
	if at.Before(past) {
		at = past
	}
	return at, ok
}

// Settle does what is due. Early, late and often are harmless.
func (q *Queue) Settle(now time.Time) {
	if !q.cfg.On || q.due.IsZero() && q.asked == 0 && !q.unsaved {
		return
	}
	q.turnBack(now)
	if q.asked != 0 {
		switch end := q.since.Add(q.cfg.Timeout + slack); {
		case now.Before(q.look):
		case now.Before(end):
			q.look = end
		case q.burying:
			q.Buried(now, Buried{Number: q.asked})
		default:
			q.Sent(now, Sent{Number: q.asked, Reason: "no_answer"})
		}
		return
	}
	if len(q.events) > q.cfg.MaxPending && !now.Before(q.full.Add(LongestPause/60)) {
		q.tooMany(now)
		return
	}
	at := q.due
	if q.state.Tries > 0 && !at.IsZero() {
		at = q.state.Next
	}
	if !q.due.IsZero() && !now.Before(at) {
		q.send(now)
	} else if q.unsaved && !now.Before(q.look) {
		q.save()
	}
}

// turnBack follows a clock that was set back: no moment lies further ahead than one of its kind can.
func (q *Queue) turnBack(now time.Time) {
	for _, m := range [...]struct {
		at   *time.Time
		most time.Duration
	}{
		{&q.since, 0}, {&q.full, 0}, {&q.state.ChangedAt, 0}, {&q.due, q.cfg.Every + Linger}, {&q.look, q.cfg.Timeout + slack + mostSettle}, {&q.state.Next, LongestPause},
	} {
		if latest := now.Add(m.most); m.at.After(latest) {
			*m.at = latest
		}
	}
}

// save stores the State, and that events are no more.
func (q *Queue) save() {
	if q.taken > 0 {
		q.owner.Emit(Drop{q.taken})
		q.taken = 0
	}
	q.unsaved = false
	q.owner.Emit(Save{q.state})
}

// changed is the event of a change that was not taken yet.
func (q *Queue) changed() Event {
	w := jsonscan.NewObject(nil)
	w.Uint("document_version", q.state.Told)
	if q.state.Generation != "" {
		w.Str("generation", q.state.Generation)
	}
	return Event{Seq: q.state.Changed, Type: DocumentChanged, At: q.state.ChangedAt, Data: w.End()}
}
