//go:build !wasm

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The host's operations are the constants here: the names, and their order, which is the
// numbers.
func TestTheHostKnowsEveryOperation(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "host.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var ours []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if name, isOp := strings.CutPrefix(spec.Names[0].Name, "op"); isOp {
				ours = append(ours, strings.ToLower(name[:1])+name[1:])
			}
		}
		return true
	})
	script, err := os.ReadFile("../worker/host.mjs")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(script), "\nconst operations = {\n")
	table, _, found := strings.Cut(table, "\n};\n")
	if !found {
		t.Fatal("there is no table of operations in host.mjs")
	}
	var theirs []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)(?:\(|: \()`).FindAllStringSubmatch(table, -1) {
		theirs = append(theirs, m[1])
	}
	if len(ours) == 0 || !slices.Equal(ours, theirs) {
		t.Errorf("Go knows the operations\n %v, and the host\n %v", ours, theirs)
	}
}
