//go:build !js

package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheReferencesCalls: the operators' calls that the references show work, word for word but for the address.
func TestTheReferencesCalls(t *testing.T) {
	t.Parallel()
	var calls [][]string
	for _, page := range []string{"../APPS.md", "../OPERATING.md"} {
		text, err := os.ReadFile(page)
		check(err)
		found := regexp.MustCompile(`(?s)curl -X (\S+) (.*?) http://127\.0\.0\.1:8787(\S+)\n`).FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s calls nothing", page)
		}
		calls = append(calls, found...)
	}
	s := start(t, nil)
	for _, call := range calls {
		method, options, path := call[1], call[2], call[3]
		header := map[string]string{}
		for _, h := range regexp.MustCompile(`-H (?:"([^"]*)"|'([^']*)')`).FindAllStringSubmatch(options, -1) {
			name, value, _ := strings.Cut(h[1]+h[2], ": ")
			header[name] = strings.ReplaceAll(value, "$ADMIN_TOKEN", secrets["ADMIN_TOKEN"])
		}
		body := regexp.MustCompile(`-d '([^']*)'`).FindStringSubmatch(options)
		if body == nil {
			body = []string{"", ""}
		}
		if status, answer, _ := s.Request(method, path, body[1], header); status/100 != 2 {
			t.Errorf("%s %s %s: HTTP %d %s", method, path, body[1], status, answer)
		}
	}
}
