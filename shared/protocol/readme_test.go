package protocol_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var rewriteReadme = flag.Bool("rewrite-readme", false, "write the table of errors into the README")

// TestReadmeErrorTable keeps the README's table of errors equal to the table of the code:
// whoever trusts the README is right.
func TestReadmeErrorTable(t *testing.T) {
	const path = "../../README.md"
	const begin, end = "<!-- errors:begin -->\n", "<!-- errors:end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from := bytes.Index(text, []byte(begin))
	to := bytes.Index(text, []byte(end))
	if from < 0 || to < from {
		t.Fatalf("README.md has no %q … %q", strings.TrimSpace(begin), end)
	}
	from += len(begin)

	var want strings.Builder
	want.WriteString("| code | HTTP | close | recoverable | the client |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range protocol.Table {
		fmt.Fprintf(&want, "| `%s` | %d | %d | %t | %s |\n", r.Code, r.HTTP, r.Close, r.Recoverable, r.Action)
	}
	if string(text[from:to]) == want.String() {
		return
	}
	if !*rewriteReadme {
		t.Fatalf("README.md's table of errors differs from errors.go; run: go test ./shared/protocol -run ReadmeErrorTable -rewrite-readme")
	}
	out := append(append(append([]byte{}, text[:from]...), want.String()...), text[to:]...)
	if err := os.WriteFile(path, out, 0o644); err != nil {
		t.Fatal(err)
	}
}
