package admin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
)

const (
	accounts = "/v1/admin/accounts"
	goodOne  = "correct horse battery staple"
)

// made makes an account with a password and returns its id.
func (w *world) made(email string) string {
	w.t.Helper()
	a := w.ask("POST", accounts, `{"email":"`+email+`","password":"`+goodOne+`"}`)
	if a.status != 201 {
		w.t.Fatalf("%d %s", a.status, a.text)
	}
	return a.body["account"].(map[string]any)["id"].(string)
}

// token returns the one-time token of an answer.
func (a reply) token() string {
	token, _ := a.body["token"].(map[string]any)
	text, _ := token["token"].(string)
	return text
}

func TestAccountsAreMade(t *testing.T) {
	w := newWorld(t)
	a := w.ask("POST", accounts, `{"email":" Ann@Example.com ","name":"Ann","password":"`+goodOne+`","reason":"hired"}`)
	one, _ := a.body["account"].(map[string]any)
	id, _ := one["id"].(string)
	if a.status != 201 || one["email"] != "ann@example.com" || one["user_id"] != id || len(id) != 26 || a.token() != "" || one["email_verified"] != true || one["password"] != true {
		t.Fatalf("%d %s", a.status, a.text)
	}
	row := w.accounts.Find(id)
	if len(row.Password.Hash) != 32 || len(row.Password.Salt) != 16 || strings.Contains(string(row.Password.Hash), goodOne) {
		t.Errorf("stored %+v", row)
	}
	if line := strings.Join(w.lines, ""); !strings.Contains(line, `"operation":"createAccount","by":"olive","user_id":"`+id+`","account_id":"`+id+`","reason":"hired","status":201`) || strings.Contains(line, "ann") {
		t.Errorf("logged %s", line)
	}
	for _, other := range []string{"ann@example.com", "ANN@EXAMPLE.COM"} {
		if b := w.ask("POST", accounts, `{"email":"`+other+`"}`); b.status != 409 || b.reason != "email_taken" || b.token() != "" {
			t.Errorf("%s again: %d %s", other, b.status, b.text)
		}
	}
	// Without a password there is an invitation.
	b := w.ask("POST", accounts, `{"email":"bob@example.com"}`)
	invited, _ := b.body["account"].(map[string]any)
	if b.status != 201 || invited["name"] != "bob" || invited["password"] != false || invited["token_kind"] != "invitation" || len(b.token()) != 43 ||
		invited["token_expires_at"] != "2026-11-28T14:02:00Z" {
		t.Fatalf("%d %s", b.status, b.text)
	}
	if row := w.accounts.Find(invited["id"].(string)); row.Token.Hash != account.TokenHash(b.token()) || len(row.Password.Hash) != 0 {
		t.Errorf("stored %+v", row)
	}
	if got := w.ask("GET", accounts+"/"+invited["id"].(string), ""); got.status != 200 || strings.Contains(got.text, b.token()) {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func TestAccountsAreListed(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		ids = append(ids, w.made(email))
	}
	slices.Sort(ids)
	var seen []string
	for after, more := "", true; more; {
		a := w.ask("GET", accounts+"?limit=2&after="+after, "")
		for _, one := range a.body["accounts"].([]any) {
			after = one.(map[string]any)["id"].(string)
			seen = append(seen, after)
		}
		more = a.body["more"] == true
	}
	if !slices.Equal(seen, ids) {
		t.Errorf("seen %v of %v", seen, ids)
	}
	if a := w.ask("GET", accounts+"?email=B%40example.com", ""); a.status != 200 || strings.Count(a.text, `"email":"b@example.com"`) != 1 || strings.Contains(a.text, "a@example.com") {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("GET", accounts+"?email=nobody%40example.com", ""); a.status != 200 || a.text != `{"accounts":[],"more":false}` {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestAccountsAreChanged(t *testing.T) {
	w := newWorld(t)
	id, other := w.made("ann@example.com"), w.made("bob@example.com")
	row := w.accounts.Find(id)
	row.Unverified = true
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"name":"Ann B."}`, 200, "ann@example.com Ann B. false"},
		{`{"email":"Ann.B@example.com"}`, 200, "ann.b@example.com Ann B. true"}, // an operator knows whose it is
		{`{"email_verified":false}`, 200, "ann.b@example.com Ann B. false"},
		{`{"email":"ann.b@example.com"}`, 200, "ann.b@example.com Ann B. false"}, // which it was before
		{`{"email":"bob@example.com","name":"Eve"}`, 409, "ann.b@example.com Ann B. false"},
		{``, 400, "ann.b@example.com Ann B. false"},
	} {
		a := w.ask("PATCH", accounts+"/"+id, c.body)
		verified := "true"
		if row.Unverified {
			verified = "false"
		}
		if got := row.Email + " " + row.Name + " " + verified; a.status != c.status || got != c.want {
			t.Errorf("%s: %d %s, stored %s", c.body, a.status, a.text, got)
		}
	}
	// Where users are called by their e-mail another one is another user.
	w.cfg.EmailSubjects = true
	if a := w.ask("PATCH", accounts+"/"+other, `{"email":"bobby@example.com"}`); a.status != 409 || a.reason != "email_is_subject" || w.accounts.Find(other).Email != "bob@example.com" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a := w.ask("PATCH", accounts+"/"+other, `{"email":"BOB@example.com","name":"Bob"}`); a.status != 200 || a.body["account"].(map[string]any)["user_id"] != "bob@example.com" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A token takes the place of any earlier one, and an operator's password ends everything.
func TestPasswordsOfAccounts(t *testing.T) {
	w := newWorld(t)
	id := w.made("ann@example.com")
	first, second := w.ask("POST", accounts+"/"+id+"/token", ""), w.ask("POST", accounts+"/"+id+"/token", "")
	if first.status != 201 || second.status != 201 || first.token() == second.token() || !strings.Contains(second.text, `"kind":"reset"`) || !strings.Contains(second.text, `"expires_at":"2026-11-22T14:02:00Z"`) {
		t.Fatalf("%d %s, %d %s", first.status, first.text, second.status, second.text)
	}
	w.expect()
	row := w.accounts.Find(id)
	if row.Token.Hash != account.TokenHash(second.token()) {
		t.Error("another token is stored than the last one")
	}
	a := w.ask("PUT", accounts+"/"+id+"/password", `{"password":"another horse battery staple"}`)
	if a.status != 200 || !a.isStored() || row.Token.Hash != "" {
		t.Errorf("%d %s %+v", a.status, a.text, row.Token)
	}
	w.expect(`SESSIONS/`+id+` {"kind":"end","user_id":"`+id+`","code":"TOKEN_REVOKED","reason":"password_set","by":"olive","all":true}`, "sign-ins of "+id, "forget "+id)
}

func (a reply) isStored() bool { return a.body["stored"] == true && a.body["receipt"] != nil }

// Whoever is disabled or deleted is out before the answer comes.
func TestAccountsEnd(t *testing.T) {
	for _, emails := range []bool{false, true} {
		w := newWorld(t)
		w.cfg.EmailSubjects = emails
		id := w.made("ann@example.com")
		user := id
		if emails {
			user = "ann@example.com"
		}
		end := func(reason string) []string {
			return []string{`SESSIONS/` + user + ` {"kind":"end","user_id":"` + user + `","code":"TOKEN_REVOKED","reason":"` + reason + `","by":"olive","all":true}`, "sign-ins of " + user, "forget " + user}
		}
		for range 2 { // a repeat is harmless
			if a := w.ask("POST", accounts+"/"+id+"/disable", `{"reason":"left_the_team"}`); a.status != 200 || !a.isStored() {
				t.Errorf("%d %s", a.status, a.text)
			}
			w.expect(end("left_the_team")...)
		}
		for path, method := range map[string]string{"/token": "POST", "/password": "PUT"} {
			body := ""
			if path == "/password" {
				body = `{"password":"` + goodOne + `"}`
			}
			if a := w.ask(method, accounts+"/"+id+path, body); a.status != 409 || a.reason != "account_disabled" || len(w.did) > 0 {
				t.Errorf("%s: %d %s", path, a.status, a.text)
			}
		}
		if a := w.ask("POST", accounts+"/"+id+"/enable", ""); a.status != 200 || strings.Contains(a.text, `"disabled":true`) {
			t.Errorf("%d %s", a.status, a.text)
		}
		a := w.ask("DELETE", accounts+"/"+id, "")
		if a.status != 200 || !a.isStored() || w.accounts.Find(id) != nil {
			t.Errorf("%d %s", a.status, a.text)
		}
		w.expect(append(end("account_deleted"), `SESSIONS/`+user+` {"kind":"access","user_id":"`+user+`","reason":"permissions_changed","by":"olive"}`)...)
		if did := strings.Join(w.accounts.Did, ","); did != "Account "+id+",Disable "+id+",RemoveRoles "+user+",RemoveGrants "+user+",Delete "+id {
			t.Errorf("did %s", did)
		}
		if a := w.ask("DELETE", accounts+"/"+id, ""); a.status != 404 || a.reason != "account_not_found" {
			t.Errorf("again: %d %s", a.status, a.text)
		}
		if again := w.made("ann@example.com"); again == id {
			t.Error("an id has come back")
		}
	}
}

// A call that failed half-way keeps the user out, and can be repeated.
//
// Holds: "whoever an operator puts out is out when the call is answered".
func TestAccountCallsThatFail(t *testing.T) {
	for _, c := range []struct {
		method, path, body, down string
		reason                   string
		stored                   bool
	}{
		{"DELETE", "", "", "Disable", "database_unavailable", false},
		{"DELETE", "", "", "SESSIONS", "session_unavailable", true},
		{"DELETE", "", "", "EndSignIns", "sign_ins_not_ended", true},
		{"DELETE", "", "", "ForgetBrowsers", "sign_ins_not_ended", true},
		{"DELETE", "", "", "RemoveRoles", "database_unavailable", true},
		{"DELETE", "", "", "RemoveGrants", "database_unavailable", true},
		{"DELETE", "", "", "Delete", "database_unavailable", true},
		{"POST", "/disable", "", "SESSIONS", "session_unavailable", true},
		{"POST", "/disable", "", "EndSignIns", "sign_ins_not_ended", true},
		{"PUT", "/password", `{"password":"` + goodOne + `"}`, "SESSIONS", "session_unavailable", true},
		{"PUT", "/password", `{"password":"` + goodOne + `"}`, "SetPassword", "database_unavailable", false},
		{"POST", "/token", "", "SetToken", "database_unavailable", false},
		{"POST", "/enable", "", "Enable", "database_unavailable", false},
		{"PATCH", "", `{"name":"x"}`, "Change", "database_unavailable", false},
		{"GET", "", "", "Account", "database_unavailable", false},
	} {
		w := newWorld(t)
		id := w.made("ann@example.com")
		w.accounts.Down = c.down
		w.down[c.down] = true
		w.down["SESSIONS/"+id] = c.down == "SESSIONS"
		a := w.ask(c.method, accounts+"/"+id+c.path, c.body)
		if a.status != 503 || a.reason != c.reason || a.stored != c.stored || a.header.Get("Retry-After") != "1" {
			t.Errorf("%s %s with %s down: %d %s", c.method, c.path, c.down, a.status, a.text)
		}
		if c.stored && c.method != "PUT" && w.accounts.Find(id).DisabledAt.IsZero() {
			t.Errorf("%s %s with %s down: the account can be used", c.method, c.path, c.down)
		}
		w.accounts.Down, w.down = "", map[string]bool{}
		if a := w.ask(c.method, accounts+"/"+id+c.path, c.body); a.status >= 300 {
			t.Errorf("%s %s again: %d %s", c.method, c.path, a.status, a.text)
		}
	}
	for _, down := range []string{"Create", "Accounts"} {
		w := newWorld(t)
		w.accounts.Down = down
		for _, a := range []reply{w.ask("POST", accounts, `{"email":"ann@example.com"}`), w.ask("GET", accounts, "")} {
			if (a.status == 503) == (a.status < 300) || a.status == 503 && a.reason != "database_unavailable" {
				t.Errorf("%s: %d %s", down, a.status, a.text)
			}
		}
	}
}

func TestBadAccountRequests(t *testing.T) {
	w := newWorld(t)
	id := w.made("ann@example.com")
	for _, c := range []struct {
		method, path, body string
		status             int
		reason             string
	}{
		{"POST", "", ``, 400, "bad_field"},
		{"POST", "", `{"email":"ann"}`, 400, "bad_field"},
		{"POST", "", `{"email":7}`, 400, "bad_field"},
		{"POST", "", `{"email":"x@example.com","name":""}`, 400, "bad_field"},
		{"POST", "", `{"email":"x@example.com","name":"a\u0000b"}`, 400, "bad_field"},
		{"POST", "", `{"email":"x@example.com","password":""}`, 400, "password_too_short"},
		{"POST", "", `{"email":"x@example.com","password":null}`, 400, "bad_field"},
		{"POST", "", `{"email":"x@example.com","password":"x@example.com...."}`, 400, "password_too_simple"},
		{"POST", "", `{"email":"x@example.com","id":"usr_mine"}`, 400, "unknown_field"},
		{"PATCH", "/" + id, `{"email":"no"}`, 400, "bad_field"},
		{"PATCH", "/" + id, `{"email_verified":"yes"}`, 400, "bad_field"},
		{"PATCH", "/" + id, `{"password":"` + goodOne + `"}`, 400, "unknown_field"},
		{"PUT", "/" + id + "/password", ``, 400, "bad_field"},
		{"PUT", "/" + id + "/password", `{"password":"short"}`, 400, "password_too_short"},
		{"PUT", "/" + id + "/password", `{"password":"` + strings.Repeat("long ", 250) + `"}`, 400, "password_too_long"},
		{"GET", "?limit=0", ``, 400, "bad_field"},
		{"GET", "?email=no", ``, 400, "bad_field"},
		{"GET", "?after=a%20b", ``, 400, "bad_field"},
		{"GET", "/a%20b", ``, 400, "bad_field"},
		{"GET", "/usr_nobody", ``, 404, "account_not_found"},
		{"POST", "/usr_nobody/disable", ``, 404, "account_not_found"},
		{"POST", "/usr_nobody/token", ``, 404, "account_not_found"},
		{"PUT", "/usr_nobody/password", `{"password":"` + goodOne + `"}`, 404, "account_not_found"},
	} {
		if a := w.ask(c.method, accounts+c.path, c.body); a.status != c.status || a.reason != c.reason {
			t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, a.status, a.text, c.status, c.reason)
		}
		w.expect()
	}
	if len(w.accounts.Rows) != 1 || w.accounts.Find(id).Email != "ann@example.com" {
		t.Errorf("stored %+v", w.accounts.Rows)
	}
	w.cfg.Embedded = false
	for _, c := range [][2]string{{"GET", ""}, {"POST", ""}, {"GET", "/" + id}, {"DELETE", "/" + id}, {"POST", "/" + id + "/token"}} {
		body := ""
		if c == [2]string{"POST", ""} {
			body = `{"email":"x@example.com"}`
		}
		if a := w.ask(c[0], accounts+c[1], body); a.status != 404 || a.reason != "no_embedded_issuer" {
			t.Errorf("%s %s with another issuer: %d %s", c[0], c[1], a.status, a.text)
		}
	}
}

// The lives of tokens and the length of passwords are the deployment's.
func TestAccountLimitsAreVariables(t *testing.T) {
	w := newWorld(t)
	w.cfg.InvitationTTL, w.cfg.ResetTTL, w.cfg.PasswordMin = time.Minute, time.Second, 8
	a := w.ask("POST", accounts, `{"email":"bob@example.com"}`)
	if !strings.Contains(a.text, `"expires_at":"2026-11-21T14:03:00Z"`) {
		t.Errorf("%d %s", a.status, a.text)
	}
	a = w.ask("POST", accounts, `{"email":"ann@example.com","password":"8 chars."}`)
	id := a.body["account"].(map[string]any)["id"].(string)
	if b := w.ask("POST", accounts+"/"+id+"/token", ""); !strings.Contains(b.text, `"expires_at":"2026-11-21T14:02:01Z"`) {
		t.Errorf("%d %s", b.status, b.text)
	}
}
