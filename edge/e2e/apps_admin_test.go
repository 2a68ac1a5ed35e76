//go:build !js

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/admin"
)

const (
	appOne  = "/v1/admin/apps/com.example.one"
	appBody = `{"name":"One","webhook_url":"http://127.0.0.1:9/start"}`
)

// TestAnOperatorsApps follows an app from nothing to nothing. No table holds a key, and the
// connections that a key admitted are found by its id.
func TestAnOperatorsApps(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	made := s.must("PUT", appOne, appBody)
	secret, _ := made["webhook_secret"].(string)
	s.Shown("a webhook's secret", secret)
	if !regexp.MustCompile(`^whs_[A-Za-z0-9_-]{43}$`).MatchString(secret) {
		t.Errorf("made as %v", made)
	}
	if answer := s.must("PUT", appOne, strings.Replace(appBody, "One", "Eins", 1)); answer["webhook_secret"] != nil || answer["name"] != "Eins" {
		t.Errorf("changed to %v", answer)
	}
	if rows := s.d1("SELECT name, webhook_secret FROM apps"); len(rows) != 1 || rows[0]["name"] != "Eins" || rows[0]["webhook_secret"] != secret {
		t.Errorf("stored are %d, as %v", len(rows), rows[0]["name"])
	}
	another, _ := s.must("POST", appOne+"/secret", ``)["webhook_secret"].(string)
	s.Shown("a webhook's secret", another)
	if rows := s.d1("SELECT webhook_secret FROM apps"); another == secret || rows[0]["webhook_secret"] != another {
		t.Error("the secret is not replaced")
	}

	var ids, keys []string
	for range 2 {
		answer := s.must("POST", appOne+"/keys", ``)
		id, _ := answer["key_id"].(string)
		key, _ := answer["key"].(string)
		s.Shown("an app's key", key)
		hash := sha256.Sum256([]byte(key))
		rows := s.d1("SELECT hash FROM app_keys WHERE id = '" + id + "'")
		if !strings.HasPrefix(key, "hfa_"+id+"_") || len(rows) != 1 || rows[0]["hash"] != hex.EncodeToString(hash[:]) {
			t.Errorf("%d rows of the key %s", len(rows), id)
		}
		ids, keys = append(ids, id), append(keys, key)
	}
	// Nothing but hashes: of each column of the table it is known what it holds.
	for _, row := range s.d1("SELECT * FROM app_keys") {
		text := fmt.Sprint(row["hash"], row["id"], row["package"])
		if len(row) != 5 || len(text) != 64+16+len("com.example.one") || strings.Contains(text, "hfa_") {
			t.Errorf("stored is a row of %d columns", len(row))
		}
	}

	// The keys that are not revoked let in whom the user has started; nobody has been here.
	attach := func(key string) int {
		_, response, err := appDial{path: "/v1/ws/apps/com.example.one?session_id=" + reference("usr_owner"), key: key}.dial(s)
		if err == nil || response == nil {
			t.Fatalf("an app that was not started: %v", err)
		}
		return response.StatusCode
	}
	if a, b := attach(keys[0]), attach(keys[1]); a != 410 || b != 410 {
		t.Errorf("two good keys: HTTP %d, %d", a, b)
	}
	answer := s.must("DELETE", appOne+"/keys/"+ids[0], `{"reason":"left_in_a_commit"}`)
	if answer["stored"] != true || at(answer, "receipt", "key_id") != ids[0] || len(texts(at(answer, "receipt", "closed"))) != 0 {
		t.Errorf("the receipt: %v", answer)
	}
	if a, b := attach(keys[0]), attach(keys[1]); a != 401 || b != 410 {
		t.Errorf("a revoked key: HTTP %d, and one that is not: %d", a, b)
	}
	at1 := s.revokedAt(ids[0])
	s.must("DELETE", appOne+"/keys/"+ids[0], ``)
	if at1 == nil || s.revokedAt(ids[0]) != at1 {
		t.Errorf("revoked at %v, then at %v", at1, s.revokedAt(ids[0]))
	}
	answer = s.must("GET", appOne, ``)
	listed, _ := answer["keys"].([]any)
	if len(listed) != 2 || at(listed[0], "id") != ids[1] || at(listed[0], "revoked_at") != nil || at(listed[1], "id") != ids[0] || at(listed[1], "revoked_at") == nil {
		t.Errorf("described as %v", answer)
	}
	s.must("DELETE", appOne, ``)
	if rows := s.d1("SELECT id FROM app_keys"); len(rows) != 0 {
		t.Errorf("keys of an app that is gone: %v", rows)
	}
	if status, _ := s.admin("DELETE", appOne, ``); status != 404 {
		t.Errorf("gone, and deleted again: HTTP %d", status)
	}
	if logs := s.Logs(); !strings.Contains(logs, `"operation":"revokeAppKey","by":"admin","package":"com.example.one","key_id":"`+ids[0]+`","reason":"left_in_a_commit","status":200`) {
		t.Error("the log does not say who revoked the key")
	}
}

func (s *server) revokedAt(key string) any {
	s.T.Helper()
	rows := s.d1("SELECT revoked_at FROM app_keys WHERE id = '" + key + "'")
	if len(rows) != 1 {
		return nil
	}
	return rows[0]["revoked_at"]
}

// Who could not be notified is found by a repeat, and what a key of today let in is not
// touched by the end of the app that had the name before.
func TestWhoHasYetToLearnOfAnAppsEnd(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.must("PUT", appOne, appBody)
	kept, _ := s.must("POST", appOne+"/keys", ``)["key_id"].(string)
	s.d1("INSERT INTO app_sessions (session_id, package, user_id, key_id, connected_at) VALUES" +
		" ('s1', 'com.example.one', 'usr_owner', 'gone', 0), ('s2', 'com.example.one', 'usr_viewer', '" + kept + "', 0), ('s3', 'com.example.two', 'usr_owner', 'gone', 0)")
	db, _ := s.counted() // the product's own statements, on its own database
	store := admin.SQLStore{DB: db}
	users, err := store.AppUsers(t.Context(), "com.example.one", "", "", 32)
	if err != nil || !slices.Equal(users, []string{"usr_owner"}) {
		t.Errorf("to be notified are %v, %v", users, err)
	}
	if err := store.ForgetAppSessions(t.Context(), "com.example.one", "", []string{"usr_owner", "usr_viewer"}); err != nil {
		t.Error(err)
	}
	if rows := s.d1("SELECT session_id FROM app_sessions ORDER BY session_id"); len(rows) != 2 || rows[0]["session_id"] != "s2" || rows[1]["session_id"] != "s3" {
		t.Errorf("left are %v", rows)
	}
}

// Two operators at once: one of them has made the app, and nobody gets past the bound.
func TestTwoOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.api = s.description() // before it is asked for from several sides
	together := func(n int, do func() (int, map[string]any)) (statuses []int, answers []map[string]any) {
		var (
			all sync.WaitGroup
			mu  sync.Mutex
		)
		for range n {
			all.Go(func() {
				status, answer := do()
				mu.Lock()
				defer mu.Unlock()
				statuses, answers = append(statuses, status), append(answers, answer)
			})
		}
		all.Wait()
		slices.Sort(statuses)
		return statuses, answers
	}
	statuses, answers := together(4, func() (int, map[string]any) { return s.admin("PUT", appOne, appBody) })
	if !slices.Equal(statuses, []int{200, 200, 200, 201}) {
		t.Errorf("made: %v", statuses)
	}
	rows := s.d1("SELECT webhook_secret FROM apps")
	for _, a := range answers {
		if secret := a["webhook_secret"]; secret != nil && secret != rows[0]["webhook_secret"] {
			t.Error("the secret that was shown is not the one that is stored")
		}
	}
	statuses, answers = together(24, func() (int, map[string]any) { return s.admin("POST", appOne+"/keys", ``) })
	if want := append(slices.Repeat([]int{201}, 20), 429, 429, 429, 429); !slices.Equal(statuses, want) {
		t.Errorf("keys: %v", statuses)
	}
	id := ""
	for _, a := range answers {
		if text, made := a["key_id"].(string); made {
			id = text
		}
	}
	statuses, _ = together(4, func() (int, map[string]any) { return s.admin("DELETE", appOne+"/keys/"+id, ``) })
	if !slices.Equal(statuses, []int{200, 200, 200, 200}) || s.revokedAt(id) == nil {
		t.Errorf("revoked: %v", statuses)
	}
}
