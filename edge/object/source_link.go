package object

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// linkQuery is a guest's permission source: one row while the link and the guest count, with the
// link's role and its maker, and behind them what accessQuery gives about the maker. Where the
// database does not know the document those are empty.
const linkQuery = "SELECT l.role, l.maker, COALESCE(d.workspace_id, ''), COALESCE(d.locked, 0), COALESCE(d.access, ''), COALESCE(m.role, ''), COALESCE(g.role, '') " +
	"FROM links l JOIN guests u ON u.link_id = l.id AND u.id = ?3 AND u.ended = 0 LEFT JOIN documents d ON d.id = l.document_id " +
	"LEFT JOIN members m ON m.workspace_id = d.workspace_id AND m.user_id = l.maker " +
	"LEFT JOIN grants g ON g.document_id = d.id AND g.user_id = l.maker " +
	"WHERE l.id = ?1 AND l.document_id = ?2 AND l.revoked_at IS NULL AND l.expires_at > ?4"

// linkFound is a question to the database about a guest's link.
type linkFound struct {
	lookedUp
	document string
}

// makerFound is one to the service about who made the link, of this role.
type makerFound struct {
	lookedUp
	role permission.DocumentRole
}

// lookUpLink asks about a guest. What the tables of permissions, or a service, say of a user
// of that name never counts.
func (o *userObject) lookUpLink(e session.LookUp) {
	link, number, ok := protocol.Guest(e.UserID)
	if !ok {
		link = "" // a link that there is not
	}
	ask := o.questions.add(linkFound{lookedUp{e.Question}, e.Document})
	o.host.Database(ask, "DB", linkQuery, link, e.Document, number, milliseconds(o.now))
}

func (q linkFound) answered(o *userObject, in Input) user.Event {
	role, maker, access, wrong := parseLink(in)
	if wrong.reason != "" {
		o.complain(wrong)
		return q.result(access, false)
	}
	here := o.source.to.URL == "" // the database knows who may do what
	switch {
	case role == "":
		return q.result(session.Access{Found: true}, true)
	case here && access.WorkspaceID == "":
		return q.result(session.Access{}, true) // there is no such document
	case maker == "":
		access.Source = permission.Source{Document: role}
		return q.result(access, true)
	case here:
		return q.result(under(access, role), true)
	}
	o.askService(o.questions.add(makerFound{q.lookedUp, role}), maker, q.document)
	return nil
}

func (q makerFound) answered(o *userObject, in Input) user.Event {
	access, ok := o.readAnswer(in, false)
	return q.result(under(access, q.role), ok)
}

// under is what a link gives whose maker has this access: the link's role, if the maker may
// manage the document, and else nothing.
func under(maker session.Access, role permission.DocumentRole) session.Access {
	if levels, _ := permission.Resolve(maker.Source); !levels.Allows(permission.ManagePermissions) {
		role = ""
	}
	maker.Source = permission.Source{Document: role, Restricted: true}
	return maker
}

// parseLink reads the rows linkQuery gave. No row is a link that counts no more: the role is "".
func parseLink(in Input) (role permission.DocumentRole, maker string, a session.Access, wrong unusable) {
	rows := in.Text
	switch {
	case in.Kind != Answered:
		return "", "", a, unusable{reason: "no_answer"}
	case jsonscan.Check(rows, 3) != nil || len(rows) == 0 || rows[0] != '[':
		return "", "", a, notJSON
	}
	row := jsonscan.Elements(rows)
	if !row.Next() {
		return "", "", a, unusable{}
	}
	var cols [7][]byte
	if !cells(row.Value(), cols[:]) {
		return "", "", a, unusable{reason: "columns"}
	}
	return permission.DocumentRole(str(cols[0])), str(cols[1]), accessOf(cols[2:]), unusable{}
}
