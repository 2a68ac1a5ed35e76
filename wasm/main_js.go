//go:build js && wasm

// Command wasm is the browser module: one program serves all sessions of a page. It
// joins the client core (shared/client, run by wasm/agent) to the page, which
// web/src/host.ts stands for. Everything crosses as words and text, with the number of
// the session that it is about; nothing that JavaScript throws may reach Go, so the host
// never throws.
package main

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/scope"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

func main() {
	p, err := openPage()
	if err != nil {
		println("holdfast: no page to run in:", err.Error())
		return
	}
	s := &sessions{page: p, tabs: map[int]*tab{}, heard: &client.Heard{}, shares: map[int]*share{}}
	if err := p.listen(s.receive); err != nil {
		println("holdfast: the page does not take events:", err.Error())
		return
	}
	select {} // from here on the page's events run it
}

// sessions are those of the page, by their numbers. One is here from its first event until
// its core has finished; the page sends none after that.
type sessions struct {
	page   *page
	tabs   map[int]*tab
	heard  *client.Heard
	shares map[int]*share
}

func (s *sessions) receive(id int, kind, text string) {
	if sh := s.shares[id]; sh != nil {
		sh.receive(kind, text)
		return
	}
	switch kind {
	case "start_share":
		s.startShare(id, []byte(text))
		return
	case "token", "token_failed":
		s.answered(kind, text)
		return
	}
	t := s.tabs[id]
	if t == nil {
		t = &tab{sessions: s}
		t.host = host{page: s.page, id: id, finished: t.finished, ask: t.ask}
		s.tabs[id] = t
	}
	t.receive(kind, text)
}

// tab turns the page's words into the core's events.
type tab struct {
	sessions *sessions
	host     host
	share    *share
	agent    *agent.Agent
	early    []client.Event // what the app said before start
}

func (t *tab) ask(e client.FetchToken) {
	t.share.agent.Handle(scope.Ask{Session: t.host.id, Have: e.Have, Fresh: e.Fresh})
}

func (t *tab) finished() {
	delete(t.sessions.tabs, t.host.id)
	if t.share != nil {
		t.share.agent.Handle(scope.Leave{Session: t.host.id})
	}
}

func (t *tab) receive(kind, text string) {
	if kind == "start" {
		t.start(text)
		return
	}
	ev := event(kind, text)
	switch {
	case ev == nil:
	case t.agent != nil:
		t.agent.Handle(ev)
	case kind == "close":
		t.host.Finished()
	default:
		t.early = append(t.early, ev)
	}
}

func (t *tab) start(text string) {
	share := t.sessions.shareOf(scopeOf([]byte(text)))
	if t.agent != nil || share == nil {
		return
	}
	t.share = share
	cfg := config([]byte(text))
	cfg.Heard = t.sessions.heard
	page := t.host.page
	t.agent = agent.New(client.New(cfg), t.host, agent.Config{Now: page.now, LastClose: page.lastClose, Instant: true})
	t.agent.Handle(client.Start{})
	for _, ev := range t.early {
		t.agent.Handle(ev)
	}
	t.early = nil
}

// config reads what the page says of itself. It is kept out of its callers, as event is.
//
//go:noinline
func config(text []byte) client.Config {
	str := func(name string) string {
		s, _ := jsonscan.Str(jsonscan.Field(text, name))
		return s
	}
	yes := func(name string) bool {
		b, _ := jsonscan.Bool(jsonscan.Field(text, name))
		return b
	}
	version, _ := jsonscan.Uint(jsonscan.Field(text, "version"))
	return client.Config{
		Version: version,
		URL:     str("url"), Document: str("document"),
		ClientID: str("client_id"), TabID: str("tab_id"), Scope: str("scope"), User: str("user"),
		Offline: yes("offline"),
		Locks:   yes("locks"), Channel: yes("channel"), Visible: yes("visible"), Online: yes("online"), Again: yes("again"),
		Rand: random(),
	}
}

// event is what one of the page's words means; nil for a word nobody knows. It is kept out of
// its caller, which waits where an event comes in the middle of another: all of that is twice as large.
//
//go:noinline
func event(kind, text string) client.Event {
	switch kind {
	case "timer":
		return client.Woken{}
	case "message":
		return client.Broadcast{Text: text}
	case "message_origin":
		return client.BroadcastOrigin{Text: text}
	case "send":
		return sendOf([]byte(text))
	case "comment":
		return commentOf([]byte(text))
	case "lock":
		return lockOf([]byte(text))
	case "snapshot":
		return snapshotOf([]byte(text))
	case "replay":
		id, _ := jsonscan.Str(jsonscan.Field([]byte(text), "id"))
		return client.Replay{ID: id}
	case "kept":
		return keptOf([]byte(text))
	case "marked":
		return client.Marked{Before: []byte(text)}
	case "safe":
		ids, _ := jsonscan.Strs([]byte(text))
		return client.Kept{IDs: ids}
	case "not_kept":
		ids, _ := jsonscan.Strs([]byte(text))
		return client.KeepFailed{IDs: ids}
	case "presence":
		return client.Presence{Data: []byte(text)}
	case "lock_granted":
		return client.LockGranted{}
	case "lock_lost":
		return client.LockLost{}
	case "visible":
		return client.Visible{}
	case "hidden":
		return client.Hidden{}
	case "online":
		return client.Online{}
	case "offline":
		return client.Offline{}
	case "freeze":
		return client.Freeze{}
	case "resume":
		return client.Resume{}
	case "pagehide":
		return client.PageHide{}
	case "pageshow":
		return client.PageShow{}
	case "refresh":
		return client.Refresh{}
	case "take_over":
		return client.TakeOver{}
	case "reconnect":
		return client.Reconnect{}
	case "sign_out":
		return client.SignOut{}
	case "close":
		return client.Close{}
	}
	return nil
}

func sendOf(text []byte) client.Event {
	id, _ := jsonscan.Str(jsonscan.Field(text, "id"))
	if section, ok := jsonscan.Str(jsonscan.Field(text, "section")); ok {
		return client.SendSection{ID: id, Op: jsonscan.Field(text, "op"), Section: section}
	}
	return client.Send{ID: id, Op: jsonscan.Field(text, "op")}
}

func commentOf(text []byte) client.Event {
	id, _ := jsonscan.Str(jsonscan.Field(text, "id"))
	event, _ := jsonscan.Str(jsonscan.Field(text, "event"))
	of, _ := jsonscan.Str(jsonscan.Field(text, "comment_id"))
	return client.Comment{ID: id, Event: event, CommentID: of, Body: jsonscan.Field(text, "body"), Anchor: jsonscan.Field(text, "anchor")}
}

func lockOf(text []byte) client.Event {
	id, _ := jsonscan.Str(jsonscan.Field(text, "id"))
	section, _ := jsonscan.Str(jsonscan.Field(text, "section"))
	ttl, _ := jsonscan.Uint(jsonscan.Field(text, "ttl"))
	unlock, _ := jsonscan.Bool(jsonscan.Field(text, "unlock"))
	return client.LockSection{ID: id, Section: section, TTL: time.Duration(min(ttl, 1<<31)) * time.Millisecond, Unlock: unlock}
}

func snapshotOf(text []byte) client.Event {
	id, _ := jsonscan.Str(jsonscan.Field(text, "id"))
	version, _ := jsonscan.Uint(jsonscan.Field(text, "version"))
	return client.PostSnapshot{ID: id, Version: version, Data: jsonscan.Field(text, "data")}
}

func keptOf(text []byte) client.Event {
	last, _ := jsonscan.Uint(jsonscan.Field(text, "last"))
	return client.KeptLoaded{Records: jsonscan.Field(text, "records"), Last: last}
}

func tokenFailureOf(text []byte) scope.Failure {
	message, _ := jsonscan.Str(jsonscan.Field(text, "message"))
	final, _ := jsonscan.Bool(jsonscan.Field(text, "final"))
	after, _ := jsonscan.Uint(jsonscan.Field(text, "retry_after"))
	return scope.Failure{
		Message: message, Final: final,
		RetryAfter: time.Duration(min(after, 1<<31)) * time.Millisecond,
	}
}
