package object

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
)

func TestTheAlarmMovesOnlyForward(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	begin := f.now
	var a alarm
	for i, c := range []struct {
		now, deadline time.Duration // 0 for no deadline
		want          string
	}{
		{0, 30 * time.Second, "alarm 10:00:30.000"}, // none was set
		{0, 30 * time.Second, ""},
		{0, 60 * time.Second, ""},                             // it rings early and is set again then
		{0, 20*time.Second + 1, "alarm 10:00:20.001"},         // it would come too late; whole milliseconds, not before the deadline
		{0, 20*time.Second + time.Microsecond, ""},            // the same millisecond
		{0, -5 * time.Second, "alarm 10:00:00.001"},           // it is late already: next
		{time.Second, -5 * time.Second, ""},                   // and about to ring
		{time.Minute, -5 * time.Second, "alarm 10:01:00.001"}, // it is lost
		{time.Minute, 0, "alarm 00:00:00.000"},                // cleared
		{time.Minute, 0, ""},
	} {
		f.late, f.now = nil, begin.Add(c.now)
		a.follow(f, f.now, begin.Add(c.deadline), c.deadline != 0)
		if got := strings.Join(f.late, ";"); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
	a.follow(f, f.now, begin.Add(2*time.Minute), true)
	a.rang()
	f.late = nil
	if a.follow(f, f.now, begin.Add(2*time.Minute), true); len(f.late) != 1 {
		t.Error("an alarm that rang is not set again")
	}
	a = alarm{stored: true} // an object that was made anew, which has nothing to do any more
	for _, want := range []string{"alarm 00:00:00.000", ""} {
		f.late = nil
		if a.follow(f, f.now, time.Time{}, false); strings.Join(f.late, ";") != want {
			t.Errorf("what is stored: %q, want %q", f.late, want)
		}
	}
}

// A guest's connection ends a nanosecond after its token, and alarms ring on the millisecond: one that
// rang before the deadline was set to the very moment at which it rang, and lost (fake.SetAlarm).
func TestAGuestIsEndedByTheAlarm(t *testing.T) {
	r := newRoom(t)
	r.connect(aGuest, "")
	until := r.now.Add(15 * time.Minute)
	for len(r.sockets) > 0 {
		if r.alarm.IsZero() || r.alarm.After(until.Add(time.Second)) {
			t.Fatalf("at %s the guest of until %s is still there, and the alarm is %s", r.now, until, r.alarm)
		}
		r.now = r.alarm
		r.enter(Input{Kind: Alarm})
	}
	if late := r.now.Sub(until); late < 0 || late > time.Millisecond {
		t.Errorf("%s after its end", late)
	}
}

// woken checks after each event that the object is woken for what it has to do, and that its alarm, which is a
// row written, was set once at most.
func (f *fake) woken(in Input) {
	f.t.Helper()
	set := 0
	for _, line := range f.late {
		if strings.HasPrefix(line, "alarm ") {
			set++
		}
	}
	if set > 1 {
		f.t.Errorf("an input of kind %d set the alarm %d times: %q", in.Kind, set, f.late)
	}
	o, is := f.object.(interface {
		deadline(now time.Time) (time.Time, bool)
	})
	if !is {
		return
	}
	if at, due := o.deadline(f.now); due && (f.alarm.IsZero() || f.alarm.After(at) && f.alarm.Sub(latest(f.now, at)) > time.Millisecond) {
		f.t.Errorf("after an input of kind %d at %s something is due at %s, and the alarm is set to %s", in.Kind, f.now, at, f.alarm)
	}
}

// TestWhatIsDueIsNeverForgotten lets people, guests and devices come and go at random, with answers that are
// late, fail or never come, events that fail, and objects that are out of memory. fake.woken checks after
// each event that an alarm is set for what is due. In the end all of them are gone by alarms alone.
func TestWhatIsDueIsNeverForgotten(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &walk{toldRoom: newToldRoom(t, map[string]string{"AUDIT_DAYS": "1", "LOG_DAYS": "1", "BYTES_PER_S": "3000"}), dice: rand.New(rand.NewPCG(seed, 1))}
			w.silent = seed%4 == 3
			for range 300 {
				w.step()
			}
			for _, conn := range slices.Sorted(maps.Keys(w.sockets)) {
				if w.dice.IntN(2) == 0 {
					w.closed(conn) // the others' tokens end
				}
			}
			for n := 0; !w.alarm.IsZero(); n++ {
				if n > 5000 {
					t.Fatalf("there is no end of alarms: the next is at %s", w.alarm)
				}
				w.now = w.alarm
				w.ring()
				w.answer(true)
			}
			for _, row := range w.sorted("members") {
				if row[3].Int != int64(channel.Gone) {
					t.Errorf("a channel is left: %v", row)
				}
			}
			if w.accepted < 10 || w.rang < 10 {
				t.Errorf("%d connections and %d alarms are not much of a test", w.accepted, w.rang)
			}
		})
	}
}

type walk struct {
	*toldRoom
	dice  *rand.Rand
	asked []int // requests without an answer

	accepted, rang int
}

func (w *walk) ring() {
	w.rang++
	w.said(w.try(Input{Kind: Alarm}))
}

func (w *walk) closed(conn ConnID) {
	delete(w.sockets, conn)
	w.said(w.try(Input{Kind: Closed, Conn: conn, Code: 1006}))
}

// said notes what was asked.
func (w *walk) said(left []string, err error) {
	if err != nil {
		w.asked = nil
		if err != errBroken {
			w.t.Fatal(err)
		}
	}
	for _, line := range left {
		var ask int
		if strings.HasPrefix(line, "accept") {
			w.accepted++
		}
		for _, kind := range []string{"call", "fetch", "database"} {
			if n, _ := fmt.Sscanf(line, kind+" %d", &ask); n == 1 {
				w.asked = append(w.asked, ask)
			}
		}
	}
}

// answer answers what was asked, well, or in one of the ways an answer may go wrong.
func (w *walk) answer(well bool) {
	asked := w.asked
	w.asked = nil
	for _, ask := range asked {
		kind := Answered
		if !well && w.dice.IntN(3) == 0 {
			kind = Failed
		}
		w.said(w.try(Input{Kind: kind, Ask: uint32(ask), Text: []byte(`{"ok":true,"status":200,"body":""}`)}))
	}
}

func (w *walk) step() {
	user := []string{"ann", "bob", "cat", aGuest}[w.dice.IntN(4)]
	w.now = w.now.Add(time.Duration(w.dice.IntN(20)) * 37 * time.Millisecond)
	if w.dice.IntN(8) == 0 {
		w.now = w.now.Add(time.Duration(w.dice.IntN(400)) * time.Second)
	}
	if !w.alarm.IsZero() && !w.alarm.After(w.now) {
		if w.dice.IntN(2) == 0 {
			w.now = w.alarm // to the millisecond
		}
		w.ring()
	}
	conns := slices.Sorted(maps.Keys(w.sockets))
	conn := ConnID("")
	if len(conns) > 0 {
		conn = conns[w.dice.IntN(len(conns))]
	}
	says := func(text string) {
		w.said(w.try(Input{Kind: Message, Conn: conn, Length: len(text), Text: []byte(text)}))
	}
	switch w.dice.IntN(12) {
	case 0, 1, 2:
		w.said(w.try(Input{Kind: Connect, Ask: 7, Text: []byte(w.admission(user, ""))}))
	case 3:
		says(fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":%q}}`, w.dice.Int(), strings.Repeat("x", w.dice.IntN(2000))))
	case 4:
		says(fmt.Sprintf(`{"type":"presence","event":"update","data":{"cursor":%d}}`, w.dice.IntN(1000)))
	case 5:
		says(`{"type":"operation","event":"sync_request","data":{"from":0}}`)
	case 6:
		says(`{"type":"system","event":"disconnect"}`)
	case 7:
		if conn != "" {
			w.closed(conn)
		}
	case 8:
		w.object, w.asked = nil, nil // a crash, or an eviction
	case 9:
		w.broken, w.breaks, w.object = selectSections, true, nil
		w.said(w.try(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"presence"}`)}))
		w.breaks = false
	default:
		w.answer(false)
	}
}
