package front

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
)

// Faults that the apps had once, each as it came about.

// All users' apps of one package come from one address: the app's server. When their connections
// drop together, as at a deploy, they all come back within the 5 s of grace. The limit of
// an address, which is for strangers, turns most of them away, good key or not, and their
// users' apps stop.
func TestAppsAnAppServerHasOneAddress(t *testing.T) {
	w := appWorker(t)
	refused := 0
	for range 1000 {
		if end := w.run(upgrade(appLine+"?session_id="+appReference, "authorization", "Bearer "+appKeyOne, access.AddressHeader, "203.0.113.7")); end["do"] != "socket" {
			refused++
		}
	}
	if refused > 0 {
		t.Errorf("of 1,000 users' apps that come back at once with a good key, %d are rejected", refused)
	}
}

// Whoever tries keys from an address is rejected after as many as anybody may connect.
func TestAppsKeysAreNotGuessed(t *testing.T) {
	w := appWorker(t)
	looked := 0
	for n := range 1000 {
		key := fmt.Sprintf("hfa_%016x_%s", n, strings.Repeat("x", 43))
		end := w.run(upgrade(appLine+"?session_id="+appReference, "authorization", "Bearer "+key, access.AddressHeader, "203.0.113.7"))
		if end["status"] == 401.0 {
			looked++
		} else if end["status"] != 429.0 {
			t.Fatalf("%v", end)
		}
	}
	if looked > vars.ConnectsPerIPBurst.Int("") {
		t.Errorf("%d keys were looked up", looked)
	}
}
