package admin

import (
	"fmt"
	"strings"
	"testing"
)

const (
	one    = "/v1/admin/apps/com.example.one"
	oneKey = one + "/keys/0123456789abcdef"
	app    = `{"name":"One","webhook_url":"https://one.example.com/start?x=1"}`
)

// The secret is said to whoever makes an app, and to nobody who changes it.
func TestPutApp(t *testing.T) {
	w := newWorld(t)
	a := w.ask("PUT", one, app)
	secret, _ := a.body["webhook_secret"].(string)
	if want := fmt.Sprintf(`{"package":"com.example.one","name":"One","webhook_url":"https://one.example.com/start?x=1","webhook_secret":%q}`, secret); a.status != 201 || a.text != want || w.apps.apps[0].Secret != secret {
		t.Errorf("%d %s", a.status, a.text)
	}
	if a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a secret may be kept: %v", a.header)
	}
	w.expect("app com.example.one One https://one.example.com/start?x=1") // and nobody is notified
	a = w.ask("PUT", one, `{"name":"Eins","webhook_url":"https://one.example.com/"}`)
	if a.status != 200 || a.text != `{"package":"com.example.one","name":"Eins","webhook_url":"https://one.example.com/"}` || w.apps.apps[0].Secret != secret {
		t.Errorf("%d %s", a.status, a.text)
	}
	a = w.ask("POST", one+"/secret", ``)
	another, _ := a.body["webhook_secret"].(string)
	if a.status != 200 || another == secret || w.apps.apps[0].Secret != another || len(a.body) != 1 {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.expect("secret of com.example.one")
	if a := w.ask("POST", "/v1/admin/apps/com.example.none/secret", ``); a.status != 404 || a.reason != "app_not_found" {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestWebhookAddresses(t *testing.T) {
	w := newWorld(t)
	for address, good := range map[string]bool{
		"https://example.com":                                 true,
		"https://example.com:8443/hooks/holdfast?app=one":     true,
		"https://[2001:db8::1]/":                              true,
		"https://localhost/":                                  true,
		"http://localhost:3000/start":                         true,
		"http://127.0.0.1:3000":                               true,
		"http://[::1]:3000/":                                  true,
		"https://example.com/" + strings.Repeat("x", 2048-20): true,
		"https://example.com/" + strings.Repeat("x", 2048-19): false,
		"":                                 false,
		"example.com/start":                false,
		"//example.com/start":              false,
		"/start":                           false,
		"http://example.com/":              false,
		"http://localhost.example.com/":    false,
		"http://127.0.0.2/":                false,
		"http://127.0.0.1.example.com/":    false,
		"http://localhost@example.com/":    false,
		`http://localhost\@example.com/`:   false,
		`https://example.com/a\b`:          false,
		"https://user@example.com/":        false,
		"https://user:secret@example.com/": false,
		"https://@example.com/":            false,
		"https://example.com/#":            false,
		"https://example.com/#start":       false,
		"https://example.com:0/":           false,
		"https://example.com:65536/":       false,
		"https://example.com:port/":        false,
		"https:///start":                   false,
		"https://:443/":                    false,
		"https:example.com":                false,
		"ftp://example.com/":               false,
		"javascript:alert(1)":              false,
		"wss://example.com/":               false,
		"https://example.com/a b":          false,
		"https://example.com/\u00e4":       false,
		"https://exam ple.com/":            false,
		"https://example.com/%zz":          false,
	} {
		a := w.ask("PUT", one, fmt.Sprintf(`{"name":"One","webhook_url":%q}`, address))
		if taken := a.status < 300; taken != good || !good && (a.status != 400 || a.reason != "bad_field") {
			t.Errorf("%.80q: %d %.200s", address, a.status, a.text)
		}
	}
	for _, body := range []string{``, `{}`, `{"name":"One"}`, `{"webhook_url":"https://example.com/"}`, `{"name":"","webhook_url":"https://example.com/"}`,
		`{"name":"One","webhook_url":null}`, `{"name":7,"webhook_url":"https://example.com/"}`, `{"name":"` + strings.Repeat("x", 257) + `","webhook_url":"https://example.com/"}`} {
		if a := w.ask("PUT", one, body); a.status != 400 || a.reason != "bad_field" {
			t.Errorf("%.80s: %d %s", body, a.status, a.text)
		}
		w.expect()
	}
}

func TestListApps(t *testing.T) {
	w := newWorld(t)
	if a := w.ask("GET", "/v1/admin/apps", ``); a.status != 200 || a.text != `{"apps":[],"more":false}` {
		t.Errorf("%d %s", a.status, a.text)
	}
	for _, name := range []string{"com.c", "com.a", "com.b"} {
		w.ask("PUT", "/v1/admin/apps/"+name, app)
	}
	item := func(name string) string {
		return `{"package":"` + name + `","name":"One","webhook_url":"https://one.example.com/start?x=1","created_at":"2026-11-21T14:02:00Z"}`
	}
	for query, want := range map[string]string{
		"":                      item("com.a") + "," + item("com.b") + "," + item("com.c") + `],"more":false}`,
		"?limit=3":              item("com.a") + "," + item("com.b") + "," + item("com.c") + `],"more":false}`,
		"?limit=2":              item("com.a") + "," + item("com.b") + `],"more":true}`,
		"?limit=2&after=com.b":  item("com.c") + `],"more":false}`,
		"?after=com.c":          `],"more":false}`,
		"?after=com.aa&limit=1": item("com.b") + `],"more":true}`,
	} {
		if a := w.ask("GET", "/v1/admin/apps"+query, ``); a.status != 200 || a.text != `{"apps":[`+want {
			t.Errorf("%s: %d %s", query, a.status, a.text)
		}
	}
}

// What fails is said without what the database quotes, and nobody is notified of it.
func TestAppsThatFail(t *testing.T) {
	for _, c := range []struct{ down, method, path, body string }{
		{"Apps", "GET", "/v1/admin/apps", ``}, {"App", "GET", one, ``}, {"AppKeys", "GET", one, ``}, {"PutApp", "PUT", one, app},
		{"SetAppSecret", "POST", one + "/secret", ``}, {"AddAppKey", "POST", one + "/keys", ``},
		{"DeleteApp", "DELETE", one, ``}, {"RevokeAppKey", "DELETE", oneKey, ``},
	} {
		w := newWorld(t)
		w.ask("PUT", one, app)
		w.down[c.down] = true
		if a := w.ask(c.method, c.path, c.body); a.status != 503 || a.reason != "database_unavailable" || a.stored || a.header.Get("Retry-After") != "1" || len(w.did) > 1 {
			t.Errorf("%s %s with %s down: %d %s %q", c.method, c.path, c.down, a.status, a.text, w.did)
		}
	}
	w := newWorld(t)
	for _, c := range [][2]string{{"GET", one}, {"DELETE", one}, {"POST", one + "/keys"}, {"POST", one + "/secret"}} {
		if a := w.ask(c[0], c[1], ``); a.status != 404 || a.code != "NOT_FOUND" || a.reason != "app_not_found" {
			t.Errorf("%s %s: %d %s", c[0], c[1], a.status, a.text)
		}
	}
	if a := w.ask("DELETE", oneKey, ``); a.status != 404 || a.reason != "app_key_not_found" {
		t.Errorf("%d %s", a.status, a.text)
	}
}
