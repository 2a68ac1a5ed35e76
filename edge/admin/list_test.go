package admin

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// The lists of the world: what the database would answer is tested on the real one (edge/e2e).

func page[Row any](all []Row, p Page, id func(Row) string) (rows []Row) {
	slices.SortFunc(all, func(a, b Row) int { return strings.Compare(id(a), id(b)) })
	for _, r := range all {
		if id(r) > p.After && strings.HasPrefix(id(r), p.Prefix) && len(rows) < p.Limit {
			rows = append(rows, r)
		}
	}
	return rows
}

func (w *world) Documents(_ context.Context, p Page, workspace string) ([]Document, error) {
	var all []Document
	for _, d := range w.documents {
		if workspace == "" || d.WorkspaceID == workspace {
			all = append(all, d)
		}
	}
	return page(all, p, func(d Document) string { return d.ID }), w.enter("documents "+workspace, "Documents")
}

func (w *world) Users(_ context.Context, p Page) ([]User, error) {
	return page([]User{{ID: "ann", AdmittedAt: start}, {ID: "bob"}}, p, func(u User) string { return u.ID }), w.enter("users", "Users")
}

func (w *world) Workspaces(_ context.Context, p Page) ([]Workspace, error) {
	var all []Workspace
	for id, name := range w.workspaces {
		all = append(all, Workspace{id, name})
	}
	return page(all, p, func(one Workspace) string { return one.ID }), w.enter("workspaces", "Workspaces")
}

func (w *world) Workspace(_ context.Context, id string) (Workspace, error) {
	if w.workspaces[id] == "" {
		return Workspace{}, ErrNotFound
	}
	return Workspace{id, w.workspaces[id]}, w.enter("workspace "+id, "Workspace")
}

func (w *world) Members(_ context.Context, p Page, workspace string) ([]Member, error) {
	return page([]Member{{"ann", "owner"}, {"bob", "viewer"}}, p, func(m Member) string { return m.UserID }), w.enter("members "+workspace, "Members")
}

// walk reads a list page by page, and returns the ids.
func (w *world) walk(path, list, id string, limit int, between func(ids []string)) (ids []string, pages int) {
	w.t.Helper()
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	for next := ""; ; {
		a := w.ask("GET", fmt.Sprintf("%s%slimit=%d&after=%s", path, join, limit, url.QueryEscape(next)), "")
		rows, isList := a.body[list].([]any)
		if a.status != 200 || !isList {
			w.t.Fatalf("%s: %d %s", path, a.status, a.text)
		}
		for _, r := range rows {
			ids = append(ids, fmt.Sprint(r.(map[string]any)[id]))
		}
		for _, did := range w.did {
			if strings.HasPrefix(did, "DOCUMENTS/") || strings.HasPrefix(did, "SESSIONS/") {
				w.t.Errorf("a list wakes an object: %s", did)
			}
		}
		pages++
		var more bool
		if next, more = a.body["next"].(string); !more {
			return ids, pages
		}
		if len(rows) != limit {
			w.t.Errorf("%s: %d rows on a page of %d", path, len(rows), limit)
		}
		if between != nil {
			between(ids)
		}
	}
}

func TestLists(t *testing.T) {
	w := newWorld(t)
	for n := range 25 {
		id := fmt.Sprintf("doc-%02d", n)
		w.documents[id] = Document{ID: id, WorkspaceID: []string{"ws", "ws2"}[n%2], Title: "T", Access: "workspace", OpenedAt: start}
	}
	w.workspaces["ws2"] = "Other"
	for _, c := range []struct {
		path, list, id string
		count          int
	}{
		{"/v1/admin/documents", "documents", "document", 26},
		{"/v1/admin/documents?prefix=doc-1", "documents", "document", 10},
		{"/v1/admin/documents?workspace_id=ws2", "documents", "document", 12},
		{"/v1/admin/workspaces/ws2/documents", "documents", "document", 12},
		{"/v1/admin/workspaces", "workspaces", "workspace_id", 2},
		{"/v1/admin/workspaces/ws/members", "members", "user_id", 2},
		{"/v1/admin/users", "users", "user_id", 2},
		{"/v1/admin/users?prefix=zzz", "users", "user_id", 0},
	} {
		for _, limit := range []int{1, 2, 7, 100} {
			ids, pages := w.walk(c.path, c.list, c.id, limit, nil)
			if len(ids) != c.count || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) || pages != max(1, (c.count+limit-1)/limit) {
				t.Errorf("%s by %d: %d pages, %q", c.path, limit, pages, ids)
			}
		}
	}
	if a := w.ask("GET", "/v1/admin/workspaces/ws", ""); a.status != 200 || !strings.Contains(a.text, `"name":"Work"`) {
		t.Error(a.text)
	}
}

// What is made and removed between two pages moves nothing else.
func TestAListThatChangesMeanwhile(t *testing.T) {
	w := newWorld(t)
	clear(w.documents)
	for n := range 20 {
		id := fmt.Sprintf("doc-%02d", n)
		w.documents[id] = Document{ID: id, WorkspaceID: "ws", Title: "T", Access: "workspace"}
	}
	made := 0
	ids, _ := w.walk("/v1/admin/documents", "documents", "document", 3, func(ids []string) {
		made++
		before := fmt.Sprintf("aaa-%02d", made)
		w.documents[before] = Document{ID: before, WorkspaceID: "ws", Title: "T", Access: "workspace"}
		delete(w.documents, ids[0])
		delete(w.documents, ids[len(ids)-1]) // the cursor itself
	})
	if len(ids) != 20 || !slices.IsSorted(ids) {
		t.Errorf("%q", ids)
	}
}

func TestListsRefuse(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 257)
	for path, field := range map[string]string{
		"/v1/admin/documents?limit=0": "limit", "/v1/admin/documents?limit=1001": "limit", "/v1/admin/users?limit=x": "limit",
		"/v1/admin/users?after=" + long: "after", "/v1/admin/users?prefix=a%00b": "prefix", "/v1/admin/users?after=a&after=b": "after",
		"/v1/admin/documents?workspace_id=a%20b": "workspace_id", "/v1/admin/workspaces/a%20b": "workspace_id",
	} {
		a := w.ask("GET", path, "")
		if a.status != 400 || !strings.Contains(a.text, `"field":"`+field+`"`) {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
		w.expect()
	}
	for _, path := range []string{"/v1/admin/workspaces/none", "/v1/admin/workspaces/none/documents", "/v1/admin/workspaces/none/members"} {
		if a := w.ask("GET", path, ""); a.status != 404 || a.reason != "workspace_not_found" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	for name, path := range map[string]string{
		"Documents": "/v1/admin/documents", "Users": "/v1/admin/users", "Workspaces": "/v1/admin/workspaces", "Workspace": "/v1/admin/workspaces/ws", "Members": "/v1/admin/workspaces/ws/members",
	} {
		w.down = map[string]bool{name: true}
		if a := w.ask("GET", path, ""); a.status != 503 || a.reason != "database_unavailable" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	w.down, w.cfg.Elsewhere = nil, true
	if a := w.ask("GET", "/v1/admin/workspaces/ws/members", ""); a.status != 409 || a.reason != reasonElsewhere {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.documents["d1"] = Document{ID: "d1", WorkspaceID: "ws", OpenedAt: start.Add(time.Second)}
	if a := w.ask("GET", "/v1/admin/documents", ""); a.status != 200 || a.text != `{"documents":[{"document":"d1","workspace_id":"ws","opened_at":"2026-11-21T14:02:01Z"}]}` {
		t.Errorf("%d %s", a.status, a.text)
	}
}
