package admin

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// Lists holds what operators list, in the order of ids.
type Lists interface {
	// Documents returns those of a workspace, or all for none. Where permissions come from
	// elsewhere they are those that were opened.
	Documents(ctx context.Context, p Page, workspace string) ([]Document, error)
	// Users returns everybody who was admitted, has a role or has an account.
	Users(ctx context.Context, p Page) ([]User, error)
	Workspaces(ctx context.Context, p Page) ([]Workspace, error)
	// Workspace returns a workspace. ErrNotFound: there is none.
	Workspace(ctx context.Context, id string) (Workspace, error)
	// Members returns who has a role in a workspace.
	Members(ctx context.Context, p Page, workspace string) ([]Member, error)
}

// Page is a part of a list: at most Limit ids behind After, of those that begin with Prefix.
type Page struct {
	After, Prefix string
	Limit         int
}

type (
	// User is somebody whom the deployment knows; AdmittedAt is when the first connection was
	// let in, zero for never or before that was written down.
	User struct {
		ID         string
		AdmittedAt time.Time
	}
	// Workspace is a workspace; one that is elsewhere has no name.
	Workspace struct{ ID, Name string }
	// Member is a user's role in a workspace.
	Member struct{ UserID, Role string }
)

// within has a statement read one part of a list and no row more, by a column that is indexed:
// ?1 is After or Prefix, whichever is later, ?2 Prefix and ?4 After. No id has the last
// character there is.
func within(column string) string {
	return " " + column + " >= ?1 AND " + column + " < ?2 || char(1114111) AND " + column + " <> ?4 "
}

const ordered = " ORDER BY 1 LIMIT ?3"

// list runs a statement of a list.
func (s SQLStore) list(ctx context.Context, p Page, query string, more ...any) (*d1.Rows, error) {
	return s.DB.Query(ctx, query, append([]any{max(p.After, p.Prefix), p.Prefix, p.Limit, p.After}, more...)...)
}

// read reads the rows of an answer.
func read[Row any](rows *d1.Rows, err error, scan func(*Row) error) ([]Row, error) {
	if err != nil {
		return nil, err
	}
	var list []Row
	for rows.Next() {
		var one Row
		if err := scan(&one); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, rows.Err()
}

// Documents implements Lists.
func (s SQLStore) Documents(ctx context.Context, p Page, workspace string) ([]Document, error) {
	if s.Elsewhere {
		return s.opened(ctx, p, workspace)
	}
	query, more := "SELECT id, workspace_id, title, access, locked FROM documents WHERE"+within("id"), []any(nil)
	if workspace != "" {
		query, more = query+"AND workspace_id = ?5", []any{workspace}
	}
	rows, err := s.list(ctx, p, query+ordered, more...)
	return read(rows, err, func(d *Document) error {
		var locked int64
		err := rows.Scan(&d.ID, &d.WorkspaceID, &d.Title, &d.Access, &locked)
		d.Locked = locked != 0
		return err
	})
}

// opened are documents by their objects' own reports. One that moved is where it was opened
// last.
func (s SQLStore) opened(ctx context.Context, p Page, workspace string) ([]Document, error) {
	query, more := "SELECT document_id, workspace_id, MAX(opened_at) FROM opened_documents WHERE"+within("document_id")+"GROUP BY 1"+ordered, []any(nil)
	if workspace != "" {
		query = "SELECT document_id, workspace_id, opened_at FROM opened_documents AS o WHERE" + within("document_id") +
			"AND workspace_id = ?5 AND NOT EXISTS (SELECT 1 FROM opened_documents AS later WHERE later.document_id = o.document_id AND later.opened_at > o.opened_at)" + ordered
		more = []any{workspace}
	}
	rows, err := s.list(ctx, p, query, more...)
	return read(rows, err, func(d *Document) error {
		var at int64
		err := rows.Scan(&d.ID, &d.WorkspaceID, &at)
		d.OpenedAt = d1.Moment(at)
		return err
	})
}

// Users implements Lists. Each source is read no further than the page goes.
func (s SQLStore) Users(ctx context.Context, p Page) ([]User, error) {
	account := "id"
	if s.EmailSubjects {
		account = "email"
	}
	part := func(columns, table, column string) string {
		return "SELECT * FROM (SELECT " + columns + " FROM " + table + " WHERE" + within(column) + ordered + ")"
	}
	rows, err := s.list(ctx, p, "SELECT user_id, MAX(admitted_at) FROM ("+
		part("user_id, admitted_at", "admitted_users", "user_id")+" UNION ALL "+
		part("DISTINCT user_id, 0", "members", "user_id")+" UNION ALL "+
		part("DISTINCT user_id, 0", "grants", "user_id")+" UNION ALL "+
		part(account+", 0", "users", account)+") GROUP BY 1"+ordered)
	return read(rows, err, func(u *User) error {
		var at int64
		err := rows.Scan(&u.ID, &at)
		u.AdmittedAt = d1.Moment(at)
		return err
	})
}

// Workspaces implements Lists.
func (s SQLStore) Workspaces(ctx context.Context, p Page) ([]Workspace, error) {
	query := "SELECT id, name FROM workspaces WHERE" + within("id") + ordered
	if s.Elsewhere {
		query = "SELECT DISTINCT workspace_id, '' FROM opened_documents WHERE" + within("workspace_id") + ordered
	}
	rows, err := s.list(ctx, p, query)
	return read(rows, err, func(one *Workspace) error { return rows.Scan(&one.ID, &one.Name) })
}

// Workspace implements Lists.
func (s SQLStore) Workspace(ctx context.Context, id string) (one Workspace, err error) {
	query := "SELECT id, name FROM workspaces WHERE id = ?"
	if s.Elsewhere {
		query = "SELECT workspace_id, '' FROM opened_documents WHERE workspace_id = ? LIMIT 1"
	}
	err = s.DB.Row(ctx, query, id).Scan(&one.ID, &one.Name)
	if errors.Is(err, d1.ErrNoRows) {
		err = ErrNotFound
	}
	return one, err
}

// Members implements Lists.
func (s SQLStore) Members(ctx context.Context, p Page, workspace string) ([]Member, error) {
	rows, err := s.list(ctx, p, "SELECT user_id, role FROM members WHERE"+within("user_id")+"AND workspace_id = ?5"+ordered, workspace)
	return read(rows, err, func(m *Member) error { return rows.Scan(&m.UserID, &m.Role) })
}
