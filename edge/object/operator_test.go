package object

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// ann is Ann's session object with a channel on d1.
func ann(t *testing.T) *fake {
	f := newFake(t, "ann", NewUser)
	f.enter(admit("d1"))
	f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["ws",0,"workspace","member",""]]`)})
	return f
}

func (f *fake) asks(ask uint32, text string) []string {
	f.t.Helper()
	return without(f.enter(Input{Kind: Request, Ask: ask, Text: []byte(text)}), "alarm")
}

// Holds: "a revoked token is worth nothing, also when it comes back".
func TestRevokeIsAnsweredWhenItTookEffect(t *testing.T) {
	f := ann(t)
	expect(t, f.asks(9, `{"kind":"end","user_id":"ann","code":"TOKEN_REVOKED","jti":"j1","reason":"stolen","by":"olive"}`),
		`call 2 DOCUMENTS d1 {"kind":"end","user_id":"ann","fence":2,"tokens":["j1"],"admitted_at":1736244000000}`)
	f.now = f.now.Add(3 * time.Millisecond)
	expect(t, without(f.enter(Input{Kind: Answered, Ask: 2, Text: []byte(`{"ok":true,"closed":true,"gone":true,"last":"m7","admitted_at":1736244000000}`)}), "alarm"),
		`respond 9 200 {"receipt":{"user_id":"ann","changed":[],"closed":["d1"],"last_accepted":{"d1":"m7"},"took_ms":3}}`)
	f.object = nil
	expect(t, without(f.enter(admit("d1")), "alarm"), `respond 5 200 {"error":{"error_code":"TOKEN_REVOKED"`)
	expect(t, f.asks(10, `{"kind":"describe"}`), `respond 10 200 {"session":{"user_id":"ann","perm_epoch":2,"channels":[],"apps":[],"revoked_tokens":1}}`)
	// All that were issued until now, this one too.
	expect(t, f.asks(11, `{"kind":"end","code":"TOKEN_REVOKED","all":true}`), `respond 11 200 {"receipt":{"user_id":"ann"`)
	expect(t, f.asks(12, `{"kind":"describe"}`), `"revoked_before":"2025-01-07T10:00:00.003Z"`)
	// A sign-in, and a client: of one that is not connected nothing is known.
	expect(t, f.asks(15, `{"kind":"end","code":"TOKEN_REVOKED","sign_in":"AZRANR1udHdlbHZlIGJ5dGVz"}`), `respond 15 200 {"receipt":{"user_id":"ann"`)
	expect(t, f.asks(16, `{"kind":"describe"}`), `"revoked_tokens":2`)
	expect(t, f.asks(17, `{"kind":"end","code":"TOKEN_REVOKED","client_id":"laptop"}`), `respond 17 200 {"error":{"error_code":"NOT_FOUND"`)
	expect(t, f.asks(14, `{"kind":"end","code":"TOKEN_REVOKED","before":0}`), `respond 14 200 {"error":{"error_code":"MALFORMED_MESSAGE"`)
	expect(t, f.asks(13, fmt.Sprintf(`{"kind":"end","code":"TOKEN_REVOKED","before":%d}`, f.now.Unix()+60)), `respond 13 200 {"error":{"error_code":"MALFORMED_MESSAGE"`)
}

func TestKickAndAnUnreachableDocument(t *testing.T) {
	f := ann(t)
	expect(t, f.asks(9, `{"kind":"end","code":"SESSION_ENDED","document":"d1"}`), `"kick":2`)
	expect(t, without(f.enter(Input{Kind: Failed, Ask: 2}), "alarm"),
		`respond 9 200 {"error":{"error_code":"SERVICE_UNAVAILABLE","message":"A service this needs is not available: try again.","details":{"reason":"document_unreachable","retry_after":5000,"pending":["d1"]}`)
	f.now = f.now.Add(time.Second)
	f.object = nil
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `call 1 DOCUMENTS d1 {"kind":"end","user_id":"ann","fence":2,"kick":2`)
}

// Holds: "a changed permission reaches the open connection".
func TestAccessIsAskedAnew(t *testing.T) {
	f := ann(t)
	expect(t, f.asks(9, `{"kind":"access","document":"d1","reason":"document_role_changed","by":"olive"}`), `database 2 DB d1 ann`)
	expect(t, without(f.enter(Input{Kind: Answered, Ask: 2, Text: []byte(`[["ws",0,"workspace","member","view"]]`)}), "alarm"),
		`call 3 DOCUMENTS d1 {"kind":"grant"`)
	expect(t, without(f.enter(Input{Kind: Answered, Ask: 3, Text: []byte(`{"ok":true}`)}), "alarm"),
		`respond 9 200 {"receipt":{"user_id":"ann","changed":[{"document":"d1","permissions":["read"],"removed":["write","comment"],"perm_epoch":2}]`)
	expect(t, f.asks(10, `{"kind":"describe"}`), `"channels":[{"document":"d1","client_id":"c","admitted_at":"2025-01-07T10:00:00Z","expires_at":"2025-01-07T10:40:00Z","permissions":["read"],"workspace_id":"ws","role":"member","pending":false}]`)
}

// What an operator reads of the past, in order, and who did what.
//
// Holds: "why somebody was disconnected can be told".
func TestAudit(t *testing.T) {
	f := ann(t)
	f.now = f.now.Add(time.Second)
	f.asks(9, `{"kind":"end","code":"SESSION_ENDED","by":"olive","reason":"maintenance"}`)
	left := f.asks(10, `{"kind":"audit"}`)
	expect(t, left, `respond 10 200 {"audit":[{"at":"2025-01-07T10:00:00Z","event":"session_started"`)
	for _, part := range []string{
		`"event":"admitted","user_id":"ann","document":"d1","client_id":"c"`, `"event":"kicked","user_id":"ann","reason":"maintenance","by":"olive"`, `"documents":["d1"]}`,
	} {
		if !strings.Contains(left[0], part) {
			t.Errorf("the log lacks %s: %s", part, left[0])
		}
	}
	if text := strings.TrimPrefix(left[0], "respond 10 200 "); jsonscan.Check([]byte(text), 4) != nil {
		t.Errorf("no JSON: %s", text)
	}
	later := f.asks(11, fmt.Sprintf(`{"kind":"audit","from":%d}`, f.now.UnixMilli()))
	if strings.Contains(later[0], "admitted") || !strings.Contains(later[0], "kicked") {
		t.Errorf("from a moment on: %s", later[0])
	}
}

// An operator's word of a form nobody knows changes nothing.
func TestWhatNoOperatorMayAsk(t *testing.T) {
	f := ann(t)
	for _, text := range []string{`{"kind":"end"}`, `{"kind":"end","code":"SLOW_CONSUMER"}`, `{"kind":7}`, `"end"`} {
		expect(t, f.asks(9, text), "respond 9 400")
	}
	expect(t, f.asks(9, `{"kind":"novelty"}`), `respond 9 503 {"error":{"error_code":"SERVICE_UNAVAILABLE"`)
}
