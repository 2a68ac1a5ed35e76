package user_test

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// object is a core whose events and effects go without the word whose they are.
type object struct{ *user.User }

func (o object) Step(now time.Time, ev any) []any { return plain(o.User.Step(now, whole(ev))) }

// whole says whose an event is.
func whole(ev any) user.Event {
	switch ev := ev.(type) {
	case session.Event:
		return user.ForSession{Event: ev}
	case device.Event:
		return user.ForDevice{Event: ev}
	case app.Event:
		return user.ForApps{Event: ev}
	case user.Event:
		return ev
	}
	panic("no event of a user's object")
}

// plain are the effects themselves; they outlive the next Step.
func plain(effects []user.Effect) (list []any) {
	for _, e := range effects {
		switch e := e.(type) {
		case user.FromSession:
			list = append(list, e.Effect)
		case user.FromDevice:
			list = append(list, e.Effect)
		case user.FromApps:
			list = append(list, e.Effect)
		case user.OnSocket:
			list = append(list, e.Effect)
		}
	}
	return list
}

func restore(cfg user.Config, s user.Snapshot) (object, error) {
	cfg = cfg.WithDefaults()
	u, err := user.Restore(&cfg, s)
	return object{u}, err
}
