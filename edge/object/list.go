package object

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// The database's lists of users and documents: each object adds itself once, so that operators
// find it without waking any. Nobody waits for it, and no connect costs a row after the first.

// listUser puts a user into the list of those who were admitted.
const listUser = "INSERT INTO admitted_users (user_id, admitted_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING"

// The numbers of questions that no other has: of that list, and of those whose answer says
// nothing.
const (
	listing   = 1<<32 - 1
	untracked = listing - 1
)

// list has the user be listed, as a session begins. What fails is tried with the next one.
func (o *userObject) list(row *session.SessionRow) {
	if row.ID == "" || row.Listed || o.listing {
		return
	}
	o.listing = true
	o.host.Database(listing, "DB", listUser, o.host.Name(), milliseconds(o.now))
}

func (o *userObject) listed(in Input) user.Event {
	o.listing = false
	if in.Kind != Answered {
		return nil
	}
	return forSession(session.Listed{})
}

func milliseconds(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// listDocument puts a document into the list of those that were opened in a workspace, and
// returns how many changes of the workspace were counted before that, null for none. The
// front Worker counts a change first and reads the list then, so one of the two sees the other.
const listDocument = "INSERT INTO opened_documents (workspace_id, document_id, opened_at) VALUES (?1, ?2, ?3) " +
	"ON CONFLICT DO UPDATE SET opened_at = excluded.opened_at RETURNING (SELECT changes FROM workspace_changes WHERE workspace_id = ?1)"

// listFor says who lives by the list of opened documents.
type listFor uint8

const (
	// nobody does where the database knows the documents anyway.
	nobody listFor = iota
	// operators read it where permissions come from elsewhere.
	operators
	// changes of a whole workspace are reported by it: no upgrade goes on without it.
	changes
)

func listsFor(s settings) listFor {
	switch {
	case s.text(vars.WebhookSecret) != "":
		return changes
	case s.text(vars.PermissionsURL) != "":
		return operators
	}
	return nobody
}

// list has the document be listed where a grant of another workspace comes. It reports whether
// what brings it, q, has to wait for that.
func (o *documentObject) list(now time.Time, grant *document.Grant, q ask) bool {
	workspace := grant.WorkspaceID
	if o.lists == nobody || !o.core.Unlisted(now, *grant) || o.lists == operators && o.listing == workspace {
		return false
	}
	if o.lists == operators {
		o.listing = workspace
		q = ask{}
	}
	q.list = workspace
	o.host.Database(o.asks.add(q), "DB", listDocument, workspace, o.name, milliseconds(now))
	return o.lists == changes
}

// listedBehind takes the answer that no upgrade waits for. What fails is tried with the next.
func (o *documentObject) listedBehind(q ask, in Input) document.Event {
	o.listing = ""
	if in.Kind != Answered {
		return nil
	}
	return document.Listed{Workspace: q.list, Changed: string(in.Text) != "[[null]]"}
}
