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

// Standstill is how long a script may take to start, to answer and to end. Nobody waits
// longer: it is ended, and the test fails by it.
const Standstill = 90 * time.Second

// Build is the folder of the built artefacts, Root the project's own.
var (
	Build = os.Getenv("HOLDFAST_BUILD")
	Root  = root()
)

// Main runs a package's tests, or says how they are run where there is no build. What it
// made for them is removed.
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

// root is the folder of go.mod, in which or below which a test runs.
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

// made is what is made once for a run of the tests: the secrets that .dev.vars would hold
// and, when it is first needed, a database that was migrated.
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
		cmd := exec.Command("go", "run", "./edge/devvars", "-file", file)
		cmd.Dir = Root
		if out, err := cmd.CombinedOutput(); err != nil {
			panic(string(out))
		}
		made.secrets = ReadVars(file)
	})
}

// Secrets are what every Worker here is given, made anew for each run of the tests.
func Secrets() map[string]string {
	prepare()
	return made.secrets
}

// ReadVars reads a file as .dev.vars is.
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
