package nativeclient

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// epoch is when every story begins.
var epoch = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

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
//
// go test ./shared/nativeclient -run Stories -rewrite writes what happened; the diff is what is
// to be reviewed.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := &story{now: epoch}
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				s.out.Reset()
				s.tell(t, d)
				if s.out.Len() == 0 {
					return "nothing\n"
				}
				return s.out.String()
			})
		})
	}
}

type story struct {
	e   *Client
	now time.Time
	gen uint64
	out strings.Builder
}

func (s *story) tell(t *testing.T, d *datadriven.TestData) {
	arg := func(name, otherwise string) string {
		if d.HasArg(name) {
			d.ScanArgs(t, name, &otherwise)
		}
		return otherwise
	}
	span := func(name, otherwise string) time.Duration {
		v, err := time.ParseDuration(arg(name, otherwise))
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		return v
	}
	num := func(name, otherwise string) (n uint64) {
		fmt.Sscan(arg(name, otherwise), &n)
		return n
	}
	switch d.Cmd {
	case "start":
		cfg := Config{Name: "m", Rand: 1}
		if d.HasArg("app") {
			cfg.Role, cfg.SessionID, cfg.Package = App, "ref", "com.example.a"
		}
		s.e = New(cfg)
		s.step(Start{})
	case "token":
		raw := token(arg("user", "ann"), s.now.Add(-span("age", "0s")), span("life", "15m"))
		s.step(TokenFetched{Token: arg("raw", raw)})
	case "no-token":
		s.step(TokenFailed{Final: d.HasArg("final"), RetryAfter: span("after", "0s")})
	case "open":
		s.step(Opened{Gen: s.gen})
	case "ack":
		s.step(Opened{Gen: s.gen})
		s.frame(s.ack(arg, span, num, d.HasArg("resumed")))
	case "frame":
		for line := range strings.Lines(d.Input) {
			s.step(Received{Gen: s.gen, Text: []byte(strings.TrimSpace(line))})
		}
	case "closed":
		s.step(Closed{Gen: s.gen, Code: int(num("code", "1006"))})
	case "send":
		to := arg("to", "com.example.a")
		if s.e.cfg.Role == App {
			to = ""
		}
		s.step(Submit{num("ask", "1"), arg("event", "app_message"), to, []byte(strings.TrimSpace(d.Input))})
	case "wake":
		s.step(Wake{})
	case "refresh":
		s.step(Refresh{})
	case "hold":
		s.step(Hold{})
	case "release":
		s.step(Release{})
	case "close":
		s.step(Close{Leave: !d.HasArg("quiet")})
	case "redial":
		for gen := s.gen; s.gen == gen; {
			at, ok := s.e.Deadline()
			if !ok {
				d.Fatalf(t, "nothing is due")
			}
			s.now = at
			s.step(Woken{})
		}
	case "advance":
		by, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		for until := s.now.Add(by); ; {
			at, ok := s.e.Deadline()
			if !ok || at.After(until) {
				s.now = until
				break
			}
			s.now = at
			s.step(Woken{})
		}
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
}

func (s *story) ack(arg func(string, string) string, span func(string, string) time.Duration, num func(string, string) uint64, resumed bool) protocol.Frame {
	limits := protocol.AckLimits{Unacknowledged: int(num("unacked", "256"))}
	var replay *protocol.Range
	var gap *protocol.Gap
	if text := arg("replay", ""); text != "" {
		replay = &protocol.Range{}
		fmt.Sscanf(text, "%d-%d", &replay.From, &replay.To)
	}
	if text := arg("gap", ""); text != "" {
		gap = &protocol.Gap{Reason: arg("gap-reason", "too_many")}
		fmt.Sscanf(text, "%d-%d", &gap.From, &gap.To)
	}
	if s.e.cfg.Role == App {
		return protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppConnectionAck, Data: protocol.AppConnectionAck{
			Package: "com.example.a", UserID: arg("user", "ann"), SessionID: "ref", Resumed: resumed, Replay: replay, Gap: gap,
			ClientConnected: true, ServerTime: s.now, HeartbeatInterval: 10 * time.Second, GracePeriod: 5 * time.Second, Limits: limits,
		}.Append(nil)}
	}
	var apps []protocol.AppState
	if name, state, ok := strings.Cut(arg("apps", ""), ":"); ok {
		apps = append(apps, protocol.AppState{Package: name, State: state})
	}
	return protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventConnectionAck, Data: protocol.ConnectionAck{
		ClientID: "c1", UserID: arg("user", "ann"), Permissions: []string{}, SessionID: arg("session", "s1"), Resumed: resumed, Replay: replay,
		Gap: gap, ServerTime: s.now, ExpiresAt: s.now.Add(span("expires", "15m")), HeartbeatInterval: 10 * time.Second, Limits: limits, Apps: apps,
	}.Append(nil)}
}

func (s *story) frame(f protocol.Frame) { s.step(Received{Gen: s.gen, Text: f.Append(nil)}) }

func (s *story) step(ev Event) {
	for _, effect := range s.e.Step(s.now, ev) {
		if dial, ok := effect.(Dial); ok {
			s.gen = dial.Gen
		}
		fmt.Fprintf(&s.out, "%s %s\n", s.now.Sub(epoch), show(effect))
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
