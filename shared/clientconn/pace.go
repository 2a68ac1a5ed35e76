package clientconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// pace keeps what a client writes within the rate that the server states. It outlives a
// connection, as the server's own count does.
type pace struct {
	frames, bytes         rate.Limit
	usedFrames, usedBytes rate.Bucket
	roomAt                time.Time
}

// What a server allows that does not say, and the part of it that a client uses: frames that
// were sent evenly arrive unevenly, and a resend must fit as well.
var stated = protocol.AckLimits{MessagesPerSecond: 100, BytesPerSecond: 1 << 20}

const (
	usedOfRate   = 900 // thousandths
	usedOfAtOnce = 750
	// roomPause is the least wait for room: a few frames for each wake-up.
	roomPause = 50 * time.Millisecond
)

// Allow takes the rate that the server's acknowledgement states.
func (c *Conn[O]) Allow(l protocol.AckLimits) {
	c.pace.frames = allowed(l.MessagesPerSecond, l.MessagesAtOnce, stated.MessagesPerSecond)
	c.pace.bytes = allowed(l.BytesPerSecond, l.BytesAtOnce, stated.BytesPerSecond)
}

func allowed(perSecond, atOnce, otherwise int) rate.Limit {
	if perSecond <= 0 {
		perSecond, atOnce = otherwise, 0
	}
	if atOnce <= 0 {
		atOnce = perSecond
	}
	l := rate.Limit{Count: perSecond, Per: time.Second}.Part(usedOfRate)
	l.Burst = rate.Limit{Burst: atOnce}.Part(usedOfAtOnce).Burst
	return l
}

// Room reports whether a frame of so many bytes may go out now. Owner.Ready follows where it
// may not.
func (c *Conn[O]) Room(size int) bool {
	p := &c.pace
	wait := max(p.usedFrames.Wait(c.now, p.frames, 1), p.usedBytes.Wait(c.now, p.bytes, size))
	if wait == 0 {
		return true
	}
	if at := c.now.Add(max(wait, roomPause)); p.roomAt.IsZero() || at.Before(p.roomAt) {
		p.roomAt = at
	}
	return false
}

// spend counts a frame that goes out.
func (p *pace) spend(now time.Time, size int) {
	p.usedFrames.Spend(now, p.frames, 1)
	p.usedBytes.Spend(now, p.bytes, size)
}

// exhausted is the server's word that it was too much: from here on at the rate alone.
func (c *Conn[O]) exhausted() {
	p := &c.pace
	p.usedFrames.Spend(c.now, p.frames, max(0, p.frames.Burst-p.usedFrames.Used(c.now, p.frames)))
}
