package admin

import (
	"context"
	"errors"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/d1"
)

// userTable is a table of the database with rows that name a user. Erasing a user erases them, and
// the user's export has them, both by this list; a test looks for columns that are not in it.
type userTable struct {
	name string
	// by is the column that names the user: as all else does, or with account by the id of the
	// embedded issuer's account.
	by      string
	account bool
	// where finds a guest, whose name (protocol.Guest) is two columns: see erasing.guest.
	where string
	// key is a text by which a user's rows differ, and are put in order.
	key string
	// columns are exported, and secret is what is erased alone: passwords, and hashes of what lets in.
	columns, secret string
	// over is written over a row that goes, for what says who somebody is.
	over string
}

// userTables are all of them, in the order in which they are erased.
var userTables = []userTable{
	{name: "members", by: "user_id", key: "workspace_id", columns: "workspace_id user_id role"},
	{name: "grants", by: "user_id", key: "document_id", columns: "document_id user_id role"},
	{name: "app_sessions", by: "user_id", key: "session_id || ' ' || key_id", columns: "session_id package user_id key_id connected_at"},
	{name: "admitted_users", by: "user_id", key: "user_id", columns: "user_id admitted_at"},
	{name: "links", by: "maker", key: "id", columns: "id document_id role name maker operator uses created_at expires_at revoked_at", secret: "hash", over: blank("name")}, // with their guests
	{name: "guests", where: "link_id = substr(?1, 7, 16) AND id = substr(?1, 24)", key: "id", columns: "link_id id created_at token_until ended"},
	{name: "event_dead_letters", by: "user_id", key: "printf('%020d', n)", columns: "n id type document user_id event reason tries died_at", over: blank("event")},
	{name: "delegations", by: "user_id", key: "id", columns: "id user_id document_id name role issued_at created_at created_by expires_at revoked_at", secret: "hash",
		over: blank("name")},
	{name: "login_attempts", by: "user_id", account: true, key: "printf('%020d', rowid)", columns: "user_id full_at known_until until", secret: "bucket"},
	{name: "refresh_tokens", by: "user_id", account: true, key: "printf('%020d', rowid)", secret: "hash parent",
		columns: "family user_id user_agent signed_in_at created_at expires_at rotated_at superseded_at revoked_at", over: blank("user_agent")},
	{name: "users", by: "id", account: true, key: "id", columns: "id email name created_at email_verified password_at disabled_at token_kind token_until",
		secret: "password_hash salt iterations kept_hash token_hash",
		over: "email = lower(substr(hex(randomblob(length(email) + 8)), 1, length(CAST(email AS BLOB)))), " + blank("name") + ", " +
			blank("password_hash") + ", " + blank("salt") + ", kept_hash = NULL, token_hash = NULL"},
}

// UserRow is a row that names a user: its key, and its columns as JSON.
type UserRow struct{ Key, JSON string }

// accountOf is the id of a user's account, "" for none.
func (s SQLStore) accountOf(ctx context.Context, user string) (account string, err error) {
	if !s.EmailSubjects {
		return user, nil
	}
	err = s.DB.Row(ctx, "SELECT id FROM users WHERE email = ?", user).Scan(&account)
	if errors.Is(err, d1.ErrNoRows) {
		return "", nil
	}
	return account, err
}

// UserRows implements Store.
func (s SQLStore) UserRows(ctx context.Context, user, table, after string, max int) ([]UserRow, error) {
	for _, t := range userTables {
		if t.name != table {
			continue
		}
		if t.account {
			var err error
			if user, err = s.accountOf(ctx, user); err != nil || user == "" {
				return nil, err
			}
		}
		where := t.where
		if where == "" {
			where = t.by + " = ?1"
		}
		rows, err := s.DB.Query(ctx, "SELECT "+t.key+", "+t.json()+" FROM "+t.name+" WHERE "+where+" AND "+t.key+" > ?2 ORDER BY 1 LIMIT ?3", user, after, max)
		return read(rows, err, func(r *UserRow) error { return rows.Scan(&r.Key, &r.JSON) })
	}
	return nil, nil
}

// json makes an object of a row's columns. D1 takes 32 arguments of a function
// (developers.cloudflare.com/d1/platform/limits, read 2026-12-02).
func (t *userTable) json() string {
	var list []string
	for name := range strings.FieldsSeq(t.columns) {
		value := name
		switch {
		case name == "until" || strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "_until"):
			value = "CASE WHEN " + name + " > 0 THEN strftime('%Y-%m-%dT%H:%M:%fZ', " + name + " / 1000.0, 'unixepoch') END"
		case name == "event":
			value = "CASE WHEN json_valid(event) THEN json(event) ELSE event END"
		}
		list = append(list, "'"+name+"', "+value)
	}
	return "json_object(" + strings.Join(list, ", ") + ")"
}
