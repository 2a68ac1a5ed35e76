//go:build !js

// Package cli_test runs the tests of the package's commands, which are in JavaScript as the
// commands are.
package cli_test

import (
	"os/exec"
	"testing"
)

func TestSecrets(t *testing.T) { nodeTest(t, "secrets.test.mjs") }

func TestCheck(t *testing.T) { nodeTest(t, "check.test.mjs") }

func nodeTest(t *testing.T, file string) {
	t.Parallel()
	if out, err := exec.Command("node", "--test", "--test-timeout=180000", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
