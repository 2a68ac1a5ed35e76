package link

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/retention"
)

// SQLStore is the Store over the tables of edge/migrations.
type SQLStore struct {
	DB *d1.DB
	// Kept says for how long a link is kept, and with it its guests, when it is over.
	Kept retention.Rule
}

// forgotten is how many links one that is made has go, at most: each has as many guests as it may have.
const forgotten = "2"

// counts is a link that counts, of the time now.
const counts = "revoked_at IS NULL AND expires_at > "

// Add implements Store, with one statement more if nothing was stored.
func (s SQLStore) Add(ctx context.Context, l Link, max Limits, known bool) (bool, error) {
	now := l.CreatedAt.UnixMilli()
	if over := s.Kept.Before(l.CreatedAt); !over.IsZero() {
		const isOver = "(expires_at < ?2 OR revoked_at < ?2)"
		if err := d1.Exec(ctx, s.DB, "DELETE FROM links WHERE rowid IN (SELECT rowid FROM links WHERE document_id = ?1 AND "+isOver+
			" UNION ALL "+d1.Over("links", isOver)+" LIMIT "+forgotten+")", l.Document, over.UnixMilli()); err != nil {
			return false, err
		}
	}
	stored, err := d1.Changes(ctx, s.DB, "INSERT INTO links (id, document_id, role, hash, name, maker, operator, uses, created_at, expires_at)"+
		" SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10"+
		" WHERE (SELECT COUNT(*) FROM links WHERE document_id = ?2 AND "+counts+"?9) < ?11"+
		" AND (?6 = '' OR (SELECT COUNT(*) FROM links WHERE maker = ?6 AND maker <> '' AND "+counts+"?9) < ?12)"+
		" AND (?13 = 0 OR EXISTS (SELECT 1 FROM documents WHERE id = ?2))",
		l.ID, l.Document, l.Role, l.Hash, l.Name, l.Maker, l.Operator, l.Uses, now, l.ExpiresAt.UnixMilli(), max.PerDocument, max.PerMaker, flag(known))
	if err != nil || stored || !known {
		return stored, err
	}
	var one int64
	err = s.DB.Row(ctx, "SELECT 1 FROM documents WHERE id = ?", l.Document).Scan(&one)
	return false, found(err)
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

func found(err error) error {
	if errors.Is(err, d1.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

const columns = "id, document_id, role, hash, name, maker, operator, uses, (SELECT COUNT(*) FROM guests WHERE link_id = links.id)," +
	" created_at, expires_at, COALESCE(revoked_at, 0)"

func scan(row interface{ Scan(...any) error }) (l Link, err error) {
	var created, expires, revoked int64
	err = row.Scan(&l.ID, &l.Document, &l.Role, &l.Hash, &l.Name, &l.Maker, &l.Operator, &l.Uses, &l.Used, &created, &expires, &revoked)
	l.CreatedAt, l.ExpiresAt, l.RevokedAt = d1.Moment(created), d1.Moment(expires), d1.Moment(revoked)
	return l, err
}

// Link implements Store.
func (s SQLStore) Link(ctx context.Context, id string) (Link, error) {
	l, err := scan(s.DB.Row(ctx, "SELECT "+columns+" FROM links WHERE id = ?", id))
	return l, found(err)
}

// Links implements Store.
func (s SQLStore) Links(ctx context.Context, document, after string, max int) ([]Link, error) {
	rows, err := s.DB.Query(ctx, "SELECT "+columns+" FROM links WHERE document_id = ? AND id > ? ORDER BY id LIMIT ?", document, after, max)
	if err != nil {
		return nil, err
	}
	var list []Link
	for rows.Next() {
		l, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// SetRole implements Store.
func (s SQLStore) SetRole(ctx context.Context, document, id, role string, now time.Time) error {
	return s.must(ctx, "UPDATE links SET role = ?3 WHERE id = ?1 AND document_id = ?2 AND "+counts+"?4", id, document, role, now.UnixMilli())
}

// Revoke implements Store. The first revocation's time stays.
func (s SQLStore) Revoke(ctx context.Context, document, id string, now time.Time) error {
	return s.must(ctx, "UPDATE links SET revoked_at = COALESCE(revoked_at, ?3) WHERE id = ?1 AND document_id = ?2", id, document, now.UnixMilli())
}

func (s SQLStore) must(ctx context.Context, query string, args ...any) error {
	changed, err := d1.Changes(ctx, s.DB, query, args...)
	if err == nil && !changed {
		return ErrNotFound
	}
	return err
}

// given is what a statement about a guest returns. SQLite runs one statement at a time, so no two
// take the last use.
const given = " RETURNING token_until, (SELECT document_id FROM links WHERE id = ?1), (SELECT role FROM links WHERE id = ?1), (SELECT expires_at FROM links WHERE id = ?1)"

// Made implements Store.
func (s SQLStore) Made(ctx context.Context, id, hash, number string, until, now time.Time) (Pass, bool, error) {
	return s.pass(ctx, "INSERT INTO guests (link_id, id, created_at, token_until) SELECT id, ?3, ?5, MIN(?4, expires_at) FROM links"+
		" WHERE id = ?1 AND hash = ?2 AND "+counts+"?5 AND (SELECT COUNT(*) FROM guests WHERE link_id = ?1) < uses"+given,
		id, hash, number, until.UnixMilli(), now.UnixMilli())
}

// Renewed implements Store.
func (s SQLStore) Renewed(ctx context.Context, id, hash, number string, until, now time.Time) (Pass, bool, error) {
	return s.pass(ctx, "UPDATE guests SET token_until = MIN(?4, (SELECT expires_at FROM links WHERE id = ?1)) WHERE link_id = ?1 AND id = ?3 AND ended = 0"+
		" AND EXISTS (SELECT 1 FROM links WHERE id = ?1 AND hash = ?2 AND "+counts+"?5)"+given,
		id, hash, number, until.UnixMilli(), now.UnixMilli())
}

func (s SQLStore) pass(ctx context.Context, query string, args ...any) (p Pass, ok bool, err error) {
	var until, ends int64
	err = s.DB.Row(ctx, query, args...).Scan(&until, &p.Document, &p.Role, &ends)
	if errors.Is(err, d1.ErrNoRows) {
		return Pass{}, false, nil
	}
	p.Until, p.Ends = d1.Moment(until), d1.Moment(ends)
	return p, err == nil, err
}

// Ended implements Store.
func (s SQLStore) Ended(ctx context.Context, id, number string) (bool, error) {
	var ended int64
	err := s.DB.Row(ctx, "SELECT ended FROM guests WHERE link_id = ? AND id = ?", id, number).Scan(&ended)
	return ended != 0, found(err)
}

// Guests implements Store.
func (s SQLStore) Guests(ctx context.Context, id, after string, now time.Time, max int) ([]string, error) {
	return d1.Texts(s.DB.Query(ctx, "SELECT id FROM guests WHERE link_id = ? AND id > ? AND ended = 0 AND token_until > ? ORDER BY id LIMIT ?",
		id, after, now.Add(-settles).UnixMilli(), max))
}

// End implements Store.
func (s SQLStore) End(ctx context.Context, id, number, upTo string) error {
	if number != "" {
		return d1.Exec(ctx, s.DB, "UPDATE guests SET ended = 1 WHERE link_id = ? AND id = ?", id, number)
	}
	return d1.Exec(ctx, s.DB, "UPDATE guests SET ended = 1 WHERE link_id = ? AND id <= ? AND ended = 0", id, upTo)
}

// GuestsUnder implements Store.
func (s SQLStore) GuestsUnder(ctx context.Context, maker, document string, now time.Time, max int) ([]Guest, error) {
	rows, err := s.DB.Query(ctx, "SELECT g.link_id, g.id, l.document_id FROM links l JOIN guests g ON g.link_id = l.id"+
		" WHERE l.maker = ?1 AND l.maker <> '' AND (?2 = '' OR l.document_id = ?2) AND l."+counts+"?3 AND g.ended = 0 AND g.token_until > ?4 LIMIT ?5",
		maker, document, now.UnixMilli(), now.Add(-settles).UnixMilli(), max)
	if err != nil {
		return nil, err
	}
	var list []Guest
	for rows.Next() {
		var link, number string
		var g Guest
		if err := rows.Scan(&link, &number, &g.Document); err != nil {
			return nil, err
		}
		g.UserID = protocol.GuestID(link, number)
		list = append(list, g)
	}
	return list, rows.Err()
}

// RevokeMade implements Store.
func (s SQLStore) RevokeMade(ctx context.Context, maker string, now time.Time) error {
	return d1.Exec(ctx, s.DB, "UPDATE links SET revoked_at = ?2 WHERE maker = ?1 AND maker <> '' AND revoked_at IS NULL", maker, now.UnixMilli())
}

// LinksUnder implements Store.
func (s SQLStore) LinksUnder(ctx context.Context, maker string, now time.Time, max int) ([]string, error) {
	return d1.Texts(s.DB.Query(ctx, "SELECT DISTINCT l.id FROM links l JOIN guests g ON g.link_id = l.id"+
		" WHERE l.maker = ?1 AND l.maker <> '' AND g.ended = 0 AND g.token_until > ?2 ORDER BY l.id LIMIT ?3", maker, now.Add(-settles).UnixMilli(), max))
}

// Forget implements Store.
func (s SQLStore) Forget(ctx context.Context, document string) error {
	// SQLite leaves the bytes of a row where they lay: see package admin, store_erase_sql.go.
	if err := d1.Exec(ctx, s.DB, "UPDATE links SET name = printf('%*s', length(CAST(name AS BLOB)), '') WHERE document_id = ?1", document); err != nil {
		return err
	}
	return d1.Exec(ctx, s.DB, "DELETE FROM links WHERE document_id = ?", document)
}
