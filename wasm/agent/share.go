package agent

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
	"github.com/holdfast-dev/holdfast/shared/scope"
)

// SharePage is where a Share lives. Its methods are as those of Page.
type SharePage interface {
	Lock(name string)
	Steal(name string)
	Unlock()
	Post(text []byte)
	Timer(in time.Duration)
	StopTimer()
	// Now is the clock. It is no function value, as every call of one looks to the browser module's build
	// (.toolchain/suspend.mjs) like one that may wait: nothing that a Share does waits.
	Now() time.Time
	// AskApp calls the getToken of a session; Fetched or Failed with the number answers.
	AskApp(session int, number uint64)
	// GiveUp ends that call: what comes after it is late.
	GiveUp(session int)
	// Answer gives a session what it asked for. It does not call the Share.
	Answer(session int, ev client.Event)
}

// Share runs a page's part in the one token of its scope.
type Share struct {
	broker *scope.Broker
	page   SharePage
	lock   string
	armed  time.Time
}

// NewShare returns the part that takes the lock of this name.
func NewShare(broker *scope.Broker, page SharePage, lock string) *Share {
	return &Share{broker: broker, page: page, lock: lock}
}

// Handle takes one event, from one goroutine at a time.
func (s *Share) Handle(ev scope.Event) {
	now := s.page.Now()
	if _, woken := ev.(scope.Woken); woken {
		s.armed = time.Time{}
	}
	for _, effect := range s.broker.Step(now, ev) {
		s.carryOut(effect)
	}
	switch at, ok := s.broker.Deadline(); {
	case !ok && !s.armed.IsZero():
		s.armed = time.Time{}
		s.page.StopTimer()
	case ok && !at.Equal(s.armed):
		s.armed = at
		s.page.Timer(max(0, at.Sub(now)))
	}
}

func (s *Share) carryOut(effect scope.Effect) {
	switch e := effect.(type) {
	case scope.RequestLock:
		s.page.Lock(s.lock)
	case scope.StealLock:
		s.page.Steal(s.lock)
	case scope.ReleaseLock:
		s.page.Unlock()
	case scope.Post:
		s.page.Post(e.Text)
	case scope.FetchToken:
		s.page.AskApp(e.Session, e.Number)
	case scope.GiveUp:
		s.page.GiveUp(e.Session)
	case scope.Answer:
		if !e.Failed {
			s.page.Answer(e.Session, client.TokenFetched{Token: e.Token})
			return
		}
		s.page.Answer(e.Session, client.TokenFailed{Message: e.Failure.Message, Final: e.Failure.Final, RetryAfter: e.Failure.RetryAfter})
	}
}
