package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Deadline returns when something of an app is due, and false when nothing ever is.
func (a *Apps) Deadline() (at time.Time, ok bool) {
	least := func(t time.Time, is bool) {
		if is && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, x := range a.list {
		least(a.pendingUntil(x))
		least(x.ch.Deadline(true))
		least(x.row.Next, !x.row.Next.IsZero())
		least(a.silentAt(x))
	}
	return at, ok
}

func (a *Apps) pendingUntil(x *attached) (time.Time, bool) {
	return serverconn.Until(x.row.Pending.Conn, x.row.Pending.At, a.cfg.Channel.InitTimeout)
}

// Settle does everything that is due, each as of its own moment. With seen, which says
// when the runtime last answered a ping on a connection, silence is judged too.
func (a *Apps) Settle(now time.Time, seen func(ConnID) time.Time) {
	for _, x := range append([]*attached(nil), a.list...) {
		if seen != nil && x.ch.Conn() != "" {
			first := x.ch.Pinged(serverconn.NotAfter(now, seen(x.ch.Conn())))
			if x.ch.Look(now) || first {
				a.save(x)
			}
		}
		if at, ok := a.pendingUntil(x); ok && !now.Before(at) {
			a.reject(x, protocol.Frame{}, protocol.Error{Code: protocol.ConnectionInitTimeout})
		}
		// An app passes through all its states in a few turns: lost, its grace over, called
		// twice in vain.
		for range 8 {
			if x.row.State == Stopped || !a.due(now, x, seen != nil) {
				break
			}
		}
	}
}

// due does the one thing that is due first.
func (a *Apps) due(now time.Time, x *attached, judge bool) bool {
	if what, at := x.ch.Due(now, judge); what == channel.Silent {
		a.end(now, at, x, protocol.Error{Code: protocol.HeartbeatTimeout})
		return true
	} else if at, ok := a.silentAt(x); judge && ok && !now.Before(at) {
		a.end(now, at, x, protocol.Error{Code: protocol.HeartbeatTimeout})
		return true
	} else if what == channel.GraceOver {
		x.ch.Leave()
		a.over(now, x)
		return true
	}
	if x.row.Next.IsZero() || now.Before(x.row.Next) {
		return false
	}
	switch {
	case x.row.State == Stopping:
		a.stopped(now, x, "user_stopped", "")
	case x.row.Phase == Calling: // its answer was lost with the object that waited for it
		a.unanswered(x.row.Next, x, "webhook_failed")
	case x.row.Phase == Pausing:
		a.call(now, x)
		a.save(x)
	default:
		a.absent(now, x, "connect_timeout")
	}
	return true
}

// DeviceAway notifies the apps that the user's device has dropped: they keep their state.
func (a *Apps) DeviceAway() {
	for _, x := range a.list {
		a.sendClientState(x)
	}
}

// DeviceBack notifies them that it is back, and calls those that have gone meanwhile.
func (a *Apps) DeviceBack(now time.Time) {
	for _, x := range append([]*attached(nil), a.list...) {
		a.sendClientState(x)
		if x.row.State == Dormant {
			a.resurrect(now, x)
		}
	}
}

// DeviceGone ends all apps: the user's session is over.
func (a *Apps) DeviceGone(now time.Time) {
	for _, x := range append([]*attached(nil), a.list...) {
		x.row.State = Stopped
		a.sendStopped(x, "session_ended")
		a.remove(now, x, "session_ended", "User session ended")
	}
	if a.receipts.Len() > 0 {
		a.receipts = channel.NewReceipts(a.cfg.Unanswered)
		a.owner.Emit(ForgetReceipts{})
	}
}
