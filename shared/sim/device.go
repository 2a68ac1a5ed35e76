package sim

import (
	"cmp"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// DeviceStorage is what a UserSession object's shell keeps, its device channel included.
// It is filled by effects only, as DocumentStorage is.
type DeviceStorage struct {
	UserID  string
	Session *SessionStorage
	Row     device.Row
	Outbox  map[uint64][]byte
	Audit   []audit.Entry
}

// NewDeviceStorage returns an empty storage.
func NewDeviceStorage(userID string) *DeviceStorage {
	return &DeviceStorage{UserID: userID, Session: NewSessionStorage(), Outbox: map[uint64][]byte{}}
}

// Apply carries out the storage effects; others pass.
func (s *DeviceStorage) Apply(e device.Effect) {
	switch e := e.(type) {
	case device.SaveRow:
		s.Row = e.Row
	case device.Keep:
		s.Outbox[e.Kept.Seq] = slices.Clone(e.Kept.Text)
	case device.Forget:
		for seq := range s.Outbox {
			if seq <= e.Seq {
				delete(s.Outbox, seq)
			}
		}
	case session.Record:
		s.Audit = append(s.Audit, e.Entry)
	case session.Effect:
		s.Session.Apply(e)
	}
}

// Snapshot returns what a shell that boots hands to Restore.
func (s *DeviceStorage) Snapshot() device.Snapshot {
	snap := device.Snapshot{UserID: s.UserID, Session: s.Session.Snapshot(), Row: s.Row}
	for seq, text := range s.Outbox {
		snap.Kept = append(snap.Kept, channel.Kept{Seq: seq, Text: slices.Clone(text)})
	}
	slices.SortFunc(snap.Kept, func(a, b channel.Kept) int { return cmp.Compare(a.Seq, b.Seq) })
	return snap
}
