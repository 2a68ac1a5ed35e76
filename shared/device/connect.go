package device

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/socket"
)

// connect lets a socket wait at the door, or refuses it.
func (d *Device) connect(now time.Time, e Connect) {
	if e.Conn == "" || e.Conn == d.ch.Conn() || e.Conn == d.door.Conn() {
		return // no shell makes one
	}
	answer := d.session(now, session.Knock{Ask: ownAsk, ClientID: e.ClientID, Claims: e.Claims})
	switch {
	case answer.Err != nil:
		d.emit(Refuse{Conn: e.Conn, Err: *answer.Err})
		return
	case e.Claims.UserID != d.userID:
		d.emit(Refuse{Conn: e.Conn, Err: protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch"}})
		return
	case e.Claims.Expires.IsZero():
		// Nothing would ever end what it lives by.
		d.emit(Refuse{Conn: e.Conn, Err: protocol.Error{Code: protocol.AuthenticationFailed, Reason: "exp_missing"}})
		return
	}
	if old := d.waiting; old.Conn != "" {
		d.replaced(old.Conn, e.ClientID, old.ClientID == e.ClientID)
		d.door.Leave()
	}
	d.door.Open(now, e.Conn)
	d.atDoor = 0
	d.waiting = Door{Conn: e.Conn, At: now, ClientID: e.ClientID, MadeUp: e.MadeUp, Flat: e.Flat, Token: tokenOf(e.Claims)}
	d.save()
	d.emit(Accept{Conn: e.Conn})
}

// replaced ends a connection another one took over from. The same client did it
// knowingly and hears nothing; any other is told who has the channel now.
func (d *Device) replaced(old ConnID, winner string, handover bool) {
	e := protocol.Error{Code: protocol.ConnectionReplaced}
	if !handover {
		if winner != "" {
			e.Details = []protocol.Detail{{Name: "client_id", Raw: jsonscan.AppendString(nil, winner)}}
		}
		d.emit(Send{Conn: old, Text: e.AppendJSON(nil)})
	}
	d.emit(Close{Conn: old, Code: e.CloseCode(), Reason: e.CloseReason()})
}

// turnAway closes the socket at the door, with S1's word for it.
func (d *Device) turnAway(now time.Time, flat bool, e protocol.Error) {
	conn, client, since := d.waiting.Conn, d.waiting.ClientID, d.waiting.At
	d.leaveDoor()
	f := e.Frame()
	f.Event, f.Flat = protocol.EventConnectionError, flat
	d.emit(Send{Conn: conn, Text: f.Append(nil)})
	d.emit(Close{Conn: conn, Code: e.CloseCode(), Reason: e.CloseReason()})
	d.record(now, audit.Entry{Event: audit.Closed, ClientID: client, Code: string(e.Code), Reason: e.Reason}.Ending(since, false))
}

func (d *Device) leaveDoor() {
	d.door.Leave()
	d.waiting = Door{}
	d.save()
}

// init takes a device's first word: it makes its connection the current one, or sends it
// away.
func (d *Device) init(now time.Time, e FrameReceived) {
	w := d.waiting
	p, ok := protocol.ParseConnectionInit(e.Frame.Data)
	if !ok || p.LastSeq > protocol.MaxSeq {
		d.turnAway(now, e.Frame.Flat, protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_init"})
		return
	}
	if !now.Before(w.Token.Expires.Add(d.cfg.Channel.ReadOnly)) { // while it waited: it would be closed at once
		d.turnAway(now, e.Frame.Flat, protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"})
		return
	}
	client := w.ClientID
	if client == "" {
		// It does not say who it is: the user's one device.
		if client = w.MadeUp; d.ch.Live() {
			client = d.ch.ClientID()
		}
	}
	answer := d.session(now, session.Admit{
		Ask: ownAsk, Document: session.DeviceChannel, ClientID: client, Claims: w.Token.claims(d.userID),
		Again: true, NewSessionID: e.NewSessionID,
	})
	if answer.Err != nil {
		d.turnAway(now, e.Frame.Flat, *answer.Err)
		return
	}
	old := d.ch.Row()
	away := old.State == channel.Grace
	out := d.ch.Connect(now, channel.Attempt{
		Conn: w.Conn, ClientID: client, SessionID: answer.Grant.SessionID, Asked: p.SessionID, Expires: w.Token.Expires,
	})
	d.door.Leave()
	d.waiting, d.token = Door{}, w.Token
	d.fresh(now)
	if !d.cfg.ClientPings {
		d.ch.Heard(now) // from the start it is held to the heartbeat
	}
	heard := d.box.Row().Acked
	if p.HasLastSeq {
		heard = p.LastSeq
	}
	again, replay, gap := socket.Missed(d.box, heard)
	if gap != nil && out.Began && gap.Reason != channel.HoleUnknown {
		gap.Reason = "session_ended"
	}
	if p.HasLastSeq && d.box.Ack(p.LastSeq) {
		d.emit(Forget{Seq: p.LastSeq})
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
	d.acknowledge(now, e.Frame, answer.Grant.Epoch, out.Resumed, replay, gap)
	for _, text := range again {
		d.sendText(text.Text)
	}
	if away {
		d.apps.DeviceBack(now)
	}
}

// fresh forgets what was known of the connection before.
func (d *Device) fresh(now time.Time) {
	d.live = live{pinged: now, flood: d.flood}
	d.asked = time.Time{}
}

func (d *Device) acknowledge(now time.Time, init protocol.Frame, epoch uint64, resumed bool, replay *protocol.Range, gap *protocol.Gap) {
	ack := protocol.ConnectionAck{
		ClientID: d.ch.ClientID(), UserID: d.userID, Permissions: []string{},
		SessionID: d.ch.SessionID(), Resumed: resumed, Replay: replay, Gap: gap, PermEpoch: epoch,
		ServerTime: now, ExpiresAt: d.ch.Expires(),
		HeartbeatInterval: d.cfg.Channel.Heartbeat, GracePeriod: d.cfg.Channel.Grace,
		Limits: protocol.AckLimits{
			FrameBytes: d.cfg.Limits.FrameBytes, Depth: d.cfg.Limits.Depth, IDBytes: d.cfg.Limits.IDBytes,
			Unacknowledged: d.cfg.Apps.Unanswered, MessagesPerSecond: d.cfg.Flood.Frames.Count,
		},
	}
	ack.Apps = d.apps.States()
	d.send(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: ack.Append(nil), MessageID: init.MessageID, Flat: init.Flat,
	})
}
