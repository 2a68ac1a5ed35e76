package document_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// TestFullForLonger: who finds the document full again is sent away for twice as long, and
// not everybody for the same time.
//
// Holds: "a full document says so".
func TestFullForLonger(t *testing.T) {
	d := newDesk(t)
	for i := range 100 {
		id := strconv.Itoa(i)
		d.connect(document.ConnID("c"+id), "u"+id, "a")
	}
	try := func(user string, n int) time.Duration {
		conn := document.ConnID(user + strconv.Itoa(n))
		d.connect(conn, user, "a")
		e, _ := protocol.ParseError(d.frame(conn, "error").Data)
		d.step(document.Notified{UserID: user, ClientID: "a", SessionID: "session-of-" + user, OK: true})
		return e.RetryAfter
	}
	waits := map[time.Duration]bool{}
	for _, user := range []string{"zoe", "zack", "zita", "zeno"} {
		waits[try(user, 0)] = true
	}
	if len(waits) != 4 {
		t.Errorf("four are sent away for %v", waits)
	}
	wait := try("yan", 0)
	if wait < 30*time.Second || wait > 38*time.Second {
		t.Errorf("at first for %v", wait)
	}
	for n := 1; n < 4; n++ {
		d.now = d.now.Add(wait)
		again := try("yan", n)
		if again < 2*wait-time.Millisecond || again > 2*wait+time.Second {
			t.Errorf("for %v, then for %v", wait, again)
		}
		wait = again
	}
	d.says("c1", `{"type":"system","event":"disconnect"}`)
	d.connect("in", "yan", "a")
	if d.closed["in"] != 0 {
		t.Error("rejected from a document with a free place")
	}
}

// Power of the attacker: a member who reads as fast as it can, answers every ping, and asks
// for the log over and over, with several questions at once and over new connections.
//
// Holds: "nobody slows a document by asking for its log".
func TestWhoAsksForTheLogAgainAndAgain(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	for i := range 2000 {
		d.says("c1", fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":%q}}`, i, strings.Repeat("x", 1000)))
		d.pongs("c1")
	}
	d.connect("c2", "ben", "b")
	began, got, refused := d.now, 0, 0
	conn := document.ConnID("c2")
	for n := 0; d.now.Sub(began) < 30*time.Second; n++ {
		for range 4 {
			d.says(conn, `{"type":"operation","event":"sync_request","message_id":"s","data":{"from":0}}`)
		}
		d.now = d.now.Add(20 * time.Millisecond)
		if at, ok := d.doc.Deadline(); ok && !at.After(d.now) {
			d.step(document.Woken{})
		}
		received := d.sent[conn]
		d.sent[conn] = nil
		for _, f := range received {
			got += len(f.Data)
			if f.Event == "ping" {
				d.says(conn, string(f.Pong().Append(nil)))
			}
			if f.Event == "error" {
				refused++
				if e, _ := protocol.ParseError(f.Data); e.Code != protocol.RateLimitExceeded || e.Reason != "too_many_syncs" || e.MessageID != "s" || e.RetryAfter <= 0 || e.RetryAfter > 2*time.Second {
					t.Fatalf("refused with %+v", e)
				}
			}
		}
		if n%200 == 199 {
			d.step(document.Disconnected{Conn: conn})
			conn = document.ConnID(fmt.Sprint("c2-", n))
			d.step(document.Connect{Conn: conn, Grant: grantOf("ben"), ClientID: "b", SessionID: "session-of-ben", HasLastSeq: true})
		}
	}
	if most := 4<<20 + 31<<20 + 1<<20; got > most || got < 30<<20 {
		t.Errorf("%d bytes in 30 s, want 1 MiB a second and 4 MiB at once", got)
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}

// A first sync of a log that is longer than anybody's share gets to its end, and so does a
// resume that has missed more.
//
// Holds: "nobody slows a document by asking for its log".
func TestALongLogIsReceivedToItsEnd(t *testing.T) {
	d := newDesk(t)
	d.doc = document.New(document.Config{Conn: serverconn.Config{Flood: rate.FloodLimits{Frames: rate.Limit{Count: 10_000}, Bytes: rate.Limit{Count: 1 << 30}}}, History: rate.Limit{Count: 100_000, Burst: 300_000}}, "d")
	d.connect("c1", "ann", "a")
	const entries = 900
	for i := range entries {
		d.says("c1", fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":%q}}`, i, strings.Repeat("x", 1000)))
		d.pongs("c1")
	}
	run := func(conn document.ConnID, until func() bool) {
		for began := d.now; !until(); {
			if d.now.Sub(began) > 30*time.Second {
				t.Fatalf("%s has not received all after 30 s", conn)
			}
			d.now = d.now.Add(50 * time.Millisecond)
			d.step(document.Woken{})
			d.pongs(conn)
		}
	}
	d.connect("c2", "ben", "b")
	d.says("c2", `{"type":"operation","event":"sync_request","data":{"from":0}}`)
	received := uint64(0)
	run("c2", func() bool {
		for _, f := range d.sent["c2"] {
			p, ok := protocol.ParseDocumentSync(f.Data)
			if f.Event != protocol.EventDocumentSync || !ok {
				continue
			}
			if p.From != received+1 {
				t.Fatalf("received %d, and then from %d", received, p.From)
			}
			if received = p.To; p.More {
				d.says("c2", fmt.Sprintf(`{"type":"operation","event":"sync_request","data":{"from":%d}}`, received))
			}
		}
		d.sent["c2"] = nil
		return received == entries
	})
	d.step(document.Disconnected{Conn: "c2"})
	d.step(document.Connect{Conn: "c3", Grant: grantOf("ben"), ClientID: "b", SessionID: "session-of-ben", HasLastSeq: true, LastSeq: 10})
	received = 10
	run("c3", func() bool {
		for _, f := range d.sent["c3"] {
			if f.Seq > 0 {
				if f.Seq != received+1 {
					t.Fatalf("received %d, and then %d", received, f.Seq)
				}
				received = f.Seq
			}
		}
		d.sent["c3"] = nil
		return received == entries
	})
}

// The clock goes back an hour, while the object is awake and while it is not: nothing waits
// for the hour to pass.
func TestTheClockGoesBack(t *testing.T) {
	for _, asleep := range []bool{false, true} {
		d := newDesk(t)
		d.doc = document.New(document.Config{}, "d")
		d.connect("c1", "ann", "a")
		d.connect("c2", "ben", "b")
		d.connect("c3", "cat", "c")
		d.says("c1", `{"type":"operation","event":"lock","message_id":"l","data":{"section":"s","ttl":60000}}`)
		d.step(document.Woken{Seen: []document.Seen{{Conn: "c2", At: d.now}}}) // it pings
		d.step(document.Disconnected{Conn: "c3"})
		for i := range 1100 {
			d.writes("c1", fmt.Sprint("m", i))
		}
		for range 30 {
			d.says("c1", `{"type":"presence","event":"update","data":{"data":"last"}}`)
		}
		back := d.now.Add(-time.Hour)
		d.now = back
		if asleep {
			doc, err := document.Restore(document.Config{}, d.store.Snapshot(256))
			if err != nil {
				t.Fatal(err)
			}
			d.doc = doc
			d.step(document.Woken{Seen: []document.Seen{{Conn: "c2", At: back.Add(time.Hour)}}}) // that it pings is in the runtime's record alone
		}
		var left, gone time.Duration
		for range 700 {
			d.now = d.now.Add(100 * time.Millisecond)
			for _, e := range d.step(document.Woken{Seen: []document.Seen{{Conn: "c1", At: d.now}}}) {
				switch e := e.(type) {
				case document.Close:
					if e.Conn == "c2" {
						left = d.now.Sub(back)
					}
				case document.Notify:
					if e.UserID == "cat" && gone == 0 {
						gone = d.now.Sub(back)
					}
				}
			}
		}
		if left == 0 || left > 26*time.Second {
			t.Errorf("asleep %v: who fell silent was closed after %v", asleep, left)
		}
		if gone == 0 || gone > 31*time.Second {
			t.Errorf("asleep %v: grace was over after %v", asleep, gone)
		}
		if len(d.store.Sections) > 0 {
			t.Errorf("asleep %v: the section is locked still", asleep)
		}
		d.writes("c1", "after")            // the bucket begins to fill with the first look at it
		d.now = d.now.Add(7 * time.Second) // and it is not to overtake what was refused before it
		d.writes("c1", "after")
		if n := len(d.store.Log); d.store.Log[n-1].MessageID != "after" {
			t.Errorf("asleep %v: writing is refused still: %s", asleep, d.frame("c1", "error").Data)
		}
		if f := d.frame("c2", "update"); !asleep && !strings.Contains(string(f.Data), `"last"`) {
			t.Errorf("the last presence was not passed on: %s", f.Data)
		}
	}
}

// Presence at 250 a second for a minute, as a fast mouse makes it, and then none: nothing is
// refused, the connection lives, ops are taken, and the last is what the others see. Ten times
// as much is a flood, and ends.
//
// Holds: "presence never holds up an op".
func TestAFastMouse(t *testing.T) {
	for _, each := range []int{1, 10} {
		d := newDesk(t)
		d.doc = document.New(document.Config{}, "d")
		d.connect("c1", "ann", "a")
		d.connect("c2", "ben", "b")
		last := ""
		for n := 0; n < 15_000 && d.closed["c1"] == 0; n++ {
			d.now = d.now.Add(4 * time.Millisecond)
			for range each {
				last = fmt.Sprint(n)
				d.says("c1", `{"type":"presence","event":"update","data":{"data":`+last+`}}`)
			}
			if n%125 == 0 && d.closed["c1"] == 0 {
				d.writes("c1", fmt.Sprint("m", n))
			}
			if at, ok := d.doc.Deadline(); ok && !at.After(d.now) {
				d.step(document.Woken{})
			}
			d.pongs("c2")
		}
		if (d.closed["c1"] != 0) != (each > 1) {
			t.Fatalf("%d at a time: closed %d", each, d.closed["c1"])
		}
		if each > 1 {
			continue
		}
		if len(d.store.Log) != 120 {
			t.Errorf("%d of 120 ops", len(d.store.Log))
		}
		d.now = d.now.Add(time.Second)
		d.step(document.Woken{})
		p, _ := protocol.ParsePresence(d.frame("c2", "update").Data)
		if string(p.Data) != last {
			t.Errorf("ben sees %s, ann shows %s", p.Data, last)
		}
		updates := 0
		for _, f := range d.sent["c2"] {
			if f.Event == "update" {
				updates++
			}
		}
		if updates > 61*20+21 {
			t.Errorf("%d in a minute", updates)
		}
	}
}

// Power of the attacker: a member who may lock sections, and does, again and again. Others
// learn of it within the share that presence has, and in the end as it is.
func TestLocksHaveAShare(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.as("c2", "mo", 31)
	for range 3 {
		for i := range 250 {
			d.says("c2", fmt.Sprintf(`{"type":"operation","event":"lock","message_id":"l","data":{"section":"section %d"}}`, i))
			d.pongs("c2")
		}
		for i := range 249 {
			d.says("c2", fmt.Sprintf(`{"type":"operation","event":"unlock","message_id":"u","data":{"section":"section %d"}}`, i))
			d.pongs("c2")
		}
	}
	received := 0
	for _, f := range d.sent["c1"] {
		received += len(f.Data)
	}
	if received > 128<<10+64<<10 {
		t.Errorf("%d bytes before ann has read any", received)
	}
	d.writes("c2", "m1")
	for range 3 {
		d.pongs("c1")
	}
	if f := d.frame("c1", "locks"); strings.Count(string(f.Data), "section 249") != 1 || strings.Count(string(f.Data), `"until"`) != 1 {
		t.Errorf("ann has received %s", f.Data)
	}
}
