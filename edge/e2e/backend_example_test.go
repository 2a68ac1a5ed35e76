//go:build !js

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exampleIn is the first program of a language in BACKEND.md that has a text in it.
func exampleIn(t *testing.T, language, has string) string {
	t.Helper()
	page, err := os.ReadFile("../BACKEND.md")
	check(err)
	for _, block := range strings.Split(string(page), "```"+language+"\n")[1:] {
		if program, _, _ := strings.Cut(block, "```"); strings.Contains(program, has) {
			return program
		}
	}
	t.Fatalf("BACKEND.md has no example in %s with %s", language, has)
	return ""
}

// TestTheBackendExamples runs the two programs of the page, word for word: each follows a document,
// and answers what it is asked, once, through a restore too.
func TestTheBackendExamples(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T) *exec.Cmd{
		"Go": func(t *testing.T) *exec.Cmd {
			dir := t.TempDir()
			source, program := filepath.Join(dir, "follow.go"), filepath.Join(dir, "follow")
			check(os.WriteFile(source, []byte(exampleIn(t, "go", "/operations")), 0o644))
			if said, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			return exec.Command(program)
		},
		"JavaScript": func(t *testing.T) *exec.Cmd {
			program := filepath.Join(t.TempDir(), "follow.mjs")
			check(os.WriteFile(program, []byte(exampleIn(t, "js", "/operations")), 0o644))
			return exec.Command("node", program)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, nil)
			key, _ := s.documentKey(`{"name":"answers","documents":["welcome"],"scopes":["read","write"]}`)
			command := run(t)
			command.Env = append(os.Environ(), "SERVER="+s.URL, "KEY="+key, "DOCUMENT=welcome")
			command.Stderr = os.Stderr
			owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
			asked := owner.op("m1", map[string]any{"ask": true})
			check(command.Start())
			t.Cleanup(func() {
				command.Process.Kill()
				command.Wait()
			})
			if f := owner.expect("operation", "op"); at(f.Data, "op", "answer") != float64(asked) || f.Data["client_id"] != "answers" {
				t.Fatalf("received %+v", f)
			}
			owner.op("m2", "nothing asked")
			asked = owner.op("m3", map[string]any{"ask": true})
			if f := owner.expect("operation", "op"); at(f.Data, "op", "answer") != float64(asked) {
				t.Fatalf("received %+v", f)
			}
			owner.quiet()
		})
	}
}
