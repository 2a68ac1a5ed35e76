package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/call"
)

const (
	annsDelegations = "/v1/admin/users/ann/delegations"
	anAgent         = `{"document":"d1","name":"Agent X","expires":"2026-11-22T14:02:00Z"}`
)

// asAnn is a world as a user sees it whose token the front Worker has verified.
func asAnn(t *testing.T) *world {
	w := newWorld(t)
	w.answers["may"] = `{"grant":{"user_id":"ann","permissions":["read","write"]}}`
	claims := call.Claims{UserID: "ann", TokenID: "t1", IssuedAt: call.At(start.Add(-time.Minute)), Expires: call.At(start.Add(time.Minute))}
	w.cfg.Claims = claims.Append(nil)
	return w
}

// A key is said once. What is stored is its hash; a list shows everything else.
func TestMakeDelegation(t *testing.T) {
	w := newWorld(t)
	a := w.ask("POST", annsDelegations, `{"document":"d1","name":"Agent X","role":"edit","expires":1795365000,"reason":"a_pilot"}`)
	key, _ := a.body["key"].(string)
	id, _ := a.body["id"].(string)
	hash := sha256.Sum256([]byte(key))
	if a.status != 201 || !strings.HasPrefix(key, "hfu_"+id+"_") || w.delegations[0].Hash != hex.EncodeToString(hash[:]) {
		t.Fatalf("%d %s, stored %+v", a.status, a.text, w.delegations)
	}
	if want := `{"level":"info","event":"admin_call","operation":"makeDelegation","by":"olive","document":"d1","user_id":"ann","key_id":"` + id + `","reason":"a_pilot","status":201}`; w.lines[0] != want {
		t.Errorf("logged %s", w.lines)
	}
	want := fmt.Sprintf(`{"delegations":[{"id":%q,"document":"d1","name":"Agent X","role":"edit","state":"valid","created_at":"2026-11-21T14:02:00Z","created_by":"olive","expires_at":"2026-11-22T16:30:00Z"}],"more":false}`, id)
	if a = w.ask("GET", annsDelegations, ``); a.text != want {
		t.Errorf("%d %s\nwant %s", a.status, a.text, want)
	}
	// It is another user's business.
	if a = w.ask("GET", "/v1/admin/users/bob/delegations", ``); a.text != `{"delegations":[],"more":false}` {
		t.Errorf("%s", a.text)
	}
	if a = w.ask("DELETE", "/v1/admin/users/bob/delegations/"+id, ``); a.status != 404 || a.reason != "delegation_not_found" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if strings.Contains(strings.Join(w.lines, ""), key) {
		t.Error("the key is in the log")
	}
}

// Others are shown the name: it has no characters that turn text around or are not seen.
func TestTheNameOfADelegation(t *testing.T) {
	w := newWorld(t)
	a := w.ask("POST", annsDelegations, `{"document":"d1","name":" Agent\u202e \u200bX ","expires":"2026-11-22T14:02:00Z"}`)
	if a.status != 201 || a.body["name"] != "Agent X" || w.delegations[0].Name != "Agent X" {
		t.Errorf("%d %s, stored %+v", a.status, a.text, w.delegations)
	}
	if a := w.ask("POST", annsDelegations, `{"document":"d1","name":"\u202e \u200b","expires":"2026-11-22T14:02:00Z"}`); a.status != 400 || len(w.did) > 0 {
		t.Errorf("%d %s, did %q", a.status, a.text, w.did)
	}
}

// A user makes one by a token: whether that counts and what it may the user's object says. The
// delegation is as old as the token, so a revocation that covers the one covers the other.
func TestMakeOwnDelegation(t *testing.T) {
	w := asAnn(t)
	a := w.ask("POST", "/v1/delegations", anAgent, "Authorization", "")
	if a.status != 201 || len(w.delegations) != 1 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if d := w.delegations[0]; d.UserID != "ann" || d.By != "" || !d.IssuedAt.Equal(start.Add(-time.Minute)) || !d.CreatedAt.Equal(start) {
		t.Errorf("stored %+v", d)
	}
	w.expect(`SESSIONS/ann {"kind":"may","document":"d1","claims":{"user_id":"ann"`, "delegation of ann on d1")
	id, _ := a.body["id"].(string)
	a = w.ask("DELETE", "/v1/delegations/"+id, ``, "Authorization", "")
	if a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect(`SESSIONS/ann {"kind":"may","claims"`, "revoke delegation "+id,
		`SESSIONS/ann {"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","reason":"delegation_revoked","jti":"delegate:`+id+`"}`)
	if a = w.ask("GET", "/v1/delegations", ``, "Authorization", ""); !strings.Contains(a.text, `"state":"revoked"`) || !strings.Contains(a.text, `"revoked_at":"2026-11-21T14:02:00Z"`) {
		t.Errorf("%s", a.text)
	}
}

// The attacker has a revoked token, no right on the document, or no token at all: nothing is
// stored, and nothing is shown.
func TestOwnDelegationsOfWhoMayNot(t *testing.T) {
	w := asAnn(t)
	w.delegations = []Delegation{{ID: "00000000000000d1", UserID: "ann", Document: "d1", Name: "Agent X", CreatedAt: start, ExpiresAt: start.Add(time.Hour)}}
	refuse := func(answer string, status int) {
		t.Helper()
		w.answers["may"] = answer
		for _, c := range []struct{ method, path, body string }{
			{"POST", "/v1/delegations", anAgent}, {"GET", "/v1/delegations", ``}, {"DELETE", "/v1/delegations/00000000000000d1", ``},
		} {
			if a := w.ask(c.method, c.path, c.body, "Authorization", ""); a.status != status {
				t.Errorf("%s: %d %s", c.method, a.status, a.text)
			}
			for _, did := range w.did {
				if !strings.HasPrefix(did, "SESSIONS/ann {\"kind\":\"may\"") {
					t.Errorf("%s: did %s", c.method, did)
				}
			}
		}
	}
	refuse(`{"error":{"error_code":"TOKEN_REVOKED","message":"The token was revoked."}}`, 401)
	refuse(`{"error":{"error_code":"INSUFFICIENT_PERMISSIONS","message":"No."}}`, 403)
	w.cfg.Claims = nil
	refuse(`{"grant":{"user_id":"ann"}}`, 401)
	// An operator's token is no user's, and a user's claims make nobody an operator.
	for _, authorization := range []string{"Bearer " + olive, ""} {
		if a := w.ask("GET", "/v1/delegations", ``, "Authorization", authorization); a.status != 401 {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if a := asAnn(t).ask("GET", annsDelegations, ``, "Authorization", ""); a.status != 401 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestDelegationsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ body, field string }{
		{`{"name":"x","expires":"2026-11-22T14:02:00Z"}`, "document"}, {`{"document":"a/b","name":"x","expires":"2026-11-22T14:02:00Z"}`, "document"},
		{`{"document":"d1","expires":"2026-11-22T14:02:00Z"}`, "name"}, {`{"document":"d1","name":"","expires":"2026-11-22T14:02:00Z"}`, "name"},
		{`{"document":"d1","name":"a\u0007b","expires":"2026-11-22T14:02:00Z"}`, "name"}, {`{"document":"d1","name":"` + strings.Repeat("n", 101) + `","expires":"2026-11-22T14:02:00Z"}`, "name"},
		{`{"document":"d1","name":"x"}`, "expires"}, {`{"document":"d1","name":"x","expires":"2026-11-21T14:02:00Z"}`, "expires"},
		{`{"document":"d1","name":"x","expires":"2027-02-20T14:02:00Z"}`, "expires"}, {`{"document":"d1","name":"x","expires":-1}`, "expires"},
		{`{"document":"d1","name":"x","role":"owner","expires":"2026-11-22T14:02:00Z"}`, "role"}, {`{"document":"d1","name":"x","role":"","expires":"2026-11-22T14:02:00Z"}`, "role"},
	} {
		a := w.ask("POST", annsDelegations, c.body)
		if a.status != 400 || !strings.Contains(a.text, `"field":"`+c.field+`"`) || len(w.did) > 0 {
			t.Errorf("%s: %d %s %s", c.body, a.status, a.text, w.did)
		}
	}
	if a := w.ask("POST", "/v1/admin/users/guest:0123456789abcdef:0000000000000001/delegations", anAgent); a.status != 400 || len(w.did) > 0 {
		t.Errorf("for a guest: %d %s", a.status, a.text)
	}
	// A delegation is revoked by its own call: here the table would not know.
	for _, body := range []string{`{"jti":"delegate:00000000000000d1"}`, `{"client_id":"delegate:00000000000000d1"}`} {
		if a := w.ask("POST", "/v1/admin/users/ann/revoke", body); a.status != 400 || len(w.did) > 0 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
	}
	w.cfg.MaxDelegations = 2
	for i, want := range []int{201, 201, 429} {
		if a := w.ask("POST", annsDelegations, anAgent); a.status != want || want == 429 && a.reason != "too_many_delegations" {
			t.Errorf("%d: %d %s", i, a.status, a.text)
		}
		// One that is revoked counts for a day: nobody fills the user's object with revocations.
		w.ask("DELETE", annsDelegations+"/"+w.delegations[0].ID, ``)
	}
}

// Whatever fails, the answer says what is done, and a repeat completes it.
func TestRevokeDelegationHalfway(t *testing.T) {
	w := newWorld(t)
	w.ask("POST", annsDelegations, anAgent)
	one := annsDelegations + "/" + w.delegations[0].ID
	w.down["SESSIONS/ann"] = true
	if a := w.ask("DELETE", one, ``); a.status != 503 || !a.stored || w.delegations[0].RevokedAt.IsZero() {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.down = map[string]bool{"RevokeDelegation": true}
	if a := w.ask("DELETE", one, ``); a.status != 503 || a.reason != "delegation_not_stored" || len(w.did) != 2 || !strings.Contains(a.text, `"closed":["d1"]`) {
		t.Errorf("without the database the program is not put out: %d %s %s", a.status, a.text, w.did)
	}
	w.down["SESSIONS/ann"] = true
	if a := w.ask("DELETE", one, ``); a.status != 503 || a.stored {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.down = map[string]bool{}
	for range 2 {
		if a := w.ask("DELETE", one, ``); a.status != 200 || !strings.Contains(a.text, `"closed":["d1"]`) {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	for _, name := range []string{"AddDelegation", "Delegations"} {
		w.down = map[string]bool{name: true}
		method, body := "GET", ""
		if name == "AddDelegation" {
			method, body = "POST", anAgent
		}
		if a := w.ask(method, annsDelegations, body); a.status != 503 || a.reason != "database_unavailable" || strings.Contains(a.text, "quotes") {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
}

// What covers tokens of a time covers the delegations made by them; one token or one sign-in none.
func TestRevocationsThatCoverDelegations(t *testing.T) {
	for body, covered := range map[string]int{
		`{"all":true}`: 2, `{"before":"2026-11-21T14:00:30Z"}`: 1, `{"before":"2026-11-21T13:00:00Z"}`: 0, `{"jti":"t1"}`: 0, `{"sign_in":"AZRANR1udHdlbHZlIGJ5dGVz"}`: 0, `{"client_id":"c"}`: 0,
	} {
		w := newWorld(t)
		for i, issued := range []time.Duration{-2 * time.Minute, 0} {
			w.delegations = append(w.delegations, Delegation{ID: fmt.Sprintf("%016x", i), UserID: "ann", IssuedAt: start.Add(issued), CreatedAt: start, ExpiresAt: start.Add(time.Hour)})
		}
		if a := w.ask("POST", "/v1/admin/users/ann/revoke", body); a.status != 200 {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		n := 0
		for _, d := range w.delegations {
			if !d.RevokedAt.IsZero() {
				n++
			}
		}
		if n != covered {
			t.Errorf("%s covers %d", body, n)
		}
	}
}

// A page of a listed origin reads the answers, one of another origin does not.
func TestPagesReadTheirDelegations(t *testing.T) {
	w := asAnn(t)
	w.cfg.Origins = access.ParseOrigins("https://app.example", "")
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "": ""} {
		a := w.ask("GET", "/v1/delegations", ``, "Authorization", "", "Origin", origin)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("%q may read: %q", origin, got)
		}
	}
}
