package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// UserStorage is what a user's object's shell keeps.
// It is filled by effects only, as DocumentStorage is.
type UserStorage struct {
	UserID  string
	Session *SessionStorage
	Row     device.Row
	Outbox  map[uint64][]byte
	Apps    map[string]*StoredApp
	// Receipts are those of what the device has said, by slot.
	Receipts map[uint64]channel.Receipt
	Audit    []audit.Entry
	// Heard is what is kept with the device's sockets.
	Heard map[device.ConnID]time.Time
}

// StoredApp is one app's part of it.
type StoredApp struct {
	Row      app.Row
	Outbox   map[uint64][]byte
	Receipts map[uint64]channel.Receipt
}

// NewUserStorage returns an empty storage.
func NewUserStorage(userID string) *UserStorage {
	return &UserStorage{UserID: userID, Session: NewSessionStorage(), Outbox: map[uint64][]byte{}, Apps: map[string]*StoredApp{}, Receipts: map[uint64]channel.Receipt{}, Heard: map[device.ConnID]time.Time{}}
}

// Apply carries out the storage effects, of session, device and apps; others pass.
func (s *UserStorage) Apply(effect any) {
	switch e := effect.(type) {
	case device.SaveRow:
		s.Row = e.Row
	case device.Heard:
		s.Heard[e.Conn] = e.At
	case device.Keep:
		s.Outbox[e.Kept.Seq] = slices.Clone(e.Kept.Text)
	case device.Forget:
		forget(s.Outbox, e.Seq)
	case app.Save:
		if s.Apps[e.Row.Package] == nil {
			s.Apps[e.Row.Package] = &StoredApp{Outbox: map[uint64][]byte{}, Receipts: map[uint64]channel.Receipt{}}
		}
		s.Apps[e.Row.Package].Row = e.Row
	case app.Delete:
		delete(s.Apps, e.Package)
	case app.Keep:
		s.Apps[e.Package].Outbox[e.Kept.Seq] = slices.Clone(e.Kept.Text)
	case app.Forget:
		forget(s.Apps[e.Package].Outbox, e.Seq)
	case app.Remember:
		into := s.Receipts
		if e.Package != "" {
			into = s.Apps[e.Package].Receipts
		}
		into[e.Slot] = e.Receipt
	case app.ForgetReceipts:
		clear(s.Receipts)
	case session.Record:
		s.Audit = append(s.Audit, e.Entry)
	case session.Effect:
		s.Session.Apply(e)
	}
}

// Snapshot returns what a shell that boots hands to Restore.
func (s *UserStorage) Snapshot() user.Snapshot {
	snap := user.Snapshot{UserID: s.UserID, Session: s.Session.Snapshot()}
	snap.Device = device.Snapshot{Row: s.Row, Kept: kept(s.Outbox), Heard: s.Heard[s.Row.Channel.Conn]}
	for _, name := range slices.Sorted(maps.Keys(s.Apps)) {
		a := s.Apps[name]
		snap.Apps.Apps = append(snap.Apps.Apps, app.Saved{Row: a.Row, Kept: kept(a.Outbox), Receipts: slices.Collect(maps.Values(a.Receipts))})
	}
	snap.Apps.Receipts = slices.Collect(maps.Values(s.Receipts))
	return snap
}

func forget(outbox map[uint64][]byte, upTo uint64) {
	for seq := range outbox {
		if seq <= upTo {
			delete(outbox, seq)
		}
	}
}

func kept(outbox map[uint64][]byte) (list []channel.Kept) {
	for _, seq := range slices.Sorted(maps.Keys(outbox)) {
		list = append(list, channel.Kept{Seq: seq, Text: slices.Clone(outbox[seq])})
	}
	return list
}
