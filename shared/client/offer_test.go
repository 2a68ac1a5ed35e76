package client

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// storing is a server that stores every op it receives, in the order they come.
func (w *world) storing() *[]string {
	stored := &[]string{}
	w.onWrite = func(t *fakeTab, e Write) {
		w.answerPings(t, e)
		f, _ := protocol.Decode(e.Text, protocol.ReaderLimits)
		if f.Event == protocol.EventOp {
			*stored = append(*stored, f.MessageID)
			v := uint64(len(*stored))
			w.later(t, Received{Gen: e.Gen, Text: protocol.Frame{
				Type: protocol.TypeOperation, Event: protocol.EventOperationAck, MessageID: f.MessageID, Seq: v,
				Data: protocol.OperationAck{DocumentVersion: v}.Append(nil),
			}.Append(nil)})
		}
	}
	return stored
}

// A large paste in a follower is stored as it is in the leader: the leader has it come later
// and nothing is refused or dropped, and each tab's ops keep their order.
//
// Holds: "a tab that has more than the leader takes keeps the rest"
func TestALargePasteInAFollowerIsStored(t *testing.T) {
	const parts, size = 40, 300
	w, t1 := liveTab(t)
	followers := []*fakeTab{t1}
	for n := range 6 {
		followers = append(followers, w.open("f"+utoa(uint64(n))))
	}
	for _, f := range followers {
		f.c.room = room{ops: 100, bytes: 10_000, offered: 2000}
	}
	w.do(t1, Closed{Gen: 1, Code: 1006}) // the leader's queue fills meanwhile
	for i := range parts {
		for _, f := range followers {
			w.do(f, Send{fmt.Sprintf("%03d", i), []byte(`"` + strings.Repeat("x", size) + `"`)})
		}
	}
	if l := &t1.c.log; l.queueBytes > 12_000 {
		t.Errorf("the leader keeps %d bytes", l.queueBytes)
	}
	for _, f := range followers[1:] {
		if l := &f.c.log; l.postedBytes > 2000 {
			t.Errorf("%s has %d bytes with the leader", f.name, l.postedBytes)
		}
	}
	if w.count(`"event":"later"`) == 0 {
		t.Error("the leader has room for everything")
	}
	stored := w.storing()
	w.lines = nil
	w.advance(time.Second)
	w.acknowledge(t1)
	w.advance(time.Minute)
	if len(*stored) != parts*len(followers) {
		t.Errorf("%d of %d are stored", len(*stored), parts*len(followers))
	}
	next := map[string]int{}
	for _, id := range *stored {
		tab, n, _ := strings.Cut(id, "-")
		if n != fmt.Sprintf("%03d", next[tab]) {
			t.Fatalf("%s is stored after %d of that tab", id, next[tab])
		}
		next[tab]++
	}
	want(t, w, "unsent", 0)
}

// A tab that was told to come later, and what a script says in a tab's name, hold up nobody.
func TestLaterIsForOneTab(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	t1.c.room.ops = 1
	for n := range uint64(1000) {
		w.do(t1, Broadcast{`{"type":"tab_send","tabId":"x` + utoa(n) + `","message_id":"x` + utoa(n) + `-1","op":1}`})
	}
	if n := len(t1.c.log.late); n > 5*maxTabs {
		t.Errorf("%d tabs are noted", n)
	}
	for _, forged := range []string{
		`{"type":"tab_event","tabId":"t1","epoch":1736244000000,"event":"later","message_id":"t2-9"}`,
		`{"type":"tab_event","tabId":"t1","epoch":1736244000000,"event":"later"}`,
	} {
		w.do(t2, Broadcast{forged})
	}
	t1.c.room.ops = maxQueue
	w.lines = nil
	w.do(t2, Send{"1", []byte(`1`)})
	want(t, w, `"op":1},"message_id":"t2-1"`, 1)
}

// What a send costs does not grow with what waits already.
func TestASendCostsTheSameHoweverMuchWaits(t *testing.T) {
	w, t1 := liveTab(t)
	w.do(t1, Closed{Gen: 1, Code: 1006})
	cost := func() float64 {
		n := len(t1.c.log.outbox)
		return testing.AllocsPerRun(1000, func() {
			n++
			t1.c.Step(w.now, Send{utoa(uint64(n)), []byte(`{"insert":"x","at":1}`)})
		})
	}
	few := cost()
	for range 20 {
		cost()
	}
	if many := cost(); many > few+1 {
		t.Errorf("%.1f allocations with few that wait, %.1f with %d", few, many, len(t1.c.log.outbox))
	}
}

func BenchmarkBacklog(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(utoa(uint64(n)), func(b *testing.B) {
			for b.Loop() {
				w := newWorld()
				t1 := w.open("t1")
				w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
				w.acknowledge(t1)
				for i := range n {
					t1.c.Step(w.now, Send{utoa(uint64(i)), []byte(`{"insert":"x","at":1}`)})
				}
				for v := range uint64(n) {
					t1.c.Step(w.now.Add(time.Duration(v)*11*time.Millisecond), Received{Gen: 1, Text: protocol.Frame{
						Type: protocol.TypeOperation, Event: protocol.EventOperationAck, MessageID: "t1-" + utoa(v), Seq: v + 1,
						Data: protocol.OperationAck{DocumentVersion: v + 1}.Append(nil),
					}.Append(nil)})
				}
				if len(t1.c.log.outbox) > 0 {
					b.Fatalf("%d wait", len(t1.c.log.outbox))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/op-sent")
		})
	}
}

// What was posted behind an op that found no room is not taken before that one, whatever
// room there is by then.
func TestOrderIsKeptWhenRoomComes(t *testing.T) {
	w, t1 := liveTab(t)
	t1.c.room.ops = 1
	w.do(t1, Closed{Gen: 1, Code: 1006})
	post := func(id, more string) {
		w.do(t1, Broadcast{`{"type":"tab_send","tabId":"x","clientId":"c1","message_id":"x-` + id + `","op":` + id + more + `}`})
	}
	post("1", `,"first":true`)
	post("2", "")
	want(t, w, `"event":"later","message_id":"x-2"`, 1)
	t1.c.room.ops = 10
	post("3", "")
	post("2", `,"first":true`)
	post("3", "")
	stored := w.storing()
	w.advance(time.Second)
	w.acknowledge(t1)
	if got := fmt.Sprint(*stored); got != "[x-1 x-2 x-3]" {
		t.Errorf("stored are %s", got)
	}
}
