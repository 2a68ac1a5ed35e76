package sim_test

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// docObject is one document's object: the core, its shell and its storage.
type docObject struct {
	w        *world
	id       string
	core     *document.Document
	store    *sim.DocumentStorage
	watch    *sim.DocumentWatch
	alarm    time.Time
	channels map[sim.Client]*model // what must be true of the channel
	log      *history
	source   sourceDocument
	next     []document.Event // what effects came back as
	taken    bool             // the newest change was
	ended    *document.Ended  // the newest one
	restored *document.Restored
	copies   []copied
	gone     erased
	served
}

func newDocObject(w *world, id string) *docObject {
	d := &docObject{
		w: w, id: id, store: sim.NewDocumentStorage(id),
		watch: sim.NewDocumentWatch(0), channels: map[sim.Client]*model{}, log: newHistory(), source: sourceDocument{sure: map[string]int{}}, gone: newErased(),
	}
	d.watch.PerUser = w.docCfg.PerUser
	d.core = d.boot(nil)
	return d
}

// step plays one event, checks the answer, carries it out, and perhaps evicts
// the object from memory.
func (d *docObject) step(ev document.Event) (first document.Effect) {
	w := d.w
	switch e := ev.(type) {
	case document.FrameReceived:
		d.recall(d.core.User(e.Conn))
	case document.End:
		d.recall(e.UserID)
	}
	if f, ok := ev.(document.FrameReceived); ok && w.log {
		w.note("%s <- %s says %s", d.id, f.Conn, f.Frame.Append(nil))
	} else if w.log {
		w.note("%s <- %T %+v", d.id, ev, ev)
	}
	d.watch.Event(ev)
	d.store.Before = w.docCfg.LogBefore(w.Now)
	effects := d.core.Step(w.Now, ev)
	if f, ok := ev.(document.FrameReceived); ok && !w.quiet && w.rng.Chance(w.crash) {
		d.trap(w.connections[f.Conn])
		return nil
	}
	if _, aged := ev.(document.LogAged); aged && len(effects) > 0 {
		w.counts.Aged++
	}
	if err := d.watch.Effects(ev, effects); err != nil {
		w.fail("%s: %T: %v", d.id, ev, err)
	}
	if c, ok := ev.(document.Connect); ok && c.Redial {
		d.disturbs(c, effects)
	}
	for i, e := range effects {
		if s, ok := e.(document.Send); ok && w.log {
			w.note("    %v <- %s", s.Conns, s.Text)
		} else if w.log {
			w.note("    %T %+v", e, e)
		}
		if i == 0 {
			first = e
		}
		d.store.Apply(e)
		d.carryOut(e)
	}
	snap := d.core.Snapshot()
	if err := d.watch.State(snap, d.store); err != nil {
		w.fail("%s: after %T: %v", d.id, ev, err)
	}
	d.subset(snap)
	if w.rng.Chance(0.02) {
		d.nothingLeft()
	}
	switch ev.(type) {
	case document.Delivered, document.LogAged:
		return first // it is of the same whole as the event before it
	}
	for len(d.next) > 0 {
		ev := d.next[0]
		d.next = d.next[1:]
		d.step(ev)
	}
	d.store.Unseen = 0
	d.setAlarm() // before the eviction, as a shell does at the end of an event
	// What a connect came to has to be noted before its socket can be lost.
	if _, connecting := ev.(document.Connect); !connecting && !w.quiet && w.rng.Chance(w.crash) {
		d.crash()
	} else if w.rng.Chance(w.hibernate) {
		d.restore(d.sockets())
	}
	return first
}

func (d *docObject) setAlarm() {
	w := d.w
	at, ok := d.core.Deadline()
	if !ok || at.Equal(d.alarm) {
		return
	}
	d.alarm = at
	late := time.Duration(0)
	if w.rng.Chance(w.lateAlarm) {
		late = w.rng.Between(0, 8*time.Second)
		if !w.quiet && w.rng.Chance(0.1) {
			late = w.rng.Between(0, 70*time.Second)
		}
	}
	w.At(later(w.Now, at).Add(late), func() {
		if !d.alarm.Equal(at) {
			return
		}
		d.alarm = time.Time{}
		crashes, portions := w.counts.Crashed, w.counts.Replayed+w.counts.Synced
		if w.docCfg.LogAge > 0 && w.rng.Chance(0.5) {
			d.next = append(d.next, d.store.Aged()) // in the same event
		}
		d.step(document.Woken{Seen: d.seen()})
		if w.counts.Replayed+w.counts.Synced >= portions+8 {
			return // so many members are given more of the log at once, and the others are due again
		}
		if w.counts.Crashed != crashes {
			return // what it knew of pings is gone, another alarm is to come
		}
		if d.alarm.Equal(at) || !d.alarm.IsZero() && !d.alarm.After(w.Now) {
			w.fail("%s: woken at %v it is due again at %v", d.id, w.Now, d.alarm)
		}
	})
}

// seen is the runtime's record of answered pings.
func (d *docObject) seen() (out []document.Seen) {
	for _, u := range d.w.users { // in order: a map's would not be the seed's
		for _, c := range u.clients {
			for _, l := range c.connections {
				if at := l.lastPing(); c.doc == d && l.serverOpen && !at.IsZero() {
					out = append(out, document.Seen{Conn: l.conn, At: at})
				}
			}
		}
	}
	return out
}

func (d *docObject) carryOut(e document.Effect) {
	w := d.w
	switch e := e.(type) {
	case document.Accept: // whether by a token of before is held to elsewhere
		if f := d.gone.users[w.connections[e.Conn].c.user.id]; f != nil {
			f.back = true
		}
	case document.Send:
		d.silent(e.Text)
		for _, c := range e.Conns {
			w.connections[c].down(e.Text)
		}
		d.noteRefusal(e)
	case document.Close:
		w.connections[e.Conn].serverClose(e.Code)
		if e.Code == protocol.Lookup(protocol.HeartbeatTimeout).Close {
			w.counts.HalfOpen++
		}
	case document.Replay:
		w.counts.Replayed++
		d.deliver(e, e.Conn)
	case document.Sync:
		w.counts.Synced++
		d.deliver(e, e.Conn)
	case document.Compact:
		w.counts.Compacted++
	case document.AccessTaken:
		d.source.taken(e.Access, e.Users)
	case document.Erased:
		w.counts.Erased++
		d.log, d.gone = newHistory(), newErased()
		d.source.taken(e.Access, e.Users)
	case document.SavePart:
		if e.Part == 0 {
			d.posted(e.Upload)
		}
	case document.RestoreLog:
		d.putBack(e)
	case document.Restored:
		d.restored = &e
	case document.Posted:
		d.answered = &e
	case document.EraseComment, document.CommentErased, document.ForgetUser, document.Forgotten:
		d.erases(e)
	case document.Append:
		d.store.Unseen++
		d.appended(e.Entry)
		if e.Entry.UserID == "" || d.postedAs(e.Entry) {
			return // an operator's, or a server's
		}
		d.inOrder(e.Entry)
		d.roomLeft(e.Entry)
		row := d.store.Rows[sim.Client{Of: e.Entry.UserID, ID: e.Entry.ClientID}]
		if e.Entry.Kind == document.KindOp && !row.Grant.May().Has(permission.Write) {
			w.fail("%s: op of %s accepted without write", d.id, e.Entry.UserID)
		}
		d.wrote(e.Entry, row.Grant)
		d.confirmed(row.Grant, "an op")
		if d.source.sure[e.Entry.UserID] == d.source.version {
			d.allowed(row.Grant, "an op")
		}
		if !w.Now.Before(row.Channel.Expires) {
			w.fail("%s: op of %s accepted with a token that has expired", d.id, e.Entry.UserID)
		}
	case document.GrantTaken:
		d.taken = true
		if known := d.known(e.UserID); known < e.Epoch {
			w.fail("%s: epoch %d of %s taken, stored is %d", d.id, e.Epoch, e.UserID, known)
		}
	case document.Ended:
		d.ended = &e
		if known := d.known(e.UserID); known < e.Fence {
			w.fail("%s: the fence of %s is %d, stored is %d", d.id, e.UserID, e.Fence, known)
		}
	case document.Notify:
		if f := d.gone.users[e.UserID]; f != nil && f.done && !f.back {
			w.fail("%s: notifies of %s, who was erased", d.id, e.UserID)
		}
		if m := d.channels[sim.Client{Of: e.UserID, ID: e.ClientID}]; m != nil && (e.Reason == "final_error" || e.Reason == "erased" || e.Reason == "replaced") {
			m.gone = true // without a socket to close: somebody in grace lost access, or the place
		}
		d.notify(e)
	case document.VerifyToken:
		d.verify(e)
	}
}

// deliver reads a part of the log; what it came to is the next event.
func (d *docObject) deliver(e document.Effect, conn document.ConnID) {
	answer, _ := d.store.Deliver(e, 300, func(text []byte) {
		d.silent(text)
		d.w.connections[conn].down(text)
	})
	d.next = append(d.next, answer)
}

// notify calls the user's session object. The call may fail on the way there or
// on the way back.
func (d *docObject) notify(e document.Notify) {
	w := d.w
	lostThere, lostBack := !w.quiet && w.rng.Chance(0.1), !w.quiet && w.rng.Chance(0.1)
	w.After(w.rng.Between(0, 200*time.Millisecond), func() {
		if !lostThere {
			w.user(e.UserID).step(session.ChannelGone{Channel: d.id, ClientID: e.ClientID, SessionID: e.SessionID, Reason: e.Reason, AdmittedAt: e.AdmittedAt})
		}
		w.After(w.rng.Between(0, 100*time.Millisecond), func() {
			d.step(document.Notified{UserID: e.UserID, ClientID: e.ClientID, SessionID: e.SessionID, OK: !lostThere && !lostBack})
		})
	})
}

func (w *world) user(id string) *user {
	for _, u := range w.users {
		if u.id == id {
			return u
		}
	}
	w.fail("no user %q", id)
	return nil
}

// verify is the token check and the fresh grant for a refresh in place. A
// client's token says when it expires; one in a hundred is somebody else's.
func (d *docObject) verify(e document.VerifyToken) {
	w := d.w
	token, err := parseToken(e.Token)
	if err != nil {
		w.fail("token %q: %v", e.Token, err)
	}
	if protocol.IsDelegate(e.ClientID) {
		w.fail("%s: the delegate %s swaps its key for a token", d.id, e.ClientID)
	}
	w.After(w.rng.Between(0, 200*time.Millisecond), func() {
		if !w.quiet && w.rng.Chance(0.05) {
			d.step(document.TokenRefused{Conn: e.Conn, Err: &protocol.Error{Code: protocol.AuthenticationFailed}})
			return
		}
		w.user(e.UserID).admit(session.Admit{
			Channel: d.id, ClientID: e.ClientID, Refresh: true, Access: d.core.Access(), Claims: token.claims(e.UserID),
		}, func(a session.Answer) {
			if a.Err != nil {
				d.step(document.TokenRefused{Conn: e.Conn, Err: a.Err})
				return
			}
			d.step(document.TokenVerified{Conn: e.Conn, Grant: docGrant(a.Grant)})
		})
	})
}

// pushed takes a change of the grant and answers whether it holds from now on.
func (d *docObject) pushed(g document.Grant, reason string) bool {
	d.taken = false
	d.step(document.GrantChanged{Grant: g, Reason: reason})
	return d.taken
}

// finished checks an object that everybody has left: it needs no alarm and
// keeps nothing but notified rows and the log.
func (d *docObject) finished() {
	if at, ok := d.core.Deadline(); ok {
		d.w.fail("%s has an alarm at %v and nobody there", d.id, at)
	}
	for _, row := range d.core.Snapshot().Channels {
		if row.Channel.Conn != "" || row.Notifying {
			d.w.fail("%s keeps %+v", d.id, row)
		}
	}
	d.contentFinished()
	seen := map[string]bool{}
	for i, e := range d.log.all {
		if e.Version != uint64(i+1) {
			d.w.fail("%s: entry %d has version %d", d.id, i, e.Version)
		}
		if d.log.undone[e.Version] {
			continue
		}
		if key := e.UserID + "/" + e.ClientID + "/" + e.MessageID; seen[key] && e.MessageID != "" {
			d.w.fail("%s: %s is in the log twice", d.id, key)
		} else {
			seen[key] = true
		}
	}
}
