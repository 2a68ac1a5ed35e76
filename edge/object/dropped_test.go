package object

import (
	"testing"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// An effect that the shell does not know fails its event. Lost in silence it would leave
// what is stored behind what the core knows.
func TestAnUnknownEffectFailsTheEvent(t *testing.T) {
	for name, effect := range map[string]user.Effect{
		"of a kind": struct{ user.Effect }{},
		"session":   user.FromSession{Effect: struct{ session.Effect }{}},
		"device":    user.FromDevice{Effect: struct{ device.Effect }{}},
		"apps":      user.FromApps{Effect: struct{ app.Effect }{}},
		"socket":    user.OnSocket{Effect: struct{ serverconn.Effect }{}},
	} {
		f := newFake(t, "ann", NewUser)
		f.enter(Input{Kind: Alarm})
		o := f.object.(*userObject)
		o.carryOut(effect)
		if err := o.Handle(f.now, Input{Kind: Alarm}); err != errDropped {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := newFake(t, "welcome", NewDocument)
	f.enter(Input{Kind: Alarm})
	o := f.object.(*documentObject)
	o.carryOut(struct{ document.Effect }{})
	if err := o.Handle(f.now, Input{Kind: Alarm}); err != errDropped {
		t.Errorf("document: %v", err)
	}
}
