//go:build !js

package e2e

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/admin"
)

// The rows that name a user, on D1 itself, with a word in each text: an export has each word that is no
// secret, erasing leaves none, and what another user has is in neither.
//
// Holds: "what is erased with a user is exported with a user"
func TestUsersRowsInTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, _ := s.counted()
	store := admin.SQLStore{DB: db}
	const guest = "guest:00000000000000aa:00000000000000bb"
	secret := map[string]bool{"password_hash": true, "salt": true, "kept_hash": true, "token_hash": true, "hash": true, "parent": true, "bucket": true}
	// The user's name stands in one column of each table; these have values of their own.
	by := map[string]string{"users": "id", "links": "maker", "guests": ""}
	fixed := map[string]string{
		"members.workspace_id": "'ws_demo'", "members.role": "'viewer'", "grants.document_id": "'welcome'", "grants.role": "'view'", "links.id": "'00000000000000aa'", "links.role": "'view'",
		"delegations.role": "'view'", "users.token_kind": "'reset'", "refresh_tokens.user_id": "", "guests.link_id": "'00000000000000aa'", "guests.id": "'00000000000000bb'", "event_dead_letters.event": `'{"say":["word-of-event_dead_letters.event",null]}'`,
	}
	tables := []string{"users", "members", "grants", "app_sessions", "admitted_users", "links", "guests", "event_dead_letters", "delegations", "login_attempts", "refresh_tokens"}
	type word struct{ table, column, text string }
	var words []word
	for _, user := range []string{"canary-of-ann", "canary-of-bob"} {
		for _, table := range tables {
			column := "user_id"
			if other, ok := by[table]; ok {
				column = other
			}
			var names, values []string
			rows, err := db.Query(t.Context(), "SELECT name, type FROM pragma_table_info('"+table+"')")
			check(err)
			for rows.Next() {
				var name, kind string
				check(rows.Scan(&name, &kind))
				text := "word-of-" + table + "." + name
				value := "1"
				switch said := fixed[table+"."+name]; {
				case name == column:
					value = "'" + user + "'"
				case said != "":
					value = said
				case kind == "TEXT":
					if user == "canary-of-ann" {
						words = append(words, word{table, name, text})
					} else {
						text = "another-" + text
					}
					value = "'" + text + "'"
				case strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "until"):
					value = "1767225600123"
				case name == "n" && user != "canary-of-ann":
					value = "2"
				}
				names, values = append(names, name), append(values, value)
			}
			if user != "canary-of-ann" && (table == "links" || table == "guests") {
				continue // there is one of that id
			}
			s.d1("INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")")
		}
	}
	words = append(words, word{"event_dead_letters", "event", `["word-of-event_dead_letters.event",null]`})
	export := func(user string) (all string) {
		t.Helper()
		for _, table := range tables {
			rows, err := store.UserRows(t.Context(), user, table, "", 10)
			check(err)
			for _, r := range rows {
				all += table + " " + r.Key + " " + r.JSON + "\n"
				if again, err := store.UserRows(t.Context(), user, table, r.Key, 10); err != nil || len(again) > 0 {
					t.Errorf("behind %s of %s: %v, %v", r.Key, table, again, err)
				}
			}
		}
		return all
	}
	all := export("canary-of-ann")
	if ofGuest := export(guest); !strings.HasPrefix(ofGuest, `guests 00000000000000bb {"link_id":"00000000000000aa","id":"00000000000000bb","created_at":"2026-01-01T00:00:00.123Z"`) || strings.Count(ofGuest, "\n") != 1 {
		t.Errorf("of a guest: %s", ofGuest)
	}
	for _, w := range words {
		if has := strings.Contains(all, w.text); w.table != "guests" && has == secret[w.column] {
			t.Errorf("%s.%s: exported is %v", w.table, w.column, has)
		}
	}
	if strings.Contains(all, "bob") || strings.Contains(all, "another-") || !strings.Contains(all, `"expires_at":"2026-01-01T00:00:00.123Z"`) {
		t.Errorf("exported is\n%s", all)
	}
	for _, user := range []string{"canary-of-ann", guest} {
		if _, err := store.EraseUser(t.Context(), user); err != nil {
			t.Fatal(err)
		}
		if left := export(user); left != "" {
			t.Errorf("left is %s", left)
		}
	}
	if all := export("canary-of-bob"); strings.Count(all, "\n") < 8 {
		t.Errorf("of another is left\n%s", all)
	}
}
