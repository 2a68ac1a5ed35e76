package device_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// outside is everything beyond the object that apps need: their servers, their sockets,
// their webhooks, the database their keys are in. It notes what the object has promised,
// and holds it to that. A nil one is a world without apps.
type outside struct {
	*run
	starts  map[string]*launch // by session id
	order   []*launch          // those a webhook was called for
	current map[string]*launch // by package
	plugs   map[string]*plug   // by connection
	asks    []*ask
	keys    map[string]*key
	rows    map[[2]string]bool // session id and key: who is told of a revocation
	// What the object has said, by what was said.
	stands  map[string]string // a package's state, as the device was told
	toDev   map[uint64]string // frames for the device
	placed  map[string]spot   // messages that were taken
	sentTo  map[string]string // a message's package, on whichever side
	begun   map[string]bool   // message ids of starts that came to something
	late    []*plug           // their end has yet to be told
	counter int
	counts  map[string]int
}

// launch is one start of an app, as the object and as the app's server have it.
type launch struct {
	name, id string
	over     bool
	texts    map[uint64]string // what is kept for it
	pushed   uint64            // up to where the bounds have pushed it out
	call     *ask              // its latest
	// The server's side.
	heard   uint64
	client  bool // whether the device is there
	got     map[string]bool
	stopped bool
	plug    *plug
	talker
}

// plug is one socket of an app's server.
type plug struct {
	conn, name, key, session string
	open, closed             bool // let in; ended by the object, or its end was told
	cut                      bool // its line is dead, which nobody may know
	ready                    bool
	forgetful                bool // did not say what it has heard
	seen                     time.Time
	inbox                    [][]byte
}

type key struct {
	id, name      string
	revoked, told bool
}

// ask is something asked of the outside, or by it, that has no answer yet.
type ask struct {
	call     *app.Call
	slow     bool
	register *app.Register
	done     bool // executed
	refused  bool
	knock    *app.Connect
	revoke   *app.KeyRevoked
}

// spot is where a message was taken: which start's outbox, nil for the device's.
type spot struct {
	of  *launch
	seq uint64
}

// talker is one side's messages that have no answer yet.
type talker struct {
	pending []unanswered
	hold    bool // one was refused for now: it comes first
	views   map[string]string
}

type unanswered struct{ id, text string }

var packages = []string{"com.example.a", "com.example.b", "com.example.c", "com.example.d"}

func newOutside(r *run) *outside {
	o := &outside{
		run: r, starts: map[string]*launch{}, current: map[string]*launch{}, plugs: map[string]*plug{}, keys: map[string]*key{},
		rows: map[[2]string]bool{}, stands: map[string]string{}, toDev: map[uint64]string{}, placed: map[string]spot{},
		sentTo: map[string]string{}, begun: map[string]bool{}, counts: map[string]int{},
	}
	r.apps, r.pace, r.crashes = o, 400, 120
	return o
}

// document is a frame as both sides read it.
type document struct {
	Event     string
	MessageID string `json:"message_id"`
	Seq       uint64
	Data      struct {
		Package, State, Reason, From string
		SessionID                    string `json:"session_id"`
		Resumed                      bool
		Seq                          uint64
		ClientConnected              bool `json:"client_connected"`
		Gap                          *struct {
			From, To, Count uint64
			Reason          string
		}
		Apps    []struct{ Package, State string }
		Code    string `json:"error_code"`
		Details struct {
			MessageID string `json:"message_id"`
			Reason    string
		}
		Data any
	}
}

func (o *outside) parse(text string) (d document) {
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		o.fail("%s: %v", text, err)
	}
	return d
}

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
func (o *outside) effect(effect device.Effect) {
	if o == nil {
		return
	}
	switch e := effect.(type) {
	case device.Accept:
		if p := o.plugs[e.Conn]; p != nil {
			p.open = true
			if s := o.current[p.name]; s == nil || s.id != p.session || o.keys[p.key].told {
				o.fail("%+v was let in", *p)
			}
		}
	case device.Refuse:
		if p := o.plugs[e.Conn]; p != nil {
			if s := o.current[p.name]; e.Err.Code == protocol.SessionEnded && s != nil && s.id == p.session && o.stands[p.name] != "stopping" {
				o.fail("%s is refused, and its app is %s", e.Conn, o.stands[p.name])
			}
			o.closed(p, string(e.Err.Code))
		}
	case device.Close:
		if p := o.plugs[e.Conn]; p != nil {
			if p.closed {
				o.fail("%s is closed twice", e.Conn)
			}
			o.closed(p, "")
		}
	case device.Send:
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
		if s := o.current[e.Package]; e.Seq > s.heard {
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
			o.stands[e.Entry.ClientID] = "stopped" // the device that would be told is gone
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

// sent is a frame for a connection: that of an app hears its own start's, whole and as it
// is kept.
func (o *outside) sent(e device.Send) {
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
	case o.keys[p.key].told:
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
func (o *outside) taken(d document, from *launch) {
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

// toDevice is what the device is told, reliably: above all each state an app passes
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
			k.told = k.told || k.revoked && k.name == a.revoke.Package && (a.revoke.KeyID == "" || k.id == a.revoke.KeyID)
		}
		o.asks = slices.Delete(o.asks, i, i+1)
		break
	}
	for _, p := range o.plugs {
		if p.open && o.keys[p.key].told {
			o.fail("%s is open and its key is revoked", p.conn)
		}
	}
}

// TestSimApps lets seeds run with apps: every message that was answered is heard once, in
// order, or told of as lost, by whom it is for and nobody else; every app is in a state it
// can get to and will leave; and what is known is what is stored.
func TestSimApps(t *testing.T) {
	counts := map[string]int{}
	runs := eachSeed(40, func(seed uint64) {
		r := newRun(t, seed, device.Config{
			ClientPings: seed%2 == 1, Outbox: channel.OutboxConfig{Frames: 4}, Apps: app.Config{MaxApps: 3, Unanswered: 64, Starts: rate.Limit{Count: 1 << 20}},
		})
		o := newOutside(r)
		for range 800 {
			r.turn()
		}
		r.quiet = true
		switch seed / 2 % 3 {
		case 0:
			o.worldDies()
		case 1:
			o.appsDie()
		default:
			o.arrive()
		}
		for what, n := range o.counts {
			counts[what] += n
		}
	})
	t.Log(counts)
	if runs < 40 {
		return
	}
	if n := counts["gap"]; n > 0 {
		t.Errorf("%d times an app that acknowledges was told that something is lost", n)
	}
	for from, ways := range moves {
		for _, to := range strings.Fields(ways) {
			if counts[from+" "+to] == 0 {
				t.Errorf("no app went from %q to %q: the world is too tame", from, to)
			}
		}
	}
	for _, what := range []string{"messages", "repeated", "replayed", "stale call", "wrong session", "revoked", "app_closed HEARTBEAT_TIMEOUT", "twin"} {
		if counts[what] == 0 {
			t.Errorf("not one case of: %s", what)
		}
	}
}
