package document_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func op(id string, more ...string) string {
	return fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":%q%s}}`, id, id, strings.Join(more, ""))
}

// post steps what a server sends, with what a shell looks up for it.
func (d *desk) post(e document.Post, texts ...string) (answer document.Posted) {
	d.Helper()
	for _, text := range texts {
		f, err := protocol.Decode([]byte(text), protocol.DefaultLimits)
		if err != nil {
			d.Fatal(err)
		}
		r := d.store.Received("", e.UserID, f, len(text))
		e.Frames = append(e.Frames, document.PostedFrame{Frame: f, CommentOpen: r.CommentOpen, Share: r.Share})
	}
	if !d.doc.KnowsPoster(e.UserID, e.ClientID) {
		e.Receipts = d.store.Receipts(e.UserID, e.ClientID, 256)
	}
	answered := false
	for _, out := range d.step(e) {
		if p, ok := out.(document.Posted); ok {
			answer, answered = p, true
		}
	}
	if !answered {
		d.Fatal("a Post without an answer")
	}
	return answer
}

// reads is what a server reads from a version on, page by page, in lines of at most so many.
func (d *desk) reads(after uint64, lines, bytes int) (all []string) {
	d.Helper()
	place, more := document.Place{After: after}, true
	for pages := 0; more; pages++ {
		n := 0
		place, more = d.doc.Content(place, lines, bytes, d.store, func(line []byte) {
			all = append(all, string(line))
			n++
		})
		if n > lines || n == 0 && more || pages > 10_000 {
			d.Fatalf("a page of %d lines, %v, at %+v", n, more, place)
		}
	}
	if place != (document.Place{After: d.doc.Version()}) {
		d.Fatalf("read up to %+v of %d", place, d.doc.Version())
	}
	return all
}

func server(client string) document.Post { return document.Post{ClientID: client, By: "olive"} }

func inNameOf(user string, may permission.Set) document.Post {
	g := grantOf(user)
	g.Permissions = uint8(may)
	return document.Post{UserID: user, ClientID: "import", Grant: &g, By: "key:import"}
}

// What a server posts is in the log in its order and with one answer; a repeat changes nothing,
// whichever way the first came, after a restart too.
func TestAPostIsStoredOnce(t *testing.T) {
	d := newDesk(t)
	d.connect("ann", "ann", "a")
	if got := d.post(server("server"), op("1"), op("2"), op("1")); got.Err != nil || fmt.Sprint(got.Entries) != "[{1 1 false false} {2 2 false false} {1 1 false true}]" {
		t.Fatalf("%+v", got)
	}
	d.writes("ann", "own")
	restart := func() {
		doc, err := document.Restore(document.Config{}, d.store.Snapshot(256))
		if err != nil {
			t.Fatal(err)
		}
		d.doc = doc
	}
	for range 2 {
		if got := d.post(server("server"), op("2")); fmt.Sprint(got.Entries) != "[{2 2 false true}]" {
			t.Errorf("%+v", got)
		}
		e := inNameOf("ann", permission.Write|permission.Read)
		e.ClientID = "a"
		if got := d.post(e, op("own")); fmt.Sprint(got.Entries) != "[{own 3 false true}]" {
			t.Errorf("what a socket has sent: %+v", got)
		}
		restart()
	}
	// The other way round: what was posted in a client's name its socket repeats.
	e := inNameOf("ann", permission.Write|permission.Read)
	e.ClientID = "a"
	if got := d.post(e, op("posted")); fmt.Sprint(got.Entries) != "[{posted 4 false false}]" {
		t.Errorf("%+v", got)
	}
	d.step(document.Connect{Conn: "ann2", Grant: grantOf("ann"), ClientID: "a", Known: d.doc.Knows("ann", "a")})
	d.writes("ann2", "posted")
	if d.doc.Version() != 4 {
		t.Errorf("stored again: %d", d.doc.Version())
	}
	// Other servers have message ids of their own.
	if got := d.post(server("server/b"), op("1")); fmt.Sprint(got.Entries) != "[{1 5 false false}]" {
		t.Errorf("%+v", got)
	}
}

// Everybody who is connected is sent it as any other op; the client in whose name it is as its
// own, with its op.
func TestAPostReachesSockets(t *testing.T) {
	d := newDesk(t)
	d.connect("ann", "ann", "a")
	d.connect("ben", "ben", "b")
	e := inNameOf("ann", permission.All)
	e.ClientID = "a"
	d.post(e, op("1"), `{"type":"comment","event":"create","message_id":"2","data":{"body":"hi","anchor":7}}`)
	d.post(server("server"), op("3"))
	last := func(conn document.ConnID) (texts []string) {
		for _, f := range d.sent[conn][len(d.sent[conn])-3:] {
			texts = append(texts, fmt.Sprintf("%s %s %s %d %s", f.Type, f.Event, f.MessageID, f.Seq, f.Data))
		}
		return texts
	}
	for conn, want := range map[document.ConnID][]string{
		"ann": {
			`operation operation_ack 1 1 {"document_version":1,"op":"1","user_id":"ann","client_id":"a"}`, `operation operation_ack 2 2 {`,
			`operation op  3 {"op":"3","document_version":3,"client_id":"server"}`,
		},
		"ben": {
			`operation op  1 {"op":"1","document_version":1,"user_id":"ann","client_id":"a"}`, `comment create  2 {"comment_id":"2"`,
			`operation op  3 {"op":"3","document_version":3,"client_id":"server"}`,
		},
	} {
		for i, got := range last(conn) {
			if !strings.HasPrefix(got, want[i]) {
				t.Errorf("%s received %s\n want %s", conn, got, want[i])
			}
		}
	}
}

// A post is refused as a whole, and says which of its frames is why.
func TestAPostIsRefusedAsAWhole(t *testing.T) {
	reply := `{"type":"comment","event":"reply","message_id":"r","data":{"comment_id":"9","body":1}}`
	for name, c := range map[string]struct {
		prepare func(d *desk, e *document.Post)
		texts   []string
		code    protocol.Code
		reason  string
		at      int
	}{
		"a viewer's name":    {nil, []string{op("1")}, protocol.InsufficientPermissions, "", 0},
		"a commenter's op":   {func(_ *desk, e *document.Post) { e.Grant.Permissions |= uint8(permission.Comment) }, []string{reply[:0] + `{"type":"comment","event":"create","message_id":"c","data":{"body":1}}`, op("1")}, protocol.InsufficientPermissions, "", 1},
		"no such comment":    {all, []string{op("1"), reply}, protocol.NotFound, "comment_not_found", 1},
		"resolved in it":     {open, []string{`{"type":"comment","event":"resolve","message_id":"x","data":{"comment_id":"1"}}`, `{"type":"comment","event":"reply","message_id":"y","data":{"comment_id":"1","body":1}}`}, protocol.NotFound, "comment_not_found", 1},
		"no op":              {all, []string{op("1"), `{"type":"operation","event":"op","message_id":"x","data":{}}`}, protocol.MalformedMessage, "op_missing", 1},
		"no body":            {all, []string{`{"type":"comment","event":"create","message_id":"x","data":{}}`}, protocol.MalformedMessage, "body_missing", 0},
		"no message id":      {all, []string{`{"type":"operation","event":"op","data":{"op":1}}`}, protocol.MalformedMessage, "message_id_missing", 0},
		"another event":      {all, []string{`{"type":"operation","event":"lock","message_id":"x","data":{"section":"s"}}`}, protocol.MalformedMessage, "unexpected_event", 0},
		"presence":           {all, []string{`{"type":"presence","event":"update","message_id":"x","data":{"data":1}}`}, protocol.MalformedMessage, "unexpected_event", 0},
		"a locked document":  {func(d *desk, e *document.Post) { all(d, e); d.step(document.LockRequested{Locked: true, By: "olive"}) }, []string{op("1")}, protocol.DocumentLocked, "", 0},
		"a locked section":   {section, []string{op("1", `,"section":"intro"`)}, protocol.DocumentLocked, "section_locked", 0},
		"no section":         {section, []string{op("1")}, protocol.DocumentLocked, "section_missing", 0},
		"another version":    {func(d *desk, e *document.Post) { all(d, e); e.HasIf, e.IfVersion = true, 7 }, []string{op("1")}, protocol.MalformedMessage, "version_changed", -1},
		"too many comments":  {all, []string{`{"type":"comment","event":"create","message_id":"x","data":{"body":1}}`, `{"type":"comment","event":"create","message_id":"y","data":{"body":1}}`, `{"type":"comment","event":"create","message_id":"z","data":{"body":1}}`}, protocol.DocumentLocked, "too_many_comments", 2},
		"an outdated grant":  {func(d *desk, e *document.Post) { all(d, e); d.step(document.AccessChanged{}) }, []string{op("1")}, protocol.ServiceUnavailable, "access_changed", -1},
		"a downgrade pushed": {downgraded, []string{op("1")}, protocol.InsufficientPermissions, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.doc = document.New(document.Config{MaxComments: 2, UserComments: 2}, "d")
			e := inNameOf("eve", permission.Read)
			if c.prepare != nil {
				c.prepare(d, &e)
			}
			before := d.doc.Version()
			got := d.post(e, c.texts...)
			if got.Err == nil || got.Err.Code != c.code || got.Err.Reason != c.reason || got.At != c.at || got.Outdated != (c.reason == "access_changed") {
				t.Errorf("%+v, %v", got, got.Err)
			}
			if d.doc.Version() != before || len(d.store.Log) != int(before) {
				t.Errorf("stored all the same: %d", d.doc.Version())
			}
		})
	}
}

func all(_ *desk, e *document.Post) { e.Grant.Permissions = uint8(permission.All) }

func open(d *desk, e *document.Post) {
	all(d, e)
	d.post(*e, `{"type":"comment","event":"create","message_id":"c","data":{"body":1}}`)
}

func section(d *desk, e *document.Post) {
	all(d, e)
	g := grantOf("ann")
	g.Permissions = uint8(permission.All)
	d.step(document.Connect{Conn: "ann", Grant: g, ClientID: "a"})
	d.says("ann", `{"type":"operation","event":"lock","message_id":"l","data":{"section":"intro"}}`)
}

// downgraded is a user who has a connection here, which knows better than what was asked for.
func downgraded(d *desk, e *document.Post) {
	all(d, e)
	d.connect("eve", "eve", "e")
	g := grantOf("eve")
	g.Permissions, g.Epoch = uint8(permission.Read), g.Epoch+1
	d.step(document.GrantChanged{Grant: g})
}

// Force disregards locks, and no right, no limit.
func TestAForcedPostDisregardsLocks(t *testing.T) {
	d := newDesk(t)
	e := inNameOf("eve", permission.All)
	section(d, &e)
	d.step(document.LockRequested{Locked: true, Held: true, By: "olive"})
	if got := d.post(server("server"), op("1")); got.Err == nil || got.Err.Code != protocol.DocumentLocked {
		t.Errorf("%+v", got)
	}
	forced := server("server")
	forced.Force = true
	for i := range 2 {
		if got := d.post(forced, op(fmt.Sprint("f", i))); got.Err != nil {
			t.Errorf("%v", got.Err)
		}
	}
	e.Force, e.Grant.Permissions = true, uint8(permission.Read)
	if got := d.post(e, op("2")); got.Err == nil || got.Err.Code != protocol.InsufficientPermissions {
		t.Errorf("%+v", got)
	}
	n := 0
	for _, line := range d.store.Audit {
		if line.Event == audit.ServerWrote && line.Reason == "forced" && line.By == "olive" && line.ClientID == "server" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d lines of the audit log, of %+v", n, d.store.Audit)
	}
}

// A repeat is answered at any version, on a locked document, and without rights.
func TestARepeatedPostIsAnswered(t *testing.T) {
	d := newDesk(t)
	e := inNameOf("eve", permission.All)
	e.HasIf = true
	d.post(e, op("1"))
	d.step(document.LockRequested{Locked: true, By: "olive"})
	e.Grant.Permissions = uint8(permission.Read)
	d.now = d.now.Add(time.Hour)
	if got := d.post(e, op("1")); got.Err != nil || fmt.Sprint(got.Entries) != "[{1 1 false true}]" {
		t.Errorf("%+v", got)
	}
	lines := 0
	for _, line := range d.store.Audit {
		if line.Event == audit.ServerWrote {
			lines++
		}
	}
	if lines != 1 {
		t.Errorf("%d lines", lines)
	}
}

// A server reads what a socket syncs, however small its pages are.
func TestContentIsReadPageByPage(t *testing.T) {
	for _, page := range [][2]int{{1, 1 << 20}, {2, 1 << 20}, {1000, 1}, {1000, 200}, {1000, 1 << 20}} {
		d := newDesk(t)
		d.doc = document.New(document.Config{KeepOps: 2, SnapshotConfirm: time.Millisecond}, "d")
		d.connect("ann", "ann", "a")
		for i := range 4 {
			d.writes("ann", fmt.Sprint("m", i))
		}
		all := inNameOf("ann", permission.All)
		d.post(all, `{"type":"comment","event":"create","message_id":"c","data":{"body":"hi"}}`, op("after"))
		if got := d.reads(0, page[0], page[1]); len(got) != 6 || !strings.Contains(got[5], `"client_id":"import"`) {
			t.Fatalf("%v: %q", page, got)
		}
		if got := d.reads(4, page[0], page[1]); len(got) != 2 || !strings.HasPrefix(got[0], `{"kind":"create","version":5,`) || !strings.Contains(got[0], `"comment":{"comment_id":"5","body":"hi"}`) {
			t.Errorf("%v: %q", page, got)
		}
		for range 3 {
			d.writes("ann", fmt.Sprint("x", d.doc.Version()))
		}
		d.now = d.now.Add(time.Second)
		d.says("ann", `{"type":"operation","event":"snapshot","message_id":"s0","data":{"document_version":8,"part":0,"parts":2,"data":"\"st"}}`)
		d.says("ann", `{"type":"operation","event":"snapshot","message_id":"s1","data":{"document_version":8,"part":1,"parts":2,"data":"ate\""}}`)
		if d.store.State.Snapshot != 8 {
			t.Fatalf("no snapshot: %+v", d.store.State)
		}
		got := d.reads(0, page[0], page[1])
		if len(got) < 4 || !strings.Contains(got[0], `"part":0,"parts":2,"data":"\"st"`) || !strings.Contains(got[1], `"part":1`) || !strings.HasPrefix(got[2], `{"kind":"create","version":5,`) || !strings.HasPrefix(got[len(got)-1], `{"kind":"op","version":9,`) {
			t.Errorf("%v: %q", page, got)
		}
		if got := d.reads(8, page[0], page[1]); len(got) != 1 {
			t.Errorf("%v: %q", page, got)
		}
	}
}

// The log says of everybody who has posted that they did, whoever else did so under the same name
// and whoever is connected under it.
func TestEveryServersPostIsWrittenDown(t *testing.T) {
	d := newDesk(t)
	d.connect("ann", "ann", "a")
	posts := func(by, client, id string) (lines []string) {
		e := inNameOf("ann", permission.Write|permission.Read)
		e.ClientID, e.By = client, by
		f, err := protocol.Decode([]byte(op(id)), protocol.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		e.Frames = []document.PostedFrame{{Frame: f}}
		if !d.doc.KnowsPoster(e.UserID, e.ClientID) {
			e.Receipts = d.store.Receipts(e.UserID, e.ClientID, 256)
		}
		for _, out := range d.step(e) {
			if r, ok := out.(document.Record); ok && r.Entry.Event == audit.ServerWrote {
				lines = append(lines, r.Entry.By+" as "+r.Entry.UserID+"/"+r.Entry.ClientID)
			}
		}
		return lines
	}
	for _, c := range []struct{ by, client, id, want string }{
		{"key:one", "import", "1", "[key:one as ann/import]"},
		{"key:one", "import", "2", "[]"},
		{"key:two", "import", "3", "[key:two as ann/import]"},
		{"key:one", "a", "4", "[key:one as ann/a]"}, // where her own browser is
		{"key:one", "import", "5", "[]"},
		{"key:three", "import", "5", "[]"}, // a repeat writes nothing
	} {
		if got := fmt.Sprint(posts(c.by, c.client, c.id)); got != c.want {
			t.Errorf("%s as %s: %s, want %s", c.by, c.client, got, c.want)
		}
	}
}

// Of what the document knows of the user's rights the newest counts, whichever client brought it.
func TestAPostIsHeldToTheNewestGrant(t *testing.T) {
	for _, first := range []string{"a", "z"} {
		d := newDesk(t)
		d.doc = document.New(document.Config{PerUser: 2}, "d")
		for client, epoch := range map[string]uint64{first: 5, "m": 3} {
			g := grantOf("ann")
			if g.Epoch = epoch; epoch == 5 {
				g.Permissions = uint8(permission.Read)
			}
			d.step(document.Connect{Conn: document.ConnID(client), Grant: g, ClientID: client})
		}
		e := inNameOf("ann", permission.Write|permission.Read)
		e.Grant.Epoch = 3
		if got := d.post(e, op("1")); got.Err == nil || got.Err.Code != protocol.InsufficientPermissions {
			t.Errorf("a grant of epoch 5 at %s: %+v", first, got)
		}
	}
}
