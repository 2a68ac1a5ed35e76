package user_test

import (
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// deviceTurn has a device start, stop and write to apps, or repeat what has no answer.
func (o *outside) deviceTurn(g *handset) {
	if g.conn == "" && o.rand.IntN(4) == 0 {
		o.connect(g)
	}
	if g.conn == "" || !g.acked {
		return
	}
	name := packages[o.rand.IntN(len(packages))]
	switch n := o.rand.IntN(24); {
	case n == 0:
		o.answered(g) // by the runtime: a ping
	case n >= 20:
		for len(g.inbox) > 0 && g.conn != "" && o.rand.IntN(9) > 0 {
			o.read(g)
		}
	case n < 3 && len(g.pending) > 0:
		o.repeat(g)
	case len(g.pending) >= 5 || g.hold:
	case n < 7:
		o.command(g, "app_start", name)
	case n == 7 && o.rand.IntN(3) == 0:
		o.command(g, "app_stop", name)
	case n < 10 && g.views[name] == "":
	default:
		o.counter++
		id := fmt.Sprint("m", o.counter)
		o.sentTo[id] = name
		o.utter(g, id, fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{"to":%q,"data":%q}}`, id, name, id))
	}
}

func (o *outside) command(g *handset, event, name string) {
	o.counter++
	id := fmt.Sprint("s", o.counter)
	o.utter(g, id, fmt.Sprintf(`{"type":"app","event":%q,"message_id":%q,"data":{"package":%q}}`, event, id, name))
}

func (o *outside) utter(g *handset, id, text string) {
	g.pending = append(g.pending, unanswered{id, text})
	o.says(g, text)
}

func (o *outside) answered(g *handset) {
	if o.cfg.Device.ClientPings {
		g.seen = o.now
	}
}

// repeat says again what has no answer, in order.
func (o *outside) repeat(g *handset) {
	g.hold = false
	for _, m := range slices.Clone(g.pending) {
		if g.conn == "" || g.hold {
			return
		}
		if _, placed := o.placed[m.id]; placed {
			o.counts["repeated"]++
		}
		o.says(g, m.text)
	}
}

// greeted is a connection_ack: what has no answer is said again after a resume. Another
// device may have had the channel otherwise.
func (o *outside) greeted(g *handset, text []byte) {
	if o == nil {
		return
	}
	d := o.parse(string(text))
	g.views = map[string]string{}
	for _, a := range d.Data.Apps {
		g.views[a.Package] = a.State
	}
	if !d.Data.Resumed {
		g.pending, g.hold = nil, false
		return
	}
	o.repeat(g)
}

// readByDevice is a frame that a device has read.
func (o *outside) readByDevice(g *handset, text []byte) {
	if o == nil {
		return
	}
	d := o.parse(string(text))
	if d.Seq > 0 && o.toDev[d.Seq] != string(text) {
		o.fail("%s received %s, kept was %s", g.name, text, o.toDev[d.Seq])
	}
	switch d.Event {
	case "app_state", "app_started", "app_stopped":
		g.views[d.Data.Package] = d.Data.State
	case "error":
		g.answer(d.Data.Details.MessageID, d.refusal())
	}
	if d.Seq == 0 || d.Event != "app_message" {
		g.answer(d.MessageID, "")
	}
}

// refusal is why a message was not taken.
func (d word) refusal() string {
	if d.Data.Details.Reason == "too_many_apps" {
		return d.Data.Details.Reason
	}
	return d.Data.Code
}

// answer is one to a message; one that was refused for now is said again.
func (t *talker) answer(id, code string) {
	for i, m := range t.pending {
		switch {
		case m.id != id:
			continue
		case code == string(protocol.RateLimitExceeded), code == string(protocol.TokenExpired):
			t.hold = true
		default:
			t.pending = slices.Delete(t.pending, i, i+1)
		}
		return
	}
}
