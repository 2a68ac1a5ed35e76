package document_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
)

// start is when every story begins.
var start = clock.Start

// player plays a transcript: a command is an event, its output every effect in
// order. It keeps storage as a shell does, so that hibernate restores the
// document from what was stored and nothing else.
type player struct {
	cfg   document.Config
	doc   *document.Document
	store *sim.DocumentStorage
	now   time.Time
	alarm story.Alarm
	full  bool
	part  document.ConnID // whom a part of the log goes to
	out   *strings.Builder
	// probes are the ids of the newest pings, by connection.
	probes map[document.ConnID]string
	named  generations
	t      *testing.T
}

func newPlayer(t *testing.T) *player {
	cfg := document.Config{}.WithDefaults()
	return &player{cfg: cfg, doc: document.New(cfg, "welcome"), store: sim.NewDocumentStorage("welcome"), now: start, probes: map[document.ConnID]string{}, t: t}
}

// TestStories plays testdata.
//
// Holds: "a client that never answers a `ping` (seed S2's) is not closed for it".
func TestStories(t *testing.T) {
	story.Run(t, func(t *testing.T) func(a *story.Command) { return newPlayer(t).play })
}

func (s *player) play(a *story.Command) {
	s.t, s.out = a.T, a.Out
	s.full = a.Has("full")
	s.now = a.Moment("at", s.now)
	conn := document.ConnID(a.First())
	switch a.Cmd {
	case "connect":
		s.step(s.connect(a, conn))
	case "frame":
		s.frame(conn, []byte(a.Input))
	case "disconnect":
		s.step(document.Disconnected{Conn: conn, Code: int(a.Uint("code", 1006)), Seen: s.seen(a)})
	case "send-failed":
		s.step(document.SendFailed{Conn: conn})
	case "wake":
		s.step(document.Woken{Seen: s.pings(a)})
	case "token-verified":
		s.step(document.TokenVerified{Conn: conn, Grant: s.grant(a)})
	case "token-refused":
		s.step(document.TokenRefused{Conn: conn, Err: &protocol.Error{Code: protocol.Code(a.Str("code", "AUTHENTICATION_FAILED")), Reason: a.Str("reason", "")}})
	case "grant-changed":
		s.step(document.GrantChanged{Grant: s.grant(a), Reason: a.Str("reason", "")})
	case "end":
		e := document.End{UserID: a.Str("user", ""), Fence: a.Uint("fence", 0), Kick: a.Uint("any", 0), AdmittedAt: a.Moment("admitted", start)}
		if a.Has("tokens") {
			e.TokenIDs = strings.Split(a.Str("tokens", ""), ",")
		}
		if a.Has("before") {
			e.Before = a.Moment("before", start)
		}
		s.step(e)
	case "operator": // operator locked reason=audit by=olive
		s.step(document.LockRequested{Locked: a.Has("locked"), Reason: a.Str("reason", ""), By: a.Str("by", ""), Retry: a.Span("retry", 0)})
	case "deliver": // deliver m1 user=ann
		s.step(document.Deliver{UserID: a.Str("user", ""), ClientID: a.Str("client", ""), Messages: []document.UserMessage{{
			ID: a.First(), UserMessage: protocol.UserMessage{Data: []byte("1"), At: s.now},
		}}})
	case "access-changed":
		s.step(document.AccessChanged{})
	case "erase":
		s.step(document.Erase{Generation: s.generation()})
	case "restore": // restore c1 version=9 base=4 by=olive
		e := s.store.RestoreTo(a.Uint("version", 0), a.Uint("base", sim.NewestSnapshot), a.Str("by", ""))
		e.Reason, e.Generation = a.Str("reason", ""), s.generation()
		s.step(e)
	case "resolve": // resolve ben 3 by=olive
		s.step(document.ResolveRequested{UserID: a.Str("user", ""), Comments: []uint64{a.Uint("id", 0)}, By: a.Str("by", ""), Reason: a.Str("reason", "")})
	case "told":
		s.step(document.Notified{UserID: a.Str("user", ""), ClientID: a.Str("client", s.notifying(a.Str("user", ""))), SessionID: sessionOf(a), OK: !a.Has("failed")})
	case "generations", "copy", "put-back", "crash":
		s.playGenerations(a)
	case "hibernate":
		s.hibernate()
	case "config":
		s.cfg = document.Config{
			Conn: serverconn.Config{WindowBytes: int(a.Uint("window", 0)), Flood: rate.FloodLimits{
				Frames: rate.Limit{Count: int(a.Uint("frames", 0)), Burst: int(a.Uint("burst", 0))},
				Bytes:  rate.Limit{Count: int(a.Uint("bytes", 0))}, MaxRefused: int(a.Uint("refused", 0)),
			}},
			MaxSyncBytes: int(a.Uint("sync", 0)), KeepOps: int(a.Uint("keep", 0)), MaxComments: int(a.Uint("comments", 0)),
			SnapshotBytes: int(a.Uint("snapshot", 0)), MaxSections: int(a.Uint("sections", 0)), PerUser: int(a.Uint("per-user", 0)), LogBytes: int(a.Uint("log", 0)),
			Presence: rate.Limit{Count: int(a.Uint("presence", 0))}, History: rate.Limit{Count: int(a.Uint("history", 0)), Burst: int(a.Uint("history-burst", 0))},
		}.WithDefaults()
		s.doc = document.New(s.cfg, "welcome")
	case "ops": // ops c1 from=3 to=9 size=100
		for n := a.Uint("from", 1); n <= a.Uint("to", 1); n++ {
			text := fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":"%s"}}`, n, strings.Repeat("x", int(a.Uint("size", 1))))
			s.frame(conn, []byte(text))
		}
	case "pong": // answers the newest probe
		s.frame(conn, []byte(`{"type":"system","event":"pong","message_id":"`+s.probes[conn]+`"}`))
	default:
		a.Unknown()
	}
	at, ok := s.doc.Deadline()
	s.alarm.Show(s.out, at, ok)
}

// notifying is the client of a user's whose end the session has yet to learn.
func (s *player) notifying(user string) string {
	for _, row := range s.doc.Snapshot().Channels {
		if row.Grant.UserID == user && row.Notifying {
			return row.Channel.ClientID
		}
	}
	return ""
}

// sessionOf is the user's session, s-<user> unless the command says otherwise.
func sessionOf(a *story.Command) string { return a.Str("session", "s-"+a.Str("user", "")) }

func (s *player) connect(a *story.Command, conn document.ConnID) document.Connect {
	g := s.grant(a)
	c := document.Connect{
		Conn: conn, Grant: g, ClientID: a.Str("client", "laptop"), SessionID: a.Str("asks", ""),
		LastSeq: a.Uint("last", 0), HasLastSeq: a.Has("last"), Redial: a.Has("redial"),
	}
	if c.Held = a.Has("held"); c.Held { // nobody has asked the user's object
		c.Grant = document.Grant{UserID: g.UserID, TokenID: g.TokenID, IssuedAt: g.IssuedAt, Expires: g.Expires}
	}
	if a.Has("ping") {
		for _, current := range s.doc.Current(g.UserID) {
			c.Seen = append(c.Seen, document.Seen{Conn: current, At: a.Moment("ping", start)})
		}
	}
	s.position(a, &c)
	c.Receipts = s.store.Receipts(g.UserID, c.ClientID, s.cfg.Unacknowledged)
	return c
}

func (s *player) grant(a *story.Command) document.Grant {
	g := document.Grant{
		UserID: a.Str("user", ""), SessionID: sessionOf(a), WorkspaceID: "ws_demo", Role: a.Str("role", "member"),
		Epoch: a.Uint("epoch", 1), Locked: a.Has("locked"), Expires: start.Add(a.Span("expires", 15*time.Minute)),
		Permissions: uint8(permission.ParseSet(strings.Split(a.Str("may", "read,write,comment"), ","))),
		Access:      a.Uint("knows", 0),
		AdmittedAt:  a.Moment("admitted", start), IssuedAt: a.Moment("issued", start), TokenID: a.Str("jti", ""),
	}
	if a.Has("locked") || a.Has("access") {
		g.AccessAt = a.Moment("access", s.now)
	}
	if a.Has("withheld") {
		g.Withheld = uint8(permission.ParseSet(strings.Split(a.Str("withheld", ""), ",")))
	}
	if g.UserID != "" {
		g.Name = a.Str("name", strings.ToUpper(g.UserID[:1])+g.UserID[1:])
	}
	return g
}

// seen is ping=<offset>: when the runtime last answered a ping of the connection.
func (s *player) seen(a *story.Command) time.Time {
	if !a.Has("ping") {
		return time.Time{}
	}
	return a.Moment("ping", start)
}

// pings is seen=(c1@10s,c2@12s): the runtime's record.
func (s *player) pings(a *story.Command) (out []document.Seen) {
	for _, arg := range a.CmdArgs {
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

func (s *player) frame(conn document.ConnID, text []byte) {
	f, e := protocol.Decode(text, protocol.Limits{})
	if e != nil {
		s.step(document.FrameInvalid{Conn: conn, Err: e, Size: len(text)})
		return
	}
	s.step(s.store.Received(conn, s.doc.User(conn), f, len(text)))
}

func (s *player) step(ev document.Event) {
	for queue := []document.Event{ev}; len(queue) > 0; queue = queue[1:] {
		for _, e := range s.doc.Step(s.now, queue[0]) {
			s.store.Apply(e)
			s.show(e)
			send := func(text []byte) { fmt.Fprintf(s.out, "%s <- %s\n", s.part, s.short(text)) }
			if answer, ok := s.store.Deliver(e, s.cfg.MaxSyncBytes, send); ok {
				queue = append(queue, answer)
			}
		}
	}
}

func (s *player) hibernate() {
	s.boot(s.store.Asleep(s.cfg.Unacknowledged).Open)
}

func (s *player) show(e document.Effect) {
	o := s.out
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
		s.told(e)
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
		fmt.Fprintf(o, "append %d by %s/%s as %s%s: %s\n", e.Entry.Version, e.Entry.UserID, e.Entry.ClientID, e.Entry.MessageID, s.term(e.Entry), s.short(e.Entry.Op))
	case document.Replay:
		s.part = e.Conn
	case document.Sync:
		s.part = e.Conn
	case document.SaveChannel:
		fmt.Fprintf(o, "save %s/%s: %s\n", e.Row.Channel.UserID, e.Row.Channel.ClientID, s.row(e.Row))
	case document.DeleteChannel:
		fmt.Fprintf(o, "delete %s/%s\n", e.UserID, e.ClientID)
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
	case document.Notify:
		fmt.Fprintf(o, "tell session %s of %s/%s: %s", e.SessionID, e.UserID, e.ClientID, e.Reason)
		if e.Others {
			fmt.Fprint(o, ", there are others")
		}
		fmt.Fprintln(o)
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
	case document.MessagesSent:
		fmt.Fprintf(o, "sent to %d connections\n", e.Connections)
	case document.Heard:
		fmt.Fprintf(o, "%s/%s has heard %s\n", e.UserID, e.ClientID, e.MessageID)
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
func (s *player) brief(text []byte) []byte {
	if head, _, ok := strings.Cut(string(text), `,"server_time"`); ok && !s.full && strings.Contains(head, "connection_ack") {
		return []byte(head + ",…}}")
	}
	return text
}

// short cuts the x's an op is filled up with.
func (s *player) short(text []byte) string {
	return filling.ReplaceAllString(string(text), "xx…")
}

var filling = regexp.MustCompile("xxxx+")

func (s *player) row(r document.Row) string {
	text := ""
	switch r.Channel.State {
	case channel.Active:
		text = "active on " + string(r.Channel.Conn)
	case channel.Grace:
		text = "grace until " + r.Channel.GraceUntil.Sub(start).String()
	case channel.Gone:
		text = "gone"
		if r.Notifying {
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
	if r.Called {
		text += ", called"
	}
	if r.Channel.Acked > 0 {
		text += fmt.Sprintf(", acked %d", r.Channel.Acked)
	}
	return text
}
