//go:build !js

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	edgelink "github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/shared/retention"
)

// The server is killed between the redeeming and the connect, while the guest is there, and once the link is revoked.
// Nothing is forgotten: neither the guest, nor its use, nor the revocation.
func TestGuestsOutliveAKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	restart := func() {
		d.Kill()
		d.Restart()
	}
	l := d.link("welcome", `{"role":"edit","uses":1}`)
	g := l.guest("Ann")
	restart()
	c := d.connect(dialling{document: "welcome", clientID: "g", token: g.token})
	c.op("m1", 1)
	restart()
	if used := l.redeem("Bob", "", ""); used.reason != "link_used_up" {
		t.Errorf("the use is forgotten: %v", used.body)
	}
	again := l.redeem("", g.cookie, "")
	if again.user != g.user {
		t.Fatalf("the guest is forgotten: %v", again.body)
	}
	back := d.connect(dialling{document: "welcome", clientID: "g", token: again.token, sessionID: c.ack.text("session_id"), lastSeq: 1})
	if back.ack.Data["resumed"] != true {
		t.Errorf("not resumed: %v", back.ack.Data)
	}
	l.revoke()
	restart()
	if f := d.refusedAny(dialling{document: "welcome", clientID: "g", token: again.token}); !strings.Contains("TOKEN_REVOKED TOKEN_EXPIRED INSUFFICIENT_PERMISSIONS", f.text("error_code")) {
		t.Errorf("a revoked link's guest: %v", f.Data)
	}
	if g := l.redeem("", g.cookie, ""); g.reason != "link_revoked" {
		t.Errorf("a revoked link: %v", g.body)
	}
}

// A link's role reaches its guests while they are connected; a lock and a deletion of the document do, too, and
// a document of the same name that is made later has none of its links.
func TestGuestsLinkChanges(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	l := s.link("welcome", `{"role":"edit"}`)
	g := l.guest("Ann")
	c := s.connect(dialling{document: "welcome", clientID: "g", token: g.token})
	answer := s.must("PATCH", "/v1/admin/documents/welcome/links/"+l.id, `{"role":"view"}`)
	if changed := at(answer["receipts"].([]any)[0], "changed").([]any); len(changed) != 1 || fmt.Sprint(at(changed[0], "removed")) != "[write comment]" {
		t.Errorf("the receipt: %v", answer)
	}
	if f := c.expectFrame("system", "permission_change"); fmt.Sprint(f.Data["permissions"]) != "[read]" || f.text("reason") != "link_role_changed" {
		t.Errorf("told %v", f.Data)
	}
	for _, bad := range []struct {
		method, path, body string
		status             int
		reason             string
	}{
		{"POST", "", `{}`, 400, "bad_field"},
		{"POST", "", `{"role":"full_access"}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","uses":0}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","uses":1001}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","uses":"1"}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","expires":"2020-01-01T00:00:00Z"}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","expires":` + fmt.Sprint(time.Now().Add(91*24*time.Hour).Unix()) + `}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","name":""}`, 400, "bad_field"},
		{"POST", "", `{"role":"edit","document":"notes"}`, 400, "unknown_field"},
		{"PATCH", "/" + l.id, `{}`, 400, "bad_field"},
		{"PATCH", "/0123456789abcdef", `{"role":"view"}`, 404, "link_not_found"},
		{"DELETE", "/0123456789abcdef", ``, 404, "link_not_found"},
		{"DELETE", "/0123", ``, 400, "bad_field"},
		{"GET", "?after=x", ``, 400, "bad_field"},
	} {
		status, answer := s.admin(bad.method, "/v1/admin/documents/welcome/links"+bad.path, bad.body)
		if status != bad.status || at(answer, "data", "details", "reason") != bad.reason {
			t.Errorf("%s %s %s: HTTP %d %v", bad.method, bad.path, bad.body, status, answer)
		}
	}
	if status, _ := s.admin("DELETE", "/v1/admin/documents/notes/links/"+l.id, ""); status != 404 {
		t.Errorf("by another document: HTTP %d", status)
	}
	if status, answer := s.admin("POST", "/v1/admin/documents/nowhere/links", `{"role":"view"}`); status != 404 || at(answer, "data", "error_code") != "DOCUMENT_NOT_FOUND" {
		t.Errorf("a document that there is not: HTTP %d %v", status, answer)
	}
	s.must("DELETE", "/v1/admin/documents/welcome", "")
	c.expectFrame("system", "error")
	c.expectClose()
	if g := l.redeem("", g.cookie, ""); g.reason != "link_unknown" {
		t.Errorf("of a deleted document: %v", g.body)
	}
	if status, answer := s.admin("PUT", "/v1/admin/documents/welcome", `{"workspace_id":"ws_demo","title":"Another"}`); status != 201 {
		t.Fatalf("HTTP %d %v", status, answer)
	}
	if g := l.redeem("Ann", "", ""); g.reason != "link_unknown" {
		t.Errorf("of a document of that name: %v", g.body)
	}
}

// Where the maker of a link is a user, it gives nothing once that user may not manage the document any more; and
// something again, when the user may. Here permissions come from a service, which is asked about the maker alone.
// Holds: "a link that a user made counts while the user may manage the document"
func TestGuestsOfAMakerWithoutTheRight(t *testing.T) {
	t.Parallel()
	sh := newShield(t)
	for _, elsewhere := range []bool{false, true} {
		vars := map[string]string(nil)
		if elsewhere {
			vars = sh.vars()
			sh.answer(200, `{"workspace_id":"ws_far","document_role":"full_access"}`)
		}
		s := start(t, vars)
		document := "welcome"
		if elsewhere {
			document = "far"
		}
		byOperator := s.link(document, `{"role":"edit"}`).guest("Olaf")
		l := s.link(document, `{"role":"edit"}`)
		s.d1("UPDATE links SET maker = 'usr_owner', operator = '' WHERE id = '" + l.id + "'")
		g := l.guest("Ann")
		c := s.connect(dialling{document: document, clientID: "g", token: g.token})
		olaf := s.connect(dialling{document: document, clientID: "o", token: byOperator.token})
		loses := func() {
			if elsewhere {
				sh.answer(200, `{"workspace_id":"ws_far","document_role":"edit"}`)
				if status, body := s.hook(time.Now(), `{"user_id":"usr_owner","document":"far"}`); status != 200 {
					t.Fatalf("HTTP %d %s", status, body)
				}
			} else {
				s.must("PUT", "/v1/admin/documents/welcome/members/usr_owner", `{"role":"edit"}`)
			}
		}
		loses()
		c.expectFrame("system", "permission_change")
		c.expectError("INSUFFICIENT_PERMISSIONS")
		if code := c.expectClose(); code != 4403 {
			t.Errorf("elsewhere %v: closed with %d", elsewhere, code)
		}
		s.refused(dialling{document: document, clientID: "g", token: g.token}, "INSUFFICIENT_PERMISSIONS")
		olaf.quiet()
		if elsewhere {
			sh.answer(200, `{"workspace_id":"ws_far","workspace_role":"owner"}`)
		} else {
			s.must("DELETE", "/v1/admin/documents/welcome/members/usr_owner", "")
		}
		s.connect(dialling{document: document, clientID: "g", token: g.token})
	}
}

// The database is away: a link cannot be made or redeemed, its revocation says so, and who is connected stays.
func TestGuestsWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	l := s.link("welcome", `{"role":"edit"}`)
	g := l.guest("Ann")
	c := s.connect(dialling{document: "welcome", clientID: "g", token: g.token})
	s.d1("ALTER TABLE guests RENAME TO gone")
	if bob := l.redeem("Bob", "", ""); bob.status != 503 || bob.reason != "database_unavailable" {
		t.Errorf("HTTP %d %v", bob.status, bob.body)
	}
	if status, answer := s.admin("DELETE", "/v1/admin/documents/welcome/links/"+l.id, ""); status != 503 || at(answer, "data", "details", "stored") != true {
		t.Errorf("HTTP %d %v", status, answer)
	}
	c.quiet()
	// One guest can be put out all the same.
	status, answer := s.admin("POST", "/v1/admin/users/"+g.user+"/revoke", `{"all":true}`)
	if status != 503 || at(answer, "data", "details", "reason") != "guest_not_ended" || !slices.Equal(texts(at(answer, "data", "details", "receipt", "closed")), []string{"welcome"}) {
		t.Errorf("HTTP %d %v", status, answer)
	}
	c.expectError("TOKEN_REVOKED")
	s.d1("ALTER TABLE gone RENAME TO guests")
	if answer := l.revoke(); answer["guests"] != 1.0 {
		t.Errorf("a repeat: %v", answer)
	}
}

const keptFor = 30 * 24 * time.Hour

// The statements do on D1 what is believed of them, and read no more rows than they are about.
func TestLinkStatements(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	db, read := s.counted()
	store, ctx := edgelink.SQLStore{DB: db, Kept: retention.Rule{Keep: keptFor}}, t.Context()
	now := time.UnixMilli(time.Now().UnixMilli()).UTC()
	s.d1("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO links (id, document_id, role, hash, uses, created_at, expires_at, maker)" +
		" SELECT printf('%016x', i), 'doc_' || (i / 10), 'view', 'hash', 5, 0, 9999999999999, 'usr_' || (i / 10) FROM n")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	limits := edgelink.Limits{PerDocument: 11, PerMaker: 11}
	l := edgelink.Link{ID: "ffffffffffffffff", Document: "doc_100", Role: "edit", Hash: "h", Maker: "usr_100", Uses: 2, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
	for _, step := range []struct {
		name string
		most int64
		do   func() error
	}{
		{"made", 80, func() error {
			ok, err := store.Add(ctx, l, limits, false)
			if !ok {
				t.Error("not made")
			}
			return err
		}},
		{"one too many of the document", 80, func() error {
			other := l
			other.ID, other.Maker = "fffffffffffffffe", ""
			ok, err := store.Add(ctx, other, limits, false)
			if ok {
				t.Error("made")
			}
			return err
		}},
		{"one too many of the maker", 80, func() error {
			other := l
			other.ID, other.Document = "fffffffffffffffe", "doc_101"
			ok, err := store.Add(ctx, other, limits, false)
			if ok {
				t.Error("made")
			}
			return err
		}},
		{"of no document", 80, func() error {
			other := l
			other.ID, other.Document, other.Maker = "fffffffffffffffe", "nowhere", ""
			if _, err := store.Add(ctx, other, limits, true); !errors.Is(err, edgelink.ErrNotFound) {
				t.Error(err)
			}
			return nil
		}},
		{"a guest", 12, func() error {
			p, ok, err := store.Made(ctx, l.ID, "h", "0000000000000001", now.Add(2*time.Hour), now)
			if !ok || p.Document != "doc_100" || p.Role != "edit" || !p.Until.Equal(l.ExpiresAt) || !p.Ends.Equal(l.ExpiresAt) {
				t.Errorf("%v %+v", ok, p)
			}
			return err
		}},
		{"by another hash", 12, func() error {
			_, ok, err := store.Made(ctx, l.ID, "g", "0000000000000002", now.Add(time.Minute), now)
			if ok {
				t.Error("made")
			}
			return err
		}},
		{"renewed", 12, func() error {
			p, ok, err := store.Renewed(ctx, l.ID, "h", "0000000000000001", now.Add(time.Minute), now)
			if !ok || !p.Until.Equal(now.Add(time.Minute)) {
				t.Errorf("%v %+v", ok, p)
			}
			return err
		}},
		{"who may be connected", 12, func() error {
			list, err := store.Guests(ctx, l.ID, "", now, 10)
			if !slices.Equal(list, []string{"0000000000000001"}) {
				t.Error(list)
			}
			return err
		}},
		{"and not when the token is long over", 12, func() error {
			list, err := store.Guests(ctx, l.ID, "", now.Add(3*time.Minute), 10)
			if len(list) > 0 {
				t.Error(list)
			}
			return err
		}},
		{"under the maker", 40, func() error {
			list, err := store.GuestsUnder(ctx, "usr_100", "doc_100", now, 10)
			if len(list) != 1 || list[0].Document != "doc_100" {
				t.Error(list)
			}
			return err
		}},
		{"ended", 12, func() error { return store.End(ctx, l.ID, "0000000000000001", "") }},
		{"an ended guest", 12, func() error {
			ended, err := store.Ended(ctx, l.ID, "0000000000000001")
			_, renewed, _ := store.Renewed(ctx, l.ID, "h", "0000000000000001", now.Add(time.Minute), now)
			if !ended || renewed {
				t.Error(ended, renewed)
			}
			return err
		}},
		{"listed", 40, func() error {
			list, err := store.Links(ctx, "doc_100", "", 3)
			if len(list) != 3 {
				t.Error(list)
			}
			return err
		}},
		{"revoked", 12, func() error { return store.Revoke(ctx, "doc_100", l.ID, now) }},
		{"long over, and forgotten when one is made", 80, func() error {
			late := l
			late.ID, late.CreatedAt, late.ExpiresAt, late.Maker = "fffffffffffffffd", now.Add(keptFor+2*time.Hour), now.Add(keptFor+3*time.Hour), ""
			if _, err := store.Add(ctx, late, limits, false); err != nil {
				return err
			}
			if _, err := store.Link(ctx, l.ID); !errors.Is(err, edgelink.ErrNotFound) {
				t.Error("it is still there", err)
			}
			return nil
		}},
	} {
		before := read.read
		must(step.do())
		if n := read.read - before; int64(n) > step.most {
			t.Errorf("%s: %d rows read", step.name, n)
		}
	}
}

// A user makes a link to a document that they may manage, by their own token, where the deployment lets them; nobody
// else does: an editor, a guest, a revoked token, a page of another origin.
func TestGuestsLinksOfUsers(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GUEST_LINKS": "1", "ALLOWED_ORIGINS": "https://app.example"})
	ask := func(method, path, token, body string) (int, map[string]any) {
		t.Helper()
		request, err := http.NewRequest(method, s.URL+"/v1/documents/"+path, strings.NewReader(body))
		check(err)
		if body != "" {
			request.Header.Set("Content-Type", "application/json")
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		check(err)
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		s.described(method, "/v1/documents/"+path, response.StatusCode, text, response.Header)
		answer := map[string]any{}
		json.Unmarshal(text, &answer)
		return response.StatusCode, answer
	}
	owner, editor := s.Login("owner"), s.Login("editor")
	status, made := ask("POST", "welcome/links", owner, `{"role":"edit","uses":5}`)
	if status != 201 || made["user_id"] != "usr_owner" || made["operator"] != nil {
		t.Fatalf("HTTP %d %v", status, made)
	}
	l := link{s, made["link_id"].(string), made["link"].(string)}
	s.Shown("a link", l.text)
	g := l.guest("Ann")
	c := s.connect(dialling{document: "welcome", clientID: "g", token: g.token})
	for name, token := range map[string]string{"an editor": editor, "a guest": g.token, "an outsider": s.Login("outsider")} {
		for _, call := range [][3]string{{"POST", "welcome/links", `{"role":"view"}`}, {"GET", "welcome/links", ""}, {"DELETE", "welcome/links/" + l.id, ""}} {
			if status, answer := ask(call[0], call[1], token, call[2]); status != 403 {
				t.Errorf("%s: %s: HTTP %d %v", name, call[0], status, answer)
			}
		}
	}
	if status, _ := ask("POST", "welcome/links", "", `{"role":"view"}`); status != 401 {
		t.Errorf("nobody: HTTP %d", status)
	}
	if a := s.visit(visit{method: "POST", path: "/v1/documents/welcome/links", bearer: owner, origin: "https://evil.example", body: json.RawMessage(`{"role":"view"}`)}); a.status != 403 {
		t.Errorf("a page of another origin: HTTP %d", a.status)
	}
	if status, list := ask("GET", "welcome/links", owner, ""); status != 200 || len(list["links"].([]any)) != 1 {
		t.Errorf("HTTP %d %v", status, list)
	}
	s.must("POST", "/v1/admin/users/usr_owner/revoke", `{"all":true}`)
	if status, answer := ask("POST", "welcome/links", owner, `{"role":"view"}`); status != 401 {
		t.Errorf("a revoked token: HTTP %d %v", status, answer)
	}
	c.quiet() // it took no right away
	again := s.Login("owner")
	if status, answer := ask("DELETE", "welcome/links/"+l.id, again, ""); status != 200 || answer["revoked"] != true {
		t.Errorf("HTTP %d %v", status, answer)
	}
	c.expectError("TOKEN_REVOKED")

	off := start(t, nil)
	if a := off.visit(visit{method: "POST", path: "/v1/documents/welcome/links", bearer: off.Login("owner"), body: json.RawMessage(`{"role":"view"}`)}); a.status != 404 {
		t.Errorf("not switched on: HTTP %d", a.status)
	}
}
