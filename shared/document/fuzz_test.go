package document_test

import (
	"bytes"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
)

// script reads decisions from bytes; behind their end every one is 0.
type script struct {
	data []byte
}

func (s *script) more() bool { return len(s.data) > 0 }

func (s *script) pick(n int) int {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return int(b) % n
}

var (
	fuzzUsers   = []string{"u-ann", "u-ben", "u-cat"}
	fuzzClients = []string{"laptop", "phone"}
	fuzzPauses  = []time.Duration{0, time.Millisecond, time.Second, 10 * time.Second, 25 * time.Second, 30 * time.Second, time.Minute, 15 * time.Minute}
	fuzzFrames  = []string{
		`{"type":"operation","event":"op","message_id":"m1","data":{"op":1}}`,
		`{"type":"operation","event":"op","message_id":"m2","data":{"op":{"a":[1,2]}}}`,
		`{"type":"operation","event":"op","data":{"op":1}}`,
		`{"type":"operation","event":"sync_request","data":{"from":1}}`,
		`{"type":"operation","event":"sync_request","data":{"from":99999999999}}`,
		`{"type":"system","event":"ack","data":{"seq":1}}`,
		`{"type":"system","event":"ack","data":{"seq":9007199254740991}}`,
		`{"type":"system","event":"token_refresh","data":{"token":"a.b.c"}}`,
		`{"type":"system","event":"disconnect"}`,
		`{"type":"system","event":"connection_init"}`,
		`{"type":"system","event":"ping","message_id":"p"}`,
		`{"type":"presence","event":"update","data":{"data":[1]}}`,
		`{"type":"presence","event":"state"}`,
		`{"type":"comment","event":"resolve"}`,
		`{"type":"comment","event":"create","message_id":"m3","data":{"body":"b","anchor":1}}`,
		`{"type":"comment","event":"reply","message_id":"m4","data":{"comment_id":"1","body":"b"}}`,
		`{"type":"comment","event":"resolve","message_id":"m5","data":{"comment_id":"1"}}`,
		`{"type":"comment","event":"resolve","message_id":"m6","data":{"comment_id":"2"}}`,
		`{"type":"operation","event":"snapshot","message_id":"s1","data":{"document_version":1,"part":0,"parts":1,"data":1}}`,
		`{"type":"operation","event":"snapshot","message_id":"s2","data":{"document_version":2,"part":0,"parts":2,"data":[2]}}`,
		`{"type":"operation","event":"snapshot","message_id":"s3","data":{"document_version":2,"part":1,"parts":2,"data":"x"}}`,
		`{"type":"operation","event":"snapshot","message_id":"s4","data":{"document_version":3,"part":0,"parts":1,"data":"too long for the limit of this document"}}`,
		`{"type":"operation","event":"lock","message_id":"l1","data":{"section":"intro","ttl":10000}}`,
		`{"type":"operation","event":"lock","data":{"section":"end"}}`,
		`{"type":"operation","event":"unlock","message_id":"l2","data":{"section":"intro"}}`,
		`{"type":"operation","event":"op","message_id":"m7","data":{"op":1,"section":"intro"}}`,
		`{"type":"operation","event":"sync_request","data":{"from":0,"snapshot":2,"part":1}}`,
		`{"type":"app","event":"app_start"}`,
		`{`,
	}
	fuzzCodes = []protocol.Code{protocol.AuthenticationFailed, protocol.InsufficientPermissions, protocol.ServiceUnavailable, "NO_SUCH_CODE"}
)

// rig drives a document by a script, with its storage, and a twin that is
// restored from the snapshot before every single step.
type rig struct {
	t     *testing.T
	s     *script
	cfg   document.Config
	doc   *document.Document
	store *sim.DocumentStorage
	watch *sim.DocumentWatch
	now   time.Time
	conns []document.ConnID
	// forgotten are users who were erased, and when.
	forgotten map[string]forgotten
}

type forgotten struct {
	at      time.Time
	version uint64
	names   bool
}

// received is the event of a frame on any connection.
func (r *rig) received(f protocol.Frame, size int) document.Event {
	conn := r.conn()
	return r.store.Received(conn, r.doc.User(conn), f, size)
}

func (r *rig) conn() document.ConnID {
	if len(r.conns) == 0 {
		return "none"
	}
	return r.conns[len(r.conns)-1-r.s.pick(min(4, len(r.conns)))]
}

func (r *rig) grant() document.Grant {
	g := document.Grant{
		UserID: fuzzUsers[r.s.pick(len(fuzzUsers))], Permissions: []uint8{7, 1, 31, 0}[r.s.pick(4)],
		Epoch: uint64(r.s.pick(4)), Locked: r.s.pick(8) == 7, AccessAt: r.now.Add(-fuzzPauses[r.s.pick(len(fuzzPauses))]),
		Expires:    r.now.Add([]time.Duration{15 * time.Minute, time.Minute, -time.Second, time.Hour}[r.s.pick(4)]),
		AdmittedAt: r.now, Access: uint64(r.s.pick(4)), Share: []int{0, 1000, 20}[r.s.pick(3)],
	}
	g.SessionID = g.UserID + []string{"-1", "-2"}[r.s.pick(2)]
	if r.s.pick(16) == 15 {
		g.Expires = time.Time{}
	}
	return g
}

func (r *rig) seen() time.Time {
	if r.s.pick(2) == 0 {
		return time.Time{}
	}
	return r.now.Add(-fuzzPauses[r.s.pick(len(fuzzPauses))])
}

func (r *rig) event() document.Event {
	switch r.s.pick(14) {
	case 12:
		return r.post()
	case 13:
		return r.erasure()
	case 0, 1:
		c := document.Connect{
			Conn:  document.ConnID([]string{"c", "d"}[r.s.pick(2)] + string(rune('a'+len(r.conns)%26)) + string(rune('a'+len(r.conns)/26%26))),
			Grant: r.grant(), ClientID: fuzzClients[r.s.pick(2)], Redial: r.s.pick(4) == 3,
			LastSeq: uint64(r.s.pick(5)), HasLastSeq: r.s.pick(2) == 1,
		}
		if at := r.seen(); !at.IsZero() {
			for _, conn := range r.doc.Current(c.Grant.UserID) {
				c.Seen = append(c.Seen, document.Seen{Conn: conn, At: at})
			}
		}
		if r.s.pick(2) == 1 {
			c.SessionID = c.Grant.SessionID
		}
		if r.s.pick(32) == 31 {
			c.LastSeq = 1<<64 - 1
		}
		if r.s.pick(3) == 2 {
			c.Position = document.ParsePosition([]string{"g1.2.1.0", "g1.2.3.2", "g3.4.2.2", "other"}[r.s.pick(4)])
			r.store.LookUp(&c)
		}
		if c.Known = r.doc.Knows(c.Grant.UserID, c.ClientID); !c.Known {
			c.Receipts = r.store.Receipts(c.Grant.UserID, c.ClientID, r.cfg.Unacknowledged)
		}
		r.conns = append(r.conns, c.Conn)
		return c
	case 2, 3, 4:
		text := []byte(fuzzFrames[r.s.pick(len(fuzzFrames))])
		f, e := protocol.Decode(text, protocol.Limits{})
		if e != nil {
			return document.FrameInvalid{Conn: r.conn(), Err: e, Size: len(text)}
		}
		return r.received(f, len(text))
	case 5:
		return document.Disconnected{Conn: r.conn(), Code: 1006, Seen: r.seen()}
	case 6:
		return document.SendFailed{Conn: r.conn()}
	case 7:
		return document.Woken{Seen: []document.Seen{{Conn: r.conn(), At: r.seen()}, {Conn: r.conn(), At: r.seen()}}}
	case 8:
		if r.s.pick(2) == 0 {
			return document.TokenRefused{Conn: r.conn(), Err: &protocol.Error{Code: fuzzCodes[r.s.pick(len(fuzzCodes))]}}
		}
		return document.TokenVerified{Conn: r.conn(), Grant: r.grant()}
	case 9:
		return document.GrantChanged{Grant: r.grant()}
	case 10:
		switch r.s.pick(8) {
		case 5:
			return document.Listed{Workspace: []string{"w", "x"}[r.s.pick(2)], Changed: r.s.pick(2) == 1}
		case 6:
			return document.AccessChanged{}
		case 7:
			return document.Erase{Generation: r.store.Generation()}
		}
		return document.LockRequested{Locked: r.s.pick(2) == 1, Reason: "audit"}
	default:
		g := r.grant()
		return document.Notified{UserID: g.UserID, ClientID: fuzzClients[r.s.pick(2)], SessionID: g.SessionID, OK: r.s.pick(2) == 0}
	}
}

// erasure is what an operator erases, and what ends a user's channels before that.
func (r *rig) erasure() document.Event {
	user := fuzzUsers[r.s.pick(len(fuzzUsers))]
	switch r.s.pick(4) {
	case 0:
		return r.store.CommentErasure(uint64(1+r.s.pick(4)), "olive")
	case 1:
		return document.End{UserID: user, Fence: uint64(r.s.pick(4)), Kick: uint64(r.s.pick(4)), Before: r.now.Add(-fuzzPauses[r.s.pick(len(fuzzPauses))]), AdmittedAt: r.now}
	default:
		return r.store.Forget(user, r.s.pick(2) == 1, r.s.pick(4) == 3, "olive")
	}
}

// silent holds what was erased to this: for as long as anything of before may arrive, nothing
// that is sent or stored names the user, unless somebody comes under that name again.
func (r *rig) silent(ev document.Event, effects []document.Effect) {
	switch e := ev.(type) {
	case document.Connect:
		if _, in := effects[0].(document.Accept); in {
			delete(r.forgotten, e.Grant.UserID)
		}
	case document.Post:
		delete(r.forgotten, e.UserID)
	case document.Forget:
		r.forgotten[e.UserID] = forgotten{r.now, r.store.Version(), e.Names}
		return // its last words are of before the answer
	}
	for _, user := range fuzzUsers {
		f, erased := r.forgotten[user]
		if !erased || f.names || r.now.Sub(f.at) >= 5*time.Minute {
			continue
		}
		for _, e := range effects {
			if s, ok := e.(document.Send); ok && bytes.Contains(s.Text, []byte(user)) {
				r.t.Fatalf("%T: sent %s, and %s was erased", ev, s.Text, user)
			}
		}
		if where := r.store.Mentions(user, func(document.Entry) bool { return false }); where != "" {
			r.t.Fatalf("%T: stored is %s, and %s was erased", ev, where, user)
		}
	}
}

// post is what a server sends, in anybody's name.
func (r *rig) post() document.Event {
	e := document.Post{ClientID: fuzzClients[r.s.pick(2)], Force: r.s.pick(4) == 3, HasIf: r.s.pick(4) == 3, IfVersion: uint64(r.s.pick(4)), By: "olive"}
	if r.s.pick(2) == 1 {
		g := r.grant()
		e.UserID, e.Grant = g.UserID, &g
	}
	for range 1 + r.s.pick(3) {
		f, err := protocol.Decode([]byte(fuzzFrames[r.s.pick(len(fuzzFrames))]), protocol.Limits{})
		if err != nil {
			continue
		}
		received := r.store.Received("", e.UserID, f, 0)
		e.Frames = append(e.Frames, document.PostedFrame{Frame: f, CommentOpen: received.CommentOpen, Share: received.Share})
	}
	if !r.doc.KnowsPoster(e.UserID, e.ClientID) {
		e.Receipts = r.store.Receipts(e.UserID, e.ClientID, r.cfg.Unacknowledged)
	}
	return e
}

func (r *rig) step(ev document.Event) {
	// The twin lives on the memory's own snapshot: alike in everything.
	twin, err := document.Restore(r.cfg, r.doc.Snapshot())
	if err != nil {
		r.t.Fatalf("a snapshot does not restore: %v", err)
	}
	r.watch.Event(ev)
	got := r.doc.Step(r.now, ev)
	if err := r.watch.Effects(ev, got); err != nil {
		r.t.Fatalf("%T: %v", ev, err)
	}
	if want := twin.Step(r.now, ev); len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		r.t.Fatalf("%T: restored from its snapshot it does otherwise:\n%+v\n%+v", ev, got, want)
	}
	at, ok := r.doc.Deadline()
	// That it has looked for silence is in memory: a twin may look once more, and earlier.
	if later, alike := twin.Deadline(); ok != alike || later.Before(at) && later.After(r.now.Add(r.cfg.Channel.HeartbeatTimeout)) {
		r.t.Fatalf("%T: deadline %v %v, of its twin %v %v", ev, at, ok, later, alike)
	}
	var answers []document.Event
	for _, e := range got {
		r.store.Apply(e)
		if answer, ok := r.store.Deliver(e, 200, func([]byte) {}); ok {
			answers = append(answers, answer)
		}
	}
	if err := r.watch.State(r.doc.Snapshot(), r.store); err != nil {
		r.t.Fatalf("after %T: %v", ev, err)
	}
	r.silent(ev, got)
	if _, woken := ev.(document.Woken); woken && ok && !at.After(r.now) {
		r.t.Fatalf("woken at %v, due again at %v", r.now, at)
	}
	for _, answer := range answers {
		r.step(answer)
	}
}

func FuzzStep(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 5, 0, 3, 7, 0, 0})
	seed := make([]byte, 512)
	for i := range seed {
		seed[i] = byte(i*i*7 + i>>3)
	}
	f.Add(seed)
	f.Fuzz(play)
}

// TestScripts plays random scripts, one of each seed.
func TestScripts(t *testing.T) {
	random.Each(t, 300, 100, func(seed uint64) {
		data := make([]byte, 600)
		for i, rng := 0, random.Of(seed, 1); i < len(data); i++ {
			data[i] = byte(rng.IntN(256))
		}
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { play(t, data) })
	})
}

func play(t *testing.T, data []byte) {
	cfg := document.Config{
		Conn: serverconn.Config{
			InvalidFrames: 3, WindowBytes: 1200, Flood: rate.FloodLimits{Frames: rate.Limit{Count: 1, Burst: 12}, MaxRefused: 4},
		},
		MaxMembers: 2, Unacknowledged: 3, MaxReplay: 3, SlowAfter: 20 * time.Second, KeepOps: 1, MaxComments: 2, MaxSections: 2, SnapshotBytes: 30, SnapshotParts: 2,
	}.WithDefaults()
	r := &rig{
		t: t, s: &script{data: data}, cfg: cfg, doc: document.New(cfg, "d"),
		store: sim.NewDocumentStorage("d"), watch: sim.NewDocumentWatch(0), now: start, forgotten: map[string]forgotten{},
	}
	for n := 0; r.s.more() && n < 200; n++ {
		r.now = r.now.Add(fuzzPauses[r.s.pick(len(fuzzPauses))])
		r.step(r.event())
		if r.s.pick(8) == 7 {
			doc, err := document.Restore(cfg, r.store.Asleep(cfg.Unacknowledged))
			if err != nil {
				t.Fatalf("what was stored does not restore: %v", err)
			}
			r.doc = doc
		}
	}
}

// FuzzRestore makes rows no document made: an error, or a document that steps.
func FuzzRestore(f *testing.F) {
	f.Add([]byte{1, 0, 1, 1, 0, 0})
	f.Add([]byte{3, 1, 2, 3, 0, 1, 9, 8, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{data: data}
		cfg := document.Config{}
		when := func() time.Time {
			return []time.Time{{}, start, start.Add(-time.Hour), start.Add(time.Hour), time.Unix(1<<40, 0)}[s.pick(5)]
		}
		snap := document.Snapshot{DocumentID: "d", Version: uint64(s.pick(3)), Receipts: [][]document.Receipt{
			{{MessageID: "m1", Version: uint64(s.pick(4))}},
		}}
		for range s.pick(4) {
			user := append([]string{""}, fuzzUsers...)[s.pick(4)]
			row := document.Row{
				Channel: channel.Row{
					UserID: user, ClientID: fuzzClients[s.pick(2)], SessionID: []string{"", "x"}[s.pick(2)],
					State: channel.State(s.pick(6)), Conn: []document.ConnID{"", "c1", "c2"}[s.pick(3)], ConnectedAt: when(), Seen: when(),
					Pings: s.pick(2) == 1, GraceUntil: when(), Acked: uint64(s.pick(4)), Expires: when(), Noticed: s.pick(2) == 1, NoticeAt: when(),
				},
				Grant:     document.Grant{UserID: user, Permissions: uint8(s.pick(32)), Epoch: uint64(s.pick(3)), Expires: when()},
				Notifying: s.pick(2) == 1, NotifyNext: when(), Tries: s.pick(100) - 1,
				Behind: s.pick(4) == 3, Pushed: uint64(s.pick(3)), DrySince: when(), Confirms: s.pick(2) == 1,
			}
			snap.Channels = append(snap.Channels, row)
		}
		d, err := document.Restore(cfg, snap)
		if err != nil {
			return
		}
		d.Deadline()
		now := start
		for _, ev := range []document.Event{
			document.Woken{}, document.FrameReceived{Conn: "c1", Frame: protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventOp, MessageID: "m", Data: []byte(`{"op":1}`)}},
			document.Connect{Conn: "new", Grant: document.Grant{UserID: "u-ann", Permissions: 31}}, document.Disconnected{Conn: "c2"}, document.Woken{},
		} {
			for _, e := range d.Step(now, ev) {
				if e == nil {
					t.Fatal("a nil effect")
				}
			}
			now = now.Add(time.Minute)
			d.Deadline()
		}
		if _, err := document.Restore(cfg, d.Snapshot()); err != nil {
			t.Fatalf("its own snapshot does not restore: %v", err)
		}
	})
}
