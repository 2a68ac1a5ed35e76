package mentra

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// ReceivedAfter is how long a connection has to live after a frame went out on it, so that the
// frame counts as received.
const ReceivedAfter = 5 * time.Second

// Relay is one connection of an app's, between the app and the core.
type Relay struct {
	pkg string
	// began is when the first frame of either side came.
	began time.Time
	// ids is how many messages of the app's were given an id.
	ids uint64
	// streams is the app's list, as it came, and told the data of the core's newest app_subscribe.
	streams, told []byte
	// ready says that the app has spoken since it was acknowledged.
	ready bool
	// first and last are what went out: up to first.seq by first.at, and the newest.
	first, last mark
}

type mark struct {
	seq uint64
	at  time.Time
}

// Out is what is to be done: frames for the core and for the app, in order; a close, if there is
// a Code; and Timer after so long, if Again is not 0.
type Out struct {
	Up, Down [][]byte
	Code     int
	Reason   string
	Again    time.Duration
	// Wait is the seq of the frame that came, if nobody there listens for it yet: it is kept. Those up
	// to Forget are not kept any longer. Flush says that all that are kept come again (Waited).
	Wait, Forget uint64
	Flush        bool
}

// NewRelay begins a connection of that app's.
func NewRelay(pkg string) *Relay { return &Relay{pkg: pkg} }

func (r *Relay) begin(now time.Time) {
	if r.began.IsZero() {
		r.began = now
	}
}

// FromApp takes a text of the app's.
func (r *Relay) FromApp(text []byte, now time.Time) (o Out) {
	r.begin(now)
	f, ok := flat{}, false
	if jsonscan.Check(text, protocol.DefaultLimits.Depth) == nil {
		f, ok = read(text)
	}
	switch {
	case !ok, f.typ == typeInit:
		o.up(text) // the core says what is wrong with it
	case f.typ == protocol.EventPing:
		o.up([]byte(`{"type":"ping"}`))
	case among(ours, f.typ):
		o.refuse("unexpected_event")
	case f.pkg != nil && *f.pkg != r.pkg:
		o.refuse("package_invalid")
	case f.typ == typeRelease:
	case f.typ == typeSubscribe:
		r.streams = append([]byte(nil), f.streams...)
		// An app that has just come back, or was started anew, begins with none.
		if some := jsonscan.Elements(r.streams); some.Next() || now.Sub(r.began) >= ReceivedAfter {
			r.tell(&o)
		}
	default:
		r.ids++
		frame := protocol.Frame{
			Type: protocol.TypeApp, Event: protocol.EventAppMessage, Data: protocol.AppMessage{Data: text}.Append(nil),
			MessageID: strconv.FormatInt(r.began.UnixMilli(), 36) + "-" + strconv.FormatUint(r.ids, 10),
		}
		o.up(frame.Append(nil))
	}
	o.Flush = !r.ready || f.typ == typeSubscribe
	r.ready = true
	return o
}

func (o *Out) up(text []byte)   { o.Up = append(o.Up, text) }
func (o *Out) down(text []byte) { o.Down = append(o.Down, text) }
func (o *Out) refuse(reason string) {
	o.down(AppendError(nil, &protocol.Error{Code: protocol.MalformedMessage, Reason: reason}))
}

func system(event string, data []byte, id string) []byte {
	return protocol.Frame{Type: protocol.TypeSystem, Event: event, Data: data, MessageID: id}.Append(nil)
}

// tell names the app's streams to the core, if they are others than before.
func (r *Relay) tell(o *Out) {
	data := subscribe(r.streams)
	if string(data) != string(r.told) {
		r.told = data
		o.up(protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppSubscribe, Data: data}.Append(nil))
	}
}

// FromCore takes a frame of the core's.
func (r *Relay) FromCore(text []byte, now time.Time) (o Out) {
	r.begin(now)
	if seq := seqOf(text); seq != 0 {
		if r.last = (mark{seq, now}); r.first.seq == 0 {
			r.first, r.last = r.last, mark{}
			o.Again = ReceivedAfter
		}
	}
	r.down(text, &o)
	return o
}

// Waited takes a frame that was kept.
func (r *Relay) Waited(text []byte) (o Out) {
	r.down(text, &o)
	return o
}

// Timer takes note of what counts as received by now.
func (r *Relay) Timer(now time.Time) (o Out) {
	for r.first.seq != 0 && now.Sub(r.first.at) >= ReceivedAfter {
		o.up(system(protocol.EventAck, protocol.Ack{Seq: r.first.seq}.Append(nil), ""))
		o.Forget = r.first.seq
		r.first, r.last = r.last, mark{}
	}
	if r.ready && now.Sub(r.began) >= ReceivedAfter {
		r.tell(&o)
	}
	if r.first.seq != 0 {
		o.Again = r.first.at.Add(ReceivedAfter).Sub(now)
	}
	return o
}

func seqOf(text []byte) uint64 {
	seq, _ := jsonscan.Uint(jsonscan.Field(text, "seq"))
	return seq
}

// down translates a frame of the core's for the app.
func (r *Relay) down(text []byte, o *Out) {
	data, event := jsonscan.Field(text, "data"), eventOf(text)
	switch event {
	case protocol.EventAppMessage:
		if !r.ready || !r.message(data, o) {
			o.Wait = seqOf(text)
		}
	case protocol.EventClientDisconnected, protocol.EventClientReconnected:
		if r.ready {
			o.down(custom(event, []byte("{}")))
		} else {
			o.Wait = seqOf(text)
		}
	case protocol.EventPing: // whether it has read what there is, nobody can ask it
		id, _ := jsonscan.Str(jsonscan.Field(text, "message_id"))
		o.up(system(protocol.EventPong, nil, id))
	case protocol.EventPong:
		o.down(text)
	case protocol.EventAppConnectionAck:
		r.acknowledged(data, o)
	case protocol.EventAppConnectionError, protocol.EventError:
		o.down(appendError(nil, data))
	case protocol.EventAppStopped:
		state, _ := protocol.ParseAppState(data)
		w := jsonscan.NewObject(nil)
		w.Str("type", event)
		w.Str("reason", StopReason(state.Reason))
		w.Str("message", state.Reason)
		o.down(w.End())
		if state.State == "stopping" { // it is not asked twice
			o.Code, o.Reason = 1000, "App stopped"
		}
	}
}

func eventOf(text []byte) string {
	event := jsonscan.Field(text, "event")
	if event == nil {
		event = jsonscan.Field(text, "type")
	}
	s, _ := jsonscan.Str(event)
	return s
}

func (r *Relay) acknowledged(data []byte, o *Out) {
	ack, _ := protocol.ParseAppConnectionAck(data)
	w := jsonscan.NewObject(nil)
	w.Str("type", "tpa_connection_ack")
	w.Str("sessionId", ack.SessionID)
	w.Raw("settings", []byte("[]"))
	w.Raw("mentraosSettings", []byte("{}"))
	w.Raw("capabilities", nil)
	w.Time("timestamp", ack.ServerTime)
	o.down(w.End())
	if ack.Gap != nil {
		o.down(custom("gap", jsonscan.Field(data, "gap")))
	}
	if !ack.Resumed {
		r.tell(o)
	}
	o.Again = ReceivedAfter
}

// message sends the app what the device, or an operator, says, and returns false if the app
// wants none of it yet.
func (r *Relay) message(data []byte, o *Out) bool {
	called, _ := jsonscan.Str(jsonscan.Field(data, "stream"))
	said := jsonscan.Field(data, "data")
	f, typed := read(said)
	if called == "" {
		called = f.typ
	}
	switch {
	case called == "":
		o.down(custom("message", said))
		return true
	case typed && f.typ == called && among(direct, called):
		if f.pkg == nil || *f.pkg == r.pkg {
			o.down(said)
		}
		return true
	}
	sent := false
	for list := jsonscan.Elements(r.streams); list.Next(); {
		name := nameOf(list.Value())
		if !belongs(called, name, said) {
			continue
		}
		w := jsonscan.NewObject(nil)
		w.Str("type", typeStream)
		w.Str("streamType", name)
		w.Raw("data", said)
		o.down(w.End())
		sent = true
	}
	return sent
}

func custom(action string, payload []byte) []byte {
	w := jsonscan.NewObject(nil)
	w.Str("type", typeCustom)
	w.Str("action", action)
	w.Raw("payload", payload)
	return w.End()
}
