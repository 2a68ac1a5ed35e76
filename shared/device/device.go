package device

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// Device is a user's device channel. It is not safe for concurrent use.
type Device struct {
	cfg       *Config
	owner     Owner
	userID    string
	ch        *channel.Channel
	token     Token
	asked     time.Time // when the oldest unanswered ping went out
	pending   Pending
	handshake serverconn.Handshake // of the pending socket
	box       *channel.Outbox
	probes    serverconn.Probes
	live
}

// live is what is not stored: losing it forgives, or has a ping go out again.
type live struct {
	pinged time.Time // when the last ping went out
	doubts bool      // the row has Asked
	conn   serverconn.Conn
}

// New returns the device channel of a user whose device was never seen. cfg must have its
// defaults set and is shared, not copied.
func New(cfg *Config, owner Owner, userID string) *Device {
	return &Device{
		cfg: cfg, owner: owner, userID: userID,
		ch: channel.New(&cfg.Channel, userID, ""), box: channel.NewOutbox(cfg.Outbox), probes: serverconn.NewProbes(cfg.Conn.Secret),
	}
}

// Restore returns the channel a snapshot was taken from. It fails on a snapshot no channel
// can have made.
func Restore(cfg *Config, owner Owner, userID string, s Snapshot) (*Device, error) {
	d := New(cfg, owner, userID)
	var err error
	if s.Row.Channel.UserID != "" { // else the device was never seen
		if d.ch, err = channel.Restore(&cfg.Channel, s.Row.Channel); err != nil {
			return nil, err
		}
	}
	if d.box, err = channel.RestoreOutbox(cfg.Outbox, s.Row.Outbox, s.Kept); err != nil {
		return nil, err
	}
	d.token, d.asked, d.pending = s.Row.Token, s.Row.Asked, s.Row.Pending
	d.doubts = !d.asked.IsZero() && !s.Unstored
	d.ch.Alive(s.Heard)
	switch {
	case d.ch.UserID() != userID:
		return nil, errors.New("device: a channel of another user")
	case !d.ch.Live() && len(s.Kept) > 0:
		return nil, errors.New("device: frames for nobody")
	case d.active() && d.ch.Conn() == d.pending.Conn:
		return nil, errors.New("device: one connection in two places")
	}
	d.pinged = d.ch.Row().Seen // about then; if it was earlier a ping too many does no harm
	return d, nil
}

// Snapshot returns everything Restore needs.
func (d *Device) Snapshot() Snapshot {
	return Snapshot{Row: d.row(), Kept: append([]channel.Kept(nil), d.box.Kept()...), Unstored: !d.doubts}
}

// Current returns the current connection, "" for none.
func (d *Device) Current() ConnID { return d.ch.Conn() }

// Conns are the connections that count: the current one and the pending one, "" for none.
func (d *Device) Conns() [2]ConnID { return [...]ConnID{d.ch.Conn(), d.pending.Conn} }

// Has reports whether a connection is one of them.
func (d *Device) Has(conn ConnID) bool {
	return conn != "" && (conn == d.ch.Conn() || conn == d.pending.Conn)
}

// Live reports whether there is a channel, be its device connected or in its grace.
func (d *Device) Live() bool { return d.ch.Live() }

// Active reports whether a device is connected.
func (d *Device) Active() bool { return d.active() }

func (d *Device) row() Row {
	return Row{Channel: d.ch.Row(), Token: d.token, Asked: d.asked, Pending: d.pending, Outbox: d.box.Row()}
}

// Take takes an event that is not about a connection's frames or end.
func (d *Device) Take(now time.Time, ev Event) {
	switch e := ev.(type) {
	case Connect:
		d.connect(now, e)
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
	}
}

func (d *Device) active() bool { return d.ch.State() == channel.Active }

// save stores the row.
func (d *Device) save() {
	d.doubts = !d.asked.IsZero()
	d.owner.Emit(SaveRow{Row: d.row()})
}

// send writes one frame to the current connection.
func (d *Device) send(f protocol.Frame) {
	if d.active() {
		d.sendText(f.Append(nil))
	}
}

func (d *Device) sendText(text []byte) {
	d.conn.Window.Sent(len(text))
	d.owner.Socket(serverconn.Send{Conn: d.ch.Conn(), Text: text})
}

func (d *Device) sendError(e protocol.Error) { d.send(e.Frame()) }

// record writes a line of the audit log.
func (d *Device) record(at time.Time, e audit.Entry) {
	if e.ClientID == "" {
		e.ClientID = d.ch.ClientID()
	}
	d.owner.Record(at, e)
}

// Revoked rejects the pending socket if its token is unusable now: nobody would ask again.
func (d *Device) Revoked(now time.Time, unusable func(session.Claims) (protocol.Error, bool)) {
	if d.pending.Conn == "" {
		return
	}
	if e, is := unusable(d.pending.Token.claims(d.userID)); is {
		d.reject(now, d.pending.Flat, e)
	}
}
