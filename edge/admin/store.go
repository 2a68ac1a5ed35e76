package admin

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is a Store's error for a document or workspace that does not exist.
var ErrNotFound = errors.New("admin: no such row")

// Document is a document's row.
type Document struct {
	ID, WorkspaceID, Title string
	// Access is "workspace" (workspace roles count) or "restricted" (grants only).
	Access string
	Locked bool
	// OpenedAt is when it was first opened where it is, of a list of those that were.
	OpenedAt time.Time
}

// Store holds the tables of rights and of apps. Each method is one statement, and a repeat
// changes nothing.
type Store interface {
	AppStore
	DocumentKeyStore
	DelegationStore
	Lists
	SignIns
	EraseStore
	DeadLetters
	// Document returns a document's row.
	Document(ctx context.Context, id string) (Document, error)
	// PutDocument stores a row except its lock. ErrNotFound: there is no such workspace.
	PutDocument(ctx context.Context, d Document) error
	// WorkspaceChanged counts a change of a whole workspace. Every document that a later
	// OpenedDocuments lacks sees the change when it is opened.
	WorkspaceChanged(ctx context.Context, workspace string) error
	// OpenedDocuments returns the documents that were ever opened in a workspace, by their
	// objects' own reports.
	OpenedDocuments(ctx context.Context, workspace string) ([]string, error)
	// SetLocked locks or unlocks a document.
	SetLocked(ctx context.Context, id string, locked bool) error
	// PutGrant gives a user a role on a document; role "" removes it.
	PutGrant(ctx context.Context, document, user, role string) error
	// Grantees returns the users with a grant on a document, at most max.
	Grantees(ctx context.Context, document string, max int) ([]string, error)
	// PutWorkspace stores a workspace.
	PutWorkspace(ctx context.Context, id, name string) error
	// PutMember gives a user a role in a workspace; role "" removes it.
	PutMember(ctx context.Context, workspace, user, role string) error
}
