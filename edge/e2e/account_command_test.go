//go:build !js

package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// command is `holdfast account` with these arguments, in a folder of its own.
func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	file, err := filepath.Abs("../cli/holdfast.mjs")
	check(err)
	c := exec.Command("node", append([]string{file, "account"}, args...)...)
	c.Dir = t.TempDir()
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "ADMIN_TOKEN=") {
			c.Env = append(c.Env, variable)
		}
	}
	return c
}

// account runs a command as the operator, and returns what it printed.
func (s *server) account(input string, args ...string) (printed string, worked bool) {
	s.T.Helper()
	c := command(s.T, append(args, "--url", s.URL)...)
	c.Env = append(c.Env, "ADMIN_TOKEN=olive:"+s.Operator+", other:x")
	c.Stdin = strings.NewReader(input)
	out, err := c.CombinedOutput()
	if bytes.Contains(out, []byte(s.Operator)) {
		s.T.Error("the operators' token is printed")
	}
	return string(out), err == nil
}

func found(t testing.TB, pattern, text string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no %s in:\n%s", pattern, text)
	}
	return match[1]
}

// TestTheAccountCommand is an operator's day, by the command alone.
func TestTheAccountCommand(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	must := func(input string, args ...string) string {
		t.Helper()
		out, worked := s.account(input, args...)
		if !worked {
			t.Fatalf("%v: %s", args, out)
		}
		return out
	}
	out := must("", "create", "First@Example.com", "--name", "The First", "--workspace", "ws_first", "--role", "owner")
	made := found(t, `password  (\S+)`, out)
	s.Shown("a password", made)
	if !strings.Contains(out, "role      owner in ws_first") || len(made) != 29 {
		t.Errorf("printed:\n%s", out)
	}
	id := found(t, `id        (usr_\S{22})`, out)
	s.must("PUT", "/v1/admin/documents/plan", `{"workspace_id":"ws_first","title":"Plan"}`)
	s.connect(dialling{document: "plan", clientID: "c", token: s.browser("first@example.com", made).token()}).op("m1", 1)

	if out := must(firstPassword+"\n", "create", "typed@example.com"); strings.Contains(out, firstPassword) || strings.Contains(out, "password") {
		t.Errorf("printed:\n%s", out)
	}
	s.browser("typed@example.com", firstPassword)

	out = must("", "invite", "second@example.com", "--page", "https://app.example/welcome", "--workspace", "ws_first")
	token := found(t, `https://app\.example/welcome#invitation=(\S{43})\n`, out)
	again := found(t, `token     (\S{43})`, must("", "invite", "second@example.com")) // the link was lost
	for text, want := range map[string]int{token: 401, again: 200} {
		if a := s.visit(visit{path: "/auth/invitation", body: map[string]string{"token": text, "password": firstPassword}}); a.status != want {
			t.Errorf("HTTP %d %v, want %d", a.status, a.body, want)
		}
	}
	reset := found(t, `token     (\S{43})`, must("", "reset", "second@example.com"))
	if a := s.visit(visit{path: "/auth/reset", body: map[string]string{"token": reset, "password": secondPassword}}); a.status != 200 {
		t.Errorf("HTTP %d %v", a.status, a.body)
	}
	must(firstPassword, "password", "second@example.com")
	in := s.browser("second@example.com", firstPassword)
	c := s.connect(dialling{document: "plan", clientID: "d", token: in.token()})
	if out := must("", "disable", "second@example.com"); !strings.Contains(out, "1 open channels") {
		t.Errorf("printed:\n%s", out)
	}
	c.gone()
	list := must("", "list")
	for _, line := range []string{id + `  active  first@example.com  "The First"`, `disabled  second@example.com  "second"`, `active  typed@example.com`} {
		if !strings.Contains(list, line) {
			t.Errorf("no %s in:\n%s", line, list)
		}
	}
	must("", "enable", "second@example.com")
	must("", "delete", "second@example.com", "--yes")

	for _, c := range []struct {
		input, says string
		args        []string
	}{
		{"", "Another account has this e-mail. [email_taken]", []string{"create", "first@example.com"}},
		{"short\n", "needs 15 characters or more. [password_too_short]", []string{"create", "third@example.com"}},
		{"", "(email)", []string{"create", "third"}},
		{"", "has a password already", []string{"invite", "first@example.com"}},
		{"", "there is no account of second@example.com", []string{"reset", "second@example.com"}},
		{"", "say --yes", []string{"delete", "first@example.com"}},
		{"", "holdfast account create|invite", []string{"create"}},
		{"", "holdfast account create|invite", []string{"toString", "x"}},
		{"", "holdfast account create|invite", []string{"create", "x@example.com", "a password that others can read"}},
		{"", "holdfast account create|invite", []string{"create", "x@example.com", "--password", "a password that others can read"}},
		{strings.Repeat("x", 5000), "too long", []string{"create", "x@example.com"}},
	} {
		out, worked := s.account(c.input, c.args...)
		if worked || !strings.Contains(out, c.says) || strings.Contains(out, "at run") {
			t.Errorf("%v: %v:\n%s", c.args, worked, out)
		}
	}
}

// A password that is typed is not shown.
func TestAPasswordIsTyped(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("script"); err != nil || runtime.GOOS != "linux" {
		t.Skip("there is no script(1) to make a terminal")
	}
	s := start(t, nil)
	c := command(t, "create", "typed@example.com", "--url", s.URL)
	quoted := "'" + strings.Join(c.Args, "' '") + "'"
	c.Path, c.Args = "/usr/bin/env", []string{"env", "script", "-qec", quoted, "/dev/null"}
	c.Env = append(c.Env, "ADMIN_TOKEN="+s.Operator)
	input, err := c.StdinPipe()
	check(err)
	output, err := c.StdoutPipe()
	check(err)
	check(c.Start())
	defer c.Process.Kill()
	var seen strings.Builder
	chunk := make([]byte, 256)
	for typed := false; ; {
		n, err := output.Read(chunk)
		seen.Write(chunk[:n])
		if !typed && strings.Contains(seen.String(), "one is made): ") {
			typed = true
			io.WriteString(input, "wrong\x15"+firstPassword+"x\x7f\r")
		}
		if err != nil {
			break
		}
	}
	if err := c.Wait(); err != nil || strings.Contains(seen.String(), "password of Ann") || !strings.Contains(seen.String(), "typed@example.com") {
		t.Errorf("%v:\n%s", err, seen.String())
	}
	s.browser("typed@example.com", firstPassword)
}

// The token goes to whom it is for, and to nobody who could read it on its way.
func TestWhereTheOperatorsTokenGoes(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	vars := "# secrets\nSIGNING_KEY='{}'\nADMIN_TOKEN=\"" + s.Operator + "\"\n"
	for what, c := range map[string]struct {
		env, file, url, says string
	}{
		"the file, here":            {"", vars, s.URL, "usr_owner"},
		"no file":                   {"", "", s.URL, "there is no ADMIN_TOKEN"},
		"the file, elsewhere":       {"", vars, "https://app.example", "set ADMIN_TOKEN in the environment"},
		"without encryption":        {"x", "", "http://app.example", "is not https"},
		"something else than a URL": {"x", "", "app.example", "is no URL"},
		"a wrong one":               {"x", "", s.URL, "does not take this ADMIN_TOKEN"},
		"nobody there":              {"x", "", "http://127.0.0.1:1", "does not answer"},
	} {
		run := command(t, "list", "--url", c.url)
		if c.file != "" {
			check(os.WriteFile(filepath.Join(run.Dir, ".dev.vars"), []byte(c.file), 0o600))
		}
		if c.env != "" {
			run.Env = append(run.Env, "ADMIN_TOKEN="+c.env)
		}
		if out, err := run.CombinedOutput(); !strings.Contains(string(out), c.says) || (err == nil) != (c.says == "usr_owner") {
			t.Errorf("%s: %v:\n%s", what, err, out)
		}
	}
	none := &server{Server: harness.Start(t, map[string]string{"EMBEDDED_ISSUER": "", "JWKS_URL": "https://issuer.example/jwks.json"})}
	if out, worked := none.account("", "list"); worked || !strings.Contains(out, "another issuer") {
		t.Errorf("%v:\n%s", worked, out)
	}
}
