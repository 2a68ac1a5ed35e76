//go:build !js

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// admin is a call of an operator's. Its answer is held against the description.
func (s *server) admin(method, path, body string) (int, map[string]any) {
	s.T.Helper()
	status, text, header := s.Request(method, path, body, map[string]string{"authorization": "Bearer " + s.Operator})
	if !s.described(method, path, status, text, header) {
		s.T.Fatalf("%s %s is not described", method, path)
	}
	var answer map[string]any
	last := text
	if lines := bytes.TrimSpace(text); bytes.HasPrefix(lines, []byte(`{"kind":`)) { // the last one says where to go on
		last = lines[bytes.LastIndexByte(lines, '\n')+1:]
	}
	if err := json.Unmarshal(last, &answer); err != nil {
		s.T.Fatalf("%s %s: HTTP %d %s", method, path, status, text)
	}
	return status, answer
}

// must is a call that has to succeed.
func (s *server) must(method, path, body string) map[string]any {
	s.T.Helper()
	status, answer := s.admin(method, path, body)
	if status != 200 && status != 201 {
		s.T.Fatalf("%s %s: HTTP %d %v", method, path, status, answer)
	}
	return answer
}

// at walks into an answer.
func at(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// texts are the strings of a list in an answer.
func texts(v any) []string {
	list, _ := v.([]any)
	all := make([]string, len(list))
	for i := range list {
		all[i], _ = list[i].(string)
	}
	return all
}

// Every operation that the served description names is served, for operators only, and
// answers as described.
func TestTheServedDescription(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"WEBHOOK_SECRET": hookSecret, "EVENTS_URL": "http://127.0.0.1:9/", "EVENTS_EVERY_MS": "86400000"})
	token := s.Login("owner")
	s.connect(dialling{document: "welcome", clientID: "o", token: token})
	deviceDial{token: token}.connect(s, "")
	bodies := map[string]string{
		"putDocumentMember": `{"role":"edit"}`, "putWorkspaceMember": `{"role":"member"}`, "putWorkspace": `{"name":"New"}`,
		"putDocument": `{"workspace_id":"ws_new","title":"New"}`, "revokeTokens": `{"jti":"some-token"}`, "postDeviceMessage": `{"data":{"say":"hello"}}`,
		"createAccount": `{"email":"new@example.com"}`, "changeAccount": `{"name":"New"}`, "setAccountPassword": `{"password":"` + firstPassword + `"}`,
		"makeDelegation":   fmt.Sprintf(`{"document":"welcome","name":"Agent X","expires":%d}`, time.Now().Add(time.Hour).Unix()),
		"appendOperations": `{"message_id":"a1","op":1}`, "appendComments": `{"message_id":"a2","event":"create","body":"text"}`,
		"makeLink": `{"role":"view"}`, "changeLink": `{"role":"edit"}`, "makeKey": `{"name":"billing","documents":["*"],"scopes":["read"]}`, "postMessage": `{"data":{"say":"hello"},"message_id":"hello"}`, "recoverDocument": `{"at":"2026-01-01T00:00:00Z"}`,
		"putApp": appBody, "restoreDocument": `{"version":1}`, "resolveComments": `{"user_id":"usr_owner"}`, "replayDeadLetters": `{"all":true}`, "deleteDeadLetters": `{"all":true}`,
	}
	// In an order in which each finds what it is about.
	order := []string{"putWorkspace", "putWorkspaceMember", "putDocument", "putDocumentMember",
		"listWorkspaces", "getWorkspace", "listWorkspaceMembers", "listWorkspaceDocuments", "listDocuments", "listUsers", "lockDocument", "unlockDocument", "getDocument", "listSnapshots",
		"appendOperations", "appendComments", "readContent", "exportDocument", "getPresence", "deleteComment", "makeKey", "listKeys", "revokeKey", "resolveComments", "restoreDocument", "getSnapshot", "listEntries", "recoverDocument", "getSession",
		"postMessage", "postDeviceMessage", "getAudit", "explain", "exportUser", "kickUser", "makeDelegation", "listDelegations", "revokeDelegation", "makeLink", "listLinks", "changeLink", "revokeLink", "revokeTokens", "listSignIns", "deleteDocumentMember", "deleteDocument", "deleteWorkspaceMember", "deleteWorkspace",
		"createAccount", "getAccount", "listAccounts", "changeAccount", "makeAccountToken", "setAccountPassword", "disableAccount", "enableAccount", "deleteAccount",
		"listDeadLetters", "replayDeadLetters", "deleteDeadLetters", "putApp", "replaceAppSecret", "makeAppKey", "getApp", "listApps", "revokeAppKey", "deleteApp", "getOpenAPI", "getPermissionsOpenAPI", "permissionsWebhook", "deleteUser"}
	const key = "0123456789abcdef"
	place := strings.NewReplacer("{package}", "com.example.one", "{key_id}", key, "{delegation_id}", key, "{link_id}", key, "{comment_id}", "3", "{workspace_id}", "ws_new", "{document}", "fresh", "{user_id}", "usr_owner", "{account_id}", "usr_viewer")
	operations := s.description().Operations()
	slices.SortFunc(operations, func(a, b openapi.Operation) int { return slices.Index(order, a.ID) - slices.Index(order, b.ID) })
	for _, o := range operations {
		if o.Tagged("sign-in") || o.Tagged("delegations") || o.ID == "getHealth" || strings.HasPrefix(o.Path, "/v1/links/") || strings.HasPrefix(o.Path, "/v1/documents/") {
			continue // see TestSignInIsAsDescribed, TestWhatEndsADelegation and TestGuestsLinksOfUsers
		}
		if !slices.Contains(order, o.ID) {
			t.Errorf("no example of %s", o.ID)
			continue
		}
		path := place.Replace(o.Path)
		if strings.Contains(path, "{version}") { // what was put back is the newest snapshot
			list, _ := s.must("GET", "/v1/admin/documents/fresh/snapshots", "")["snapshots"].([]any)
			path = strings.Replace(path, "{version}", fmt.Sprint(at(list[0], "version")), 1)
		}
		if o.ID == "permissionsWebhook" {
			if status, text := s.hook(time.Now(), `{"user_id":"usr_owner"}`); status != 200 || o.CheckAnswer(status, text) != nil {
				t.Errorf("%s: HTTP %d %s", o.ID, status, text)
			}
			continue
		}
		if o.ID == "revokeDelegation" {
			s.d1("UPDATE delegations SET id = '" + key + "'")
		}
		if o.ID == "changeLink" {
			s.d1("UPDATE links SET id = '" + key + "'")
		}
		if o.ID == "revokeAppKey" {
			s.d1("UPDATE app_keys SET id = '" + key + "'")
		}
		if o.ID == "revokeKey" {
			s.d1("UPDATE document_keys SET id = '" + key + "'")
		}
		if o.ID == "listSnapshots" { // and what is put back
			s.connect(dialling{document: "fresh", clientID: "o", token: token}).op("m1", "text")
		}
		if o.ID == "deleteDocument" { // the last who was there
			s.connect(dialling{document: "fresh", clientID: "o", token: token})
		}
		if !o.Public() {
			for _, authorization := range []string{"", "Bearer wrong", "Bearer " + token} {
				status, text, header := s.Request(o.Method, path, bodies[o.ID], map[string]string{"authorization": authorization})
				if status != 401 || header.Get("www-authenticate") == "" || o.CheckAnswer(status, text) != nil {
					t.Errorf("%s with %.20q: HTTP %d %s", o.ID, authorization, status, text)
				}
			}
		}
		query := map[string]string{"explain": "?at=" + time.Now().UTC().Format(time.RFC3339)}[o.ID]
		if status, answer := s.admin(o.Method, path+query, bodies[o.ID]); status != 200 && status != 201 && (o.ID != "recoverDocument" || status != 501) { // workerd has none
			t.Errorf("%s: HTTP %d %v", o.ID, status, answer)
		}
		other := "PATCH"
		if o.Path == "/v1/admin/accounts/{account_id}" || strings.HasSuffix(o.Path, "/{link_id}") { // which may be patched
			other = "PUT"
		}
		status, _, header := s.Request(other, path, "", map[string]string{"authorization": "Bearer " + secrets["ADMIN_TOKEN"]})
		if status != 405 || !strings.Contains(header.Get("allow"), o.Method) {
			t.Errorf("%s %s: HTTP %d, allowed %q", other, path, status, header.Get("allow"))
		}
	}
	var said struct{ Logs []string }
	s.Do(map[string]string{"do": "logs"}, &said)
	logs := strings.Join(said.Logs, "\n")
	for _, want := range []string{`"operation":"revokeTokens","by":"admin","user_id":"usr_owner","status":200`, `"event":"operator_refused"`} {
		if !strings.Contains(logs, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	for _, secret := range []string{secrets["ADMIN_TOKEN"], hookSecret} {
		if strings.Contains(logs, secret) {
			t.Error("a secret is in the log")
		}
	}
}

// What needs no object: it is refused before one is asked.
func TestWhatOperatorsAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, c := range []struct {
		method, path, body string
		status             int
		code, reason       string
	}{
		{"GET", "/v1/admin/documents/nowhere", ``, 404, "DOCUMENT_NOT_FOUND", ""},
		{"PUT", "/v1/admin/documents/nowhere/members/usr_owner", `{"role":"edit"}`, 404, "DOCUMENT_NOT_FOUND", ""},
		{"DELETE", "/v1/admin/documents/nowhere/members/usr_owner", ``, 404, "DOCUMENT_NOT_FOUND", ""},
		{"PUT", "/v1/admin/workspaces/nowhere/members/usr_owner", `{"role":"owner"}`, 404, "NOT_FOUND", "workspace_not_found"},
		{"PUT", "/v1/admin/documents/fresh", `{"workspace_id":"nowhere","title":"x"}`, 404, "NOT_FOUND", "workspace_not_found"},
		{"PUT", "/v1/admin/documents/nowhere/lock", ``, 404, "DOCUMENT_NOT_FOUND", ""},
		{"PUT", "/v1/admin/documents/welcome/members/usr_owner", `{"role":"king"}`, 400, "MALFORMED_MESSAGE", "bad_field"},
		{"GET", "/v1/admin/apps/com.example.none", ``, 404, "NOT_FOUND", "app_not_found"},
		{"POST", "/v1/admin/apps/com.example.none/keys", ``, 404, "NOT_FOUND", "app_not_found"},
		{"POST", "/v1/admin/apps/com.example.none/secret", ``, 404, "NOT_FOUND", "app_not_found"},
		{"DELETE", "/v1/admin/apps/com.example.none/keys/0123456789abcdef", ``, 404, "NOT_FOUND", "app_key_not_found"},
		{"PUT", "/v1/admin/apps/com.example.none", `{"name":"x","webhook_url":"http://example.com/"}`, 400, "MALFORMED_MESSAGE", "bad_field"},
		{"POST", "/v1/admin/users/usr_owner/kick", `{"docment":"welcome"}`, 400, "MALFORMED_MESSAGE", "unknown_field"},
		{"POST", "/v1/admin/users/usr_owner/kick", `{"document":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "MESSAGE_TOO_LARGE", "too_large"},
	} {
		status, answer := s.admin(c.method, c.path, c.body)
		reason, _ := at(answer, "data", "details", "reason").(string)
		if status != c.status || at(answer, "data", "error_code") != c.code || reason != c.reason {
			t.Errorf("%s %s: HTTP %d %v", c.method, c.path, status, answer)
		}
	}
	if status, _, _ := s.Request("POST", "/v1/admin/users/usr_owner/kick", `{}`, map[string]string{"authorization": "Bearer " + secrets["ADMIN_TOKEN"], "content-type": "text/plain"}); status != 415 {
		t.Errorf("a text: HTTP %d", status)
	}
	// Without their secrets neither API nor webhook is there.
	if status, text := s.hook(time.Now(), `{"user_id":"usr_owner"}`); status != 404 {
		t.Errorf("a webhook: HTTP %d %s", status, text)
	}
}
