package nativeclient

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// opened sends the first frame, which asks to resume once there is something to resume.
func (c *Client) opened(gen uint64) {
	if !c.conn.Opened(gen) {
		return
	}
	in := &c.inbound
	f := protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionInit}
	if c.cfg.Role == App {
		f.Type, f.Event = protocol.TypeApp, protocol.EventAppConnectionInit
		f.Data = protocol.AppConnectionInit{
			SessionID: c.cfg.SessionID, Package: c.cfg.Package, LastSeq: in.last, HasLastSeq: in.known,
		}.Append(nil)
	} else {
		f.Data = protocol.ConnectionInit{SessionID: c.status.SessionID, LastSeq: in.last, HasLastSeq: in.known, Redial: c.status.UserID != ""}.Append(nil)
	}
	c.do(Write{Gen: gen, Text: f.Append(nil)})
}

// admission is what both acknowledgements say.
type admission struct {
	status                Status
	replay                *protocol.Range
	gap                   *protocol.Gap
	heartbeat             time.Duration
	limits                protocol.AckLimits
	apps                  []protocol.AppState
	serverTime, expiresAt time.Time
}

// acknowledged is the server's first frame: the connection is admitted.
func (c *Client) acknowledged(a admission) {
	again := c.status.UserID != ""
	if again && c.status.UserID != a.status.UserID {
		c.end(&protocol.Error{Code: clientconn.ErrOtherUser.Code, Reason: clientconn.ErrOtherUser.Reason, Message: "The session belongs to another user."}, 0)
		return
	}
	c.conn.Admitted(a.heartbeat, a.serverTime, a.expiresAt)
	c.conn.Allow(a.limits)
	c.unacknowledged = DefaultUnacknowledged
	if a.limits.Unacknowledged > 0 {
		c.unacknowledged = a.limits.Unacknowledged
	}
	c.limits = protocol.Limits{FrameBytes: a.limits.FrameBytes, Depth: a.limits.Depth, IDBytes: a.limits.IDBytes}
	a.status.State = Connected
	c.status = a.status
	c.do(Changed{c.status, a.apps})
	if again && !a.status.Resumed {
		c.forgetSession()
	}
	c.catchUp(a)
	c.flush()
}
