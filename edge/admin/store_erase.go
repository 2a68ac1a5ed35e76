package admin

import "context"

// EraseStore is the part of the Store that erases. A call is several statements, each of which
// may be repeated; it says how many rows of each table went.
type EraseStore interface {
	// EraseDocument removes what names a document: with rights its row and the grants on it, and
	// unless it stays listed its place among those that were opened.
	EraseDocument(ctx context.Context, id string, rights, listed bool) ([]Rows, error)
	// ListDocuments puts documents of a workspace among those that were opened there, where
	// WorkspaceDocuments finds them without their rows, and UnlistDocuments removes them from there.
	ListDocuments(ctx context.Context, workspace string, ids []string) error
	UnlistDocuments(ctx context.Context, ids []string) error
	// WorkspaceDocuments are the documents of a workspace, those that were ever opened there
	// included, at most max.
	WorkspaceDocuments(ctx context.Context, workspace string, max int) ([]string, error)
	// EraseWorkspace removes a workspace and its members, when it has no documents any more.
	EraseWorkspace(ctx context.Context, workspace string) ([]Rows, error)
	// EraseUser removes everything that names a user: the account with its sign-ins, roles,
	// grants, and connections of apps.
	EraseUser(ctx context.Context, user string) ([]Rows, error)
	// UserRows returns the rows of one of the tables that EraseUser erases: those of a user behind
	// a key, in the order of their keys, at most max.
	UserRows(ctx context.Context, user, table, after string, max int) ([]UserRow, error)
}
