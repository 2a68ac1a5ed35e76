package app

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// connect takes an app's socket, whose key has to be written down first.
func (a *Apps) connect(now time.Time, e Connect) {
	x := a.fits(e)
	if x == nil {
		a.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: protocol.AppNotStarted()})
		return
	}
	if wait := x.connects.Take(now, a.cfg.Connects, 1); wait > 0 {
		a.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_connects", RetryAfter: wait}})
		return
	}
	a.joining = append(a.joining, e)
	a.owner.Emit(Register(e))
}

// fits finds the app a connection is for.
func (a *Apps) fits(e Connect) *attached {
	x := a.find(e.Package)
	if x == nil || x.row.SessionID != e.SessionID || x.row.State == Stopping {
		return nil
	}
	return x
}

// registered has an app's socket wait for its first frame, or refuses it.
func (a *Apps) registered(now time.Time, r Registered) {
	var e Connect
	for i := range a.joining {
		if a.joining[i].Conn == r.Conn {
			e = a.joining[i]
			a.joining = append(a.joining[:i], a.joining[i+1:]...)
			break
		}
	}
	x := a.fits(e)
	switch {
	case e.Conn == "": // a revocation has refused it
	case r.Err != nil:
		a.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: *r.Err})
	case x == nil: // it has stopped meanwhile
		a.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: protocol.AppNotStarted()})
		if a.bySession(e.SessionID) == nil { // else a connection that is still there may be by the same key
			a.owner.Emit(Unregister{e.SessionID})
		}
	default:
		if old := x.row.Pending.Conn; old != "" {
			a.reject(x, protocol.Frame{}, protocol.Error{Code: protocol.ConnectionReplaced})
		}
		x.handshake = serverconn.Handshake{}
		x.row.Pending, x.row.Written = Pending{Conn: e.Conn, At: now, KeyID: e.KeyID}, true
		a.save(x)
		a.owner.Socket(serverconn.Accept{Conn: e.Conn})
	}
}

// reject closes the pending serverconn.
func (a *Apps) reject(x *attached, init protocol.Frame, e protocol.Error) {
	conn := x.row.Pending.Conn
	x.row.Pending = Pending{}
	a.save(x)
	f := e.Frame()
	f.Type, f.Event, f.Flat, f.MessageID = protocol.TypeApp, protocol.EventAppConnectionError, init.Flat, init.MessageID
	a.owner.Socket(serverconn.Send{Conn: conn, Text: f.Append(nil)})
	a.owner.Socket(serverconn.Close{Conn: conn, Code: e.CloseCode(), Reason: e.CloseReason()})
}

// init takes an app's handshake frame: it makes its connection the app's own.
func (a *Apps) init(now time.Time, x *attached, f protocol.Frame) {
	if x.row.State == Stopping {
		a.reject(x, f, protocol.AppNotStarted())
		return
	}
	p, ok := protocol.ParseAppConnectionInit(f.Data)
	if !ok || p.SessionID != "" && p.SessionID != x.row.SessionID || p.Package != "" && p.Package != x.row.Package {
		a.reject(x, f, protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_init"})
		return
	}
	resumed, was := x.row.Been, x.row.State
	out := x.ch.Connect(now, channel.Attempt{Conn: x.row.Pending.Conn, ClientID: x.row.Package, SessionID: x.row.SessionID})
	if old := out.Replaced; old != "" {
		e := serverconn.Replaced("")
		a.owner.Socket(serverconn.Send{Conn: old, Text: e.AppendJSON(nil)})
		a.owner.Socket(serverconn.Close{Conn: old, Code: e.CloseCode(), Reason: e.CloseReason()})
	}
	x.row.KeyID, x.row.Pending, x.row.Been = x.row.Pending.KeyID, Pending{}, true
	x.row.Phase, x.row.Next, x.row.Tries = None, time.Time{}, 0
	x.conn.Renew()
	x.probed = time.Time{}
	received := x.box.Row().Acked
	knows := p.HasLastSeq && resumed // what it received in an earlier start it has not received in this one
	if knows {
		received = p.LastSeq
	}
	again, replay, gap := x.box.Missed(received)
	if knows && x.box.Ack(p.LastSeq) {
		a.owner.Emit(Forget{x.row.Package, p.LastSeq})
	}
	x.row.State = Running
	if x.row.Reported = a.device(); slices.ContainsFunc(again, ofDevice) {
		x.row.Reported = Unsure // it may have received those before the acknowledgement, or not
	}
	a.save(x)
	detail := "new"
	if resumed {
		detail = "resumed"
	}
	a.record(now, x, audit.Entry{Event: audit.AppConnected, Detail: detail})
	ack := protocol.AppConnectionAck{
		Package: x.row.Package, UserID: a.userID, SessionID: x.row.SessionID, Resumed: resumed, Replay: replay, Gap: gap,
		ClientConnected: !a.owner.Away(), ServerTime: now,
		HeartbeatInterval: a.cfg.Channel.Heartbeat, GracePeriod: a.cfg.Channel.Grace,
		Limits: a.cfg.Conn.AckLimits(a.cfg.Unanswered, a.cfg.Conn.Flood),
	}
	a.send(x, protocol.Frame{
		Type: protocol.TypeApp, Event: protocol.EventAppConnectionAck, Data: ack.Append(nil), MessageID: f.MessageID, Flat: f.Flat,
	}.Append(nil))
	for _, k := range again {
		a.send(x, k.Text)
	}
	if was != Running {
		a.move(x, Running, "")
	}
	a.sendClientState(x)
}

// ofDevice reports whether a frame says that the device is away or back.
func ofDevice(k channel.Kept) bool {
	return bytes.HasPrefix(k.Text, []byte(`{"type":"app","event":"client_`))
}

// Disconnected takes the end of an app's socket, whatever its code.
func (a *Apps) Disconnected(now time.Time, conn ConnID, code int, seen time.Time) {
	x, pending := a.of(conn)
	switch {
	case x == nil:
	case pending:
		x.row.Pending = Pending{}
		a.save(x)
	default:
		x.ch.Pinged(serverconn.NotAfter(now, seen))
		// Without the runtime's record what is stored may be long out of date.
		at := x.ch.LostAt(now, !seen.IsZero())
		if x.row.State != Stopping { // else it is what it was asked to do
			a.record(at, x, audit.Entry{Event: audit.AppLost, Detail: strconv.Itoa(code)}.Ending(x.ch.Connection()))
		}
		a.lose(now, at, x)
	}
}

// SendFailed takes a socket that does not take frames for one that has ended.
func (a *Apps) SendFailed(now time.Time, conn ConnID, seen time.Time) {
	if a.Has(conn) {
		a.owner.Socket(serverconn.Close{Conn: conn, Code: 1011, Reason: "send_failed"})
		a.Disconnected(now, conn, 1011, seen)
	}
}

// end sends an app the reason and closes its connection. What is final by its code stops the
// app: it would not come back by itself.
func (a *Apps) end(now, at time.Time, x *attached, e protocol.Error) {
	if serverconn.Listens(e) {
		a.sendError(x, e)
	}
	a.owner.Socket(serverconn.Close{Conn: x.ch.Conn(), Code: e.CloseCode(), Reason: e.CloseReason()})
	a.record(at, x, audit.Entry{Event: audit.AppClosed, Code: string(e.Code), Reason: e.Reason}.Ending(x.ch.Connection()))
	if serverconn.Final(e) {
		x.ch.Leave()
		a.stopped(now, x, "final_error", "")
		return
	}
	a.lose(now, at, x)
}

// lose ends an app's connection as of at.
func (a *Apps) lose(now, at time.Time, x *attached) {
	if at.Sub(x.ch.Row().ConnectedAt) >= a.cfg.StayTime {
		x.row.Rounds = 0
	}
	x.ch.Lose(at)
	if x.row.State == Stopping {
		a.stopped(now, x, "user_stopped", "")
		return
	}
	a.move(x, GracePeriod, "")
	a.save(x)
}

// revoke closes what lives by a key that counts for nothing any more. The app itself may
// well have another: it is called, as if its time to come back were over.
func (a *Apps) revoke(now time.Time, e KeyRevoked) {
	why := protocol.Error{Code: protocol.TokenRevoked, Reason: "app_key_revoked"}
	meant := func(name, key string) bool { return name == e.Package && (e.KeyID == "" || key == e.KeyID) }
	gone := KeyGone{Ask: e.Ask, Closed: []string{}}
	rest := a.joining[:0]
	for _, j := range a.joining {
		if meant(j.Package, j.KeyID) {
			a.owner.Socket(serverconn.Refuse{Conn: j.Conn, Err: why})
		} else {
			rest = append(rest, j)
		}
	}
	a.joining = rest
	if x := a.find(e.Package); x != nil {
		if x.row.Pending.Conn != "" && meant(e.Package, x.row.Pending.KeyID) {
			a.reject(x, protocol.Frame{}, why)
			gone.Closed = []string{e.Package}
			a.record(now, x, audit.Entry{Event: audit.AppKeyRevoked, Code: string(why.Code), Reason: e.Reason, By: e.By})
		}
		if x.ch.Conn() != "" && meant(e.Package, x.row.KeyID) {
			gone.Closed = []string{e.Package}
			a.sendError(x, why)
			a.owner.Socket(serverconn.Close{Conn: x.ch.Conn(), Code: why.CloseCode(), Reason: why.CloseReason()})
			a.record(now, x, audit.Entry{Event: audit.AppKeyRevoked, Code: string(why.Code), Reason: e.Reason, By: e.By}.Ending(x.ch.Connection()))
			x.ch.Leave()
			if x.row.State == Stopping {
				a.stopped(now, x, "user_stopped", "")
			} else {
				a.over(now, x)
			}
		}
	}
	a.owner.Emit(gone)
}

// over is the end of an app's time to come back by itself.
func (a *Apps) over(now time.Time, x *attached) {
	if a.owner.Away() {
		a.sleep(now, x)
	} else {
		a.resurrect(now, x)
	}
}
