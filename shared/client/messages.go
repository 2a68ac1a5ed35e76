package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// message is one text of another tab that passed the first checks.
type message struct {
	kind, tab string
	epoch     uint64
	raw       []byte
}

func (m message) str(name string) string {
	s, _ := jsonscan.Str(jsonscan.Field(m.raw, name))
	return s
}

func (m message) num(name string) (uint64, bool) {
	return jsonscan.Uint(jsonscan.Field(m.raw, name))
}

// readMessage checks size and form before anything is looked at: every script
// of the origin may write on the channel.
func readMessage(text string, most int) (message, bool) {
	if len(text) > most {
		return message{}, false
	}
	m := message{raw: []byte(text)}
	if jsonscan.Check(m.raw, jsonscan.DepthLimit) != nil {
		return message{}, false
	}
	m.kind, m.tab = m.str("type"), m.str("tabId")
	if raw := jsonscan.Field(m.raw, "epoch"); raw != nil {
		var ok bool
		if m.epoch, ok = jsonscan.Uint(raw); !ok || m.epoch > maxEpoch {
			return message{}, false
		}
	}
	return m, m.kind != "" && validTabID(m.tab)
}

// tabMessage takes a message of another tab on this document.
func (c *Client) tabMessage(text string) {
	if c.suspended || c.sole() {
		return
	}
	m, ok := readMessage(text, maxMessage)
	if !ok || m.tab == c.cfg.TabID {
		return
	}
	c.noteAlive(m.tab)
	switch m.kind {
	case "tab_register":
		if m.str("documentId") == c.cfg.Document && c.tabs.leading {
			if c.addTab(m.tab) {
				c.emitTabs()
			}
			c.announce()
			c.shareToken()
			c.shareLocks()
		}
	case "tab_bye":
		c.onBye(m)
	case "tab_left":
		c.onLeft(m)
	case "tab_here":
		c.onHere(m)
	case "tab_roll":
		if c.fence(m) {
			c.post(c.message("tab_here"))
		}
	case "primary_assigned":
		if m.str("documentId") == c.cfg.Document && c.fence(m) {
			c.onLeader(m)
		}
	case "token_refreshed":
		if c.fence(m) {
			c.onToken(m)
		}
	case "tab_event":
		if c.fence(m) && !c.tabs.foreign {
			c.onEvent(m)
		}
	case "ping":
		if c.tabs.leading {
			c.tabs.pongAt = c.now
			if m.epoch > c.tabs.epoch {
				c.reassert(m.epoch)
			}
		}
	case "pong":
		if c.fence(m) {
			c.alive()
		}
	default:
		if c.tabs.leading {
			c.onRequest(m)
		}
	}
}

// fence keeps out what a tab says that led once and has not noticed yet that it
// does not any more. The first word of a newer leader makes it known.
func (c *Client) fence(m message) bool {
	t := &c.tabs
	if m.epoch == 0 {
		return false
	}
	if m.epoch < t.epoch {
		// One that led before, or one that leads and does not know how far the epoch has
		// come because it was away when the last one said so.
		c.startProbe()
		return false
	}
	if t.leading {
		// Holding the lock, this tab leads, whoever says otherwise. If it was
		// stolen, that will be known before the claim is answered.
		c.reassert(m.epoch)
		return false
	}
	if m.epoch > t.epoch || t.leader == "" {
		t.epoch, t.leader = m.epoch, m.tab
		t.others = nil
		t.unknown, t.contested, t.foreign = true, false, false
		c.alive() // it has just been given the lock: two that wait must not rob it in turn
		c.emitRole()
		if m.kind != "primary_assigned" {
			c.register()
		}
		c.log.unpost()
		t.offerAt = zero
		c.log.syncBy = time.Time{}
		c.holdKept()
	}
	if t.leader != m.tab {
		t.contested = true
		c.startProbe()
		return false
	}
	return true
}

// reassert has this tab, which leads, announce itself again under an epoch above the claimed one.
func (c *Client) reassert(claimed uint64) {
	t := &c.tabs
	t.claimed = max(t.claimed, claimed)
	if t.reassertAt.IsZero() {
		t.reassertAt = c.now.Add(reassertAfter)
	}
}

// onRequest is a follower asking its leader for something.
func (c *Client) onRequest(m message) {
	switch m.kind {
	case "tab_send":
		o := readQueued(m.raw, m.tab)
		if !c.sendable(o) || !c.isClient(m.str("clientId")) || m.epoch > 0 && m.epoch != c.tabs.epoch {
			return // it was said to the leader before this one, and is said again, in order
		}
		first, _ := jsonscan.Bool(jsonscan.Field(m.raw, "first"))
		c.takeOffered(o, first || m.str("clientId") == "") // a tab of an older version does not say
	case "tab_wake":
		c.conn.Nudge()
	case "tab_lock":
		c.onLockRequest(m)
	case "tab_presence":
		if data := jsonscan.Field(m.raw, "data"); data != nil && len(data) <= c.session.frameBytes-frameRoom {
			c.show(m.tab, data)
		}
	case "tab_sync":
		if from, ok := m.num("from"); ok && from < protocol.MaxSeq {
			snapshot, _ := m.num("snapshot")
			c.requestSync(protocol.SyncRequest{From: from, Snapshot: min(snapshot, protocol.MaxSeq)})
		}
	case "tab_position":
		c.onClaim(m)
	case "tab_take_over":
		c.takeOver()
	case "tab_reconnect":
		// A script that asks without end makes no storm.
		if c.now.Sub(c.tabs.redialled) >= clientconn.LeastBetweenDials {
			c.tabs.redialled = c.now
			c.conn.Redial()
		}
	case "tab_refresh":
		if exp, ok := m.num("exp"); ok && exp < uint64(c.conn.Token.Exp) {
			c.shareToken() // what it asked for came while it asked
		} else if c.now.Sub(c.conn.Token.Taken) >= RefreshPause {
			c.refresh()
		} else {
			c.conn.RefreshSoon() // a script that asks without end makes no storm
		}
	}
}

// onLeader is all there is to know about the session.
func (c *Client) onLeader(m message) {
	st, ok := readStatus(jsonscan.Field(m.raw, "status"))
	if !ok {
		return
	}
	s, news := &c.session, false
	if id, user := m.str("sessionId"), m.str("userId"); id != "" && user != "" {
		known := c.conn.NamedUser()
		if known != "" && known != user || known == "" && c.conn.Token.Seen != "" && !peek.Names(c.conn.Token.Seen, user) {
			c.refuseLeader()
			return
		}
		s.id, s.userID = id, user
		if st.state == stateConnected {
			news = m.str("position") != s.position
			compared, _ := m.num("compared")
			s.generation = m.str("generation")
			c.follows(m.str("position"), claim{m.str("comparedPosition"), compared})
		}
		s.permissions, _ = jsonscan.Strs(jsonscan.Field(m.raw, "permissions"))
		s.permEpoch, _ = m.num("permEpoch")
		s.locked, _ = jsonscan.Bool(jsonscan.Field(m.raw, "locked"))
		if n, ok := m.num("unacknowledged"); ok && n > 0 {
			s.unacknowledged = int(min(n, maxQueue))
		}
		if n, ok := m.num("frameBytes"); ok && n > frameRoom {
			s.frameBytes = int(min(n, maxLimit))
		}
		s.depth = protocol.DefaultLimits.Depth
		if n, ok := m.num("depth"); ok && n > 0 {
			s.depth = int(min(n, jsonscan.DepthLimit))
		}
		c.emitLimits()
	}
	c.followClient(m.str("clientId"))
	others, _ := jsonscan.Strs(jsonscan.Field(m.raw, "tabs"))
	c.keepTabs(m.tab, others)
	if c.tabs.unknown {
		c.tabs.unknown = false
		known := false
		for _, id := range others {
			known = known || id == c.cfg.TabID
		}
		if !known {
			c.register()
		}
		if !c.log.held {
			c.postHandOver(c.log.left)
		}
	}
	version, ok := m.num("version")
	if !ok || version > protocol.MaxSeq {
		version = 0
	}
	newest, _ := m.num("newest")
	if news {
		c.log.target = min(c.log.target, max(version, newest, c.log.version)) // it may be that of another log
	}
	c.log.newest = max(version, min(newest, protocol.MaxSeq))
	c.setStatus(st)
	c.heardStatus(st)
	version = max(version, c.log.again.to)
	if version > 0 && (version > c.log.version || c.log.restore.of > 0) && st.state == stateConnected {
		c.behind(version)
	}
	c.offer()
}

// keepTabs takes the leader's list.
func (c *Client) keepTabs(leader string, others []string) {
	before := len(c.tabs.others)
	news := false
	kept := c.tabs.others
	c.tabs.others = nil
	for _, id := range append([]string{leader}, others...) {
		if validTabID(id) {
			c.addTab(id)
		}
	}
	for i, id := range c.tabs.others {
		news = news || i >= len(kept) || kept[i] != id
	}
	if news || before != len(c.tabs.others) {
		c.emitTabs()
	}
}

// onToken adopts the leader's token, unless it is another user's, older than
// the one here, or none at all.
func (c *Client) onToken(m message) {
	raw := m.str("newToken")
	claims, err := clientconn.ReadToken(raw)
	if err != nil {
		c.report(fromWire(err))
		return
	}
	if !c.conn.OwnToken(raw, claims) {
		c.report(ErrOtherUser)
		return
	}
	ms, ok := m.num("expiresIn")
	if !ok || claims.Exp < c.conn.Token.Exp || ms == 0 {
		return
	}
	first, same := c.conn.Token.Raw == "", raw == c.conn.Token.Raw
	c.conn.Adopt(raw, claims, c.now.Add(min(millis(ms), renewal.Lifetime(claims))))
	switch {
	case first:
		c.emitToken("", "")
	case !same:
		c.emitToken("tokenrefresh", "leader")
	}
}

// report emits that a message was refused, now and then.
func (c *Client) report(f *Failure) {
	if !c.tabs.reported.IsZero() && c.now.Sub(c.tabs.reported) < reportPause {
		return
	}
	c.tabs.reported = c.now
	said := *f
	said.Message = "Another tab said something that was ignored: " + f.Message
	said.Recoverable, said.Action = true, protocol.ActionWait
	c.emitFailure("error", &said)
}

func (c *Client) onEvent(m message) {
	event := m.str("event")
	if c.status.state != stateConnected && (event == "ops" || event == "snapshot") {
		return // of which connection this is, the leader has yet to say; it is asked for then
	}
	switch event {
	case "ops":
		for a := jsonscan.Elements(jsonscan.Field(m.raw, "entries")); a.Next(); {
			if e, ok := readEntry(a.Value()); ok {
				c.apply(e)
			}
		}
		if !c.tabs.offerAt.IsZero() {
			c.offer() // a hidden page's timers are slow
		}
	case "snapshot":
		if s, ok := protocol.ParseSnapshot(jsonscan.Field(m.raw, "part")); ok {
			c.takePart(s)
		}
	case "later":
		c.offerLater(m.str("message_id"))
	case "kept":
		c.onKept(m)
	case "answered":
		c.answered(m.str("message_id"))
	case "gap":
		if to, ok := m.num("to"); ok {
			c.skip(to, m.str("reason"))
		}
	case "reset":
		if to, ok := m.num("to"); ok {
			c.rewind(to, m.str("position"))
		}
	case "refused":
		if f, ok := readFailure(jsonscan.Field(m.raw, "error")); ok {
			c.refusedOp(m.str("message_id"), f)
			c.offer()
		}
	case "say":
		if m.str("of") != c.cfg.TabID { // who shows something has it already
			c.onNotice(m.str("kind"), jsonscan.Field(m.raw, "detail"))
		}
	case "final":
		f, ok := readFailure(jsonscan.Field(m.raw, "error"))
		code, _ := m.num("code")
		switch kind := m.str("kind"); kind {
		case "error", "autherror", "permissiondenied":
			if ok {
				c.finalHere(kind, f, int(min(code, 9999)))
			}
		}
	}
}
