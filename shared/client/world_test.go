package client

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/clock"
)

// world is a browser profile: tabs, the lock they share, the channel they talk
// on. The page's part is done by it; the test plays the server, the app
// and the time.
type world struct {
	now     time.Time
	tabs    []*fakeTab
	queue   []*fakeTab // for the lock; the first holds it once granted
	holder  *fakeTab
	pending []step
	lines   []string
	tokens  []string // to print them by name
	onDial  func(t *fakeTab, d Dial)
	onWrite func(t *fakeTab, w Write)
	onClose func(t *fakeTab, s CloseSocket)
	onEmit  func(t *fakeTab, e Emit)
	onSent  func(t *fakeTab, e Effect)
	// store is the browser's, for tabs with Config.Offline.
	store    fakeStore
	onKept   func(messageID string)
	onErased func()
	// lag holds posts back until deliver is called.
	lag    bool
	silent bool
	posted []letter
}

type fakeTab struct {
	name     string
	c        *Client
	cfg      Config
	frozen   bool
	gone     bool
	fetching bool
	backlog  []Event
	key      int // of the store when the tab opened it
}

type step struct {
	tab *fakeTab
	ev  Event
}

type letter struct {
	to   *fakeTab
	text string
}

var epoch0 = clock.Start

func newWorld() *world {
	return &world{now: epoch0, store: fakeStore{marks: map[string]uint64{}, unsent: map[string]bool{}}}
}

func (w *world) open(name string, change ...func(*Config)) *fakeTab {
	cfg := Config{
		URL: "ws://h", Document: "welcome", ClientID: "c1", TabID: name, Scope: "holdfast.v1/h/welcome",
		Locks: true, Channel: true, Visible: true, Online: true, Rand: uint64(len(w.tabs) + 1),
	}
	for _, f := range change {
		f(&cfg)
	}
	t := &fakeTab{name: name, cfg: cfg, c: New(cfg), key: w.store.key}
	w.tabs = append(w.tabs, t)
	w.do(t, Start{})
	return t
}

func (w *world) tab(name string) *fakeTab {
	for _, t := range w.tabs {
		if t.name == name && !t.gone {
			return t
		}
	}
	return nil
}

// do steps a tab with an event and carries out whatever follows from it.
func (w *world) do(t *fakeTab, ev Event) {
	w.pending = append(w.pending, step{t, ev})
	w.run()
}

func (w *world) run() {
	for len(w.pending) > 0 {
		s := w.pending[0]
		w.pending = w.pending[1:]
		if s.tab.gone {
			continue
		}
		if s.tab.frozen {
			// A frozen page receives it all when it wakes, after its own resume.
			s.tab.backlog = append(s.tab.backlog, s.ev)
			continue
		}
		for _, e := range s.tab.c.Step(w.now, s.ev) {
			w.carryOut(s.tab, e)
		}
	}
}

func (w *world) later(t *fakeTab, ev Event) { w.pending = append(w.pending, step{t, ev}) }

func (w *world) carryOut(t *fakeTab, e Effect) {
	w.log(t, e)
	switch e := e.(type) {
	case RequestLock:
		w.queue = append(w.queue, t)
		w.grant()
	case StealLock:
		w.drop(t)
		if h := w.holder; h != nil {
			w.holder = nil
			w.later(h, LockLost{})
		}
		w.queue = slices.Insert(w.queue, 0, t)
		w.grant()
	case ReleaseLock:
		w.drop(t)
		w.grant()
	case Post:
		for _, o := range w.tabs {
			if o != t && !o.gone && o.cfg.Channel {
				if w.lag {
					w.posted = append(w.posted, letter{o, string(e.Text)})
				} else {
					w.later(o, Broadcast{string(e.Text)})
				}
			}
		}
	case PostOrigin:
		for _, o := range w.tabs {
			if o != t && !o.gone && o.cfg.Channel {
				w.later(o, BroadcastOrigin{string(e.Text)})
			}
		}
	case FetchToken:
		t.fetching = true
	case GiveUpToken:
		t.fetching = false
	case Dial:
		if w.onDial != nil {
			w.onDial(t, e)
		}
	case Write:
		if w.onWrite != nil {
			w.onWrite(t, e)
		}
	case CloseSocket:
		if w.onClose != nil {
			w.onClose(t, e)
		}
	case Emit:
		if w.onEmit != nil {
			w.onEmit(t, e)
		}
	case Sent, Unsent:
		if w.onSent != nil {
			w.onSent(t, e)
		}
	case Keep, Mark, Forget, LoadKept, EraseKept:
		w.ask(t, e)
	case Finished:
		w.vanish(t)
	}
}

// grant gives the lock to the first in the queue, as a browser does: it knows
// nothing of frozen pages.
func (w *world) grant() {
	if w.holder == nil && len(w.queue) > 0 {
		w.holder = w.queue[0]
		w.queue = w.queue[1:]
		w.later(w.holder, LockGranted{})
	}
}

func (w *world) drop(t *fakeTab) {
	w.queue = slices.DeleteFunc(w.queue, func(o *fakeTab) bool { return o == t })
	if w.holder == t {
		w.holder = nil
	}
}

// vanish is a tab that closed or crashed: the browser gives its lock away.
func (w *world) vanish(t *fakeTab) {
	t.gone = true
	w.drop(t)
	w.grant()
}

// crash is vanish from outside.
func (w *world) crash(t *fakeTab) {
	w.vanish(t)
	w.run()
}

// next is the nearest deadline of a page whose timers run.
func (w *world) next() (*fakeTab, time.Time) {
	var who *fakeTab
	var least time.Time
	for _, t := range w.tabs {
		if t.gone || t.frozen {
			continue
		}
		if at, ok := t.c.Deadline(); ok && (who == nil || at.Before(least)) {
			who, least = t, at
		}
	}
	return who, least
}

// advance lets time pass, waking tabs at their deadlines on the way.
func (w *world) advance(d time.Duration) {
	end := w.now.Add(d)
	for {
		t, at := w.next()
		if t == nil || at.After(end) {
			break
		}
		if at.After(w.now) {
			w.now = at
		}
		w.do(t, Woken{})
	}
	w.now = end
}

// thaw wakes a page that was frozen, with or without a freeze event before.
func (w *world) thaw(t *fakeTab) {
	t.frozen = false
	backlog := t.backlog
	t.backlog = nil
	for _, ev := range backlog {
		w.later(t, ev)
	}
	w.pending = append([]step{{t, Resume{}}}, w.pending...)
	w.run()
}

// token makes an unsigned token; the browser's half verifies nothing.
func (w *world) token(user string, iat time.Time, ttl time.Duration) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	claims := fmt.Sprintf(`{"user_id":%q,"iat":%d,"exp":%d,"n":%d}`, user, iat.Unix(), iat.Add(ttl).Unix(), len(w.tokens))
	tok := part(`{"alg":"RS256"}`) + "." + part(claims) + "." + part("sig")
	w.tokens = append(w.tokens, tok)
	return tok
}

// log prints an effect as the transcripts show it.
func (w *world) log(t *fakeTab, e Effect) {
	s := describe(e)
	for i, tok := range w.tokens {
		s = strings.ReplaceAll(s, tok, fmt.Sprintf("<token%d>", i+1))
	}
	w.lines = append(w.lines, t.name+": "+s)
}

func describe(e Effect) string {
	switch e := e.(type) {
	case RequestLock:
		return "lock " + e.Name
	case StealLock:
		return "steal " + e.Name
	case ReleaseLock:
		return "unlock"
	case Post:
		return "post " + string(e.Text)
	case PostOrigin:
		return "post to all " + string(e.Text)
	case FetchToken:
		return "fetch token"
	case GiveUpToken:
		return "give up token"
	case Emit:
		s := "emit " + e.Type
		if e.Type == "" {
			return "set " + string(e.Set)
		}
		if e.Detail != nil {
			s += " " + string(e.Detail)
		}
		if e.Set != nil {
			s += " set " + string(e.Set)
		}
		return s
	case Sent:
		return fmt.Sprintf("sent %s as version %d", e.ID, e.Version)
	case Unsent:
		return fmt.Sprintf("unsent %s %s", e.ID, e.Error)
	case Keep:
		if e.Unsent {
			return fmt.Sprintf("keep %s unsent %s", e.ID, e.Record)
		}
		return fmt.Sprintf("keep %s %s", e.ID, e.Record)
	case Mark:
		return fmt.Sprintf("mark %s as sent after version %d", strings.Join(e.IDs, " "), e.Version)
	case Forget:
		return "forget " + strings.Join(e.IDs, " ")
	case LoadKept:
		return fmt.Sprintf("load what is kept after %d", e.After)
	case EraseKept:
		return "erase what is kept"
	case Finished:
		return "finished"
	case Dial:
		return fmt.Sprintf("dial %d %s %s", e.Gen, e.URL, strings.Join(e.Protocols(), " "))
	case Write:
		return fmt.Sprintf("write %d %s", e.Gen, e.Text)
	case CloseSocket:
		return fmt.Sprintf("close %d with %d %q", e.Gen, e.Code, e.Reason)
	}
	return fmt.Sprintf("%T", e)
}

// flush returns what happened since the last time.
func (w *world) flush() string {
	out := strings.Join(w.lines, "\n")
	w.lines = nil
	if out == "" {
		return "nothing\n"
	}
	return out + "\n"
}

// validEffects checks what holds for every effect whatever the input.
func validEffects(effects []Effect) error {
	for _, e := range effects {
		for _, text := range [][]byte{jsonOf(e)} {
			if text != nil && !json.Valid(text) {
				return fmt.Errorf("not JSON: %s", describe(e))
			}
		}
		switch e := e.(type) {
		case Emit:
			if e.Set != nil && !json.Valid(e.Set) {
				return fmt.Errorf("not JSON: %s", describe(e))
			}
		case CloseSocket:
			if e.Code != 1000 && (e.Code < 4000 || e.Code > 4999) || len(e.Reason) > 123 {
				return fmt.Errorf("a browser refuses this: %s", describe(e))
			}
		case Dial:
			if strings.Contains(e.URL, "bearer") || strings.Contains(e.URL, "token") {
				return fmt.Errorf("token in a URL: %s", describe(e))
			}
		}
	}
	return nil
}

func jsonOf(e Effect) []byte {
	switch e := e.(type) {
	case Post:
		return e.Text
	case PostOrigin:
		return e.Text
	case Write:
		return e.Text
	case Emit:
		return e.Detail
	case Unsent:
		return e.Error
	case Keep:
		return e.Record
	}
	return nil
}
