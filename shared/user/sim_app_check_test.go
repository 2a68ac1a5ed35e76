package user_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// check holds the object to what must be so at any time.
func (o *outside) check() {
	if o == nil {
		return
	}
	stored, known := o.store.Snapshot(), o.core.Snapshot()
	if line := stored.Device.Row.Channel.State; len(stored.Apps.Apps) > 0 && line != channel.Active && line != channel.Grace {
		o.fail("apps of nobody: %+v", stored.Apps.Apps)
	}
	if line := stored.Device.Row.Channel.State; len(o.store.Receipts) > 0 && line == channel.Gone {
		o.fail("%d answers are remembered that nobody has had", len(o.store.Receipts))
	}
	if s, k := stable(stored), stable(known); !reflect.DeepEqual(s, k) {
		o.fail("stored is\n%+v\nknown is\n%+v", s, k)
	}
	due, some := o.core.Deadline()
	standing := map[string]string{}
	for _, a := range o.core.Apps() {
		standing[a.Package] = a.State.String()
		until := a.Next
		switch {
		case a.State == app.GracePeriod:
			until = a.Channel.GraceUntil
		case a.State == app.Dormant && o.core.Device() != "":
			o.fail("%s sleeps, and the device is there", a.Package)
		}
		if until.IsZero() && a.State != app.Running && a.State != app.Dormant || !until.IsZero() && (!some || due.After(until)) {
			o.fail("%s is %s until %s, the alarm is at %s", a.Package, a.State, until, due)
		}
		if s := o.current[a.Package]; s == nil || s.id != a.SessionID {
			o.fail("%s is %+v", a.Package, s)
		}
		if s := o.current[a.Package]; s.plug != nil && s.plug.ready && len(s.plug.inbox) == 0 && s.received == a.Outbox.Sent && a.Outbox.Acked == a.Outbox.Sent && a.State == app.Running && s.client != (o.core.Device() != "") {
			o.fail("%s thinks the device is there: %v", a.Package, s.client)
		}
	}
	counted := map[user.ConnID]bool{}
	o.core.AppConns(func(conn user.ConnID) {
		if p := o.plugs[conn]; counted[conn] || p.closed || !p.open || o.starts[p.session] != o.current[p.name] {
			o.fail("%s counts: %+v", conn, *p)
		}
		counted[conn] = true
	})
	for _, p := range o.plugs {
		if p.open && !p.cut && !counted[p.conn] {
			o.fail("%s is open, and nobody's", p.conn)
		}
	}
	for _, g := range o.devices {
		if g.conn == "" || g.conn != o.core.Device() || !g.acked || len(g.inbox) > 0 || g.last != o.store.Row.Outbox.Sent {
			continue
		}
		for _, name := range packages {
			if was := g.views[name]; was != standing[name] && (was != "stopped" || standing[name] != "") {
				o.fail("%s takes %s for %q, it is %q", g.name, name, was, standing[name])
			}
		}
	}
	for name, state := range o.stands {
		if is := standing[name]; is != state && (is != "" || state != "stopped") {
			o.fail("the device was sent that %s is %q, it is %q", name, state, is)
		}
	}
}

// stable is a snapshot as far as it has to be stored at once: signs of life have not.
func stable(s user.Snapshot) user.Snapshot {
	out := user.Snapshot{Device: device.Snapshot{Row: device.Row{Outbox: s.Device.Row.Outbox}}}
	out.Device.Kept = append(out.Device.Kept, s.Device.Kept...)
	for _, a := range s.Apps.Apps {
		if a.Row.Channel.Pings {
			a.Row.Channel.Seen = a.Row.Channel.ConnectedAt
		}
		out.Apps.Apps = append(out.Apps.Apps, app.Saved{Row: a.Row, Kept: append([]channel.Kept(nil), a.Kept...), Receipts: byN(a.Receipts)})
	}
	out.Apps.Receipts = byN(s.Apps.Receipts)
	return out
}

func byN(list []channel.Receipt) []channel.Receipt {
	return slices.SortedFunc(slices.Values(list), func(a, b channel.Receipt) int { return cmp.Compare(a.N, b.N) })
}

// twin is an object that was restored from what the running one knows, for it to take the
// same event: it has to do the same. What is not stored is left out: when pings went out,
// and the connections that have no answer yet.
func (o *outside) twin(ev any) *object {
	switch ev.(type) {
	case user.Woken, app.Registered, app.KeyRevoked:
		return nil
	}
	if o == nil || o.rand.IntN(8) > 0 || slices.ContainsFunc(o.asks, func(a *ask) bool { return a.register != nil }) {
		return nil
	}
	o.counts["twin"]++
	core, err := restore(o.cfg, o.core.Snapshot())
	if err != nil {
		o.fail("not restorable: %v", err)
	}
	return &core
}

// worldDies has everybody fall silent for good: time alone ends what there is.
func (o *outside) worldDies() {
	for _, g := range o.devices {
		o.drop(g)
	}
	for _, p := range o.plugs {
		o.cut(p, false)
	}
	o.late, o.run.late = nil, nil
	o.crashed()
	for i := 0; len(o.core.Apps()) > 0; i++ {
		at, ok := o.core.Deadline()
		if !ok || i > 500 {
			o.fail("nothing ends %+v", o.core.Apps())
		}
		if at.After(o.now) {
			o.now = at
		}
		o.step(o.woken())
	}
}

// appsDie has all servers die, and a device stay that answers its pings.
func (o *outside) appsDie() {
	for range 120 {
		for _, p := range o.plugs {
			if p.open {
				o.cut(p, true)
				o.ended(p, 1006)
			}
		}
		o.crashed() // no webhook answers
		o.hold(o.devices[0])
		if len(o.core.Apps()) == 0 && o.devices[0].acked {
			return
		}
	}
	o.fail("nothing ends %+v", o.core.Apps())
}

// hold is a second of a device whose line holds: it receives everything and answers it.
func (o *outside) hold(g *handset) {
	o.now = o.now.Add(time.Second)
	o.answered(g)
	if at, ok := o.core.Deadline(); ok && !o.now.Before(at) {
		o.step(o.woken())
	}
	if g.conn == "" {
		o.connect(g)
	}
	for len(g.inbox) > 0 && g.conn != "" {
		o.read(g)
	}
	if g.conn == "" || !g.acked || o.core.Device() != g.conn {
		o.drop(g)
		return
	}
	o.says(g, fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, g.last))
	if len(g.pending) > 0 {
		o.repeat(g)
	}
}

// arrive has all connections hold: what was promised arrives, and what has no answer gets one.
func (o *outside) arrive() {
	g := o.devices[0]
	o.drop(o.devices[1])
	for round := 0; ; round++ {
		o.hold(g)
		done := g.acked && g.last == o.store.Row.Outbox.Sent && len(g.pending) == 0 && len(o.asks) == 0
		for _, a := range slices.Clone(o.asks) {
			for range 60 {
				if !slices.Contains(o.asks, a) {
					break
				}
				o.answer(a)
			}
		}
		for _, s := range o.current {
			for range 60 {
				o.serve(s)
			}
			done = done && (s.over || s.received == o.store.Apps[s.name].Row.Outbox.Sent && len(s.pending) == 0)
		}
		if done {
			return
		}
		if round > 120 {
			for _, s := range o.current {
				o.t.Logf("%+v: %+v", *s, s.plug)
			}
			o.fail("%s stands at %d of %d and waits for %v", g.name, g.last, o.store.Row.Outbox.Sent, g.pending)
		}
	}
}

// serve is a server whose line holds.
func (o *outside) serve(s *launch) {
	switch p := s.plug; {
	case s.over || !slices.Contains(o.order, s):
	case p == nil && !s.stopped:
		o.dial(s)
	case p == nil || !p.open:
	case p.cut:
		o.ended(p, 1006)
	case len(p.inbox) > 0 || !p.ready:
		o.listen(s)
	case len(s.pending) > 0:
		o.insist(s)
	case o.store.Apps[s.name].Row.Outbox.Acked < s.received:
		o.acknowledge(s)
	}
}
