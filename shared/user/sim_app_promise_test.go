package user_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// moves are the documented ways from one state to another (package app).
var moves = map[string]string{
	"":             "connecting",
	"stopped":      "connecting",
	"connecting":   "running stopped",
	"running":      "grace_period stopping stopped resurrecting dormant",
	"grace_period": "running resurrecting dormant stopped",
	"resurrecting": "running dormant stopped",
	"dormant":      "running resurrecting", // nobody is there to stop it
	"stopping":     "stopped",
}

// effect notes what the object has done.
func (o *outside) effect(effect any) {
	if o == nil {
		return
	}
	switch e := effect.(type) {
	case serverconn.Accept:
		if p := o.plugs[e.Conn]; p != nil {
			p.open = true
			if s := o.current[p.name]; s == nil || s.id != p.session || o.keys[p.key].notified {
				o.fail("%+v was let in", *p)
			}
		}
	case serverconn.Refuse:
		if p := o.plugs[e.Conn]; p != nil {
			if s := o.current[p.name]; e.Err.Code == protocol.SessionEnded && s != nil && s.id == p.session && o.stands[p.name] != "stopping" {
				o.fail("%s is refused, and its app is %s", e.Conn, o.stands[p.name])
			}
			o.closed(p, string(e.Err.Code))
		}
	case serverconn.Close:
		if p := o.plugs[e.Conn]; p != nil {
			if p.closed {
				o.fail("%s is closed twice", e.Conn)
			}
			o.closed(p, "")
		}
	case serverconn.Send:
		o.sent(e)
	case device.Keep:
		o.toDevice(e.Kept)
	case app.Save:
		if o.starts[e.Row.SessionID] == nil {
			s := &launch{name: e.Row.Package, id: e.Row.SessionID, texts: map[uint64]string{}, got: map[string]bool{}}
			o.starts[s.id], o.current[s.name] = s, s
		}
	case app.Delete:
		o.current[e.Package].over = true
		delete(o.current, e.Package)
	case app.Keep:
		o.kept(o.current[e.Package], e.Kept)
	case app.Forget:
		if s := o.current[e.Package]; e.Seq > s.received {
			s.pushed = e.Seq
		}
	case app.Call:
		a := &ask{call: &e}
		o.asks = append(o.asks, a)
		if s := o.starts[e.SessionID]; s != nil {
			s.call = a
		} else { // its row comes in the same event
			o.starts[e.SessionID] = &launch{name: e.Package, id: e.SessionID, texts: map[uint64]string{}, got: map[string]bool{}, call: a}
			o.current[e.Package] = o.starts[e.SessionID]
		}
	case app.Register:
		o.asks = append(o.asks, &ask{register: &e})
	case app.Unregister:
		for row := range o.rows {
			if row[0] == e.SessionID {
				delete(o.rows, row)
			}
		}
	case app.KeyGone:
		o.keyGone()
	case session.Record:
		if e.Entry.Event == audit.AppStopped && e.Entry.Reason == "session_ended" {
			o.stands[e.Entry.ClientID] = "stopped" // the device that would be notified is gone
		}
		o.counts[string(e.Entry.Event)+" "+e.Entry.Code]++
	}
}

// closed ends a socket: nothing may go to it any more.
func (o *outside) closed(p *plug, why string) {
	p.open, p.closed, p.ready = false, true, false
	if s := o.starts[p.session]; s != nil && s.plug == p && !p.cut {
		s.plug = nil
		s.stopped = s.stopped || why == string(protocol.SessionEnded)
	}
}

// sent is a frame for a connection: that of an app receives its own start's, whole and as it
// is kept.
func (o *outside) sent(e serverconn.Send) {
	p := o.plugs[e.Conn]
	if p == nil {
		if d := o.parse(string(e.Text)); d.Event == "ack" {
			o.taken(d, nil)
		}
		return
	}
	s, d := o.current[p.name], o.parse(string(e.Text))
	final := d.Event == "app_stopped" && d.Data.State == "stopped"
	switch {
	case !p.open:
		o.fail("%s is not open and is sent %s", e.Conn, e.Text)
	case o.keys[p.key].notified:
		o.fail("the key of %s is revoked, and it is sent %s", e.Conn, e.Text)
	case s == nil && !final, s != nil && s.id != p.session:
		o.fail("%s of %s is sent %s", e.Conn, p.session, e.Text)
	case d.Data.SessionID != "" && d.Data.SessionID != p.session, d.Data.Package != "" && d.Data.Package != p.name:
		o.fail("%s of %s %s is sent %s", e.Conn, p.name, p.session, e.Text)
	case d.Seq > 0 && !final && s.texts[d.Seq] != string(e.Text):
		o.fail("%s is sent %s, kept is %q", e.Conn, e.Text, s.texts[d.Seq])
	case d.Event == "ack":
		o.taken(d, s)
	}
	if !p.cut {
		p.inbox = append(p.inbox, slices.Clone(e.Text))
	}
}

// taken holds an answer to what was done: the message is kept where it says.
func (o *outside) taken(d word, from *launch) {
	at, ok := o.placed[d.MessageID]
	if !ok || at.seq != d.Data.Seq || (from == nil) != (at.of != nil) {
		o.fail("message %s has the answer %d, kept is %+v", d.MessageID, d.Data.Seq, at)
	}
}

// place notes that a message is kept: once.
func (o *outside) place(name string, message any, at spot) {
	id := fmt.Sprint(message)
	if old, twice := o.placed[id]; twice {
		o.fail("message %s is taken twice: %+v, %+v", id, old, at)
	}
	if o.sentTo[id] != name {
		o.fail("message %s is of %q, and taken for %q", id, o.sentTo[id], name)
	}
	o.placed[id] = at
	o.counts["messages"]++
}

func (o *outside) kept(s *launch, k channel.Kept) {
	s.texts[k.Seq] = string(k.Text)
	if d := o.parse(s.texts[k.Seq]); d.Event == "app_message" {
		o.place(s.name, d.Data.Data, spot{s, k.Seq})
	}
}

// toDevice is what is sent to the device, reliably: above all each state an app passes
// through.
func (o *outside) toDevice(k channel.Kept) {
	o.toDev[k.Seq] = string(k.Text)
	d := o.parse(string(k.Text))
	switch d.Event {
	case "app_message":
		if d.Data.From != protocol.FromOperator {
			o.place(d.Data.From, d.Data.Data, spot{nil, k.Seq})
		}
	case "app_state", "app_started", "app_stopped":
		from, to := o.stands[d.Data.Package], d.Data.State
		unstable := from == "dormant" && d.Data.Reason == "unstable" // it comes back too often, and seldom sleeps before
		if !slices.Contains(strings.Fields(moves[from]), to) && !unstable {
			o.fail("%s went from %q to %q", d.Data.Package, from, to)
		}
		o.counts[from+" "+to]++
		o.stands[d.Data.Package] = to
		if d.MessageID != "" {
			if o.begun[d.MessageID] {
				o.fail("%s was carried out twice", d.MessageID)
			}
			o.begun[d.MessageID] = true
		}
	}
}

// keyGone is the word that a revocation has taken effect.
func (o *outside) keyGone() {
	for i, a := range o.asks {
		if a.revoke == nil || !a.done {
			continue
		}
		for _, k := range o.keys {
			k.notified = k.notified || k.revoked && k.name == a.revoke.Package && (a.revoke.KeyID == "" || k.id == a.revoke.KeyID)
		}
		o.asks = slices.Delete(o.asks, i, i+1)
		break
	}
	for _, p := range o.plugs {
		if p.open && o.keys[p.key].notified {
			o.fail("%s is open and its key is revoked", p.conn)
		}
	}
}
