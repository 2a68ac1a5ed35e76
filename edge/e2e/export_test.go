//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// exports follows an export page by page, until each is answered; it returns the file and its lines. between
// is called behind each page.
func (s *server) exports(key, path string, between func(page int)) (file string, lines []map[string]any) {
	s.T.Helper()
	for page := 1; ; page++ {
		status, text, _ := s.by(key, "GET", path, "")
		if status != 200 {
			s.T.Fatalf("%s: HTTP %d %s", path, status, text)
		}
		file += string(text)
		for line := range strings.Lines(string(text)) {
			var l map[string]any
			check(json.Unmarshal([]byte(line), &l))
			lines = append(lines, l)
		}
		last := lines[len(lines)-1]
		if last["lines"] != float64(len(lines)) || last["kind"] != "page" && last["kind"] != "end" {
			s.T.Fatalf("line %d is %v", len(lines), last)
		}
		if last["kind"] == "end" {
			return file, lines
		}
		path = last["next"].(string)
		if between != nil {
			between(page)
		}
	}
}

// kinds are the lines of a kind.
func kinds(lines []map[string]any, kind string) (list []map[string]any) {
	for _, l := range lines {
		if l["kind"] == kind {
			list = append(list, l)
		}
	}
	return list
}

// A large document (20,000 entries and a snapshot of 4 MiB) is exported whole while people write in it
// and a newer snapshot replaces the one that the export has: in pages of about a megabyte, all of one
// state. A restore in between is refused.
//
// Holds: "an export is of one log, at one version"
func TestALargeDocumentIsExportedWhileItIsWritten(t *testing.T) {
	t.Parallel()
	const entries = 20_000
	s := start(t, map[string]string{"APPEND_MAX_ENTRIES": "250", "APPEND_MAX_BODY_BYTES": "262144", "SNAPSHOT_CONFIRM_MS": "1", "KEEP_OPS": "100",
		"BYTES_PER_S": "33554432", "BYTES_BURST": "33554432", "MESSAGES_PER_S": "1000", "MESSAGES_BURST": "10000"})
	appends := func(from, n int) {
		t.Helper()
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf(`{"message_id":"m%d","op":{"n":%d,"text":"%s"}}`, from+i, from+i, strings.Repeat("x", 200))
		}
		s.must("POST", welcome+"/operations", `{"operations":[`+strings.Join(items, ",")+`]}`)
	}
	for n := 0; n < entries; n += 250 {
		appends(n+1, 250)
	}
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	const parts, size = 80, 50 << 10
	whole := ""
	post := func(version int, letter string) {
		t.Helper()
		for part := range parts {
			data := fmt.Sprintf("%s%03d", letter, part) + strings.Repeat(letter, size)
			if letter == "a" {
				whole += data
			}
			owner.send(fmt.Sprintf(`{"type":"operation","event":"snapshot","message_id":"%s%d","data":{"document_version":%d,"part":%d,"parts":%d,"data":%q}}`, letter, part, version, part, parts, data))
			for f := owner.expectAny(); f.Event != "snapshot_ack"; f = owner.expectAny() {
				if f.Event == "ping" {
					owner.pong(f)
				} else if f.Event == "error" {
					t.Fatalf("received %+v", f)
				}
			}
		}
	}
	post(19_000, "a")
	largest := 0
	var once sync.Once
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // is written meanwhile
		defer close(stopped)
		for n := entries + 1; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			s.Request("POST", welcome+"/operations", fmt.Sprintf(`{"message_id":"late%d","op":"late"}`, n), map[string]string{"authorization": "Bearer " + s.Operator})
		}
	}()
	file, lines := s.exports(s.Operator, welcome+"/export", func(int) { once.Do(func() { post(19_500, "b") }) })
	close(stop)
	<-stopped
	for page := range strings.SplitSeq(file, `{"kind":"page"`) {
		largest = max(largest, len(page))
	}
	manifest, end := lines[0], lines[len(lines)-1]
	version := int(manifest["document_version"].(float64))
	if manifest["snapshot_version"] != 19_000.0 || version < entries || end["complete"] != true || largest > 1<<20+size+4096 || strings.Count(file, "\n") != len(lines) {
		t.Errorf("%v, %v, the largest page has %d bytes", manifest, end, largest)
	}
	got := ""
	for i, p := range kinds(lines, "snapshot") {
		if p["version"] != 19_000.0 || p["part"] != float64(i) || p["parts"] != float64(parts) {
			t.Fatalf("part %d is of %v, %v", i, p["version"], p["part"])
		}
		got += p["data"].(string)
	}
	if got != whole {
		t.Errorf("the snapshot has %d bytes, posted were %d", len(got), len(whole))
	}
	ops := kinds(lines, "op")
	if len(ops) != version {
		t.Fatalf("%d entries at version %d", len(ops), version)
	}
	for i, o := range ops {
		if o["version"] != float64(i+1) || i < entries && at(o, "op", "n") != float64(i+1) {
			t.Fatalf("entry %d is %v", i+1, o)
		}
	}
	if kept := kinds(lines, "kept_snapshot"); len(kept) != 2 || kept[0]["version"] != 19_500.0 || kept[1]["version"] != 19_000.0 {
		t.Errorf("kept are %v", kept)
	}
	people := kinds(lines, "person")
	if len(people) != 1 || people[0]["user_id"] != "usr_owner" || people[0]["snapshots"] != 2.0 || people[0]["role"] != "owner" || len(kinds(lines, "audit")) == 0 {
		t.Errorf("people are %v", people)
	}
	// In the midst of another one the document is put back.
	_, text, _ := s.by(s.Operator, "GET", welcome+"/export?limit=10", "")
	var last map[string]any
	pages := strings.Split(strings.TrimSpace(string(text)), "\n")
	check(json.Unmarshal([]byte(pages[len(pages)-1]), &last))
	s.must("POST", welcome+"/restore", `{"version":19100,"reason":"vandalised"}`)
	if status, text, _ := s.by(s.Operator, "GET", last["next"].(string), ""); status != 412 || refusal(text) != "generation_changed" {
		t.Errorf("HTTP %d %s", status, text)
	}
	if _, again := s.exports(s.Operator, welcome+"/export", nil); again[0]["generation"] == manifest["generation"] || again[0]["document_version"] == manifest["document_version"] {
		t.Errorf("anew: %v", again[0])
	}
}

// A person's export has everything that the person left anywhere, and nothing of anybody else's: not
// what another wrote in the same documents, not another's name or e-mail, and nobody's secrets.
//
// Attacker: may see another user's export, and looks for what lets in, or for what others wrote.
//
// Holds: "what is erased with a user is exported with a user"
func TestAnExportOfAPersonHasTheirsAlone(t *testing.T) {
	t.Parallel()
	d := startDev(t, "GUEST_SECRET="+strings.Repeat("g", 43), "GUEST_LINKS=1")
	ann, annsToken := d.person("canary-ann@example.com", canary(80))
	bob, bobsToken := d.person("canary-bob@example.com", canary(81))
	var words, others []string
	for i, document := range []string{"welcome", "notes"} {
		c, more := d.everything(ann, annsToken, document, 20+10*i)
		words = append(words, more[0], more[1], more[2], more[3], more[4], more[5])
		c.ws.CloseNow()
		other, bobs := d.everything(bob, bobsToken, document, 100+10*i)
		others = append(others, bobs...)
		other.ws.CloseNow()
	}
	secrets := []string{firstPassword, annsToken, bobsToken}
	key := d.json("POST", "/v1/admin/users/"+ann+"/delegations", fmt.Sprintf(`{"document":"welcome","name":%q,"expires":%d}`, canary(82), time.Now().Add(time.Hour).Unix()), 201)["key"].(string)
	secrets = append(secrets, key, key[len(key)-43:])
	d.json("POST", "/v1/admin/users/"+ann+"/messages", fmt.Sprintf(`{"data":{"say":%q},"message_id":"hello"}`, canary(83)), 200)
	d.json("POST", "/v1/admin/users/"+bob+"/messages", fmt.Sprintf(`{"data":{"say":%q},"message_id":"hello"}`, canary(84)), 200)
	status, text, _ := d.Request("POST", "/v1/documents/welcome/links", fmt.Sprintf(`{"role":"view","name":%q}`, canary(85)), map[string]string{"authorization": "Bearer " + annsToken, "content-type": "application/json"})
	var made map[string]any
	if check(json.Unmarshal(text, &made)); status != 201 {
		t.Fatalf("HTTP %d %s", status, text)
	}
	link := made["link"].(string)
	secrets = append(secrets, link, link[len(link)-43:])
	words = append(words, "canary-ann@example.com", canary(80), canary(82), canary(83), canary(85))
	others = append(others, "canary-bob", canary(81), canary(84), bob)

	for _, limit := range []int{1000, 3} {
		file, lines := d.exports(d.Operator, fmt.Sprintf("/v1/admin/users/%s/export?limit=%d", ann, limit), nil)
		for _, word := range words {
			if !strings.Contains(file, word) {
				t.Errorf("%d a page: it lacks %s", limit, word)
			}
		}
		for _, word := range append(others, secrets...) {
			if strings.Contains(file, word) {
				t.Errorf("%d a page: it has %s", limit, word)
			}
		}
		tables := map[string]bool{}
		for _, row := range kinds(lines, "row") {
			tables[fmt.Sprint(row["of"], " ", row["table"])] = true
			for column := range row["row"].(map[string]any) {
				if strings.Contains(column, "hash") || column == "salt" || column == "parent" || column == "bucket" {
					t.Errorf("%s has %s", row["table"], column)
				}
			}
		}
		for _, table := range []string{"database grants", "database users", "database refresh_tokens", "database delegations", "database links", "database admitted_users", "user session", "user visited", "user messages", "document members"} {
			if !tables[table] {
				t.Errorf("%d a page: no row of %s in %v", limit, table, tables)
			}
		}
		for _, document := range []string{"welcome", "notes"} {
			n := 0
			for _, op := range kinds(lines, "op") {
				if op["document"] == document && op["user_id"] == ann && op["version"] != nil && op["at"] != nil {
					n++
				}
			}
			if n != 30 {
				t.Errorf("%d a page: %d operations in %s", limit, n, document)
			}
		}
		if len(kinds(lines, "create")) != 2 || len(kinds(lines, "reply")) != 2 || len(kinds(lines, "audit")) < 4 {
			t.Errorf("%d a page: %s", limit, file)
		}
	}
	// Erased, there is nothing more to export but the moment of it.
	if said := d.json("DELETE", "/v1/admin/users/"+ann, `{"comments":"erase"}`, 200); said["more"] != false {
		t.Errorf("%v", said)
	}
	file, lines := d.exports(d.Operator, "/v1/admin/users/"+ann+"/export", nil)
	if len(lines) != 3 || at(lines[1], "table") != "session" || at(lines[1], "row", "user_id") != "" || at(lines[1], "row", "revoked_before") == nil {
		t.Errorf("erased: %s", file)
	}
	if _, lines := d.exports(d.Operator, "/v1/admin/users/nobody/export", nil); len(lines) != 2 {
		t.Errorf("of nobody: %v", lines)
	}
}

// A kill -9 in the midst of an export: a page that was under way lacks its last line, or was not answered.
// Asked again it is the same, and the file is whole.
func TestAnExportSurvivesAKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	user, token := d.person("writer@example.com", "Some Writer")
	c, _ := d.everything(user, token, "welcome", 10)
	c.ws.CloseNow()
	for _, path := range []string{welcome + "/export?limit=4", "/v1/admin/users/" + user + "/export?limit=4"} {
		want, _ := d.exports(d.Operator, path, nil)
		got, _ := d.exports(d.Operator, path, func(page int) {
			if page%4 == 1 {
				answered := make(chan struct{})
				go func() { // one that is under way as it dies
					defer close(answered)
					d.cutOff(path)
				}()
				d.Kill()
				<-answered
				d.Restart()
			}
		})
		if bare(want) != bare(got) {
			t.Errorf("%s: it was\n%s\nand is\n%s", path, bare(want), bare(got))
		}
	}
}

// cutOff asks for a page of a server that may die meanwhile: what arrives as whole ends as a page does.
func (d *devServer) cutOff(path string) {
	r, err := http.NewRequest("GET", d.URL+path, nil)
	check(err)
	r.Header.Set("Authorization", "Bearer "+d.Operator)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err == nil && answer.StatusCode == 200 && !strings.Contains(string(text), `{"kind":"page","lines":`) {
		d.T.Errorf("a page that is not whole: %s", text)
	}
}

// TestTheExampleOfAnExport runs the commands of BACKEND.md, word for word.
func TestTheExampleOfAnExport(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	s := start(t, map[string]string{"CONTENT_MAX_ENTRIES": "7"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	for i := range 20 {
		owner.op(fmt.Sprint("m", i), "one & the other")
	}
	command := exec.Command("sh", "-c", exampleIn(t, "sh", "export.ndjson"))
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "SERVER="+s.URL, "ADMIN_TOKEN="+s.Operator)
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	file, err := os.ReadFile(filepath.Join(command.Dir, "export.ndjson"))
	check(err)
	if n := strings.Count(string(file), "\n"); strings.Count(string(file), `{"kind":"op",`) != 20 || string(said) != fmt.Sprintf(`{"kind":"end","complete":true,"lines":%d}`+"\n", n) {
		t.Errorf("%s, %s", said, file)
	}
}

// bare is an export without when it was made, and without the audit log: connections end when a server dies.
func bare(file string) string {
	var lines []string
	for line := range strings.Lines(file) {
		if !strings.Contains(line, `"kind":"manifest"`) && !strings.Contains(line, `"kind":"audit"`) && !strings.Contains(line, `"kind":"page"`) && !strings.Contains(line, `"kind":"end"`) && !strings.Contains(line, `"kind":"row"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
