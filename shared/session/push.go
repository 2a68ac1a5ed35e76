package session

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/permission"
)

// learn caches what the source says of a document. What a live channel's document
// was told differently, it is told anew.
func (s *Session) learn(now time.Time, document string, access Access, reason string) AccessRow {
	row := AccessRow{
		Document: document, FetchedAt: now, WorkspaceID: access.WorkspaceID,
		Role: string(access.Source.Workspace), Found: access.Found, Locked: access.Locked,
	}
	if access.Found {
		row.Permissions, _ = permission.Resolve(access.Source)
	}
	i, cached := s.cached(document)
	news := !cached || differs(s.access[i], row)
	c, live := s.channel(document)
	if live && news {
		s.row.Epoch = s.epoch() + 1
		s.emit(SaveSession{Row: s.row})
	}
	if cached {
		s.access[i] = row
	} else {
		s.makeRoom()
		i, _ = s.cached(document)
		s.access = slices.Insert(s.access, i, row)
	}
	s.emit(SaveAccess{Row: row})
	if live && news {
		owing := &s.channels[c]
		owing.Owed, owing.Reason, owing.Pushes = s.epoch(), reason, 0
		s.push(now, owing)
	}
	return row
}

// differs reports whether two answers allow different things.
func differs(a, b AccessRow) bool {
	a.FetchedAt, b.FetchedAt = time.Time{}, time.Time{}
	return a != b
}

// accessChanged takes an answer nobody asked for. Of a document nobody is
// connected to nor will soon be, nothing need be known.
func (s *Session) accessChanged(now time.Time, e AccessChanged) {
	_, live := s.channel(e.Document)
	_, cached := s.cached(e.Document)
	if s.row.UserID != "" && (live || cached) {
		s.learn(now, e.Document, e.Access, e.Reason)
	}
}

// push tells the document what the cache says, and sets the time of the next try.
// An answer that is not cached any more is too old to tell; whoever connects next
// asks anew.
func (s *Session) push(now time.Time, c *ChannelRow) {
	i, cached := s.cached(c.Document)
	if !cached {
		c.Owed, c.Reason, c.NextPush, c.Pushes = 0, "", time.Time{}, 0
		s.emit(SaveChannel{Row: *c})
		return
	}
	access := s.access[i]
	c.Pushes++
	c.NextPush = now.Add(channel.TellPause(c.Pushes))
	s.emit(SaveChannel{Row: *c})
	s.emit(Push{Reason: c.Reason, Grant: Grant{
		UserID: s.row.UserID, SessionID: s.row.ID, Document: c.Document,
		WorkspaceID: access.WorkspaceID, WorkspaceRole: access.Role,
		Permissions: access.Permissions, Epoch: s.epoch(), Locked: access.Locked,
		AdmittedAt: c.AdmittedAt,
	}})
}

// pushed takes a document's answer; one to an older push leaves the newer owed.
func (s *Session) pushed(e Pushed) {
	i, live := s.channel(e.Document)
	if !live || !e.OK || s.channels[i].Owed == 0 || e.Epoch < s.channels[i].Owed {
		return
	}
	c := &s.channels[i]
	c.Owed, c.Reason, c.NextPush, c.Pushes = 0, "", time.Time{}, 0
	s.emit(SaveChannel{Row: *c})
}
