package channel

import (
	"bytes"
	"reflect"
	"strconv"
	"testing"
)

func put(t *testing.T, o *Outbox, size int) (gone uint64) {
	t.Helper()
	text := append([]byte(strconv.FormatUint(o.Next(), 10)+":"), bytes.Repeat([]byte("x"), size)...)
	k, gone, err := o.Put(text[:max(size, 3)])
	if err != nil || k.Seq != o.Row().Sent {
		t.Fatalf("kept %+v, %v", k, err)
	}
	return gone
}

// What a resume receives: everything after what the client has received, and a gap for
// what the bounds pushed out; never a silent hole.
func TestOutboxResume(t *testing.T) {
	o := NewOutbox(OutboxConfig{Frames: 3, Bytes: 1000})
	for range 5 {
		put(t, o, 10)
	}
	for _, c := range []struct {
		received, first uint64
		n               int
		hole            Hole
	}{
		{received: 5, n: 0},
		{received: 4, first: 5, n: 1},
		{received: 2, first: 3, n: 3},
		{received: 1, first: 3, n: 3, hole: Hole{2, 2, HoleTooMany}},
		{received: 0, first: 3, n: 3, hole: Hole{1, 2, HoleTooMany}},
		{received: 9, hole: Hole{6, 9, HoleUnknown}},
	} {
		again, hole := o.Resume(c.received)
		if len(again) != c.n || c.n > 0 && again[0].Seq != c.first || hole != c.hole {
			t.Errorf("received %d: %d frames, hole %+v; want %+v", c.received, len(again), hole, c)
		}
	}
	if !o.Ack(4) || o.Ack(4) || o.Ack(3) || o.Ack(6) {
		t.Error("an ack moves once, forward, and not past what was sent")
	}
	if again, hole := o.Resume(4); len(again) != 1 || hole.Reason != "" {
		t.Errorf("after the ack: %d frames, hole %+v", len(again), hole)
	}
	if _, hole := o.Resume(3); hole != (Hole{4, 4, HoleAcknowledged}) {
		t.Errorf("one that acknowledged more than it knows of: %+v", hole)
	}
	o.Ack(5)
	if again, hole := o.Resume(5); len(again) != 0 || hole.Reason != "" || o.Next() != 6 {
		t.Error("an empty outbox has forgotten where it was")
	}
}

func TestOutboxBounds(t *testing.T) {
	o := NewOutbox(OutboxConfig{Frames: 100, Bytes: 100})
	if gone := put(t, o, 60) + put(t, o, 40); gone != 0 {
		t.Errorf("dropped %d with room for all", gone)
	}
	if gone := put(t, o, 100); gone != 2 {
		t.Errorf("a full one made room up to %d, want 2", gone)
	}
	if _, _, err := o.Put(make([]byte, 101)); err != ErrTooLarge || o.Next() != 4 {
		t.Errorf("one that is too large: %v, next %d", err, o.Next())
	}
}

func TestOutboxRestore(t *testing.T) {
	k := func(seqs ...uint64) (list []Kept) {
		for _, s := range seqs {
			list = append(list, Kept{Seq: s, Text: []byte("x")})
		}
		return list
	}
	for _, c := range []struct {
		row  OutboxRow
		kept []Kept
		ok   bool
	}{
		{OutboxRow{}, nil, true},
		{OutboxRow{Sent: 4, Acked: 2}, k(3, 4), true},
		{OutboxRow{Sent: 4, Acked: 1}, k(3, 4), true}, // 2 was pushed out
		{OutboxRow{Sent: 4, Acked: 5}, nil, false},
		{OutboxRow{Sent: 4, Acked: 3}, k(3, 4), false},
		{OutboxRow{Sent: 4}, k(2, 4), false},
		{OutboxRow{Sent: 4}, k(2, 3), false},
		{OutboxRow{Sent: 4}, k(4, 5), false},
		{OutboxRow{Sent: 1}, k(0, 1), false},
	} {
		if _, err := RestoreOutbox(OutboxConfig{}, c.row, c.kept); (err == nil) != c.ok {
			t.Errorf("%+v %v: %v", c.row, c.kept, err)
		}
	}
}

// FuzzOutbox plays any script against the plainest model there is: a list of all
// frames ever sent. After each step, and for each place a client may be at, what is
// replayed and what is a gap are together all it lacks, in order, and the bounds
// hold. A restored outbox does the same.
func FuzzOutbox(f *testing.F) {
	f.Add([]byte{0, 9, 0, 9, 0, 9, 1, 2, 0, 9, 2, 0, 40})
	f.Fuzz(func(t *testing.T, script []byte) {
		cfg := OutboxConfig{Frames: 4, Bytes: 64}
		o := NewOutbox(cfg)
		var all [][]byte
		acked := uint64(0)
		for i := 0; i+1 < len(script) && i < 200; i += 2 {
			n := int(script[i+1])
			switch script[i] % 3 {
			case 0:
				text := bytes.Repeat([]byte{byte(len(all))}, n%70)
				if _, _, err := o.Put(text); err == nil {
					all = append(all, text)
				} else if len(text) <= cfg.Bytes {
					t.Fatalf("%d bytes refused", len(text))
				}
			case 1:
				seq := uint64(n % (len(all) + 3))
				if moved := o.Ack(seq); moved != (seq > acked && seq <= uint64(len(all))) {
					t.Fatalf("ack %d after %d of %d: %v", seq, acked, len(all), moved)
				} else if moved {
					acked = seq
				}
			case 2:
				back, err := RestoreOutbox(cfg, o.Row(), o.Kept())
				if err != nil || !reflect.DeepEqual(back.Kept(), append([]Kept(nil), o.Kept()...)) && len(o.Kept()) > 0 {
					t.Fatalf("restored %+v, %v", back, err)
				}
				o = back
			}
			bytesKept := 0
			for _, k := range o.Kept() {
				bytesKept += len(k.Text)
			}
			if len(o.Kept()) > cfg.Frames || bytesKept > cfg.Bytes || o.Row().Sent != uint64(len(all)) {
				t.Fatalf("%d frames of %d bytes kept, %d sent", len(o.Kept()), bytesKept, o.Row().Sent)
			}
			for received := acked; received <= uint64(len(all)); received++ {
				again, hole := o.Resume(received)
				next := received + 1
				if hole.Reason != "" {
					if hole.From != next || hole.To < hole.From {
						t.Fatalf("received %d: a hole %+v", received, hole)
					}
					next = hole.To + 1
				}
				for _, k := range again {
					if k.Seq != next || !bytes.Equal(k.Text, all[k.Seq-1]) {
						t.Fatalf("received %d: frame %d where %d should be", received, k.Seq, next)
					}
					next++
				}
				if next != uint64(len(all))+1 {
					t.Fatalf("received %d: ends at %d of %d", received, next-1, len(all))
				}
			}
		}
	})
}
