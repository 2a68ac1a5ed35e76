package user

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// deviceOwner is the User as its device channel sees it.
type deviceOwner struct{ *User }

func (u deviceOwner) Emit(e device.Effect)       { u.emit(FromDevice{e}) }
func (u deviceOwner) Socket(e serverconn.Effect) { u.emit(OnSocket{e}) }

func (u deviceOwner) Record(at time.Time, e audit.Entry) { u.record(at, e) }

func (u deviceOwner) PreAdmit(now time.Time, clientID string, c session.Claims) *protocol.Error {
	return u.step(now, session.PreAdmit{ClientID: clientID, Claims: c}).Err
}

// Admit does not count the attempt, which PreAdmit has counted, but for a refresh.
func (u deviceOwner) Admit(now time.Time, a device.Admission) (sessionID string, epoch uint64, err *protocol.Error) {
	answer := u.step(now, session.Admit{
		Channel: protocol.DeviceChannel, ClientID: a.ClientID, Claims: a.Claims, NewSessionID: a.NewSessionID,
		Again: !a.Refresh, Refresh: a.Refresh,
	})
	return answer.Grant.SessionID, answer.Grant.Epoch, answer.Err
}

func (u deviceOwner) ChannelGone(now time.Time, sessionID, reason string) {
	u.step(now, session.ChannelGone{Channel: protocol.DeviceChannel, SessionID: sessionID, Reason: reason})
}

func (u deviceOwner) AppFrame(now time.Time, clientID string, f protocol.Frame, newSessionID string) {
	u.apps.FromDevice(now, clientID, f, newSessionID)
}

func (u deviceOwner) AppStates() []protocol.AppState { return u.apps.States() }
func (u deviceOwner) DeviceAway()                    { u.apps.DeviceAway() }
func (u deviceOwner) DeviceBack(now time.Time)       { u.apps.DeviceBack(now) }
func (u deviceOwner) DeviceGone(now time.Time)       { u.apps.DeviceGone(now) }

// appOwner is the User as its apps see it.
type appOwner struct{ *User }

func (u appOwner) Emit(e app.Effect)          { u.emit(FromApps{e}) }
func (u appOwner) Socket(e serverconn.Effect) { u.emit(OnSocket{e}) }

func (u appOwner) Record(at time.Time, e audit.Entry) { u.record(at, e) }

func (u appOwner) ToDevice(event string, data []byte, messageID string, mayWait bool) (uint64, *protocol.Error) {
	if mayWait && !u.device.Room() {
		return 0, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "outbox_full", RetryAfter: time.Second}
	}
	return u.device.Put(event, data, messageID)
}

func (u appOwner) Answer(f protocol.Frame) { u.device.Send(f) }
func (u appOwner) Away() bool              { return !u.device.Active() }

// inboxOwner is the User as its inbox sees it. A message is for the user: a program that acts for
// the user on one document is not sent what may be about any other.
type inboxOwner struct{ *User }

func (u inboxOwner) Emit(e inbox.Effect) { u.emit(FromInbox{e}) }

func (u inboxOwner) Channels(f func(document, clientID string, admittedAt time.Time)) {
	u.session.Channels(func(c *session.ChannelRow) {
		if c.Channel != protocol.DeviceChannel && !protocol.IsDelegate(c.ClientID) {
			f(c.Channel, c.ClientID, c.AdmittedAt)
		}
	})
}

// record writes a line of the audit log.
func (u *User) record(at time.Time, e audit.Entry) {
	e.At, e.UserID, e.Document = at, u.userID, protocol.DeviceChannel
	u.emit(FromSession{session.Record{Entry: e}})
}
