package client

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// flow is what the leader counts on a connection: what it has yet to acknowledge, and how
// much it may send.
type flow struct {
	ackAt   time.Time
	acked   uint64
	unacked int // frames since the last ack
	window  int // how many ops may be under way: fewer after each that was too many
	// replayTo is up to where the entries that come were stored before the connection.
	replayTo uint64
}

// checkTarget is the part of S2's connect checks that no token can mend.
func checkTarget(cfg Config) *Failure {
	if cfg.Document == "" {
		return ErrMissingDocument
	}
	if !validBase(cfg.URL) {
		return ErrBadURL
	}
	return nil
}

// url asks to resume once there is a session. The token is never part of it.
func (c *Client) url() string {
	u := append([]byte(nil), c.cfg.URL...)
	for len(u) > 0 && u[len(u)-1] == '/' {
		u = u[:len(u)-1]
	}
	u = append(u, "/v1/ws/documents/"...)
	u = appendEscaped(u, c.cfg.Document)
	u = append(u, "?client_id="...)
	u = appendEscaped(u, c.cfg.ClientID)
	c.compare.dialled = claim{}
	if c.session.id != "" {
		u = append(u, "&session_id="...)
		u = appendEscaped(u, c.session.id)
		at := c.dialling()
		u = append(u, "&last_seq="...)
		u = strconv.AppendUint(u, at.version, 10)
		if at.position != "" {
			u = append(u, "&position="...)
			u = appendEscaped(u, at.position)
		}
	}
	if (c.session.id != "" || c.cfg.Again) && !c.claiming() {
		u = append(u, "&redial=true"...) // this dial is nobody's wish: it takes the place of no other client
	}
	return string(u)
}

// countForAck counts a reliable frame towards the next ack.
func (c *Client) countForAck() {
	c.flow.unacked++
	if c.flow.unacked >= AckFrames {
		c.writeAck()
	} else if c.flow.ackAt.IsZero() {
		c.flow.ackAt = c.now.Add(AckDelay)
	}
}

func (c *Client) writeAck() {
	c.flow.ackAt, c.flow.unacked = zero, 0
	seq := c.log.delivered()
	if seq == c.flow.acked {
		return
	}
	c.flow.acked = seq
	c.conn.Write(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, Data: protocol.Ack{Seq: seq}.Append(nil)})
}
