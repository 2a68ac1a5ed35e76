package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// owner is the Device as its apps see it.
type owner struct{ *Device }

func (o owner) Emit(effect any) { o.emit(effect) }

func (o owner) ToDevice(event string, data []byte, messageID string, mayWait bool) (uint64, *protocol.Error) {
	if mayWait && !o.box.Room() {
		return 0, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "outbox_full", RetryAfter: time.Second}
	}
	return o.put(event, data, messageID)
}

func (o owner) Answer(f protocol.Frame) { o.send(f) }

func (o owner) Record(at time.Time, e audit.Entry) { o.record(at, e) }

func (o owner) Away() bool { return o.ch.State() != channel.Active }

// AppConns calls f for each connection of an app that counts.
func (d *Device) AppConns(f func(ConnID)) { d.apps.Conns(f) }

// Apps are the user's apps that have not stopped, by package.
func (d *Device) Apps() []app.Row { return d.apps.Rows() }

// appEvent takes what happens to an app; the rest it leaves alone.
func (d *Device) appEvent(now time.Time, ev Event) {
	switch e := ev.(type) {
	case FrameReceived:
		d.apps.Frame(now, e.Conn, e.Frame, e.Size)
	case FrameInvalid:
		d.apps.Invalid(now, e.Conn, *e.Err, e.Size)
	case AppConnect:
		d.apps.Connect(now, e.Connect)
	case AppRegistered:
		d.apps.Registered(now, e.Registered)
	case AppCalled:
		d.apps.Called(now, e.Called)
	case AppKeyRevoked:
		d.apps.Revoke(now, e.KeyRevoked)
	}
}
