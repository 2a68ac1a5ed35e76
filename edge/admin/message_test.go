package admin

import (
	"fmt"
	"strings"
	"testing"
)

const messageAnswer = `{"message":{"message_id":"m1","at":"2026-11-21T14:02:00Z","kept":true,"until":"2026-11-22T14:02:00Z","connections":2,"unreached":0,"dropped":0,"repeated":false}}`

func TestMessages(t *testing.T) {
	w := newWorld(t)
	w.answers["message"] = messageAnswer
	const path = "/v1/admin/users/ann/messages"
	for body, asked := range map[string]string{
		`{"data":{"x":[1,null]},"message_id":"m1"}`: `SESSIONS/ann {"kind":"message","id":"m1","data":{"x":[1,null]}}`,
		`{"data":null,"message_id":"ö","ttl_s":0}`:  `SESSIONS/ann {"kind":"message","id":"ö","data":null,"ttl_ms":0}`,
		`{"data":1,"ttl_s":2592000}`:                `SESSIONS/ann {"kind":"message","id":"msg_`,
	} {
		if a := w.ask("POST", path, body); a.status != 200 || a.text != messageAnswer {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect(asked)
	}
	ids := map[string]bool{}
	for range 20 {
		w.ask("POST", path, `{"data":1}`)
		ids[w.did[0]] = true
	}
	if len(ids) != 20 {
		t.Errorf("%d ids of 20 messages", len(ids))
	}
	for body, field := range map[string]string{
		`{}`: "data", `{"message_id":"m"}`: "data", `{"data":1,"message_id":""}`: "message_id", `{"data":1,"message_id":7}`: "message_id", `{"data":1,"message_id":"a\nb"}`: "message_id",
		`{"data":1,"message_id":"` + strings.Repeat("x", 129) + `"}`: "message_id", `{"data":1,"ttl_s":2592001}`: "ttl_s", `{"data":1,"ttl_s":-1}`: "ttl_s", `{"data":1,"ttl_s":"1"}`: "ttl_s", `{"data":1,"ttl_s":1.5}`: "ttl_s",
	} {
		if a := w.ask("POST", path, body); a.status != 400 || !strings.Contains(a.text, fmt.Sprintf(`"field":%q`, field)) {
			t.Errorf("%s: %d %s", body, a.status, a.text)
		}
		w.expect()
	}
	w.answers["message"] = `{"error":{"error_code":"MESSAGE_TOO_LARGE","message":"x","details":{"reason":"too_large"}}}`
	if a := w.ask("POST", path, `{"data":1}`); a.status != 413 || a.code != "MESSAGE_TOO_LARGE" {
		t.Errorf("%d %s", a.status, a.text)
	}
	w.down["SESSIONS/ann"] = true
	if a := w.ask("POST", path, `{"data":1}`); a.status != 503 || a.reason != "session_unavailable" {
		t.Errorf("%d %s", a.status, a.text)
	}
}
