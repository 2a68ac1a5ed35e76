package protocol_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var rewritePage = flag.Bool("rewrite", false, "write the tables of shared/PROTOCOL.md")

const page = "../PROTOCOL.md"

// marked keeps the part of the page between its two marks equal to what the code says:
// whoever trusts the page is right.
func marked(t *testing.T, name, want string) {
	t.Helper()
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	from, to := bytes.Index(text, []byte(begin)), bytes.Index(text, []byte(end))
	if from < 0 || to < from {
		t.Fatalf("%s has no %q … %q", page, strings.TrimSpace(begin), end)
	}
	from += len(begin)
	if string(text[from:to]) == want {
		return
	}
	if !*rewritePage {
		t.Fatalf("%s differs from the code in %s; run: go test ./shared/protocol -run Page -rewrite", page, name)
	}
	out := append(append(append([]byte{}, text[:from]...), want...), text[to:]...)
	if err := os.WriteFile(page, out, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPageErrors writes the page's table of errors.
func TestPageErrors(t *testing.T) {
	var want strings.Builder
	want.WriteString("| code | HTTP | close | recoverable | the client | sentence |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, r := range protocol.Table {
		fmt.Fprintf(&want, "| `%s` | %d | %d | %t | %s | %s |\n", r.Code, r.HTTP, r.Close, r.Recoverable, r.Action, r.Message)
	}
	marked(t, "errors", want.String())
}

// TestPageExamples: every frame that the page shows is one. A line of an example begins with
// the way that its frame goes.
func TestPageExamples(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^[→←] (\{.*\})$`).FindAllSubmatch(text, -1)
	if len(found) < 40 {
		t.Fatalf("the page has %d examples", len(found))
	}
	for _, f := range found {
		frame, bad := protocol.Decode(f[1], protocol.Limits{})
		if bad != nil {
			t.Errorf("%s: %v (%s)", f[1], bad, bad.Reason)
			continue
		}
		if parse := parsers[frame.Type+"/"+frame.Event]; parse != nil {
			if _, ok := parse(frame.Data); !ok {
				t.Errorf("%s does not parse", f[1])
			}
		}
	}
}

// TestPageWords: a reason, a header, a parameter or a route that the page names is in the
// product's source; a file that it links to is there.
func TestPageWords(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, word := range regexp.MustCompile(`\w+`).FindAll(productSource(t), -1) {
		known[string(word)] = true
	}
	named := regexp.MustCompile("`([a-z]+(?:_[a-z]+)+)`|reason `([a-z_]+)`").FindAllSubmatch(text, -1)
	if len(named) < 50 {
		t.Fatalf("the page names %d words", len(named))
	}
	for _, n := range named {
		word := string(n[1]) + string(n[2])
		stem, made := strings.CutSuffix(word, "_invalid") // front makes these of a parameter's name
		if !known[word] && !(made && known[stem]) {
			t.Errorf("%s names %s, which no source has", page, word)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)[)#]`).FindAllSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("..", string(link[1]))); err != nil {
			t.Error(err)
		}
	}
}

// productSource is all of the product's Go but its tests.
func productSource(t *testing.T) []byte {
	t.Helper()
	var all []byte
	for _, dir := range []string{"..", "../../edge"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all = append(all, text...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
