package document_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

func (d *desk) acks(conn document.ConnID, version uint64) {
	d.Helper()
	d.says(conn, fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, version))
}

// posts has a connection post a snapshot of one part.
func (d *desk) posts(conn document.ConnID, version uint64, data string) {
	d.Helper()
	d.says(conn, fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":"s-%s-%d","data":{"document_version":%d,"part":0,"parts":1,"data":%s}}`, conn, version, version, data))
}

// restores has an operator put the document back.
func (d *desk) restores(version, base uint64) (answer document.Restored) {
	d.Helper()
	for _, e := range d.step(d.store.RestoreTo(version, base, "olive")) {
		if r, ok := e.(document.Restored); ok {
			answer = r
		}
	}
	return answer
}

// content is what a client that comes anew is given: the snapshot's data and the ops.
func (d *desk) content(conn document.ConnID) (snapshot string, ops []string) {
	d.Helper()
	g := grantOf("another")
	g.Expires = d.now.Add(time.Hour)
	d.step(document.Connect{Conn: conn, Grant: g, ClientID: string(conn)})
	for ask := `{"from":0}`; ask != ""; {
		from := len(d.sent[conn])
		d.says(conn, `{"type":"operation","event":"sync_request","data":`+ask+`}`)
		ask = ""
		for _, f := range d.sent[conn][from:] {
			p, ok := protocol.ParseDocumentSync(f.Data)
			if f.Event != protocol.EventDocumentSync || !ok {
				continue
			}
			if p.Snapshot != nil {
				snapshot = string(p.Snapshot.Data)
			}
			for _, o := range p.Ops {
				if o.Op != nil {
					ops = append(ops, string(o.Op))
				}
			}
			if p.More {
				ask = string(protocol.SyncRequest{From: p.To}.Append(nil))
			}
		}
	}
	return snapshot, ops
}

// The attacker may write: as many ops as it likes, and as many snapshots, each false. Every
// op that was acknowledged within the keep time an operator can bring back, with one call.
//
// Holds: "a false snapshot is undone".
func TestWhatFalseSnapshotsReplaceCanBeRestored(t *testing.T) {
	const keep = time.Hour
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := newDesk(t)
		cfg := document.Config{
			KeepOps: 1 + rng.IntN(5), KeepReplaced: keep, SnapshotConfirm: time.Millisecond, Conn: serverconn.Config{Flood: rate.FloodLimits{Frames: rate.Limit{Count: 10_000}}},
		}
		if seed%2 == 1 { // nor does an operator's wish to keep less take away what is kept for that
			cfg.LogAge = time.Duration(1+rng.IntN(90)) * time.Minute
		}
		d.doc = document.New(cfg, "d")
		d.connect("ann", "ann", "a")
		d.connect("eve", "eve", "e")
		at := map[string]time.Time{}
		for i := range 60 {
			d.now = d.now.Add(time.Duration(rng.IntN(4)) * 3 * time.Minute)
			g := grantOf("ann")
			g.Expires = d.now.Add(time.Hour)
			d.step(document.TokenVerified{Conn: "ann", Grant: g})
			g = grantOf("eve")
			g.Expires = d.now.Add(time.Hour)
			d.step(document.TokenVerified{Conn: "eve", Grant: g})
			switch rng.IntN(4) {
			case 0, 1:
				id := fmt.Sprintf("real%d", i)
				d.writes("ann", id)
				at[id] = d.now
			case 2:
				for j := range rng.IntN(10) {
					d.writes("eve", fmt.Sprintf("filler%d.%d", i, j))
				}
			case 3:
				d.now = d.now.Add(time.Second)
				if v := d.doc.Snapshot().Version; v > 0 {
					d.posts("eve", v-uint64(rng.IntN(int(min(v, 3)))), `"false"`)
				}
			}
			d.store.Before = cfg.LogBefore(d.now)
			if rng.IntN(3) == 0 {
				d.step(d.store.Aged())
			}
			if rng.IntN(5) == 0 {
				doc, err := document.Restore(cfg, d.store.Snapshot(256))
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				d.doc = doc
			}
		}
		if len(at) == 0 {
			continue
		}
		// The oldest there is to begin with: nothing, or the oldest snapshot that is kept.
		base := uint64(0)
		if kept := d.doc.Kept(); kept > 0 {
			base = sim.NewestSnapshot
			for v := range d.store.Kept {
				if v >= kept {
					base = min(base, v)
				}
			}
		}
		if answer := d.restores(d.doc.Snapshot().Version, base); answer.Err != nil {
			t.Fatalf("seed %d: by snapshot %d: %v", seed, base, answer.Err)
		}
		_, ops := d.content("new")
		got := strings.Join(ops, " ") + " "
		for id, when := range at {
			if d.now.Sub(when) < keep && !strings.Contains(got, `"`+id+`" `) {
				t.Fatalf("seed %d: %s was stored %v ago and is gone; by snapshot %d there is %s", seed, id, d.now.Sub(when), base, got)
			}
		}
		if d.closed["ann"] == 0 || d.closed["eve"] == 0 {
			t.Fatalf("seed %d: who was there goes on as if nothing had been", seed)
		}
	}
}

// Who is notified of the restored document goes on with it alone, and a restore can be undone
// like anything else.
func TestARestoreIsUndone(t *testing.T) {
	d := newDesk(t)
	d.connect("ann", "ann", "a")
	for i := range 4 {
		d.writes("ann", fmt.Sprint("m", i))
	}
	d.posts("ann", 2, `"two"`)
	if answer := d.restores(3, sim.NewestSnapshot); answer.Version != 6 || answer.Snapshot != 5 || answer.Entries != 1 {
		t.Fatalf("restored as %+v", answer)
	}
	if s, ops := d.content("c1"); s != `"two"` || fmt.Sprint(ops) != `["m2"]` {
		t.Errorf("at version 3 there is %s and %s", s, ops)
	}
	if answer := d.restores(4, 2); answer.Version != 9 {
		t.Fatalf("restored as %+v", answer)
	}
	if s, ops := d.content("c2"); s != `"two"` || fmt.Sprint(ops) != `["m2" "m3"]` {
		t.Errorf("at version 4 there is %s and %s", s, ops)
	}
	lines := 0
	for _, e := range d.store.Audit {
		if e.Event == audit.Restored && e.By == "olive" {
			lines++
		}
	}
	if lines != 2 {
		t.Errorf("%d lines of two restores", lines)
	}
	for _, at := range [][2]uint64{{10, sim.NewestSnapshot}, {0, sim.NewestSnapshot}, {4, 3}, {1, 2}} {
		if answer := d.restores(at[0], at[1]); answer.Err == nil || answer.Err.Code != protocol.NotFound {
			t.Errorf("version %d by snapshot %d: %+v", at[0], at[1], answer)
		}
	}
	if len(d.sent["c2"]) > 0 && d.closed["c2"] != 0 {
		t.Error("what is refused closes somebody")
	}
}

// How much is kept is bounded in bytes, and what goes before its time is said.
//
// Holds: "a false snapshot is undone".
func TestWhatIsKeptIsBounded(t *testing.T) {
	d := newDesk(t)
	cfg := document.Config{KeepOps: 1, ReplacedBytes: 20_000, LogBytes: 10_000, Conn: serverconn.Config{Flood: rate.FloodLimits{Frames: rate.Limit{Count: 100_000}}}}
	d.doc = document.New(cfg, "d")
	d.connect("eve", "eve", "e")
	for i := range 2000 {
		d.writes("eve", fmt.Sprint("m", i))
		if i%50 == 49 {
			d.posts("eve", uint64(i+1), `"`+strings.Repeat("x", 200)+`"`)
		}
		bytes := uint64(0)
		for _, e := range d.store.Log {
			bytes += sim.Size(e)
		}
		for _, k := range d.store.Kept {
			bytes += uint64(k.Bytes)
		}
		if bytes > 20_000+10_000+1000 {
			t.Fatalf("after %d ops there are %d bytes", i+1, bytes)
		}
	}
	if d.doc.Kept() == 0 || len(d.store.Kept) < 3 {
		t.Errorf("kept from %d, %d snapshots", d.doc.Kept(), len(d.store.Kept))
	}
	said := 0
	for _, e := range d.store.Audit {
		if e.Event == audit.HistoryErased {
			said++
		}
	}
	if said == 0 {
		t.Error("what went before its time is not said")
	}
	// With time, everything goes but what the newest one replaced.
	d.store.Old(8 * 24 * time.Hour)
	d.writes("eve", "last")
	d.posts("eve", 2001, `"end"`)
	if len(d.store.Kept) != 2 {
		t.Errorf("%d snapshots are left: the document's, and the one before", len(d.store.Kept))
	}
	if answer := d.restores(2001, 2000); answer.Err != nil || answer.Entries != 1 {
		t.Errorf("the one before is restored as %+v", answer)
	}
}

// In company a snapshot is not ahead of everybody else. Somebody alone, and somebody whose
// company never acknowledges anything, can post one all the same.
//
// Holds: "a snapshot is not ahead of everybody else".
func TestASnapshotIsConfirmed(t *testing.T) {
	const refused, taken = "snapshot_unconfirmed", ""
	for _, c := range []struct {
		what string
		do   func(d *desk)
		want string
	}{
		{"alone", func(*desk) {}, taken},
		{"a client that joined late posts what it has, blank, while others are there", func(d *desk) { d.connect("ben", "ben", "b") }, refused},
		{"who joined has acknowledged nothing by that", func(d *desk) { d.connect("ben", "ben", "b"); d.acks("ben", 1) }, refused},
		{"its own acknowledgement", func(d *desk) { d.connect("ben", "ben", "b"); d.acks("ann", 2) }, refused},
		{"another tab of the same user", func(d *desk) {
			d.connect("ben", "ben", "b")
			d.step(document.Connect{Conn: "ann2", Grant: grantOf("ann"), ClientID: "other"})
			d.acks("ann2", 2)
			d.step(document.Connect{Conn: "ann", Grant: grantOf("ann"), ClientID: "a"})
		}, refused},
		{"one of two", func(d *desk) {
			d.connect("ben", "ben", "b")
			d.connect("cat", "cat", "c")
			d.acks("cat", 2)
		}, taken},
		{"a resume names what it has received", func(d *desk) {
			d.step(document.Connect{Conn: "ben", Grant: grantOf("ben"), ClientID: "b", LastSeq: 2, HasLastSeq: true})
		}, taken},
		{"who has acknowledged and is gone", func(d *desk) {
			d.connect("cat", "cat", "c")
			d.acks("cat", 2)
			d.step(document.Disconnected{Conn: "cat", Code: 1000})
			d.connect("ben", "ben", "b")
		}, refused},
		{"a reader that never acknowledges, for a minute", func(d *desk) {
			d.connect("ben", "ben", "b")
			d.now = d.now.Add(time.Minute)
		}, taken},
	} {
		d := newDesk(t)
		d.connect("ann", "ann", "a")
		d.writes("ann", "m1")
		d.writes("ann", "m2")
		c.do(d)
		conn := document.ConnID("ann")
		d.posts(conn, 2, `"blank"`)
		f := d.sent[conn][len(d.sent[conn])-1]
		reason := ""
		if f.Event == protocol.EventError {
			e, _ := protocol.ParseError(f.Data)
			reason = e.Reason
			if !e.Row().Recoverable || e.RetryAfter <= 0 {
				t.Errorf("%s: refused for good: %s", c.what, f.Data)
			}
		}
		if reason != c.want || (d.store.State.Snapshot == 2) != (c.want == taken) {
			t.Errorf("%s: %q, snapshot %d", c.what, reason, d.store.State.Snapshot)
		}
	}
}

// SNAPSHOT_LEVEL names who may. A snapshot is a line of the audit log: who, which, how large.
func TestWhoPostsASnapshot(t *testing.T) {
	for _, c := range []struct {
		level, has permission.Set
		may        bool
	}{
		{0, permission.Read | permission.Write, true},
		{0, permission.Read | permission.Comment, false},
		{permission.Moderate, permission.Read | permission.Write, false},
		{permission.Moderate, permission.Read | permission.Write | permission.Moderate, true},
		{permission.Admin, permission.Read | permission.Write | permission.Moderate, false},
		{permission.Moderate, permission.Read | permission.Write | permission.Admin, true},
	} {
		d := newDesk(t)
		d.doc = document.New(document.Config{SnapshotLevel: c.level}, "d")
		d.as("eve", "eve", permission.All)
		d.writes("eve", "m1")
		d.grants("eve", c.has, 2)
		d.posts("eve", 1, `"x"`)
		if got := d.store.State.Snapshot == 1; got != c.may {
			t.Errorf("%v where %v is asked for: %v", c.has.Names(), c.level.Names(), got)
		}
		n := 0
		for _, e := range d.store.Audit {
			if e.Event == audit.SnapshotTaken && e.UserID == "eve" && e.ClientID == "eve" && e.Detail == "version 1, 3 bytes" {
				n++
			}
		}
		if (n == 1) != c.may {
			t.Errorf("%d lines", n)
		}
	}
}
