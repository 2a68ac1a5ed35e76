package admin

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// SQLite leaves the bytes of a row that is deleted where they lay until it uses the place
// again, and D1 does not permit PRAGMA secure_delete. So a row that says who somebody is gets
// other text of the same length first, which SQLite writes in place.

// erasing runs statements until one fails, and counts what goes.
type erasing struct {
	s    SQLStore
	ctx  context.Context
	rows []Rows
	err  error
}

// over writes over rows that are deleted next.
func (e *erasing) over(query string, args ...any) {
	if e.err == nil {
		e.err = d1.Exec(e.ctx, e.s.DB, query, args...)
	}
}

func (e *erasing) delete(table, where string, args ...any) {
	if e.err == nil {
		var n int64
		n, e.err = d1.Run(e.ctx, e.s.DB, "DELETE FROM "+table+" WHERE "+where, args...)
		e.rows = append(e.rows, Rows{table, n})
	}
}

// blank is as many spaces as a text has bytes.
func blank(column string) string {
	return column + " = printf('%*s', length(CAST(" + column + " AS BLOB)), '')"
}

// leastName is the shortest name that is written over: another of that length, drawn at
// random, is nobody's.
const leastName = 8

// named deletes the rows of a table that name a user.
func (e *erasing) named(table, column, user string) {
	if len(user) < leastName {
		e.delete(table, column+" = ?", user)
		return
	}
	filler := make([]byte, len(user))
	rand.Read(filler)
	other := hex.EncodeToString(filler)[:len(user)]
	e.over("UPDATE "+table+" SET "+column+" = ?2 WHERE "+column+" = ?1", user, other)
	e.delete(table, column+" IN (?1, ?2)", user, other)
}

// guest gives a guest of that name another number. The row stays, for it counts against the link's
// uses, and says whose it was no more: who comes again in that browser is a new guest.
func (e *erasing) guest(user string) {
	link, number, ok := protocol.Guest(user)
	if !ok || e.err != nil {
		return
	}
	other := make([]byte, len(number)/2)
	rand.Read(other)
	var n int64
	n, e.err = d1.Run(e.ctx, e.s.DB, "UPDATE guests SET id = ?3, ended = 1, token_until = 0 WHERE link_id = ?1 AND id = ?2", link, number, hex.EncodeToString(other))
	e.rows = append(e.rows, Rows{"guests", n})
}

// EraseUser implements Store. The account goes last: by it the others may be found.
func (s SQLStore) EraseUser(ctx context.Context, user string) ([]Rows, error) {
	e := erasing{s: s, ctx: ctx}
	account, err := s.accountOf(ctx, user)
	if err != nil {
		return nil, err
	}
	for _, t := range userTables {
		name := user
		if t.account {
			name = account
		}
		if name == "" {
			continue
		}
		if t.over != "" {
			e.over("UPDATE "+t.name+" SET "+t.over+" WHERE "+t.by+" = ?", name)
		}
		switch {
		case t.where != "":
			e.guest(user)
		case t.account:
			e.delete(t.name, t.by+" = ?", name)
		default:
			e.named(t.name, t.by, name)
		}
	}
	return e.rows, e.err
}

// EraseDocument implements Store.
func (s SQLStore) EraseDocument(ctx context.Context, id string, rights, listed bool) ([]Rows, error) {
	e := erasing{s: s, ctx: ctx}
	if rights {
		e.delete("grants", "document_id = ?", id)
		e.over("UPDATE documents SET "+blank("title")+" WHERE id = ?", id)
		e.delete("documents", "id = ?", id)
	}
	e.over("UPDATE delegations SET "+blank("name")+" WHERE document_id = ?", id)
	e.delete("delegations", "document_id = ?", id)
	if !listed {
		e.delete("opened_documents", "document_id = ?", id)
	}
	e.over("UPDATE event_dead_letters SET "+blank("event")+" WHERE document = ?", id)
	e.delete("event_dead_letters", "document = ?", id)
	return e.rows, e.err
}

// ListDocuments implements Store.
func (s SQLStore) ListDocuments(ctx context.Context, workspace string, ids []string) error {
	return d1.Exec(ctx, s.DB, "INSERT INTO opened_documents (workspace_id, document_id, opened_at) SELECT ?1, value, 0 FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING",
		workspace, jsonList(ids))
}

// UnlistDocuments implements Store.
func (s SQLStore) UnlistDocuments(ctx context.Context, ids []string) error {
	return d1.Exec(ctx, s.DB, "DELETE FROM opened_documents WHERE document_id IN (SELECT value FROM json_each(?))", jsonList(ids))
}

func jsonList(ids []string) string {
	w := jsonscan.NewArray(nil)
	for _, id := range ids {
		w.Item()
		w.Buf = jsonscan.AppendString(w.Buf, id)
	}
	w.CloseArray()
	return string(w.Buf)
}

// WorkspaceDocuments implements Store.
func (s SQLStore) WorkspaceDocuments(ctx context.Context, workspace string, max int) ([]string, error) {
	return d1.Texts(s.DB.Query(ctx, "SELECT id FROM documents WHERE workspace_id = ?1 "+
		"UNION SELECT o.document_id FROM opened_documents AS o LEFT JOIN documents AS d ON d.id = o.document_id "+
		"WHERE o.workspace_id = ?1 AND (d.workspace_id IS NULL OR d.workspace_id = ?1) LIMIT ?2", workspace, max))
}

// EraseWorkspace implements Store.
func (s SQLStore) EraseWorkspace(ctx context.Context, workspace string) ([]Rows, error) {
	e := erasing{s: s, ctx: ctx}
	e.delete("members", "workspace_id = ?", workspace)
	e.delete("opened_documents", "workspace_id = ?", workspace)
	e.delete("workspace_changes", "workspace_id = ?", workspace)
	e.over("UPDATE workspaces SET "+blank("name")+" WHERE id = ?", workspace)
	e.delete("workspaces", "id = ?", workspace)
	return e.rows, e.err
}
