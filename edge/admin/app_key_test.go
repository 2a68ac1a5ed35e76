package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// withKeys is a world with an app that has some keys, by their ids.
func withKeys(t *testing.T, n int) (w *world, ids []string) {
	w = newWorld(t)
	w.ask("PUT", one, app)
	for range n {
		id, _ := w.ask("POST", one+"/keys", ``).body["key_id"].(string)
		ids = append(ids, id)
	}
	return w, ids
}

// A key is said once. What is stored is its hash, and what is shown its id.
func TestMakeAppKey(t *testing.T) {
	w, _ := withKeys(t, 0)
	a := w.ask("POST", one+"/keys", `{"reason":"for_the_new_server"}`)
	id, _ := a.body["key_id"].(string)
	key, _ := a.body["key"].(string)
	hash := sha256.Sum256([]byte(key))
	if stored := w.apps.keys[0]; a.status != 201 || !strings.HasPrefix(key, "hfa_"+id+"_") || stored.ID != id || stored.Hash != hex.EncodeToString(hash[:]) {
		t.Errorf("%d %s, stored %+v", a.status, a.text, stored)
	}
	if want := `{"level":"info","event":"admin_call","operation":"makeAppKey","by":"olive","package":"com.example.one","key_id":"` + id + `","reason":"for_the_new_server","status":201}`; w.lines[0] != want {
		t.Errorf("logged %s", w.lines)
	}
	b := w.ask("POST", one+"/keys", ``)
	other, _ := b.body["key_id"].(string)
	w.ask("DELETE", one+"/keys/"+id, ``)
	a = w.ask("GET", one, ``)
	want := fmt.Sprintf(`{"package":"com.example.one","name":"One","webhook_url":"https://one.example.com/start?x=1","created_at":"2026-11-21T14:02:00Z","keys":[{"id":%q,"created_at":"2026-11-21T14:02:00Z","revoked_at":"2026-11-21T14:02:00Z"},{"id":%q,"created_at":"2026-11-21T14:02:00Z"}]}`, id, other)
	if a.status != 200 || a.text != want {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// Revoked keys do not count, and two operators together get no further than one.
func TestTooManyAppKeys(t *testing.T) {
	w, ids := withKeys(t, 19)
	w.cfg.Log = func(string) {}
	statuses := w.together("POST", one+"/keys", 8)
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{201, 429, 429, 429, 429, 429, 429, 429}) {
		t.Errorf("answered %v", statuses)
	}
	a := w.ask("POST", one+"/keys", ``)
	if a.status != 429 || a.code != "RATE_LIMIT_EXCEEDED" || a.reason != "too_many_keys" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.ask("DELETE", one+"/keys/"+ids[0], ``)
	if a := w.ask("POST", one+"/keys", ``); a.status != 201 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// together sends one request several times at once.
func (w *world) together(method, path string, n int) []int {
	api, statuses := New(w.cfg, w, w.accounts, w), make([]int, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r := httptest.NewRequest(method, "http://127.0.0.1:8787"+path, nil)
			r.Header.Set("Authorization", "Bearer "+olive)
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, r)
			statuses[i] = rec.Code
		})
	}
	all.Wait()
	return statuses
}

// It is stored first; then every user it let an app in for is notified, each once, and forgotten.
func TestRevokeAppKey(t *testing.T) {
	w, ids := withKeys(t, 2)
	key, other := ids[0], ids[1]
	for _, s := range [][2]string{{"ann", key}, {"ann", key}, {"bob", key}, {"cat", other}} {
		w.attach("com.example.one", s[0], s[1])
	}
	w.answers["SESSIONS/bob"] = `{"receipt":{"user_id":"bob","closed":[],"took_ms":0}}` // it had gone by itself
	a := w.ask("DELETE", one+"/keys/"+key, `{"reason":"left_in_a_commit"}`)
	if want := fmt.Sprintf(`{"stored":true,"receipt":{"package":"com.example.one","key_id":%q,"closed":["ann"],"took_ms":0}}`, key); a.status != 200 || a.text != want {
		t.Errorf("%d %s", a.status, a.text)
	}
	slices.Sort(w.did[2:4])
	sent := fmt.Sprintf(`{"kind":"app_key","package":"com.example.one","key_id":%q,"reason":"left_in_a_commit","by":"olive"}`, key)
	w.expect("revoke com.example.one "+key, "users of com.example.one "+key, "SESSIONS/ann "+sent, "SESSIONS/bob "+sent,
		"forget com.example.one "+key+" ann,bob", "users of com.example.one "+key)
	if w.attach("com.example.one", "dan", key) {
		t.Error("somebody was let in by a key that is revoked")
	}
	// A repeat finds nobody, and the moment stays.
	w.cfg.Now = func() time.Time { return start.Add(time.Hour) }
	for range 2 {
		if a := w.ask("DELETE", one+"/keys/"+key, ``); a.status != 200 || len(a.body["receipt"].(map[string]any)["closed"].([]any)) != 0 {
			t.Errorf("%d %s", a.status, a.text)
		}
		w.expect("revoke", "users of")
	}
	if a := w.ask("GET", one, ``); !strings.Contains(a.text, `"revoked_at":"2026-11-21T14:02:00Z"`) {
		t.Errorf("%s", a.text)
	}
	// Another app's name is not enough.
	w.ask("PUT", "/v1/admin/apps/com.example.two", app)
	if a := w.ask("DELETE", "/v1/admin/apps/com.example.two/keys/"+other, ``); a.status != 404 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if !slices.Equal(w.apps.sessions, []appSession{{"com.example.one", "cat", other}}) {
		t.Errorf("left are %v", w.apps.sessions)
	}
}

// Whoever cannot be notified keeps nobody else from being notified, and is found by a repeat.
func TestRevokingTellsAllItCan(t *testing.T) {
	for _, c := range []struct{ answer, reason string }{
		{``, "session_unavailable"}, {`{"receipt":{}}`, "not_told"}, {`{"receipt":{"closed":"all"}}`, "not_told"}, {`{"error":7}`, "not_told"},
		{`{"error":{"error_code":"INTERNAL_ERROR","message":"x","recoverable":true,"action":"reconnect"}}`, "not_told"},
	} {
		w, ids := withKeys(t, 1)
		for i := range 100 {
			w.attach("com.example.one", fmt.Sprintf("u%02d", i), ids[0])
		}
		w.answers["SESSIONS/u07"] = c.answer
		for range 2 {
			a := w.ask("DELETE", one+"/keys/"+ids[0], ``)
			if a.status != 503 || a.reason != c.reason || !a.stored || a.header.Get("Retry-After") != "1" {
				t.Errorf("%s: %d %s", c.answer, a.status, a.text)
			}
			if !slices.Equal(w.apps.sessions, []appSession{{"com.example.one", "u07", ids[0]}}) {
				t.Errorf("%s: %d are left", c.answer, len(w.apps.sessions))
			}
		}
		delete(w.answers, "SESSIONS/u07")
		if a := w.ask("DELETE", one+"/keys/"+ids[0], ``); a.status != 200 || !strings.Contains(a.text, `"closed":["u07"]`) || len(w.apps.sessions) != 0 {
			t.Errorf("%s: %d %s", c.answer, a.status, a.text)
		}
	}
	for _, down := range []string{"AppUsers", "ForgetAppSessions"} {
		w, ids := withKeys(t, 1)
		w.attach("com.example.one", "ann", ids[0])
		w.down[down] = true
		for _, path := range []string{one + "/keys/" + ids[0], one} {
			if a := w.ask("DELETE", path, ``); a.status != 503 || a.reason != "database_unavailable" || !a.stored {
				t.Errorf("%s down: %d %s", down, a.status, a.text)
			}
		}
	}
}

// Several calls notify more users than one call can.
func TestRevokingTellsMany(t *testing.T) {
	w, ids := withKeys(t, 1)
	for i := range maxDetached + 40 {
		w.attach("com.example.one", fmt.Sprintf("u%04d", i), ids[0])
	}
	if a := w.ask("DELETE", one+"/keys/"+ids[0], ``); a.status != 503 || a.reason != "not_told" || !a.stored || len(w.apps.sessions) != 40 {
		t.Errorf("%d %s, %d are left", a.status, a.text, len(w.apps.sessions))
	}
	if a := w.ask("DELETE", one+"/keys/"+ids[0], ``); a.status != 200 || len(w.apps.sessions) != 0 {
		t.Errorf("%d %s, %d are left", a.status, a.text, len(w.apps.sessions))
	}
}

// An app that connects while its key is being revoked is rejected, or its user notified.
func TestConnectingWhileRevoked(t *testing.T) {
	for _, path := range []string{"", "/keys/"} {
		w, ids := withKeys(t, 1)
		if path != "" {
			path += ids[0]
		}
		attached := make([]bool, 200)
		var all sync.WaitGroup
		for i := range attached {
			all.Go(func() { attached[i] = w.attach("com.example.one", fmt.Sprintf("u%03d", i), ids[0]) })
		}
		w.cfg.Log = func(string) {}
		for range 2 {
			all.Go(func() { w.together("DELETE", one+path, 2) })
		}
		all.Wait()
		did := strings.Join(w.did, "\n")
		for i, in := range attached {
			if in != strings.Contains(did, fmt.Sprintf("SESSIONS/u%03d ", i)) {
				t.Errorf("u%03d: let in %v, and otherwise notified", i, in)
			}
		}
		if len(w.apps.sessions) != 0 {
			t.Errorf("left are %v", w.apps.sessions)
		}
	}
}

// An app goes with its keys before anybody is notified; a repeat notifies who could not be.
func TestDeleteApp(t *testing.T) {
	w, ids := withKeys(t, 2)
	w.attach("com.example.one", "ann", ids[0])
	w.attach("com.example.one", "bob", ids[1])
	w.down["SESSIONS/bob"] = true
	if a := w.ask("DELETE", one, ``); a.status != 503 || a.reason != "session_unavailable" || !a.stored {
		t.Errorf("%d %s", a.status, a.text)
	}
	slices.Sort(w.did[2:4])
	sent := `{"kind":"app_key","package":"com.example.one","reason":"app_deleted","by":"olive"}`
	w.expect("delete app com.example.one", "users of com.example.one ", "SESSIONS/ann "+sent, "SESSIONS/bob "+sent, "forget com.example.one  ann", "users of")
	if a := w.ask("GET", one, ``); a.status != 404 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.down["SESSIONS/bob"] = false
	if a := w.ask("DELETE", one, `{"reason":"no_longer_offered"}`); a.status != 200 || a.text != `{"stored":true,"receipt":{"package":"com.example.one","closed":["bob"],"took_ms":0}}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("DELETE", one, ``); a.status != 404 || a.reason != "app_not_found" {
		t.Errorf("%d %s", a.status, a.text)
	}
}
