package document_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// TestFull: the hundred-and-first user has to wait, and those in their
// grace period keep their place.
//
// Holds: "a full document says so".
func TestFull(t *testing.T) {
	d := newDesk(t)
	for i := range 100 {
		id := strconv.Itoa(i)
		d.connect(document.ConnID("c"+id), "u"+id, "a")
	}
	d.step(document.Disconnected{Conn: "c7"})
	d.connect("late", "zoe", "a")
	if e, _ := protocol.ParseError(d.frame("late", "error").Data); e.Code != protocol.ServiceUnavailable || e.Reason != "document_full" || e.RetryAfter < 30*time.Second {
		t.Errorf("rejected with %+v", e)
	}
	if protocol.ActionForClose(d.closed["late"]) != protocol.ActionWait {
		t.Errorf("closed with %d", d.closed["late"])
	}
	d.connect("c7b", "u7", "a")
	if d.closed["c7b"] != 0 {
		t.Error("who has a place is let in")
	}
}

// TestGap: what cannot be replayed is said, never left out in silence.
//
// Holds: "a dropped connection resumes, with everything missed".
func TestGap(t *testing.T) {
	for _, tt := range []struct {
		name string
		last uint64
		want string
	}{
		{"too many", 0, `{"resumed":true,"replay":null,"gap":{"from":1,"to":1001,"count":1001,"reason":"too_many"}}`},
		{"as many as may be", 1, `{"resumed":true,"replay":{"from":2,"to":1001},"gap":null}`},
		{"nothing", 1001, `{"resumed":true,"replay":null,"gap":null}`},
		{"from a log we do not have", 1004, `{"resumed":false,"replay":null,"gap":{"from":1002,"to":1004,"count":3,"reason":"rewound"}}`},
		{"no number a client can hold", 1<<64 - 1, `{"replay":null,"gap":{"from":1002,"to":9007199254740991,"count":9007199254739990,"reason":"rewound"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t)
			d.connect("c1", "ann", "a")
			for i := range 1001 {
				d.writes("c1", "m"+strconv.Itoa(i))
			}
			d.step(document.Disconnected{Conn: "c1"})
			d.step(document.Connect{Conn: "c2", Grant: grantOf("ann"), ClientID: "a", LastSeq: tt.last, HasLastSeq: true})
			d.holds(d.frame("c2", "connection_ack"), tt.want)
		})
	}
}

// TestReceipts: as many ids as a client may have under way are known again.
//
// Holds: "an op is acknowledged once it is stored; a repeat gets the same acknowledgement".
func TestReceipts(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	for i := range 300 {
		d.writes("c1", "m"+strconv.Itoa(i))
	}
	d.writes("c1", "m44") // the oldest of 256
	d.holds(d.frame("c1", "operation_ack"), `{"document_version":45}`)
	if len(d.store.Log) != 300 {
		t.Fatalf("%d entries", len(d.store.Log))
	}
	d.step(document.Disconnected{Conn: "c1"})
	d.step(document.Connect{Conn: "c2", Grant: grantOf("ann"), ClientID: "a", Receipts: d.store.Receipts("ann", "a", 256)})
	d.holds(d.frame("c2", "connection_ack"), `{"last_message_id":"m299"}`)
	d.writes("c2", "m44")
	d.writes("c2", "m299")
	if len(d.store.Log) != 300 {
		t.Fatalf("%d entries after the resume", len(d.store.Log))
	}
}

func TestPresenceTooLarge(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.says("c1", `{"type":"presence","event":"update","data":{"data":"`+strings.Repeat("x", 4096)+`"}}`)
	d.holds(d.frame("c1", "error"), `{"error_code":"MESSAGE_TOO_LARGE","details":{"reason":"presence_too_large"}}`)
	for _, f := range d.sent["c2"] {
		if f.Event == "update" {
			t.Error("carried on all the same")
		}
	}
}

// TestSyncFrames: bounded, whole, in order, and never none.
func TestSyncFrames(t *testing.T) {
	var log []document.Entry
	for i := range 50 {
		log = append(log, document.Entry{
			Version: uint64(i + 1), UserID: "ann", ClientID: `"\`, MessageID: "m" + strconv.Itoa(i),
			Op: []byte(`"` + strings.Repeat("x", i*100) + `"`),
		})
	}
	for _, max := range []int{1, 300, 4 << 10, 256 << 10} {
		next := uint64(11)
		frames := syncFrames(document.Sync{From: 10, To: 50, Bytes: 1 << 20}, log, max)
		for _, text := range frames {
			f, err := protocol.Decode(text, protocol.Limits{FrameBytes: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			p, ok := protocol.ParseDocumentSync(f.Data)
			if !ok || p.From != next || p.DocumentVersion != 50 {
				t.Fatalf("max %d: %+v %v", max, p, ok)
			}
			for _, op := range p.Ops {
				if op.Version != next || string(op.Op) != string(log[next-1].Op) {
					t.Fatalf("max %d: version %d where %d should be", max, op.Version, next)
				}
				next++
			}
			if p.To != next-1 {
				t.Fatalf("max %d: to %d, next %d", max, p.To, next)
			}
			if len(p.Ops) > 1 && len(text) > max {
				t.Errorf("max %d: a frame of %d", max, len(text))
			}
		}
		if next != 51 {
			t.Errorf("max %d: ends at %d", max, next-1)
		}
	}
	if frames := syncFrames(document.Sync{From: 50, To: 50, Bytes: 1}, log, 1); len(frames) != 1 {
		t.Errorf("%d frames for nothing", len(frames))
	}
}

func syncFrames(e document.Sync, log []document.Entry, max int) (frames [][]byte) {
	store := sim.NewDocumentStorage("d")
	store.Log = log
	store.Deliver(e, max, func(text []byte) { frames = append(frames, text) })
	return frames
}

// TestNotifying: 1, 2, 4 … 60 seconds, for as long as it takes. While the notification is on its way no
// alarm is due before the token's end: the one that the connection had is before that; after a crash nobody waits for the answer.
func TestNotifying(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.says("c1", `{"type":"system","event":"disconnect"}`)
	for i, want := range []int{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		if at, ok := d.doc.Deadline(); !ok || at != d.doc.Snapshot().Channels[0].Channel.Expires {
			t.Fatalf("it is on its way, and looked after at %v", at)
		}
		crashed, err := document.Restore(document.Config{}, d.store.Snapshot(0))
		if err != nil {
			t.Fatal(err)
		}
		d.step(document.Notified{UserID: "ann", ClientID: "a", SessionID: "session-of-ann"})
		at, ok := d.doc.Deadline()
		if got := at.Sub(d.now); !ok || got != time.Duration(want)*time.Second {
			t.Fatalf("pause %d: %v, want %d s", i, got, want)
		}
		if again, ok := crashed.Deadline(); !ok || again != at {
			t.Fatalf("after a crash it is due at %v, not %v", again, at)
		}
		d.step(document.Notified{UserID: "ann", ClientID: "a", SessionID: "another", OK: true}) // not about this one
		d.now = at
		notified := false
		for _, e := range d.step(document.Woken{}) {
			_, is := e.(document.Notify)
			notified = notified || is
		}
		if !notified {
			t.Fatalf("nothing sent after %v", want)
		}
	}
	d.step(document.Notified{UserID: "ann", ClientID: "a", SessionID: "session-of-ann", OK: true})
	if at, ok := d.doc.Deadline(); ok {
		t.Errorf("notified, and due again at %v", at)
	}
}

// TestAckIsStored: an acknowledgement costs a row only when it has moved far.
func TestAckIsStored(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	for i := range 200 {
		d.writes("c1", "m"+strconv.Itoa(i))
	}
	rows := 0
	for i := range 200 {
		f := protocol.Frame{Type: "system", Event: "ack", Data: protocol.Ack{Seq: uint64(i + 1)}.Append(nil)}
		for range d.step(document.FrameReceived{Conn: "c1", Frame: f}) {
			rows++
		}
	}
	if rows != 3 || d.store.Rows[sim.Client{Of: "ann", ID: "a"}].Channel.Acked != 192 {
		t.Errorf("%d rows, acked %d", rows, d.store.Rows[sim.Client{Of: "ann", ID: "a"}].Channel.Acked)
	}
	d.step(document.Disconnected{Conn: "c1"})
	if got := d.store.Rows[sim.Client{Of: "ann", ID: "a"}].Channel.Acked; got != 200 {
		t.Errorf("acked %d at the end", got)
	}
}

// TestSendFailed: a socket that does not take frames is lost, the others receive on.
func TestSendFailed(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.step(document.SendFailed{Conn: "c2"})
	d.step(document.SendFailed{Conn: "c2"})
	d.holds(d.frame("c1", "leave"), `{"user_id":"ben"}`)
	at, ok := d.doc.Deadline()
	if want := start.Add(30 * time.Second); !ok || !at.Equal(want) {
		t.Errorf("due at %v, want the end of grace, %v", at, want)
	}
}

// TestOvertaken: an admission that was overtaken by a newer one does not take
// the channel back into a session that is over.
func TestOvertaken(t *testing.T) {
	d := newDesk(t)
	newer, older := grantOf("ann"), grantOf("ann")
	newer.SessionID, newer.AdmittedAt = "second", start.Add(time.Second)
	older.SessionID, older.AdmittedAt = "first", start
	d.step(document.Connect{Conn: "c1", Grant: newer, ClientID: "a"})
	d.step(document.Connect{Conn: "c2", Grant: older, ClientID: "b"})
	d.holds(d.frame("c2", "connection_ack"), `{"session_id":"second"}`)
	d.says("c2", `{"type":"system","event":"disconnect"}`)
	if _, ok := d.step(document.Connect{Conn: "c3", Grant: older, ClientID: "a"})[0].(document.Readmit); !ok {
		t.Error("an admission older than the channel that is gone was taken")
	}
}

// A client of this protocol that is refused op after op, each by its name, is one still: an
// editor whose document nests too deeply keeps its connection, and so do the others in it.
func TestNamedMistakesEndNothing(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	deep := strings.Repeat("[", 64) + strings.Repeat("]", 64)
	for i := range 50 {
		text := fmt.Sprintf(`{"type":"operation","event":"op","data":{"op":%s},"message_id":"m%d"}`, deep, i)
		_, bad := protocol.Decode([]byte(text), protocol.DefaultLimits)
		if bad == nil {
			t.Fatal("it is not too deep")
		}
		d.step(document.FrameInvalid{Conn: "c1", Err: bad, Size: len(text)})
		d.holds(d.frame("c1", "error"), fmt.Sprintf(`{"error_code":"MALFORMED_MESSAGE","details":{"reason":"too_deep","limit":64,"message_id":"m%d"}}`, i))
	}
	if d.closed["c1"] != 0 {
		t.Fatalf("closed with %d", d.closed["c1"])
	}
	d.writes("c1", "good")
	d.holds(d.frame("c1", "operation_ack"), `{"document_version":1}`)
}
