package client

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
)

// TestStories runs the transcripts in testdata, one story a file. The lock and
// the broadcast channel work by themselves; everything else is in the transcript:
//
//	open tab=t1 [sole] [hidden]     a tab opens
//	token tab=t1 [ttl=900s] [age=0s] [user=u1] [again] [raw=…]    the app's answer
//	no-token tab=t1 [final] [after=5s]
//	ack tab=t1 [version=0] [session=s1] [resumed] [replay=a-b] [expires=900s]
//	frame tab=t1                    the rest is one frame, or several
//	closed tab=t1 [code=1006]       the socket ends
//	send tab=t1 id=1                the rest is the op
//	say tab=t1 EVENT                hidden visible online offline freeze resume pagehide pageshow refresh reconnect sign_out close
//	forge tab=t1                    the rest is a text on the channel
//	forge-origin tab=t1             the same on the one of all documents
//	silent                          pings are shown, and not answered any more
//	advance 10s                     time passes, tabs wake at their deadlines
//	freeze-silently, thaw, crash tab=t1   the page is frozen without a word …
//
// Run with -rewrite to accept what happens.
func TestStories(t *testing.T) {
	story.Run(t, func(*testing.T) func(d *story.Command) {
		w := newWorld()
		w.onWrite = w.answerPings
		return func(d *story.Command) {
			w.play(d)
			w.lines = slices.DeleteFunc(w.lines, ofRollCall)
			d.Out.WriteString(w.flush())
		}
	})
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

func (w *world) play(d *story.Command) {
	switch d.Cmd {
	case "open":
		w.open(d.Str("tab", ""), func(c *Config) {
			c.Locks, c.Visible = !d.Has("sole"), !d.Has("hidden")
			c.URL, c.Document = d.Str("url", c.URL), d.Str("document", c.Document)
		})
		return
	case "silent":
		w.silent = true
		return
	case "advance":
		v, err := time.ParseDuration(d.First())
		if err != nil {
			d.Fail("%v", err)
		}
		w.advance(v)
		return
	}
	tab := w.tab(d.Str("tab", ""))
	if tab == nil {
		d.Fail("no such tab")
	}
	gen := tab.c.conn.Gen()
	switch d.Cmd {
	case "token":
		raw := d.Str("raw", "")
		if d.Has("again") {
			raw = w.tokens[len(w.tokens)-1]
		} else if raw == "" {
			raw = w.token(d.Str("user", "u1"), w.now.Add(-d.Span("age", 0)), d.Span("ttl", 15*time.Minute))
		}
		w.do(tab, TokenFetched{Token: raw})
	case "no-token":
		w.do(tab, TokenFailed{Message: "the app said no", Final: d.Has("final"), RetryAfter: d.Span("after", 0)})
	case "ack":
		a := protocol.ConnectionAck{
			ClientID: tab.cfg.ClientID, UserID: d.Str("user", "u1"), Permissions: []string{"read", "write", "comment"},
			DocumentVersion: d.Uint("version", 0), SessionID: d.Str("session", "s1"), Resumed: d.Has("resumed"),
			ServerTime: w.now, ExpiresAt: w.now.Add(d.Span("expires", 15*time.Minute)), HeartbeatInterval: 10 * time.Second,
		}
		if r := d.Str("replay", ""); r != "" {
			a.Replay = &protocol.Range{}
			fmt.Sscanf(r, "%d-%d", &a.Replay.From, &a.Replay.To)
		}
		if d.Has("limit") {
			a.Limits.Unacknowledged = int(d.Uint("limit", 0))
		}
		w.do(tab, Opened{Gen: gen})
		w.do(tab, Received{Gen: gen, Text: frame("system", "connection_ack", a.Append(nil))})
	case "frame":
		for _, line := range strings.Split(d.Input, "\n") {
			w.do(tab, Received{Gen: gen, Text: []byte(line)})
		}
	case "closed":
		code := 1006
		fmt.Sscan(d.Str("code", "1006"), &code)
		w.do(tab, Closed{Gen: gen, Code: code})
	case "send":
		w.do(tab, Send{d.Str("id", "1"), []byte(d.Input)})
	case "send-section":
		w.do(tab, SendSection{d.Str("id", "1"), []byte(d.Input), d.Str("section", "intro")})
	case "comment": // comment tab=t1 id=1 event=reply of=7; the rest is the body
		w.do(tab, Comment{ID: d.Str("id", "1"), Event: d.Str("event", "create"), CommentID: d.Str("of", ""), Body: []byte(d.Input)})
	case "lock":
		w.do(tab, LockSection{ID: d.Str("id", "1"), Section: d.Str("section", "intro"), TTL: d.Span("ttl", 0), Unlock: d.Has("unlock")})
	case "snapshot":
		w.do(tab, PostSnapshot{d.Str("id", "1"), d.Uint("version", 0), []byte(d.Input)})
	case "presence":
		w.do(tab, Presence{[]byte(d.Input)})
	case "forge":
		text := d.Input
		for i, tok := range w.tokens {
			text = strings.ReplaceAll(text, fmt.Sprintf("<token%d>", i+1), tok)
		}
		w.do(tab, Broadcast{text})
	case "foreign-token":
		w.token(d.Str("user", "u2"), w.now, d.Span("ttl", 15*time.Minute))
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
			d.Fail("no such event")
		}
		w.do(tab, ev)
	default:
		d.Unknown()
	}
}

var sayings = map[string]Event{
	"hidden": Hidden{}, "visible": Visible{}, "online": Online{}, "offline": Offline{},
	"freeze": Freeze{}, "resume": Resume{}, "pagehide": PageHide{}, "pageshow": PageShow{},
	"refresh": Refresh{}, "reconnect": Reconnect{}, "take_over": TakeOver{}, "sign_out": SignOut{}, "close": Close{}, "lock_lost": LockLost{}, "woken": Woken{},
}

func frame(kind, event string, data []byte) []byte {
	return protocol.Frame{Type: kind, Event: event, Data: data}.Append(nil)
}
