package session

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
)

// learn caches what the source says of a document, as of when it was asked. If a live
// channel there was granted something else, the new grant is pushed.
func (s *Session) learn(now time.Time, q question, access Access) AccessRow {
	document := q.document
	row := AccessRow{
		Document: document, FetchedAt: q.at, WorkspaceID: access.WorkspaceID,
		Role: string(access.Source.Workspace), Found: access.Found, Locked: access.Locked, Access: q.access,
	}
	if access.Found {
		row.Permissions, _ = permission.Resolve(access.Source)
	}
	i, cached := s.cached(document)
	var old AccessRow
	if cached {
		old = s.access[i]
	}
	news := !cached || differs(old, row)
	c, live := s.channel(document)
	if !live && (s.erased || !row.Permissions.Has(permission.Read)) { // of who was erased nothing is kept before a session
		if cached { // a refusal counts once
			s.removeAccess(i)
		}
		return row
	}
	if live && news {
		s.row.Epoch = s.epoch() + 1
		s.save()
	}
	if cached {
		s.access[i] = row
	} else {
		if !live {
			s.makeRoom(s.cfg.MaxAccess - 1)
			i, _ = s.cached(document)
		}
		s.access = rows.Insert(s.access, i, row)
	}
	s.emit(SaveAccess{Row: row})
	if !live {
		return row
	}
	ch := &s.channels[c]
	stale, reason, by := ch.Stale, ch.Reason, ch.By
	ch.Stale, ch.By = false, ""
	switch {
	case news:
		if !stale || reason == "" {
			reason = "permissions_changed"
		}
		ch.Unpushed, ch.Reason, ch.Pushes = s.epoch(), reason, 0
		if row.Permissions != old.Permissions && (cached || stale) {
			s.record(now, audit.Entry{
				Event: audit.PermissionChanged, Document: document, ClientID: ch.ClientID,
				Reason: reason, By: by, Detail: strings.Join(row.Permissions.Names(), " "),
			})
			s.changed(Change{Document: document, Permissions: row.Permissions, Removed: permission.Diff(old.Permissions, row.Permissions), Epoch: s.epoch()})
		}
		s.flush(now, ch)
	case stale:
		s.keep(ch)
		if ch.Unpushed == 0 { // else an earlier change is still unpushed
			s.settled(now, document, false)
		}
	}
	return row
}

// differs reports whether two answers allow different things.
func differs(a, b AccessRow) bool {
	a.FetchedAt, b.FetchedAt, a.Access, b.Access = time.Time{}, time.Time{}, 0, 0
	return a != b
}

// accessChanged forgets what is known of what may have changed, and asks anew about
// what somebody is connected to; whoever connects next to anything else asks then.
func (s *Session) accessChanged(now time.Time, e AccessChanged) {
	s.know(e.UserID)
	j := job{ask: e.Ask, began: now}
	concerned := func(document, workspace string) bool {
		return document != protocol.DeviceChannel && (e.Document == "" || e.Document == document) && (e.WorkspaceID == "" || e.WorkspaceID == workspace || workspace == "")
	}
	workspace := map[string]string{} // of the documents that are known
	for i := 0; i < len(s.access); {
		a := s.access[i]
		workspace[a.Document] = a.WorkspaceID
		if _, live := s.channel(a.Document); !live && concerned(a.Document, a.WorkspaceID) {
			s.removeAccess(i)
			continue
		}
		i++
	}
	for i := range s.asked {
		if q := &s.asked[i]; concerned(q.document, workspace[q.document]) {
			q.outdated = true
		}
	}
	for i := range s.channels {
		if c := &s.channels[i]; s.first(i) && concerned(c.Channel, workspace[c.Channel]) {
			c.Stale, c.By, c.Pushes = true, e.By, 0
			if e.Reason != "" || c.Unpushed == 0 {
				c.Reason = e.Reason
			}
			j.waiting = append(j.waiting, c.Channel)
			s.flush(now, c)
		}
	}
	for i := range s.asked { // those that count are asked from now on
		if q := &s.asked[i]; q.document == e.Document {
			q.access = max(q.access, e.Access)
		}
	}
	s.begin(now, j)
}

// knowAccess notes a document's access version: who was asked without knch of it has
// to be asked again.
func (s *Session) knowAccess(document string, access uint64) {
	for i := range s.asked {
		if q := &s.asked[i]; q.document == document && q.access < access {
			q.outdated, q.access = true, access
		}
	}
}

// knownAccess is the newest access version of a document that is known here.
func (s *Session) knownAccess(document string, said uint64) uint64 {
	if i, cached := s.cached(document); cached {
		return max(said, s.access[i].Access)
	}
	return said
}

// flush sends and asks everything that is pending about a channel, and sets the time of
// the next try.
func (s *Session) flush(now time.Time, c *ChannelRow) {
	if c.pending() {
		c.Pushes++
		c.NextPush = now.Add(backoff.Pause(c.Pushes))
	}
	s.keep(c)
	if c.Fence != 0 {
		s.endChannel(c)
	}
	if c.Stale {
		s.recheck(now, c.Channel)
	}
	i, cached := s.cached(c.Channel)
	if c.Unpushed == 0 || !cached {
		return
	}
	access := s.access[i]
	s.emit(Push{Reason: c.Reason, Grant: Grant{
		UserID: s.row.UserID, SessionID: s.row.ID, Channel: c.Channel,
		WorkspaceID: access.WorkspaceID, WorkspaceRole: access.Role,
		Permissions: access.Permissions, Epoch: s.epoch(), Locked: access.Locked, AccessAt: access.FetchedAt, Access: access.Access,
		AdmittedAt: newest(s.of(c.Channel)),
	}})
}

// keep stores what is pending of a document, of which this is the first channel. With
// nothing pending nothing is kept of the tries.
func (s *Session) keep(c *ChannelRow) {
	if !c.pending() {
		c.Reason, c.NextPush, c.Pushes = "", time.Time{}, 0
	}
	channels := s.of(c.Channel)
	for i := range channels {
		channels[i].Pending = c.Pending
		s.emit(SaveChannel{Row: channels[i]})
	}
}

// outdate has every question about a document that is under way asked again.
func (s *Session) outdate(document string) {
	for i := range s.asked {
		if q := &s.asked[i]; q.document == document {
			q.outdated = true
		}
	}
}

// recheck asks the source on nobody's behalf. An older question about the same
// document is not to be believed any more.
func (s *Session) recheck(now time.Time, document string) {
	for i := range s.asked {
		if q := &s.asked[i]; q.Own != 0 && q.document == document {
			q.outdated = true
		}
	}
	if len(s.asked) >= maxAsked {
		return // a source that hangs; the next try comes by itself
	}
	s.lastOwn++
	q := Question{Own: s.lastOwn}
	s.asked = append(s.asked, question{Question: q, document: document, at: now, access: s.knownAccess(document, 0)})
	s.emit(LookUp{Question: q, UserID: s.row.UserID, Document: document})
}

// pushed takes a document's answer; one to an older push leaves the newer unpushed.
func (s *Session) pushed(now time.Time, e Pushed) {
	i, live := s.channel(e.Channel)
	if live && e.OK && s.channels[i].Unpushed != 0 && e.Epoch >= s.channels[i].Unpushed {
		s.channels[i].Unpushed = 0
		s.keep(&s.channels[i])
	}
	switch {
	case !e.OK:
		s.unsettled(now, e.Channel, false, documentUnreachable)
	case !live || s.channels[i].Unpushed == 0 && !s.channels[i].Stale:
		s.settled(now, e.Channel, false)
	}
}
