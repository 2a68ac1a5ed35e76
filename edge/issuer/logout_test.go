package issuer

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
)

func (w *world) everywhere(cookie string) answer {
	w.t.Helper()
	return w.send("POST", home+"/auth/logout", `{"everywhere":true}`, func(r *http.Request) {
		asJSON(r)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookieName, Value: cookie})
		}
	})
}

func TestLogoutEverywhere(t *testing.T) {
	w := newWorld(t)
	here, there := w.login("owner@example.com", password).cookie.Value, w.login("owner@example.com", password).cookie.Value
	child := w.refresh(here).cookie.Value
	w.now = w.now.Add(time.Minute)
	a := w.everywhere(child)
	if a.status != 204 || a.cookie.MaxAge >= 0 {
		t.Fatalf("%d %s %+v", a.status, a.body, a.cookie)
	}
	for _, c := range []string{here, child, there} {
		if b := w.refresh(c); b.status != 401 || b.access != "" {
			t.Errorf("%d %s", b.status, b.body)
		}
	}
	// Access tokens that are out, and connections that are open, by the user's object.
	if len(w.ended) != 1 || w.ended[0] != "usr_owner 1736244060" {
		t.Errorf("ended %v", w.ended)
	}
	// What the user has let programs do is over, too, and is listed so.
	if got := w.store.delegationsEnded; len(got) != 1 || got[0] != "usr_owner" {
		t.Errorf("delegations ended of %v", got)
	}
	if b := w.login("owner@example.com", password); b.status != 200 {
		t.Errorf("signing in again: %d", b.status)
	}
}

// The plain one is for this sign-in, and leaves connections to the page that has them.
func TestLogoutHere(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"", "null", "{}", `{"everywhere":false}`} {
		here, there := w.login("owner@example.com", password).cookie.Value, w.login("owner@example.com", password).cookie.Value
		a := w.send("POST", home+"/auth/logout", body, func(r *http.Request) {
			asJSON(r)
			r.AddCookie(&http.Cookie{Name: cookieName, Value: here})
		})
		if a.status != 204 || w.refresh(here).status != 401 || w.refresh(there).status != 200 || len(w.ended) != 0 {
			t.Errorf("%q: %d %s, ended %v", body, a.status, a.body, w.ended)
		}
	}
}

func TestLogoutEverywhereRefused(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	w.refresh(first)
	w.now = w.now.Add(Overlap + time.Millisecond)
	for what, a := range map[string]answer{
		"no cookie": w.everywhere(""), "a made-up one": w.everywhere("x"), "a used one": w.everywhere(first),
	} {
		if a.status != 401 || len(w.ended) != 0 || len(w.store.live()) == 0 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	for body, reason := range map[string]string{`{"everywhere":"yes"}`: "bad_field", `{`: "invalid_json"} {
		if a := w.send("POST", home+"/auth/logout", body, asJSON); a.status != 400 || a.reason != reason {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	plain := w.send("POST", home+"/auth/logout", `{"everywhere":true}`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") })
	if plain.status != 400 || plain.reason != "content_type_not_json" {
		t.Errorf("a form of another site: %d %s", plain.status, plain.body)
	}
}

// What goes wrong half-way can be tried again, with the same cookie, for a while.
func TestLogoutEverywhereAgain(t *testing.T) {
	w := newWorld(t)
	first := w.login("owner@example.com", password).cookie.Value
	w.endFails = true
	a := w.everywhere(first)
	if a.status != 503 || a.reason != "session_unavailable" || a.header.Get("Retry-After") != "1" || a.cookie != nil {
		t.Fatalf("%d %s %+v", a.status, a.body, a.cookie)
	}
	if !strings.Contains(a.body, `"connections":"not_ended","sign_ins":"ended"`) {
		t.Errorf("it does not say what took effect: %s", a.body)
	}
	if b := w.refresh(first); b.status != 401 {
		t.Errorf("the part that went well is undone: %d", b.status)
	}
	w.endFails = false
	w.now = w.now.Add(AgainFor)
	if b := w.everywhere(first); b.status != 204 || len(w.ended) != 1 {
		t.Errorf("again: %d %s", b.status, b.body)
	}
	w.now = w.now.Add(time.Millisecond)
	if b := w.everywhere(first); b.status != 401 || len(w.ended) != 1 {
		t.Errorf("much later: %d %s", b.status, b.body)
	}
}

// TestLogoutEverywhereWithoutTheDatabase: ending the connections needs no table. While the database
// accepts no writes, they and the issued access tokens end all the same, and the answer says what did not.
func TestLogoutEverywhereWithoutTheDatabase(t *testing.T) {
	for method, ended := range map[string]int{"Refresh": 0, "RevokeUser": 1, "Forget": 1, "EndDelegations": 1} {
		w := newWorld(t)
		first := w.login("owner@example.com", password).cookie.Value
		w.store.down = method
		b := w.everywhere(first)
		if b.status != 503 || b.reason != "database_unavailable" || b.cookie != nil || len(w.ended) != ended {
			t.Errorf("%s: %d %s, ended %v", method, b.status, b.body, w.ended)
		}
		if said := `"connections":"ended","sign_ins":"not_ended"`; ended > 0 && !strings.Contains(b.body, said) {
			t.Errorf("%s: it does not say what took effect: %s", method, b.body)
		}
		w.store.down = ""
		if b := w.everywhere(first); b.status != 204 || w.refresh(first).status != 401 {
			t.Errorf("%s, again: %d %s", method, b.status, b.body)
		}
	}
}

// The words to the session object, and what of its answers means that it is done.
func TestSessionObject(t *testing.T) {
	want := fmt.Sprintf(`{"kind":"end","user_id":"usr_owner","code":"TOKEN_REVOKED","reason":"logout_everywhere","all":true,"v":%d}`, call.Version)
	if got := string(end("usr_owner", "", "logout_everywhere").Text); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for text, done := range map[string]bool{
		`{"receipt":{"user_id":"usr_owner","closed":["welcome"],"last_accepted":{"welcome":"m1"},"took_ms":3}}`:                              true,
		`{"error":{"error_code":"SERVICE_UNAVAILABLE","message":"m","details":{"retry_after":1000},"recoverable":true,"action":"wait"}}`:     true,
		`{"error":{"error_code":"MALFORMED_MESSAGE","message":"m","details":{"reason":"unknown_kind"},"recoverable":false,"action":"stop"}}`: false,
		`{"error":{"error_code":"INTERNAL_ERROR","message":"m","details":{},"recoverable":true,"action":"reconnect"}}`:                       false,
		// An object of the version before, that does not know the request, has done nothing.
		string(call.AppendError(nil, call.Unsupported())): false,
		`{}`: false, ``: false, `"receipt"`: false, strings.Repeat("[", 100): false,
	} {
		if ended([]byte(text)) != done {
			t.Errorf("%s: %v", text, !done)
		}
	}
}

// Which cookie counts goes by the scheme: over https nobody but this host can have set
// the one that is read.
func TestCookieTossing(t *testing.T) {
	w := newWorld(t)
	value := w.login("owner@example.com", password).cookie.Value
	for _, c := range []struct {
		scheme, name string
		status       int
	}{{"https", cookieName, 401}, {"https", "__Secure-" + cookieName, 401}, {"http", secureCookieName, 401}, {"https", secureCookieName, 200}, {"http", cookieName, 200}} {
		a := w.send("POST", c.scheme+"://127.0.0.1:8787/auth/refresh", "", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: c.name, Value: value}) })
		if a.status != c.status {
			t.Errorf("%s over %s: %d", c.name, c.scheme, a.status)
		}
	}
}

// A page of another origin on the list reads the answers, errors included.
func TestReadable(t *testing.T) {
	w := newWorld(t)
	for path, status := range map[string]int{"/auth/refresh": 401, "/auth/login": 400, "/auth/logout": 204} {
		a := w.send("POST", home+path, "", func(r *http.Request) { r.Header.Set("Origin", home) })
		if a.status != status || a.header.Get("Access-Control-Allow-Origin") != home || a.header.Get("Access-Control-Allow-Credentials") != "true" || a.header.Get("Vary") != "origin" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	a := w.send("POST", home+"/auth/refresh", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
	if a.status != 403 || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a stranger: %d %v", a.status, a.header)
	}
}
