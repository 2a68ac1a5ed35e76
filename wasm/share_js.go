//go:build js && wasm

package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/scope"
	"github.com/holdfast-dev/holdfast/wasm/agent"
)

// share is a page's part in a scope, with a host of its own: the lock, the channel and the
// timer that its sessions have in common. The page starts it before the first of them, and
// closes it after the last.
type share struct {
	host
	sessions *sessions
	agent    *agent.Share
	key      string
}

// startShare is the start of a host that is no session's.
func (s *sessions) startShare(id int, text []byte) {
	str := func(name string) string {
		v, _ := jsonscan.Str(jsonscan.Field(text, name))
		return v
	}
	yes := func(name string) bool {
		v, _ := jsonscan.Bool(jsonscan.Field(text, name))
		return v
	}
	sh := &share{host: host{page: s.page, id: id}, sessions: s, key: scopeOf(text)}
	broker := scope.New(scope.Config{
		PageID: str("page_id"), User: str("user"), Locks: yes("locks"), Channel: yes("channel"), Others: yes("others"), Rand: random(),
	})
	sh.agent = agent.NewShare(broker, sh, str("scope"))
	s.shares[id] = sh
}

// scopeOf is whose share it is, by the facts of a session or of a share.
func scopeOf(text []byte) string {
	url, _ := jsonscan.Str(jsonscan.Field(text, "url"))
	user, _ := jsonscan.Str(jsonscan.Field(text, "user"))
	return url + " " + user // a url has no space
}

// shareOf is the one that a session asks; nil where the page has started none.
func (s *sessions) shareOf(key string) *share {
	for _, sh := range s.shares {
		if sh.key == key {
			return sh
		}
	}
	return nil
}

func (sh *share) receive(kind, text string) {
	if ev := shareEvent(kind, text); ev != nil {
		sh.agent.Handle(ev)
	}
	if kind == "close" {
		delete(sh.sessions.shares, sh.id)
	}
}

// Now is the page's clock.
func (sh *share) Now() time.Time { return sh.page.now() }

// AskApp has the session's host ask, which says with its answer for whom that is.
func (sh *share) AskApp(session int, number uint64) {
	host{page: sh.page, id: session}.call("token", strconv.Itoa(sh.id)+" "+strconv.FormatUint(number, 10))
}

// GiveUp has it call no more.
func (sh *share) GiveUp(session int) {
	host{page: sh.page, id: session}.call("token_give_up", "")
}

// Answer comes while the session may be stepping, and is taken after that.
func (sh *share) Answer(session int, ev client.Event) {
	if t := sh.sessions.tabs[session]; t != nil {
		go t.agent.Handle(ev)
	}
}

// answered takes an app's answer, also that of a session that is over.
func (s *sessions) answered(kind, text string) {
	to, _ := jsonscan.Str(jsonscan.Field([]byte(text), "to"))
	id, number, _ := strings.Cut(to, " ")
	at, _ := jsonscan.Uint([]byte(strings.TrimPrefix(id, "-"))) // strconv would bring the words of its errors
	n, ok := jsonscan.Uint([]byte(number))
	sh := s.shares[-int(at)]
	if !ok || sh == nil {
		return
	}
	if kind == "token" {
		token, _ := jsonscan.Str(jsonscan.Field([]byte(text), "token"))
		sh.agent.Handle(scope.Fetched{Number: n, Token: token})
		return
	}
	sh.agent.Handle(scope.Failed{Number: n, Failure: tokenFailureOf([]byte(text))})
}

// shareEvent is event for a share.
//
//go:noinline
func shareEvent(kind, text string) scope.Event {
	switch kind {
	case "timer":
		return scope.Woken{}
	case "message":
		return scope.Message{Text: text}
	case "message_origin":
		if kind, _ := jsonscan.Str(jsonscan.Field([]byte(text), "type")); kind == "signed_out" {
			user, _ := jsonscan.Str(jsonscan.Field([]byte(text), "userId"))
			return scope.SignedOut{User: user}
		}
	case "lock_granted":
		return scope.Granted{}
	case "lock_lost":
		return scope.Lost{}
	case "visible", "online", "resume", "pageshow":
		return scope.Wake{}
	case "close":
		return scope.Close{}
	case "freeze":
		return scope.Suspend{}
	case "pagehide":
		return scope.Suspend{Deaf: true}
	}
	return nil
}
