package object

import "time"

// alarm keeps the one alarm of an object in step with its core's deadline.
type alarm struct {
	at time.Time
	// stored is that one may be set that this boot does not know the time of. The boot leaves it to the
	// event that it is for: setting an alarm is a row written, and the event would set it again.
	stored bool
}

// overdue is how late an alarm may ring. One that is later has been lost, and is set anew.
const overdue = 30 * time.Second

// follow sets the alarm when it would come too late. One that comes too early is
// left alone: it costs one wake-up that finds nothing to do, where moving it
// would cost a row written for every frame that moves a deadline.
func (a *alarm) follow(h Host, now, deadline time.Time, ok bool) {
	at := ringing(now, deadline)
	switch {
	case !ok && (a.stored || !a.at.IsZero()):
		h.ClearAlarm()
		*a = alarm{}
	case ok && (a.at.IsZero() || at.Before(a.at) || now.Sub(a.at) > overdue):
		h.SetAlarm(at)
		*a = alarm{at: at}
	}
}

// ringing is when an alarm rings for a deadline. It has whole milliseconds, and is not before the deadline:
// what rings early finds nothing due, and would be set to the moment at which it rings. Nor is it
// now, which may be that moment. The runtime takes such an alarm for the one that it forgets when its event
// has ended, and the object is never woken again (workerd, 2026-12; edge/e2e/alarm_test.go).
func ringing(now, deadline time.Time) time.Time {
	if !deadline.After(now) {
		deadline = now.Add(1)
	}
	return deadline.Add(time.Millisecond - 1).Truncate(time.Millisecond)
}

// sooner is the earlier one of two deadlines, each of which there may be or not.
func sooner(a time.Time, isA bool, b time.Time, isB bool) (time.Time, bool) {
	if !isA || isB && b.Before(a) {
		return b, isB
	}
	return a, true
}

// rang forgets the alarm that has just gone off.
func (a *alarm) rang() { *a = alarm{} }
