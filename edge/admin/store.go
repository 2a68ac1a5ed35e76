package admin

import (
	"context"
	"errors"
)

// ErrNotFound is what a Store returns when the document or workspace that is named
// is not there.
var ErrNotFound = errors.New("admin: no such row")

// Document is a document's row.
type Document struct {
	ID, WorkspaceID, Title string
	// Access is "workspace" (workspace roles count) or "restricted" (grants only).
	Access string
	Locked bool
}

// Store is the tables of rights, and of apps. Each method is one statement, and repeating
// one changes nothing.
type Store interface {
	AppStore
	SignIns
	// Document returns a document's row.
	Document(ctx context.Context, id string) (Document, error)
	// PutDocument stores all of a row but its lock; ErrNotFound: no such workspace.
	PutDocument(ctx context.Context, d Document) error
	// DeleteDocument removes a document and the grants on it; false: there was none.
	DeleteDocument(ctx context.Context, id string) (bool, error)
	// WorkspaceChanged counts a change of a whole workspace. OpenedDocuments, which is asked
	// after it, lacks only those that will see it.
	WorkspaceChanged(ctx context.Context, workspace string) error
	// OpenedDocuments are the documents that were ever opened in a workspace, as their
	// objects have it.
	OpenedDocuments(ctx context.Context, workspace string) ([]string, error)
	// SetLocked locks or unlocks a document.
	SetLocked(ctx context.Context, id string, locked bool) error
	// PutGrant gives a user a role on a document; role "" takes it away.
	PutGrant(ctx context.Context, document, user, role string) error
	// Grantees are the users with a grant on a document, at most max.
	Grantees(ctx context.Context, document string, max int) ([]string, error)
	// PutWorkspace stores a workspace.
	PutWorkspace(ctx context.Context, id, name string) error
	// PutMember gives a user a role in a workspace; role "" takes it away.
	PutMember(ctx context.Context, workspace, user, role string) error
}
