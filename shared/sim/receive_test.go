package sim_test

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// receive takes one frame, as sent, in order, and holds the server to what the
// wire promises.
func (c *client) receive(l *connection, f protocol.Frame) {
	if f.Event == protocol.EventConnectionAck {
		c.welcome(l, f)
		return
	}
	if l != c.connection {
		return
	}
	if f.Type == protocol.TypePresence {
		c.presence(f)
		return
	}
	switch f.Event {
	case protocol.EventOp:
		p, ok := protocol.ParseOp(f.Data)
		if !ok || p.DocumentVersion != f.Seq {
			c.w.fail("%s: op %s with seq %d", c.id, f.Data, f.Seq)
		}
		if !c.asItWas(f.Seq, func(e document.Entry) bool {
			return string(e.Op) == string(p.Op) && e.UserID == p.UserID && e.ClientID == p.ClientID
		}) {
			c.w.fail("%s received %s as version %d, stored is %+v", c.id, f.Data, f.Seq, c.entry(f.Seq))
		}
		c.receiveVersion(f.Seq)
	case protocol.EventCreate, protocol.EventReply, protocol.EventResolve:
		c.receiveComment(f)
	case protocol.EventSnapshotAck:
		c.snapshotAcked(f)
	case protocol.EventOperationAck:
		p, ok := protocol.ParseOperationAck(f.Data)
		if !ok || p.DocumentVersion != f.Seq {
			c.w.fail("%s: ack %s with seq %d", c.id, f.Data, f.Seq)
		}
		c.acknowledged(f.MessageID, f.Seq)
		c.receiveVersion(f.Seq)
	case protocol.EventDocumentSync:
		c.sync(f)
	case protocol.EventPing:
		if !c.mute || c.w.quiet { // or it would take its time
			c.w.counts.Probed++
			c.send(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventPong, MessageID: f.MessageID})
		}
	case protocol.EventTokenRefreshRequired:
		if c.w.quiet || !c.lazy && c.w.rng.Chance(0.7) {
			c.sendToken()
		}
	case protocol.EventTokenRefreshed:
		c.w.counts.Refreshed++
		c.doc.renewed(c)
		c.resend()
	case protocol.EventError:
		c.failed(f)
	}
}

func (c *client) welcome(l *connection, f protocol.Frame) {
	p, ok := protocol.ParseConnectionAck(f.Data)
	if !ok || p.UserID != c.user.id || p.ClientID != c.id {
		c.w.fail("%s: connection_ack %s", c.id, f.Data)
	}
	if c.connection != l && c.connection != nil {
		c.w.counts.HandedOver++
		c.connection.clientClose(1000)
	}
	if c.away {
		l.clientClose(1000)
		return
	}
	had := c.received // it may forget all, and asks for it then
	c.ofLog(l, p)
	switch {
	case p.Resumed && p.SessionID != c.session && c.session != "":
		c.w.fail("%s resumed another session: %s, was %s", c.id, p.SessionID, c.session)
	case p.Resumed:
		c.w.counts.Resumed++
	case c.session != "" && c.session != p.SessionID:
		c.w.counts.NewSession++
	}
	if l.asked && p.Replay != nil && p.Replay.From > had+1 {
		c.w.fail("%s has received %d and is replayed from %d", c.id, had, p.Replay.From)
	}
	c.position = p.Position
	c.connection, c.ready, c.session, c.syncing, c.final, c.wished = l, true, p.SessionID, false, false, false
	clear(c.ahead)
	maps.DeleteFunc(c.content.said, func(version uint64, _ saying) bool { return version > c.received })
	covered := p.DocumentVersion == c.received ||
		p.Replay != nil && p.Replay.From <= c.received+1 && p.Replay.To == p.DocumentVersion
	switch {
	case c.content.missing != nil:
		c.syncing = true
		c.askSync(*c.content.missing)
	case p.Gap != nil || !covered:
		c.syncing = true
		c.askSync(protocol.SyncRequest{From: c.received})
	}
	c.resend()
	c.resendSnapshot()
}

// receiveVersion notes a version. A repeat is dropped by its seq; a hole is only allowed
// while a sync that fills it is under way.
func (c *client) receiveVersion(seq uint64) {
	switch {
	case seq <= c.received:
	case seq == c.received+1 && c.content.missing == nil:
		c.advance()
		c.drain()
	case c.syncing:
		c.ahead[seq] = true
	default:
		c.w.fail("%s has received %d and now receives %d: a silent hole", c.id, c.received, seq)
	}
}

// askSync asks for what follows, and again when nothing comes: an object that
// hibernates forgets what it could not answer yet.
func (c *client) askSync(r protocol.SyncRequest) {
	c.send(protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventSyncRequest, Data: r.Append(nil),
	})
	l, before := c.connection, c.synced
	c.w.After(5*time.Second, func() {
		if c.connection == l && c.syncing && c.synced == before {
			r := protocol.SyncRequest{From: c.received}
			if c.content.missing != nil {
				r = *c.content.missing
			}
			c.askSync(r)
		}
	})
}

func (c *client) sync(f protocol.Frame) {
	p, ok := protocol.ParseDocumentSync(f.Data)
	if !ok {
		c.w.fail("%s: sync %s", c.id, f.Data)
	}
	if !c.syncing {
		return // asked twice
	}
	c.synced++
	if p.Snapshot != nil && !c.takePart(*p.Snapshot) {
		return
	}
	if missing := c.content.missing; missing != nil && p.From > missing.From+1 {
		return // of an answer to what was asked before
	}
	for _, o := range p.Ops {
		e := c.entry(o.Version)
		c.same(e, o)
		if p, ok := protocol.ParseComment(o.Comment); ok {
			c.heard(o.Version, p)
		}
		if c.keptComment(e) {
			continue
		}
		c.keptUpTo(e.Version) // the log comes in order
		if o.ClientID == c.id && o.UserID == c.user.id {
			c.acknowledged(o.MessageID, o.Version)
		}
		c.receiveVersion(o.Version)
	}
	c.keptUpTo(p.To)
	if p.To == p.DocumentVersion {
		c.syncing = false
		if c.received < p.To {
			c.w.fail("%s synced to %d and has received %d", c.id, p.To, c.received)
		}
	} else if p.More {
		c.w.counts.AskedOn++
		c.askSync(c.askOn(p))
	}
}

// acknowledged holds an ack to the log: it names the very op, stored once.
func (c *client) acknowledged(messageID string, version uint64) {
	if !c.asItWas(version, func(e document.Entry) bool {
		return e.MessageID == messageID && e.ClientID == c.id && e.UserID == c.user.id
	}) {
		c.w.fail("%s: %s acknowledged as version %d, which is %+v", c.id, messageID, version, c.entry(version))
	}
	for i, o := range c.pending {
		if o.id == messageID {
			c.pending = slices.Delete(c.pending, i, i+1)
			c.w.counts.Acked++
			if o.event != protocol.EventOp {
				c.w.counts.Commented++
			}
			return
		}
	}
}

func (c *client) failed(f protocol.Frame) {
	e, ok := protocol.ParseError(f.Data)
	if !ok {
		c.w.fail("%s: error %s", c.id, f.Data)
	}
	switch {
	case e.Reason == protocol.ReasonHeld:
		c.w.counts.Held++
	case e.Code == protocol.ConnectionReplaced:
		c.w.counts.Replaced++
	case e.MessageID != "" && e.MessageID == c.content.upload.id:
		c.content.upload = upload{}
		switch {
		case e.Reason == "snapshot_unconfirmed":
			c.w.counts.Unvouched++
			c.w.After(e.RetryAfter, c.postSnapshot)
		case e.Code == protocol.RateLimitExceeded:
			c.w.After(e.RetryAfter, c.postSnapshot)
		}
	case e.Reason == "log_full" && c.w.quiet && c.delegation != nil && c.delegation.withheld&(permission.Write|c.w.docCfg.SnapshotLevel) != 0:
		c.forget(e.MessageID) // it is alone there, and may post no snapshot
	case e.Reason == "log_full":
		c.stall(e.RetryAfter)
		c.makeRoom()
	case e.Code == protocol.DocumentLocked && e.Reason != "section_locked" && e.Reason != "section_missing": // of comments
		c.forget(e.MessageID)
	case e.Code == protocol.DocumentLocked:
		c.w.counts.SectionRefused++
		c.forget(e.MessageID)
	case e.Code == protocol.NotFound:
		c.forget(e.MessageID)
	case e.Code == protocol.InsufficientPermissions && e.MessageID != "":
		c.w.counts.Refused++
		c.forget(e.MessageID)
	case e.Reason == "too_many_syncs": // the one that waits is answered
		c.w.counts.SyncWaited++
	case e.Code == protocol.RateLimitExceeded && e.MessageID != "":
		c.w.counts.RateLimited++
		c.stall(e.RetryAfter)
	case e.Code == protocol.SlowConsumer:
		c.w.counts.Slow++
	case e.Code == protocol.TokenExpired && e.MessageID != "":
		c.stalled = true
		if !c.lazy || c.w.quiet {
			c.sendToken()
		}
	}
}

// noteRefusal notes that a client's op was refused for now.
func (d *docObject) noteRefusal(e document.Send) {
	f, err := protocol.Decode(e.Text, protocol.Limits{FrameBytes: 1 << 20})
	if err != nil || f.Event != protocol.EventError {
		return
	}
	p, _ := protocol.ParseError(f.Data)
	for _, conn := range e.Conns {
		c := d.w.connections[conn].c
		c.refused = c.refused || p.MessageID != "" && (p.Code == protocol.RateLimitExceeded || p.Code == protocol.TokenExpired)
		// Refused by itself, it holds nothing back. A client that does not receive so sends it
		// again, when it may be taken; and it may have sent it twice, and be done with it.
		if p.Code == protocol.DocumentLocked || p.Code == protocol.NotFound {
			c.loose[p.MessageID] = true
		}
	}
}

// inOrder holds a stored op to the order its client sent it in.
func (d *docObject) inOrder(e document.Entry) {
	w := d.w
	n, err := strconv.Atoi(e.MessageID[1:])
	if err != nil {
		w.fail("message id %q", e.MessageID)
	}
	for _, c := range w.user(e.UserID).clients {
		if c.doc != d || c.id != e.ClientID {
			continue
		}
		c.refused = false
		if c.loose[e.MessageID] {
			return
		}
		for _, o := range c.pending {
			if o.id == e.MessageID && o.unordered {
				return
			}
		}
		if n <= d.log.last[c.id] {
			w.fail("%s: m%d of %s stored after m%d", d.id, n, c.id, d.log.last[c.id])
		}
		d.log.order(e)
	}
}
