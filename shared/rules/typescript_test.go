package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var word = regexp.MustCompile(`"(\w+)"`)

// union returns the words of a TypeScript union: what stands between before and the next
// semicolon.
func union(t *testing.T, src, before string) []string {
	t.Helper()
	_, rest, ok := strings.Cut(src, before)
	if !ok {
		t.Fatalf("there is no %q", before)
	}
	rest, _, _ = strings.Cut(rest, ";")
	return words(rest)
}

func words(src string) (all []string) {
	for _, m := range word.FindAllStringSubmatch(src, -1) {
		all = append(all, m[1])
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alike holds two lists against each other, whatever their order.
func alike(t *testing.T, what string, typescript, goes []string) {
	t.Helper()
	for _, w := range goes {
		if !slices.Contains(typescript, w) {
			t.Errorf("%s: %q of Go is not in TypeScript", what, w)
		}
	}
	for _, w := range typescript {
		if !slices.Contains(goes, w) {
			t.Errorf("%s: %q of TypeScript is not in Go", what, w)
		}
	}
	if len(goes) == 0 {
		t.Errorf("%s: nothing found", what)
	}
}

// The words that pages are typed with are those that Go has: web/src/errors.ts and
// web/src/events.ts lack none and know no other.
func TestTypesOfPages(t *testing.T) {
	errors, events := read(t, "web/src/errors.ts"), read(t, "web/src/events.ts")
	var codes, actions []string
	for _, r := range protocol.Table {
		codes = append(codes, string(r.Code))
		if a := string(r.Action); !slices.Contains(actions, a) {
			actions = append(actions, a)
		}
	}
	alike(t, "ProtocolCode", union(t, errors, "export type ProtocolCode ="), codes)
	alike(t, "Action", union(t, errors, "export type Action ="), actions)
	alike(t, "Permission", union(t, events, "export type Permission ="), permission.All.Names())
	for _, kind := range protocol.Catalogue {
		switch kind.Type {
		case protocol.TypeComment:
			alike(t, "CommentDetail", union(t, events, "export interface CommentDetail {\n  event:"), kind.Events)
		case protocol.TypePresence:
			alike(t, "PresenceDetail", union(t, events, "PresenceDetail<Data = unknown> {\n  state:"), kind.Events)
		}
	}

	// Of the events the client says some by a name that it has from elsewhere: each is a
	// word of its source.
	_, body, _ := strings.Cut(events, "export interface SessionEventMap")
	body, _, _ = strings.Cut(body, "\n}")
	var typed []string
	for _, m := range regexp.MustCompile(`(?m)^  (\w+): CustomEvent<`).FindAllStringSubmatch(body, -1) {
		typed = append(typed, m[1])
	}
	emitted, literals := clientWords(t)
	for _, m := range regexp.MustCompile(`#dispatch\("(\w+)"`).FindAllStringSubmatch(read(t, "web/src/session.ts"), -1) {
		emitted, literals = append(emitted, m[1]), append(literals, m[1])
	}
	if len(emitted) < 10 {
		t.Errorf("only %q are emitted: this test no longer finds them", emitted)
	}
	for _, w := range emitted { // "" is a change of properties alone
		if w != "" && !slices.Contains(typed, w) {
			t.Errorf("the client emits %q, which SessionEventMap lacks", w)
		}
	}
	for _, w := range typed {
		if !slices.Contains(literals, w) {
			t.Errorf("nothing emits %q, which is in SessionEventMap", w)
		}
	}
	// React's component looks at each of them.
	alike(t, "mount.ts", union(t, read(t, "web/src/mount.ts"), "const events: (keyof SessionEventMap)[] ="), typed)
}

// emits are the methods of the client that give an event its name.
var emits = regexp.MustCompile(`^(emit|emitHere|emitFailure|say|final|finalHere|publish)$`)

// clientWords are the names of events that shared/client emits, as far as they are written
// where they are emitted, and all its words.
func clientWords(t *testing.T) (emitted, literals []string) {
	t.Helper()
	files, err := filepath.Glob("../client/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					literals = append(literals, s)
				}
			case *ast.CallExpr:
				f, isMethod := n.Fun.(*ast.SelectorExpr)
				if !isMethod || !emits.MatchString(f.Sel.Name) || len(n.Args) == 0 {
					return true
				}
				if a, literal := n.Args[0].(*ast.BasicLit); literal && a.Kind == token.STRING {
					s, _ := strconv.Unquote(a.Value)
					emitted = append(emitted, s)
				}
			case *ast.Ident:
				literals = append(literals, constants[n.Name])
			}
			return true
		})
	}
	return emitted, literals
}

// constants are the words that the client has from the protocol.
var constants = map[string]string{"TypeOperation": protocol.TypeOperation, "TypeComment": protocol.TypeComment, "EventSnapshot": protocol.EventSnapshot}

// The module and its JavaScript tell from one number whether they are of one version.
func TestPageAndModuleSpeakAlike(t *testing.T) {
	version := regexp.MustCompile(`const hostVersion = (\d+)`)
	goes, typescript := version.FindStringSubmatch(read(t, "wasm/page_js.go")), version.FindStringSubmatch(read(t, "web/src/load.ts"))
	if goes == nil || typescript == nil || goes[1] != typescript[1] {
		t.Errorf("wasm/page_js.go has %q, web/src/load.ts %q", goes, typescript)
	}
}
