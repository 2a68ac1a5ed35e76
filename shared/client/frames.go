package client

import (
	"slices"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// received takes one frame from the server.
func (c *Client) received(gen uint64, text []byte) {
	f, bad, ok := c.conn.Receive(gen, text)
	if bad != nil && c.conn.Live() {
		c.unreadable(protocol.SeqOf(text))
	}
	if !ok {
		return
	}
	switch f.Type {
	case protocol.TypeSystem:
		c.systemFrame(f)
	case protocol.TypeOperation:
		c.operationFrame(f)
	case protocol.TypePresence:
		c.presenceFrame(f)
	case protocol.TypeComment:
		c.commentFrame(f)
	}
}

func (c *Client) systemFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventConnectionAck:
		if a, ok := protocol.ParseConnectionAck(f.Data); ok && c.conn.Phase() == clientconn.Dialling {
			c.acknowledged(a)
		}
	case protocol.EventPermissionChange:
		if p, ok := protocol.ParsePermissionChange(f.Data); ok {
			c.permissionChange(p)
		}
	case protocol.EventMessage:
		c.userMessage(f)
	default:
		c.conn.System(f)
	}
}

// acknowledged is the server's first word: the connection is admitted.
func (c *Client) acknowledged(a protocol.ConnectionAck) {
	n, s := &c.flow, &c.session
	if s.userID != "" && a.UserID != s.userID {
		(*owner)(c).End(clientconn.ErrOtherUser, 0)
		return
	}
	c.compareLog(a)
	n.acked = 0
	c.replaced, c.claimBy = status{}, zero
	s.id, s.userID, s.generation, s.position = a.SessionID, a.UserID, a.Generation, a.Position
	s.permissions, s.permEpoch, s.locked = a.Permissions, a.PermEpoch, a.Locked
	s.unacknowledged = defaultUnacknowledged
	if a.Limits.Unacknowledged > 0 {
		s.unacknowledged = a.Limits.Unacknowledged
	}
	n.window = s.unacknowledged
	s.frameBytes, s.depth = protocol.DefaultLimits.FrameBytes, protocol.DefaultLimits.Depth
	if a.Limits.FrameBytes > frameRoom {
		s.frameBytes = min(a.Limits.FrameBytes, maxLimit)
	}
	if a.Limits.Depth > 0 {
		s.depth = a.Limits.Depth
	}
	c.emitLimits()
	c.conn.Allow(a.Limits)
	c.conn.Admitted(a.HeartbeatInterval, a.ServerTime, a.ExpiresAt)
	st := status{state: stateConnected, resumed: a.Resumed}
	n.replayTo = 0
	if a.Replay != nil {
		n.replayTo = a.Replay.To
		st.replayFrom, st.replayTo = a.Replay.From, a.Replay.To
	}
	c.log.newest, c.gone.newest = a.DocumentVersion, a.LastMessageID
	c.setStatus(st)
	c.catchUp(a)
	c.showAll()
	c.enqueueLeft()
	c.offer()
}

// eventKind is the event of a failure that ends nothing.
func eventKind(f *Failure) string {
	if f.Code == string(protocol.InsufficientPermissions) {
		return "permissiondenied"
	}
	return "error"
}

func (c *Client) permissionChange(p protocol.PermissionChange) {
	if p.PermEpoch < c.session.permEpoch {
		return
	}
	c.session.permissions, c.session.permEpoch = p.Permissions, p.PermEpoch
	w := jsonscan.NewObject(nil)
	w.Strs("permissions", p.Permissions)
	w.Strs("removed", p.Removed)
	w.Str("reason", p.Reason)
	c.announce()
	c.notifyTabs("permissionchange", w.End())
	if len(p.Permissions) > 1 { // who may do more than read is shown
		c.list(true)
	}
	if slices.Contains(p.Permissions, "read") {
		return
	}
	// Seed S2, handlePermissionError: say so, and disconnect.
	c.conn.Leave("permission_lost")
	c.final("permissiondenied", failureOf(protocol.InsufficientPermissions, p.Reason, "You no longer have access to this document."), 0)
}

// readers tells the tabs how many readers are there that nobody is shown by name.
func (c *Client) readers(n int) {
	if n == c.session.readers {
		return
	}
	c.session.readers = n
	w := jsonscan.NewObject(nil)
	w.Str("state", protocol.EventReaders)
	w.Str("userId", "")
	w.Str("clientId", "")
	w.Int("readers", int64(n))
	c.notifyTabs("presence", w.End())
}

func (c *Client) presenceFrame(f protocol.Frame) {
	members := []protocol.Presence{}
	switch f.Event {
	case protocol.EventState:
		if p, ok := protocol.ParsePresenceState(f.Data); ok {
			members = p.Members
			c.readers(p.Readers)
			c.list(!p.Unlisted)
		}
	case protocol.EventReaders:
		if p, ok := protocol.ParsePresenceReaders(f.Data); ok {
			c.readers(p.Readers)
		}
		return
	default:
		if p, ok := protocol.ParsePresence(f.Data); ok {
			members = append(members, p)
		}
	}
	for _, m := range members {
		w := jsonscan.NewObject(nil)
		w.Str("state", f.Event)
		w.Str("userId", m.UserID)
		w.Str("clientId", m.ClientID)
		if m.Name != "" {
			w.Str("name", m.Name)
		}
		if m.Guest {
			w.Bool("guest", true)
		}
		if m.Delegate {
			w.Bool("delegate", true)
		}
		if m.Data != nil {
			w.Raw("data", m.Data)
		}
		c.notifyTabs("presence", w.End())
	}
}
