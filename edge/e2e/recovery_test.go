//go:build !js

package e2e

import (
	"testing"
	"time"
)

// TestRecoveryWhereThePlatformHasIt: what the object's shell asks of the platform's storage.
func TestRecoveryWhereThePlatformHasIt(t *testing.T) { nodeTest(t, "recovery.test.mjs") }

// TestRecoveryWhereThePlatformHasNone: workerd on a laptop is asked, and the call says that it
// cannot; nothing has happened to the document or to who is connected.
func TestRecoveryWhereThePlatformHasNone(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := s.connect(dialling{document: "welcome", clientID: "c", token: s.Login("owner")})
	c.op("m1", 1)
	for _, body := range []string{
		`{"at":"` + time.Now().Add(-time.Second).UTC().Format(time.RFC3339Nano) + `","reason":"operator_error"}`,
		`{"bookmark":"0000007b-0000b26e-00001538-0c3e87bb37b3db5cc52eedb93cd3b96b"}`,
	} {
		status, answer := s.admin("POST", "/v1/admin/documents/welcome/recover", body)
		if status != 501 || at(answer, "data", "details", "reason") != "recovery_unsupported" {
			t.Errorf("%s: %d %v", body, status, answer)
		}
	}
	if status, answer := s.admin("POST", "/v1/admin/documents/none/recover", `{"at":"2026-01-01T00:00:00Z"}`); status != 404 {
		t.Errorf("%d %v", status, answer)
	}
	c.op("m2", 2)
}
