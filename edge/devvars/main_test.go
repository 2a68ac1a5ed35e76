package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/token"
)

func TestCreate(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".dev.vars")
	if written, err := create(file); !written || err != nil {
		t.Fatal(written, err)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if written, err := create(file); written || err != nil {
		t.Errorf("a second run: %v, %v", written, err)
	}
	if again, _ := os.ReadFile(file); string(again) != string(first) {
		t.Error("a second run replaced the secrets")
	}
	if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	vars := map[string]string{}
	for line := range strings.Lines(string(first)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			vars[name] = strings.Trim(value, "'")
		}
	}
	if len(vars["ADMIN_TOKEN"]) != 43 {
		t.Errorf("ADMIN_TOKEN has %d characters", len(vars["ADMIN_TOKEN"]))
	}
	if len(vars["APP_SESSION_SECRET"]) != 43 || vars["APP_SESSION_SECRET"] == vars["ADMIN_TOKEN"] {
		t.Errorf("APP_SESSION_SECRET has %d characters", len(vars["APP_SESSION_SECRET"]))
	}
	key, err := token.PublicKey([]byte(vars["SIGNING_KEY"]))
	if err != nil || len(key.ID) != 43 {
		t.Errorf("the admission cannot use SIGNING_KEY: %v, kid of %d characters", err, len(key.ID))
	}
	var private map[string]string
	if err := json.Unmarshal([]byte(vars["SIGNING_KEY"]), &private); err != nil || private["qi"] == "" {
		t.Errorf("no private key: %v", err)
	}
}

// TestComplete: an older file gets what it lacks, once, and keeps what it has.
func TestComplete(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".dev.vars")
	before := "# mine\nADMIN_TOKEN='a'\nSIGNING_KEY='{}'"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if added, err := complete(file); !added || err != nil {
		t.Fatal(added, err)
	}
	first, _ := os.ReadFile(file)
	if !strings.HasPrefix(string(first), before+"\n") || len(value(first, "APP_SESSION_SECRET")) != 43 {
		t.Errorf("now it is %d bytes", len(first))
	}
	if added, err := complete(file); added || err != nil {
		t.Errorf("a second run: %v, %v", added, err)
	}
	if again, _ := os.ReadFile(file); string(again) != string(first) {
		t.Error("a second run replaced it")
	}
}
