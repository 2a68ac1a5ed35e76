package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// received takes one frame from the server.
func (c *Client) received(gen uint64, text []byte) {
	n := &c.conn
	if gen != n.gen || n.phase != live && n.phase != dialling {
		return
	}
	n.lastHeard = c.now
	n.deadAt = time.Time{} // anything heard is a sign of life
	f, e := protocol.Decode(text, protocol.ReaderLimits)
	if e != nil {
		// A newer server may say what this client does not know yet.
		if e.Reason != protocol.ReasonUnknownType && e.Reason != protocol.ReasonUnknownEvent {
			c.notAFrame(e.Reason)
		}
		if n.phase == live {
			c.unreadable(protocol.SeqOf(text))
		}
		return
	}
	if last := n.lastError; last != nil {
		// It was not the last word after all, so it ended nothing.
		n.lastError = nil
		failure := fromWire(last)
		c.say(eventKind(failure), failure.appendJSON(nil))
	}
	if n.phase == dialling && f.Event != protocol.EventConnectionAck && f.Event != protocol.EventError && f.Event != protocol.EventConnectionError {
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

func (c *Client) notAFrame(reason string) {
	c.emitFailure("error", failureOf(protocol.MalformedMessage, reason, "The server sent something that is not a frame."))
}

func (c *Client) systemFrame(f protocol.Frame) {
	switch f.Event {
	case protocol.EventConnectionAck:
		if a, ok := protocol.ParseConnectionAck(f.Data); ok && c.conn.phase == dialling {
			c.acknowledged(a)
		}
	case protocol.EventError, protocol.EventConnectionError:
		if e, ok := protocol.ParseError(f.Data); ok {
			if e.MessageID == "" {
				e.MessageID = f.MessageID
			}
			c.errorFrame(e)
		}
	case protocol.EventPing:
		// The server wants to know how far this end has read.
		c.write(f.Pong())
	case protocol.EventTokenRefreshed:
		if p, ok := protocol.ParseTokenRefreshed(f.Data); ok {
			c.swapped(p)
		}
	case protocol.EventTokenRefreshRequired:
		if p, ok := protocol.ParseTokenRefreshRequired(f.Data); ok {
			c.refreshWanted(p)
		}
	case protocol.EventPermissionChange:
		if p, ok := protocol.ParsePermissionChange(f.Data); ok {
			c.permissionChange(p)
		}
	case protocol.EventSessionEnded:
		c.final("error", failureOf(protocol.SessionEnded, "", ""), 0)
	case protocol.EventRateLimited:
		if p, ok := protocol.ParseRateLimited(f.Data); ok {
			c.pauseSends(p.RetryAfter)
		}
	}
}

// acknowledged is the server's first word: the connection is admitted.
func (c *Client) acknowledged(a protocol.ConnectionAck) {
	n, s := &c.conn, &c.session
	if s.userID != "" && a.UserID != s.userID {
		c.final("autherror", ErrOtherUser, 0)
		return
	}
	n.phase = live
	n.connectBy = time.Time{}
	n.liveSince = c.now
	n.authTries = 0
	n.acked = 0
	s.id, s.userID = a.SessionID, a.UserID
	s.permissions, s.permEpoch, s.locked = a.Permissions, a.PermEpoch, a.Locked
	s.heartbeat = defaultHeartbeat
	if a.HeartbeatInterval > 0 {
		s.heartbeat = max(a.HeartbeatInterval, leastHeartbeat)
	}
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
	c.tellLimits()
	n.pingAt = c.now.Add(s.heartbeat)
	c.measure(a.ServerTime, a.ExpiresAt)
	c.tokenStands()
	st := status{state: stateConnected, resumed: a.Resumed}
	n.replayTo = 0
	if a.Replay != nil {
		n.replayTo = a.Replay.To
		st.replayFrom, st.replayTo = a.Replay.From, a.Replay.To
	}
	c.log.newest = a.DocumentVersion
	c.setStatus(st)
	c.catchUp(a)
	if n.shown != nil {
		c.writePresence(n.shown)
	}
	c.enlaneLeft()
	c.offer()
}

// errorFrame is a request that failed, or the last word before a close.
func (c *Client) errorFrame(e *protocol.Error) {
	f := fromWire(e)
	switch {
	case c.conn.swapID != "" && (e.MessageID == c.conn.swapID || e.MessageID == "" && aboutToken(e.Code)):
		c.swapRefused(f)
	case e.MessageID != "" && (c.opFailed(e, f) || c.askFailed(e, f)):
	case e.MessageID != "":
		c.say(eventKind(f), f.appendJSON(nil))
	default:
		c.conn.lastError = e
		if c.conn.phase != live {
			return
		}
		switch e.Code {
		case protocol.TokenExpired, protocol.AuthenticationFailed:
			// The connection may go on read-only for a while: a new token
			// now saves it.
			c.refreshSoon()
		case protocol.RateLimitExceeded:
			c.pauseSends(e.RetryAfter)
		}
	}
}

// aboutToken reports whether an error without a message id answers a
// token_refresh that is still open.
func aboutToken(code protocol.Code) bool {
	return code == protocol.AuthenticationFailed || code == protocol.TokenExpired || code == protocol.ServiceUnavailable
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
	c.say("permissionchange", w.End())
	for _, name := range p.Permissions {
		if name == "read" {
			return
		}
	}
	// Seed S2, handlePermissionError: say so, and disconnect.
	c.sayDisconnect("permission_lost")
	c.final("permissiondenied", failureOf(protocol.InsufficientPermissions, p.Reason, "You no longer have access to this document."), 0)
}

func (c *Client) presenceFrame(f protocol.Frame) {
	members := []protocol.Presence{}
	if f.Event == protocol.EventState {
		if p, ok := protocol.ParsePresenceState(f.Data); ok {
			members = p.Members
		}
	} else if p, ok := protocol.ParsePresence(f.Data); ok {
		members = append(members, p)
	}
	for _, m := range members {
		w := jsonscan.NewObject(nil)
		w.Str("state", f.Event)
		w.Str("userId", m.UserID)
		w.Str("clientId", m.ClientID)
		if m.Name != "" {
			w.Str("name", m.Name)
		}
		if m.Data != nil {
			w.Raw("data", m.Data)
		}
		c.say("presence", w.End())
	}
}

// presence shows something passing; the last one is shown again on a new
// connection: the server keeps it with the one it came by.
func (c *Client) presence(data []byte) {
	if f := c.unfitPresence(data); f != nil {
		c.emitFailure("error", f)
		return
	}
	if c.tabs.foreign {
		return // nobody shows this user's cursor in another one's name
	}
	data = append([]byte(nil), data...)
	if c.tabs.leading {
		c.showPresence(data)
		return
	}
	w := c.message("tab_presence")
	w.Raw("data", data)
	c.post(w)
}

// unfitPresence is why the server would not take it, nil when it does, and when nobody knows
// yet.
func (c *Client) unfitPresence(data []byte) *Failure {
	depth, size := c.session.depth-2, c.session.frameBytes-frameRoom
	if c.session.id == "" {
		depth, size = protocol.MostDepth, maxLimit
	}
	switch err := jsonscan.Check(data, depth); {
	case err == jsonscan.ErrDepth:
		return failureOf(protocol.MalformedMessage, protocol.ReasonTooDeep, "The presence nests deeper than the server takes.")
	case err != nil || len(data) > size:
		return &Failure{Code: codeInvalidArgument, Message: "The presence is not JSON or too large.", Reason: "presence", Action: protocol.ActionWait}
	}
	return nil
}

func (c *Client) showPresence(data []byte) {
	c.conn.shown = data
	c.writePresence(data)
}

func (c *Client) writePresence(data []byte) {
	if f := c.unfitPresence(data); f != nil { // this server's limits are lower than was thought
		c.conn.shown = nil
		c.emitFailure("error", f)
		return
	}
	c.write(protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventUpdate, Data: protocol.Presence{Data: data}.Append(nil)})
}
