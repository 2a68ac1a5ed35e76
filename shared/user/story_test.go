package user_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// start is when every story begins.
var start = clock.Start

// world is a user's core and the storage that its effects have filled.
type world struct {
	t     testing.TB
	cfg   user.Config
	core  object
	store *sim.UserStorage
	now   time.Time
	fresh int // ids made up so far
}

func newWorld(t testing.TB, cfg user.Config) *world {
	core, err := restore(cfg, user.Snapshot{UserID: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, cfg: cfg, core: core, store: sim.NewUserStorage("ann"), now: start}
}

func (w *world) keep(effects []any) []any {
	w.t.Helper()
	for _, e := range effects {
		w.store.Apply(e)
	}
	return append([]any(nil), effects...)
}

func (w *world) step(ev any) []any {
	w.t.Helper()
	return w.keep(w.core.Step(w.now, ev))
}

// hibernate is a new instance that knows what is stored.
func (w *world) hibernate() {
	w.t.Helper()
	core, err := restore(w.cfg, w.store.Snapshot())
	if err != nil {
		w.t.Fatal(err)
	}
	w.core = core
}

func (w *world) id(kind string) string {
	w.fresh++
	return fmt.Sprint(kind, w.fresh)
}

func claims(issued, expires time.Time, jti string) session.Claims {
	return session.Claims{UserID: "ann", Name: "Ann", TokenID: jti, IssuedAt: issued, Expires: expires}
}

// connect is a socket with a token of 15 minutes.
func (w *world) connect(conn user.ConnID, client string) []any {
	w.t.Helper()
	return w.step(device.Connect{Conn: conn, ClientID: client, MadeUp: "made-up", Claims: claims(w.now, w.now.Add(15*time.Minute), "t1")})
}

// says is a text frame on a socket.
func (w *world) says(conn user.ConnID, text string) []any {
	w.t.Helper()
	f, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		return w.step(user.FrameInvalid{Conn: conn, Err: err, Size: len(text)})
	}
	random := w.id("s")
	if f.Event == protocol.EventAppStart {
		random = fmt.Sprintf("%032d", w.fresh)
	}
	return w.step(user.FrameReceived{Conn: conn, Frame: f, Size: len(text), NewSessionID: random})
}

const (
	initText = `{"type":"system","event":"connection_init"}`
	pongText = protocol.PongText
)

// TestStories plays testdata.
func TestStories(t *testing.T) {
	story.Run(t, func(t *testing.T) func(d *story.Command) {
		return (&player{world: newWorld(t, user.Config{}), alarm: story.None, calls: map[string]time.Time{}}).play
	})
}

// player plays a transcript: a command is an event, its output every effect in order.
type player struct {
	*world
	alarm story.Alarm
	calls map[string]time.Time
	out   *strings.Builder
}

// play shortens what follows from a command, as a story has it.
func (s *player) play(d *story.Command) {
	s.t, s.out = d.T, &strings.Builder{}
	s.command(d)
	d.Out.WriteString(brief(s.out.String()))
}

func (s *player) command(d *story.Command) {
	s.now = d.Moment("at", s.now)
	conn := user.ConnID(d.Str("conn", "c1"))
	switch d.Cmd {
	case "config":
		s.cfg = user.Config{
			Device: device.Config{
				ClientPings: d.Has("client-pings"),
				Outbox:      channel.OutboxConfig{Frames: int(d.Uint("outbox", 0))},
				Conn: serverconn.Config{
					WindowBytes: int(d.Uint("window", 0)),
					Flood:       rate.FloodLimits{Frames: rate.Limit{Burst: int(d.Uint("burst", 0))}, MaxRefused: int(d.Uint("refused", 0))},
				},
			},
			Apps: app.Config{MaxApps: int(d.Uint("max-apps", 0)), Unanswered: int(d.Uint("unanswered", 0)), MaxRounds: int(d.Uint("max-rounds", 0))},
		}
		s.hibernate()
		fmt.Fprintln(s.out, "ok")
		return
	case "connect":
		s.show(s.step(device.Connect{
			Conn: conn, ClientID: d.Str("client", ""), MadeUp: "made-up-" + string(conn), Flat: d.Has("flat"),
			Claims: claims(d.Moment("issued", s.now), start.Add(d.Span("expires", 15*time.Minute)), d.Str("jti", "t1")),
			Seen:   s.seen(d),
		}))
	case "says":
		s.show(s.says(conn, long(strings.TrimSpace(d.Input))))
	case "closed":
		s.show(s.step(user.Disconnected{Conn: conn, Code: int(d.Uint("code", 1006)), Seen: s.seen(d)}))
	case "send-failed":
		s.show(s.step(user.SendFailed{Conn: conn}))
	case "wake":
		s.show(s.step(user.Woken{Seen: s.seen(d), Apps: s.appsSeen(d)}))
	case "verified":
		s.show(s.step(device.TokenVerified{Conn: conn, Claims: claims(s.now, start.Add(d.Span("expires", 30*time.Minute)), d.Str("jti", "t2"))}))
	case "refused":
		s.show(s.step(device.TokenRefused{Conn: conn, Err: &protocol.Error{Code: protocol.Code(d.Str("code", "AUTHENTICATION_FAILED"))}}))
	case "post":
		s.show(s.step(device.Post{Ask: 7, From: protocol.FromOperator, Data: []byte(strings.TrimSpace(d.Input))}))
	case "revoke":
		s.show(s.step(session.Revoke{Ask: 8, UserID: "ann", TokenID: d.Str("jti", ""), All: d.Str("jti", "") == "", By: "olive"}))
	case "kick":
		s.show(s.step(session.Kick{Ask: 9, Channel: d.Str("doc", ""), By: "olive"}))
	case "access-changed":
		s.show(s.step(session.AccessChanged{Ask: 10, By: "olive"}))
	case "hibernate":
		s.hibernate()
		fmt.Fprintln(s.out, "ok")
		return
	default:
		if !s.appCommand(d) {
			d.Unknown()
		}
	}
	at, ok := s.core.Deadline()
	s.alarm.Show(s.out, at, ok)
}

func (s *player) show(effects []any) {
	o := s.out
	for _, e := range effects {
		switch e := e.(type) {
		case serverconn.Accept:
			fmt.Fprintf(o, "accept %s\n", e.Conn)
		case serverconn.Refuse:
			fmt.Fprintf(o, "refuse: %s (%s)\n", e.Err.Code, e.Err.Reason)
		case serverconn.Send:
			fmt.Fprintf(o, "to %s: %s\n", e.Conn, short(e.Text))
		case serverconn.Close:
			fmt.Fprintf(o, "close %s %d %s\n", e.Conn, e.Code, e.Reason)
		case device.SaveRow:
			fmt.Fprintf(o, "save: %s\n", s.row(e.Row))
		case device.Heard:
			fmt.Fprintf(o, "heard of %s at %s\n", e.Conn, e.At.Sub(start))
		case device.Keep:
			fmt.Fprintf(o, "keep %d\n", e.Kept.Seq)
		case device.Forget:
			fmt.Fprintf(o, "forget up to %d\n", e.Seq)
		case device.VerifyToken:
			fmt.Fprintf(o, "verify a token for %s\n", e.Conn)
		case device.Posted:
			if e.Err != nil {
				fmt.Fprintf(o, "posted %d: %s (%s)\n", e.Ask, e.Err.Code, e.Err.Reason)
			} else {
				fmt.Fprintf(o, "posted %d: %d\n", e.Ask, e.Seq)
			}
		case session.SaveSession:
			fmt.Fprintf(o, "save session: %q, epoch %d\n", e.Row.ID, e.Row.Epoch)
		case session.SaveChannel:
			fmt.Fprintf(o, "save channel %s/%s until %s\n", e.Row.Channel, e.Row.ClientID, s.since(e.Row.Until))
		case session.DeleteChannel:
			fmt.Fprintf(o, "delete channel %s\n", e.Channel)
		case session.Record:
			fmt.Fprintf(o, "record at %s: %s\n", s.since(e.Entry.At), e.Entry.Sentence())
		case session.Receipt:
			closed := []string{}
			closed = append(closed, e.Closed...)
			fmt.Fprintf(o, "receipt %d: closed %v\n", e.Ask, closed)
		case session.SaveRevoked:
			fmt.Fprintf(o, "save revoked %s\n", e.Row.TokenID)
		default:
			s.showApp(e)
		}
	}
}

func (s *player) row(r device.Row) string {
	states := [...]string{"pending", "active", "grace", "gone"}
	parts := []string{states[r.Channel.State]}
	if r.Channel.Conn != "" {
		parts = append(parts, "on "+string(r.Channel.Conn))
	}
	if r.Channel.State == channel.Grace {
		parts = append(parts, "until "+s.since(r.Channel.GraceUntil))
	}
	if r.Channel.State == channel.Active && !r.Channel.Seen.IsZero() {
		parts = append(parts, "seen "+s.since(r.Channel.Seen))
	}
	if !r.Asked.IsZero() {
		parts = append(parts, "asked "+s.since(r.Asked))
	}
	if r.Pending.Conn != "" {
		parts = append(parts, string(r.Pending.Conn)+" pending")
	}
	if r.Outbox.Sent > 0 {
		parts = append(parts, fmt.Sprintf("sent %d acked %d", r.Outbox.Sent, r.Outbox.Acked))
	}
	return strings.Join(parts, ", ")
}

// short leaves out of an ack what every one of them has.
func short(text []byte) string {
	var f struct {
		Type, Event string
		MessageID   string `json:"message_id"`
		Data        map[string]any
	}
	if json.Unmarshal(text, &f) != nil {
		return string(text)
	}
	switch word := f.Event; {
	case word == "" && strings.HasSuffix(f.Type, "connection_ack"):
	case strings.HasSuffix(word, "connection_ack"):
	default:
		return string(text)
	}
	if f.Data["package"] != nil {
		said := fmt.Sprintf("%s %s %v of %v resumed %v client_connected %v", f.Type, f.Event, f.Data["package"], f.Data["user_id"], f.Data["resumed"], f.Data["client_connected"])
		return said + extent(f.Data)
	}
	said := fmt.Sprintf("%s %s %v session %v resumed %v", f.Type, f.Event, f.Data["client_id"], f.Data["session_id"], f.Data["resumed"])
	return said + extent(f.Data)
}

func extent(data map[string]any) (said string) {
	for _, name := range []string{"replay", "gap", "apps"} {
		if data[name] != nil {
			said += fmt.Sprintf(" %s %v", name, data[name])
		}
	}
	return said
}

func (s *player) since(t time.Time) string { return t.Sub(start).String() }

func (s *player) seen(d *story.Command) time.Time {
	if !d.Has("seen") {
		return time.Time{}
	}
	return d.Moment("seen", start)
}
