package issuer

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
)

func open(c *Config) { c.SignUp = true }

func (w *world) signUp(address, email, pass string) answer {
	w.t.Helper()
	text, _ := json.Marshal(map[string]string{"email": email, "password": pass})
	return w.send("POST", home+"/auth/sign-up", string(text), func(r *http.Request) {
		asJSON(r)
		r.Header.Set(access.AddressHeader, address)
	})
}

func TestSignUpIsOff(t *testing.T) {
	w := newWorld(t)
	a := w.signUp("", "new@example.com", newPassword)
	if other := w.send("POST", home+"/auth/no-such-route", "{}", asJSON); a.status != 404 || a.body != other.body || len(w.accounts.Rows) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	// Users are called by their e-mail, and anybody could call themselves anything.
	w = newWorld(t, open, func(c *Config) { c.EmailSubjects = true })
	if a := w.signUp("", "new@example.com", newPassword); a.status != 503 || a.reason != "sign_up_unusable" || len(w.accounts.Rows) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestSignUp(t *testing.T) {
	w := newWorld(t, open)
	a := w.signUp("", " New@Example.com", newPassword)
	if a.status != 200 || a.cookie == nil || a.device == nil || !strings.HasPrefix(a.owner, "usr_") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	claims := func(a answer) string {
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(a.access, ".")[1])
		return string(payload)
	}
	if got := claims(a); !strings.Contains(got, `"email":"new@example.com","name":"new"`) || !strings.Contains(got, `"email_verified":false`) {
		t.Errorf("claims %s", got)
	}
	for what, b := range map[string]answer{"a refresh": w.refresh(a.cookie.Value), "a login": w.login("new@example.com", newPassword)} {
		if b.status != 200 || !strings.Contains(claims(b), `"email_verified":false`) {
			t.Errorf("%s: %d %s", what, b.status, claims(b))
		}
	}
	if line := strings.Join(w.lines, ""); !strings.Contains(line, `"event":"sign_up","user_id":"`+a.owner+`","sign_in":"`+a.signIn()) {
		t.Errorf("logged %s", line)
	}
	// That an e-mail is taken is said, and nothing of whose it is; the account stays as it is.
	if b := w.signUp("198.51.100.1", "NEW@example.com", newPassword+" 2"); b.status != 409 || b.reason != "email_taken" || b.cookie != nil || len(w.accounts.Rows) != 1 {
		t.Errorf("%d %s", b.status, b.body)
	}
	if b := w.login("new@example.com", newPassword); b.status != 200 {
		t.Errorf("the account is another's: %d", b.status)
	}
}

func TestSignUpsThatAreRefused(t *testing.T) {
	w := newWorld(t, open)
	for body, reason := range map[string]string{
		`{`: "invalid_json", `[]`: "bad_field", `{"email":"x","password":"` + newPassword + `"}`: "bad_field", `{"email":"x@example.com"}`: "bad_field",
		`{"email":"x@example.com","password":"short"}`: "password_too_short", `{"email":"x@example.com","name":7,"password":"` + newPassword + `"}`: "bad_field",
		`{"email":"x@example.com","name":"a\u0007","password":"` + newPassword + `"}`: "bad_field",
	} {
		if a := w.send("POST", home+"/auth/sign-up", body, asJSON); a.status != 400 || a.reason != reason {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	evil := w.send("POST", home+"/auth/sign-up", `{"email":"x@example.com","password":"`+newPassword+`"}`, func(r *http.Request) {
		asJSON(r)
		r.Header.Set("Origin", "https://evil.example")
	})
	if evil.status != 403 || len(w.accounts.Rows) != 0 || len(w.store.buckets) != 0 {
		t.Errorf("%d %s", evil.status, evil.body)
	}
	w.accounts.Down = "Create"
	if a := w.signUp("", "x@example.com", newPassword); a.status != 503 || a.reason != "database_unavailable" {
		t.Errorf("%d %s", a.status, a.body)
	}
	w.accounts.Down, w.store.down = "", "Attempt"
	if a := w.signUp("", "x@example.com", newPassword); a.status != 503 || len(w.accounts.Rows) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// The attacker signs up in a loop: from one address, to ask which e-mails are taken; then from
// many addresses, to fill the table.
//
// Holds: "nobody makes accounts for themselves, unless sign-up is on".
func TestSignUpsAreLimited(t *testing.T) {
	w := newWorld(t, open, func(c *Config) { c.SignUps, c.SignUpsPlace = 12, 3 })
	count := func(address string, n int) (made, refused int) {
		for i := range n {
			switch a := w.signUp(address, address[:2]+string(rune('a'+i))+"@example.com", newPassword); {
			case a.status == 200:
				made++
			case a.status == 429 && a.reason == "too_many_sign_ups" && a.header.Get("Retry-After") != "":
				refused++
			default:
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		return made, refused
	}
	if made, refused := count("10.0.0.1", 10); made != 3 || refused != 7 {
		t.Errorf("one address: %d made, %d refused", made, refused)
	}
	all := 3
	for _, address := range []string{"20.0.0.1", "30.0.0.1", "40.0.0.1", "50.0.0.1", "60.0.0.1"} {
		made, _ := count(address, 4)
		all += made
	}
	if all != 12 {
		t.Errorf("all addresses: %d", all)
	}
	work := len(w.crypto.derived)
	count("70.0.0.1", 5)
	if len(w.crypto.derived) != work {
		t.Error("a refused one costs as much as a login")
	}
	w.now = w.now.Add(time.Hour)
	if made, _ := count("80.0.0.1", 3); made != 3 {
		t.Errorf("an hour later: %d", made)
	}
}
