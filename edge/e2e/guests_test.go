//go:build !js

package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// link is a link that was made, and who is redeeming it.
type link struct {
	s        *server
	id, text string
}

// guest is somebody with a token made of a link.
type guest struct {
	user, token, cookie string
	status              int
	reason              string
	body                map[string]any
}

func (s *server) link(document, body string) link {
	s.T.Helper()
	status, made := s.admin("POST", "/v1/admin/documents/"+document+"/links", body)
	text, _ := made["link"].(string)
	if status != 201 || text == "" {
		s.T.Fatalf("a link: HTTP %d %v", status, made)
	}
	s.Shown("a link", text)
	return link{s, made["link_id"].(string), text}
}

// redeem asks for a token; address is whence, "" for nowhere in particular.
func (l link) redeem(name, cookie, address string) guest {
	l.s.T.Helper()
	text, err := json.Marshal(map[string]string{"link": l.text, "name": name})
	check(err)
	request, err := http.NewRequest("POST", l.s.URL+"/v1/links/redeem", bytes.NewReader(text))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	if address != "" {
		request.Header.Set("CF-Connecting-IP", address)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		l.s.T.Fatal(err)
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(response.Body)
	l.s.described("POST", "/v1/links/redeem", response.StatusCode, said, response.Header)
	g := guest{status: response.StatusCode}
	json.Unmarshal(said, &g.body)
	g.user, _ = g.body["user_id"].(string)
	g.token, _ = g.body["access_token"].(string)
	g.reason, _ = at(g.body, "data", "details", "reason").(string)
	for _, c := range response.Cookies() {
		g.cookie = c.Name + "=" + c.Value
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/v1/links" {
			l.s.T.Errorf("the cookie: %+v", c)
		}
		l.s.Shown("a guest's cookie", c.Value)
	}
	return g
}

// guest redeems a link, which has to work.
func (l link) guest(name string) guest {
	l.s.T.Helper()
	g := l.redeem(name, "", "")
	if g.status != 200 || !strings.HasPrefix(g.user, "guest:"+l.id+":") {
		l.s.T.Fatalf("a guest: HTTP %d %v", g.status, g.body)
	}
	return g
}

func (l link) revoke() map[string]any {
	l.s.T.Helper()
	return l.s.must("DELETE", "/v1/admin/documents/welcome/links/"+l.id, "")
}

// A guest comes by a link, without an account: it may do what the link's role says, on the link's document
// alone, under the name it gives, and everybody sees that it is a guest.
// Holds: "a link's guest may do on its document what the link's role says, and nothing anywhere else"
func TestGuests(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	for role, levels := range map[string]string{"view": "[read]", "comment": "[read comment]", "edit": "[read write comment]"} {
		l := s.link("welcome", `{"role":"`+role+`","uses":2,"name":"for the review"}`)
		g := l.guest("  Olive\u202e  ")
		c := s.connect(dialling{document: "welcome", clientID: "g-" + role, token: g.token})
		if got := fmt.Sprint(c.ack.Data["permissions"]); got != levels || c.ack.text("user_id") != g.user || at(c.ack.Data, "workspace_context", "workspace_id") != "ws_demo" {
			t.Errorf("%s: %v", role, c.ack.Data)
		}
		joined := owner.expectFrame("presence", "join")
		if joined.Data["guest"] != true || joined.text("name") != "Olive" || joined.text("user_id") != g.user {
			t.Errorf("%s: the owner sees %v", role, joined.Data)
		}
		if members := at(c.expectFrame("presence", "state").Data, "members").([]any); at(members[0], "guest") != nil {
			t.Errorf("%s: the owner is a guest: %v", role, members)
		}
		c.send(`{"type":"operation","event":"op","message_id":"m1","data":{"op":"` + role + `"}}`)
		if role == "edit" {
			c.expect("operation", "operation_ack")
			if owner.expectFrame("operation", "op").text("user_id") != g.user {
				t.Error("it is another's op")
			}
		} else {
			c.expectError("INSUFFICIENT_PERMISSIONS")
		}
		// Nothing else: another document, a device, a session of a user's, the API.
		s.refused(dialling{document: "notes", clientID: "g", token: g.token}, "INSUFFICIENT_PERMISSIONS")
		for _, path := range []string{"/v1/ws/device", "/glasses-ws"} {
			if status := s.dialStatus(path, g.token); status != 403 {
				t.Errorf("%s: HTTP %d", path, status)
			}
		}
		c.ws.Close(1000, "")
		owner.expectFrame("presence", "leave")
	}
	list := s.must("GET", "/v1/admin/documents/welcome/links?limit=2", "")
	if links := list["links"].([]any); len(links) != 2 || list["next"] == nil || at(links[0], "used") != 1.0 || at(links[0], "name") != "for the review" {
		t.Errorf("listed: %v", list)
	}
}

// dialStatus asks for a socket by HTTP alone, and returns the status.
func (s *server) dialStatus(path, token string) int {
	request, err := http.NewRequest("GET", s.URL+path, nil)
	check(err)
	request.Header.Set("Upgrade", "websocket")
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Sec-WebSocket-Version", "13")
	request.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// A reload is the same guest, by its cookie, and takes no use; the cookie alone is worth nothing. Twenty who
// race for three uses are three guests.
// Holds: "no race makes more guests of a link than it has uses"
func TestGuestsUses(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	l := s.link("welcome", `{"role":"edit","uses":4}`)
	first := l.guest("Ann")
	again := l.redeem("", first.cookie, "")
	if again.user != first.user || again.body["name"] != "Ann" {
		t.Errorf("a reload: %v", again.body)
	}
	other := s.link("welcome", `{"role":"edit","uses":1}`)
	if g := other.redeem("", first.cookie, ""); g.status != 400 {
		t.Errorf("a cookie of another link names somebody: %v", g.body)
	}
	_, value, _ := strings.Cut(first.cookie, "=")
	s.refused(dialling{document: "welcome", clientID: "c", token: value}, "AUTHENTICATION_FAILED")

	results := make(chan guest, 20)
	for i := range 20 {
		go func() { results <- l.redeem(fmt.Sprint("Guest ", i), "", "") }()
	}
	made, users := 0, map[string]bool{}
	for range 20 {
		g := <-results
		switch {
		case g.status == 200:
			made++
			users[g.user] = true
		case g.status != 403 || g.reason != "link_used_up":
			t.Errorf("HTTP %d %v", g.status, g.body)
		}
	}
	if made != 3 || len(users) != 3 {
		t.Errorf("%d guests, %d users", made, len(users))
	}
	if g := l.redeem("", first.cookie, ""); g.user != first.user {
		t.Errorf("used up, a known guest: %v", g.body)
	}
}

// The attacker has a link that is revoked, its guests' tokens and cookies, and an open connection: nothing of
// it is of use once the call is answered.
// Holds: "a revoked link has no guest connected, and makes none, from the answer on"
func TestGuestsRevoked(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	l, kept := s.link("welcome", `{"role":"edit"}`), s.link("welcome", `{"role":"edit"}`)
	a, b, other := l.guest("Ann"), l.guest("Bob"), kept.guest("Cid")
	ann := s.connect(dialling{document: "welcome", clientID: "a", token: a.token})
	cid := s.connect(dialling{document: "welcome", clientID: "c", token: other.token})
	ann.op("m1", 1)
	answer := l.revoke()
	receipts := answer["receipts"].([]any)
	closed := map[string]string{}
	for _, r := range receipts {
		closed[at(r, "user_id").(string)] = fmt.Sprint(at(r, "closed"), at(r, "last_accepted"))
	}
	if len(receipts) != 2 || closed[a.user] != "[welcome] map[welcome:m1]" || closed[b.user] != "[] map[]" {
		t.Errorf("the receipt: %v", answer)
	}
	ann.expectError("TOKEN_REVOKED")
	if code := ann.expectClose(); code != 4410 {
		t.Errorf("closed with %d", code)
	}
	for _, g := range []guest{a, b} {
		f := s.refusedAny(dialling{document: "welcome", clientID: "a", token: g.token})
		if code := f.text("error_code"); code != "TOKEN_REVOKED" && code != "TOKEN_EXPIRED" && code != "INSUFFICIENT_PERMISSIONS" {
			t.Errorf("its token still counts: %v", f.Data)
		}
	}
	for _, cookie := range []string{"", a.cookie} {
		if g := l.redeem("Ann", cookie, ""); g.status != 401 || g.reason != "link_revoked" {
			t.Errorf("revoked: HTTP %d %v", g.status, g.body)
		}
	}
	cid.receivedOps(1)
	cid.quiet()
	if answer := l.revoke(); answer["guests"] != 0.0 {
		t.Errorf("a repeat: %v", answer)
	}
	// One guest alone: its link goes on, and it gets no other token by it.
	s.must("POST", "/v1/admin/users/"+other.user+"/revoke", `{"all":true}`)
	cid.expectError("TOKEN_REVOKED")
	if g := kept.redeem("", other.cookie, ""); g.status != 401 || g.reason != "guest_revoked" {
		t.Errorf("a guest who was put out: HTTP %d %v", g.status, g.body)
	}
	kept.guest("Dan")
}

// A link ends at its moment: so do its guests' tokens, and their connections.
// Holds: "a link's guests are disconnected at its end"
func TestGuestsExpire(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"READ_ONLY_MS": "60000", "GRACE_PERIOD_MS": "60000"})
	end := time.Now().Add(6 * time.Second).Truncate(time.Second)
	l := s.link("welcome", `{"role":"edit","expires":"`+end.UTC().Format(time.RFC3339)+`"}`)
	g := l.guest("Ann")
	c := s.connect(dialling{document: "welcome", clientID: "a", token: g.token})
	if expires, _ := time.Parse(time.RFC3339, c.ack.text("expires_at")); expires.After(end) {
		t.Errorf("the token outlives the link: %v, %v", expires, end)
	}
	f := c.expectFrame("system", "error")
	if code := c.expectClose(); code != 4102 || f.text("error_code") != "TOKEN_EXPIRED" {
		t.Errorf("closed with %d %v", code, f.Data)
	}
	if late := time.Since(end); late < 0 || late > 10*time.Second {
		t.Errorf("%v after its end", late)
	}
	if g := l.redeem("", g.cookie, ""); g.status != 403 || g.reason != "link_expired" {
		t.Errorf("HTTP %d %v", g.status, g.body)
	}
	s.refused(dialling{document: "welcome", clientID: "a", token: g.token}, "TOKEN_EXPIRED")
}

// The attacker forges a guest's token, in each of the ways by which a JWT has been forged (RFC 8725), and one
// of the other kind.
func TestGuestsForged(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	l := s.link("welcome", `{"role":"edit"}`)
	g := l.guest("Ann")
	parts := strings.Split(g.token, ".")
	encode := base64.RawURLEncoding.EncodeToString
	signed := func(input string, key []byte) string {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(input))
		return input + "." + encode(h.Sum(nil))
	}
	payload := encode([]byte(`{"user_id":"usr_owner","document":"welcome","name":"","iat":1,"exp":9999999999}`))
	keys, err := http.Get(s.URL + "/.well-known/jwks.json")
	check(err)
	published, _ := io.ReadAll(keys.Body)
	keys.Body.Close()
	for name, token := range map[string]string{
		"another payload":         "hfg." + payload + "." + parts[2],
		"no signature":            "hfg." + payload + ".",
		"of the public key":       signed("hfg."+payload, published),
		"of no key":               signed("hfg."+payload, nil),
		"of the cookie's kind":    "hfr." + parts[1] + "." + parts[2],
		"a JWT's header":          encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"a JWT of HS256":          signed(encode([]byte(`{"alg":"HS256"}`))+"."+parts[1], published),
		"a JWT's header and ours": encode([]byte(`{"alg":"RS256"}`)) + "." + parts[1] + "." + parts[2],
		"four parts":              g.token + ".x",
		"another signature":       harness.Altered(g.token),
	} {
		f := s.refusedAny(dialling{document: "welcome", clientID: "a", token: token})
		if f.text("error_code") != "AUTHENTICATION_FAILED" {
			t.Errorf("%s: %v", name, f.Data)
		}
	}
	// Nor has anybody else a link: each guess is counted against its address.
	refused := 0
	for i := range 140 {
		guess := link{s, l.id, l.text[:len(l.text)-3] + fmt.Sprintf("%03d", i)}
		switch g := guess.redeem("Eve", "", "192.0.2.9"); {
		case g.status == 429:
			refused++
		case g.status != 401 || g.reason != "link_unknown":
			t.Fatalf("a guess: HTTP %d %v", g.status, g.body)
		}
	}
	if refused < 5 {
		t.Errorf("only %d of 140 guesses were one too many", refused)
	}
	l.guest("Bob") // another address
}

// refusedAny is refused, whatever the code.
func (s *server) refusedAny(d dialling) frame {
	s.T.Helper()
	d.origin = s.URL
	c, response, err := d.dial(s)
	if err != nil {
		s.T.Fatalf("%v %v", err, response)
	}
	f := c.expectFrame("system", "error")
	c.expectClose()
	return f
}
