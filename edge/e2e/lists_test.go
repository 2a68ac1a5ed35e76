//go:build !js

package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/admin"
)

// The statements of the lists do on D1 what they should, and read no more rows than they answer
// with.
func TestListStatements(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, read := s.counted()
	s.d1("INSERT INTO workspaces (id, name) VALUES ('many', 'Many'), ('other', 'Other')")
	fill := "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2999) "
	s.d1(fill + "INSERT INTO documents (id, workspace_id, title) SELECT 'm-' || i, CASE i % 2 WHEN 0 THEN 'many' ELSE 'other' END, 'M' FROM n")
	s.d1(fill + "INSERT INTO members (workspace_id, user_id, role) SELECT 'many', 'm-' || i, 'member' FROM n")
	s.d1(fill + "INSERT INTO grants (document_id, user_id, role) SELECT 'm-' || i, 'm-' || i, 'view' FROM n")
	s.d1(fill + "INSERT INTO admitted_users (user_id, admitted_at) SELECT 'm-' || i, i FROM n")
	s.d1(fill + "INSERT INTO opened_documents (workspace_id, document_id, opened_at) SELECT 'far-' || (i % 2), 'm-' || i, i FROM n")
	s.d1("INSERT INTO opened_documents (workspace_id, document_id, opened_at) VALUES ('moved', 'm-1001', 9000)")
	here, far := admin.SQLStore{DB: db}, admin.SQLStore{DB: db, Elsewhere: true}
	ctx := t.Context()
	for _, c := range []struct {
		what  string
		p     admin.Page
		count int
		f     func(p admin.Page) (int, string, error)
	}{
		{"documents", admin.Page{After: "m-2000", Limit: 10}, 10, func(p admin.Page) (int, string, error) {
			rows, err := here.Documents(ctx, p, "")
			return len(rows), rows[0].ID + " " + rows[0].WorkspaceID, err
		}},
		{"documents of a workspace", admin.Page{After: "m-2000", Limit: 10}, 10, func(p admin.Page) (int, string, error) {
			rows, err := here.Documents(ctx, p, "other")
			return len(rows), rows[0].ID + " " + rows[0].WorkspaceID, err
		}},
		{"documents by prefix", admin.Page{Prefix: "m-200", Limit: 100}, 10, func(p admin.Page) (int, string, error) {
			rows, err := here.Documents(ctx, p, "")
			return len(rows), rows[0].ID, err
		}},
		{"opened documents", admin.Page{After: "m-1000", Limit: 10}, 10, func(p admin.Page) (int, string, error) {
			rows, err := far.Documents(ctx, p, "")
			return len(rows), rows[0].ID + " " + rows[0].WorkspaceID, err
		}},
		{"opened documents of a workspace", admin.Page{After: "m-1000", Limit: 10}, 10, func(p admin.Page) (int, string, error) {
			rows, err := far.Documents(ctx, p, "far-1")
			return len(rows), rows[0].ID + " " + rows[0].WorkspaceID, err
		}},
		{"users", admin.Page{After: "m-2000", Prefix: "m-2", Limit: 10}, 10, func(p admin.Page) (int, string, error) {
			rows, err := here.Users(ctx, p)
			return len(rows), fmt.Sprint(rows[0].ID, " ", rows[0].AdmittedAt.UnixMilli()), err
		}},
		{"workspaces", admin.Page{Prefix: "many", Limit: 10}, 1, func(p admin.Page) (int, string, error) {
			rows, err := here.Workspaces(ctx, p)
			return len(rows), rows[0].ID + " " + rows[0].Name, err
		}},
		{"workspaces elsewhere", admin.Page{After: "far-1", Limit: 10}, 1, func(p admin.Page) (int, string, error) {
			rows, err := far.Workspaces(ctx, p)
			return len(rows), rows[0].ID, err
		}},
		{"a workspace", admin.Page{}, 1, func(admin.Page) (int, string, error) {
			one, err := far.Workspace(ctx, "far-0")
			return 1, one.ID, err
		}},
		{"members", admin.Page{After: "m-2000", Limit: 10}, 10, func(p admin.Page) (int, string, error) {
			rows, err := here.Members(ctx, p, "many")
			return len(rows), rows[0].UserID + " " + rows[0].Role, err
		}},
	} {
		before := read.read
		count, first, err := c.f(c.p)
		want := map[string]string{
			"documents": "m-2001 other", "documents of a workspace": "m-2001 other", "documents by prefix": "m-2000", "opened documents": "m-1001 moved",
			"opened documents of a workspace": "m-1003 far-1", "users": "m-2001 2001", "workspaces": "many Many", "workspaces elsewhere": "moved", "a workspace": "far-0", "members": "m-2001 member",
		}[c.what]
		if n := read.read - before; err != nil || count != c.count || first != want || n > 70 && c.what != "workspaces elsewhere" {
			t.Errorf("%s: %d rows from %q, want %d from %q; %d rows read, %v", c.what, count, first, c.count, want, n, err)
		}
	}
	if _, err := here.Workspace(ctx, "none"); err != admin.ErrNotFound {
		t.Error(err)
	}
}

// walk reads a list to its end.
func (s *server) walk(path, list, id string) (ids []string) {
	s.T.Helper()
	for next := ""; ; {
		a := s.must("GET", fmt.Sprintf("%slimit=3&after=%s", path, url.QueryEscape(next)), "")
		rows, _ := a[list].([]any)
		for _, r := range rows {
			ids = append(ids, fmt.Sprint(at(r, id)))
		}
		var more bool
		if next, more = a["next"].(string); !more {
			return ids
		}
	}
}

// Where permissions come from elsewhere the lists have what was opened and who was admitted,
// each once, and no connect after the first writes a row for that.
func TestListsOfWhatWasOpened(t *testing.T) {
	t.Parallel()
	for _, hook := range []bool{true, false} {
		sh := newShield(t)
		vars := sh.vars()
		if !hook {
			delete(vars, "WEBHOOK_SECRET")
		}
		s := start(t, vars)
		names := []string{"owner", "editor", "viewer"}
		for _, document := range []string{"far-b", "far-a", "far-c", "far-d"} {
			for _, name := range names {
				s.connect(dialling{document: document, clientID: "c-" + name, token: s.Login(name)})
			}
		}
		await := func(what string, want []string, get func() []string) {
			t.Helper()
			var got []string
			for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
				if got = get(); slices.Equal(got, want) {
					return
				}
			}
			t.Fatalf("%s: %q, want %q", what, got, want)
		}
		await("documents", []string{"far-a", "far-b", "far-c", "far-d"}, func() []string { return s.walk("/v1/admin/documents?", "documents", "document") })
		await("of the workspace", []string{"far-a", "far-b", "far-c", "far-d"}, func() []string { return s.walk("/v1/admin/workspaces/ws_far/documents?", "documents", "document") })
		await("workspaces", []string{"ws_far"}, func() []string { return s.walk("/v1/admin/workspaces?", "workspaces", "workspace_id") })
		await("users", []string{"usr_editor", "usr_outsider", "usr_owner", "usr_viewer"}, func() []string { return s.walk("/v1/admin/users?", "users", "user_id") })
		admitted := func() []string {
			var list []string
			for _, row := range s.d1("SELECT user_id, admitted_at FROM admitted_users ORDER BY user_id") {
				list = append(list, fmt.Sprint(row["user_id"], row["admitted_at"]))
			}
			for _, row := range s.d1("SELECT document_id, opened_at FROM opened_documents ORDER BY document_id") {
				list = append(list, fmt.Sprint(row["document_id"], row["opened_at"]))
			}
			return list
		}
		rows := admitted()
		if len(rows) != 3+4 {
			t.Fatalf("rows %q", rows)
		}
		for _, name := range names {
			s.Evict("UserSession", "usr_"+name)
		}
		s.Evict("Document", "far-a")
		for _, document := range []string{"far-a", "far-b"} {
			for _, name := range names {
				s.connect(dialling{document: document, clientID: "d-" + name, token: s.Login(name)})
			}
		}
		s.must("GET", "/v1/admin/users/usr_owner/session", "") // what was connecting has ended
		if again := admitted(); !slices.Equal(again, rows) {
			t.Errorf("a later connect wrote rows: %q, before %q", again, rows)
		}
		if status, answer := s.admin("GET", "/v1/admin/workspaces/ws_far/members", ""); status != 409 || !strings.Contains(fmt.Sprint(answer), "permissions_elsewhere") {
			t.Errorf("%d %v", status, answer)
		}
	}
}

// Where permissions are stored here the lists have what is stored, opened or not.
func TestListsOfWhatIsStored(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.must("PUT", "/v1/admin/workspaces/w2", `{"name":"Two"}`)
	s.must("PUT", "/v1/admin/documents/never", `{"workspace_id":"w2","title":"Never opened"}`)
	s.must("PUT", "/v1/admin/workspaces/w2/members/ann", `{"role":"viewer"}`)
	if got := s.walk("/v1/admin/documents?workspace_id=w2&", "documents", "document"); !slices.Equal(got, []string{"never"}) {
		t.Errorf("%q", got)
	}
	if got := s.walk("/v1/admin/documents?", "documents", "document"); !slices.IsSorted(got) || !slices.Contains(got, "welcome") || !slices.Contains(got, "never") {
		t.Errorf("%q", got)
	}
	if got := s.walk("/v1/admin/users?", "users", "user_id"); !slices.IsSorted(got) || !slices.Contains(got, "usr_owner") || !slices.Contains(got, "ann") {
		t.Errorf("%q", got)
	}
	if got := s.walk("/v1/admin/workspaces/w2/members?", "members", "user_id"); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("%q", got)
	}
	if rows := s.d1("SELECT * FROM opened_documents"); len(rows) != 0 {
		t.Errorf("nobody lives by %v", rows)
	}
}
