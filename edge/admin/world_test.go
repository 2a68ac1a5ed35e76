package admin

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account/accounttest"
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/openapi"
)

var start = time.Date(2026, 11, 21, 14, 2, 0, 0, time.UTC)

const (
	olive  = "olives-token"
	adrian = "the-bare-token"
	secret = "webhook-secret"
)

var errDown = errors.New("it quotes " + olive)

// world is the API between a database and objects that are played. Whatever it
// answers is held against openapi.json.
type world struct {
	t     *testing.T
	cfg   Config
	api   *API
	doc   *openapi.Document
	lines []string

	mu sync.Mutex
	// did is what was stored and who was notified, in order.
	did []string
	// down makes a store's method, or an object as "SESSIONS/ann", fail.
	down map[string]bool
	// answers are what objects say, by binding and name, or by kind of message.
	answers     map[string]string
	documents   map[string]Document
	workspaces  map[string]string
	grants      map[string]string // document user -> role
	apps        appTables
	keys        []DocumentKey
	delegations []Delegation
	opened      map[string][]string // workspace -> documents
	signIns     []SignIn
	userRows    map[string][]UserRow
	dead        deadTable
	accounts    *accounttest.Memory
	// before is called before an object answers.
	before func(kind string)
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, down: map[string]bool{}, documents: map[string]Document{"d1": {ID: "d1", WorkspaceID: "ws", Title: "One", Access: "workspace"}},
		accounts:   &accounttest.Memory{},
		workspaces: map[string]string{"ws": "Work"}, opened: map[string][]string{}, grants: map[string]string{},
		answers: map[string]string{
			"access":             `{"receipt":{"user_id":"ann","changed":[{"document":"d1","permissions":["read"],"removed":["write"],"perm_epoch":2}],"closed":[],"last_accepted":{},"took_ms":3}}`,
			"end":                `{"receipt":{"user_id":"ann","changed":[],"closed":["d1"],"last_accepted":{"d1":"m7"},"took_ms":4}}`,
			"DOCUMENTS access":   `{"access":{"version":3,"users":["bob","ann"]}}`,
			"erase":              `{"erased":{"document_version":9,"snapshot_version":0,"open_comments":2,"access":4,"closed":["bob","ann"],"sockets":2,"rows":{"ops":9},"bytes":120}}`,
			"erase_comment":      `{"comment_erased":{"entries":3,"document_version":10}}`,
			"visited":            `{"documents":["d1","d2"],"more":false}`,
			"forget":             `{"forgotten":{"rows":{"ops":3,"members":1},"sockets":0,"comments_resolved":0,"document_version":9}}`,
			"erase_user":         `{"user_erased":{"rows":{"audit":7},"sockets":1}}`,
			"lock":               `{"ok":true,"locked":true,"document_version":9}`,
			"SESSIONS describe":  `{"session":{"user_id":"ann","session_id":"s1","started_at":"2026-11-21T14:00:00Z","perm_epoch":1,"channels":[{"document":"d1","client_id":"c","admitted_at":"2026-11-21T14:00:00Z","expires_at":"2026-11-21T14:15:00Z","permissions":["read"],"workspace_id":"ws","role":"member","pending":false}],"revoked_tokens":0,"apps":[{"package":"com.example.one","state":"running","session_id":"YW5u.0123456789abcdef0123456789abcdef"}]}}`,
			"DOCUMENTS describe": `{"document":{"document_version":9,"snapshot_version":0,"locked":false,"members":[{"user_id":"bob","client_id":"c","state":"active","permissions":["read"],"perm_epoch":1,"connected_at":"2026-11-21T14:00:00Z","expires_at":"2026-11-21T14:15:00Z"},{"user_id":"ann","client_id":"d","state":"grace","permissions":[],"perm_epoch":1,"connected_at":"2026-11-21T14:00:00Z","expires_at":"2026-11-21T14:15:00Z"},{"user_id":"gil","client_id":"g","state":"gone"}],"sections":[]}}`,
			"SESSIONS post":      `{"seq":7}`,
			"app_key":            `{"receipt":{"user_id":"ann","closed":["com.example.one"],"took_ms":2}}`,
			"SESSIONS audit":     `{"audit":[],"documents":[]}`,
			"DOCUMENTS audit":    `{"audit":[]}`,
		},
	}
	w.cfg = Config{
		Operators: access.ParseOperators("olive:" + olive + ", " + adrian), Secrets: []string{"older-secret", secret}, Embedded: true,
		Now: func() time.Time { return start }, Random: func(b []byte) { rand.Read(b) },
		Derive: func(password string, salt []byte, _ int) ([]byte, error) {
			return pbkdf2.Key(sha256.New, password, salt, 1, 32)
		}, Log: func(line string) { w.lines = append(w.lines, line) },
	}
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if w.doc, err = openapi.Parse(text); err != nil {
		t.Fatal(err)
	}
	return w
}

// enter notes what is done, and says whether it fails.
func (w *world) enter(what, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did = append(w.did, what)
	if w.down[name] {
		return errDown
	}
	return nil
}

func (w *world) Call(_ context.Context, binding, name string, text []byte) ([]byte, error) {
	// It is noted without its version, which each has.
	said, versioned := strings.CutSuffix(string(text), fmt.Sprintf(`"v":%d}`, call.Version))
	if !versioned {
		w.t.Errorf("a request of no version: %s", text)
	}
	if err := w.enter(binding+"/"+name+" "+strings.TrimSuffix(said, ",")+"}", binding+"/"+name); err != nil {
		return nil, err
	}
	var m struct{ Kind, After string }
	json.Unmarshal(text, &m)
	if w.before != nil {
		w.before(m.Kind)
	}
	for _, key := range []string{binding + "/" + name, binding + " " + m.Kind, m.Kind} {
		if answer, ok := w.answers[key]; ok {
			if list, more := call.ParseVisited([]byte(answer)); m.After != "" && list != nil {
				list = slices.DeleteFunc(list, func(d string) bool { return d <= m.After })
				return call.AppendVisited(nil, list, more), nil
			}
			return []byte(answer), nil
		}
	}
	return []byte(`{}`), nil
}

func (w *world) Document(_ context.Context, id string) (Document, error) {
	if w.down["Document"] {
		return Document{}, errDown
	}
	d, ok := w.documents[id]
	if !ok {
		return d, ErrNotFound
	}
	return d, nil
}

func (w *world) PutDocument(_ context.Context, d Document) error {
	if err := w.enter("document "+d.ID+" "+d.WorkspaceID+" "+d.Title+" "+d.Access, "PutDocument"); err != nil {
		return err
	}
	if w.workspaces[d.WorkspaceID] == "" {
		return ErrNotFound
	}
	w.documents[d.ID] = d
	return nil
}

func (w *world) ListDocuments(_ context.Context, workspace string, ids []string) error {
	for _, id := range ids {
		if !slices.Contains(w.opened[workspace], id) {
			w.opened[workspace] = append(w.opened[workspace], id)
		}
	}
	return w.enter(fmt.Sprint("list ", len(ids), " of ", workspace), "ListDocuments")
}

func (w *world) UnlistDocuments(_ context.Context, ids []string) error {
	for workspace := range w.opened {
		w.opened[workspace] = slices.DeleteFunc(w.opened[workspace], func(id string) bool { return slices.Contains(ids, id) })
	}
	return w.enter(fmt.Sprint("unlist ", len(ids)), "UnlistDocuments")
}

func (w *world) EraseDocument(_ context.Context, id string, rights, listed bool) (rows []Rows, err error) {
	if !rights {
		return nil, w.enter("unlist "+id, "EraseDocument")
	}
	w.mu.Lock()
	if _, was := w.documents[id]; was {
		rows = []Rows{{"documents", 1}}
	}
	delete(w.documents, id)
	w.mu.Unlock()
	return rows, w.enter("delete "+id, "EraseDocument")
}

func (w *world) WorkspaceDocuments(_ context.Context, workspace string, max int) (list []string, err error) {
	for id, d := range w.documents {
		if d.WorkspaceID == workspace {
			list = append(list, id)
		}
	}
	for _, id := range w.opened[workspace] {
		if d, ok := w.documents[id]; !slices.Contains(list, id) && (!ok || d.WorkspaceID == workspace) {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list[:min(len(list), max)], w.enter("documents of "+workspace, "WorkspaceDocuments")
}

func (w *world) EraseWorkspace(_ context.Context, workspace string) (rows []Rows, err error) {
	if w.workspaces[workspace] != "" {
		rows = []Rows{{"members", 2}, {"workspaces", 1}}
	}
	delete(w.workspaces, workspace)
	return rows, w.enter("erase workspace "+workspace, "EraseWorkspace")
}

func (w *world) EraseUser(_ context.Context, user string) ([]Rows, error) {
	return []Rows{{"members", 1}, {"users", 0}}, w.enter("erase user "+user, "EraseUser")
}

func (w *world) UserRows(_ context.Context, user, table, after string, max int) (rows []UserRow, err error) {
	if w.down["UserRows"] {
		return nil, errDown
	}
	for _, r := range w.userRows[table] {
		if r.Key > after && len(rows) < max {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func (w *world) WorkspaceChanged(_ context.Context, workspace string) error {
	return w.enter("changed "+workspace, "WorkspaceChanged")
}

func (w *world) OpenedDocuments(_ context.Context, workspace string) ([]string, error) {
	if w.down["OpenedDocuments"] {
		return nil, errDown
	}
	return w.opened[workspace], nil
}

func (w *world) SetLocked(_ context.Context, id string, locked bool) error {
	if _, ok := w.documents[id]; !ok {
		return ErrNotFound
	}
	what := "unlocked "
	if locked {
		what = "locked "
	}
	return w.enter(what+id, "SetLocked")
}

func (w *world) PutGrant(_ context.Context, document, user, role string) error {
	if _, ok := w.documents[document]; !ok {
		return ErrNotFound
	}
	w.grants[document+" "+user] = role
	return w.enter("grant "+document+" "+user+" "+role, "PutGrant")
}

func (w *world) Grantees(_ context.Context, document string, max int) (users []string, err error) {
	for key, role := range w.grants {
		if d, user, _ := strings.Cut(key, " "); d == document && role != "" {
			users = append(users, user)
		}
	}
	return users, nil
}

func (w *world) PutWorkspace(_ context.Context, id, name string) error {
	w.workspaces[id] = name
	return w.enter("workspace "+id+" "+name, "PutWorkspace")
}

func (w *world) PutMember(_ context.Context, workspace, user, role string) error {
	if w.workspaces[workspace] == "" {
		return ErrNotFound
	}
	return w.enter("member "+workspace+" "+user+" "+role, "PutMember")
}

func (w *world) SignIns(_ context.Context, user string, now time.Time, max int) ([]SignIn, error) {
	return w.signIns[:min(max, len(w.signIns))], w.enter("list "+user, "SignIns")
}

func (w *world) EndSignIns(_ context.Context, user, id string, now time.Time) (bool, error) {
	found := id == ""
	for _, s := range w.signIns {
		found = found || s.ID == id
	}
	return found, w.enter(strings.TrimSpace("sign-ins of "+user+" at "+now.Format(time.TimeOnly)+" "+id), "EndSignIns")
}

func (w *world) ForgetBrowsers(_ context.Context, user string) error {
	return w.enter("forget "+user, "ForgetBrowsers")
}

// reply is an answer, taken apart.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
	code   string
	reason string
	stored bool
}

// ask sends a request as Olive.
func (w *world) ask(method, path, body string, header ...string) reply {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8787"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+olive)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w.api = New(w.cfg, w, w.accounts, w)
	w.did, w.lines, w.accounts.Did = nil, nil, nil
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	a := reply{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	if strings.HasPrefix(a.text, `{"kind":`) || a.status == http.StatusNotModified {
		w.described(r, a, body)
		return a
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
		w.t.Fatalf("%s %s: %d %s: %v", method, path, a.status, a.text, err)
	}
	if data, ok := a.body["data"].(map[string]any); ok {
		a.code, _ = data["error_code"].(string)
		details, _ := data["details"].(map[string]any)
		a.reason, _ = details["reason"].(string)
		a.stored = details["stored"] == true
	}
	if (a.status >= 400) != (a.code != "") {
		w.t.Errorf("%s %s: %d %s", method, path, a.status, a.text)
	}
	for _, hidden := range []string{olive, adrian, secret, goodOne} {
		if strings.Contains(a.text+strings.Join(w.lines, ""), hidden) {
			w.t.Errorf("%s %s: a token is in the answer or in the log: %.300s %s", method, path, a.text, w.lines)
		}
	}
	if token := a.token(); token != "" && strings.Contains(strings.Join(w.lines, ""), token) {
		w.t.Errorf("%s %s: a one-time token is in the log: %s", method, path, w.lines)
	}
	w.noAppSecrets(a)
	w.described(r, a, body)
	return a
}

// described holds an answer against the file.
func (w *world) described(r *http.Request, a reply, body string) {
	w.t.Helper()
	_, pattern := w.api.mux.Handler(routable(r))
	all := routes()
	n := slices.IndexFunc(all, func(one route) bool { return one.method+" "+one.path == pattern })
	if n < 0 {
		return
	}
	found := all[n]
	if found.scope == "" && a.reason == "not_for_this_key" {
		return // who has an operator's token never sees it there
	}
	operations := w.doc.Operations()
	i := slices.IndexFunc(operations, func(o openapi.Operation) bool { return o.Method == found.method && o.Path == found.path })
	if i < 0 {
		w.t.Fatalf("%s %s is not described", found.method, found.path)
	}
	if err := operations[i].CheckAnswer(a.status, []byte(a.text)); err != nil {
		w.t.Error(err)
	}
	if a.status < 300 {
		if err := operations[i].CheckRequest([]byte(body)); err != nil {
			w.t.Errorf("a request that was taken is not described: %v", err)
		}
	}
}

// expect compares what was done with what should have been, each by its beginning.
func (w *world) expect(want ...string) {
	w.t.Helper()
	if len(w.did) != len(want) {
		w.t.Errorf("did %q, want %q", w.did, want)
		return
	}
	for i := range want {
		if !strings.HasPrefix(w.did[i], want[i]) {
			w.t.Errorf("did %q, want %q", w.did[i], want[i])
		}
	}
}
