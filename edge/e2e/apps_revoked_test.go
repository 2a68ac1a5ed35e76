//go:build !js

package e2e

import (
	"slices"
	"testing"
)

// TestARevokedKeyNotifiesSessions: the session of a connection that a revoked key admitted is
// notified, and the row is removed once the session has acknowledged it.
func TestARevokedKeyNotifiesSessions(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.must("PUT", appOne, appBody)
	id, _ := s.must("POST", appOne+"/keys", ``)["key_id"].(string)
	for _, path := range []string{appOne + "/keys/" + id, appOne} {
		s.d1("INSERT INTO app_sessions (session_id, package, user_id, key_id, connected_at) VALUES" +
			" ('s1', 'com.example.one', 'usr_owner', '" + id + "', 0), ('s2', 'com.example.one', 'usr_viewer', '" + id + "', 0), ('s3', 'com.example.two', 'usr_owner', 'other', 0)")
		// Nothing is connected, so nothing is closed.
		if answer := s.must("DELETE", path, ``); len(texts(at(answer, "receipt", "closed"))) != 0 {
			t.Errorf("%s: %v", path, answer)
		}
		var left []string
		for _, row := range s.d1("DELETE FROM app_sessions RETURNING session_id") {
			left = append(left, row["session_id"].(string))
		}
		if !slices.Equal(left, []string{"s3"}) {
			t.Errorf("%s: left are %v", path, left)
		}
	}
}
