//go:build !js

package e2e

import (
	"os/exec"
	"testing"
)

// What the Worker does for an app's socket while its key is looked up: see there.
func TestAppsDoorGuest(t *testing.T) {
	if out, err := exec.Command("node", "--test", "guest.test.mjs").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
