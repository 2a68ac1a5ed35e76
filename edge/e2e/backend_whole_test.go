//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A long document is read whole, page by page, while it grows; after a restore the pages of before
// are refused, and nobody mixes two states of it.
//
// Holds: "a server that reads page by page reads one log".
func TestALongDocumentIsReadPageByPage(t *testing.T) {
	t.Parallel()
	const entries = 10_000
	s := start(t, map[string]string{"APPEND_MAX_ENTRIES": "250", "APPEND_MAX_BODY_BYTES": "262144"})
	for n := 0; n < entries; {
		var b strings.Builder
		b.WriteString(`{"operations":[`)
		for i := range 250 {
			if i > 0 {
				b.WriteByte(',')
			}
			n++
			fmt.Fprintf(&b, `{"message_id":"m%d","op":{"n":%d,"text":"%s"}}`, n, n, strings.Repeat("x", 200))
		}
		b.WriteString(`]}`)
		if v := at(s.must("POST", welcome+"/operations", b.String()), "document_version"); v != float64(n) {
			t.Fatalf("version %v after %d", v, n)
		}
	}
	lines, end := s.reads(s.Operator, welcome+"/content")
	if len(lines) != entries || end["document_version"] != float64(entries) {
		t.Fatalf("%d lines, %v", len(lines), end)
	}
	for i, l := range lines {
		if l["version"] != float64(i+1) || at(l, "op", "n") != float64(i+1) {
			t.Fatalf("line %d is %v", i, l)
		}
	}
	// A page stays within its bounds.
	_, text, header := s.by(s.Operator, "GET", welcome+"/content?limit=7", "")
	if n := strings.Count(string(text), "\n"); n != 8 || !strings.Contains(header.Get("Link"), `rel="next"`) {
		t.Errorf("%d lines, %s", n, header.Get("Link"))
	}
	var last map[string]any
	pages := strings.Split(strings.TrimSpace(string(text)), "\n")
	check(json.Unmarshal([]byte(pages[len(pages)-1]), &last))
	s.must("POST", welcome+"/restore", `{"version":100,"snapshot":0,"reason":"vandalised"}`)
	if status, text, _ := s.by(s.Operator, "GET", last["next"].(string), ""); status != 412 || refusal(text) != "generation_changed" {
		t.Errorf("HTTP %d %s", status, text)
	}
	lines, end = s.reads(s.Operator, welcome+"/content?limit=30")
	if lines[0]["kind"] != "snapshot" || lines[0]["data"] != "null" || at(lines[len(lines)-1], "op", "n") != 100.0 || end["generation"] == last["generation"] {
		t.Errorf("read %v to %v, %v", lines[0], lines[len(lines)-1], end)
	}
}

// A kill -9 in the midst of batches: each is there whole or not at all, and a repeat completes it.
//
// Holds: "a batch of a server is stored as a whole".
func TestABatchIsStoredAsAWholeThroughKills(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	const size = 40
	batch := func(n int) string {
		items := make([]string, size)
		for i := range items {
			items[i] = fmt.Sprintf(`{"message_id":"b%d.%d","op":%d}`, n, i, i)
		}
		return `{"operations":[` + strings.Join(items, ",") + `]}`
	}
	next, acknowledged := 0, map[int]float64{}
	for kill := range 4 {
		// Batches one behind the other, and a kill at a moment nobody chose.
		over := make(chan struct{})
		go func() {
			time.Sleep(time.Duration(150+90*kill) * time.Millisecond)
			d.Kill()
			close(over)
		}()
		for alive := true; alive; {
			select {
			case <-over:
				alive = false
			default:
				next++
				if v, ok := d.tries(welcome+"/operations", batch(next)); ok {
					acknowledged[next] = v
				}
			}
		}
		d.Restart()
		lines, end := d.reads(d.Operator, welcome+"/content")
		stored := map[string]int{}
		for i, l := range lines {
			if l["version"] != float64(i+1) {
				t.Fatalf("line %d is %v", i, l)
			}
			name, _, _ := strings.Cut(l["message_id"].(string), ".")
			stored[name]++
		}
		for name, n := range stored {
			if n != size {
				t.Errorf("%s is stored %d times of %d", name, n, size)
			}
		}
		for n, v := range acknowledged {
			if stored[fmt.Sprint("b", n)] != size {
				t.Errorf("batch %d was acknowledged and is not there", n)
			}
			if v > end["document_version"].(float64) {
				t.Errorf("acknowledged %v, the log ends at %v", v, end)
			}
		}
		// The last one again: whole, and once.
		answer := d.must("POST", welcome+"/operations", batch(next))
		if n := len(answer["entries"].([]any)); n != size {
			t.Errorf("%d answers", n)
		}
		acknowledged[next] = answer["document_version"].(float64)
	}
	if next < 8 {
		t.Errorf("only %d batches", next)
	}
}

// tries posts to a server that may be gone.
func (d *devServer) tries(path, body string) (version float64, ok bool) {
	r, err := http.NewRequest("POST", d.URL+path, strings.NewReader(body))
	check(err)
	r.Header.Set("Authorization", "Bearer "+d.Operator)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, false
	}
	defer answer.Body.Close()
	var said map[string]any
	if answer.StatusCode != 200 || json.NewDecoder(answer.Body).Decode(&said) != nil {
		return 0, false
	}
	version, ok = said["document_version"].(float64)
	return version, ok
}
