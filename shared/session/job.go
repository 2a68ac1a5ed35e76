package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
)

// job is an operator's request that waits until it has taken effect. It is not
// stored: what it asked for is, and goes on without it.
type job struct {
	ask     uint64
	ends    bool // channels; else it changes permissions
	began   time.Time
	waiting []string // channels
	changes []Change
	closed  []string
	last    []LastAccepted
	// signIns and tokens are what it has revoked.
	signIns, tokens []string
}

// maxJobs is how many operators may wait at once.
const maxJobs = 64

// begin answers a job that waits for nothing, and keeps any other.
func (s *Session) begin(now time.Time, j job) {
	switch {
	case len(j.waiting) == 0:
		s.finish(now, j, nil)
	case len(s.jobs) >= maxJobs:
		s.finish(now, j, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "too_many_waiting", RetryAfter: s.cfg.RetryAfter})
	default:
		s.jobs = append(s.jobs, j)
	}
}

func (s *Session) changed(c Change) {
	for i := range s.jobs {
		if j := &s.jobs[i]; !j.ends && slices.Contains(j.waiting, c.Document) {
			j.changes = append(j.changes, c)
		}
	}
}

// settled notes that a document has taken what was pending, and answers whoever
// waited for it last.
func (s *Session) settled(now time.Time, document string, ends bool) {
	for i := 0; i < len(s.jobs); {
		j := &s.jobs[i]
		at := slices.Index(j.waiting, document)
		if j.ends != ends || at < 0 {
			i++
			continue
		}
		if j.waiting = rows.Remove(j.waiting, at); len(j.waiting) > 0 {
			i++
			continue
		}
		done := *j
		s.jobs = rows.Remove(s.jobs, i)
		s.finish(now, done, nil)
	}
}

var documentUnreachable = protocol.Error{Code: protocol.ServiceUnavailable, Reason: "document_unreachable"}

// unsettled answers those who wait for a document that was not reached. It goes on
// being tried.
func (s *Session) unsettled(now time.Time, document string, ends bool, e protocol.Error) {
	for i := 0; i < len(s.jobs); {
		j := s.jobs[i]
		if j.ends != ends || !slices.Contains(j.waiting, document) {
			i++
			continue
		}
		s.jobs = rows.Remove(s.jobs, i)
		e.RetryAfter = s.cfg.RetryAfter
		e.Details = []protocol.Detail{{Name: "pending", Raw: jsonscan.AppendStrings(nil, j.waiting)}}
		s.finish(now, j, &e)
	}
}

func (s *Session) finish(now time.Time, j job, err *protocol.Error) {
	s.emit(Receipt{
		Ask: j.ask, UserID: s.row.UserID, Changed: j.changes, Closed: j.closed, LastAccepted: j.last,
		SignIns: j.signIns, Tokens: j.tokens, Took: max(0, now.Sub(j.began)), Err: err,
	})
}
