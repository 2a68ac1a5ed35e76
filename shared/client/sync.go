package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// catchUp compares what connection_ack says of the document with what this tab
// has received. A replay follows by itself; anything else that is missing is asked
// for.
func (c *Client) catchUp(a protocol.ConnectionAck) {
	// What the server calls a gap here is only more than it cares to replay: the log itself is asked first.
	// What was asked for before went with the connection, and counts as no refusal.
	c.log.syncBy, c.log.asks = time.Time{}, 0
	c.log.target = min(c.log.target, max(a.DocumentVersion, c.log.version)) // it may be that of another log
	if c.log.restore.of > 0 {
		// The rest of the comments from before a snapshot was not there yet.
		c.log.target = max(c.log.target, a.DocumentVersion)
		c.askSync()
		return
	}
	if a.Replay != nil && a.Replay.From <= c.log.version+1 {
		// What comes after it is live.
		c.log.target = max(c.log.target, a.Replay.To)
		c.log.syncBy = c.now.Add(SyncTimeout)
		return
	}
	if a.DocumentVersion > c.log.version {
		c.behind(a.DocumentVersion)
	}
}

// behind says that a version exists which this tab has not got to.
func (c *Client) behind(version uint64) {
	l := &c.log
	l.target = max(l.target, version)
	if l.syncBy.IsZero() {
		c.askSync()
	}
}

func (c *Client) askSync() {
	c.log.syncBy = c.now.Add(SyncTimeout)
	if c.tabs.leading {
		c.requestSync(c.lacks())
		return
	}
	w := c.message("tab_sync")
	r := c.lacks()
	w.Uint("from", r.From)
	if r.Snapshot > 0 {
		w.Uint("snapshot", r.Snapshot)
	}
	c.post(w)
}

// lacks is what this tab has to ask for: what follows its version, or first the rest
// of the comments from before a snapshot.
func (c *Client) lacks() protocol.SyncRequest {
	if r := &c.log.restore; r.of > 0 {
		return protocol.SyncRequest{From: r.to, Snapshot: r.of}
	}
	return protocol.SyncRequest{From: c.log.version}
}

// requestSync asks the server. One request is open at a time; its answer serves
// every tab.
func (c *Client) requestSync(r protocol.SyncRequest) {
	l := &c.log
	if !c.conn.Live() {
		return // connection_ack will show what is missing
	}
	if l.syncing {
		// What has come already is gone for the tab that asks now.
		if r.From < l.progress || r.Snapshot != l.stream {
			if !l.more || r.From < l.moreOf.From {
				l.more, l.moreOf = true, r
			}
		}
		return
	}
	l.syncing, l.progress, l.stream = true, r.From, r.Snapshot
	c.conn.Write(protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventSyncRequest, Data: r.Append(nil)})
}

// synced is a part of the answer.
func (c *Client) synced(p protocol.DocumentSync) {
	l := &c.log
	if p.Snapshot != nil {
		l.stream = p.Snapshot.DocumentVersion
		l.covered = max(l.covered, l.stream)
		c.shareSnapshot(*p.Snapshot)
	}
	entries := make([]entry, 0, len(p.Ops))
	for _, op := range p.Ops {
		e := entry{op.Version, op.MessageID, op.UserID, op.ClientID, op.Op, true, op.Comment != nil}
		if e.comment {
			e.op = op.Comment
		}
		if c.isOurs(e) {
			c.dequeue(e.messageID)
		}
		entries = append(entries, e)
	}
	next := protocol.SyncRequest{From: p.To}
	if l.stream > 0 {
		entries = c.shareKept(p, entries)
		if p.To < l.stream {
			next.Snapshot = l.stream
			if s := p.Snapshot; s != nil && s.Part+1 < s.Parts {
				next.Part = s.Part + 1
			}
		} else {
			l.progress, l.stream = max(l.progress, l.stream), 0
		}
	}
	if l.syncing && l.stream == 0 {
		// What the log does not hold any more is missing at the front. A frame that
		// does not go on from here is of an answer that was given up; so is one that
		// leaves out what its snapshot had, which came before it.
		first := p.To + 1
		if len(entries) > 0 {
			first = entries[0].version
		}
		if first > l.progress+1 && p.From <= l.progress+1 && first > l.covered+1 {
			c.gap(first-1, "log_truncated")
		}
	}
	c.deliver(entries)
	c.countForAck()
	l.progress = max(l.progress, p.To)
	if p.To < p.DocumentVersion && !p.More {
		return // more frames follow
	}
	l.syncing, l.stream = false, 0
	if p.More && (!l.more || p.To < l.moreOf.From) {
		l.more, l.moreOf = true, next
	}
	if l.more {
		l.more = false
		c.requestSync(l.moreOf)
	}
	c.flush()
}

// reasonUnreadable is of a gap that is this client's own: what the server has sent is there,
// and cannot be read here.
const reasonUnreadable = "unreadable"

// unreadable is an entry of the log that is not to be made out: the one that is due is
// passed over, and said to be.
func (c *Client) unreadable(version uint64) {
	if version == c.log.version+1 && c.log.restore.of == 0 {
		c.gap(version, reasonUnreadable)
		c.countForAck()
	} else if version > c.log.version {
		c.behind(version)
	}
}

// gap reports to every tab that the versions up to `to` cannot be had any more.
func (c *Client) gap(to uint64, reason string) {
	w := c.event("gap")
	w.Uint("to", to)
	w.Str("reason", reason)
	c.post(w)
	c.skip(to, reason)
}

// skip goes on behind a gap; never a silent hole.
func (c *Client) skip(to uint64, reason string) {
	l := &c.log
	if to <= l.version || to > protocol.MaxSeq {
		return
	}
	from := l.version + 1
	l.version, l.restore = to, restore{}
	c.keep.heard.miss(to)
	c.arrived()
	c.emitLog("gap", gapDetail(from, to, reason))
	c.repost()
}

func gapDetail(from, to uint64, reason string) []byte {
	w := jsonscan.NewObject(nil)
	w.Uint("from", from)
	w.Uint("to", to)
	w.Uint("count", to-from+1)
	w.Str("reason", reason)
	return w.End()
}

// logDue asks again for what did not come.
func (c *Client) logDue() {
	l := &c.log
	if !c.conn.Past(&l.syncBy) || l.version >= l.target && l.restore.of == 0 {
		return
	}
	l.syncing, l.more = false, false
	if l.asks++; l.asks > syncTries {
		// Nobody has it: what claimed so was wrong. The next entry that is
		// really there shows again what is missing.
		if l.unread && c.conn.Live() {
			c.gap(l.target, reasonUnreadable)
		}
		c.dropReplay(errReplay)
		l.target, l.asks = l.version, 0
		c.offer()
		return
	}
	c.askSync()
}

// arrived notes that the log has moved on.
func (c *Client) arrived() {
	l := &c.log
	l.asks, l.unread = 0, false
	if l.version >= l.target && l.restore.of == 0 {
		l.target, l.syncBy = l.version, time.Time{}
		c.enqueueLeft()
		if l.held {
			c.offer()
		}
	} else if !l.syncBy.IsZero() {
		l.syncBy = c.now.Add(SyncTimeout) // a long answer is not a missing one
	}
}
