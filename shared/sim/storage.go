// Package sim is the world around the pure cores: storage as the shells keep
// it, and a seeded simulation of clients, lines, clocks, hibernation and
// crashes. It has no clock and no randomness of its own; one seed is one run.
package sim

import (
	"slices"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// DocumentStorage is what a Document object's shell keeps: the rows and the log.
// It is filled by effects only, so a core restored from it shows what a core
// forgot to store.
type DocumentStorage struct {
	ID  string
	Log []document.Entry
	// Unseen is how many of the newest entries a query does not see, because the event
	// that appends them has not ended.
	Unseen int
	Rows   map[string]document.Row
}

// NewDocumentStorage returns an empty storage.
func NewDocumentStorage(id string) *DocumentStorage {
	return &DocumentStorage{ID: id, Rows: map[string]document.Row{}}
}

// Apply carries out the storage effects; others pass.
func (s *DocumentStorage) Apply(e document.Effect) {
	switch e := e.(type) {
	case document.Append:
		e.Entry.Op = slices.Clone(e.Entry.Op) // it aliases the frame
		s.Log = append(s.Log, e.Entry)
	case document.SaveChannel:
		s.Rows[e.Row.Channel.UserID] = e.Row
	case document.DeleteChannel:
		delete(s.Rows, e.UserID)
	}
}

// Version is the newest entry's.
func (s *DocumentStorage) Version() uint64 {
	if len(s.Log) == 0 {
		return 0
	}
	return s.Log[len(s.Log)-1].Version
}

// Entries returns the entries (from, to].
func (s *DocumentStorage) Entries(from, to uint64) []document.Entry {
	var out []document.Entry
	for _, e := range s.Log {
		if e.Version > from && e.Version <= to {
			out = append(out, e)
		}
	}
	return out
}

// Deliver carries out a Replay or a Sync as a shell does, and returns the event
// that answers it; other effects pass.
func (s *DocumentStorage) Deliver(e document.Effect, frameBytes int, send func(text []byte)) (answer document.Delivered, ok bool) {
	var part document.Part
	var from, to uint64
	switch e := e.(type) {
	case document.Replay:
		part, from, to = e.Part(send), e.From, e.To
	case document.Sync:
		part, from, to = e.Part(s.Version(), frameBytes, send), e.From, e.To
	default:
		return answer, false
	}
	for _, entry := range s.Entries(from, min(to, s.Version()-uint64(s.Unseen))) {
		if !part.Add(entry) {
			break
		}
	}
	return part.End(), true
}

// Receipts returns the newest ops of one client, oldest first.
func (s *DocumentStorage) Receipts(userID, clientID string, most int) []document.Receipt {
	var out []document.Receipt
	for i := len(s.Log) - 1; i >= 0 && len(out) < most; i-- {
		if e := s.Log[i]; e.UserID == userID && e.ClientID == clientID {
			out = append(out, document.Receipt{MessageID: e.MessageID, Version: e.Version})
		}
	}
	slices.Reverse(out)
	return out
}

// Snapshot returns what a shell that boots hands to Restore.
func (s *DocumentStorage) Snapshot(receipts int) document.Snapshot {
	snap := document.Snapshot{DocumentID: s.ID, Version: s.Version(), Receipts: map[string][]document.Receipt{}}
	for user, row := range s.Rows {
		snap.Channels = append(snap.Channels, row)
		snap.Receipts[user] = s.Receipts(user, row.Channel.ClientID, receipts)
	}
	return snap
}

// SessionStorage is what a UserSession object's shell keeps.
type SessionStorage struct {
	Row      session.SessionRow
	Channels map[string]session.ChannelRow
	Access   map[string]session.AccessRow
	Revoked  map[string]session.RevokedRow
}

// NewSessionStorage returns an empty storage.
func NewSessionStorage() *SessionStorage {
	return &SessionStorage{Channels: map[string]session.ChannelRow{}, Access: map[string]session.AccessRow{}, Revoked: map[string]session.RevokedRow{}}
}

// Apply carries out the storage effects; others pass.
func (s *SessionStorage) Apply(e session.Effect) {
	switch e := e.(type) {
	case session.SaveSession:
		s.Row = e.Row
	case session.SaveChannel:
		s.Channels[e.Row.Document] = e.Row
	case session.DeleteChannel:
		delete(s.Channels, e.Document)
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
