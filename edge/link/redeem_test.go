package link_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/link/linktest"
	"github.com/holdfast-dev/holdfast/shared/guest"
)

var now = time.Date(2026, 12, 2, 6, 0, 0, 0, time.UTC)

// desk is the handler with a store, and a link that counts.
type desk struct {
	t     *testing.T
	store *linktest.Memory
	cfg   link.Config
	now   time.Time
	text  string
	lines []string
	next  byte
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, store: &linktest.Memory{}, now: now}
	d.cfg = link.Config{
		Secrets: []string{"secret"}, TTL: 15 * time.Minute, Origins: access.ParseOrigins("https://app.example", ""),
		Now: func() time.Time { return d.now }, Log: func(line string) { d.lines = append(d.lines, line) },
		Random: func(b []byte) {
			d.next++
			for i := range b {
				b[i] = d.next
			}
		},
	}
	id, text, hash := link.New(d.cfg.Random)
	d.text = text
	if _, err := d.store.Add(t.Context(), link.Link{ID: id, Document: "d1", Role: "edit", Hash: hash, Uses: 2, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, link.Limits{PerDocument: 1}, false); err != nil {
		t.Fatal(err)
	}
	return d
}

type said struct {
	status          int
	reason          string
	body            map[string]any
	header          http.Header
	cookie          *http.Cookie
	user, name, tok string
}

func (d *desk) ask(url, body string, more ...string) said {
	d.t.Helper()
	r := httptest.NewRequest("POST", url, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	link.NewHandler(d.cfg, d.store).ServeHTTP(w, r)
	s := said{status: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &s.body); err != nil {
		d.t.Fatal(err)
	}
	if data, ok := s.body["data"].(map[string]any); ok {
		details, _ := data["details"].(map[string]any)
		s.reason, _ = details["reason"].(string)
	}
	s.user, _ = s.body["user_id"].(string)
	s.name, _ = s.body["name"].(string)
	s.tok, _ = s.body["access_token"].(string)
	for _, c := range w.Result().Cookies() {
		s.cookie = c
	}
	if strings.Contains(w.Body.String(), d.text) || strings.Contains(strings.Join(d.lines, ""), d.text) {
		d.t.Error("the link is repeated")
	}
	return s
}

const here = "http://app.example/v1/links/redeem"

func (d *desk) redeem(more ...string) said {
	d.t.Helper()
	return d.ask(here, `{"link":"`+d.text+`","name":"Ann"}`, more...)
}

func TestRedeem(t *testing.T) {
	d := newDesk(t)
	s := d.redeem()
	c, err := guest.Parse(guest.Access, s.tok, d.cfg.Secrets, now)
	if s.status != 200 || err != nil || c.UserID != s.user || c.Document != "d1" || c.Name != "Ann" || !c.Expires.Equal(now.Add(15*time.Minute)) {
		t.Fatalf("%+v %v %v", s, c, err)
	}
	if len(d.lines) != 1 || !strings.Contains(d.lines[0], `"event":"guest_made"`) || strings.Contains(d.lines[0], "Ann") {
		t.Errorf("logged %v", d.lines)
	}
	// Again, by the cookie, by the last token that has ended, and as somebody new.
	d.now = now.Add(50 * time.Minute)
	by := func(s said, want string) {
		t.Helper()
		c, err := guest.Parse(guest.Access, s.tok, d.cfg.Secrets, d.now)
		if s.user != want || err != nil || !c.Expires.Equal(now.Add(time.Hour)) {
			t.Errorf("%+v %v %v", s, c, err)
		}
	}
	by(d.ask(here, `{"link":"`+d.text+`"}`, "Cookie", s.cookie.Name+"="+s.cookie.Value), s.user)
	by(d.ask(here, `{"link":"`+d.text+`","guest":"`+s.tok+`","name":"Bob"}`), s.user)
	if other := d.redeem(); other.user == s.user || other.status != 200 {
		t.Errorf("%+v", other)
	}
	if third := d.redeem(); third.status != 403 || third.reason != "link_used_up" {
		t.Errorf("%+v", third)
	}
	d.now = now.Add(time.Hour)
	if late := d.redeem(); late.status != 403 || late.reason != "link_expired" {
		t.Errorf("%+v", late)
	}
	if late := d.ask(here, `{"link":"`+d.text+`"}`, "Cookie", s.cookie.Name+"="+s.cookie.Value); late.reason != "link_expired" {
		t.Errorf("%+v", late)
	}
}

// Over https the cookie is one that no neighbour can set, and over http it is sent to this route alone.
func TestCookie(t *testing.T) {
	d := newDesk(t)
	if c := d.redeem().cookie; !strings.HasPrefix(c.Name, "holdfast_guest_") || c.Path != "/v1/links" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 3600 {
		t.Errorf("%+v", c)
	}
	secure := d.ask("https://app.example/v1/links/redeem", `{"link":"`+d.text+`","name":"Ann"}`)
	if c := secure.cookie; !strings.HasPrefix(c.Name, "__Host-holdfast_guest_") || c.Path != "/" || !c.Secure {
		t.Errorf("%+v", c)
	}
	again := d.ask("https://app.example/v1/links/redeem", `{"link":"`+d.text+`"}`, "Cookie", strings.TrimPrefix(secure.cookie.Name, "__Host-")+"="+secure.cookie.Value)
	if again.status != 400 {
		t.Errorf("a cookie that a neighbour can set counts: %+v", again)
	}
}

func TestRedeemRefuses(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		name, body string
		status     int
		reason     string
	}{
		{"no JSON", `{`, 400, "invalid_json"},
		{"no object", `[]`, 400, "bad_field"},
		{"an unknown field", `{"link":"` + d.text + `","name":"Ann","role":"edit"}`, 400, "unknown_field"},
		{"a name that is no text", `{"link":"` + d.text + `","name":7}`, 400, "bad_field"},
		{"no name", `{"link":"` + d.text + `"}`, 400, "bad_field"},
		{"a name of nothing visible", `{"link":"` + d.text + `","name":" \u200b\u202e "}`, 400, "bad_field"},
		{"no link", `{"name":"Ann"}`, 401, "link_unknown"},
		{"a part of the link", `{"link":"` + d.text[:len(d.text)-1] + `","name":"Ann"}`, 401, "link_unknown"},
		{"another secret", `{"link":"` + d.text[:len(d.text)-4] + `AAAA","name":"Ann"}`, 401, "link_unknown"},
		{"too long", `{"link":"` + strings.Repeat("x", 5000) + `"}`, 413, "too_large"},
	} {
		if s := d.ask(here, c.body); s.status != c.status || s.reason != c.reason || s.cookie != nil {
			t.Errorf("%s: HTTP %d %s", c.name, s.status, s.reason)
		}
	}
	if s := d.redeem("Content-Type", "text/plain"); s.reason != "content_type_not_json" {
		t.Errorf("a form: %+v", s)
	}
	if s := d.redeem("Origin", "https://evil.example"); s.status != 403 || s.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a page of another origin: %+v", s)
	}
	if s := d.redeem("Origin", "https://app.example"); s.status != 200 || s.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Errorf("a page of an allowed origin: %+v", s)
	}
	long := d.ask(here, `{"link":"`+d.text+`","name":"`+strings.Repeat("ä", 60)+`"}`)
	if len(long.name) != 64 {
		t.Errorf("a long name: %q", long.name)
	}
	d.store.Down = true
	if s := d.redeem(); s.status != 503 || s.reason != "database_unavailable" {
		t.Errorf("without the database: %+v", s)
	}
	d.cfg.Secrets = nil
	if s := d.redeem(); s.status != 404 {
		t.Errorf("without a secret: %+v", s)
	}
}

// Nobody becomes a guest who was put out, by what they kept; nor another link's.
func TestRedeemKnows(t *testing.T) {
	d := newDesk(t)
	s := d.redeem()
	d.store.Guested[0].Ended = true
	if again := d.ask(here, `{"link":"`+d.text+`","guest":"`+s.tok+`"}`); again.status != 401 || again.reason != "guest_revoked" {
		t.Errorf("%+v", again)
	}
	d.store.Guested = nil // long forgotten: a use of its own
	if again := d.ask(here, `{"link":"`+d.text+`","guest":"`+s.tok+`"}`); again.status != 200 || again.user == s.user || again.name != "Ann" {
		t.Errorf("%+v", again)
	}
	for _, forged := range []string{"hfg.e30.AAAA", s.cookie.Value, ""} {
		if again := d.ask(here, `{"link":"`+d.text+`","guest":"`+forged+`"}`); again.status != 400 {
			t.Errorf("%q names somebody: %+v", forged, again)
		}
	}
	d.store.Rows[0].RevokedAt = now
	if again := d.redeem(); again.status != 401 || again.reason != "link_revoked" {
		t.Errorf("%+v", again)
	}
}
