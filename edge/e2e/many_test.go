//go:build !js

package e2e

import (
	"fmt"
	"testing"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// TestAllDocumentsOfAUserComeBackAfterADrop: one user has many documents open, behind one address.
// All connections drop, twice: each resumes at its first attempt, and the user can still write in
// each. Beyond the limit no further document opens, and open ones stay.
//
// Holds: "nobody floods by connecting".
func TestAllDocumentsOfAUserComeBackAfterADrop(t *testing.T) {
	t.Parallel()
	allComeBack(t, 50)
}

// The same with two hundred documents.
func TestSoakAllDocumentsOfAUserComeBackAfterADrop(t *testing.T) { allComeBack(t, 200) }

func allComeBack(t *testing.T, open int) {
	s := start(t, map[string]string{
		"CONNECTS_PER_USER_BURST": fmt.Sprint(open + 1), "CONNECTS_PER_USER_PER_MIN": "1", "CONNECTS_PER_IP_BURST": "5",
		"MAX_DOCUMENTS_PER_USER": fmt.Sprint(open),
	})
	s.d1(fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "+
		"INSERT INTO documents (id, workspace_id, title) SELECT 'many-' || i, 'ws_demo', 'One of many' FROM n", open))
	d := dialling{clientID: "laptop", token: s.Login("owner"), address: "203.0.113.7"}
	sessions, last := make([]dialling, open), 0
	lines := make([]*conn, open)
	for i := range open {
		d.document = fmt.Sprint("many-", i)
		lines[i] = s.connect(d)
		sessions[i] = d
		sessions[i].sessionID = lines[i].ack.text("session_id")
		limits, _ := lines[i].ack.Data["limits"].(map[string]any)
		last = int(limits["messages_per_second"].(float64))
		if i == 3 && last != 100 {
			t.Errorf("in the fourth document %d messages a second", last)
		}
	}
	if want := max(10, 400/open); last != want {
		t.Errorf("in the last of %d documents %d messages a second, want %d", open, last, want)
	}
	d.document = fmt.Sprint("many-", open)
	if _, response, err := d.dial(s); err == nil || response == nil || response.StatusCode != 429 {
		t.Errorf("one document more: %v", response)
	}
	for drop := range 2 {
		for _, c := range lines {
			c.tcp.Close()
		}
		for i := range open {
			c, response, err := sessions[i].dial(s)
			if err != nil {
				t.Fatalf("drop %d: document %d: %v (%v)", drop, i, err, response)
			}
			if c.ack = c.expect("system", "connection_ack"); c.ack.Data["resumed"] != true {
				t.Fatalf("drop %d: document %d is not resumed: %v", drop, i, c.ack.Data)
			}
			lines[i] = c
		}
	}
	for i, c := range lines {
		for n := range 3 {
			if v := c.op(fmt.Sprint("m", n), n); v != n+1 {
				t.Fatalf("op %d of document %d became version %d", n, i, v)
			}
		}
	}
}

// Power of the attacker: an app's good key, and users it has made up. No object is made
// for any of them.
func TestAppsInventedSessionsMakeNoObjects(t *testing.T) {
	t.Parallel()
	s := withApps(t, nil)
	for n := range 20 {
		session := protocol.AppSessionID(fmt.Sprint("nobody-", n), "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
		_, response, err := appDial{path: "/v1/ws/apps/" + captions + "?session_id=" + session, key: goodKey}.dial(s)
		if err == nil || response == nil || response.StatusCode != 410 {
			t.Fatalf("%v", response)
		}
		c := appDial{path: "/app-ws"}.open(s)
		c.send(firstWord(fmt.Sprintf(`{"session_id":%q,"package":%q,"api_key":%q}`, session, captions, goodKey)))
		if reason, code := c.turnedAway(false); reason != "app_not_started" || code != websocket.StatusCode(4411) {
			t.Fatalf("%s, %d", reason, code)
		}
		var answer struct{ Refused string }
		s.Do(map[string]string{"do": "evict", "class": "UserSession", "name": fmt.Sprint("nobody-", n), "attempt": "1"}, &answer)
		if answer.Refused == "" {
			t.Fatalf("an object was made of %d", n)
		}
	}
}
