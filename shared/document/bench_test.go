package document_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// crowd returns a document with n writers connected, as c0 to c<n-1>.
func crowd(n int) *document.Document {
	d := document.New(document.Config{Conn: serverconn.Config{
		Flood: rate.FloodLimits{Frames: rate.Limit{Count: 1 << 30}, Bytes: rate.Limit{Count: 1 << 30}}, WindowBytes: 1 << 62,
	}}, "d")
	for i := range n {
		id := strconv.Itoa(i)
		d.Step(start, document.Connect{
			Conn: document.ConnID("c" + id), ClientID: "laptop",
			Grant: document.Grant{UserID: "u" + id, SessionID: "s" + id, Permissions: 7, Epoch: 1, Expires: start.Add(time.Hour)},
		})
	}
	return d
}

// BenchmarkOp is the hot path of the core alone: Step of one decoded op, with
// the deadline asked after it as a shell does.
func BenchmarkOp(b *testing.B) {
	for _, n := range []int{1, 2, 50, 100} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			d := crowd(n)
			f := protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventOp, Data: []byte(`{"op":{"insert":"h","at":0}}`)}
			ids := make([]string, 1024)
			for i := range ids {
				ids[i] = "0190a3f8-7c55-7000-8000-" + strconv.Itoa(1<<30+i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f.MessageID = ids[i%len(ids)] // long forgotten when it comes round
				if len(d.Step(start, document.FrameReceived{Conn: "c0", Frame: f, Size: 150})) == 0 {
					b.Fatal("nothing happened")
				}
				d.Deadline()
			}
		})
	}
}

// BenchmarkOpWire is the same from text to texts: what an op costs but for
// storage and sockets.
func BenchmarkOpWire(b *testing.B) {
	d := crowd(2)
	n := 0
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		n++
		buf = append(buf[:0], `{"type":"operation","event":"op","message_id":"0190a3f8-7c55-7000-8000-`...)
		buf = strconv.AppendInt(buf, int64(n), 10)
		buf = append(buf, `","data":{"op":{"insert":"h","at":0}}}`...)
		f, e := protocol.Decode(buf, protocol.Limits{})
		if e != nil {
			b.Fatal(e)
		}
		if len(d.Step(start, document.FrameReceived{Conn: "c0", Frame: f, Size: len(buf)})) != 3 {
			b.Fatal("not an append, an ack and an op")
		}
	}
}
