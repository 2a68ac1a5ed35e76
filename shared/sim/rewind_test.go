package sim_test

import (
	"bytes"
	"maps"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// copied is what somebody has kept of a document's storage, and the log that it holds.
type copied struct {
	store *sim.DocumentStorage
	log   *history
	gone  erased
}

// copyStorage is somebody who keeps a copy of the document's storage, now and then.
func (d *docObject) copyStorage() {
	d.copies = append(d.copies, copied{d.store.Copy(), d.log.upTo(d.store.Version()), d.gone.copy()})
}

// putStorageBack is the same somebody, who stops the object and puts a copy in place of what it
// has stored. Its log is an earlier one, under the same generation or one of before. What the
// object knows of its users is not put back: that is another story.
func (d *docObject) putStorageBack() {
	w := d.w
	if len(d.copies) == 0 || w.quiet {
		return
	}
	w.counts.Rewound++
	c := d.copies[w.rng.IntN(len(d.copies))]
	was, now := d.store, c.store.Copy()
	now.Audit, now.Sections = was.Audit, was.Sections
	now.State.Access, now.State.AccessAt, now.State.Erased = was.State.Access, was.State.AccessAt, was.State.Erased
	now.State.Workspace, now.State.Lock = was.State.Workspace, was.State.Lock
	now.Rows = was.Rows
	for key, row := range now.Rows {
		row.Channel.Acked = min(row.Channel.Acked, now.Version())
		if row.Behind && row.Pushed >= now.Version() {
			row.Behind, row.Pushed = false, 0
		}
		now.Rows[key] = row
	}
	w.note("%s is put back from %d to %d", d.id, was.Version(), now.Version())
	d.store, d.log = now, c.log.upTo(now.Version())
	d.gone = d.gone.rewound(c.gone.copy(), d.log)
	d.watch.Rewind(now.Version())
	d.crash()
}

// upTo is the same log up to a version, which may go on in another way.
func (h *history) upTo(version uint64) *history {
	f := newHistory()
	f.all = append(f.all, h.all[:version]...)
	f.states = append(f.states[:0], h.states[:version+1]...)
	f.made = append(f.made, h.made[:version]...)
	maps.Copy(f.undone, h.undone)
	maps.Copy(f.was, h.was)
	maps.Copy(f.silenced, h.silenced)
	f.undoneTo = min(h.undoneTo, version+1)
	for _, e := range f.all {
		f.order(e)
	}
	return f
}

// order notes the newest op of each client. A comment from before a restore, which stays, says
// nothing of the ops before it that were taken back and come again.
func (h *history) order(e document.Entry) {
	if e.MessageID != "" && !h.undone[e.Version] && (e.Kind == document.KindOp || e.Version >= h.undoneTo) {
		n, _ := strconv.Atoi(e.MessageID[1:])
		h.last[e.ClientID] = max(h.last[e.ClientID], n)
	}
}

// undo notes what an operator's restore takes back: it may be sent and stored once more.
func (h *history) undo(from, to uint64) {
	h.last, h.undoneTo = map[string]int{}, max(h.undoneTo, to)
	for _, e := range h.all {
		if e.Version > from && e.Version < to && e.Kind == document.KindOp {
			h.undone[e.Version] = true
		}
		h.order(e)
	}
}

// common is up to which version two logs are the same.
func (h *history) common(o *history) (n uint64) {
	for int(n) < min(len(h.made), len(o.made)) && h.made[n] == o.made[n] {
		n++
	}
	return n
}

// add notes one more entry, and what an app makes of the document with it.
func (h *history) add(w *world, e document.Entry, state uint64) {
	w.made++
	h.all, h.states, h.made = append(h.all, e), append(h.states, state), append(h.made, w.made)
}

// silence takes out what entries of comments say, and returns what that was.
func (h *history) silence(meant func(document.Entry) bool, byUser bool) (words []string) {
	for i, e := range h.all {
		if !sim.Says(e) || !meant(e) {
			continue
		}
		p, _ := protocol.ParseComment(e.Op)
		words = append(words, string(bytes.Trim(p.Body, `"`)))
		h.was[e.Version] = append(h.was[e.Version], e)
		h.all[i].Op = sim.Silent(e)
		h.silenced[e.Version] = h.silenced[e.Version] || byUser
	}
	return words
}

// rename has the entries of a user be nobody's, as they are stored now. From then on nobody knows
// which ops were the user's: one whose acknowledgement was lost is stored once more if it comes again.
func (h *history) rename(user string, stored []document.Entry) {
	alias := "erased"
	for _, e := range stored {
		if int(e.Version) <= len(h.all) && h.all[e.Version-1].UserID == user {
			alias = e.UserID
		}
	}
	for i, e := range h.all {
		if e.UserID == user {
			h.was[e.Version] = append(h.was[e.Version], e)
			delete(h.last, e.ClientID)
			h.all[i].UserID, h.all[i].ClientID, h.all[i].MessageID = alias, "", ""
		}
	}
}

// ofLog holds the server to what it says of the client's log: it never calls itself in step
// with a client that has another one, and never says that more is common than is.
func (c *client) ofLog(l *connection, p protocol.ConnectionAck) {
	rewound := p.Gap != nil && p.Gap.Reason == protocol.Rewound
	said := min(l.said.received, l.said.log.common(l.log)) // by the client, when it dialled
	switch {
	case !l.asked || l.said.received == 0:
		if rewound {
			c.w.fail("%s has received nothing, and receives %+v", c.id, p)
		}
	case said < l.said.received && !rewound && (p.Gap == nil || p.Gap.Reason != "compacted"), p.Resumed && rewound:
		c.w.fail("%s has %d of another log, of which %d are common, and receives %+v", c.id, l.said.received, said, p)
	case rewound && p.Gap.From > said+1:
		c.w.fail("%s has %d of another log, of which %d are common, and receives the gap %+v", c.id, l.said.received, said, p.Gap)
	}
	common := min(c.received, c.log.common(l.log)) // it may have dialled twice
	if c.log == l.log && !rewound {
		return
	}
	if c.log != l.log {
		c.w.counts.OtherLog++
		// Of the other log it may have been sent what came ahead of what it lacked.
		maps.DeleteFunc(c.content.said, func(version uint64, _ saying) bool { return version > common })
	}
	if rewound {
		c.w.counts.Rewinds++
	}
	c.log = l.log
	if rewound || common < c.received {
		c.received, c.state, c.content = 0, 0, content{open: map[uint64]bool{}}
	}
}

// faults of storage.
func (w *world) rewinds() {
	if !w.rng.Chance(0.4) {
		return
	}
	for range 1 + w.rng.IntN(4) {
		d := w.docs[w.rng.IntN(len(w.docs))]
		w.After(w.rng.Between(time.Second, 2*time.Minute), d.copyStorage)
		w.After(w.rng.Between(5*time.Second, 3*time.Minute), d.putStorageBack)
	}
}
