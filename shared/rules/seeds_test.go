package rules_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the tests' names into shared/SEEDS.md and shared/GUARANTEES.md")

// A test says which sentences it proves in the comment above it, word for word:
//
//	S1: "No data is lost", "Everything continues seamlessly" and “"expires_in": 60”.
const quote = `"[^"]*"|“[^”]*”`

var (
	quotation = regexp.MustCompile(`\b(S[12]): ((?:` + quote + `)(?:(?:,|,? and) (?:` + quote + `))*)`)
	sentence  = regexp.MustCompile(quote)
)

// seeds are the tests that prove a sentence, by "S1 " or "S2 " and the sentence.
type seeds map[string][]string

// read takes the quotations of one file, whose form is quotation's, and returns those that
// no test stands under.
func (q seeds) read(name string, src []byte, quotation *regexp.Regexp) (stray []string) {
	file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil // TestTree says so
	}
	under := map[*ast.CommentGroup]string{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Doc != nil && strings.HasPrefix(f.Name.Name, "Test") {
			under[f.Doc] = path.Base(path.Dir(name)) + "." + f.Name.Name
		}
	}
	for _, group := range file.Comments {
		text := strings.Join(strings.Fields(group.Text()), " ")
		for _, found := range quotation.FindAllStringSubmatch(text, -1) {
			if under[group] == "" {
				stray = append(stray, found[0])
				continue
			}
			for _, s := range sentence.FindAllString(found[2], -1) {
				if strings.HasPrefix(s, `"`) {
					s = s[1 : len(s)-1]
				} else {
					s = strings.TrimSuffix(strings.TrimPrefix(s, "“"), "”")
				}
				key := found[1] + " " + s
				q[key] = append(q[key], under[group])
			}
		}
	}
	return stray
}

// fill writes the tests into the table's rows, and returns what is wrong with it.
func (q seeds) fill(table string) (filled string, broken []string) {
	rows, seed := map[string]bool{}, ""
	lines := strings.Split(table, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "## ") {
			seed, _, _ = strings.Cut(line[len("## "):], ":")
		}
		cells := cut(line)
		if len(cells) != 3 || cells[2] == "remark" || strings.HasPrefix(line, "| ---") {
			continue
		}
		key := seed + " " + strings.ReplaceAll(cells[0], `\|`, "|")
		if rows[key] {
			broken = append(broken, key+": stands twice")
		}
		rows[key] = true
		tests := slices.Clone(q[key])
		slices.Sort(tests)
		if len(tests) == 0 && cells[2] == "" {
			broken = append(broken, key+": no test quotes it, and the remark does not say why")
		}
		line = "| " + cells[0] + " | " + strings.Join(slices.Compact(tests), ", ") + " | " + cells[2] + " |"
		lines[i] = strings.ReplaceAll(line, "|  |", "| |")
	}
	for key, tests := range q {
		if !rows[key] {
			broken = append(broken, tests[0]+" quotes what is not in the table: "+key)
		}
	}
	slices.Sort(broken)
	return strings.Join(lines, "\n"), broken
}

// cut takes a row of a table apart; a bar within a cell has a backslash before it.
func cut(line string) (cells []string) {
	if !strings.HasPrefix(line, "| ") || !strings.HasSuffix(line, "|") {
		return nil
	}
	from := 1
	for i := 1; i < len(line); i++ {
		if line[i] == '|' && line[i-1] != '\\' {
			cells = append(cells, strings.TrimSpace(line[from:i]))
			from = i + 1
		}
	}
	return cells
}

// TestSeeds keeps shared/SEEDS.md alike with the tests: every sentence of the
// seeds has a test that quotes it or a remark, and every quotation its sentence.
func TestSeeds(t *testing.T) {
	const name = "../SEEDS.md"
	table, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	proofs := seeds{}
	eachSource(t, func(name string, src []byte) {
		if strings.HasSuffix(name, "_test.go") && path.Dir(name) != "shared/rules" {
			for _, stray := range proofs.read(name, src, quotation) {
				t.Errorf("%s: no test stands under %s", name, stray)
			}
		}
	})
	filled, broken := proofs.fill(string(table))
	for _, b := range broken {
		t.Error(b)
	}
	switch {
	case filled == string(table):
	case *rewrite:
		if err := os.WriteFile(name, []byte(filled), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("shared/SEEDS.md differs from the tests; run: go test ./shared/rules -run Seeds -rewrite")
	}
}

// TestSeedsRulesFire breaks the table in every way there is.
func TestSeedsRulesFire(t *testing.T) {
	const head = "## S1: x\n\n| the seed says | tests | remark |\n| --- | --- | --- |\n"
	for _, c := range []struct{ comment, rows, want, broken string }{
		{`S1: "a b"`, "| a b | | |\n", "| a b | x.TestX | |\n", ""},
		{`why. S1: "a", "b" and “"c": 1”, "d".`, "| a | | |\n| b | | |\n| \"c\": 1 | | r |\n| d | | |\n", "x.TestX | r |", ""},
		{`S1: "a \| b"`, "| a \\| b | | |\n", "", "not in the table"},
		{`S1: "a | b"`, "| a \\| b | old.TestY | |\n", "| a \\| b | x.TestX | |\n", ""},
		{`S1: "a"`, "| a | | |\n| b | | not yet |\n", "| b | | not yet |\n", ""},
		{`S1: "a"`, "| a | | |\n| b | | |\n", "", "no test quotes it"},
		{`S1: "a"`, "| a | | |\n| a | | |\n", "", "stands twice"},
		{`S2: "a"`, "| a | | r |\n", "", "not in the table"},
		{`S1: "A"`, "| a | | r |\n", "", "not in the table"},
	} {
		proofs := seeds{}
		if stray := proofs.read("shared/x/x_test.go", []byte("package x\n\n// "+c.comment+"\nfunc TestX() {}\n"), quotation); stray != nil {
			t.Errorf("%s: stray %q", c.comment, stray)
		}
		filled, broken := proofs.fill(head + c.rows)
		if got := strings.Join(broken, "\n"); (c.broken == "") != (got == "") || !strings.Contains(got, c.broken) {
			t.Errorf("%s over %q: %q, want %q", c.comment, c.rows, got, c.broken)
		}
		if !strings.Contains(filled, c.want) {
			t.Errorf("%s over %q: filled as %q", c.comment, c.rows, filled)
		}
	}
	if stray := (seeds{}).read("shared/x/x_test.go", []byte("package x\n\n// S1: \"a\"\nfunc helpsX() {}\n"), quotation); len(stray) != 1 {
		t.Errorf("a quotation above no test: %q", stray)
	}
}
