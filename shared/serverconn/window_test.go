package serverconn_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

func TestWindow(t *testing.T) {
	const size = 100
	w, p := serverconn.Window{}, serverconn.NewProbes(serverconn.Secret{1})
	if w.Sent(49); w.Asks(size) || !w.Credit(size) || w.Room(size) != 51 {
		t.Errorf("%+v", w)
	}
	if w.Sent(1); !w.Asks(size) {
		t.Error("half the window is under way, and nobody asks")
	}
	id := w.Probe(&p)
	if w.Asks(size) || !w.Probing() || w.Probe(&p) != id {
		t.Error("one ping at a time")
	}
	if w.Sent(50); w.Credit(size) || w.Room(size) != 1 || w.Overfull(size) {
		t.Errorf("%+v", w)
	}
	if w.Sent(99); w.Overfull(size) {
		t.Error("199 are two windows")
	}
	if w.Sent(1); !w.Overfull(size) {
		t.Error("200 are not")
	}
	if w.Answered(&p, "flow-x") || w.Answered(&p, "") || w.UnderWay() != 200 {
		t.Error("an id that was guessed confirms")
	}
	if !w.Answered(&p, id) || w.UnderWay() != 150 || w.Answered(&p, id) {
		t.Error("the ping's answer confirms what went before it, once")
	}
	w.Probe(&p)
	if w.Forgive(); w.UnderWay() != 0 || w.Probing() {
		t.Errorf("%+v", w)
	}
}

// What is passing is a part of what a connection is sent: forgiven after the ping went out,
// its answer takes nothing back.
func TestFlowNeverGoesBack(t *testing.T) {
	var f serverconn.Flow
	f.Sent(10)
	f.Mark()
	f.Sent(5)
	f.Forgive()
	if f.Confirm(); f.UnderWay() != 0 {
		t.Error(f.UnderWay())
	}
	f.Sent(1)
	if f.UnderWay() != 1 {
		t.Error(f.UnderWay())
	}
}

func TestClock(t *testing.T) {
	c := serverconn.Starting(start)
	for _, s := range []struct{ at, back time.Duration }{
		{time.Second, 0}, {2 * time.Second, 0},
		{time.Second, 0}, // a little: it goes on as if it stood still
		{2*time.Second - 1, 0},
		{0, 2 * time.Second},
		{time.Hour, 0}, {time.Minute, 59 * time.Minute}, {2 * time.Minute, 0},
	} {
		if back := c.Step(start.Add(s.at)); back != s.back {
			t.Errorf("at %s: back by %s, want %s", s.at, back, s.back)
		}
	}
	if c = serverconn.Starting(start); c.Step(start.Add(-time.Hour)) != time.Hour {
		t.Error("what was stored is not known")
	}
	a, none := start, time.Time{}
	if serverconn.TurnBack(time.Second, &a, &none); !a.Equal(start.Add(-time.Second)) || !none.IsZero() {
		t.Error(a, none)
	}
	if got := serverconn.Latest(none, start, a); !got.Equal(start) || !serverconn.Latest().IsZero() {
		t.Error(got)
	}
}

// What is under way is what was not confirmed, by the answer to the very ping.
func TestWindowConfirms(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var w serverconn.Window
	p := serverconn.NewProbes(serverconn.Secret{7})
	sent, sure := 0, 0 // what may be counted on as read
	probed, open, before := 0, "", "flow-"
	for range 10_000 {
		switch rnd.IntN(5) {
		case 0, 1:
			n := rnd.IntN(100)
			w.Sent(n)
			sent += n
		case 2:
			id := w.Probe(&p)
			if open == "" {
				open, probed = id, sent
			}
			if id != open || !w.Probing() {
				t.Fatalf("%s is open, and %s was asked", open, id)
			}
		case 3:
			if w.Answered(&p, open) != (open != "") {
				t.Fatal("answered")
			}
			if open != "" {
				sure, before, open = probed, open, ""
			}
		case 4: // blindly, or once more
			for _, id := range []string{"", before, "flow-1"} {
				if w.Answered(&p, id) {
					t.Fatalf("%q was taken for the answer to %q", id, open)
				}
			}
		}
		if w.UnderWay() != sent-sure {
			t.Fatalf("%d under way, want %d", w.UnderWay(), sent-sure)
		}
	}
}
