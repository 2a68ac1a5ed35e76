package user_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/sim/random"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// outside is everything beyond the object that apps need: their servers, their sockets,
// their webhooks, the database their keys are in. It notes what the object has promised,
// and holds it to that. A nil one is a world without apps.
type outside struct {
	*run
	starts  map[string]*launch    // by session id
	order   []*launch             // those a webhook was called for
	current map[string]*launch    // by package
	plugs   map[user.ConnID]*plug // by connection
	asks    []*ask
	keys    map[string]*key
	rows    map[[2]string]bool // session id and key: who is notified of a revocation
	// What the object has said, by what was said.
	stands  map[string]string // a package's state, as the device last received it
	toDev   map[uint64]string // frames for the device
	placed  map[string]spot   // messages that were taken
	sentTo  map[string]string // a message's package, on whichever side
	begun   map[string]bool   // message ids of starts that came to something
	late    []*plug           // the object has yet to learn of their end
	counter int
	counts  map[string]int
}

// launch is one start of an app, as the object and as the app's server have it.
type launch struct {
	name, id string
	over     bool
	texts    map[uint64]string // what is kept for it
	pushed   uint64            // up to where the bounds have pushed it out
	call     *ask              // its latest
	// The server's side.
	received uint64
	client   bool // whether the device is there
	got      map[string]bool
	stopped  bool
	plug     *plug
	talker
}

// plug is one socket of an app's server.
type plug struct {
	conn               user.ConnID
	name, key, session string
	open, closed       bool // let in; ended by the object, or it learnt of the end
	cut                bool // its connection is dead, which nobody may know
	ready              bool
	forgetful          bool // did not say what it has received
	seen               time.Time
	inbox              [][]byte
}

type key struct {
	id, name          string
	revoked, notified bool
}

// ask is something asked of the outside, or by it, that has no answer yet.
type ask struct {
	call     *app.Call
	slow     bool
	register *app.Register
	done     bool // executed
	refused  bool
	connect  *app.Connect
	revoke   *app.KeyRevoked
}

// spot is where a message was taken: which start's outbox, nil for the device's.
type spot struct {
	of  *launch
	seq uint64
}

// talker is one side's messages that have no answer yet.
type talker struct {
	pending []unanswered
	hold    bool // one was refused for now: it comes first
	views   map[string]string
}

type unanswered struct{ id, text string }

var packages = []string{"com.example.a", "com.example.b", "com.example.c", "com.example.d"}

func newOutside(r *run) *outside {
	o := &outside{
		run: r, starts: map[string]*launch{}, current: map[string]*launch{}, plugs: map[user.ConnID]*plug{}, keys: map[string]*key{},
		rows: map[[2]string]bool{}, stands: map[string]string{}, toDev: map[uint64]string{}, placed: map[string]spot{},
		sentTo: map[string]string{}, begun: map[string]bool{}, counts: map[string]int{},
	}
	r.apps, r.pace, r.crashes = o, 400, 120
	return o
}

// word is a frame as both sides read it.
type word struct {
	Event     string
	MessageID string `json:"message_id"`
	Seq       uint64
	Data      struct {
		Package, State, Reason, From string
		SessionID                    string `json:"session_id"`
		Resumed                      bool
		Seq                          uint64
		ClientConnected              bool `json:"client_connected"`
		Gap                          *struct {
			From, To, Count uint64
			Reason          string
		}
		Apps    []struct{ Package, State string }
		Code    string `json:"error_code"`
		Details struct {
			MessageID string `json:"message_id"`
			Reason    string
		}
		Data any
	}
}

func (o *outside) parse(text string) (d word) {
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		o.fail("%s: %v", text, err)
	}
	return d
}

// TestSimApps lets seeds run with apps: every message that was answered is received once, in
// order, or reported as lost, by whom it is for and nobody else; every app is in a state it
// can get to and will leave; and what is known is what is stored.
func TestSimApps(t *testing.T) {
	counts := map[string]int{}
	runs := random.Each(t, 40, 10, func(seed uint64) {
		r := newRun(t, seed, user.Config{
			Device: device.Config{ClientPings: seed%2 == 1, Outbox: channel.OutboxConfig{Frames: 4}},
			Apps:   app.Config{MaxApps: 3, Unanswered: 64, Starts: rate.Limit{Count: 1 << 20}},
		})
		o := newOutside(r)
		for range 800 {
			r.turn()
		}
		r.quiet = true
		switch seed / 2 % 3 {
		case 0:
			o.worldDies()
		case 1:
			o.appsDie()
		default:
			o.arrive()
		}
		for what, n := range o.counts {
			counts[what] += n
		}
	})
	t.Log(counts)
	if runs < 40 {
		return
	}
	if n := counts["gap"]; n > 0 {
		t.Errorf("%d times an app that acknowledges was notified that something is lost", n)
	}
	for from, ways := range moves {
		for _, to := range strings.Fields(ways) {
			if counts[from+" "+to] == 0 {
				t.Errorf("no app went from %q to %q: the world is too tame", from, to)
			}
		}
	}
	for _, what := range []string{"messages", "repeated", "replayed", "stale call", "wrong session", "revoked", "app_closed HEARTBEAT_TIMEOUT", "twin"} {
		if counts[what] == 0 {
			t.Errorf("not one case of: %s", what)
		}
	}
}
