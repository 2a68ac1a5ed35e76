package user_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// turn is something that somebody does: a server, a webhook, the database, an operator, or
// the device in matters of apps.
func (o *outside) turn() {
	switch n := o.rand.IntN(400); {
	case n < 120:
		g := o.devices[0]
		if other := o.devices[1]; other.conn != "" && other.conn == o.core.Device() {
			g = other
		}
		o.deviceTurn(g)
	case n < 230:
		if len(o.asks) > 0 {
			o.answer(o.asks[o.rand.IntN(len(o.asks))])
		}
	case n < 385:
		if len(o.order) > 0 { // the newest ones as a rule
			i := len(o.order) - 1 - min(o.rand.IntN(4)*o.rand.IntN(2)+o.rand.IntN(3), len(o.order)-1)
			o.serverTurn(o.order[i])
		}
	case n < 394: // its connection goes, and this is noticed at once
		if conn := o.core.Device(); conn != "" && o.open[conn] != nil {
			o.drop(o.open[conn])
			delete(o.open, conn)
			o.step(user.Disconnected{Conn: conn, Code: 1006, Seen: o.now})
		}
	case n < 399:
		if len(o.late) > 0 {
			o.ended(o.late[o.rand.IntN(len(o.late))], 1006)
		}
	default:
		o.revoke()
	}
}

// answer has something that was asked take its course.
func (o *outside) answer(a *ask) {
	drop := func() { o.asks = slices.DeleteFunc(o.asks, func(b *ask) bool { return a == b }) }
	switch {
	case a.connect != nil:
		drop()
		o.step(*a.connect)
		if p := o.plugs[a.connect.Conn]; !p.closed && !slices.ContainsFunc(o.asks, func(b *ask) bool { return b.register != nil && b.register.Conn == p.conn }) {
			o.closed(p, "") // it was lost with the object
		}
	case a.register != nil && !a.done:
		a.done = true
		if a.refused = o.keys[a.register.KeyID].revoked; !a.refused {
			o.rows[[2]string{a.register.SessionID, a.register.KeyID}] = true
		}
	case a.register != nil:
		drop()
		e := app.Registered{Conn: a.register.Conn}
		if a.refused {
			e.Err = &protocol.Error{Code: protocol.TokenRevoked}
		}
		o.step(e)
		if p := o.plugs[e.Conn]; !p.open && !p.closed {
			o.closed(p, "")
		}
	case a.call != nil:
		o.called(a, drop)
	case a.revoke != nil:
		a.done = true
		o.step(*a.revoke)
		a.done = false // it is sent again until it is answered
	}
}

// called is a webhook: its server learns of the session, and answers yes, no, late or
// never.
func (o *outside) called(a *ask, drop func()) {
	s := o.starts[a.call.SessionID]
	if !slices.Contains(o.order, s) {
		o.order = append(o.order, s)
	}
	s.stopped = s.stopped && s.over
	e := app.Called{SessionID: s.id, Until: a.call.Until, OK: true}
	switch n := o.rand.IntN(20); {
	case n < 4 || a.slow && o.rand.IntN(20) > 0 && !o.quiet:
		a.slow = true
		return // late
	case n < 6:
		drop()
		return // never
	case n < 9:
		e.OK, e.Reason = false, "webhook_failed"
	case n == 9 && o.rand.IntN(3) == 0:
		e.OK, e.Reason = false, app.UnknownApp
	}
	drop()
	if s.call == a {
		o.step(e)
		return
	}
	// The answer to an earlier call changes nothing, but what is due anyway.
	o.counts["stale call"]++
	o.step(o.woken())
	before := fmt.Sprint(o.core.Apps())
	o.step(e)
	if after := fmt.Sprint(o.core.Apps()); after != before {
		o.fail("the answer to an earlier call changed %s\nto %s", before, after)
	}
}

// revoke has an operator take a key back, or all of a package's; there is always another.
func (o *outside) revoke() {
	name := packages[o.rand.IntN(len(packages))]
	e := app.KeyRevoked{Ask: 3, Package: name, By: "olive"}
	if o.rand.IntN(3) > 0 {
		e.KeyID = o.key(name).id
	}
	found := false
	for _, k := range o.keys {
		if k.name == name && (e.KeyID == "" || k.id == e.KeyID) {
			k.revoked = true
			for row := range o.rows {
				found = found || row[1] == k.id
			}
		}
	}
	o.counts["revoked"]++
	if found {
		o.asks = append(o.asks, &ask{revoke: &e})
	}
}

// key is one that counts: its newest one, or a new one.
func (o *outside) key(name string) *key {
	for n := 1; ; n++ {
		id := fmt.Sprint(name, "-", n)
		if o.keys[id] == nil {
			o.keys[id] = &key{id: id, name: name}
		}
		if !o.keys[id].revoked {
			return o.keys[id]
		}
	}
}

// crashed has everything lost that an instance had asked.
func (o *outside) crashed() {
	if o == nil {
		return
	}
	o.asks = slices.DeleteFunc(o.asks, func(a *ask) bool {
		if a.register != nil {
			o.closed(o.plugs[a.register.Conn], "")
		}
		return a.register != nil || a.call != nil
	})
}

// idle reports whether the object may hibernate: nothing it has asked is on its way.
func (o *outside) idle() bool {
	return o == nil || !slices.ContainsFunc(o.asks, func(a *ask) bool { return a.register != nil || a.call != nil })
}

// unplugged has every socket die with the machine; whose end is not notified is found by
// the object that boots.
func (o *outside) unplugged() {
	if o == nil {
		return
	}
	o.late = nil
	o.core.AppConns(func(conn user.ConnID) { o.cut(o.plugs[conn], true) })
	for _, p := range slices.Clone(o.late) {
		o.ended(p, 1006)
	}
}

// woken is the alarm, with the runtime's record.
func (o *outside) woken() user.Woken {
	if o == nil {
		return user.Woken{}
	}
	e := user.Woken{Apps: map[user.ConnID]time.Time{}}
	if !o.cfg.Device.ClientPings {
		return e
	}
	for _, g := range o.devices {
		if g.conn != "" && g.conn == o.core.Device() {
			e.Seen = g.seen
		}
	}
	o.core.AppConns(func(conn user.ConnID) { e.Apps[conn] = o.plugs[conn].seen })
	return e
}
