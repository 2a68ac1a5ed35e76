package document_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// start is when every story begins.
var start = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// story plays a transcript: a command is an event, its output every effect in
// order. It keeps storage as a shell does, so that hibernate restores the
// document from what was stored and nothing else.
type story struct {
	cfg   document.Config
	doc   *document.Document
	store *sim.DocumentStorage
	now   time.Time
	alarm string
	full  bool
	part  document.ConnID // whom a part of the log goes to
	out   strings.Builder
	// probes are the ids of the newest pings, by connection.
	probes map[document.ConnID]string
	t      *testing.T
}

func newStory(t *testing.T) *story {
	cfg := document.Config{}.WithDefaults()
	return &story{cfg: cfg, doc: document.New(cfg, "welcome"), store: sim.NewDocumentStorage("welcome"), now: start, probes: map[document.ConnID]string{}, t: t}
}

// TestStories plays testdata. go test ./shared/document -run Stories -rewrite
// writes what happened; the diff is what is to be reviewed.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := newStory(t)
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				s.t = t
				return s.command(d)
			})
		})
	}
}

func (s *story) command(d *datadriven.TestData) string {
	s.out.Reset()
	a := args{t: s.t, d: d}
	s.full = a.has("full")
	s.now = start.Add(a.duration("at", s.now.Sub(start)))
	conn := document.ConnID("")
	if len(d.CmdArgs) > 0 && len(d.CmdArgs[0].Vals) == 0 {
		conn = document.ConnID(d.CmdArgs[0].Key)
	}
	switch d.Cmd {
	case "connect":
		s.step(s.connect(a, conn))
	case "frame":
		s.frame(conn, []byte(d.Input))
	case "disconnect":
		s.step(document.Disconnected{Conn: conn, Code: int(a.uint("code", 1006)), Seen: s.seen(a)})
	case "send-failed":
		s.step(document.SendFailed{Conn: conn})
	case "wake":
		s.step(document.Woken{Seen: s.pings(a)})
	case "token-verified":
		s.step(document.TokenVerified{Conn: conn, Grant: s.grant(a)})
	case "token-refused":
		s.step(document.TokenRefused{Conn: conn, Err: &protocol.Error{Code: protocol.Code(a.str("code", "AUTHENTICATION_FAILED")), Reason: a.str("reason", "")}})
	case "grant-changed":
		s.step(document.GrantChanged{Grant: s.grant(a), Reason: a.str("reason", "")})
	case "end":
		e := document.End{UserID: a.str("user", ""), Fence: a.uint("fence", 0), Kick: a.uint("any", 0), AdmittedAt: start.Add(a.duration("admitted", 0))}
		if a.has("tokens") {
			e.TokenIDs = strings.Split(a.str("tokens", ""), ",")
		}
		if a.has("before") {
			e.Before = start.Add(a.duration("before", 0))
		}
		s.step(e)
	case "operator": // operator locked reason=audit by=olive
		s.step(document.LockRequested{Locked: a.has("locked"), Reason: a.str("reason", ""), By: a.str("by", ""), Retry: a.duration("retry", 0)})
	case "access-changed":
		s.step(document.AccessChanged{})
	case "erase":
		s.step(document.Erase{})
	case "restore": // restore c1 version=9 base=4 by=olive
		e := s.store.RestoreTo(a.uint("version", 0), a.uint("base", sim.NewestSnapshot), a.str("by", ""))
		e.Reason = a.str("reason", "")
		s.step(e)
	case "resolve": // resolve ben 3 by=olive
		s.step(document.ResolveRequested{UserID: a.str("user", ""), Comments: []uint64{a.uint("id", 0)}, By: a.str("by", ""), Reason: a.str("reason", "")})
	case "told":
		s.step(document.Told{UserID: a.str("user", ""), SessionID: a.session(), OK: !a.has("failed")})
	case "hibernate":
		s.hibernate()
	case "config":
		s.cfg = document.Config{
			Conn: serverconn.Config{WindowBytes: int(a.uint("window", 0)), Flood: rate.FloodLimits{
				Frames: rate.Limit{Count: int(a.uint("frames", 0)), Burst: int(a.uint("burst", 0))},
				Bytes:  rate.Limit{Count: int(a.uint("bytes", 0))}, MaxRefused: int(a.uint("refused", 0)),
			}},
			MaxSyncBytes: int(a.uint("sync", 0)), KeepOps: int(a.uint("keep", 0)), MaxComments: int(a.uint("comments", 0)),
			SnapshotBytes: int(a.uint("snapshot", 0)), MaxSections: int(a.uint("sections", 0)), LogBytes: int(a.uint("log", 0)),
			Presence: rate.Limit{Count: int(a.uint("presence", 0))}, History: rate.Limit{Count: int(a.uint("history", 0)), Burst: int(a.uint("history-burst", 0))},
		}.WithDefaults()
		s.doc = document.New(s.cfg, "welcome")
	case "ops": // ops c1 from=3 to=9 size=100
		for n := a.uint("from", 1); n <= a.uint("to", 1); n++ {
			text := fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":"%s"}}`, n, strings.Repeat("x", int(a.uint("size", 1))))
			s.frame(conn, []byte(text))
		}
	case "pong": // answers the newest probe
		s.frame(conn, []byte(`{"type":"system","event":"pong","message_id":"`+s.probes[conn]+`"}`))
	default:
		s.t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	}
	s.deadline()
	if s.out.Len() == 0 {
		return "nothing\n"
	}
	return s.out.String()
}

func (s *story) connect(a args, conn document.ConnID) document.Connect {
	g := s.grant(a)
	c := document.Connect{
		Conn: conn, Grant: g, ClientID: a.str("client", "laptop"), SessionID: a.str("asks", ""),
		LastSeq: a.uint("last", 0), HasLastSeq: a.has("last"), Seen: s.seen(a),
	}
	c.Receipts = s.store.Receipts(g.UserID, c.ClientID, s.cfg.Unacknowledged)
	return c
}

func (s *story) grant(a args) document.Grant {
	g := document.Grant{
		UserID: a.str("user", ""), SessionID: a.session(), WorkspaceID: "ws_demo", Role: a.str("role", "member"),
		Epoch: a.uint("epoch", 1), Locked: a.has("locked"), Expires: start.Add(a.duration("expires", 15*time.Minute)),
		Permissions: uint8(permission.ParseSet(strings.Split(a.str("may", "read,write,comment"), ","))),
		Access:      a.uint("knows", 0),
		AdmittedAt:  start.Add(a.duration("admitted", 0)), IssuedAt: start.Add(a.duration("issued", 0)), TokenID: a.str("jti", ""),
	}
	if a.has("locked") || a.has("access") {
		g.AccessAt = start.Add(a.duration("access", s.now.Sub(start)))
	}
	if g.UserID != "" {
		g.Name = strings.ToUpper(g.UserID[:1]) + g.UserID[1:]
	}
	return g
}

// seen is ping=<offset>: when the runtime last answered a ping of the connection.
func (s *story) seen(a args) time.Time {
	if !a.has("ping") {
		return time.Time{}
	}
	return start.Add(a.duration("ping", 0))
}

// pings is seen=(c1@10s,c2@12s): the runtime's record.
func (s *story) pings(a args) (out []document.Seen) {
	for _, arg := range a.d.CmdArgs {
		if arg.Key != "seen" {
			continue
		}
		for _, v := range arg.Vals {
			conn, at, _ := strings.Cut(v, "@")
			d, err := time.ParseDuration(at)
			if err != nil {
				s.t.Fatal(err)
			}
			out = append(out, document.Seen{Conn: document.ConnID(conn), At: start.Add(d)})
		}
	}
	return out
}

func (s *story) frame(conn document.ConnID, text []byte) {
	f, e := protocol.Decode(text, protocol.Limits{})
	if e != nil {
		s.step(document.FrameInvalid{Conn: conn, Err: e, Size: len(text)})
		return
	}
	s.step(s.store.Received(conn, s.doc.User(conn), f, len(text)))
}

func (s *story) step(ev document.Event) {
	for queue := []document.Event{ev}; len(queue) > 0; queue = queue[1:] {
		for _, e := range s.doc.Step(s.now, queue[0]) {
			s.store.Apply(e)
			s.show(e)
			send := func(text []byte) { fmt.Fprintf(&s.out, "%s <- %s\n", s.part, s.short(text)) }
			if answer, ok := s.store.Deliver(e, s.cfg.MaxSyncBytes, send); ok {
				queue = append(queue, answer)
			}
		}
	}
}

func (s *story) hibernate() {
	doc, err := document.Restore(s.cfg, s.store.Snapshot(s.cfg.Unacknowledged))
	if err != nil {
		s.t.Fatal(err)
	}
	s.doc = doc
	fmt.Fprintf(&s.out, "restored at version %d with %d rows\n", s.store.Version(), len(s.store.Rows))
}

func (s *story) show(e document.Effect) {
	o := &s.out
	switch e := e.(type) {
	case document.Accept:
		fmt.Fprintf(o, "accept %s\n", e.Conn)
	case document.Readmit:
		fmt.Fprintf(o, "readmit %s", e.Conn)
		if !e.Gone {
			fmt.Fprint(o, ", there is a channel")
		}
		if e.Access > 0 {
			fmt.Fprintf(o, ", access version %d", e.Access)
		}
		fmt.Fprintln(o)
	case document.Send:
		for _, c := range e.Conns {
			if f, err := protocol.Decode(e.Text, protocol.Limits{}); err == nil && f.Event == protocol.EventPing {
				s.probes[c] = f.MessageID
				fmt.Fprintf(o, "%s <- ping\n", c)
				continue
			}
			fmt.Fprintf(o, "%s <- %s\n", c, s.short(s.brief(e.Text)))
		}
	case document.Attach:
		fmt.Fprintf(o, "attach to %s: %s\n", e.Conn, s.short(e.Data))
	case document.Close:
		fmt.Fprintf(o, "close %s %d %s\n", e.Conn, e.Code, e.Reason)
	case document.Append:
		fmt.Fprintf(o, "append %d by %s/%s as %s: %s\n", e.Entry.Version, e.Entry.UserID, e.Entry.ClientID, e.Entry.MessageID, s.short(e.Entry.Op))
	case document.Replay:
		s.part = e.Conn
	case document.Sync:
		s.part = e.Conn
	case document.SaveChannel:
		fmt.Fprintf(o, "save %s: %s\n", e.Row.Channel.UserID, s.row(e.Row))
	case document.DeleteChannel:
		fmt.Fprintf(o, "delete %s\n", e.UserID)
	case document.VerifyToken:
		fmt.Fprintf(o, "verify token of %s/%s on %s\n", e.UserID, e.ClientID, e.Conn)
	case document.GrantTaken:
		fmt.Fprintf(o, "grant %d of %s taken\n", e.Epoch, e.UserID)
	case document.Ended:
		fmt.Fprintf(o, "ended before epoch %d for %s", e.Fence, e.UserID)
		if e.Closed {
			fmt.Fprintf(o, ", closed after %q", e.LastMessageID)
		}
		if e.Gone {
			fmt.Fprint(o, ", there is no channel")
		}
		fmt.Fprintln(o)
	case document.Tell:
		fmt.Fprintf(o, "tell session %s of %s: %s\n", e.SessionID, e.UserID, e.Reason)
	case document.SaveState:
		st := e.State
		fmt.Fprintf(o, "save locked %v (%s), snapshot %d, floor %d", st.Lock.On, st.Lock.Reason, st.Snapshot, st.Floor)
		if st.Access > 0 {
			fmt.Fprintf(o, ", access version %d", st.Access)
		}
		if st.Full {
			fmt.Fprintf(o, ", the log is full")
		}
		fmt.Fprintln(o)
	case document.SaveSection:
		fmt.Fprintf(o, "save section %s of %s/%s until %v\n", e.Section.Name, e.Section.UserID, e.Section.ClientID, e.Section.Until.Sub(start))
	case document.DeleteSection:
		fmt.Fprintf(o, "delete section %s\n", e.Name)
	case document.Record:
		r := e.Entry
		fmt.Fprintf(o, "record %s\n", strings.Join(strings.Fields(fmt.Sprint(r.Event, " ", r.UserID, " ", r.ClientID, " ", r.Code, " ", r.Reason, " ", r.By, " ", r.Detail)), " "))
	case document.LockTaken:
		fmt.Fprintf(o, "lock taken: %v at version %d\n", e.Locked, e.Version)
	case document.AccessTaken:
		fmt.Fprintf(o, "access version %d taken, here are %v\n", e.Access, e.Users)
	case document.EraseAll:
		fmt.Fprintln(o, "erase all that is stored")
	case document.Erased:
		fmt.Fprintf(o, "erased version %d, snapshot %d, %d comments; ended %v\n", e.Version, e.Snapshot, e.Comments, e.Users)
	default:
		if s.showKept(e) {
			return
		}
		s.t.Fatalf("unknown effect %s", reflect.TypeOf(e))
	}
}

// brief cuts the part of a connection_ack that is the same every time; the
// command "connect … full" shows it.
func (s *story) brief(text []byte) []byte {
	if head, _, ok := strings.Cut(string(text), `,"server_time"`); ok && !s.full && strings.Contains(head, "connection_ack") {
		return []byte(head + ",…}}")
	}
	return text
}

// short cuts the x's an op is filled up with.
func (s *story) short(text []byte) string {
	return filling.ReplaceAllString(string(text), "xx…")
}

var filling = regexp.MustCompile("xxxx+")

func (s *story) row(r document.Row) string {
	text := ""
	switch r.Channel.State {
	case channel.Active:
		text = "active on " + r.Channel.Conn
	case channel.Grace:
		text = "grace until " + r.Channel.GraceUntil.Sub(start).String()
	case channel.Gone:
		text = "gone"
		if r.Telling {
			text = fmt.Sprintf("gone, telling (try %d)", r.Tries)
		}
	}
	if r.Fence > 0 {
		text += fmt.Sprintf(", fence %d", r.Fence)
	}
	if r.Behind {
		text += fmt.Sprintf(", behind since %d", r.Pushed)
	}
	if !r.DrySince.IsZero() {
		text += ", dry since " + r.DrySince.Sub(start).String()
	}
	if r.Confirms {
		text += ", confirms"
	}
	if r.Channel.Acked > 0 {
		text += fmt.Sprintf(", acked %d", r.Channel.Acked)
	}
	return text
}

// deadline shows the alarm when it has moved.
func (s *story) deadline() {
	alarm := "none"
	if at, ok := s.doc.Deadline(); ok {
		alarm = at.Sub(start).String()
	}
	if alarm != s.alarm {
		fmt.Fprintf(&s.out, "alarm: %s\n", alarm)
		s.alarm = alarm
	}
}
