package object

import "time"

// alarm keeps the one alarm of an object in step with its core's deadline.
type alarm struct{ at time.Time }

// follow sets the alarm when it would come too late. One that comes too early is
// left alone: it costs one wake-up that finds nothing to do, where moving it
// would cost a row written for every frame that moves a deadline.
func (a *alarm) follow(h Host, now, deadline time.Time, ok bool) {
	switch {
	case !ok && !a.at.IsZero():
		h.ClearAlarm()
		a.at = time.Time{}
	case ok && (a.at.IsZero() || deadline.Before(a.at)):
		// A deadline that has passed fires at once, one by one: not in a spin
		// of wake-ups within the same millisecond.
		if deadline.Before(now) {
			deadline = now
		}
		h.SetAlarm(deadline)
		a.at = deadline
	}
}

// sooner is the earlier one of two deadlines, each of which there may be or not.
func sooner(a time.Time, isA bool, b time.Time, isB bool) (time.Time, bool) {
	if !isA || isB && b.Before(a) {
		return b, isB
	}
	return a, true
}

// rang forgets the alarm that has just gone off.
func (a *alarm) rang() { a.at = time.Time{} }
