package app

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Apps are one user's apps. They are not safe for concurrent use.
type Apps struct {
	cfg      *Config
	owner    Owner
	userID   string
	list     []*attached // by package
	joining  []Connect   // whose Register has no answer
	receipts *channel.Receipts
	starts   rate.Bucket
	probes   serverconn.Probes
}

// attached is one app.
type attached struct {
	row      Row
	ch       *channel.Channel
	box      *channel.Outbox
	receipts *channel.Receipts
	// What is not stored: losing it forgives.
	conn      serverconn.Conn
	handshake serverconn.Handshake // of the pending socket
	connects  rate.Bucket
	probed    time.Time // when the newest ping went out, if nothing has come since that answers one
}

// New returns the apps of a user who has none. cfg must have its defaults set and is
// shared, not copied.
func New(cfg *Config, owner Owner, userID string) *Apps {
	return &Apps{cfg: cfg, owner: owner, userID: userID, receipts: channel.NewReceipts(cfg.Unanswered), probes: serverconn.NewProbes(cfg.Conn.Secret)}
}

// Restore returns the apps a snapshot was taken from.
func Restore(cfg *Config, owner Owner, userID string, s Snapshot) (*Apps, error) {
	a := New(cfg, owner, userID)
	a.receipts = channel.RestoreReceipts(cfg.Unanswered, s.Receipts)
	for _, saved := range s.Apps {
		row := saved.Row
		x := &attached{row: row, receipts: channel.RestoreReceipts(cfg.Unanswered, saved.Receipts)}
		var err error
		if x.ch, err = channel.Restore(&cfg.Channel, row.Channel); err != nil {
			return nil, err
		}
		if x.box, err = channel.RestoreOutbox(cfg.Outbox, row.Outbox, saved.Kept); err != nil {
			return nil, err
		}
		user, ok := protocol.AppSessionUser(row.SessionID)
		switch state := x.ch.State(); {
		case !ok || user != userID || row.Channel.UserID != userID:
			return nil, errors.New("app: another user's")
		case row.State >= Stopped,
			(row.State == Running || row.State == Stopping) != (state == channel.Active),
			(row.State == GracePeriod) != (state == channel.Grace):
			return nil, errors.New("app: state and connection do not agree")
		case (row.State == Connecting || row.State == Resurrecting) != (row.Phase != None),
			(row.Phase != None || row.State == Stopping) != !row.Next.IsZero():
			return nil, errors.New("app: nothing would ever end its state")
		case len(a.list) > 0 && a.list[len(a.list)-1].row.Package >= row.Package:
			return nil, errors.New("app: rows out of order")
		}
		a.list = append(a.list, x)
	}
	return a, nil
}

// Snapshot returns everything Restore needs.
func (a *Apps) Snapshot() (s Snapshot) {
	s.Receipts = a.receipts.List()
	for _, x := range a.list {
		s.Apps = append(s.Apps, Saved{
			Row: x.stored(), Kept: append([]channel.Kept(nil), x.box.Kept()...), Receipts: x.receipts.List(),
		})
	}
	return s
}

// Rows are the apps that have not stopped, by package.
func (a *Apps) Rows() (rows []Row) {
	for _, x := range a.list {
		rows = append(rows, x.stored())
	}
	return rows
}

// States is the same for the device.
func (a *Apps) States() (states []protocol.AppState) {
	for _, x := range a.list {
		states = append(states, protocol.AppState{Package: x.row.Package, State: x.row.State.String()})
	}
	return states
}

// Conns calls f for each connection that counts.
func (a *Apps) Conns(f func(ConnID)) {
	for _, x := range a.list {
		for _, conn := range [...]ConnID{x.ch.Conn(), x.row.Pending.Conn} {
			if conn != "" {
				f(conn)
			}
		}
	}
}

// Has reports whether a connection is one of an app's.
func (a *Apps) Has(conn ConnID) bool {
	x, _ := a.of(conn)
	return x != nil
}

// of finds the app a connection is of, and whether it is the pending one.
func (a *Apps) of(conn ConnID) (x *attached, pending bool) {
	for _, x := range a.list {
		switch conn {
		case "":
		case x.ch.Conn():
			return x, false
		case x.row.Pending.Conn:
			return x, true
		}
	}
	return nil, false
}

func (a *Apps) find(name string) *attached {
	for _, x := range a.list {
		if x.row.Package == name {
			return x
		}
	}
	return nil
}

// bySession finds the app that was given a session id.
func (a *Apps) bySession(id string) *attached {
	for _, x := range a.list {
		if x.row.SessionID == id {
			return x
		}
	}
	return nil
}

func (x *attached) stored() Row {
	row := x.row
	row.Channel, row.Outbox = x.ch.Row(), x.box.Row()
	return row
}

// Take takes an event that is not about a connection's frames or end.
func (a *Apps) Take(now time.Time, ev Event) {
	switch e := ev.(type) {
	case Connect:
		a.connect(now, e)
	case Registered:
		a.registered(now, e)
	case Called:
		a.called(now, e)
	case KeyRevoked:
		a.revoke(now, e)
	}
}

func (a *Apps) save(x *attached) { a.owner.Emit(Save{x.stored()}) }

// move puts an app into another state, and notifies the device.
func (a *Apps) move(x *attached, to State, messageID string) {
	event := protocol.EventAppState
	if to == Running {
		event = protocol.EventAppStarted
	}
	x.row.State = to
	a.notify(event, x, "", messageID)
}

// notify sends the device the state of an app, whatever room there is.
func (a *Apps) notify(event string, x *attached, reason, messageID string) {
	state := protocol.AppState{Package: x.row.Package, State: x.row.State.String(), Reason: reason}
	a.owner.ToDevice(event, state.Append(nil), messageID, false)
}

func (a *Apps) record(at time.Time, x *attached, e audit.Entry) {
	e.ClientID = x.row.Package
	a.owner.Record(at, e)
}

// send writes one text to an app that is connected.
func (a *Apps) send(x *attached, text []byte) {
	if conn := x.ch.Conn(); conn != "" {
		x.conn.Window.Sent(len(text))
		a.owner.Socket(serverconn.Send{Conn: conn, Text: text})
	}
}

func (a *Apps) sendError(x *attached, e protocol.Error) { a.send(x, e.AppendJSON(nil)) }

// put keeps a frame for an app, whatever room there is, and sends it if it is connected.
func (a *Apps) put(x *attached, event string, data []byte) (seq uint64, err *protocol.Error) {
	kept, gone, err := x.box.Keep(protocol.Frame{Type: protocol.TypeApp, Event: event, Data: data}, a.cfg.Conn.Limits)
	if err != nil {
		return 0, err
	}
	a.owner.Emit(Keep{x.row.Package, kept})
	if gone > 0 {
		a.owner.Emit(Forget{x.row.Package, gone})
	}
	a.save(x)
	a.send(x, kept.Text)
	return kept.Seq, nil
}

// room reports whether a message for an app is to be taken.
func (a *Apps) room(x *attached) bool {
	kept := 0
	for _, other := range a.list {
		kept += other.box.Bytes()
	}
	return x.box.Room() && kept < a.cfg.TotalBytes
}

// sendClientState sends client_disconnected or client_reconnected to an app that is connected, if
// the device's state differs from the last one sent. A device that comes and goes faster
// than the app reads costs one frame.
func (a *Apps) sendClientState(x *attached) {
	now := a.device()
	if x.row.State != Running || x.row.Reported == now || !x.box.Room() {
		return
	}
	event := protocol.EventClientReconnected
	if now == Away {
		event = protocol.EventClientDisconnected
	}
	x.row.Reported = now
	a.put(x, event, nil)
}

func (a *Apps) device() Belief {
	if a.owner.Away() {
		return Away
	}
	return There
}

// probe asks an app for a sign: of what it has read, by the ping's id, or of life.
func (a *Apps) probe(now time.Time, x *attached) {
	if x.ch.Conn() == "" || !x.probed.IsZero() {
		return
	}
	ping := protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPing, MessageID: x.conn.Window.Probe(&a.probes)}
	a.send(x, ping.Append(nil))
	x.probed = now
}

// Flow asks apps that much is under way to for a sign, and closes those that take nothing.
// It comes last of an event, for then all of it has been sent.
func (a *Apps) Flow(now time.Time) {
	for _, x := range append([]*attached(nil), a.list...) {
		w, size := &x.conn.Window, a.cfg.Conn.WindowBytes
		if x.ch.Conn() == "" {
			continue
		}
		if w.Asks(size) {
			a.probe(now, x)
		}
		if w.Overfull(size) {
			a.end(now, now, x, protocol.Error{Code: protocol.SlowConsumer})
		}
	}
}

// silentAt is when a connection counts as dead that has let a probe wait.
func (a *Apps) silentAt(x *attached) (at time.Time, ok bool) {
	if x.ch.Conn() == "" || x.probed.IsZero() {
		return at, false
	}
	return x.probed.Add(a.cfg.Channel.HeartbeatTimeout), true
}
