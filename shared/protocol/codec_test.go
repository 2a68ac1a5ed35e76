package protocol_test

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var opText = []byte(`{"type":"operation","event":"op","message_id":"c1-00000042","data":{"op":{"insert":"Grüße, \"world\"\n","at":[12,0],"attributes":{"bold":true,"size":1.5e1}}}}`)

func TestDecodeLimits(t *testing.T) {
	pad := func(n int) []byte {
		head, tail := `{"type":"operation","event":"op","data":{"op":"`, `"}}`
		return []byte(head + strings.Repeat("x", n-len(head)-len(tail)) + tail)
	}
	most := protocol.DefaultLimits.FrameBytes
	if _, e := protocol.Decode(pad(most), protocol.Limits{}); e != nil {
		t.Errorf("a frame of the limit: %v", e)
	}
	_, e := protocol.Decode(pad(most+1), protocol.Limits{})
	if e == nil || e.Code != protocol.MessageTooLarge {
		t.Fatalf("a frame over the limit: %v", e)
	}
	if got := string(jsonscan.Field(jsonscan.Field(e.Frame().Data, "details"), "limit")); got != "65536" {
		t.Errorf("details.limit is %s", got)
	}
	// A single limit that is set leaves the others at their defaults.
	if _, e := protocol.Decode(pad(most), protocol.Limits{FrameBytes: most, IDBytes: 1}); e != nil {
		t.Errorf("with one limit set: %v", e)
	}
	// The least limit is 1; 0 stands for the default.
	for text, lim := range map[string]protocol.Limits{
		`{"type":"system","event":"ping","message_id":"ab"}`: {IDBytes: 1},
		`{"type":"system","event":"ping","data":[]}`:         {Depth: 1},
		`{}`: {FrameBytes: 1},
	} {
		if _, e := protocol.Decode([]byte(text), lim); e == nil || e.Reason == protocol.ReasonMissingType {
			t.Errorf("%s with %+v: %v", text, lim, e)
		}
	}
	id := strings.Repeat("i", protocol.DefaultLimits.IDBytes)
	if f, e := protocol.Decode([]byte(`{"type":"system","event":"ping","message_id":"`+id+`"}`), protocol.Limits{}); e != nil || f.MessageID != id {
		t.Errorf("an id of the limit: %v", e)
	}
	if _, e := protocol.Decode([]byte(`{"type":"system","event":"ping","message_id":"`+id+`i"}`), protocol.Limits{}); e == nil || e.Reason != protocol.ReasonIDTooLong {
		t.Errorf("an id over the limit: %v", e)
	}
}

func TestValidID(t *testing.T) {
	for _, id := range []string{"a", "c-1_é😀 x", strings.Repeat("x", 128), "\u00a0"} {
		if !protocol.ValidID(id, 128) {
			t.Errorf("%q is refused", id)
		}
	}
	for _, id := range []string{"", strings.Repeat("x", 129), "a\x00", "\x1f", "a\x7fb", "\u0080", "\u009f", "a\xff", "\xed\xa0\x80", "\ufffd"} {
		if protocol.ValidID(id, 128) {
			t.Errorf("%q is accepted", id)
		}
	}
}

// TestHeartbeatTexts: the runtime compares the texts of the heartbeat byte by byte.
func TestHeartbeatTexts(t *testing.T) {
	for event, text := range map[string]string{protocol.EventPing: protocol.PingText, protocol.EventPong: protocol.PongText} {
		if got := string(protocol.Frame{Type: protocol.TypeSystem, Event: event}.Append(nil)); got != text {
			t.Errorf("%s is written as %s, the constant is %s", event, got, text)
		}
	}
}

func TestDecodeAllocations(t *testing.T) {
	both := []byte(`{"type":"operation","event":"op","data":{"op":1},"message_id":"m1","seq":7,"client_id":"c1"}`)
	cases := map[string]struct {
		text []byte
		most float64
	}{
		"no ids":        {[]byte(protocol.PingText), 0},
		"an op":         {opText, 1},
		"both ids":      {both, 2},
		"the flat form": {[]byte(`{"type":"connection_init"}`), 0},
	}
	for name, c := range cases {
		if n := testing.AllocsPerRun(100, func() {
			if _, e := protocol.Decode(c.text, protocol.Limits{}); e != nil {
				t.Error(e)
			}
		}); n > c.most {
			t.Errorf("%s: Decode allocates %v times, at most %v allowed", name, n, c.most)
		}
	}
	f, _ := protocol.Decode(both, protocol.Limits{})
	buf := make([]byte, 0, 1024)
	op := protocol.Op{Op: []byte(`{"a":1}`), DocumentVersion: 7, UserID: "u", ClientID: "c"}
	up := []byte(`{"op":{"a":1}}`)
	for name, run := range map[string]func(){
		"Frame.Append": func() { f.Append(buf) },
		"Op.Append":    func() { op.Append(buf) },
		"ParseOp": func() {
			if _, ok := protocol.ParseOp(up); !ok {
				t.Error("does not parse")
			}
		},
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(opText)))
	b.ReportAllocs()
	for b.Loop() {
		if _, e := protocol.Decode(opText, protocol.Limits{}); e != nil {
			b.Fatal(e)
		}
	}
}

// BenchmarkOp measures all that the codec does for one op: decode it, read it, write the
// acknowledgement, and the frame for the others.
func BenchmarkOp(b *testing.B) {
	buf := make([]byte, 0, 4096)
	data := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		f, e := protocol.Decode(opText, protocol.Limits{})
		if e != nil {
			b.Fatal(e)
		}
		op, ok := protocol.ParseOp(f.Data)
		if !ok {
			b.Fatal("does not parse")
		}
		op.DocumentVersion, op.UserID, op.ClientID = 26, "u1", "c1"
		down := protocol.Frame{Type: f.Type, Event: f.Event, Data: op.Append(data), Seq: 26}
		buf = down.Append(buf[:0])
		ack := protocol.OperationAck{DocumentVersion: 26}
		up := protocol.Frame{Type: f.Type, Event: protocol.EventOperationAck, Data: ack.Append(data), MessageID: f.MessageID}
		buf = up.Append(buf[:0])
	}
}
