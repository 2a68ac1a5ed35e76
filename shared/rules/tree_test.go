package rules_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// notOurs are folders with what is built or fetched, not written.
var notOurs = map[string]bool{".git": true, ".build": true, "node_modules": true, ".wrangler": true}

// eachSource hands over every source of the project, by its path from the root.
func eachSource(t *testing.T, take func(name string, src []byte)) {
	t.Helper()
	root := os.DirFS("../..")
	var seen int
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if notOurs[entry.Name()] {
				return fs.SkipDir
			}
			return nil
		}
		switch filepath.Ext(name) {
		case ".go", ".ts", ".mjs":
		default:
			return nil
		}
		src, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		seen++
		take(name, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A walk that found next to nothing has checked nothing.
	if seen < 20 {
		t.Errorf("only %d sources found", seen)
	}
}

// TestTree holds every source of the project to the rules.
func TestTree(t *testing.T) {
	used := map[string][]string{}
	eachSource(t, func(name string, src []byte) {
		for _, broken := range inspect(name, src) {
			t.Error(broken)
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			used[path.Dir(name)] = append(used[path.Dir(name)], imports(name, src)...)
		}
	})
	for _, broken := range unused(below, used) {
		t.Error(broken)
	}
}

// TestUnusedGrantsFire has one grant that is used and one that is not.
func TestUnusedGrantsFire(t *testing.T) {
	granted := map[string][]string{"shared/a": {"shared/b", "shared/c"}}
	used := map[string][]string{"shared/a": imports("shared/a/a.go", []byte(`package a; import "fmt"; import x "`+module+`shared/b"`))}
	if got := unused(granted, used); len(got) != 1 || !strings.Contains(got[0], "shared/c") {
		t.Errorf("%q", got)
	}
}

// TestRulesFire breaks every rule once, and once does what lies next to it.
func TestRulesFire(t *testing.T) {
	cases := []struct{ file, src, want string }{
		{"shared/client/a.go", `import "fmt"`, ""},
		{"shared/client/a.go", `import "syscall/js"`, "natively"},
		{"shared/client/a.go", `import j "syscall/js"`, "natively"},
		{"shared/client/a.go", `import "net/http"`, "no I/O"},
		{"shared/client/a.go", `import "net/http/httptest"`, "no I/O"},
		{"shared/client/a.go", `import "net/url"`, ""},
		{"shared/client/a.go", `import "os"`, "no I/O"},
		{"shared/client/a.go", `import "os/exec"`, "no I/O"},
		{"shared/client/a.go", `import "log/slog"`, "no I/O"},
		{"shared/client/a.go", `import "math/rand/v2"`, "randomness"},
		{"shared/client/a.go", `import "math"`, ""},
		{"shared/client/a.go", `import "github.com/hack-pad/safejs"`, "JavaScript"},
		{"shared/client/a.go", `import "github.com/syumai/workers/cloudflare"`, "Worker"},
		{"shared/client/a.go", `import _ "github.com/coder/websocket"`, "socket"},
		{"shared/client/a.go", `import "` + module + `edge/front"`, "edge acts"},
		{"shared/client/a.go", `import "` + module + `wasm/agent"`, "wasm acts"},
		{"shared/client/a_test.go", `import "os"; import "net/http"`, ""},
		{"edge/front/a.go", `import "os"; import "net/http"`, ""},

		{"shared/client/a.go", `import "time"; var t = time.Unix(0, 0)`, ""},
		{"shared/client/a.go", `import "time"; var t = time.Now()`, "no clock"},
		{"shared/client/a.go", `import "time"; var now = time.Now`, "no clock"},
		{"shared/client/a.go", `import clock "time"; var t = clock.Now()`, "no clock"},
		{"shared/client/a.go", `import . "time"; var t = Now()`, "hides the clock"},
		{"shared/client/a.go", `import "time"; func f() { time.Sleep(1) }`, "never waits"},
		{"shared/client/a.go", `import "time"; var c = time.After(1)`, "no timer"},
		{"shared/client/a.go", `import "time"; var c = time.Tick(1)`, "no timer"},
		{"shared/client/a.go", `import "time"; var c = time.NewTimer(1)`, "hibernating"},
		{"shared/client/a.go", `import "time"; func f(t time.Time) bool { return t.After(t) }`, ""},
		{"shared/client/a.go", `type x struct{ Now func() }; func f(time x) { time.Now() }`, ""},
		{"shared/client/a_test.go", `import "time"; var t = time.Now()`, ""},
		{"edge/front/a.go", `import "time"; var t = time.Now()`, ""},
		{"shared/client/a.go", `func f() { go f() }`, "no goroutine"},
		{"shared/client/a.go", `func f() { func() { go func() {}() }() }`, "no goroutine"},
		{"shared/client/a_test.go", `func f() { go f() }`, ""},
		{"edge/front/a.go", `func f() { go f() }`, ""},

		{"shared/client/a.go", `import "` + module + `shared/protocol"`, ""},
		{"shared/client/a.go", `import "` + module + `shared/session"`, "own decision"},
		{"shared/protocol/a.go", `import "` + module + `shared/channel"`, "own decision"},
		{"shared/novelty/a.go", ``, "not in the list"},
		{"edge/call/a.go", `import "` + module + `shared/jsonscan"`, ""},
		{"edge/call/a.go", `import "` + module + `shared/session"`, "own decision"},
		{"edge/call/a.go", `import "net/http"`, "no I/O"},
		{"edge/access/a.go", `import "` + module + `edge/front"`, "edge acts"},
		{"shared/client/a.go", `import "` + module + `shared/sim/clock"`, "test kit"},
		{"shared/client/a_test.go", `import "` + module + `shared/sim/clock"`, ""},
		{"edge/front/a.go", `import "` + module + `shared/sim"`, "test kit"},
		{"edge/front/a.go", `import "` + module + `edge/e2e/harness"`, "test kit"},
		{"shared/sim/network/a.go", `import "` + module + `shared/sim/clock"`, ""},
		{"shared/sim/random/a.go", `import "math/rand/v2"`, ""},
		{"shared/sim/random/a.go", `import "os"`, "no I/O"},
		{"shared/novelty/a_test.go", ``, ""},

		{"edge/front/a.go", `import "` + module + `wasm/agent"`, "on the wire alone"},
		{"edge/front/a_test.go", `import "` + module + `wasm/agent"`, "on the wire alone"},
		{"wasm/a.go", `import "` + module + `edge/front"`, "on the wire alone"},
		{"wasm/native/a.go", `import "` + module + `edge/e2e/harness"`, "on the wire alone"},
		{"wasm/native/a_test.go", `import "` + module + `edge/e2e/harness"`, ""},
		{"wasm/agent/a.go", `import "` + module + `shared/client"`, ""},

		{"edge/openapi/a.go", `import "github.com/santhosh-tekuri/jsonschema/v6"`, ""},
		{"edge/admin/a.go", `import "github.com/santhosh-tekuri/jsonschema/v6"`, "shipped"},
		{"edge/admin/a.go", `import "` + module + `edge/openapi"`, "test kit"},
		{"edge/admin/a_test.go", `import "` + module + `edge/openapi"`, ""},
		{"shared/token/a.go", `import "github.com/golang-jwt/jwt/v5"`, ""},
		{"shared/token/peek/a.go", `import "github.com/golang-jwt/jwt/v5"`, "heaviest"},
		{"edge/front/a.go", `import "github.com/golang-jwt/jwt/v5"`, "heaviest"},
		{"wasm/agent/a.go", `import jwt "github.com/golang-jwt/jwt/v5"`, "heaviest"},

		{"wasm/a_js.go", ``, "go:build"},
		{"wasm/a.go", ``, ""},
		{"wasm/a_js.go", "// " + jsTag, "go:build"},
		{"web/src/a.ts", strings.Repeat("\n", maxLines), ""},
		{"web/src/a.ts", strings.Repeat("\n", maxLines+1), "one thought"},
		{"edge/worker/a.mjs", strings.Repeat("\n", maxLines+1), "one thought"},
		{"edge/worker/a.mjs", `env.SESSIONS.getByName(name)`, "another object"},
		{"edge/worker/a.mjs", `env.SESSIONS.jurisdiction("eu")`, "another object"},
		{"edge/worker/a.mjs", `objectOf(env, "SESSIONS", name)`, ""},
		{"edge/worker/place.mjs", `all.getByName(name)`, ""},
		{"edge/front/a.go", strings.Repeat("\n", maxLines+1), "one thought"},
		{"edge/front/a.go", `func`, "does not parse"},
	}
	for _, c := range cases {
		src := c.src
		if strings.HasSuffix(c.file, ".go") {
			src = "package x; " + src
		}
		got := strings.Join(inspect(c.file, []byte(src)), "\n")
		if c.want == "" && got != "" {
			t.Errorf("%s with %.60q is refused: %s", c.file, c.src, got)
		}
		if c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%s with %.60q: %q, want %q", c.file, c.src, got, c.want)
		}
	}
	if got := inspect("wasm/a_js.go", []byte(jsTag+"\n\npackage x\n")); got != nil {
		t.Errorf("a file with its tag is refused: %q", got)
	}
}
