package document_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// shared is a document with the default limits and a member with so many thousandths of
// them.
func shared(t *testing.T, share int) *desk {
	d := newDesk(t)
	d.doc = document.New(document.Config{}, "d")
	d.connectShared("c1", share)
	return d
}

func (d *desk) connectShared(conn document.ConnID, share int) {
	d.Helper()
	g := grantOf("ann")
	g.Share = share
	d.step(document.Connect{Conn: conn, Grant: g, ClientID: "a"})
}

// taken is how many ops of so many were stored.
func (d *desk) taken(conn document.ConnID, ops, size int) int {
	d.Helper()
	before := len(d.store.Log)
	for i := range ops {
		if d.closed[conn] != 0 {
			break
		}
		text := fmt.Sprintf(`{"type":"operation","event":"op","message_id":"%s-%d-%d","data":{"op":%q}}`, conn, d.now.UnixMilli(), i, strings.Repeat("x", size))
		f, err := protocol.Decode([]byte(text), protocol.Limits{})
		if err != nil {
			d.Fatal(err)
		}
		d.step(d.store.Received(conn, d.doc.User(conn), f, len(text)))
	}
	return len(d.store.Log) - before
}

// Power of the attacker: a member who writes without end in each of many documents. In
// each of them a share of the frames and bytes is taken.
//
// Holds: "a flood is refused frame by frame, with `retry_after`; then the connection is
// closed".
func TestAShareOfTheLimits(t *testing.T) {
	for _, c := range []struct{ share, frames, rate, bytes int }{
		{0, 1000, 100, 69},    // of an object that says nothing
		{1000, 1000, 100, 69}, // 4 MiB of 60 kB each
		{500, 500, 50, 34},
		{20, 100, 10, 1}, // of 200 documents: what a person types, and 82 kB
	} {
		d := shared(t, c.share)
		if ack, want := string(d.frame("c1", "connection_ack").Data), fmt.Sprintf(`"messages_per_second":%d,"messages_at_once":%d,`, c.rate, c.frames); !strings.Contains(ack, want) {
			t.Errorf("a share of %d: received %s", c.share, ack)
		}
		if got := d.taken("c1", c.frames+50, 1); got != c.frames {
			t.Errorf("a share of %d: %d frames at once, want %d", c.share, got, c.frames)
		}
		d.now = d.now.Add(6 * time.Second) // until then nothing may overtake what was refused
		if got := d.taken("c1", 650, 1); got != 6*c.rate {
			t.Errorf("a share of %d: %d frames after six seconds, want %d a second", c.share, got, c.rate)
		}
		d = shared(t, c.share)
		if got := d.taken("c1", 100, 60_000); got != c.bytes {
			t.Errorf("a share of %d: %d frames of 60 kB at once, want %d", c.share, got, c.bytes)
		}
	}
}

// Somebody with two hundred documents open types in one: no frame is refused.
func TestWithTheSmallestShareAPersonTypes(t *testing.T) {
	d := shared(t, 20)
	for range 120 { // two minutes, eight keys a second
		if got := d.taken("c1", 8, 100); got != 8 {
			t.Fatalf("after %v: %d of 8 are stored", d.now.Sub(start), got)
		}
		d.now = d.now.Add(time.Second)
	}
}

// A deployment that allows less than a person types allows no more for it.
func TestAShareIsNeverMoreThanTheLimit(t *testing.T) {
	d := newDesk(t)
	cfg := document.Config{}
	cfg.Conn.Flood.Frames = rate.Limit{Count: 2, Burst: 3}
	d.doc = document.New(cfg, "d")
	d.connectShared("c1", 20)
	if got := d.taken("c1", 50, 1); got != 3 {
		t.Errorf("%d are stored", got)
	}
}

// The newest grant's share counts, of a connect or of a new token, and outlives
// hibernation. What is pushed says nothing of it.
func TestTheNewestShareCounts(t *testing.T) {
	d := shared(t, 20)
	g := grantOf("ann")
	g.Epoch, g.Permissions = 2, 15
	d.step(document.GrantChanged{Grant: g})
	doc, err := document.Restore(document.Config{}, d.store.Snapshot(256))
	if err != nil {
		t.Fatal(err)
	}
	d.doc = doc
	if got := d.taken("c1", 300, 1); got != 100 {
		t.Errorf("awake again: %d", got)
	}
	d.says("c1", `{"type":"system","event":"token_refresh","data":{"token":"a.b.c"}}`)
	d.now = d.now.Add(20 * time.Second)
	d.says("c1", `{"type":"system","event":"token_refresh","data":{"token":"a.b.c"}}`)
	g.Share = 1000
	d.step(document.TokenVerified{Conn: "c1", Grant: g})
	if got := d.taken("c1", 1500, 1); got < 900 {
		t.Errorf("alone again: %d", got)
	}
	d.step(document.Disconnected{Conn: "c1"})
	d.now = d.now.Add(time.Second)
	d.connectShared("c2", 100)
	if got := d.taken("c2", 300, 1); got > 100 {
		t.Errorf("one of forty again: %d", got)
	}
}

// The attacker is a member who comes back under another client id whenever an allowance is
// used up: the frames are the user's, whatever the client is called.
func TestAnotherClientIDBringsNoNewAllowance(t *testing.T) {
	for _, clients := range []int{1, 2} {
		d := newDesk(t)
		cfg := document.Config{PerUser: clients}
		cfg.Conn.Flood.Frames = rate.Limit{Count: 2, Burst: 10}
		d.doc = document.New(cfg, "d")
		stored := 0
		for i := range 20 {
			conn := document.ConnID(fmt.Sprint("c", i))
			d.connect(conn, "ann", fmt.Sprint("client-", i))
			stored += d.taken(conn, 20, 1)
		}
		if stored > 10 {
			t.Errorf("%d clients at a time: %d ops are stored at once, of 10", clients, stored)
		}
		d.connect("b", "bob", "client-1")
		if got := d.taken("b", 5, 1); got != 5 {
			t.Errorf("another user's client of the same name: %d of 5 are stored", got)
		}
	}
}
