package sim_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// content is what a client does with a document beside writing to it: comments,
// snapshots, sections.
type content struct {
	open   map[uint64]bool // the comments it knows of that are open
	parts  [][]byte        // of a snapshot that is coming
	upload upload
	// missing are the comments from before a snapshot that have not all come yet.
	missing *protocol.SyncRequest
	// said is what comments say, by version.
	said map[uint64]saying
}

type upload struct {
	id      string // of the part that is under way
	version uint64
	parts   []string
	next    int
}

var sections = []string{"", "intro", "end"}

// compose makes the next op or comment.
func (c *client) compose() *op {
	w := c.w
	c.next++
	n := strconv.Itoa(c.next)
	w.ids++
	text := fmt.Sprintf("said-%d.", w.ids)
	o := &op{id: "m" + n, event: protocol.EventOp}
	open := slices.Sorted(maps.Keys(c.content.open))
	switch {
	case w.rng.Chance(0.7):
		section := sections[w.rng.IntN(len(sections))]
		o.data = `{"op":{"by":` + strconv.Itoa(c.no) + `,"n":` + n + `,"in":"` + section + `"}`
		if section != "" {
			o.data += `,"section":"` + section + `"`
		}
		o.data += "}"
	case len(open) == 0 || w.rng.Chance(0.4):
		o.event, o.data = protocol.EventCreate, `{"body":"`+text+`","anchor":[`+n+`]}`
	default:
		o.event = protocol.EventReply
		o.data = `{"comment_id":"` + strconv.FormatUint(open[w.rng.IntN(len(open))], 10) + `"`
		if w.rng.Chance(0.5) {
			o.event = protocol.EventResolve
		} else {
			o.data += `,"body":"` + text + `"`
		}
		o.data += "}"
	}
	return o
}

// forget takes back what was refused for good.
func (c *client) forget(messageID string) {
	c.pending = slices.DeleteFunc(c.pending, func(o *op) bool { return o.id == messageID })
}

func (c *client) lockSection() {
	section := sections[1+c.w.rng.IntN(2)]
	event := protocol.EventLock
	if c.w.rng.Chance(0.4) {
		event = protocol.EventUnlock
	} else {
		c.w.counts.Locked++
	}
	ttl := c.w.rng.Between(time.Second, 40*time.Second)
	c.send(protocol.Frame{Type: protocol.TypeOperation, Event: event, Data: protocol.Lock{Section: section, TTL: ttl}.Append(nil)})
}

// postSnapshot says what the app has made of everything up to now.
func (c *client) postSnapshot() {
	if !c.ready || c.received == 0 || c.syncing || c.content.upload.id != "" {
		return
	}
	u := upload{version: c.received}
	text := strconv.FormatUint(c.state, 10)
	for range c.w.rng.IntN(3) {
		n := c.w.rng.IntN(len(text) + 1)
		u.parts, text = append(u.parts, text[:n]), text[n:]
	}
	u.parts = append(u.parts, text)
	c.content.upload = u
	c.sendPart()
}

func (c *client) sendPart() {
	u := &c.content.upload
	u.id = fmt.Sprintf("s%d-%d", u.version, u.next)
	c.send(protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventSnapshot, MessageID: u.id, Data: protocol.Snapshot{
		DocumentVersion: u.version, Part: u.next, Parts: len(u.parts), Data: []byte(`"` + u.parts[u.next] + `"`),
	}.Append(nil)})
}

// resendSnapshot goes on with an upload after a drop, or leaves it half done.
func (c *client) resendSnapshot() {
	switch {
	case c.content.upload.id == "":
	case c.w.quiet || c.w.rng.Chance(0.5):
		c.content.upload = upload{}
	default:
		c.sendPart()
	}
}

func (c *client) snapshotAcked(f protocol.Frame) {
	p, ok := protocol.ParseSnapshotAck(f.Data)
	u := &c.content.upload
	if !ok {
		c.w.fail("%s: %s", c.id, f.Data)
	}
	switch {
	case f.MessageID != u.id:
	case p.Complete:
		if c.log == c.doc.log && c.doc.store.State.Snapshot < p.DocumentVersion {
			c.w.fail("%s: snapshot %d is acknowledged, stored is %d", c.id, p.DocumentVersion, c.doc.store.State.Snapshot)
		}
		*u = upload{}
	case p.Part == u.next:
		u.next++
		c.sendPart()
	}
}

// advance applies the next entry.
func (c *client) advance() {
	c.received++
	c.apply(c.entry(c.received))
	if c.state != c.log.states[c.received] {
		c.w.fail("%s: at version %d the document is %d, and %d here", c.id, c.received, c.log.states[c.received], c.state)
	}
}

func (c *client) apply(e document.Entry) {
	switch e.Kind {
	case document.KindOp:
		c.state = after(c.state, e)
	case document.KindCreate:
		c.content.open[e.Version] = true
	case document.KindResolve:
		delete(c.content.open, e.Comment)
	}
}

// after is what an app makes of one more op.
func after(state uint64, e document.Entry) uint64 {
	for _, b := range e.Op {
		state = (state ^ uint64(b)) * 1099511628211
	}
	return state
}

// takePart takes one part of a snapshot; false when it is of no use by itself.
func (c *client) takePart(s protocol.Snapshot) bool {
	switch {
	case s.Part == 0:
		c.content.parts = nil
	case s.Part != len(c.content.parts):
		return false // asked for twice: one of the two answers is whole
	}
	c.content.parts = append(c.content.parts, bytes.Clone(s.Data))
	if len(c.content.parts) < s.Parts {
		return true
	}
	text := ""
	for _, part := range c.content.parts {
		text += string(bytes.Trim(part, `"`))
	}
	c.content.parts = nil
	if text == "null" { // restored from before there was anything
		text = "0"
	}
	state, err := strconv.ParseUint(text, 10, 64)
	if err != nil || state != c.log.states[s.DocumentVersion] {
		c.w.fail("%s: snapshot %d is %q, the document was %d", c.id, s.DocumentVersion, text, c.log.states[s.DocumentVersion])
	}
	c.w.counts.Restored++
	c.state, c.received = state, s.DocumentVersion
	clear(c.content.open)
	clear(c.content.said)
	c.content.missing = &protocol.SyncRequest{Snapshot: s.DocumentVersion}
	return true
}

// keptComment takes an entry from before the snapshot.
func (c *client) keptComment(e document.Entry) bool {
	missing := c.content.missing
	if missing == nil || e.Version > missing.Snapshot {
		return false
	}
	if e.Kind != document.KindOp && e.Version > missing.From {
		c.apply(e)
	}
	missing.From = max(missing.From, e.Version)
	return true
}

func (c *client) keptUpTo(version uint64) {
	switch missing := c.content.missing; {
	case missing == nil:
	case version < missing.Snapshot:
		missing.From = max(missing.From, version)
	default:
		c.content.missing = nil
		c.drain()
	}
}

// drain applies what has come ahead of its turn.
func (c *client) drain() {
	for c.ahead[c.received+1] {
		delete(c.ahead, c.received+1)
		c.advance()
	}
}

// askOn is the question after an answer that stopped.
func (c *client) askOn(p protocol.DocumentSync) protocol.SyncRequest {
	switch missing := c.content.missing; {
	case p.Snapshot != nil && missing == nil:
		return protocol.SyncRequest{Snapshot: p.Snapshot.DocumentVersion, Part: p.Snapshot.Part + 1}
	case missing != nil:
		return *missing
	}
	return protocol.SyncRequest{From: p.To}
}

// same holds what was received in a sync to what was stored.
func (c *client) same(e document.Entry, o protocol.SyncOp) {
	if !c.asItWas(o.Version, func(e document.Entry) bool { return c.isSame(e, o) }) {
		c.w.fail("%s synced %+v, stored is %+v", c.id, o, e)
	}
}

func (c *client) isSame(e document.Entry, o protocol.SyncOp) bool {
	ok := e.MessageID == o.MessageID && e.UserID == o.UserID && e.ClientID == o.ClientID
	if e.Kind == document.KindOp {
		ok = ok && string(e.Op) == string(o.Op)
	} else {
		p, parsed := protocol.ParseComment(o.Comment)
		ok = ok && parsed && c.sameComment(e, p.Event, p) && p.At.Equal(e.At)
	}
	return ok
}

func (c *client) receiveComment(f protocol.Frame) {
	p, ok := protocol.ParseComment(f.Data)
	if !ok || p.DocumentVersion != f.Seq || !c.asItWas(f.Seq, func(e document.Entry) bool { return c.sameComment(e, f.Event, p) && p.UserID == e.UserID }) {
		c.w.fail("%s received %s %s with seq %d", c.id, f.Event, f.Data, f.Seq)
	}
	c.heard(f.Seq, p)
	c.receiveVersion(f.Seq)
}

func (c *client) sameComment(e document.Entry, event string, p protocol.Comment) bool {
	kinds := map[string]document.Kind{"create": document.KindCreate, "reply": document.KindReply, "resolve": document.KindResolve}
	said := string(protocol.Comment{CommentID: p.CommentID, Body: p.Body, Anchor: p.Anchor, Erased: p.Erased}.Append(nil))
	return kinds[event] == e.Kind && p.CommentID == strconv.FormatUint(e.Comment, 10) && said == strings.TrimRight(string(e.Op), " ")
}

// appended holds a stored entry to what is locked, and keeps the whole history.
func (d *docObject) appended(e document.Entry) {
	w := d.w
	e.Op = bytes.Clone(e.Op)
	d.gone.saidAgain(e)
	state := d.log.states[len(d.log.states)-1]
	if e.Kind == document.KindOp {
		state = after(state, e)
		for name, s := range d.store.Sections {
			if s.UserID != e.UserID && w.Now.Before(s.Until) && (bytes.Contains(e.Op, []byte(`"in":"`+name+`"`)) || bytes.Contains(e.Op, []byte(`"in":""`))) {
				w.fail("%s: %s stored while %+v", d.id, e.Op, s)
			}
		}
	}
	d.log.add(w, e, state)
}

// contentFinished: every client knows the same open comments.
func (c *client) contentFinished() {
	want := map[uint64]bool{}
	for id, resolved := range c.doc.store.Comments {
		if resolved == 0 {
			want[id] = true
		}
	}
	if !maps.Equal(want, c.content.open) {
		c.w.fail("%s knows the comments %v, open are %v", c.id, c.content.open, want)
	}
	c.hasForgotten()
}

// contentFinished: a document that everybody has left holds no lock, no half a
// snapshot, and every entry of a comment that is open.
func (d *docObject) contentFinished() {
	s := d.store
	if len(s.Sections) > 0 || s.Upload.Version > 0 {
		d.w.fail("%s keeps %v and %+v", d.id, s.Sections, s.Upload)
	}
	kept := map[uint64]bool{}
	for _, e := range s.Log {
		kept[e.Version] = true
		if was := d.log.all[e.Version-1]; !bytes.Equal(was.Op, e.Op) || was.UserID != e.UserID {
			d.w.fail("%s: stored is %+v, it was %+v", d.id, e, was)
		}
	}
	d.nothingLeft()
	for _, e := range d.log.all {
		resolved, open := s.Comments[e.Comment]
		if !kept[e.Version] && (e.Version > s.State.Floor || e.Kind != document.KindOp && open && resolved == 0) {
			d.w.fail("%s: version %d is gone, trimmed up to %d", d.id, e.Version, s.State.Floor)
		}
	}
}
