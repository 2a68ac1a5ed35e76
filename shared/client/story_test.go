package client

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// TestStories runs the transcripts in testdata, one story a file. The lock and
// the broadcast channel work by themselves; everything else is told:
//
//	open tab=t1 [sole] [hidden]     a tab opens
//	token tab=t1 [ttl=900s] [age=0s] [user=u1] [again] [raw=…]    the app's answer
//	no-token tab=t1 [final] [after=5s]
//	ack tab=t1 [version=0] [session=s1] [resumed] [replay=a-b] [expires=900s]
//	frame tab=t1                    the rest is one frame, or several
//	closed tab=t1 [code=1006]       the socket ends
//	send tab=t1 id=1                the rest is the op
//	say tab=t1 EVENT                hidden visible online offline freeze resume pagehide pageshow refresh sign_out close
//	forge tab=t1                    the rest is a text on the channel
//	forge-origin tab=t1             the same on the one of all documents
//	silent                          pings are shown, and not answered any more
//	advance 10s                     time passes, tabs wake at their deadlines
//	freeze-silently, thaw, crash tab=t1   the page is frozen without a word …
//
// Run with -rewrite to accept what happens.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			w := newWorld()
			w.onWrite = w.answerPings
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				w.tell(t, d)
				w.lines = slices.DeleteFunc(w.lines, ofRollCall)
				return w.flush()
			})
		})
	}
}

// ofRollCall is what no story shows: it happens every ten seconds.
func ofRollCall(line string) bool {
	return strings.Contains(line, `"type":"tab_roll"`) || strings.Contains(line, `"type":"tab_here"`)
}

// answerPings is the runtime's part, until the story says silent.
func (w *world) answerPings(t *fakeTab, e Write) {
	if string(e.Text) == protocol.PingText && !w.silent {
		w.lines = w.lines[:len(w.lines)-1]
		w.later(t, Received{Gen: e.Gen, Text: []byte(protocol.PongText)})
	}
}

func (w *world) tell(t *testing.T, d *datadriven.TestData) {
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
	num := func(name string) (n uint64) {
		fmt.Sscan(arg(name, "0"), &n)
		return n
	}
	switch d.Cmd {
	case "open":
		w.open(arg("tab", ""), func(c *Config) {
			c.Locks, c.Visible = !d.HasArg("sole"), !d.HasArg("hidden")
			c.URL, c.Document = arg("url", c.URL), arg("document", c.Document)
		})
		return
	case "silent":
		w.silent = true
		return
	case "advance":
		v, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		w.advance(v)
		return
	}
	tab := w.tab(arg("tab", ""))
	if tab == nil {
		d.Fatalf(t, "no such tab")
	}
	gen := tab.c.conn.Gen()
	switch d.Cmd {
	case "token":
		raw := arg("raw", "")
		if d.HasArg("again") {
			raw = w.tokens[len(w.tokens)-1]
		} else if raw == "" {
			raw = w.token(arg("user", "u1"), w.now.Add(-span("age", "0s")), span("ttl", "900s"))
		}
		w.do(tab, TokenFetched{Token: raw})
	case "no-token":
		w.do(tab, TokenFailed{Message: "the app said no", Final: d.HasArg("final"), RetryAfter: span("after", "0s")})
	case "ack":
		a := protocol.ConnectionAck{
			ClientID: tab.cfg.ClientID, UserID: arg("user", "u1"), Permissions: []string{"read", "write", "comment"},
			DocumentVersion: num("version"), SessionID: arg("session", "s1"), Resumed: d.HasArg("resumed"),
			ServerTime: w.now, ExpiresAt: w.now.Add(span("expires", "900s")), HeartbeatInterval: 10 * time.Second,
		}
		if r := arg("replay", ""); r != "" {
			a.Replay = &protocol.Range{}
			fmt.Sscanf(r, "%d-%d", &a.Replay.From, &a.Replay.To)
		}
		if d.HasArg("limit") {
			a.Limits.Unacknowledged = int(num("limit"))
		}
		w.do(tab, Opened{Gen: gen})
		w.do(tab, Received{Gen: gen, Text: frame("system", "connection_ack", a.Append(nil))})
	case "frame":
		for _, line := range strings.Split(d.Input, "\n") {
			w.do(tab, Received{Gen: gen, Text: []byte(line)})
		}
	case "closed":
		code := 1006
		fmt.Sscan(arg("code", "1006"), &code)
		w.do(tab, Closed{Gen: gen, Code: code})
	case "send":
		w.do(tab, Send{arg("id", "1"), []byte(d.Input)})
	case "send-section":
		w.do(tab, SendSection{arg("id", "1"), []byte(d.Input), arg("section", "intro")})
	case "comment": // comment tab=t1 id=1 event=reply of=7; the rest is the body
		w.do(tab, Comment{ID: arg("id", "1"), Event: arg("event", "create"), CommentID: arg("of", ""), Body: []byte(d.Input)})
	case "lock":
		w.do(tab, LockSection{ID: arg("id", "1"), Section: arg("section", "intro"), TTL: span("ttl", "0s"), Unlock: d.HasArg("unlock")})
	case "snapshot":
		w.do(tab, PostSnapshot{arg("id", "1"), num("version"), []byte(d.Input)})
	case "presence":
		w.do(tab, Presence{[]byte(d.Input)})
	case "forge":
		text := d.Input
		for i, tok := range w.tokens {
			text = strings.ReplaceAll(text, fmt.Sprintf("<token%d>", i+1), tok)
		}
		w.do(tab, Broadcast{text})
	case "foreign-token":
		w.token(arg("user", "u2"), w.now, span("ttl", "900s"))
	case "forge-origin":
		w.do(tab, BroadcastOrigin{d.Input})
	case "freeze-silently":
		tab.frozen = true
	case "thaw":
		w.thaw(tab)
	case "crash":
		w.crash(tab)
	case "say":
		ev, ok := sayings[d.CmdArgs[1].Key]
		if !ok {
			d.Fatalf(t, "no such event")
		}
		w.do(tab, ev)
	default:
		d.Fatalf(t, "no such command")
	}
}

var sayings = map[string]Event{
	"hidden": Hidden{}, "visible": Visible{}, "online": Online{}, "offline": Offline{},
	"freeze": Freeze{}, "resume": Resume{}, "pagehide": PageHide{}, "pageshow": PageShow{},
	"refresh": Refresh{}, "sign_out": SignOut{}, "close": Close{}, "lock_lost": LockLost{}, "woken": Woken{},
}

func frame(kind, event string, data []byte) []byte {
	return protocol.Frame{Type: kind, Event: event, Data: data}.Append(nil)
}
