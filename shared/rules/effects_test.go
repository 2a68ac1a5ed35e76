package rules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// carrying is which effects the cores have, and which of them a shell carries out. An effect
// is a type with the method isEffect, or IsEffect where another package's core has it too, in
// a package under shared, as session.Record; it is carried out where a shell, under edge or
// wasm, has a case for it, by its own name or by another package's for it. A switch of an object's
// shell over effects ends in a default, so that one nobody knows fails its event.
type carrying struct {
	effects, cases map[string]bool
	names          map[string]string // of a type, by a package's other name for it
	open           []string          // switches without a default
}

func newCarrying() *carrying {
	return &carrying{effects: map[string]bool{}, cases: map[string]bool{}, names: map[string]string{}}
}

func (c *carrying) read(name string, src []byte) {
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
		return
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, src, parser.SkipObjectResolution)
	if err != nil {
		return // TestTree says so
	}
	switch dir := path.Dir(name); {
	case within(dir, "shared"):
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				c.alias(path.Base(dir), g)
			}
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Name.Name != "isEffect" && f.Name.Name != "IsEffect" || f.Recv == nil {
				continue
			}
			of := f.Recv.List[0].Type
			if p, ok := of.(*ast.StarExpr); ok {
				of = p.X
			}
			c.effects[path.Base(dir)+"."+of.(*ast.Ident).Name] = true
		}
	case within(dir, "edge"), within(dir, "wasm"):
		cores := map[string]string{} // what the file calls a package, and what it is called
		for _, spec := range file.Imports {
			if p, _ := strconv.Unquote(spec.Path.Value); strings.HasPrefix(p, module+"shared/") {
				as := path.Base(p)
				if spec.Name != nil {
					as = spec.Name.Name
				}
				cores[as] = path.Base(p)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSwitchStmt)
			if !ok {
				return true
			}
			var names []string
			ends := false
			for _, stmt := range s.Body.List {
				list := stmt.(*ast.CaseClause).List
				ends = ends || list == nil
				for _, e := range list {
					if sel, ok := e.(*ast.SelectorExpr); ok {
						if x, ok := sel.X.(*ast.Ident); ok && cores[x.Name] != "" {
							names = append(names, cores[x.Name]+"."+sel.Sel.Name)
						}
					}
				}
			}
			for _, name := range names {
				c.cases[name] = true
			}
			if !ends && len(names) > 0 && within(dir, "edge/object") {
				c.open = append(c.open, files.Position(s.Pos()).String()+" "+names[0])
			}
			return true
		})
	}
}

// alias reads which types of other packages a package has names of its own for.
func (c *carrying) alias(pkg string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok || !t.Assign.IsValid() {
			continue
		}
		if sel, ok := t.Type.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				c.names[pkg+"."+t.Name.Name] = x.Name + "." + sel.Sel.Name
			}
		}
	}
}

// broken says what nobody carries out, and what would be lost in silence.
func (c *carrying) broken() (list []string) {
	for name := range maps.Clone(c.cases) {
		c.cases[c.names[name]] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.effects)) {
		if !c.cases[name] {
			list = append(list, name+" is an effect that no shell carries out")
		}
	}
	for _, where := range c.open {
		at, first, _ := strings.Cut(where, " ")
		if c.effects[first] || c.effects[c.names[first]] {
			list = append(list, at+": a switch over effects without a default loses one that it does not know")
		}
	}
	return list
}

// TestEffectsAreCarriedOut holds the shells to every effect that there is.
func TestEffectsAreCarriedOut(t *testing.T) {
	c := newCarrying()
	eachSource(t, c.read)
	for _, broken := range c.broken() {
		t.Error(broken)
	}
	if len(c.effects) < 80 {
		t.Errorf("only %d effects found", len(c.effects))
	}
	// One of each kind of core: the server's, a client's own, and what clients have in common.
	for _, name := range []string{"document.Append", "client.Emit", "nativeclient.Gap", "clientconn.Dial"} {
		if !c.effects[name] {
			t.Errorf("%s is not taken for an effect", name)
		}
	}
}

// TestEffectsRuleFires loses an effect in each way, and keeps one in each.
func TestEffectsRuleFires(t *testing.T) {
	core := `package document
		type Append struct{}
		func (Append) isEffect() {}
		type Told struct{}
		func (Told) isEvent() {}`
	shared := `package clientconn
		type Dial struct{}
		func (Dial) IsEffect() {}`
	named := `package client
		import "` + module + `shared/clientconn"
		type Dial = clientconn.Dial`
	shell := func(cases string) string {
		return `package object
			import d "` + module + `shared/document"
			func (o *object) carryOut(e d.Effect) { switch e := e.(type) {` + cases + `} }`
	}
	other := func(cases string) string {
		return strings.ReplaceAll(shell(cases), "shared/document", "shared/client")
	}
	all := newCarrying()
	all.read("shared/clientconn/event.go", []byte(shared))
	all.read("shared/client/event.go", []byte(named))
	if got := strings.Join(all.broken(), "\n"); got != "clientconn.Dial is an effect that no shell carries out" {
		t.Errorf("what clients have in common: %q", got)
	}
	all.read("wasm/agent/page.go", []byte(other("case d.Dial:")))
	if got := all.broken(); len(got) > 0 {
		t.Errorf("by another name: %q", got)
	}
	for _, c := range []struct{ dir, src, want string }{
		{"edge/object", shell("case d.Append:\ndefault:"), ""},
		{"wasm/agent", shell("case d.Append:"), ""},
		{"edge/object", shell("case d.Append:"), "without a default"},
		{"edge/object", shell("case d.Other:\ndefault:"), "document.Append is an effect that no shell carries out"},
		{"edge/object", shell("case d.Append:\ndefault:") + "\nfunc f(e any) { switch e.(type) { case d.Told: } }", ""},
		{"shared/sim", shell("case d.Append:\ndefault:"), "no shell"},
	} {
		all := newCarrying()
		all.read("shared/document/event.go", []byte(core))
		all.read(c.dir+"/effect.go", []byte(c.src))
		got := strings.Join(all.broken(), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.dir, c.src, got, c.want)
		}
	}
}
