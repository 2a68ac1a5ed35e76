// Package sim is the world around the pure cores: storage as the shells keep
// it, and a seeded simulation of clients, connections, clocks, hibernation and
// crashes. It has no clock and no randomness of its own; one seed is one run.
package sim

import (
	"github.com/holdfast-dev/holdfast/shared/session"
)

// SessionStorage is what a UserSession object's shell keeps.
type SessionStorage struct {
	UserID   string // whose object it is: a shell knows by its name
	Row      session.SessionRow
	Lists    bool                          // the database lists a user at once
	Channels map[Client]session.ChannelRow // by document and client
	Access   map[string]session.AccessRow
	Revoked  map[string]session.RevokedRow
}

// NewSessionStorage returns an empty storage.
func NewSessionStorage() *SessionStorage {
	return &SessionStorage{Channels: map[Client]session.ChannelRow{}, Access: map[string]session.AccessRow{}, Revoked: map[string]session.RevokedRow{}}
}

// Apply carries out the storage effects; others pass.
func (s *SessionStorage) Apply(e session.Effect) {
	switch e := e.(type) {
	case session.SaveSession:
		s.Row = e.Row
		s.Row.Listed = s.Row.Listed || s.Lists
	case session.SaveChannel:
		s.Channels[Client{e.Row.Channel, e.Row.ClientID}] = e.Row
	case session.DeleteChannel:
		delete(s.Channels, Client{e.Channel, e.ClientID})
	case session.SaveRevoked:
		s.Revoked[e.Row.TokenID] = e.Row
	case session.DeleteRevoked:
		delete(s.Revoked, e.TokenID)
	case session.SaveAccess:
		s.Access[e.Row.Document] = e.Row
	case session.DeleteAccess:
		delete(s.Access, e.Document)
	}
}

// Snapshot returns what a shell that boots hands to Restore.
func (s *SessionStorage) Snapshot() session.Snapshot {
	snap := session.Snapshot{Session: s.Row}
	if s.Row == (session.SessionRow{}) { // that of somebody who was erased says nothing
		snap.Session.UserID = s.UserID
	}
	for _, c := range s.Channels {
		snap.Channels = append(snap.Channels, c)
	}
	for _, a := range s.Access {
		snap.Access = append(snap.Access, a)
	}
	for _, r := range s.Revoked {
		snap.Revoked = append(snap.Revoked, r)
	}
	return snap
}
