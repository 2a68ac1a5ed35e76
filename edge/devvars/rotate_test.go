package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/token"
)

func TestRotate(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".dev.vars")
	if _, err := create(file); err != nil {
		t.Fatal(err)
	}
	read := func() []byte {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if err := os.WriteFile(file, append(read(), "EXTRA='kept'"...), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := value(read(), "ADMIN_TOKEN")
	var signed []string // the names of the keys that have signed
	for range 4 {
		key, err := token.PublicKey([]byte(value(read(), "SIGNING_KEY")))
		if err != nil {
			t.Fatal(err)
		}
		signed = append([]string{key.ID}, signed...)
		if err := rotate(file); err != nil {
			t.Fatal(err)
		}
		text := read()
		previous, err := token.PublicKeys([]byte(value(text, "PREVIOUS_KEYS")))
		if err != nil || len(previous) != min(len(signed), maxPrevious) {
			t.Fatalf("%d previous keys, %v", len(previous), err)
		}
		for n, key := range previous {
			if key.ID != signed[n] {
				t.Errorf("previous key %d is not the one that signed %d rotations ago", n, n+1)
			}
		}
		if strings.Contains(value(text, "PREVIOUS_KEYS"), `"d"`) {
			t.Error("a private key that nobody needs is kept")
		}
		if strings.Count(string(text), "SIGNING_KEY=") != 1 || value(text, "ADMIN_TOKEN") != admin || value(text, "EXTRA") != "kept" {
			t.Error("other lines have changed")
		}
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestRotateNothing: rotate leaves a file alone that it cannot read, and its error quotes nothing of it.
func TestRotateNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".dev.vars")
	if err := rotate(file); err == nil {
		t.Error("there was no file")
	}
	for _, text := range []string{"", "SIGNING_KEY='c2VjcmV0'\n", "ADMIN_TOKEN='c2VjcmV0'\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := rotate(file); err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%q: %v", text, err)
		}
		if after, _ := os.ReadFile(file); string(after) != text {
			t.Errorf("%q became %q", text, after)
		}
	}
}
