//go:build !js

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Standstill is how long a script may take to start, to answer and to end. After that the harness
// ends it, and the test fails.
const Standstill = 90 * time.Second

// Build is the folder of the built artefacts, Root that of the project.
var (
	Build = os.Getenv("HOLDFAST_BUILD")
	Root  = root()
)

// Main runs the tests of a package, or explains how to run them if there is no build. Afterwards
// it removes what it made for them.
func Main(m *testing.M) {
	if Build == "" {
		fmt.Println("these tests are of the built Worker: run make test-edge")
		os.Exit(0)
	}
	code := m.Run()
	idle.end()
	if made.folder != "" {
		os.RemoveAll(made.folder)
	}
	os.Exit(code)
}

// root returns the folder of go.mod, which a test runs in or below.
func root() string {
	dir, err := os.Getwd()
	check(err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			panic("no go.mod above " + dir)
		}
		dir = filepath.Dir(dir)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// made holds what is made once for a run of the tests: the secrets that .dev.vars would
// hold, and, once a test needs it, a migrated database.
var made struct {
	once, migrated sync.Once
	folder         string
	secrets        map[string]string
}

// prepare makes the secrets, once.
func prepare() {
	made.once.Do(func() {
		dir, err := os.MkdirTemp("", "holdfast-e2e-")
		check(err)
		made.folder = dir
		file := filepath.Join(dir, ".dev.vars")
		cmd := exec.Command("node", "edge/cli/holdfast.mjs", "secrets", "--file", file)
		cmd.Dir = Root
		if out, err := cmd.CombinedOutput(); err != nil {
			panic(string(out))
		}
		made.secrets = ReadVars(file)
		// A test that wants these says so.
		delete(made.secrets, "WEBHOOK_SECRET")
		delete(made.secrets, "JURISDICTION")
	})
}

// Secrets returns the secrets of every Worker here, which are new in each run of the tests.
func Secrets() map[string]string {
	prepare()
	return made.secrets
}

// ReadVars reads a file in the form of .dev.vars.
func ReadVars(file string) map[string]string {
	text, err := os.ReadFile(file)
	check(err)
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = strings.Trim(value, "'\"")
		}
	}
	return all
}
