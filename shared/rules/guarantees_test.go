package rules_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A test says which promises of shared/GUARANTEES.md it proves in the comment above it, word
// for word, as it does with the sentences of the seeds:
//
//	Holds: "a long log comes in parts".
var promised = regexp.MustCompile(`\b(Holds): ((?:` + quote + `)(?:(?:,|,? and) (?:` + quote + `))*)`)

var variable = regexp.MustCompile("`([A-Z][A-Z0-9_]+)`")

// fillPromises writes the tests into the table's rows, and returns what is wrong with it.
// known is whether a variable is one.
func fillPromises(proofs seeds, known func(name string) bool, table string) (filled string, broken []string) {
	rows := map[string]bool{}
	lines := strings.Split(table, "\n")
	for i, line := range lines {
		cells := cut(line)
		if len(cells) != 4 || cells[0] == "promise" || strings.HasPrefix(line, "| ---") {
			continue
		}
		key := "Holds " + cells[0]
		if rows[key] {
			broken = append(broken, cells[0]+": stands twice")
		}
		rows[key] = true
		tests := slices.Clone(proofs[key])
		slices.Sort(tests)
		if len(tests) == 0 {
			broken = append(broken, cells[0]+": no test quotes it")
		}
		if cells[1] == "" {
			broken = append(broken, cells[0]+": nothing says how far it goes")
		}
		for _, m := range variable.FindAllStringSubmatch(cells[2], -1) {
			if !known(m[1]) {
				broken = append(broken, cells[0]+": there is no variable "+m[1])
			}
		}
		line = "| " + cells[0] + " | " + cells[1] + " | " + cells[2] + " | " + strings.Join(slices.Compact(tests), ", ") + " |"
		lines[i] = strings.ReplaceAll(line, "|  |", "| |")
	}
	for key, tests := range proofs {
		if !rows[key] {
			broken = append(broken, tests[0]+" quotes what is not in the table: "+key)
		}
	}
	slices.Sort(broken)
	return strings.Join(lines, "\n"), broken
}

// TestGuarantees keeps shared/GUARANTEES.md alike with the tests: every promise has a test
// that quotes it, and variables that there are.
func TestGuarantees(t *testing.T) {
	const name = "../GUARANTEES.md"
	table, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	proofs, variables := seeds{}, map[string]bool{}
	eachSource(t, func(name string, src []byte) {
		switch {
		case path.Dir(name) == "shared/rules":
		case strings.HasSuffix(name, "_test.go"):
			for _, stray := range proofs.read(name, src, promised) {
				t.Errorf("%s: no test stands under %s", name, stray)
			}
		case name == "edge/vars/list.go":
			for _, m := range regexp.MustCompile(`= "([A-Z][A-Z0-9_]+)[ "]`).FindAllSubmatch(src, -1) {
				variables[string(m[1])] = true
			}
		}
	})
	known := func(name string) bool { return variables[name] }
	filled, broken := fillPromises(proofs, known, string(table))
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
		t.Error("shared/GUARANTEES.md differs from the tests; run: go test ./shared/rules -run Guarantees -rewrite")
	}
}

// TestGuaranteesRulesFire breaks the table in every way there is.
func TestGuaranteesRulesFire(t *testing.T) {
	for _, c := range []struct{ comment, rows, want, broken string }{
		{`Holds: "a b".`, "| a b | 3 | `GOOD` | |\n", "| a b | 3 | `GOOD` | x.TestX |", ""},
		{`Holds: "a", "b".`, "| a | 3 | | old.TestY |\n| b | 4 | | |\n", "| b | 4 | | x.TestX |", ""},
		{`Holds: "a".`, "| a | 3 | `BAD_ONE` | |\n", "", "no variable BAD_ONE"},
		{`Holds: "a".`, "| a | | | |\n", "", "how far"},
		{`Holds: "a".`, "| a | 3 | | |\n| b | 4 | | x.TestX |\n", "", "b: no test quotes it"},
		{`Holds: "a".`, "| a | 3 | | |\n| a | 3 | | |\n", "", "stands twice"},
		{`Holds: "b".`, "| a | 3 | | |\n", "", "not in the table"},
	} {
		proofs := seeds{}
		proofs.read("shared/x/x_test.go", []byte("package x\n\n// "+c.comment+"\nfunc TestX() {}\n"), promised)
		filled, broken := fillPromises(proofs, func(name string) bool { return name == "GOOD" }, "| promise | bound | set by | tests |\n"+c.rows)
		if got := strings.Join(broken, "\n"); (c.broken == "") != (got == "") || !strings.Contains(got, c.broken) {
			t.Errorf("%s over %q: %q, want %q", c.comment, c.rows, got, c.broken)
		}
		if !strings.Contains(filled, c.want) {
			t.Errorf("%s over %q: filled as %q", c.comment, c.rows, filled)
		}
	}
}
