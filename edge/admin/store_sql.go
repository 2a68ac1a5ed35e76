package admin

import (
	"context"
	"errors"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// SQLStore is the Store over the tables of edge/migrations.
type SQLStore struct {
	DB *d1.DB
	// EmailSubjects says that users are named by their e-mail, which the embedded issuer's
	// tables have beside an id of their own.
	EmailSubjects bool
	// Elsewhere says that permissions come from PERMISSIONS_URL: what exists is known by what
	// was opened.
	Elsewhere bool
}

// Document implements Store.
func (s SQLStore) Document(ctx context.Context, id string) (Document, error) {
	d := Document{ID: id}
	var locked int64
	err := s.DB.Row(ctx, "SELECT workspace_id, title, access, locked FROM documents WHERE id = ?", id).
		Scan(&d.WorkspaceID, &d.Title, &d.Access, &locked)
	if errors.Is(err, d1.ErrNoRows) {
		err = ErrNotFound
	}
	d.Locked = locked != 0
	return d, err
}

// PutDocument implements Store.
func (s SQLStore) PutDocument(ctx context.Context, d Document) error {
	return s.must(ctx, "INSERT INTO documents (id, workspace_id, title, access)"+
		" SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM workspaces WHERE id = ?2)"+
		" ON CONFLICT (id) DO UPDATE SET workspace_id = excluded.workspace_id, title = excluded.title, access = excluded.access",
		d.ID, d.WorkspaceID, d.Title, d.Access)
}

// WorkspaceChanged implements Store.
func (s SQLStore) WorkspaceChanged(ctx context.Context, workspace string) error {
	_, err := d1.Run(ctx, s.DB, "INSERT INTO workspace_changes (workspace_id, changes) VALUES (?, 1) ON CONFLICT DO UPDATE SET changes = changes + 1", workspace)
	return err
}

// OpenedDocuments implements Store.
func (s SQLStore) OpenedDocuments(ctx context.Context, workspace string) ([]string, error) {
	return d1.Texts(s.DB.Query(ctx, "SELECT document_id FROM opened_documents WHERE workspace_id = ?", workspace))
}

// SetLocked implements Store.
func (s SQLStore) SetLocked(ctx context.Context, id string, locked bool) error {
	value := 0
	if locked {
		value = 1
	}
	return s.must(ctx, "UPDATE documents SET locked = ?2 WHERE id = ?1", id, value)
}

// PutGrant implements Store.
func (s SQLStore) PutGrant(ctx context.Context, document, user, role string) error {
	if role == "" {
		return s.remove(ctx, "DELETE FROM grants WHERE document_id = ? AND user_id = ?",
			"SELECT 1 FROM documents WHERE id = ?", document, user)
	}
	return s.must(ctx, "INSERT INTO grants (document_id, user_id, role)"+
		" SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?1)"+
		" ON CONFLICT (document_id, user_id) DO UPDATE SET role = excluded.role", document, user, role)
}

// Grantees implements Store.
func (s SQLStore) Grantees(ctx context.Context, document string, max int) ([]string, error) {
	return d1.Texts(s.DB.Query(ctx, "SELECT user_id FROM grants WHERE document_id = ? ORDER BY user_id LIMIT ?", document, max))
}

// PutWorkspace implements Store.
func (s SQLStore) PutWorkspace(ctx context.Context, id, name string) error {
	_, err := d1.Run(ctx, s.DB, "INSERT INTO workspaces (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name", id, name)
	return err
}

// PutMember implements Store.
func (s SQLStore) PutMember(ctx context.Context, workspace, user, role string) error {
	if role == "" {
		return s.remove(ctx, "DELETE FROM members WHERE workspace_id = ? AND user_id = ?",
			"SELECT 1 FROM workspaces WHERE id = ?", workspace, user)
	}
	return s.must(ctx, "INSERT INTO members (workspace_id, user_id, role)"+
		" SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM workspaces WHERE id = ?1)"+
		" ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role", workspace, user, role)
}

// remove deletes a row. A missing row is an error only if the parent that it could belong to
// is missing, too.
func (s SQLStore) remove(ctx context.Context, remove, parent, id, user string) error {
	n, err := d1.Run(ctx, s.DB, remove, id, user)
	if err != nil || n > 0 {
		return err
	}
	var one int64
	err = s.DB.Row(ctx, parent, id).Scan(&one)
	if errors.Is(err, d1.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// must runs a statement that has to find a row.
func (s SQLStore) must(ctx context.Context, query string, args ...any) error {
	n, err := d1.Run(ctx, s.DB, query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
