package front

import "testing"

// Faults found when the apps were looked over. Each test fails until its fault is mended.

// All users' apps of one package come from one address: the app's server. When their lines
// drop together, as at a deploy, they all come back within the 5 s of grace. The limit of
// an address, which is for strangers, turns most of them away, good key or not, and their
// users' apps stop.
func TestReviewAnAppServerHasOneAddress(t *testing.T) {
	w := appWorker(t)
	refused := 0
	for range 1000 {
		if end := w.run(upgrade(appLine+"?session_id="+appReference, "authorization", "Bearer "+appKeyOne, AddressHeader, "203.0.113.7")); end["do"] != "socket" {
			refused++
		}
	}
	if refused > 0 {
		t.Errorf("of 1,000 users' apps that come back at once with a good key, %d are turned away", refused)
	}
}
