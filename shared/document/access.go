package document

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The document's own access: what changes for everybody at once (it is made private, it
// is moved, it is deleted) is passed to the document, for nobody else sees all who come.
// Those who are away have an older answer of the permission source in their session
// object, which is sent back (Readmit) to be asked for anew.
//
// Versions order the two, not clocks: the session object learns the document's access
// version first and asks the source then, so that an answer under a version was given
// after the change. That takes one attempt more, and is only asked for while clocks
// could be wrong about it.

// clockSkew is more than any two objects' clocks are apart.
const clockSkew = 5 * time.Minute

// outdated reports whether a grant's answer may be from before the document's access
// last changed. A time that lies ahead proves nothing.
func (d *Document) outdated(g Grant) bool {
	settled := !g.AccessAt.After(d.now) && !g.AccessAt.Before(d.state.AccessAt.Add(clockSkew))
	return g.Access < d.state.Access && !settled
}

// Access is the document's access version.
func (d *Document) Access() uint64 { return d.state.Access }

func (d *Document) accessChanged(now time.Time) {
	d.raiseAccess(now)
	d.emit(AccessTaken{Access: d.state.Access, Users: d.users()})
}

func (d *Document) raiseAccess(now time.Time) {
	d.state.Access++
	d.state.AccessAt = now
	d.emit(SaveState{State: d.state})
}

// users are those who have a live channel.
func (d *Document) users() []string {
	users := []string{}
	for _, m := range d.members {
		if id := m.userID(); m.ch.Live() && (len(users) == 0 || users[len(users)-1] != id) {
			users = append(users, id)
		}
	}
	return users
}

// Unlisted reports whether a grant that would be let in is of a workspace that does not
// know of the document yet: a change of all of that workspace would not reach it.
func (d *Document) Unlisted(now time.Time, g Grant) bool {
	d.now = now
	return g.WorkspaceID != "" && g.WorkspaceID != d.state.Workspace && !d.outdated(g)
}

// listed takes every answer for outdated where the workspace has changed before it could
// say so here.
func (d *Document) listed(now time.Time, e Listed) {
	switch {
	case d.state.Workspace == e.Workspace:
	case e.Changed:
		d.state.Workspace = e.Workspace
		d.raiseAccess(now)
	default:
		d.state.Workspace = e.Workspace
		d.emit(SaveState{State: d.state})
	}
}

// erase leaves the access version, which outdates every grant there is, and when it was.
func (d *Document) erase(now time.Time, what Erase) {
	e := Erased{Sockets: len(d.conns), Version: d.version, Snapshot: d.state.Snapshot, Comments: d.comments, Access: d.state.Access + 1, Users: d.users()}
	why := protocol.Error{Code: protocol.DocumentNotFound, Reason: "erased"}
	for _, m := range d.members {
		if m.active() {
			d.sendError(m, why)
			d.shut(m.self[0], &why)
			d.detach(m) // who was sent more than there was room for is sent no more
		}
		if m.ch.Live() || m.notifying {
			// Once: whom it does not reach believes in the channel until its token ends.
			e := Notify{UserID: m.userID(), ClientID: m.ch.ClientID(), SessionID: m.grant.SessionID, Reason: "erased", AdmittedAt: m.grant.AdmittedAt}
			d.emit(e)
		}
	}
	d.emit(EraseAll{}) // what the last words came to as well
	d.told.Erased()
	d.version, d.members, d.sections, d.upload, d.comments, d.total = 0, nil, nil, Upload{}, 0, 0
	clear(d.conns)
	d.posters, d.writers, d.crowd = nil, nil, crowd{}
	// In the workspace's list it is again once somebody opens it again.
	d.state = State{Access: d.state.Access, Erased: now}
	d.fresh, d.lastTerm = what.Generation, 0
	d.stale = true
	d.raiseAccess(now)
	d.emit(e)
}

// erased reports whether there is nothing here but that there was something once.
func (d *Document) erased() bool {
	return !d.state.Erased.IsZero() && d.version == 0 && len(d.members) == 0
}

// sessionID is the session's name as this document's clients know it. Once content was
// erased it is one of this log's own: a client with a session of an older log resumes
// nothing.
func (d *Document) sessionID(id string) string { return id + d.logName() }

func (d *Document) logName() string {
	if d.state.Erased.IsZero() {
		return ""
	}
	return "-" + strconv.FormatInt(d.state.Erased.UnixMilli(), 36)
}

// ofThisLog reports whether what a client says it has received was of this log.
func (d *Document) ofThisLog(c *Connect) bool {
	return d.state.Erased.IsZero() || strings.HasSuffix(c.SessionID, d.logName())
}
