package rules_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// What runs the tests in the Makefile, word for word: make test and make soak divide the
// packages that need the built Worker, and the files of the browser's tests, between them.
var (
	testTargets = []string{"test-go", "test-wasm", "test-edge", "test-web", "test-suspend", "test-apps"}
	soakTargets = []string{"soak-edge", "soak-web", "soak-wasm", "sim"}
	commands    = map[string]string{
		"test-go":      `go test $(GO_PACKAGES)`,
		"test-wasm":    `$(WASM_TEST) -short $(WASM_PACKAGES)`,
		"soak-wasm":    `$(WASM_TEST) -count=1 -timeout 25m -run Sim ./shared/sim -args -sim.runs=200`,
		"test-edge":    `go test -count=1 -timeout 25m -p 2 -parallel $(PARALLEL) -skip '$(SOAK)' ` + builtPackages,
		"soak-edge":    `go test -count=1 -timeout 25m -p 1 -v -run '$(SOAK)' ` + builtPackages,
		"test-web":     `$(WEB_TEST) --test-concurrency=$(PARALLEL) 'web/e2e/**/*.test.{mjs,js,ts}'`,
		"test-suspend": `HOLDFAST_MODULE=$(CURDIR)/$(OUT)/holdfast.checked.wasm ENGINES=chromium $(WEB_TEST) --test-concurrency=$(PARALLEL) $(SUSPEND_TESTS)`,
		"test-apps":    `$(APPS_TEST) 'web/e2e/*.apps.mjs'`,
		"soak-web":     `$(WEB_TEST) --test-concurrency=1 'web/e2e/**/*.soak.{mjs,js,ts}'`,
	}
)

const (
	builtPackages = `./edge/e2e/... ./wasm/native/e2e`
	goPackages    = `GO_PACKAGES = $$(go list ./wasm/native ./... | grep -v /e2e)`
	soakNames     = `SOAK := ^TestSoak`
)

// target returns what a target of the Makefile runs.
func target(makefile, name string) string {
	_, rest, _ := strings.Cut(makefile, "\n"+name+":")
	body, _, _ := strings.Cut(rest, "\n\n")
	return body
}

var (
	goTest   = regexp.MustCompile(`(?m)^func (Test\w*)\(\w+ \*testing\.T\)`)
	nodeTest = regexp.MustCompile(`from "node:test"`)
)

// outcast says why a file's tests would be run by nobody, "" when they are. named is what
// the Go tests beside it mention.
func outcast(name, src string, named func(file string) bool) string {
	dir, base := path.Dir(name), path.Base(name)
	switch {
	case strings.HasSuffix(base, "_test.go"):
		built := strings.Contains(name, "/e2e")
		ours := within(dir, "edge/e2e") || dir == "wasm/native/e2e"
		if built && !ours && goTest.MatchString(src) {
			return "its tests are in no package that make test-edge names"
		}
		for _, m := range goTest.FindAllStringSubmatch(src, -1) {
			if strings.HasPrefix(m[1], "TestSoak") && !ours {
				return m[1] + " is a soak test where make soak does not look"
			}
		}
	case nodeTest.MatchString(src) && within(dir, "web/e2e"):
		if !strings.Contains(base, ".test.") && !strings.Contains(base, ".soak.") && !strings.Contains(base, ".bench.") && (!strings.HasSuffix(base, ".apps.mjs") || dir != "web/e2e") {
			return "it has tests, and none of the names *.test.mjs, *.apps.mjs and *.soak.mjs"
		}
	case nodeTest.MatchString(src) && !named(base):
		return "no Go test beside it runs it"
	}
	return ""
}

// No test falls between make test and make soak.
func TestEveryTestIsRun(t *testing.T) {
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	makefile := string(text)
	for _, line := range []string{goPackages, soakNames} {
		if !strings.Contains(makefile, "\n"+line+"\n") {
			t.Errorf("the Makefile lacks the line %q", line)
		}
	}
	for name, command := range commands {
		if !strings.Contains(target(makefile, name), "@"+command+"\n") && !strings.HasSuffix(target(makefile, name), "@"+command) {
			t.Errorf("make %s does not run %q", name, command)
		}
	}
	for whole, parts := range map[string][]string{"test": testTargets, "soak": soakTargets} {
		for _, part := range parts {
			if !regexp.MustCompile(`\$\(MAKE\)[^\n]* ` + part + `\b`).MatchString(target(makefile, whole)) {
				t.Errorf("make %s does not run make %s", whole, part)
			}
		}
	}
	root := os.DirFS("../..")
	eachSource(t, func(name string, src []byte) {
		if why := outcast(name, string(src), func(file string) bool {
			beside, _ := fs.Glob(root, path.Dir(name)+"/*_test.go")
			for _, one := range beside {
				if text, err := fs.ReadFile(root, one); err == nil && strings.Contains(string(text), `"`+file+`"`) {
					return true
				}
			}
			return false
		}); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	})
}

// TestEveryTestIsRunFires loses a test in every way there is.
func TestEveryTestIsRunFires(t *testing.T) {
	const goSource = "package x\n\nfunc TestSoakX(t *testing.T) {}\n"
	const nodeSource = `import { test } from "node:test";`
	for _, c := range []struct {
		name, src string
		lost      bool
	}{
		{"edge/e2e/a_test.go", goSource, false},
		{"wasm/native/e2e/a_test.go", goSource, false},
		{"edge/front/a_test.go", goSource, true},
		{"edge/front/a_test.go", "package x\n\nfunc TestX(t *testing.T) {}\n", false},
		{"shared/e2e/a_test.go", "package x\n\nfunc TestX(t *testing.T) {}\n", true},
		{"web/e2e/a.test.mjs", nodeSource, false},
		{"web/e2e/a.soak.mjs", nodeSource, false},
		{"web/e2e/a.apps.mjs", nodeSource, false},
		{"web/e2e/engines/a.apps.mjs", nodeSource, true},
		{"web/e2e/a.mjs", nodeSource, true},
		{"edge/e2e/run.test.mjs", nodeSource, false},
		{"edge/e2e/lost.test.mjs", nodeSource, true},
		{"edge/e2e/a.mjs", "", false},
	} {
		why := outcast(c.name, c.src, func(file string) bool { return file == "run.test.mjs" })
		if (why != "") != c.lost {
			t.Errorf("%s with %q: %q", c.name, c.src, why)
		}
	}
}
