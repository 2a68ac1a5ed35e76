package user

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// User is the core of one user's object. It is not safe for concurrent use.
type User struct {
	userID  string
	session *session.Session
	device  *device.Device
	apps    *app.Apps
	told    delivery.Queue
	inbox   *inbox.Inbox
	clock   serverconn.Clock
	effects []Effect
}

// Snapshot is everything Restore needs.
type Snapshot struct {
	UserID  string
	Session session.Snapshot
	Device  device.Snapshot
	Apps    app.Snapshot
	Events  delivery.Snapshot
	Inbox   inbox.Snapshot
}

// Restore returns the object a snapshot was taken from; that of a user who was never seen
// has a UserID alone. It fails on a snapshot no object can have made, and then there is
// nothing to run. cfg must have its defaults set and is shared, not copied.
func Restore(cfg *Config, s Snapshot) (*User, error) {
	u := &User{userID: s.UserID}
	var err error
	if u.session, err = session.Restore(cfg.Session, s.Session); err != nil {
		return nil, err
	}
	if u.device, err = device.Restore(&cfg.Device, deviceOwner{u}, s.UserID, s.Device); err != nil {
		return nil, err
	}
	if u.apps, err = app.Restore(&cfg.Apps, appOwner{u}, s.UserID, s.Apps); err != nil {
		return nil, err
	}
	if u.inbox, err = inbox.Restore(&cfg.Inbox, inboxOwner{u}, s.Inbox); err != nil {
		return nil, err
	}
	switch {
	case u.device.Live() != u.session.Holds(protocol.DeviceChannel):
		return nil, errors.New("user: the device channel and the session do not agree")
	case !u.device.Live() && len(s.Apps.Apps) > 0:
		return nil, errors.New("user: apps of nobody")
	}
	u.told = delivery.Restore(cfg.Events, teller{u}, s.Events, cfg.Random)
	u.clock = serverconn.Starting(serverconn.Latest(u.device.Known(), u.apps.Known()))
	return u, nil
}

// Snapshot returns everything Restore needs.
func (u *User) Snapshot() Snapshot {
	return Snapshot{
		UserID: u.userID, Session: u.session.Snapshot(), Device: u.device.Snapshot(), Apps: u.apps.Snapshot(), Events: u.told.Snapshot(), Inbox: u.inbox.Snapshot(),
	}
}

// Begin says when it is, as the object wakes.
func (u *User) Begin(now time.Time) { u.inbox.Begin(now) }

// Session is what is known of the session.
func (u *User) Session() session.Snapshot { return u.session.Snapshot() }

// Apps are the user's apps that have not stopped, by package.
func (u *User) Apps() []app.Row { return u.apps.Rows() }

// Device returns the device's current connection, "" for none.
func (u *User) Device() ConnID { return u.device.Current() }

// DeviceConns are the device's connections that count: the current one and the pending one,
// "" for none.
func (u *User) DeviceConns() [2]ConnID { return u.device.Conns() }

// AppConns calls f for each connection of an app that counts.
func (u *User) AppConns(f func(ConnID)) { u.apps.Conns(f) }

// Deadline returns when Woken is due, and false when nothing ever is.
func (u *User) Deadline() (at time.Time, ok bool) {
	least := func(t time.Time, is bool) {
		if is && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	least(u.session.Deadline())
	least(u.device.Deadline())
	least(u.apps.Deadline())
	least(u.told.Deadline())
	least(u.inbox.Deadline())
	return at, ok
}

// Step takes one event and returns what is to be done about it, in order. The effects are
// valid until the next Step.
func (u *User) Step(now time.Time, ev Event) []Effect {
	clear(u.effects)
	u.effects = u.effects[:0]
	now = now.UTC().Truncate(time.Millisecond)
	if by := u.clock.Step(now); by > 0 {
		u.device.TurnBack(by)
		u.apps.TurnBack(by)
	}
	switch e := ev.(type) { // those that settle what is due in their own place
	case Woken:
		u.device.Woken(now, e.Seen)
		u.apps.Settle(now, func(conn ConnID) time.Time { return e.Apps[conn] })
		u.device.Beat(now)
		u.step(now, session.Woken{})
		u.flow(now)
		u.told.Settle(now)
		return u.effects
	case ForDevice:
		if _, connects := e.Event.(device.Connect); connects {
			u.device.Take(now, e.Event)
			u.told.Settle(now)
			u.inbox.Settle(now)
			return u.effects
		}
	case Disconnected:
		u.device.Disconnected(now, e.Conn, e.Code, e.Seen)
		u.apps.Disconnected(now, e.Conn, e.Code, e.Seen)
	case SendFailed:
		u.device.SendFailed(now, e.Conn, e.Seen)
		u.apps.SendFailed(now, e.Conn, e.Seen)
	}
	u.device.Settle(now, false)
	u.apps.Settle(now, nil)
	switch e := ev.(type) {
	case FrameReceived:
		if u.device.Has(e.Conn) {
			u.device.Frame(now, e.Conn, e.Frame, e.Size, e.NewSessionID)
		} else {
			u.apps.Frame(now, e.Conn, e.Frame, e.Size)
		}
	case FrameInvalid:
		if u.device.Has(e.Conn) {
			u.device.Invalid(now, e.Conn, e.Err, e.Size)
		} else {
			u.apps.Invalid(now, e.Conn, e.Err, e.Size)
		}
	case ForSession:
		u.step(now, e.Event)
		if _, revoked := e.Event.(session.Revoke); revoked {
			u.device.Revoked(now, u.session.Unusable)
		}
	case ForDevice:
		u.device.Take(now, e.Event)
	case ForApps:
		u.apps.Take(now, e.Event)
	case EventsSent:
		u.told.Sent(now, e.Sent)
	case EventsBuried:
		u.told.Buried(now, e.Buried)
	case ForInbox:
		u.inbox.Take(now, e.Event)
	}
	u.flow(now)
	u.told.Settle(now)
	return u.effects
}

func (u *User) flow(now time.Time) {
	u.device.Flow(now)
	u.apps.Flow(now)
	u.inbox.Settle(now)
}

func (u *User) emit(e Effect) { u.effects = append(u.effects, e) }

// step steps the session. An end of the device channel takes effect at once; what the
// session answers to the device is returned.
func (u *User) step(now time.Time, ev session.Event) (answer session.Answer) {
	var end session.EndChannel
	for _, e := range u.session.Step(now, ev) {
		switch e := e.(type) {
		case session.Answer:
			if e.Ask == 0 {
				answer = e
				continue
			}
		case session.EndChannel:
			if e.Channel == protocol.DeviceChannel {
				end = e
				continue
			}
		case session.Record:
			u.tell(now, e)
		}
		u.emit(FromSession{e})
	}
	if end.Channel != "" {
		closed := u.device.End(now, end)
		u.step(now, session.Ended{
			Channel: protocol.DeviceChannel, Fence: end.Fence, OK: true, Closed: closed, Gone: !u.device.Live(), AdmittedAt: end.AdmittedAt,
		})
	}
	return answer
}
