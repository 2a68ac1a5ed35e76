//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The database is away: nothing of the sign-ins is there, or nothing can be written.
var away = map[string][2]string{
	"the tables are gone": {"ALTER TABLE refresh_tokens RENAME TO gone", "ALTER TABLE gone RENAME TO refresh_tokens"},
	"nothing is written": {"CREATE TRIGGER locked BEFORE UPDATE ON refresh_tokens BEGIN SELECT RAISE(ABORT, 'database is locked'); END",
		"DROP TRIGGER locked"},
}

// TestRevokingNeedsNoDatabase: a laptop is stolen while the database is away. The attacker has an
// open connection, an access token, and the refresh cookie. The first two are unusable at once.
// So is what the third brings when the database is back, until the operator has repeated the call.
func TestRevokingNeedsNoDatabase(t *testing.T) {
	t.Parallel()
	for what, sql := range away {
		s := start(t, nil)
		stolen := s.password("", "editor", "holdfast-demo")
		access := stolen.body["access_token"].(string)
		line := s.connect(dialling{document: "welcome", clientID: "thief", token: access})
		line.op("m1", 1)

		s.d1(sql[0])
		status, answer := s.admin("POST", "/v1/admin/users/usr_editor/revoke", `{"all":true,"reason":"laptop_stolen"}`)
		details := at(answer, "data", "details")
		if status != 503 || at(details, "reason") != "sign_ins_not_ended" || at(details, "sign_ins") != "not_ended" {
			t.Errorf("%s: HTTP %d %v", what, status, answer)
		}
		if closed := texts(at(details, "receipt", "closed")); !slices.Equal(closed, []string{"welcome"}) || at(details, "receipt", "last_accepted", "welcome") != "m1" {
			t.Errorf("%s: the receipt: %v", what, details)
		}
		line.expectError("TOKEN_REVOKED")
		if code := line.expectClose(); code != 4410 {
			t.Errorf("%s: closed with %d", what, code)
		}
		s.refused(dialling{document: "notes", clientID: "thief", token: access}, "TOKEN_REVOKED")
		out := s.visit(visit{path: "/auth/logout", cookie: stolen.cookie, body: map[string]any{"everywhere": true}})
		if out.status != 503 || out.reason != "database_unavailable" {
			t.Errorf("%s: a logout everywhere: HTTP %d %v", what, out.status, out.body)
		}

		s.d1(sql[1])
		again := s.visit(visit{path: "/auth/refresh", cookie: stolen.cookie})
		if again.status != 200 {
			t.Fatalf("%s: the database is back: HTTP %d %v", what, again.status, again.body)
		}
		s.refused(dialling{document: "notes", clientID: "thief", token: again.body["access_token"].(string)}, "TOKEN_REVOKED")
		// The owner signs in again, meanwhile and after.
		s.connect(dialling{document: "welcome", clientID: "owner", token: s.Login("editor")})
		if answer := s.must("POST", "/v1/admin/users/usr_editor/revoke", `{"all":true,"reason":"laptop_stolen"}`); at(answer, "sign_ins") != "ended" {
			t.Errorf("%s: repeated: %v", what, answer)
		}
		if a := s.visit(visit{path: "/auth/refresh", cookie: again.cookie}); a.status != 401 {
			t.Errorf("%s: the sign-in lives on: HTTP %d", what, a.status)
		}
		s.connect(dialling{document: "welcome", clientID: "owner", token: s.Login("editor")}).op("m2", 2)
	}
}

// TestRevokesOneSignInAndOneClient ends one of two sign-ins by its id, found by its browser, and then
// the other by its client id. Nobody else notices anything.
func TestRevokesOneSignInAndOneClient(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	laptop, phone := s.password("", "editor", "holdfast-demo"), s.password("", "editor", "holdfast-demo")
	token := func(a answered) string { return a.body["access_token"].(string) }
	signIn := func(token string) string {
		id, _, _ := strings.Cut(fmt.Sprint(claimsOf(t, token)["jti"]), ".")
		return id
	}
	onLaptop := s.connect(dialling{document: "welcome", clientID: "laptop", token: token(laptop)})
	onPhone := s.connect(dialling{document: "notes", clientID: "phone", token: token(phone)})
	onLaptop.op("m1", 1)

	list, _ := at(s.must("GET", "/v1/admin/users/usr_editor/sign-ins", ``), "sign_ins").([]any)
	if len(list) != 2 || at(list[0], "id") != signIn(token(phone)) || at(list[1], "id") != signIn(token(laptop)) || at(list[0], "user_agent") == "" {
		t.Fatalf("listed: %v", list)
	}
	session := s.must("GET", "/v1/admin/users/usr_editor/session", ``)
	if text := fmt.Sprint(session); !strings.Contains(text, signIn(token(phone))) || !strings.Contains(text, signIn(token(laptop))) {
		t.Errorf("the session does not say which connection is of which sign-in: %s", text)
	}
	answer := s.must("POST", "/v1/admin/users/usr_editor/revoke", fmt.Sprintf(`{"sign_in":%q,"reason":"laptop_stolen"}`, signIn(token(laptop))))
	if closed := texts(at(answer, "receipt", "closed")); !slices.Equal(closed, []string{"welcome"}) || at(answer, "sign_ins") != "ended" {
		t.Errorf("the receipt: %v", answer)
	}
	onLaptop.expectError("TOKEN_REVOKED")
	s.refused(dialling{document: "welcome", clientID: "laptop", token: token(laptop)}, "TOKEN_REVOKED")
	if a := s.visit(visit{path: "/auth/refresh", cookie: laptop.cookie}); a.status != 401 {
		t.Errorf("the laptop's sign-in lives on: HTTP %d", a.status)
	}
	onPhone.quiet()
	phone = s.visit(visit{path: "/auth/refresh", cookie: phone.cookie})
	if phone.status != 200 {
		t.Fatalf("the phone's: HTTP %d", phone.status)
	}

	if status, answer := s.admin("POST", "/v1/admin/users/usr_editor/revoke", `{"client_id":"laptop"}`); status != 404 || at(answer, "data", "details", "reason") != "client_not_connected" {
		t.Errorf("a client that is not connected: HTTP %d %v", status, answer)
	}
	answer = s.must("POST", "/v1/admin/users/usr_editor/revoke", `{"client_id":"phone"}`)
	if ended := texts(at(answer, "receipt", "sign_ins")); !slices.Equal(ended, []string{signIn(token(phone))}) || at(answer, "sign_ins") != "ended" {
		t.Errorf("the receipt: %v", answer)
	}
	onPhone.expectError("TOKEN_REVOKED")
	s.refused(dialling{document: "notes", clientID: "phone", token: token(phone)}, "TOKEN_REVOKED")
	if a := s.visit(visit{path: "/auth/refresh", cookie: phone.cookie}); a.status != 401 {
		t.Errorf("the phone's sign-in lives on: HTTP %d", a.status)
	}
	if list, _ := at(s.must("GET", "/v1/admin/users/usr_editor/sign-ins", ``), "sign_ins").([]any); len(list) != 0 {
		t.Errorf("listed: %v", list)
	}
}
