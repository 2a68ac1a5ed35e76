package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// counts is how often the user has done what is limited. None of it is stored: losing it
// forgives.
type counts struct {
	connects, refreshes rate.Bucket
	// delegates is how often the user's delegates have connected: a program that runs wild keeps no
	// browser of its user's out.
	delegates rate.Bucket
	// Each connect that is refused gets a retry_after of its own: one user may have hundreds
	// of connections.
	connecting, refreshing, delegating, unanswered, crowded rate.Turns
}

// pace is how often a channel's own client has come back to it, and refreshed its token.
type pace struct{ resumes, refreshes rate.Bucket }

// tooOften counts connects and refreshes, each by itself, and answers one that is too
// many. A channel's own client has an allowance of its own first: all of a user's lines
// drop at once, and may all come back, and one that drops again and again takes nothing
// from the others. An attempt that the document has sent back is not counted again.
func (s *Session) tooOften(now time.Time, a Admit) bool {
	if a.Again {
		return false
	}
	bucket, turns, reason := &s.counts.connects, &s.counts.connecting, "too_many_connects"
	switch {
	case a.Refresh:
		bucket, turns, reason = &s.counts.refreshes, &s.counts.refreshing, "too_many_refreshes"
	case protocol.IsDelegate(a.ClientID):
		bucket, turns = &s.counts.delegates, &s.counts.delegating
	}
	if i, live := s.client(a); live {
		own := &s.paces[i].resumes
		if a.Refresh {
			own = &s.paces[i].refreshes
		}
		// A device that does not say who it is, is the one there is.
		client := s.channels[i].ClientID == a.ClientID || a.ClientID == "" && a.Channel == protocol.DeviceChannel
		if client && own.Take(now, s.cfg.Resumes, 1) == 0 {
			return false
		}
	}
	wait := bucket.Take(now, s.cfg.Connects, 1)
	if wait > 0 {
		// Not worth a line of the audit log, which a flood would push all others out of.
		wait = turns.Next(now, wait, s.cfg.Connects.Slot(), s.cfg.Connects.Per)
		s.answer(a, protocol.Error{Code: protocol.RateLimitExceeded, Reason: reason, RetryAfter: wait})
	}
	return wait > 0
}

// guestShare is how much of a user's limits a guest has, who came by a link, in thousandths.
const guestShare = 250

// openedForOne is how many documents that were opened of late count like one that is open.
const openedForOne = 8

// share is how much of a document's limits the user has there who is admitted now, in
// thousandths: all of them for the first few documents, and for the n-th of more what is
// left when those few are shared by n. So all of a user's documents together come to
// little more than the few, and no document has to be notified when another is opened. Whoever
// goes from document to document has no more of it than who keeps them open.
func (s *Session) share(now time.Time) int {
	if protocol.IsGuest(s.row.UserID) {
		return guestShare
	}
	open := s.documents()
	if s.Holds(protocol.DeviceChannel) {
		open--
	}
	open = max(open, s.counts.connects.Used(now, s.cfg.Connects)/openedForOne, s.cfg.FullRate)
	return max(1, 1000*s.cfg.FullRate/open)
}
