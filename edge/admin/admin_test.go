package admin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/link"
)

// Both ways: what is served is described, and what is described is served.
func TestDescriptionAndRoutesAreAlike(t *testing.T) {
	w := newWorld(t)
	served := map[string]route{}
	for _, r := range routes() {
		served[r.method+" "+r.path] = r
	}
	for _, o := range w.doc.Operations() {
		if o.Tagged("description") || o.Tagged("sign-in") || o.Path == link.RedeemPath {
			continue // the front's and the issuer's, see edge/e2e
		}
		r, ok := served[o.Method+" "+o.Path]
		if !ok || r.name != o.ID {
			t.Errorf("%s %s (%s) is described and not served", o.Method, o.Path, o.ID)
			continue
		}
		delete(served, o.Method+" "+o.Path)
		if _, described := o.PathParameters(); !described {
			t.Errorf("%s: a part of its path is not described", o.ID)
		}
		if o.Public() == strings.HasPrefix(o.Path, "/v1/admin/") {
			t.Errorf("%s: public is %v", o.ID, o.Public())
		}
		// One field at a time: those that are served are known to the description.
		for _, field := range append(slices.Clone(r.fields), "novelty") {
			err := o.CheckRequest([]byte(`{"` + field + `":{}}`))
			if known := err == nil || !strings.Contains(err.Error(), "additional properties") && !strings.Contains(err.Error(), "takes no body"); !r.raw && known != (field != "novelty") {
				t.Errorf("%s: the field %s: %v", o.ID, field, err)
			}
		}
	}
	for what := range served {
		t.Errorf("%s is served and not described", what)
	}
}

// Who is not an operator gets the same answer whatever was wrong, and whatever they asked.
func TestStrangers(t *testing.T) {
	w := newWorld(t)
	first := ""
	for _, c := range []struct{ method, path, authorization string }{
		{"GET", "/v1/admin/documents/d1", ""},
		{"GET", "/v1/admin/documents/d1", "Bearer "},
		{"GET", "/v1/admin/documents/d1", "Bearer olive"},
		{"GET", "/v1/admin/documents/d1", "Bearer olive:" + olive},
		{"GET", "/v1/admin/documents/d1", "Bearer " + olive + "x"},
		{"GET", "/v1/admin/documents/d1", "Bearer " + olive[:8]},
		{"GET", "/v1/admin/documents/d1", "Basic " + olive},
		{"GET", "/v1/admin/documents/d1", olive},
		{"GET", "/v1/admin/no/such/route", "Bearer x"},
		{"PATCH", "/v1/admin/documents/d1", "Bearer x"},
		{"GET", "/v1/admin/documents/a%00b", "Bearer x"},
	} {
		a := w.ask(c.method, c.path, "", "Authorization", c.authorization)
		if first == "" {
			first = a.text
		}
		if a.status != 401 || a.code != "AUTHENTICATION_FAILED" || a.text != first || a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s with %q: %d %s", c.method, c.path, c.authorization, a.status, a.text)
		}
		w.expect()
	}
	for _, token := range []string{olive, adrian} {
		if a := w.ask("GET", "/v1/admin/documents/d1", "", "Authorization", "bearer "+token); a.status != 200 {
			t.Errorf("an operator is refused: %s", a.text)
		}
	}
	w.cfg.Operators = nil
	if a := w.ask("GET", "/v1/admin/documents/d1", "", "Authorization", "Bearer "); a.status != 401 {
		t.Errorf("without operators: %d", a.status)
	}
}

func TestMethodsAndRoutes(t *testing.T) {
	w := newWorld(t)
	for path, allow := range map[string]string{
		"/v1/admin/documents/d1":                 "DELETE, GET, PUT",
		"/v1/admin/documents/d1/members/ann":     "DELETE, PUT",
		"/v1/admin/users/ann/revoke":             "POST",
		"/v1/admin/users/ann/audit":              "GET",
		"/v1/admin/apps":                         "GET",
		"/v1/admin/apps/com.example.one":         "DELETE, GET, PUT",
		"/v1/admin/apps/com.example.one/secret":  "POST",
		"/v1/admin/apps/com.example.one/keys":    "POST",
		oneKey:                                   "DELETE",
		"/v1/admin/accounts":                     "GET, POST",
		"/v1/admin/accounts/usr_x/password":      "PUT",
		"/v1/admin/accounts/usr_x/token":         "POST",
		"/v1/webhooks/permissions":               "POST",
		"/v1/admin/workspaces/ws/members/a%2Fnn": "DELETE, PUT",
		"/v1/admin/users/ann":                    "DELETE",
	} {
		a := w.ask("PATCH", path, "")
		if a.status != 405 || a.header.Get("Allow") != allow || a.reason != "method_not_allowed" {
			t.Errorf("%s: %d %s %q", path, a.status, a.text, a.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/v1/admin/", "/v1/admin/documents/", "/v1/admin/documents/d1/", "/v1/admin//documents/d1",
		"/v1/admin/documents/d1/members", "/v1/admin/users/ann/", "/v1/other", "/v1/admin/documents/../documents/d1",
		"/v1/admin/apps/", "/v1/admin/apps/com.example.one/key", oneKey + "/secret"} {
		if a := w.ask("GET", path, ""); a.status != 404 || a.code != "NOT_FOUND" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	w.expect()
}

// Nothing that is not as described is stored, and nobody is notified of it.
func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	member, long := "/v1/admin/documents/d1/members/ann", strings.Repeat("x", 300)
	for _, c := range []struct {
		method, path, body string
		status             int
		reason             string
	}{
		{"PUT", "/v1/admin/documents/a%2Fb/members/ann", `{"role":"edit"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/" + long + "/members/ann", `{"role":"edit"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d1/members/a%0Ab", `{"role":"edit"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d1/members/" + long, `{"role":"edit"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/workspaces/w%20s/members/ann", `{"role":"owner"}`, 400, "bad_field"},
		{"PUT", member, ``, 400, "bad_field"},
		{"PUT", member, `{}`, 400, "bad_field"},
		{"PUT", member, `{"role":"owner"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/workspaces/ws/members/ann", `{"role":"edit"}`, 400, "bad_field"},
		{"PUT", member, `{"role":7}`, 400, "bad_field"},
		{"PUT", member, `{"role":"edit","role":"view"}`, 400, "bad_field"},
		{"PUT", member, `{"role":"edit","until":"tomorrow"}`, 400, "unknown_field"},
		{"PUT", member, `{"role":"edit","reason":"Two words"}`, 400, "bad_field"},
		{"PUT", member, `{"role":"edit","reason":null}`, 400, "bad_field"},
		{"PUT", member, `["edit"]`, 400, "bad_field"},
		{"PUT", member, `{"role":"edit"`, 400, "invalid_json"},
		{"PUT", member, `{"role":"edit","x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, 400, "invalid_json"},
		{"PUT", member, `{"role":"edit","reason":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "too_large"},
		{"POST", "/v1/admin/users/ann/kick", `{"docment":"d1"}`, 400, "unknown_field"},
		{"POST", "/v1/admin/users/ann/kick", `{"document":"a b"}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/kick", `{"document":null}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", ``, 400, "not_exactly_one"},
		{"POST", "/v1/admin/users/ann/revoke", `{"jti":"a","all":true}`, 400, "not_exactly_one"},
		{"POST", "/v1/admin/users/ann/revoke", `{"all":false}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", `{"all":"true"}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", `{"jti":""}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", `{"before":"noon"}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", `{"before":"2026-11-21T14:02:06Z"}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", `{"before":1795275720000}`, 400, "bad_field"},
		{"POST", "/v1/admin/users/ann/revoke", `{"before":-1}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d1/lock", `{"retry_after_ms":0}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d1/lock", `{"retry_after_ms":3600001}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d2", `{"title":"x"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d2", `{"workspace_id":"ws"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d2", `{"workspace_id":"ws","title":"` + long + `"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/documents/d2", `{"workspace_id":"ws","title":"x","access":"public"}`, 400, "bad_field"},
		{"PUT", "/v1/admin/workspaces/w2", `{"name":""}`, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/audit?limit=0", ``, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/audit?limit=1001", ``, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/audit?from=yesterday", ``, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/audit?from=2026-11-22T00:00:00Z", ``, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/audit?document=a/b", ``, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/audit?to=5&to=6", ``, 400, "bad_field"},
		{"GET", "/v1/admin/users/ann/explain", ``, 400, "bad_field"},
		{"GET", "/v1/admin/apps?limit=1001", ``, 400, "bad_field"},
		{"GET", "/v1/admin/apps?after=one", ``, 400, "bad_field"},
		{"GET", "/v1/admin/apps?after=com.one&after=com.two", ``, 400, "bad_field"},
		{"GET", "/v1/admin/apps/one", ``, 400, "bad_field"},
		{"GET", "/v1/admin/apps/Com.example", ``, 400, "bad_field"},
		{"GET", "/v1/admin/apps/com.example%2Fone", ``, 400, "bad_field"},
		{"DELETE", "/v1/admin/apps/com.example.one.", ``, 400, "bad_field"},
		{"PUT", "/v1/admin/apps/com." + long, `{"name":"x","webhook_url":"https://example.com/"}`, 400, "bad_field"},
		{"POST", "/v1/admin/apps/operator/keys", ``, 400, "bad_field"},
		{"POST", one + "/keys", `{"expires_in":60}`, 400, "unknown_field"},
		{"POST", one + "/secret", `{"webhook_secret":"mine"}`, 400, "unknown_field"},
		{"PUT", one, `{"name":"x","webhook_url":"https://example.com/","webhook_secret":"mine"}`, 400, "unknown_field"},
		{"DELETE", one + "/keys/0123456789ABCDEF", ``, 400, "bad_field"},
		{"DELETE", one + "/keys/0123456789abcde", ``, 400, "bad_field"},
		{"DELETE", one + "/keys/hfa_0123456789abcdef_x", ``, 400, "bad_field"},
		{"DELETE", oneKey, `{"reason":"Two words"}`, 400, "bad_field"},
	} {
		a := w.ask(c.method, c.path, c.body)
		if a.status != c.status || a.reason != c.reason {
			t.Errorf("%s %.60s %.60s: %d %s", c.method, c.path, c.body, a.status, a.text)
		}
		w.expect()
	}
	// Also what calls itself something else, or nothing, is looked at.
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		if a := w.ask("POST", "/v1/admin/users/ann/kick", `{"document":"d1"}`, "Content-Type", kind); a.status != 415 || a.reason != "content_type_not_json" {
			t.Errorf("%q: %d %s", kind, a.status, a.text)
		}
		w.expect()
	}
}

// Every call of an operator is one line: who, what, on whom, how it ended.
func TestEveryCallIsLogged(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		method, path, body string
		want               map[string]any
	}{
		{"PUT", "/v1/admin/documents/d1/members/ann", `{"role":"view","reason":"left_the_team"}`,
			map[string]any{"level": "info", "event": "admin_call", "operation": "putDocumentMember", "by": "olive", "document": "d1", "user_id": "ann", "reason": "left_the_team", "status": 200.0}},
		{"POST", "/v1/admin/users/ann/revoke", `{"jti":"jti-of-a-token"}`,
			map[string]any{"level": "info", "event": "admin_call", "operation": "revokeTokens", "by": "olive", "user_id": "ann", "status": 200.0}},
		{"GET", "/v1/admin/documents/gone", ``,
			map[string]any{"level": "warn", "event": "admin_call", "operation": "getDocument", "by": "olive", "document": "gone", "status": 404.0, "code": "DOCUMENT_NOT_FOUND"}},
		{"PATCH", "/v1/admin/users/ann/kick", ``, map[string]any{"level": "warn", "event": "admin_call", "operation": "none", "by": "olive", "status": 405.0}},
		{"DELETE", oneKey, `{"reason":"left_in_a_commit"}`,
			map[string]any{"level": "warn", "event": "admin_call", "operation": "revokeAppKey", "by": "olive", "package": "com.example.one", "key_id": "0123456789abcdef", "reason": "left_in_a_commit", "status": 404.0, "code": "NOT_FOUND"}},
		{"DELETE", one + "/keys/no-key", ``,
			map[string]any{"level": "warn", "event": "admin_call", "operation": "revokeAppKey", "by": "olive", "status": 400.0, "code": "MALFORMED_MESSAGE"}},
		{"GET", "/v1/admin/documents/a%0Ab", ``,
			map[string]any{"level": "warn", "event": "admin_call", "operation": "getDocument", "by": "olive", "status": 400.0, "code": "MALFORMED_MESSAGE"}},
	} {
		w.ask(c.method, c.path, c.body)
		var line map[string]any
		if len(w.lines) != 1 || json.Unmarshal([]byte(w.lines[0]), &line) != nil || !maps.Equal(line, c.want) {
			t.Errorf("%s %s: logged %s, want %v", c.method, c.path, w.lines, c.want)
		}
		if strings.Contains(strings.Join(w.lines, ""), "jti-of") {
			t.Error("a part of the body is in the log")
		}
	}
}
