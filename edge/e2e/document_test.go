//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// S2: "C->>WS: Connect with JWT token" and "WS-->>C: Connection acknowledged".
func TestThreeCarriagesAndTheAck(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("owner")
	for _, carriage := range []string{"query", "header", "protocol"} {
		c := s.connect(dialling{document: "welcome", clientID: "client_abc123", token: token, carriage: carriage})
		if got := c.ws.Subprotocol(); (got == "holdfast.v1") != (carriage == "protocol") {
			t.Errorf("%s: the server selected subprotocol %q", carriage, got)
		}
		for _, name := range []string{"client_id", "user_id", "permissions", "document_version", "workspace_context", "session_id",
			"resumed", "perm_epoch", "server_time", "expires_at", "heartbeat_interval", "grace_period", "limits"} {
			if _, ok := c.ack.Data[name]; !ok {
				t.Errorf("%s: connection_ack lacks %s", carriage, name)
			}
		}
		context, _ := c.ack.Data["workspace_context"].(map[string]any)
		if c.ack.text("client_id") != "client_abc123" || context["workspace_id"] != "ws_demo" || context["role"] != "owner" {
			t.Errorf("%s: %v", carriage, c.ack.Data)
		}
		if id := c.ack.text("session_id"); len(id) < 32 || strings.Contains(id, "owner") {
			t.Errorf("%s: session id %q is not a fresh random one", carriage, id)
		}
	}
}

func TestDemoPermissions(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	all, edit, comment, view := "[read write comment moderate admin]", "[read write comment]", "[read comment]", "[read]"
	const refused = "INSUFFICIENT_PERMISSIONS"
	for account, want := range map[string]map[string]string{
		"owner":    {"welcome": all, "notes": all, "secret": all, "locked": all},
		"editor":   {"welcome": edit, "notes": comment, "secret": refused, "locked": edit},
		"viewer":   {"welcome": view, "notes": view, "secret": refused, "locked": view},
		"outsider": {"welcome": refused, "notes": refused, "secret": refused, "locked": refused},
	} {
		token := s.Login(account)
		for document, may := range want {
			c, _, err := dialling{document: document, clientID: "c-" + account, token: token, origin: s.URL}.dial(s)
			if err != nil {
				t.Fatal(err)
			}
			if may == refused {
				c.expectError(refused)
				if code := c.expectClose(); code != 4403 {
					t.Errorf("%s on %s: closed with %d", account, document, code)
				}
				continue
			}
			ack := c.expect("system", "connection_ack")
			if got := fmt.Sprint(ack.Data["permissions"]); got != may {
				t.Errorf("%s on %s: %s, want %s", account, document, got, may)
			}
			if (ack.Data["locked"] == true) != (document == "locked") {
				t.Errorf("%s on %s: locked is %v", account, document, ack.Data["locked"])
			}
		}
	}
	c, _, err := dialling{document: "nowhere", clientID: "c1", token: s.Login("owner"), origin: s.URL}.dial(s)
	if err != nil {
		t.Fatal(err)
	}
	c.expectError("DOCUMENT_NOT_FOUND")
	if code := c.expectClose(); code != 4404 {
		t.Errorf("an unknown document: closed with %d", code)
	}
}

func TestOpReachesTheOthersInOrder(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	var want []string
	for i := 1; i <= 20; i++ {
		if v := owner.op(fmt.Sprint("m", i), fmt.Sprint("text ", i)); v != i {
			t.Fatalf("op %d became version %d", i, v)
		}
		want = append(want, fmt.Sprintf("%d:text %d", i, i))
	}
	for name, c := range map[string]*conn{"editor": editor, "viewer": viewer} {
		if received := c.receivedOps(20); !slices.Equal(received, want) {
			t.Errorf("the %s received %v", name, received)
		}
	}

	// A repeat of the same message id is answered, not applied again.
	if v := owner.op("m20", "something else"); v != 20 {
		t.Errorf("the repeat became version %d", v)
	}
	editor.quiet()

	// The viewer may only read: its op is refused and its connection lives on.
	viewer.send(`{"type":"operation","event":"op","message_id":"x1","data":{"op":1}}`)
	refusal := viewer.expectError("INSUFFICIENT_PERMISSIONS")
	if details, _ := refusal.Data["details"].(map[string]any); details["message_id"] != "x1" {
		t.Errorf("the refusal does not name the op: %v", refusal.Data)
	}
	if v := owner.op("m21", "after"); v != 21 {
		t.Fatalf("version %d", v)
	}
	if received := viewer.receivedOps(21); !slices.Equal(received, []string{"21:after"}) {
		t.Errorf("the viewer received %v", received)
	}
}

// S2: "`DOCUMENT_LOCKED` | 423 | Document is locked | Wait and retry".
func TestLockedDocument(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "locked", clientID: "o", token: s.Login("owner")})
	if f := owner.expect("operation", "locks"); f.Data["locked"] != true {
		t.Errorf("received %v", f.Data)
	}
	owner.send(`{"type":"operation","event":"op","message_id":"m1","data":{"op":1}}`)
	e := owner.expectError("DOCUMENT_LOCKED")
	if details, _ := e.Data["details"].(map[string]any); details["retry_after"] == nil || e.Data["recoverable"] != true {
		t.Errorf("it does not say when to try again: %v", e.Data)
	}
	owner.quiet()
}

// S1: "New connections replace old ones".
func TestNewerConnectionReplacesTheOlder(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("owner")
	laptop := s.connect(dialling{document: "welcome", clientID: "laptop", token: token})
	phone := s.connect(dialling{document: "welcome", clientID: "phone", token: token})
	e := laptop.expectError("CONNECTION_REPLACED")
	if details, _ := e.Data["details"].(map[string]any); details["client_id"] != "phone" {
		t.Errorf("the replaced connection does not learn by whom: %v", e.Data)
	}
	if code := laptop.expectClose(); code != 4409 { // 44xx: never redial
		t.Errorf("closed with %d, want 4409", code)
	}
	if phone.ack.text("session_id") != laptop.ack.text("session_id") {
		t.Error("the user's session changed with the device")
	}

	// The same client again (a reconnect): the old socket goes without a word.
	again := s.connect(dialling{document: "welcome", clientID: "phone", token: token, sessionID: phone.ack.text("session_id"), lastSeq: 0})
	if code := phone.expectClose(); code != 4409 {
		t.Errorf("the older socket was closed with %d", code)
	}
	if again.ack.Data["resumed"] != true {
		t.Errorf("not resumed: %v", again.ack.Data)
	}
	if v := again.op("m1", 1); v != 1 {
		t.Errorf("version %d", v)
	}
}

func TestBadFramesHarmNobody(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, c := range map[string]struct{ text, code, reason string }{
		"65,537 bytes":          {`{"type":"operation","event":"op","message_id":"m","data":{"op":"` + strings.Repeat("a", 65_600) + `"}}`, "MESSAGE_TOO_LARGE", ""},
		"nested 65 deep":        {`{"type":"operation","event":"op","message_id":"m","data":{"op":` + deep(63) + `}}`, "MALFORMED_MESSAGE", "too_deep"},
		"nested 30,000 deep":    {deep(30_000), "MALFORMED_MESSAGE", ""},
		"no JSON":               {`{"type":`, "MALFORMED_MESSAGE", "invalid_json"},
		"an unknown type":       {`{"type":"nonsense","event":"op"}`, "MALFORMED_MESSAGE", "unknown_type"},
		"a second init":         {`{"type":"system","event":"connection_init"}`, "MALFORMED_MESSAGE", "already_initialised"},
		"an op without its id":  {`{"type":"operation","event":"op","data":{"op":1}}`, "MALFORMED_MESSAGE", "message_id_missing"},
		"a server's frame":      {`{"type":"operation","event":"operation_ack","data":{"document_version":9}}`, "MALFORMED_MESSAGE", ""},
		"a token refresh empty": {`{"type":"system","event":"token_refresh","data":{}}`, "MALFORMED_MESSAGE", ""},
	} {
		editor.send(c.text)
		e := editor.expectError(c.code)
		if details, _ := e.Data["details"].(map[string]any); c.reason != "" && details["reason"] != c.reason {
			t.Errorf("%s: received %v", name, e.Data)
		}
		editor.quiet() // it lives on
	}
	if err := editor.ws.Write(t.Context(), websocket.MessageBinary, []byte{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	editor.expectError("MALFORMED_MESSAGE")
	// Unknown fields are from a newer peer: tolerated.
	editor.send(`{"type":"operation","event":"op","message_id":"ok","data":{"op":1,"new":2},"newer":[3]}`)
	editor.expect("operation", "operation_ack")
	owner.receivedOps(1)
	owner.quiet()
}

// S2: "Implement token refresh - Refresh before expiry".
func TestTokenRefreshInPlace(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	f := newForger()
	c.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, f.token(func(_, claims map[string]any) {
		claims["exp"] = claims["iat"].(int64) + 1800
	})))
	done := c.expect("system", "token_refreshed")
	if left := done.number("expires_in"); left < 1790 || left > 1800 {
		t.Errorf("expires in %d s, want 1800", left)
	}
	c.send(fmt.Sprintf(`{"type":"system","event":"token_refresh","data":{"token":%q}}`, s.Login("editor")))
	e := c.expectError("AUTHENTICATION_FAILED")
	if details, _ := e.Data["details"].(map[string]any); details["reason"] != "subject_mismatch" {
		t.Errorf("another user's token: %v", e.Data)
	}
	if v := c.op("m1", 1); v != 1 {
		t.Errorf("version %d", v)
	}
}
