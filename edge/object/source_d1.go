package object

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// accessQuery is the embedded permission source: one row for a document that
// exists, with the user's role in its workspace and on itself, "" for none.
const accessQuery = "SELECT d.workspace_id, d.locked, d.access, COALESCE(m.role, ''), COALESCE(g.role, '') FROM documents d " +
	"LEFT JOIN members m ON m.workspace_id = d.workspace_id AND m.user_id = ?2 " +
	"LEFT JOIN grants g ON g.document_id = d.id AND g.user_id = ?2 WHERE d.id = ?1"

// parseAccess reads the rows accessQuery gave. No row is an answer too: there
// is no such document.
func parseAccess(rows []byte) (a session.Access, wrong unusable) {
	if jsonscan.Check(rows, 3) != nil || len(rows) == 0 || rows[0] != '[' {
		return a, notJSON
	}
	row := jsonscan.Elements(rows)
	if !row.Next() {
		return a, unusable{}
	}
	var cols [5][]byte
	if !cells(row.Value(), cols[:]) {
		return a, unusable{reason: "columns"}
	}
	return accessOf(cols[:]), unusable{}
}

// cells reads the cells of a row, and reports whether there are enough.
func cells(row []byte, into [][]byte) bool {
	n := 0
	for c := jsonscan.Elements(row); n < len(into) && c.Next(); n++ {
		into[n] = c.Value()
	}
	return n == len(into)
}

// accessOf is what accessQuery's columns say of a document that there is.
func accessOf(cols [][]byte) session.Access {
	return session.Access{Found: true, WorkspaceID: str(cols[0]), Locked: number(cols[1]) != 0, Source: permission.Source{
		Restricted: str(cols[2]) == "restricted",
		Workspace:  permission.WorkspaceRole(str(cols[3])),
		Document:   permission.DocumentRole(str(cols[4])),
	}}
}
