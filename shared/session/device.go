package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// DeviceChannel names the user's device channel among the channels of the session. No
// document can have the name (protocol.DocumentID).
const DeviceChannel = "@device"

// Knock is a device's socket at the door, before its first word. It counts as a
// connect, and a token that is worth nothing is refused; nothing begins before Admit.
// The answer is Answer, at once.
type Knock struct {
	Ask      uint64
	ClientID string
	Claims   Claims
}

func (Knock) isEvent() {}

func (s *Session) knock(now time.Time, e Knock) {
	a := Admit{Ask: e.Ask, Document: DeviceChannel, ClientID: e.ClientID, Claims: e.Claims}
	if !s.ours(a) || s.tooOften(now, a) {
		return
	}
	if err, refused := s.worthless(a.Claims); refused {
		s.refuse(now, a, err)
		return
	}
	s.emit(Answer{Ask: a.Ask})
}

// deviceAccess is what every user may do with a device of their own: no permission
// source is asked about it.
func deviceAccess(now time.Time) AccessRow {
	return AccessRow{Document: DeviceChannel, FetchedAt: now, Found: true, Permissions: permission.Set(permission.Read)}
}

// Worthless reports whether a token counts for nothing here, and why: of a socket that
// is still at the door nobody else would ask again.
func (s *Session) Worthless(c Claims) (e protocol.Error, refused bool) { return s.worthless(c) }

// Holds reports whether a channel is one of the session's.
func (s *Session) Holds(document string) bool {
	_, live := s.channel(document)
	return live
}
