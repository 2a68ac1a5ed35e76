package issuer

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/account/accounttest"
)

func (w *world) post(path string, body map[string]string, cookies ...*http.Cookie) answer {
	w.t.Helper()
	text, _ := json.Marshal(body)
	return w.send("POST", home+path, string(text), func(r *http.Request) {
		asJSON(r)
		for _, c := range cookies {
			if c != nil {
				r.AddCookie(c)
			}
		}
	})
}

// change changes a password as the browser that got these answers.
func (w *world) change(in answer, current, next string) answer {
	w.t.Helper()
	return w.post("/auth/password", map[string]string{"current_password": current, "new_password": next}, in.cookie, in.device)
}

// The user changes the password in one browser: every other one is out, with its connections
// and access tokens, and this one goes on.
//
// Holds: "a changed password ends all other sign-ins, and keeps this one".
func TestPasswordIsChanged(t *testing.T) {
	w := newWorld(t)
	here, there := w.login("owner@example.com", password), w.login("owner@example.com", password)
	gone := w.login("owner@example.com", password)
	w.with("/auth/logout", gone.cookie.Value)
	w.now = w.now.Add(time.Minute)
	a := w.change(here, password, newPassword)
	if a.status != 200 || a.body != `{"password":"changed","other_sign_ins_ended":2,"still_signed_in":true}` || a.cookie != nil || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	// An access token outlives a sign-out: that one ends as well.
	slices.Sort(w.endedSignIns)
	want := []string{"usr_owner " + there.signIn() + " password_changed", "usr_owner " + gone.signIn() + " password_changed"}
	slices.Sort(want)
	if !slices.Equal(w.endedSignIns, want) || len(w.ended) != 0 {
		t.Errorf("ended %v, want %v", w.endedSignIns, want)
	}
	if b := w.refresh(there.cookie.Value); b.status != 401 {
		t.Errorf("the other browser: %d %s", b.status, b.body)
	}
	if b := w.refresh(here.cookie.Value); b.status != 200 {
		t.Errorf("this browser: %d %s", b.status, b.body)
	}
	if b := w.login("owner@example.com", password); b.status != 401 {
		t.Errorf("the old password: %d", b.status)
	}
	if b := w.login("owner@example.com", newPassword); b.status != 200 {
		t.Errorf("the new password: %d", b.status)
	}
	lines := strings.Join(w.lines, "\n")
	if !strings.Contains(lines, `{"level":"info","event":"password_changed","user_id":"usr_owner","sign_in":"`+here.signIn()+`"}`) {
		t.Errorf("logged %s", lines)
	}
	// The work is that of two logins: the old password, and the new one.
	if n := len(w.crypto.derived); n != 3+2+2 {
		t.Errorf("%d derivations", n)
	}
}

func TestPasswordIsNotChanged(t *testing.T) {
	w := newWorld(t)
	here := w.login("owner@example.com", password)
	none := answer{}
	made := answer{cookie: &http.Cookie{Name: cookieName, Value: "made-up"}}
	spent := w.login("owner@example.com", password)
	w.with("/auth/logout", spent.cookie.Value)
	for _, c := range []struct {
		what          string
		in            answer
		current, next string
		status        int
		reason        string
	}{
		{"no cookie", none, password, newPassword, 401, "refresh_token_missing"},
		{"a made-up cookie", made, password, newPassword, 401, "refresh_token_invalid"},
		{"a sign-in that is over", spent, password, newPassword, 401, "refresh_token_invalid"},
		{"a thief of the cookie, who has no password", here, "hunter2", newPassword, 401, "invalid_credentials"},
		{"a short one", here, password, "short", 400, "password_too_short"},
		{"the e-mail", here, password, "owner@example.com", 400, "password_too_simple"},
		{"no current one", here, "", newPassword, 400, "bad_field"},
		{"no new one", here, password, "", 400, "bad_field"},
	} {
		if a := w.change(c.in, c.current, c.next); a.status != c.status || a.reason != c.reason || a.cookie != nil {
			t.Errorf("%s: %d %s", c.what, a.status, a.body)
		}
	}
	plain := w.send("POST", home+"/auth/password", `{"current_password":"`+password+`","new_password":"`+newPassword+`"}`, func(r *http.Request) {
		r.Header.Set("Content-Type", "text/plain")
		r.AddCookie(here.cookie)
	})
	if plain.status != 400 || plain.reason != "content_type_not_json" {
		t.Errorf("a form of another site: %d %s", plain.status, plain.body)
	}
	if a := w.send("GET", home+"/auth/password", "", nil); a.status != 405 {
		t.Errorf("a link: %d", a.status)
	}
	if a := w.refresh(here.cookie.Value); a.status != 200 || len(w.endedSignIns)+len(w.ended) > 0 {
		t.Errorf("something has ended: %d %v", a.status, w.endedSignIns)
	}
}

// Two accounts swap their e-mails while somebody changes the password: it is not the other's that
// is changed.
func TestPasswordOfAnEmailThatMoves(t *testing.T) {
	w := newWorld(t)
	here := w.login("owner@example.com", password)
	w.store.before["UserByEmail"] = func() {
		u := w.store.users["owner@example.com"]
		u.ID = "usr_other"
		w.store.users["owner@example.com"] = u
	}
	if a := w.change(here, password, newPassword); a.status != 401 || a.reason != "refresh_token_invalid" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := w.login("owner@example.com", password); a.status != 200 || a.owner != "usr_other" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// The attacker has stolen a cookie and guesses the password through this route: it counts as
// login counts it, whatever browser it says it is.
func TestGuessingByChangingThePassword(t *testing.T) {
	w := newWorld(t)
	here := w.login("owner@example.com", password)
	stolen := answer{cookie: here.cookie}
	for n := range DefaultLoginFailures + 1 {
		a := w.change(stolen, "hunter2 is not it", newPassword)
		if want := 401 + 28*(n/DefaultLoginFailures); a.status != want {
			t.Fatalf("%d: %d %s", n, a.status, a.body)
		}
	}
	if a := w.login("owner@example.com", password); a.status != 429 {
		t.Errorf("another bucket than login's: %d", a.status)
	}
	if a := w.change(here, password, newPassword); a.status != 200 {
		t.Errorf("the user, in the known browser: %d %s", a.status, a.body)
	}
}

// Two change the password at once: one of them has it, and the other is told that theirs is wrong.
func TestPasswordIsChangedTwiceAtOnce(t *testing.T) {
	w := newWorld(t)
	here, there := w.login("owner@example.com", password), w.login("owner@example.com", password)
	w.store.before["SetPassword"] = func() {
		if a := w.change(there, password, newPassword+" 2"); a.status != 200 {
			t.Errorf("the quicker one: %d %s", a.status, a.body)
		}
	}
	if a := w.change(here, password, newPassword); a.status != 401 || a.reason != "invalid_credentials" {
		t.Errorf("the slower one: %d %s", a.status, a.body)
	}
	if a := w.login("owner@example.com", newPassword+" 2"); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

// The attacker knows the old password and signs in with it at the very moment that it is changed,
// or that an operator disables the account: the sign-in does not begin.
//
// Holds: "whoever an operator puts out is out when the call is answered".
func TestSignInWhileThePasswordChanges(t *testing.T) {
	w := newWorld(t)
	here := w.login("owner@example.com", password)
	w.store.before["Begin"] = func() {
		if a := w.change(here, password, newPassword); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if a := w.login("owner@example.com", password); a.status != 401 || a.reason != "invalid_credentials" || a.access != "" || a.cookie != nil {
		t.Errorf("%d %s", a.status, a.body)
	}
	w = newWorld(t)
	w.store.before["Begin"] = func() {
		u := w.store.users["owner@example.com"]
		u.Disabled = true
		w.store.users["owner@example.com"] = u
	}
	if a := w.login("owner@example.com", password); a.status != 401 || a.access != "" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// An account that is disabled looks like one that is not there.
func TestDisabledAccount(t *testing.T) {
	w := newWorld(t)
	in := w.login("owner@example.com", password)
	u := w.store.users["owner@example.com"]
	u.Disabled = true
	w.store.users["owner@example.com"] = u
	a, b := w.login("owner@example.com", password), w.login("nobody@example.com", password)
	if a.status != 401 || a.body != b.body {
		t.Errorf("%d %s, %s", a.status, a.body, b.body)
	}
	if a := w.refresh(in.cookie.Value); a.status != 401 || a.access != "" {
		t.Errorf("a refresh: %d %s", a.status, a.body)
	}
	if a := w.change(in, password, newPassword); a.status != 401 {
		t.Errorf("a change: %d %s", a.status, a.body)
	}
}

// With more sign-ins than it ends one by one, a change ends all of them.
func TestPasswordOfAUserWithManySignIns(t *testing.T) {
	w := newWorld(t)
	here := w.login("owner@example.com", password)
	for range MaxOthers {
		w.login("owner@example.com", password)
	}
	if a := w.change(here, password, newPassword); !strings.Contains(a.body, `"other_sign_ins_ended":20,"still_signed_in":true`) || len(w.endedSignIns) != MaxOthers {
		t.Fatalf("%s %d", a.body, len(w.endedSignIns))
	}
	w = newWorld(t)
	here = w.login("owner@example.com", password)
	for range MaxOthers + 1 {
		w.login("owner@example.com", password)
	}
	a := w.change(here, password, newPassword)
	if a.status != 200 || !strings.Contains(a.body, `"still_signed_in":false`) || a.cookie == nil || a.cookie.MaxAge >= 0 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if len(w.ended) != 1 || !slices.Equal(w.reasons, []string{"password_changed"}) || len(w.store.live()) != 0 {
		t.Errorf("ended %v %v", w.ended, w.reasons)
	}
}

// What failed is said, and how to go on: the password is changed, for the old one is worth nothing.
func TestPasswordIsChangedAndNotAllEnded(t *testing.T) {
	for _, down := range []string{"Families", "RevokeOthers", "Forget", "End"} {
		w := newWorld(t)
		here := w.login("owner@example.com", password)
		w.login("owner@example.com", password)
		w.store.down, w.endFails = down, down == "End"
		a := w.change(here, password, newPassword)
		if a.status != 503 || a.reason != "sign_ins_not_ended" || !strings.Contains(a.body, `"password":"changed"`) {
			t.Errorf("%s: %d %s", down, a.status, a.body)
		}
		w.store.down, w.endFails = "", false
		if a := w.login("owner@example.com", newPassword); a.status != 200 {
			t.Errorf("%s: the new password: %d", down, a.status)
		}
		if a := w.everywhere(here.cookie.Value); a.status != 204 {
			t.Errorf("%s: out everywhere: %d %s", down, a.status, a.body)
		}
	}
	for _, down := range []string{"Refresh", "UserByEmail", "SetPassword"} {
		w := newWorld(t)
		here := w.login("owner@example.com", password)
		w.store.down = down
		if a := w.change(here, password, newPassword); a.status != 503 || a.reason != "database_unavailable" {
			t.Errorf("%s: %d %s", down, a.status, a.body)
		}
		w.store.down = ""
		if a := w.login("owner@example.com", password); a.status != 200 {
			t.Errorf("%s: the old password: %d", down, a.status)
		}
	}
}

// invited adds an account with a one-time token, and returns that.
func (w *world) invited(email string, kind account.Kind) string {
	text, token := account.NewToken(func(b []byte) { rand.Read(b) }, kind, w.now.Add(time.Hour))
	row := &accounttest.Row{Account: account.Account{ID: "usr_" + email[:3], Email: email, Name: "New"}, Token: token}
	if kind == account.Reset {
		row.Password, _ = account.Hash("the forgotten password", func(b []byte) { rand.Read(b) }, w.crypto.Derive)
	}
	w.accounts.Rows = append(w.accounts.Rows, row)
	return text
}

func TestInvitationAndReset(t *testing.T) {
	for path, kind := range map[string]account.Kind{"/auth/invitation": account.Invitation, "/auth/reset": account.Reset} {
		w := newWorld(t)
		token := w.invited("new@example.com", kind)
		before := answer{}
		if kind == account.Reset {
			if before = w.login("new@example.com", "the forgotten password"); before.status != 200 {
				t.Fatalf("%d %s", before.status, before.body)
			}
		} else if a := w.login("new@example.com", newPassword); a.status != 401 || a.reason != "invalid_credentials" {
			t.Errorf("without a password: %d %s", a.status, a.body)
		}
		// A password that is not taken does not use the token up.
		if a := w.post(path, map[string]string{"token": token, "password": "short"}); a.status != 400 || a.reason != "password_too_short" {
			t.Errorf("%d %s", a.status, a.body)
		}
		a := w.post(path, map[string]string{"token": token, "password": newPassword})
		if a.status != 200 || a.body != `{"email":"new@example.com"}` || a.cookie != nil || a.device == nil {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		if b := w.post(path, map[string]string{"token": token, "password": newPassword + " 2"}); b.status != 401 || b.reason != "account_token_invalid" {
			t.Errorf("a second time: %d %s", b.status, b.body)
		}
		if kind == account.Reset {
			if len(w.ended) != 1 || !slices.Equal(w.reasons, []string{"password_reset"}) || w.refresh(before.cookie.Value).status != 401 {
				t.Errorf("ended %v %v", w.ended, w.reasons)
			}
		} else if len(w.ended) != 0 {
			t.Errorf("ended %v", w.ended)
		}
		if b := w.login("new@example.com", newPassword); b.status != 200 || b.owner != "usr_new" {
			t.Errorf("%d %s", b.status, b.body)
		}
		if strings.Contains(strings.Join(w.lines, ""), token) {
			t.Error("the token is in the log")
		}
	}
}

// The attacker has a token that is over, used, of the other kind, or made up: the answers are
// alike, none is as much work as a login, and none can be told from another.
//
// Holds: "a one-time token serves once, and only whom it was sent to".
func TestTokensThatAreRefused(t *testing.T) {
	w := newWorld(t)
	late, other, off := w.invited("lat@example.com", account.Reset), w.invited("oth@example.com", account.Invitation), w.invited("off@example.com", account.Reset)
	w.accounts.Rows[0].Token.Until = w.now
	w.accounts.Rows[2].DisabledAt = w.now
	made, _ := account.NewToken(func(b []byte) { rand.Read(b) }, account.Reset, w.now)
	w.crypto.derived = nil
	first := ""
	for what, token := range map[string]string{"over": late, "of the other kind": other, "of a disabled account": off, "made up": made, "no token": "x", "a hash": w.accounts.Rows[1].Token.Hash} {
		a := w.post("/auth/reset", map[string]string{"token": token, "password": newPassword})
		if first == "" {
			first = a.body
		}
		if a.status != 401 || a.reason != "account_token_invalid" || a.body != first || a.device != nil {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	if len(w.crypto.derived) != 0 {
		t.Errorf("work %v", w.crypto.derived)
	}
	if a := w.post("/auth/invitation", map[string]string{"token": other, "password": newPassword}); a.status != 200 {
		t.Errorf("it is used up: %d %s", a.status, a.body)
	}
	for _, down := range []string{"ByToken", "Redeem"} {
		token := w.invited(down[:3]+"@example.com", account.Reset)
		w.accounts.Down = down
		if a := w.post("/auth/reset", map[string]string{"token": token, "password": newPassword}); a.status != 503 || a.reason != "database_unavailable" {
			t.Errorf("%s: %d %s", down, a.status, a.body)
		}
		w.accounts.Down = ""
		if a := w.post("/auth/reset", map[string]string{"token": token, "password": newPassword}); a.status != 200 {
			t.Errorf("%s: the token is used up: %d %s", down, a.status, a.body)
		}
	}
	token := w.invited("end@example.com", account.Reset)
	w.endFails = true
	if a := w.post("/auth/reset", map[string]string{"token": token, "password": newPassword}); a.status != 503 || a.reason != "sign_ins_not_ended" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// The attacker has many addresses and the victim's e-mail, and uses the account's attempts up. By
// an operator's token the victim gets in nevertheless.
func TestResetGetsPastALockout(t *testing.T) {
	w := newWorld(t)
	token := w.invited("vic@example.com", account.Reset)
	attack := func() {
		for n := range DefaultLoginFailuresAccount + 1 {
			w.send("POST", home+"/auth/login", `{"email":"vic@example.com","password":"hunter2"}`, func(r *http.Request) {
				asJSON(r)
				r.Header.Set(access.AddressHeader, "203.0.113."+string(rune('0'+n%10))+string(rune('0'+n/10%10)))
			})
		}
	}
	attack()
	if a := w.login("vic@example.com", "the forgotten password"); a.status != 429 {
		t.Fatalf("%d", a.status)
	}
	a := w.post("/auth/reset", map[string]string{"token": token, "password": newPassword})
	if a.status != 200 || a.device == nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	attack()
	if b := w.post("/auth/login", map[string]string{"email": "vic@example.com", "password": newPassword}, a.device); b.status != 200 {
		t.Errorf("%d %s", b.status, b.body)
	}
}
