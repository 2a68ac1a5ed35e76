package nativeclient

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
)

// epoch is when every story begins.
var epoch = clock.Start

// token is unsigned: a client looks at nothing but its times.
func token(user string, issued time.Time, life time.Duration) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	claims := fmt.Sprintf(`{"user_id":%q,"iat":%d,"exp":%d}`, user, issued.Unix(), issued.Add(life).Unix())
	return part(`{"alg":"RS256"}`) + "." + part(claims) + "." + part("signature")
}

// TestStories plays testdata: a command is an event, its output every effect in order.
//
//	start [app]
//	token [user=ann] [life=15m] [age=0s] [raw=…]    no-token [final] [after=5s]
//	ack [session=s1] [resumed] [replay=1-3] [gap=1-3] [gap-reason=too_many] [unacked=256]
//	     [user=ann] [expires=15m] [apps=com.example.a:running]
//	frame                       the rest is one frame a line
//	closed [code=1006]          send ask=1 [to=com.example.a] [event=app_message]
//	wake refresh hold release   close [quiet]
//	redial                      time passes until the next dial
//	advance 10s                 time passes, and the client is woken at its deadlines
func TestStories(t *testing.T) {
	story.Run(t, func(*testing.T) func(d *story.Command) { return (&player{now: epoch}).play })
}

type player struct {
	e   *Client
	now time.Time
	gen uint64
	out *strings.Builder
}

func (s *player) play(d *story.Command) {
	s.out = d.Out
	switch d.Cmd {
	case "start":
		cfg := Config{Name: "m", Rand: 1}
		if d.Has("app") {
			cfg.Role, cfg.SessionID, cfg.Package = App, "ref", "com.example.a"
		}
		s.e = New(cfg)
		s.step(Start{})
	case "token":
		raw := token(d.Str("user", "ann"), s.now.Add(-d.Span("age", 0)), d.Span("life", 15*time.Minute))
		s.step(TokenFetched{Token: d.Str("raw", raw)})
	case "no-token":
		s.step(TokenFailed{Final: d.Has("final"), RetryAfter: d.Span("after", 0)})
	case "open":
		s.step(Opened{Gen: s.gen})
	case "ack":
		s.step(Opened{Gen: s.gen})
		s.frame(s.ack(d))
	case "frame":
		for line := range strings.Lines(d.Input) {
			s.step(Received{Gen: s.gen, Text: []byte(strings.TrimSpace(line))})
		}
	case "closed":
		s.step(Closed{Gen: s.gen, Code: int(d.Uint("code", 1006))})
	case "send":
		to := d.Str("to", "com.example.a")
		if s.e.cfg.Role == App {
			to = ""
		}
		s.step(Submit{d.Uint("ask", 1), d.Str("event", "app_message"), to, []byte(strings.TrimSpace(d.Input))})
	case "wake":
		s.step(Wake{})
	case "refresh":
		s.step(Refresh{})
	case "hold":
		s.step(Hold{})
	case "release":
		s.step(Release{})
	case "close":
		s.step(Close{Leave: !d.Has("quiet")})
	case "redial":
		for gen := s.gen; s.gen == gen; {
			at, ok := s.e.Deadline()
			if !ok {
				d.Fail("nothing is due")
			}
			s.now = at
			s.step(Woken{})
		}
	case "advance":
		by, err := time.ParseDuration(d.First())
		if err != nil {
			d.Fail("%v", err)
		}
		if !clock.Pass(&s.now, s.now.Add(by), 20, s.e.Deadline, func() { s.step(Woken{}) }) {
			d.Fail("woken, it is due again at once")
		}
	default:
		d.Unknown()
	}
}

func (s *player) ack(d *story.Command) protocol.Frame {
	limits := protocol.AckLimits{Unacknowledged: int(d.Uint("unacked", 256))}
	var replay *protocol.Range
	var gap *protocol.Gap
	if text := d.Str("replay", ""); text != "" {
		replay = &protocol.Range{}
		fmt.Sscanf(text, "%d-%d", &replay.From, &replay.To)
	}
	if text := d.Str("gap", ""); text != "" {
		gap = &protocol.Gap{Reason: d.Str("gap-reason", "too_many")}
		fmt.Sscanf(text, "%d-%d", &gap.From, &gap.To)
	}
	if s.e.cfg.Role == App {
		return protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppConnectionAck, Data: protocol.AppConnectionAck{
			Package: "com.example.a", UserID: d.Str("user", "ann"), SessionID: "ref", Resumed: d.Has("resumed"), Replay: replay, Gap: gap,
			ClientConnected: true, ServerTime: s.now, HeartbeatInterval: 10 * time.Second, GracePeriod: 5 * time.Second, Limits: limits,
		}.Append(nil)}
	}
	var apps []protocol.AppState
	if name, state, ok := strings.Cut(d.Str("apps", ""), ":"); ok {
		apps = append(apps, protocol.AppState{Package: name, State: state})
	}
	return protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: protocol.ConnectionAck{
		ClientID: "c1", UserID: d.Str("user", "ann"), Permissions: []string{}, SessionID: d.Str("session", "s1"), Resumed: d.Has("resumed"), Replay: replay,
		Gap: gap, ServerTime: s.now, ExpiresAt: s.now.Add(d.Span("expires", 15*time.Minute)), HeartbeatInterval: 10 * time.Second, Limits: limits, Apps: apps,
	}.Append(nil)}
}

func (s *player) frame(f protocol.Frame) { s.step(Received{Gen: s.gen, Text: f.Append(nil)}) }

func (s *player) step(ev Event) {
	for _, effect := range s.e.Step(s.now, ev) {
		if dial, ok := effect.(Dial); ok {
			s.gen = dial.Gen
		}
		fmt.Fprintf(s.out, "%s %s\n", s.now.Sub(epoch), show(effect))
	}
}

// show is an effect as a line of a story.
func show(effect Effect) string {
	failure := func(err *protocol.Error) string {
		if err == nil {
			return "nothing"
		}
		return strings.TrimSpace(string(err.Code) + " " + err.Reason)
	}
	switch e := effect.(type) {
	case Dial:
		if e.Token != "" {
			return fmt.Sprintf("dial %d with a token", e.Gen)
		}
		return fmt.Sprintf("dial %d", e.Gen)
	case Write:
		text := string(e.Text)
		if at := strings.Index(text, `{"token":"`); at >= 0 {
			text = text[:at] + "{…}}"
		}
		return fmt.Sprintf("write %d %s", e.Gen, text)
	case CloseSocket:
		return fmt.Sprintf("close %d %d %s", e.Gen, e.Code, e.Reason)
	case FetchToken:
		return "fetch a token"
	case Message:
		return fmt.Sprintf("message %d from %s: %s", e.Seq, e.From, e.Data)
	case AppChanged:
		return fmt.Sprintf("app %d %s %s %s", e.Seq, e.App.Package, e.App.State, e.App.Reason)
	case ClientChanged:
		return fmt.Sprintf("client %d connected=%v", e.Seq, e.Connected)
	case Stopped:
		return fmt.Sprintf("stopped %d %s", e.Seq, e.Reason)
	case Gap:
		return fmt.Sprintf("gap %d-%d %s", e.From, e.To, e.Reason)
	case Answered:
		return fmt.Sprintf("answered %d: %d %s%s", e.Ask, e.Seq, e.App.State, e.App.Reason)
	case Refused:
		return fmt.Sprintf("refused %d: %s", e.Ask, failure(e.Err))
	case Changed:
		return fmt.Sprintf("state %s %s resumed=%v code=%d retry=%s err=%s", e.State, e.Reason, e.Resumed, e.Code, e.RetryIn.Round(time.Millisecond), failure(e.Err))
	case Renewed:
		return "renewed until " + e.Expires.Sub(epoch).String()
	case Failed:
		return fmt.Sprintf("failed: %s, %s, no token %v", failure(e.Err), e.Action, e.NoToken)
	case Finished:
		return "finished"
	}
	return fmt.Sprintf("%T", effect)
}
