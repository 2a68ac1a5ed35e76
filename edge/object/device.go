package object

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The device's side of a session object: its sockets, and what they and an operator say.
//
//	front -> session {"claims":{…},"client_id"?,"protocol","flat"} -> a socket, or an error
//	front -> session {"app":{…},"protocol"}                        -> the same: see app.go
//	admin -> session {"kind":"post","data"}                        -> {"seq"} or {"error":{…}}

// dial is an upgrade that has no answer yet.
type dial struct {
	conn     string
	ask      uint32
	protocol string
}

// dialled ends the wait of an upgrade.
func (o *sessionObject) dialled(conn string) (d dial) {
	for i := range o.dials {
		if o.dials[i].conn == conn {
			d = o.dials[i]
			o.dials = append(o.dials[:i], o.dials[i+1:]...)
			break
		}
	}
	return d
}

// deviceEvent turns what happens to a socket into the core's event; nil when there is
// none.
func (o *sessionObject) deviceEvent(in Input) device.Event {
	switch in.Kind {
	case Connect:
		return o.connect(in)
	case Message, Binary:
		frame, size, err := in.frame(o.cfg.Limits)
		if err != nil {
			return device.FrameInvalid{Conn: string(in.Conn), Err: err, Size: size}
		}
		e := device.FrameReceived{Conn: string(in.Conn), Frame: frame, Size: size}
		switch frame.Event {
		case protocol.EventConnectionInit:
			e.NewSessionID = randomHex(o.host, 16)
		case protocol.EventAppStart:
			e.NewSessionID = o.newAppSession()
		}
		return e
	case Closed:
		return device.Disconnected{Conn: string(in.Conn), Code: in.Code, Seen: o.host.LastSeen(in.Conn)}
	case SendFailed:
		return device.SendFailed{Conn: string(in.Conn), Seen: o.host.LastSeen(in.Conn)}
	case Alarm:
		e := device.Woken{}
		if conn := o.core.Current(); conn != "" && o.cfg.ClientPings {
			e.Seen = o.host.LastSeen(ConnID(conn))
		}
		if o.cfg.ClientPings {
			e.Apps = map[device.ConnID]time.Time{}
			o.core.AppConns(func(conn device.ConnID) { e.Apps[conn] = o.host.LastSeen(ConnID(conn)) })
		}
		return e
	case Answered, Failed:
		if conn, ok := o.tokens.take(in.Ask); ok {
			return verified(conn, in)
		}
		if q, ok := o.appAsks.take(in.Ask); ok {
			return o.appAnswered(q, in)
		}
	case Request:
		kind, err := kindOf(in.Text)
		if err != nil {
			return nil
		}
		if data := jsonscan.Field(in.Text, "data"); kind == "post" && data != nil {
			return device.Post{Ask: uint64(in.Ask), From: protocol.FromOperator, Data: data}
		}
		if kind == "app_key" {
			return keyRevoked(in)
		}
	}
	return nil
}

func (o *sessionObject) connect(in Input) device.Event {
	e := device.Connect{Conn: randomHex(o.host, 8), MadeUp: randomHex(o.host, 8)}
	d := dial{conn: e.Conn, ask: in.Ask}
	text, err := object(in.Text)
	known := false
	var application []byte
	for err == nil && text.Next() {
		switch v := text.Value(); string(text.Key()) {
		case "claims":
			e.Claims, known = parseClaims(v)
		case "client_id":
			e.ClientID = str(v)
		case "flat":
			e.Flat = truth(v)
		case "protocol":
			d.protocol = str(v)
		case "app":
			application = v
		}
	}
	if application != nil && err == nil {
		o.dials = append(o.dials, d)
		return appConnect(e.Conn, application)
	}
	if err != nil || !known {
		o.host.Respond(in.Ask, 400, (&protocol.Error{Code: protocol.InternalError}).AppendJSON(nil))
		return nil
	}
	o.dials = append(o.dials, d)
	if conn := o.core.Current(); conn != "" {
		e.Seen = o.host.LastSeen(ConnID(conn))
	}
	return e
}

// verified reads what a new token is worth.
func verified(conn string, in Input) device.Event {
	if in.Kind == Failed {
		return device.TokenRefused{Conn: conn, Err: &protocol.Error{Code: protocol.ServiceUnavailable}}
	}
	raw, refused := parseVerdict(in.Text, "claims")
	if refused != nil {
		return device.TokenRefused{Conn: conn, Err: refused}
	}
	claims, ok := parseClaims(raw)
	if !ok {
		return device.TokenRefused{Conn: conn, Err: &protocol.Error{Code: protocol.InternalError}}
	}
	return device.TokenVerified{Conn: conn, Claims: claims}
}

// carryOutDevice does what the core decided about the device.
func (o *sessionObject) carryOutDevice(effect device.Effect) {
	switch e := effect.(type) {
	case device.Send:
		o.host.Send([]ConnID{ConnID(e.Conn)}, e.Text)
	case device.Close:
		o.host.Close(ConnID(e.Conn), e.Code, e.Reason)
	case device.Accept:
		d := o.dialled(e.Conn)
		o.host.Accept(d.ask, ConnID(e.Conn), d.protocol)
	case device.Refuse:
		o.host.Respond(o.dialled(e.Conn).ask, e.Err.Row().HTTP, e.Err.AppendJSON(nil))
	case device.SaveRow:
		save(&o.store, &deviceTable, &e.Row)
	case device.Keep:
		save(&o.store, &outboxTable, &e.Kept)
	case device.Forget:
		o.store.write(trimOutbox, unsigned(e.Seq))
	case device.VerifyToken:
		o.host.Verify(o.tokens.add(e.Conn), e.Token)
	case device.Posted:
		o.host.Respond(uint32(e.Ask), 200, appendPosted(nil, e))
	default:
		o.carryOutApp(effect)
	}
}

func appendPosted(dst []byte, e device.Posted) []byte {
	w := jsonscan.NewObject(dst)
	if e.Err != nil {
		w.Raw("error", e.Err.Frame().Data)
	} else {
		w.Uint("seq", e.Seq)
	}
	return w.End()
}

// lose finds the connections that ended while nobody was looking: a crash or a deploy
// takes every socket with it, and no close is ever heard of them.
func (o *sessionObject) lose() {
	var open []string
	o.host.Sockets(func(c ConnID, _ time.Time) { open = append(open, string(c)) })
	look := func(conn device.ConnID) {
		if conn != "" && !slices.Contains(open, conn) {
			o.events = append(o.events, device.Disconnected{Conn: conn, Code: 1006})
		}
	}
	for _, conn := range o.core.Conns() {
		look(conn)
	}
	o.core.AppConns(look)
}
