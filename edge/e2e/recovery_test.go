//go:build !js

package e2e

import (
	"fmt"
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

// TestRecoveryOnAPlatformThatHasIt: the object starts anew on the storage of then, in another term,
// whoever was connected. Who has what the log has no more is told so, who has not goes on, and
// what is written then is the same for both.
//
// Holds: "a client that knows a log which is not the server's learns of it".
func TestRecoveryOnAPlatformThatHasIt(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PLAYED_RECOVERY": "1"})
	recover := func(bookmark string) (int, any) {
		status, answer := s.admin("POST", "/v1/admin/documents/welcome/recover", `{"bookmark":"`+bookmark+`","reason":"operator_error"}`)
		return status, answer
	}
	ann := s.connect(dialling{document: "welcome", clientID: "ann", token: s.Login("owner")})
	ben := s.connect(dialling{document: "welcome", clientID: "ben", token: s.Login("editor")})
	for n := range 3 {
		ann.op(fmt.Sprint("m", n), n)
	}
	ben.receivedOps(3)
	if status, answer := recover("keep"); status != 400 || at(answer, "data", "details", "reason") != "no_such_point" {
		t.Fatalf("%d %v", status, answer)
	}
	ben.tcp.Close() // away with 3
	ann.op("m3", 3)
	ann.op("m4", 4)
	status, answer := recover("kept")
	if status != 200 || at(answer, "recovery", "undo") != "undo" || at(answer, "restarting") != true {
		t.Fatalf("%d %v", status, answer)
	}
	if code := ann.expectClose(); code != 1011 {
		t.Errorf("closed with %d", code)
	}
	back := func(c *conn, user, id string, last int) *conn {
		t.Helper()
		d := dialling{document: "welcome", clientID: id, sessionID: c.ack.text("session_id"), lastSeq: last, position: c.ack.text("position"), token: s.Login(user)}
		deadline := time.Now().Add(time.Minute)
		for {
			again, _, err := d.dial(s) // while it starts anew, it takes nobody
			if err == nil {
				again.ack = again.expect("system", "connection_ack")
				return again
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	ann = back(ann, "owner", "ann", 5)
	gap := at(ann.ack.Data, "gap")
	if at(gap, "reason") != "rewound" || at(gap, "from") != 4.0 || at(gap, "to") != 5.0 || at(ann.ack.Data, "resumed") != false {
		t.Errorf("ann, who has 5, receives %v", ann.ack.Data)
	}
	ben = back(ben, "editor", "ben", 3)
	if at(ben.ack.Data, "gap") != nil || at(ben.ack.Data, "document_version") != 3.0 {
		t.Errorf("ben, who has 3, receives %v", ben.ack.Data)
	}
	if version := ann.op("m5", 5); version != 4 {
		t.Errorf("stored as %d", version)
	}
	if got := ben.receivedOps(4); len(got) != 1 {
		t.Errorf("ben receives %q", got)
	}
}
