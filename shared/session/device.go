package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// PreAdmit lets a device's socket wait for its first frame. It counts as a connect, and
// an unusable token is refused; nothing begins before Admit. The answer is an Answer of
// Ask 0, within the Step.
type PreAdmit struct {
	ClientID string
	Claims   Claims
}

func (PreAdmit) isEvent() {}

func (s *Session) preAdmit(now time.Time, e PreAdmit) {
	a := Admit{Channel: protocol.DeviceChannel, ClientID: e.ClientID, Claims: e.Claims}
	if !s.ours(a) || s.tooOften(now, a) {
		return
	}
	if err, refused := s.Unusable(a.Claims); refused {
		s.refuse(now, a, err)
		return
	}
	s.emit(Answer{})
}

// deviceAccess is what every user may do with a device of their own: no permission
// source is asked about it.
func deviceAccess(now time.Time) AccessRow {
	return AccessRow{Document: protocol.DeviceChannel, FetchedAt: now, Found: true, Permissions: permission.Set(permission.Read)}
}

// Holds reports whether a channel is one of the session's.
func (s *Session) Holds(channel string) bool {
	_, live := s.channel(channel)
	return live
}
