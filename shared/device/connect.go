package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// connect has a socket wait for its first frame, or refuses it. What is due is settled
// first, with the runtime's record of the current connection at hand.
func (d *Device) connect(now time.Time, e Connect) {
	d.seen(now, e.Seen)
	d.Settle(now, true)
	if e.Conn == "" || d.Has(e.Conn) {
		return // no shell makes one
	}
	err := d.owner.PreAdmit(now, e.ClientID, e.Claims)
	switch {
	case err != nil:
		d.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: *err})
		return
	case e.Claims.UserID != d.userID:
		d.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"}})
		return
	case e.Claims.Expires.IsZero():
		// Nothing would ever end what it lives by.
		d.owner.Socket(serverconn.Refuse{Conn: e.Conn, Err: protocol.Error{Code: protocol.AuthenticationFailed, Reason: "exp_missing"}})
		return
	}
	if old := d.pending; old.Conn != "" {
		d.replaced(old.Conn, e.ClientID, old.ClientID == e.ClientID)
	}
	d.handshake = serverconn.Handshake{}
	d.pending = Pending{Conn: e.Conn, At: now, ClientID: e.ClientID, MadeUp: e.MadeUp, Flat: e.Flat, Token: tokenOf(e.Claims)}
	d.save()
	d.owner.Socket(serverconn.Accept{Conn: e.Conn})
}

// replaced ends a connection that another one has replaced. The same client did it
// knowingly and gets no frame; any other gets CONNECTION_REPLACED with the winner's id.
func (d *Device) replaced(old ConnID, winner string, handover bool) {
	e := serverconn.Replaced(winner)
	if !handover {
		d.owner.Socket(serverconn.Send{Conn: old, Text: e.AppendJSON(nil)})
	}
	d.owner.Socket(serverconn.Close{Conn: old, Code: e.CloseCode(), Reason: e.CloseReason()})
}

// reject closes the pending socket, with S1's connection_error.
func (d *Device) reject(now time.Time, flat bool, e protocol.Error) {
	conn, client, since := d.pending.Conn, d.pending.ClientID, d.pending.At
	d.dropPending()
	f := e.Frame()
	f.Event, f.Flat = protocol.EventConnectionError, flat
	d.owner.Socket(serverconn.Send{Conn: conn, Text: f.Append(nil)})
	d.owner.Socket(serverconn.Close{Conn: conn, Code: e.CloseCode(), Reason: e.CloseReason()})
	d.record(now, audit.Entry{Event: audit.Closed, ClientID: client, Code: string(e.Code), Reason: e.Reason}.Ending(since, false))
}

func (d *Device) dropPending() {
	d.pending = Pending{}
	d.save()
}

// init takes connection_init: it makes the pending socket the current connection, or
// rejects it.
func (d *Device) init(now time.Time, f protocol.Frame, newSessionID string) {
	w := d.pending
	p, ok := protocol.ParseConnectionInit(f.Data)
	if !ok || p.LastSeq > protocol.MaxSeq {
		d.reject(now, f.Flat, protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_init"})
		return
	}
	if !now.Before(w.Token.Expires.Add(d.cfg.Channel.ReadOnly)) { // while it waited: it would be closed at once
		d.reject(now, f.Flat, protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
		return
	}
	client := w.ClientID
	if client == "" {
		// It does not say who it is: the user's one device.
		if client = w.MadeUp; d.ch.Live() {
			client = d.ch.ClientID()
		}
	}
	if p.Redial && d.ch.Live() && d.ch.ClientID() != client {
		d.reject(now, f.Flat, serverconn.Held(d.ch.ClientID(), d.ch.Row().ConnectedAt))
		return
	}
	sessionID, epoch, err := d.owner.Admit(now, Admission{ClientID: client, Claims: w.Token.claims(d.userID), NewSessionID: newSessionID})
	if err != nil {
		d.reject(now, f.Flat, *err)
		return
	}
	old := d.ch.Row()
	away := old.State == channel.Grace
	out := d.ch.Connect(now, channel.Attempt{
		Conn: w.Conn, ClientID: client, SessionID: sessionID, Asked: p.SessionID, Expires: w.Token.Expires,
	})
	d.pending, d.token = Pending{}, w.Token
	d.fresh(now)
	if !d.cfg.ClientPings {
		d.ch.Pinged(now) // from the start it is held to the heartbeat
	}
	received := d.box.Row().Acked
	if p.HasLastSeq {
		received = p.LastSeq
	}
	again, replay, gap := d.box.Missed(received)
	if gap != nil && out.Began && gap.Reason != channel.HoleUnknown {
		gap.Reason = "session_ended"
	}
	if p.HasLastSeq && d.box.Ack(p.LastSeq) {
		d.owner.Emit(Forget{Seq: p.LastSeq})
	}
	d.save()
	detail := "new"
	if out.Resumed {
		detail = "resumed"
	}
	if out.Replaced != "" {
		d.record(now, audit.Entry{Event: audit.Replaced, ClientID: out.Previous, Detail: client}.Ending(old.ConnectedAt, old.Resumed))
		d.replaced(out.Replaced, client, out.Previous == client)
	}
	d.record(now, audit.Entry{Event: audit.Connected, Detail: detail})
	d.acknowledge(now, f, epoch, out.Resumed, replay, gap)
	for _, text := range again {
		d.sendText(text.Text)
	}
	if away {
		d.owner.DeviceBack(now)
	}
}

// fresh forgets what was known of the connection before.
func (d *Device) fresh(now time.Time) {
	d.conn.Renew()
	d.pinged, d.asked = now, time.Time{}
}

func (d *Device) acknowledge(now time.Time, init protocol.Frame, epoch uint64, resumed bool, replay *protocol.Range, gap *protocol.Gap) {
	ack := protocol.ConnectionAck{
		ClientID: d.ch.ClientID(), UserID: d.userID, Permissions: []string{},
		SessionID: d.ch.SessionID(), Resumed: resumed, Replay: replay, Gap: gap, PermEpoch: epoch,
		ServerTime: now, ExpiresAt: d.ch.Expires(), Apps: d.owner.AppStates(),
		HeartbeatInterval: d.cfg.Channel.Heartbeat, GracePeriod: d.cfg.Channel.Grace,
		Limits: d.cfg.Conn.AckLimits(d.cfg.Unanswered, d.cfg.Conn.Flood),
	}
	d.send(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: ack.Append(nil), MessageID: init.MessageID, Flat: init.Flat,
	})
}
