//go:build !js

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/coder/websocket"
)

// canary is a word that nobody else writes.
func canary(n int) string { return fmt.Sprintf("canary-%d-bJ4kQz", n) }

// forms are how a word may lie in a file: as UTF-8, as UTF-16, and within base64 at any place.
func forms(word string) (list [][]byte) {
	list = append(list, []byte(word))
	wide := []byte{}
	for _, unit := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	list = append(list, wide)
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + word))
		from := []int{0, 2, 3}[shift]
		list = append(list, []byte(text[from:len(text)-4]))
	}
	return list
}

// holding are the files of everything that the server keeps that hold one of the words.
func (d *devServer) holding(words ...string) (found []string) {
	d.T.Helper()
	files := 0
	check(filepath.Walk(d.State, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || filepath.Base(path) == ".dev.vars" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil { // it went just now
			return nil
		}
		files++
		for _, word := range words {
			for _, form := range forms(word) {
				if at := bytes.Index(text, form); at >= 0 {
					found = append(found, fmt.Sprintf("%s at %d of %d: %s", strings.TrimPrefix(path, d.State), at, len(text), word))
					break
				}
			}
		}
		return nil
	}))
	if files == 0 {
		d.T.Fatal("no file was read")
	}
	return found
}

// asleep waits until no object is in memory any more, so that its write-ahead log is gone.
func (d *devServer) asleep() {
	d.T.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		logs, err := filepath.Glob(filepath.Join(d.State, "state/v3/do/*/*-wal"))
		check(err)
		logs = slices.DeleteFunc(logs, func(name string) bool { return filepath.Base(name) == "metadata.sqlite-wal" }) // the alarms'
		if len(logs) == 0 {
			return
		}
		if time.Now().After(end) {
			d.T.Fatalf("still awake: %q", logs)
		}
	}
}

func (d *devServer) json(method, path, body string, status int) map[string]any {
	d.T.Helper()
	code, text, _ := d.Request(method, path, body, map[string]string{"authorization": "Bearer " + d.Operator})
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil || code != status {
		d.T.Fatalf("%s %s: HTTP %d %s", method, path, code, text)
	}
	return answer
}

// person makes an account with a name and signs it in; it returns the user's id and a token.
func (d *devServer) person(email, name string) (user, token string) {
	d.T.Helper()
	made := d.json("POST", "/v1/admin/accounts", fmt.Sprintf(`{"email":%q,"name":%q,"password":%q}`, email, name, firstPassword), 201)
	user, _ = at(made, "account", "user_id").(string)
	if user == "" {
		user, _ = at(made, "account", "id").(string)
	}
	status, answer, _ := d.Post(nil, "/auth/login", map[string]string{"email": email, "password": firstPassword})
	token, _ = answer["access_token"].(string)
	if status != 200 || user == "" {
		d.T.Fatalf("HTTP %d %v %v", status, answer, made)
	}
	return user, token
}

// everything writes a canary wherever a user can, and returns the words.
func (d *devServer) everything(user, token, document string, n int) (c *conn, words []string) {
	d.T.Helper()
	d.json("PUT", "/v1/admin/documents/"+document+"/members/"+user, `{"role":"full_access"}`, 200)
	c = d.connect(dialling{document: document, clientID: canary(n), token: token})
	for i := range 30 {
		c.op(fmt.Sprintf("%s-%d", canary(n+1), i), fmt.Sprintf("%s %d %s", canary(n+2), i, strings.Repeat("filler ", 40)))
	}
	id := c.comment("create", "k1", fmt.Sprintf(`{"body":%q,"anchor":%q}`, canary(n+3), canary(n+4))).text("comment_id")
	c.comment("reply", "k2", fmt.Sprintf(`{"comment_id":%q,"body":%q}`, id, canary(n+5)))
	c.send(fmt.Sprintf(`{"type":"presence","event":"update","data":{"at":%q}}`, canary(n+6)))
	c.send(fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":"s1","data":{"document_version":20,"part":0,"parts":1,"data":%q}}`, base64.StdEncoding.EncodeToString([]byte("…"+canary(n+7)))))
	c.expect("operation", "snapshot_ack")
	for i := range 8 {
		words = append(words, canary(n+i))
	}
	return c, words
}

// What is erased is in no file that the server keeps: a document as it is answered, whoever is
// connected, and the same again after it was made anew.
//
// Holds: "what is erased is in no file"
func TestAnErasedDocumentIsInNoFile(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	user, token := d.person("writer@example.com", "Some Writer")
	d.json("PUT", "/v1/admin/documents/secret-plans", fmt.Sprintf(`{"workspace_id":"ws_demo","title":%q}`, canary(90)), 201)
	c, words := d.everything(user, token, "secret-plans", 10)
	d.json("POST", "/v1/admin/documents/secret-plans/links", fmt.Sprintf(`{"role":"view","name":%q}`, canary(91)), 201)
	owner := d.connect(dialling{document: "secret-plans", clientID: "o", token: d.Login("owner")})
	if found := d.holding(words[2]); len(found) == 0 {
		t.Fatal("the search finds nothing where there is something")
	}
	generation := owner.ack.text("generation")
	said := d.json("DELETE", "/v1/admin/documents/secret-plans", `{"reason":"by_request"}`, 200)
	if n, _ := at(said, "erased", "rows", "ops").(float64); n != 32 || at(said, "erased", "sockets") != 2.0 || at(said, "restorable_until", "objects") == nil {
		t.Errorf("the receipt is %v", said)
	}
	for _, one := range []*conn{c, owner} {
		one.expectError("DOCUMENT_NOT_FOUND")
	}
	content := words[1:] // the client id is in the user's object too
	if found := d.holding(content...); len(found) > 0 {
		t.Errorf("as it was answered: %q", found)
	}
	d.json("PUT", "/v1/admin/documents/secret-plans", `{"workspace_id":"ws_demo","title":"Anew"}`, 201)
	owner = d.connect(dialling{document: "secret-plans", clientID: "o", token: d.Login("owner"), sessionID: owner.ack.text("session_id"), lastSeq: 32})
	if owner.ack.number("document_version") != 0 || owner.ack.text("generation") == generation || owner.ack.Data["resumed"] == true {
		t.Errorf("made anew it says %v", owner.ack.Data)
	}
	owner.ws.CloseNow()
	d.asleep()
	if found := d.holding(append(content, canary(90), canary(91))...); len(found) > 0 {
		t.Errorf("asleep: %q", found)
	}
}

// A person who is erased while writing on two documents: both connections end, a token that
// is good by its signature comes back to neither, and no file names the person.
//
// Attacker: has an erased user's token that has not expired.
func TestAnErasedPersonIsInNoFile(t *testing.T) {
	t.Parallel()
	d := startDev(t, "GUEST_LINKS=1")
	user, token := d.person("canary-email@example.com", canary(80))
	words := []string{"canary-email", canary(80), canary(81)}
	var conns []*conn
	for i, document := range []string{"welcome", "notes"} {
		c, more := d.everything(user, token, document, 20+10*i)
		conns, words = append(conns, c), append(words, more[0], more[1], more[3], more[4], more[5], more[6])
	}
	if status, made := d.asUser(token, "POST", "/v1/documents/notes/links", fmt.Sprintf(`{"role":"view","name":%q}`, canary(81))); status != 201 {
		t.Fatalf("a link: HTTP %d %v", status, made)
	}
	editor := d.connect(dialling{document: "welcome", clientID: "e", token: d.Login("editor")})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // is writing meanwhile
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond): // as somebody who types
			}
			for _, c := range conns {
				if c.ws.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"type":"operation","event":"op","message_id":"late%d","data":{"op":"late"}}`, i)) != nil {
					return
				}
			}
		}
	}()
	said := d.json("DELETE", "/v1/admin/users/"+user, `{"comments":"erase","reason":"by_request"}`, 200)
	close(stop)
	<-stopped
	if said["more"] != false || at(said, "database", "users") != 1.0 || at(said, "database", "grants") != 2.0 || len(said["documents"].([]any)) != 2 {
		t.Errorf("the receipt is %v", said)
	}
	for _, document := range []string{"welcome", "notes", "secret"} {
		_, response, err := dialling{document: document, clientID: "back", token: token, carriage: "header"}.dial(d.server)
		if err == nil || response == nil || response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s lets the token in: %v %v", document, response, err)
		}
	}
	if status, _, _ := d.Post(nil, "/auth/login", map[string]string{"email": "canary-email@example.com", "password": firstPassword}); status != 401 {
		t.Errorf("the account signs in: HTTP %d", status)
	}
	reader := d.connect(dialling{document: "welcome", clientID: "r", token: d.Login("viewer")})
	if log := fmt.Sprint(reader.syncs(0)); !strings.Contains(log, canary(22)) || strings.Contains(log, canary(23)) {
		t.Errorf("the content that stays is %s", log)
	}
	editor.ws.CloseNow()
	reader.ws.CloseNow()
	d.asleep()
	if found := d.holding(words...); len(found) > 0 {
		t.Errorf("asleep: %s", strings.Join(found, "\n"))
	}
	for _, file := range d.holding(user) { // the account's random id, as BACKEND.md says
		if !strings.Contains(file, "/metadata.sqlite") && !strings.Contains(file, "/d1/") {
			t.Errorf("asleep: %s", file)
		}
	}
	if again := d.json("DELETE", "/v1/admin/users/"+user, ``, 200); len(again["documents"].([]any)) != 0 || len(at(again, "database").(map[string]any)) != 0 {
		t.Errorf("a repeat says %v", again)
	}
}

// A person in whose name servers have written, and who never connected, is erased where they did so.
func TestAnErasedPersonWhomServersNamed(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.must("POST", "/v1/admin/documents/welcome/operations", `{"user_id":"usr_editor","client_id":"import","message_id":"a","op":1}`)
	s.must("POST", "/v1/admin/documents/notes/comments", `{"user_id":"usr_editor","client_id":"import","message_id":"b","event":"create","body":"I live at 7 High Street"}`)
	said := s.must("DELETE", "/v1/admin/users/usr_editor", `{"comments":"erase"}`)
	if documents, _ := said["documents"].([]any); len(documents) != 2 {
		t.Errorf("the receipt is %v", said)
	}
	for _, document := range []string{"welcome", "notes"} {
		lines, _ := s.reads(s.Operator, "/v1/admin/documents/"+document+"/content")
		if text := fmt.Sprint(lines); len(lines) == 0 || strings.Contains(text, "usr_editor") || strings.Contains(text, "High Street") {
			t.Errorf("%s: %s", document, text)
		}
	}
}

// An erased comment is in no file either, those kept for a restore included.
func TestAnErasedCommentIsInNoFile(t *testing.T) {
	t.Parallel()
	d := startDev(t, "KEEP_OPS=5")
	user, token := d.person("writer@example.com", "Some Writer")
	c, words := d.everything(user, token, "welcome", 40)
	said := d.json("DELETE", "/v1/admin/documents/welcome/comments/31", ``, 200)
	if at(said, "erased", "entries") != 2.0 {
		t.Errorf("the receipt is %v", said)
	}
	if f := c.expect("comment", "resolve"); f.Data["erased"] != true || f.text("comment_id") != "31" {
		t.Errorf("told %v", f.Data)
	}
	c.ws.CloseNow()
	d.asleep()
	if found := d.holding(words[3], words[4], words[5]); len(found) > 0 {
		t.Errorf("asleep: %q", found)
	}
	if found := d.holding(words[2]); len(found) == 0 {
		t.Error("what was not erased is gone")
	}
}

// TestErasedRowsAreOverwritten: what is erased row by row is in no file either.
func TestErasedRowsAreOverwritten(t *testing.T) {
	t.Parallel()
	nodeTest(t, "scrub.test.mjs")
}
