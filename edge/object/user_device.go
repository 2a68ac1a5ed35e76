package object

import (
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// The device's side of a user's object: its sockets, and what is received from them.

// dial is an upgrade that has no answer yet.
type dial struct {
	conn     ConnID
	ask      uint32
	protocol string
}

// dialled ends the wait of an upgrade.
func (o *userObject) dialled(conn ConnID) (d dial) {
	for i := range o.dials {
		if o.dials[i].conn == conn {
			d = o.dials[i]
			o.dials = append(o.dials[:i], o.dials[i+1:]...)
			break
		}
	}
	return d
}

// frame is a frame of a device or an app.
func (o *userObject) frame(in Input) user.Event {
	frame, size, err := in.frame(o.cfg.Device.Conn.Limits)
	if err != nil {
		return user.FrameInvalid{Conn: in.Conn, Err: err, Size: size}
	}
	e := user.FrameReceived{Conn: in.Conn, Frame: frame, Size: size}
	switch frame.Event {
	case protocol.EventConnectionInit:
		e.NewSessionID = randomHex(o.host, 16)
	case protocol.EventAppStart:
		e.NewSessionID = o.newAppSession()
	}
	return e
}

func (o *userObject) woken() user.Event {
	e := user.Woken{}
	if conn := o.core.Device(); conn != "" && o.cfg.Device.ClientPings {
		e.Seen = o.host.LastSeen(conn)
	}
	if o.cfg.Device.ClientPings {
		e.Apps = map[ConnID]time.Time{}
		o.core.AppConns(func(conn ConnID) { e.Apps[conn] = o.host.LastSeen(conn) })
	}
	return e
}

func (o *userObject) connect(in Input) user.Event {
	r, err := call.ParseSessionConnect(in.Text)
	if err != 0 {
		refuseConnect(o.host, in.Ask, err)
		return nil
	}
	d := dial{conn: newConn(o.host), ask: in.Ask, protocol: r.App.Protocol}
	if r.Kind == &call.KindConnectApp {
		o.dials = append(o.dials, d)
		name := &r.App.App
		return user.ForApps{Event: app.Connect{Conn: d.conn, Package: name.Package, KeyID: name.KeyID, SessionID: name.SessionID}}
	}
	d.protocol = r.Device.Protocol
	o.dials = append(o.dials, d)
	e := device.Connect{Conn: d.conn, MadeUp: randomHex(o.host, 8), ClientID: r.Device.ClientID, Flat: r.Device.Flat}
	e.Claims, _ = parseClaims(r.Device.Claims)
	if conn := o.core.Device(); conn != "" {
		e.Seen = o.host.LastSeen(conn)
	}
	return user.ForDevice{Event: e}
}

// verification is a new token that is looked at, by its connection.
type verification struct{ conn ConnID }

// answered reads what the token is worth.
func (q verification) answered(_ *userObject, in Input) user.Event {
	refused := func(e *protocol.Error) user.Event {
		return user.ForDevice{Event: device.TokenRefused{Conn: q.conn, Err: e}}
	}
	if in.Kind == Failed {
		return refused(&protocol.Error{Code: protocol.ServiceUnavailable})
	}
	raw, err := call.Member(in.Text, "claims")
	if err != nil {
		return refused(err)
	}
	claims, ok := parseClaims(raw)
	if !ok {
		return refused(&protocol.Error{Code: protocol.InternalError})
	}
	return user.ForDevice{Event: device.TokenVerified{Conn: q.conn, Claims: claims}}
}

func (o *userObject) carryOutSocket(effect serverconn.Effect) {
	switch e := effect.(type) {
	case serverconn.Send:
		o.host.Send([]ConnID{e.Conn}, e.Text)
	case serverconn.Close:
		o.host.Close(e.Conn, e.Code, e.Reason)
	case serverconn.Accept:
		d := o.dialled(e.Conn)
		o.host.Accept(d.ask, e.Conn, d.protocol)
	case serverconn.Refuse:
		o.host.Respond(o.dialled(e.Conn).ask, e.Err.Row().HTTP, e.Err.AppendJSON(nil))
	default:
		o.store.err = errDropped
	}
}

// lastHeard is when a device last gave a sign of life, as its socket keeps it; zero for never.
func lastHeard(h Host, conn ConnID) time.Time {
	var at uint64
	h.Attached(func(c ConnID, text []byte) {
		if c == conn {
			at, _ = jsonscan.Uint(text)
		}
	})
	return unsigned(at).time()
}

func (o *userObject) carryOutDevice(effect device.Effect) {
	switch e := effect.(type) {
	case device.SaveRow:
		save(&o.store, &deviceTable, &e.Row)
	case device.Heard:
		o.host.Attach(e.Conn, strconv.AppendInt(nil, e.At.UnixMilli(), 10))
	case device.Keep:
		save(&o.store, &outboxTable, &e.Kept)
	case device.Forget:
		o.store.write(trimOutbox, unsigned(e.Seq))
	case device.VerifyToken:
		o.host.Verify(o.questions.add(verification{e.Conn}), e.Token)
	case device.Posted:
		o.host.Respond(uint32(e.Ask), 200, appendPosted(nil, e))
	default:
		o.store.err = errDropped
	}
}

func appendPosted(dst []byte, e device.Posted) []byte {
	if e.Err != nil {
		return call.AppendError(dst, e.Err)
	}
	return call.AppendValue(dst, &call.KindPost, strconv.AppendUint(nil, e.Seq, 10))
}

// lose finds the connections that ended while nobody was looking: a crash or a deploy
// takes every socket with it, and the runtime reports no close of them.
func (o *userObject) lose() {
	var open []ConnID
	o.host.Sockets(func(c ConnID, _ time.Time) { open = append(open, c) })
	look := func(conn ConnID) {
		if conn != "" && !slices.Contains(open, conn) {
			o.events = append(o.events, user.Disconnected{Conn: conn, Code: 1006})
		}
	}
	for _, conn := range o.core.DeviceConns() {
		look(conn)
	}
	o.core.AppConns(look)
}
