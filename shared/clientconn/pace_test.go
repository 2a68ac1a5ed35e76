package clientconn_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/clientconn"
	"github.com/holdfast-dev/holdfast/shared/nativeclient"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// limited is a server that holds a client to its word, and answers what it takes.
type limited struct {
	flood          rate.Flood
	limits         rate.FloodLimits
	seen           int // of what the client has written
	taken, refused int
}

func newLimited(l protocol.AckLimits) *limited {
	return &limited{limits: rate.FloodLimits{
		Frames: rate.Limit{Count: l.MessagesPerSecond, Burst: l.MessagesAtOnce}.WithDefaults(100, 1),
		Bytes:  rate.Limit{Count: l.BytesPerSecond, Burst: l.BytesAtOnce}.WithDefaults(1<<20, 1), MaxRefused: 1000,
	}}
}

// serve answers what has come since the last time.
func (s *limited) serve(c *core) {
	for ; s.seen < len(c.written); s.seen++ {
		f := c.written[s.seen]
		if wait, _ := s.flood.Take(c.now, &s.limits, c.sizes[s.seen]); wait > 0 {
			s.refused++
			continue
		}
		switch f.Event {
		case protocol.EventOp:
			s.taken++
			c.receive(protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventOperationAck, MessageID: f.MessageID, Seq: uint64(s.taken),
				Data: protocol.OperationAck{DocumentVersion: uint64(s.taken)}.Append(nil)})
		case protocol.EventAppMessage:
			s.taken++
			c.receive(protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, MessageID: f.MessageID, Data: protocol.Ack{Seq: uint64(s.taken)}.Append(nil)})
		}
	}
}

// ask sends an op, or a message of a device, of so many bytes.
func (c *core) ask(n, size int) {
	data := []byte(fmt.Sprintf(`"%0*d"`, size, n))
	if c.native {
		c.do(nativeclient.Submit{Ask: uint64(n), Event: protocol.EventAppMessage, Package: "com.example.app", Data: data})
		return
	}
	c.do(client.Send{ID: fmt.Sprint(n), Op: data})
}

// However much waits to be sent, it keeps to the rate that the server states, and is through
// about as soon as that allows.
//
// Holds: "a backlog is sent at the rate that the server states"
func TestBacklogKeepsToTheStatedRate(t *testing.T) {
	for _, test := range []struct {
		ops, size int
		limits    protocol.AckLimits
		most      time.Duration
	}{
		{3000, 10, protocol.AckLimits{}, 35 * time.Second}, // of a server that says nothing
		{3000, 10, protocol.AckLimits{MessagesPerSecond: 100, MessagesAtOnce: 1000, BytesPerSecond: 1 << 20, BytesAtOnce: 4 << 20}, 28 * time.Second},
		{300, 60_000, protocol.AckLimits{MessagesPerSecond: 100, MessagesAtOnce: 1000, BytesPerSecond: 1 << 20, BytesAtOnce: 4 << 20}, 17 * time.Second},
		{300, 10, protocol.AckLimits{MessagesPerSecond: 20, MessagesAtOnce: 5}, 22 * time.Second},
		{300, 300, protocol.AckLimits{MessagesPerSecond: 1000, MessagesAtOnce: 1000, BytesPerSecond: 40_000, BytesAtOnce: 10_000}, 5 * time.Second},
		{60, 10, protocol.AckLimits{MessagesPerSecond: 5}, 30 * time.Second},
	} {
		eachCore(t, 1, func(t *testing.T, c *core) {
			for i := range test.ops {
				c.ask(i, test.size)
			}
			s := newLimited(test.limits)
			c.admitWith(test.limits)
			for s.taken < test.ops && c.now.Before(epoch.Add(test.most)) {
				s.serve(c)
				c.now = maxTime(c.now, c.now.Add(c.wait()))
				c.do(clientconn.Woken{})
			}
			if s.taken != test.ops || s.refused > 0 {
				t.Errorf("%+v: %d of %d are taken, %d refused, after %s", test.limits, s.taken, test.ops, s.refused, c.now.Sub(epoch))
			}
		})
	}
}
