package sim_test

import (
	"bytes"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// restoreDocument is an operator who puts a document back: to what it was by the newest
// snapshot then, or by any other that is kept.
func (w *world) restoreDocument() {
	d := w.docs[w.rng.IntN(len(w.docs))]
	newest := d.store.Version()
	if newest == 0 {
		return
	}
	version, base := 1+uint64(w.rng.IntN(int(newest))), uint64(sim.NewestSnapshot)
	if w.rng.Chance(0.3) {
		version, base = newest, 0 // everything there ever was, if it is all there
	}
	d.restored = nil
	d.step(d.store.RestoreTo(version, base, "olive"))
	switch {
	case d.restored == nil:
		w.fail("%s: no answer to a restore", d.id)
	case d.restored.Err == nil:
		w.counts.PutBack++
		if d.restored.Version != d.store.Version() {
			w.fail("%s is restored to %d, its log ends at %d", d.id, d.restored.Version, d.store.Version())
		}
	case base == sim.NewestSnapshot && d.store.State.Kept == 0 && d.restored.Err.Code == protocol.NotFound:
		w.fail("%s: version %d of %d is not restored, and all is kept: %v", d.id, version, newest, d.restored.Err)
	}
}

// resolveAll is an operator who resolves what one user has left open.
func (w *world) resolveAll(d *docObject, user string) {
	e := document.ResolveRequested{UserID: user, By: "olive"}
	for _, entry := range d.log.all {
		if resolved, known := d.store.Comments[entry.Version]; entry.Kind == document.KindCreate && known && resolved == 0 && entry.UserID == user {
			e.Comments = append(e.Comments, entry.Version)
		}
	}
	if f := d.gone.users[user]; f != nil && f.names && len(e.Comments) > 0 {
		f.back = true // the operator names who is still named at these comments
	}
	d.step(e)
	w.counts.Resolved += len(e.Comments)
}

// putBack keeps the whole history up with a restore: what is put forward is what there was.
func (d *docObject) putBack(e document.RestoreLog) {
	if e.Snapshot != uint64(len(d.log.all))+1 {
		d.w.fail("%s: restored as %d behind %d", d.id, e.Snapshot, len(d.log.all))
	}
	d.log.undo(e.To, e.Snapshot)
	state := d.log.states[e.Base]
	d.log.add(d.w, document.Entry{Version: e.Snapshot}, state)
	for _, entry := range d.log.all[e.Base:e.To] {
		if entry.Kind != document.KindOp || entry.Op == nil {
			continue // a comment, or where another restore begins
		}
		entry.Version, entry.ClientID, entry.MessageID = uint64(len(d.log.all))+1, "", ""
		state = after(state, entry)
		d.log.add(d.w, entry, state)
	}
	if n := len(d.log.all) - int(e.Snapshot); n != e.Entries {
		d.w.fail("%s: %d ops are restored of (%d,%d], there were %d", d.id, e.Entries, e.Base, e.To, n)
	}
	stored := d.store.Log[len(d.store.Log)-e.Entries:]
	for i, entry := range stored {
		if want := d.log.all[int(e.Snapshot)+i]; entry.Version != want.Version || !bytes.Equal(entry.Op, want.Op) || entry.UserID != want.UserID {
			d.w.fail("%s: restored %+v, it was %+v", d.id, entry, want)
		}
	}
	for _, row := range d.store.Rows {
		if row.Channel.State == channel.Active {
			d.w.fail("%s is restored, and %s goes on as if nothing had been", d.id, row.Channel.UserID)
		}
	}
}

// posted holds the beginning of a snapshot to what others have acknowledged.
func (d *docObject) posted(u document.Upload) {
	company := false
	for _, row := range d.store.Rows {
		if l := d.w.connections[row.Channel.Conn]; row.Channel.UserID != u.UserID && l != nil {
			company = true
			if l.acked >= u.Version {
				return
			}
		}
	}
	if e := d.log.all[u.Version-1]; company && d.w.Now.Sub(e.At) < d.w.docCfg.SnapshotConfirm && e.Op != nil {
		d.w.fail("%s: a snapshot of %d, which nobody else has acknowledged, %v after it was written", d.id, u.Version, d.w.Now.Sub(e.At))
	}
}

// roomLeft holds the log to its limit: one entry may cross it.
func (d *docObject) roomLeft(e document.Entry) {
	if over := int(d.core.LogBytes()) - d.w.docCfg.LogBytes; e.Kind != document.KindResolve && over > int(sim.Size(e)) {
		d.w.fail("%s: %d bytes beyond the limit, with %+v", d.id, over, e)
	}
}

// makeRoom is what a client does about a log that is full: it posts a snapshot.
func (c *client) makeRoom() {
	c.w.counts.Full++
	if c.w.quiet { // and operators what they can
		for _, u := range c.w.users {
			c.w.resolveAll(c.doc, u.id)
		}
	}
	c.w.After(c.w.rng.Between(0, time.Second), c.postSnapshot)
}
