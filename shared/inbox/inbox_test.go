package inbox_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var start = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

type channel struct {
	document, client string
	at               time.Time
}

// world is an inbox with channels that are played, and its storage.
type world struct {
	t        *testing.T
	cfg      inbox.Config
	now      time.Time
	box      *inbox.Inbox
	channels []channel
	stored   inbox.Snapshot
	out      []inbox.Effect
	log      []string
}

func newWorld(t *testing.T, cfg inbox.Config) *world {
	w := &world{t: t, cfg: cfg.WithDefaults(), now: start}
	w.boot()
	return w
}

func (w *world) boot() {
	w.t.Helper()
	var err error
	clone := inbox.Snapshot{Messages: slices.Clone(w.stored.Messages)}
	for _, c := range w.stored.Clients {
		clone.Clients = append(clone.Clients, inbox.Client{ID: c.ID, Heard: slices.Clone(c.Heard)})
	}
	if w.box, err = inbox.Restore(&w.cfg, w, clone); err != nil {
		w.t.Fatal(err)
	}
	w.box.Begin(w.now)
}

func (w *world) Channels(f func(document, client string, at time.Time)) {
	for _, c := range w.channels {
		f(c.document, c.client, c.at)
	}
}

func (w *world) Emit(e inbox.Effect) {
	s := &w.stored
	switch e := e.(type) {
	case inbox.Save:
		s.Messages = append(s.Messages, e.Message)
	case inbox.Drop:
		s.Messages = slices.DeleteFunc(s.Messages, func(m inbox.Message) bool { return m.Seq == e.Seq })
	case inbox.SaveClient:
		s.Clients = slices.DeleteFunc(s.Clients, func(c inbox.Client) bool { return c.ID == e.Client.ID })
		s.Clients = append(s.Clients, e.Client)
		slices.SortFunc(s.Clients, func(a, b inbox.Client) int { return strings.Compare(a.ID, b.ID) })
	case inbox.DropClient:
		s.Clients = slices.DeleteFunc(s.Clients, func(c inbox.Client) bool { return c.ID == e.ID })
	default:
		w.out = append(w.out, e)
	}
	w.log = append(w.log, fmt.Sprintf("%T", e))
}

// step takes an event, and holds what is stored against what is known.
func (w *world) step(ev inbox.Event) []inbox.Effect {
	w.t.Helper()
	w.out = nil
	if ev != nil {
		w.box.Take(w.now, ev)
	}
	w.box.Settle(w.now)
	if known := w.box.Snapshot(); len(known.Messages)+len(w.stored.Messages) > 0 && !reflect.DeepEqual(known, w.stored) {
		w.t.Fatalf("known is %+v, stored %+v", known, w.stored)
	}
	if _, ok := w.box.Deadline(); ok != (len(w.stored.Messages) > 0) {
		w.t.Fatalf("a deadline: %t, with %d messages", ok, len(w.stored.Messages))
	}
	return w.out
}

// pushes are the deliveries of effects: document, client, ids.
func pushes(out []inbox.Effect) (list []string) {
	for _, e := range out {
		if d, is := e.(inbox.Deliver); is {
			ids := ""
			for _, m := range d.Messages {
				ids += " " + m.ID
			}
			list = append(list, strings.TrimSpace(d.Document+" "+d.ClientID)+":"+ids)
		}
	}
	return list
}

func posted(out []inbox.Effect) *inbox.Posted {
	for _, e := range out {
		if p, is := e.(inbox.Posted); is {
			return &p
		}
	}
	return nil
}

func post(id string) inbox.Post { return inbox.Post{Ask: 7, ID: id, Data: []byte(`{"n":1}`)} }

func (w *world) expect(got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("got %q, want %q", got, want)
	}
}

func TestAMessageGoesToEveryDocumentOnce(t *testing.T) {
	w := newWorld(t, inbox.Config{})
	w.channels = []channel{{"d1", "c1", start}, {"d1", "c2", start}, {"d2", "c1", start}}
	out := w.step(post("m1"))
	w.expect(pushes(out), "d1: m1", "d2: m1")
	if posted(out) != nil {
		t.Error("it is answered before the documents have answered")
	}
	if p := posted(w.step(inbox.Delivered{Push: 1, Connections: 2, OK: true})); p != nil {
		t.Error("it is answered before all have")
	}
	p := posted(w.step(inbox.Delivered{Push: 2}))
	if p == nil || p.Connections != 2 || p.Unreached != 1 || p.Message.ID != "m1" || !p.Message.Until.Equal(start.Add(24*time.Hour)) || p.Ask != 7 {
		t.Fatalf("%+v", p)
	}
	w.step(inbox.Delivered{Push: 2}) // once more, from a shell that is mistaken
	w.step(inbox.Heard{ClientID: "c1", MessageID: "m1"})
	w.step(inbox.Heard{ClientID: "c1", MessageID: "m1"})
	w.step(inbox.Heard{ClientID: "c1", MessageID: "other"})
	// Who has not heard it gets it again, a few times.
	var all []string
	for at, ok := w.box.Deadline(); ok && at.Before(start.Add(time.Hour)); at, ok = w.box.Deadline() {
		w.now = at
		all = append(all, pushes(w.step(nil))...)
	}
	w.expect(all, "d1 c2: m1", "d1 c2: m1", "d1 c2: m1", "d1 c2: m1", "d1 c2: m1", "d1 c2: m1")
	// Then it waits for nothing but its own end.
	if at, _ := w.box.Deadline(); !at.Equal(start.Add(24 * time.Hour)) {
		t.Errorf("the deadline is %s", at)
	}
	// A client that was away gets it as it comes back, and one that has it does not.
	w.channels = []channel{{"d2", "c1", w.now}, {"d3", "c3", w.now}}
	w.expect(pushes(w.step(nil)))
	at, _ := w.box.Deadline()
	w.now = at
	w.expect(pushes(w.step(nil)), "d3 c3: m1")
	w.step(inbox.Heard{ClientID: "c3", MessageID: "m1"})
	w.now = start.Add(24 * time.Hour)
	w.step(nil)
	if len(w.stored.Messages)+len(w.stored.Clients) > 0 {
		t.Errorf("left is %+v", w.stored)
	}
}

func TestARepeatIsTheSameMessage(t *testing.T) {
	w := newWorld(t, inbox.Config{})
	w.channels = []channel{{"d1", "c1", start}, {"d1", "c2", start}}
	w.step(post("m1"))
	w.step(inbox.Delivered{Push: 1, Connections: 2, OK: true})
	w.step(inbox.Heard{ClientID: "c1", MessageID: "m1"})
	w.now = w.now.Add(time.Second)
	again := post("m1")
	again.Data = []byte(`"other"`)
	out := w.step(again)
	w.expect(pushes(out), "d1 c2: m1")
	p := posted(w.step(inbox.Delivered{Push: 2, Connections: 1, OK: true}))
	if !p.Repeated || p.Connections != 1 || string(p.Message.Data) != `{"n":1}` || !p.Message.At.Equal(start) {
		t.Errorf("%+v", p)
	}
	w.step(inbox.Heard{ClientID: "c2", MessageID: "m1"})
	if p := posted(w.step(again)); p == nil || !p.Repeated || p.Connections != 0 {
		t.Errorf("%+v", p)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	w := newWorld(t, inbox.Config{})
	if p := posted(w.step(inbox.Post{Ask: 1, ID: "m1", Data: []byte(`1`), Says: true})); p == nil || !p.Message.Until.IsZero() || p.Connections != 0 {
		t.Errorf("%+v", p)
	}
	if len(w.log) != 1 {
		t.Errorf("it left %q", w.log)
	}
	if p := posted(w.step(inbox.Post{Ask: 1, ID: "m2", Data: []byte(`1`), TTL: 99 * 24 * time.Hour, Says: true})); !p.Message.Until.Equal(start.Add(30 * 24 * time.Hour)) {
		t.Errorf("%+v", p)
	}
}

func TestBounds(t *testing.T) {
	w := newWorld(t, inbox.Config{Messages: 3, Bytes: 100, Limits: protocol.Limits{FrameBytes: 4096}})
	size := func(id string, n int) *inbox.Posted {
		return posted(w.step(inbox.Post{Ask: 1, ID: id, Data: []byte(`"` + strings.Repeat("x", n-2) + `"`)}))
	}
	for _, id := range []string{"m1", "m2", "m3"} {
		if p := size(id, 10); p.Err != nil || p.Dropped != 0 {
			t.Errorf("%+v", p)
		}
	}
	if p := size("m4", 10); p.Dropped != 1 || w.stored.Messages[0].ID != "m2" {
		t.Errorf("%+v, kept %+v", p, w.stored.Messages)
	}
	if p := size("m5", 90); p.Dropped != 3 || len(w.stored.Messages) != 1 {
		t.Errorf("%+v, kept %+v", p, w.stored.Messages)
	}
	for _, n := range []int{101, 5000} {
		if p := size("m6", n); p.Err == nil || p.Err.Code != protocol.MessageTooLarge || len(w.stored.Messages) != 1 {
			t.Errorf("%d: %+v", n, p)
		}
	}
	// A client that makes up ids, and one profile after the other, take no more room than this.
	for n := range 200 {
		w.step(inbox.Heard{ClientID: fmt.Sprint("c", n), MessageID: "m5"})
	}
	if len(w.stored.Clients) != 64 {
		t.Errorf("%d clients", len(w.stored.Clients))
	}
	w.channels = []channel{{"d1", "c", start}}
	w.cfg.Limits.FrameBytes = 1 << 20
	if p := posted(w.step(inbox.Post{Ask: 1, ID: "m7", Data: []byte(`"` + strings.Repeat("x", 128<<10) + `"`), Says: true})); p == nil || p.Err == nil || p.Err.Code != protocol.MessageTooLarge {
		t.Errorf("%+v", p)
	}
	for range 64 {
		w.step(inbox.Post{Ask: 1, ID: "m8", Data: []byte(`1`), Says: true})
	}
	if p := posted(w.step(inbox.Post{Ask: 1, ID: "m9", Data: []byte(`1`)})); p == nil || p.Err == nil || p.Err.Reason != "too_many_waiting" {
		t.Errorf("%+v", p)
	}
}

func TestRestoreRefuses(t *testing.T) {
	good := inbox.Message{Seq: 2, ID: "m", At: start, Until: start, Data: []byte(`1`)}
	cfg := inbox.Config{}.WithDefaults()
	for _, s := range []inbox.Snapshot{
		{Messages: []inbox.Message{good, good}}, {Messages: []inbox.Message{{Seq: 1, ID: "m"}}}, {Messages: []inbox.Message{{Seq: 1, Until: start}}},
		{Clients: []inbox.Client{{ID: "b"}, {ID: "a"}}},
	} {
		if _, err := inbox.Restore(&cfg, nil, s); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

// Whatever is lost on the way, and whenever the object is out of memory: a client that stays
// connected for three minutes after a message, or after it came back, has every message that is
// kept, and a push that nobody acknowledges ends.
func TestSim(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t, inbox.Config{Messages: 5})
		has := map[string]map[string]bool{} // client -> ids
		deliver := func(out []inbox.Effect, losing bool) {
			for len(out) > 0 {
				var heard []inbox.Heard
				for _, e := range out {
					d, is := e.(inbox.Deliver)
					if !is {
						continue
					}
					for _, c := range w.channels {
						if c.document != d.Document || d.ClientID != "" && d.ClientID != c.client || losing && r.IntN(3) == 0 {
							continue
						}
						if c.at.After(w.now.Add(-100 * time.Millisecond)) {
							continue // its socket is not there yet
						}
						for _, m := range d.Messages {
							if has[c.client] == nil {
								has[c.client] = map[string]bool{}
							}
							has[c.client][m.ID] = true
							if !losing || r.IntN(3) > 0 {
								heard = append(heard, inbox.Heard{ClientID: c.client, MessageID: m.ID})
							}
						}
					}
				}
				out = nil
				for _, h := range heard {
					out = append(out, w.step(h)...)
				}
			}
		}
		pass := func(to time.Time, losing bool) {
			for at, ok := w.box.Deadline(); ok && !at.After(to); at, ok = w.box.Deadline() {
				if w.now = at; r.IntN(4) == 0 {
					w.boot() // woken by the alarm
				}
				deliver(w.step(nil), losing)
			}
			w.now = to
		}
		sent := 0
		for range 30 {
			switch r.IntN(4) {
			case 0:
				sent++
				deliver(w.step(post(fmt.Sprint("m", sent))), true)
			case 1:
				c := channel{fmt.Sprint("d", r.IntN(3)), fmt.Sprint("c", r.IntN(3)), w.now}
				w.channels = slices.DeleteFunc(w.channels, func(o channel) bool { return o.document == c.document && o.client == c.client })
				w.channels = append(w.channels, c)
				slices.SortFunc(w.channels, func(a, b channel) int { return strings.Compare(a.document+a.client, b.document+b.client) })
			case 2:
				if n := len(w.channels); n > 0 {
					i := r.IntN(n)
					w.channels = slices.Delete(w.channels, i, i+1)
				}
			case 3:
				w.boot()
			}
			pass(w.now.Add(time.Duration(r.IntN(20_000))*time.Millisecond), true)
		}
		// From here on everything arrives, until every try has been made.
		for i := range w.channels {
			w.channels[i].at = w.now
		}
		pass(w.now.Add(3*time.Minute), false)
		for _, c := range w.channels {
			for _, m := range w.stored.Messages {
				if !has[c.client][m.ID] {
					t.Fatalf("seed %d: %s lacks %s", seed, c.client, m.ID)
				}
			}
		}
		if at, ok := w.box.Deadline(); ok && at.Before(w.now.Add(20*time.Hour)) {
			t.Fatalf("seed %d: it goes on at %s", seed, at)
		}
	}
}
