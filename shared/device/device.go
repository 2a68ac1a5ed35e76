package device

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// Device is the core of one user's session object. It is not safe for concurrent use.
type Device struct {
	cfg     Config
	userID  string
	ses     *session.Session
	ch      *channel.Channel // the device's
	token   Token
	asked   time.Time // when the oldest unanswered ping went out
	door    *channel.Channel
	waiting Door // who stands there
	box     *channel.Outbox
	apps    *app.Apps
	newest  time.Time // that there was
	probes  channel.Probes
	live
	effects []Effect
	data    []byte // where a frame's data is built
}

// live is what is not stored: losing it forgives, or has a ping go out again.
type live struct {
	pinged    time.Time // when the last ping went out
	verifying bool      // a token_refresh waits for its answer
	mistakes  rate.Mistakes
	refused   rate.Refused // tokens, on this connection
	flood     rate.Flood
	window    channel.Window
	atDoor    int // bytes said to the socket at the door
}

// New returns the object of a user who was never seen.
func New(cfg Config, userID string) *Device {
	d := &Device{cfg: cfg.WithDefaults(), userID: userID}
	d.ses = session.New(d.cfg.Session)
	d.ch, d.door = channel.New(&d.cfg.Channel, userID), channel.New(&d.cfg.Channel, userID)
	d.box = channel.NewOutbox(d.cfg.Outbox)
	d.apps, d.probes = app.New(&d.cfg.Apps, owner{d}, userID), channel.NewProbes(d.cfg.Secret)
	return d
}

// Restore returns the object a snapshot was taken from. It fails on a snapshot no object
// can have made, and then there is nothing to run.
func Restore(cfg Config, s Snapshot) (*Device, error) {
	d := New(cfg, s.UserID)
	var err error
	if d.ses, err = session.Restore(d.cfg.Session, s.Session); err != nil {
		return nil, err
	}
	if s.Row.Channel.UserID != "" { // else the device was never seen
		if d.ch, err = channel.Restore(&d.cfg.Channel, s.Row.Channel); err != nil {
			return nil, err
		}
	}
	if d.box, err = channel.RestoreOutbox(d.cfg.Outbox, s.Row.Outbox, s.Kept); err != nil {
		return nil, err
	}
	if d.apps, err = app.Restore(&d.cfg.Apps, owner{d}, s.UserID, s.Apps); err != nil {
		return nil, err
	}
	d.token, d.asked = s.Row.Token, s.Row.Asked
	if w := s.Row.Door; w.Conn != "" {
		d.door.Open(w.At, w.Conn)
		d.waiting = w
	}
	switch {
	case d.ch.UserID() != s.UserID:
		return nil, errors.New("device: a channel of another user")
	case d.ch.State() == channel.Pending:
		return nil, errors.New("device: who waits stands at the door")
	case d.ch.Live() != d.ses.Holds(session.DeviceChannel):
		return nil, errors.New("device: the channel and the session do not agree")
	case !d.ch.Live() && len(s.Kept) > 0:
		return nil, errors.New("device: frames for nobody")
	case !d.ch.Live() && len(s.Apps.Apps) > 0:
		return nil, errors.New("device: apps of nobody")
	case d.active() && d.ch.Conn() == d.waiting.Conn:
		return nil, errors.New("device: one connection in two places")
	}
	d.pinged = d.ch.Row().Seen // about then; if it was earlier a ping too many does no harm
	d.newest = d.known()
	return d, nil
}

// Snapshot returns everything Restore needs.
func (d *Device) Snapshot() Snapshot {
	return Snapshot{
		UserID: d.userID, Session: d.ses.Snapshot(), Row: d.row(), Kept: append([]channel.Kept(nil), d.box.Kept()...), Apps: d.apps.Snapshot(),
	}
}

// Described is what an operator is told of the session.
func (d *Device) Described() session.Snapshot { return d.ses.Snapshot() }

// Current returns the current connection, "" for none.
func (d *Device) Current() ConnID { return d.ch.Conn() }

// Conns are the connections that count: the current one and the one at the door, "" for
// none.
func (d *Device) Conns() [2]ConnID { return [...]ConnID{d.ch.Conn(), d.door.Conn()} }

func (d *Device) row() Row {
	return Row{Channel: d.ch.Row(), Token: d.token, Asked: d.asked, Door: d.waiting, Outbox: d.box.Row()}
}

// Step takes one event of the device and returns what is to be done about it, in order.
// The effects are valid until the next Step.
func (d *Device) Step(now time.Time, ev Event) []Effect {
	now = d.begin(now)
	switch e := ev.(type) { // those that settle what is due in their own place
	case Connect:
		d.heard(now, e.Seen)
		d.settle(now, true)
		d.connect(now, e)
		return d.effects
	case Woken:
		d.heard(now, e.Seen)
		d.settle(now, true)
		d.apps.Settle(now, func(conn ConnID) time.Time { return e.Apps[conn] })
		d.beat(now)
		d.session(now, session.Woken{})
		d.flow(now)
		d.apps.Flow(now)
		return d.effects
	case Disconnected:
		d.disconnected(now, e)
		d.apps.Disconnected(now, e.Conn, e.Code, e.Seen)
	case SendFailed:
		d.sendFailed(now, e)
		d.apps.SendFailed(now, e.Conn, e.Seen)
	}
	d.settle(now, false)
	d.apps.Settle(now, nil)
	switch e := ev.(type) {
	case FrameReceived:
		switch {
		case e.Conn == "":
		case e.Conn == d.ch.Conn():
			d.frame(now, e)
		case e.Conn == d.door.Conn():
			d.doorFrame(now, e)
		default:
			d.appEvent(now, e)
		}
	case FrameInvalid:
		if e.Err == nil {
			e.Err = &protocol.Error{Code: protocol.MalformedMessage}
		}
		if e.Conn != "" && (e.Conn == d.ch.Conn() || e.Conn == d.door.Conn()) {
			d.frameInvalid(now, e)
		} else {
			d.appEvent(now, e)
		}
	case TokenVerified:
		if e.Conn != "" && e.Conn == d.ch.Conn() {
			d.tokenVerified(now, e.Claims)
		}
	case TokenRefused:
		if e.Conn != "" && e.Conn == d.ch.Conn() {
			d.tokenRefused(now, e.Err)
		}
	case Post:
		d.post(e)
	default:
		d.appEvent(now, ev)
	}
	d.flow(now)
	d.apps.Flow(now)
	return d.effects
}

// Session takes one event of the user's session.
func (d *Device) Session(now time.Time, ev session.Event) []Effect {
	now = d.begin(now)
	d.settle(now, false) // what has ended by now is nobody's any more
	d.apps.Settle(now, nil)
	d.session(now, ev)
	if _, revoked := ev.(session.Revoke); revoked && d.waiting.Conn != "" {
		if e, worthless := d.ses.Worthless(d.waiting.Token.claims(d.userID)); worthless {
			d.turnAway(now, d.waiting.Flat, e)
		}
	}
	d.flow(now)
	d.apps.Flow(now)
	return d.effects
}

func (d *Device) begin(now time.Time) time.Time {
	clear(d.effects)
	d.effects = d.effects[:0]
	now = now.UTC().Truncate(time.Millisecond)
	d.turnBack(now)
	return now
}

func (d *Device) emit(e Effect) { d.effects = append(d.effects, e) }

// active reports whether a device is connected.
func (d *Device) active() bool { return d.ch.State() == channel.Active }

// ownAsk numbers what is asked of the session from here, above all that shells ask.
const ownAsk = 1 << 40

// session steps the session. What it says to the device is done at once; what it
// answers to the device is returned.
func (d *Device) session(now time.Time, ev session.Event) (answer session.Answer) {
	var end session.EndChannel
	for _, e := range d.ses.Step(now, ev) {
		switch e := e.(type) {
		case session.Answer:
			if e.Ask == ownAsk {
				answer = e
				continue
			}
		case session.EndChannel:
			if e.Document == session.DeviceChannel {
				end = e
				continue
			}
		}
		d.emit(e)
	}
	if end.Document != "" {
		d.endChannel(now, end)
	}
	return answer
}

// save stores the row.
func (d *Device) save() { d.emit(SaveRow{Row: d.row()}) }

// send writes one frame to the current connection.
func (d *Device) send(f protocol.Frame) {
	if d.active() {
		d.sendText(f.Append(nil))
	}
}

func (d *Device) sendText(text []byte) {
	d.window.Sent(len(text))
	d.emit(Send{Conn: d.ch.Conn(), Text: text})
}

func (d *Device) sendError(e protocol.Error) { d.send(e.Frame()) }

// record writes a line of the audit log.
func (d *Device) record(at time.Time, e audit.Entry) {
	e.At, e.UserID, e.Document = at, d.userID, session.DeviceChannel
	if e.ClientID == "" {
		e.ClientID = d.ch.ClientID()
	}
	d.emit(session.Record{Entry: e})
}
