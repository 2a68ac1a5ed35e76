package rules_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/holdfast-dev/holdfast/"

// impure are imports that sources under shared must not have, packages below
// them included, and why.
var impure = map[string]string{
	"syscall/js":                 "shared runs natively, in the Worker and in the page alike",
	"net/http":                   "shared does no I/O, and net/http would be in every module",
	"os":                         "shared does no I/O: what it needs is in the event",
	"log":                        "shared does no I/O: what is worth a log line is an effect",
	"math/rand":                  "a run must repeat exactly: randomness comes in with the event",
	"github.com/hack-pad/safejs": "shared runs natively: only wasm/ talks to JavaScript",
	"github.com/syumai/workers":  "shared runs outside a Worker: only edge/ talks to it",
	"github.com/coder/websocket": "shared holds no socket: frames come in as events and leave as effects",
	module + "edge":              "shared decides, edge acts: it never looks back",
	module + "wasm":              "shared decides, wasm acts: it never looks back",
}

// clocks are the functions of package time that shared must not call, and why.
var clocks = map[string]string{
	"Now":       "shared has no clock: the time comes in with the event",
	"Since":     "it reads the clock",
	"Until":     "it reads the clock",
	"Sleep":     "shared never waits: a Deadline says when to come back",
	"After":     "shared starts no timer: a Deadline says when to come back",
	"AfterFunc": "shared starts no timer: a Deadline says when to come back",
	"Tick":      "shared starts no timer: a Deadline says when to come back",
	"NewTimer":  "a Go timer also keeps a Durable Object from hibernating",
	"NewTicker": "a Go timer also keeps a Durable Object from hibernating",
}

const whyNoGoroutine = "shared starts no goroutine: the object module has no scheduler, and order must repeat exactly"

// below is which packages of the project each package under shared may import, and those of
// edge that decide nothing and act on nothing: what the parts of a deployment say to each
// other, and who may ask, is read by modules that share nothing else.
// A new package has to say here where it stands.
var below = map[string][]string{
	"shared/jsonscan":    {},
	"shared/permission":  {},
	"shared/rules":       {},
	"shared/rate":        {},
	"shared/retention":   {},
	"shared/rows":        {},
	"shared/signin":      {},
	"shared/protocol":    {"shared/jsonscan"},
	"shared/serverconn":  {"shared/protocol", "shared/jsonscan", "shared/rate"},
	"shared/channel":     {"shared/serverconn", "shared/protocol"},
	"shared/delivery":    {"shared/backoff", "shared/jsonscan"},
	"shared/document":    {"shared/serverconn", "shared/channel", "shared/delivery", "shared/backoff", "shared/permission", "shared/protocol", "shared/jsonscan", "shared/rate", "shared/retention", "shared/rows", "shared/audit", "shared/signin"},
	"shared/session":     {"shared/backoff", "shared/permission", "shared/protocol", "shared/jsonscan", "shared/rate", "shared/rows", "shared/audit", "shared/signin"},
	"shared/signature":   {},
	"shared/sessionid":   {},
	"shared/app":         {"shared/serverconn", "shared/channel", "shared/protocol", "shared/rate", "shared/audit", "shared/jsonscan"},
	"shared/mentra":      {"shared/protocol", "shared/jsonscan"},
	"shared/device":      {"shared/session", "shared/serverconn", "shared/channel", "shared/protocol", "shared/audit", "shared/signin"},
	"shared/inbox":       {"shared/protocol", "shared/rows"},
	"shared/user":        {"shared/session", "shared/device", "shared/app", "shared/inbox", "shared/delivery", "shared/serverconn", "shared/protocol", "shared/audit", "shared/jsonscan"},
	"shared/audit":       {"shared/protocol", "shared/jsonscan"},
	"shared/token":       {"shared/protocol", "shared/jsonscan"},
	"shared/guest":       {"shared/token", "shared/protocol", "shared/jsonscan"},
	"shared/token/peek":  {"shared/protocol", "shared/jsonscan"},
	"shared/client":      {"shared/clientconn", "shared/backoff", "shared/token/renewal", "shared/token/peek", "shared/protocol", "shared/jsonscan"},
	"shared/sim":         {"shared/session", "shared/device", "shared/app", "shared/user", "shared/document", "shared/channel", "shared/protocol", "shared/audit"},
	"shared/sim/clock":   {},
	"shared/sim/random":  {},
	"shared/sim/network": {"shared/sim/clock"},
	"shared/sim/story":   {"shared/sim/clock"},

	"shared/backoff":       {},
	"shared/token/renewal": {"shared/token/peek", "shared/protocol"},
	"shared/clientconn":    {"shared/backoff", "shared/rate", "shared/token/renewal", "shared/token/peek", "shared/protocol"},
	"shared/scope":         {"shared/backoff", "shared/token/renewal", "shared/token/peek", "shared/protocol", "shared/jsonscan"},
	"shared/nativeclient":  {"shared/clientconn", "shared/protocol", "shared/jsonscan"},

	"edge/call":   {"shared/permission", "shared/protocol", "shared/jsonscan"},
	"edge/access": {"shared/signature", "shared/token", "shared/protocol"},
}

const whyBelow = "each package knows only what its own decision needs (the list is in shared/rules)"

// unused returns the grants of below that no source needs; used are the imports of each
// package's sources.
func unused(below, used map[string][]string) (broken []string) {
	for dir, granted := range below {
		for _, other := range granted {
			if !slices.Contains(used[dir], other) {
				broken = append(broken, dir+" may import "+other+" and does not: "+whyUnused)
			}
		}
	}
	slices.Sort(broken)
	return broken
}

const whyUnused = "a grant that nobody needs is one that nobody notices being used (the list is in shared/rules)"

// imports returns what of shared a source imports.
func imports(name string, src []byte) (all []string) {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
	if err != nil {
		return nil // inspect says so
	}
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if own, ok := strings.CutPrefix(path, module); ok {
			all = append(all, own)
		}
	}
	return all
}

// apart are trees that must not import each other.
var apart = map[string]struct{ other, why string }{
	"edge": {"wasm", "the two ends meet on the wire alone: what both need is shared"},
	"wasm": {"edge", "the two ends meet on the wire alone: what both need is shared"},
}

// harness runs the built Worker for the tests of either end.
const harness = "edge/e2e/harness"

// kits are what tests alone import, and why.
var kits = map[string]string{
	harness:        "it is of the test kit: it starts processes",
	"edge/openapi": "it is of the test kit: its library of JSON Schema is in no module",
	"shared/sim":   "it is of the test kit: it draws at random, and keeps storage in memory",
}

// ofKit returns the kit that a package is of, "" for none.
func ofKit(dir string) string {
	for kit := range kits {
		if within(dir, kit) {
			return kit
		}
	}
	return ""
}

const (
	golangJWT   = "github.com/golang-jwt/jwt"
	jwtHome     = "shared/token"
	whyJWT      = "it is the heaviest thing we depend on: one package checks claims with it, for the front Worker only"
	jsonSchema  = "github.com/santhosh-tekuri/jsonschema"
	schemaHome  = "edge/openapi"
	whySchema   = "tests hold answers against a description with it, and nothing that is shipped does"
	jsTag       = "//go:build js && wasm"
	whyJSTag    = "the name alone says js and nothing of wasm; the tag says both, where a reader looks"
	maxLines    = 400
	whyMaxLines = "a longer file holds more than one thought"
)

// stubs is how an object of a namespace is named.
var stubs = regexp.MustCompile(`\.(getByName|idFromName|idFromString|newUniqueId|jurisdiction)\(`)

const (
	stubsHome = "edge/worker/place.mjs"
	whyStubs  = "objectOf knows the jurisdiction, and in another one a name is another object"
)

// inspect returns what a file breaks. name is its path from the project's root.
func inspect(name string, src []byte) []string {
	var broken []string
	report := func(format string, args ...any) {
		broken = append(broken, name+": "+fmt.Sprintf(format, args...))
	}
	if n := strings.Count(string(src), "\n"); n > maxLines {
		report("%d lines, at most %d: %s", n, maxLines, whyMaxLines)
	}
	if within(name, "edge/worker") && name != stubsHome && stubs.Match(src) {
		report("it makes a stub: %s", whyStubs)
	}
	if !strings.HasSuffix(name, ".go") {
		return broken
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		report("does not parse: %v", err)
		return broken
	}
	if strings.HasSuffix(name, "_js.go") && !tagged(file) {
		report("lacks %q: %s", jsTag, whyJSTag)
	}
	dir := name[:max(strings.LastIndexByte(name, '/'), 0)]
	test := strings.HasSuffix(name, "_test.go")
	_, listed := below[dir]
	pure := !test && (within(dir, "shared") || listed)
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		at := files.Position(spec.Pos()).Line
		if kit := ofKit(strings.TrimPrefix(path, module)); kit != "" && !test && !within(dir, kit) {
			report("line %d imports %s: %s", at, path, kits[kit])
		}
		if why := ofTree(impure, path); pure && why != "" && !(within(dir, "shared/sim") && within(path, "math/rand")) {
			report("line %d imports %s: %s", at, path, why)
		}
		if within(path, golangJWT) && dir != jwtHome {
			report("line %d imports %s: %s", at, path, whyJWT)
		}
		if within(path, jsonSchema) && dir != schemaHome {
			report("line %d imports %s: %s", at, path, whySchema)
		}
		for tree, rule := range apart {
			if within(dir, tree) && within(path, module+rule.other) && !(test && path == module+harness) {
				report("line %d imports %s: %s", at, path, rule.why)
			}
		}
		if own, ok := strings.CutPrefix(path, module); pure && ok && within(own, "shared") && !slices.Contains(below[dir], own) {
			report("line %d imports %s: %s", at, path, whyBelow)
		}
	}
	if pure {
		if !listed {
			report("%s is not in the list of packages: %s", dir, whyBelow)
		}
		inspectCalls(file, func(pos token.Pos, what, why string) {
			report("line %d: %s: %s", files.Position(pos).Line, what, why)
		})
	}
	return broken
}

// inspectCalls finds clocks and goroutines. A mention is enough: a clock handed
// on as a value is a clock.
func inspectCalls(file *ast.File, report func(token.Pos, string, string)) {
	clock := ""
	for _, spec := range file.Imports {
		if spec.Path.Value == `"time"` {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
			if clock == "." {
				report(spec.Pos(), `import . "time"`, "it hides the clock from this test")
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n.Pos(), "go", whyNoGoroutine)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock && clocks[n.Sel.Name] != "" {
				report(n.Pos(), "time."+n.Sel.Name, clocks[n.Sel.Name])
			}
		}
		return true
	})
}

// tagged reports whether the file has the build tag of JavaScript before its
// package clause.
func tagged(file *ast.File) bool {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if comment.Pos() < file.Package && (comment.Text == jsTag || strings.HasPrefix(comment.Text, jsTag+" && ")) {
				return true
			}
		}
	}
	return false
}

// within reports whether path is tree or below it.
func within(path, tree string) bool { return path == tree || strings.HasPrefix(path, tree+"/") }

func ofTree(bans map[string]string, path string) string {
	for tree, why := range bans {
		if within(path, tree) {
			return why
		}
	}
	return ""
}
