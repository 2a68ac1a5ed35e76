package rules_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Every package that the lock file names is pinned by a hash, those of other systems too:
// the binary that runs everything is one of them. npm leaves the hash out of an entry
// that it could not look up, without a word.
func TestLockFileIntegrity(t *testing.T) {
	text, err := os.ReadFile("../../package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	names, packages := unpinned(t, text)
	if packages < 100 {
		t.Errorf("only %d packages found", packages)
	}
	for _, name := range names {
		t.Errorf("%s has no integrity in package-lock.json: npm view PACKAGE@VERSION dist.integrity tells it", name)
	}
	const bad = `{"packages":{"":{},"web/x":{},"node_modules/a":{"integrity":"sha512-x"},"node_modules/b":{},"node_modules/c":{"integrity":"sha1-x"}}}`
	if names, _ := unpinned(t, []byte(bad)); len(names) != 2 {
		t.Errorf("of two that are not pinned %v are found", names)
	}
}

func unpinned(t *testing.T, text []byte) (names []string, packages int) {
	t.Helper()
	var lock struct {
		Packages map[string]struct {
			Integrity string
			Link      bool
			InBundle  bool // it comes within another one's file, which has the hash
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if !strings.HasPrefix(name, "node_modules/") || p.Link {
			continue // the project itself and its workspaces
		}
		packages++
		if !strings.HasPrefix(p.Integrity, "sha512-") && !p.InBundle {
			names = append(names, name)
		}
	}
	return names, packages
}
