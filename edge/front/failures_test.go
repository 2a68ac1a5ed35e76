package front

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/access"
)

// Power of the attacker: no token and no key, one address. What a stranger can bring about
// at will counts against the address, also where we call it our own failure: a key that
// nobody has published, a server without keys, and one without a secret for apps.
func TestAStrangersFailuresCount(t *testing.T) {
	few := map[string]string{"CONNECTS_PER_IP_PER_MIN": "6", "CONNECTS_PER_IP_BURST": "3"}
	invented := sign(`{"alg":"RS256","kid":"invented"}`, good)
	for name, c := range map[string]struct {
		env   map[string]string
		url   string
		known bool
	}{
		"an invented key":       {fetching(), line + "?client_id=c&token=" + invented, true},
		"no key set to be had":  {fetching(), line + "?client_id=c&token=" + invented, false},
		"apps are not possible": {with(embedded(), "APP_SESSION_SECRET", "-"), appHost + "/app-ws", true},
	} {
		maps.Copy(c.env, few)
		w := newWorker(t, c.env)
		w.fetch = func(string) map[string]any {
			if c.known {
				return map[string]any{"status": 200, "body": `{"keys":[` + jwk("k1") + `]}`}
			}
			return map[string]any{"status": 503, "body": ""}
		}
		refused := 0
		for range 20 {
			end, _ := json.Marshal(w.run(upgrade(c.url, access.AddressHeader, "203.0.113.7")))
			if strings.Contains(string(end), "too_many_connects") {
				refused++
			}
		}
		if refused != 17 {
			t.Errorf("%s: %d of 20 attempts are over the limit of 3, want 17", name, refused)
		}
	}
}
