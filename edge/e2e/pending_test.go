//go:build !js

package e2e

import (
	"os/exec"
	"testing"
)

// TestPendingSocket: what the Worker does for an app's socket while its key is looked up.
func TestPendingSocket(t *testing.T) {
	t.Parallel()
	nodeTest(t, "pending.test.mjs")
}

// TestLimitsClockStandsStill: what time it is for an object whose clock stands still.
func TestLimitsClockStandsStill(t *testing.T) { nodeTest(t, "clock.test.mjs") }

func nodeTest(t *testing.T, file string) {
	if out, err := exec.Command("node", "--test", file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
