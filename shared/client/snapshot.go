package client

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// restore is where a tab stands with a snapshot that takes the place of what it has
// not received: first the parts, then the comments from before it. With `of` set all parts
// are here, and the comments up to `to`; what is newer has to wait for the others.
type restore struct {
	version uint64 // of the parts that are coming
	parts   [][]byte
	of, to  uint64
}

const (
	partBytes = 48 << 10 // of a snapshot's text in one frame, escapes included
)

// shareSnapshot hands a part to every tab.
func (c *Client) shareSnapshot(s protocol.Snapshot) {
	c.takePart(s)
	if len(c.tabs.others) > 0 {
		w := c.event("snapshot")
		w.Raw("part", s.Append(nil))
		c.post(w)
	}
}

// takePart takes a part in this tab, if it lacks what the snapshot is of.
func (c *Client) takePart(s protocol.Snapshot) {
	l := &c.log
	r := &l.restore
	if s.DocumentVersion <= l.version || s.DocumentVersion > protocol.MaxSeq {
		return
	}
	if s.Part == 0 {
		r.version, r.parts = s.DocumentVersion, nil
	}
	if r.version != s.DocumentVersion || s.Part != len(r.parts) {
		return // the part before it went by; what is missing is asked for again
	}
	r.parts = append(r.parts, append([]byte(nil), s.Data...))
	c.arrived()
	if len(r.parts) < s.Parts {
		return
	}
	data := joined(r.parts)
	l.version = s.DocumentVersion
	l.restore = restore{of: s.DocumentVersion}
	c.keep.heard.miss(s.DocumentVersion)
	w := jsonscan.NewObject(make([]byte, 0, len(data)+64))
	w.Uint("version", s.DocumentVersion)
	w.Raw("data", data)
	c.emitLog("snapshot", w.End())
	c.repost()
}

// repost sends again what is not answered: some of it may be among what was skipped,
// and the server says so.
func (c *Client) repost() {
	c.log.unpost()
	c.offer()
}

// joined is what was posted: parts of JSON text that split puts together again. The
// parts of a client that does otherwise are a list.
func joined(parts [][]byte) []byte {
	var text []byte
	for _, p := range parts {
		s, ok := jsonscan.Unquote(p)
		if !ok {
			text = nil
			break
		}
		text = append(text, s...)
	}
	if text != nil && jsonscan.Check(text, jsonscan.DepthLimit) == nil {
		return text
	}
	list := jsonscan.NewArray(nil)
	for _, p := range parts {
		list.Item()
		list.Buf = append(list.Buf, p...)
	}
	list.CloseArray()
	return list.Buf
}

// split cuts JSON text into strings that fit in a frame each, between characters.
func split(text []byte, most int) (parts [][]byte) {
	for len(text) > 0 {
		n, size := 0, 0
		for n < len(text) && size < most-8 {
			switch b := text[n]; {
			case b == '"' || b == '\\':
				size += 2
			case b < ' ':
				size += 6
			default:
				size++
			}
			for n++; n < len(text) && text[n]&0xc0 == 0x80; n++ {
				size++
			}
		}
		parts, text = append(parts, jsonscan.AppendString(nil, string(text[:n]))), text[n:]
	}
	return parts
}

// shareKept hands every tab the comments from before the snapshot that this part of
// the answer has, and returns what is newer.
func (c *Client) shareKept(p protocol.DocumentSync, entries []entry) []entry {
	l := &c.log
	n := 0
	for n < len(entries) && entries[n].version <= l.stream {
		n++
	}
	if p.Snapshot != nil && p.To == 0 {
		return entries // nothing of the log yet
	}
	kept, from := entries[:n], p.From-1
	for done := from >= l.stream; !done; {
		w := c.event("kept")
		w.Uint("snapshot", l.stream)
		w.Uint("from", from)
		i := appendEntries(&w, kept)
		to := min(p.To, l.stream)
		if done = i == len(kept); !done {
			to = kept[i-1].version
		}
		w.Uint("to", to)
		c.takeKept(l.stream, from, to, kept[:i])
		if len(c.tabs.others) > 0 {
			c.post(w)
		}
		kept, from = kept[i:], to
	}
	return entries[n:]
}

func (c *Client) onKept(m message) {
	of, ok1 := m.num("snapshot")
	from, ok2 := m.num("from")
	to, ok3 := m.num("to")
	if !ok1 || !ok2 || !ok3 {
		return
	}
	var entries []entry
	for a := jsonscan.Elements(jsonscan.Field(m.raw, "entries")); a.Next(); {
		if e, ok := readEntry(a.Value()); ok {
			entries = append(entries, e)
		}
	}
	c.takeKept(of, from, to, entries)
}

// takeKept takes a run of them in this tab, unless one before it is missing.
func (c *Client) takeKept(of, from, to uint64, entries []entry) {
	r := &c.log.restore
	if r.of == 0 || r.of != of || from > r.to || to > of {
		return
	}
	for _, e := range entries {
		if e.comment && e.version > r.to && e.version <= to {
			own, mine := outgoing{}, false
			c.note(e)
			if c.isOurs(e) {
				c.settleLeft(e.messageID)
				c.settleGone(e.messageID)
				own, mine = c.takeOwn(e.messageID)
			}
			c.emitComment(e, mine)
			if mine {
				c.do(Sent{ID: own.id, Version: e.version})
			}
		}
	}
	r.to = max(r.to, to)
	if r.to >= of {
		c.log.restore = restore{}
		c.offer()
	}
	c.arrived()
}

// posting is a snapshot on its way up, one part at a time.
type posting struct {
	id, messageID string
	version       uint64
	parts         [][]byte
	next          int
}

func (c *Client) postSnapshot(e PostSnapshot) {
	p := &c.log.posting
	switch err := jsonscan.Check(e.Data, jsonscan.DepthLimit); {
	case err == jsonscan.ErrDepth:
		c.unsent(e.ID, tooDeep("The snapshot", jsonscan.DepthLimit))
	case err != nil || e.Version == 0 || e.Version > c.log.delivered():
		c.unsent(e.ID, &Failure{Code: codeInvalidArgument, Message: "The snapshot is not JSON, or of a version this tab has not heard.", Reason: "snapshot", Action: protocol.ActionStop})
	case !c.conn.Live():
		f := *errNotConnected
		if !c.tabs.leading {
			f.Message, f.Reason = "Only the tab that leads posts snapshots.", "not_leader"
		}
		c.unsent(e.ID, &f)
	case p.id != "":
		c.unsent(e.ID, failureOf(protocol.ServiceUnavailable, "snapshot_in_progress", "A snapshot is being posted already."))
	default:
		*p = posting{id: e.ID, version: e.Version, parts: split(e.Data, min(partBytes, c.session.frameBytes-frameRoom))}
		c.writePart()
	}
}

func (c *Client) writePart() {
	p := &c.log.posting
	p.messageID = c.cfg.TabID + "-s" + p.id + "." + utoa(uint64(p.next))
	c.conn.Write(protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventSnapshot, MessageID: p.messageID, Data: protocol.Snapshot{
		DocumentVersion: p.version, Part: p.next, Parts: len(p.parts), Data: p.parts[p.next],
	}.Append(nil)})
}

func (c *Client) snapshotAcked(f protocol.Frame) {
	a, ok := protocol.ParseSnapshotAck(f.Data)
	p := &c.log.posting
	switch {
	case !ok || p.id == "" || f.MessageID != p.messageID:
	case a.Complete || p.next+1 == len(p.parts):
		c.do(Sent{ID: p.id, Version: p.version})
		*p = posting{}
	default:
		p.next++
		c.writePart()
	}
}

// postingFailed is a refusal of a part; false when it is of none.
func (c *Client) postingFailed(messageID string, f *Failure) bool {
	p := &c.log.posting
	if p.id == "" || p.messageID != messageID {
		return false
	}
	id := p.id
	*p = posting{}
	c.unsent(id, f)
	return true
}

// dropPosting gives up what was under way on a connection that has ended.
func (c *Client) dropPosting() {
	if id := c.log.posting.id; id != "" {
		c.log.posting = posting{}
		c.unsent(id, errNotConnected)
	}
}
