package front

import (
	"encoding/json"
	"strings"
	"testing"
)

// S1: "Opens WebSocket to cloud at wss://cloud.mentraos.com/glasses-ws", "Sends the
// coreToken in the Authorization header" and "Connection Arrives at WebSocketService": and in the two other carriages too. The token is
// checked here, and the user's session object receives what it says.
func TestSpecDeviceConnects(t *testing.T) {
	jwt := goodToken()
	for _, c := range []struct {
		name string
		url  string
		head []string
		body string
	}{
		{"S1's address, the header", "/glasses-ws", []string{"authorization", "Bearer " + jwt}, `"flat":true`},
		{"the header", "/v1/ws/device", []string{"authorization", "Bearer " + jwt}, `"kind":"connect_device"`},
		{"the subprotocol", "/v1/ws/device?client_id=phone", []string{"sec-websocket-protocol", "holdfast.v1, bearer." + jwt}, `"client_id":"phone"`},
		{"the query", "/glasses-ws?token=" + jwt, nil, `"flat":true`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorker(t, embedded())
			end := w.run(upgrade("http://127.0.0.1:8787"+c.url, c.head...))
			if end["do"] != "socket" || w.way() != "verify, forward SESSIONS/usr_owner" {
				t.Fatalf("%s: %v", w.way(), end)
			}
			body, _ := json.Marshal(w.bodies[0])
			if !strings.Contains(string(body), c.body) || strings.Contains(string(body), "flat") != strings.Contains(c.body, "flat") || !strings.Contains(string(body), `"user_id":"usr_owner"`) || strings.Contains(string(body), jwt[:40]) {
				t.Errorf("the session object received %s", body)
			}
		})
	}
}

// S1: "Invalid tokens result in CONNECTION_ERROR".
func TestSpecDeviceConnectionError(t *testing.T) {
	for path, word := range map[string]string{
		"/glasses-ws":   `{"type":"connection_error","data":{"error_code":"AUTHENTICATION_FAILED"`,
		"/v1/ws/device": `{"type":"system","event":"connection_error","data":{"error_code":"AUTHENTICATION_FAILED"`,
	} {
		w := newWorker(t, embedded())
		plain := w.run(upgrade("http://127.0.0.1:8787"+path, "authorization", "Bearer x.y.z"))
		body, _ := plain["body"].(string)
		if plain["do"] != "respond" || plain["status"] != 401.0 || !strings.HasPrefix(body, word) {
			t.Errorf("%s: %v", path, plain)
		}
		page := w.run(upgrade("http://127.0.0.1:8787"+path, "origin", "http://127.0.0.1:8787", "sec-websocket-protocol", "holdfast.v1, bearer.x.y.z"))
		if frame, _ := page["frame"].(string); page["do"] != "refuse" || page["code"] != 4101.0 || frame != body {
			t.Errorf("%s, a page: %v", path, page)
		}
		if strings.Contains(w.way(), "SESSIONS") {
			t.Errorf("a stranger woke an object: %s", w.way())
		}
	}
}

func TestDeviceRefusals(t *testing.T) {
	jwt := goodToken()
	for _, c := range []struct {
		url, origin, code, reason string
	}{
		{"/v1/ws/device?client_id=a%0Ab&token=" + jwt, "", "MALFORMED_MESSAGE", "client_id_invalid"},
		{"/v1/ws/device?client_id=a&client_id=b&token=" + jwt, "", "MALFORMED_MESSAGE", "client_id_invalid"},
		{"/v1/ws/device", "", "AUTHENTICATION_FAILED", "token_missing"},
		{"/v1/ws/device?token=" + jwt, "https://evil.example", "ORIGIN_NOT_ALLOWED", ""},
	} {
		w := newWorker(t, embedded())
		end := w.run(upgrade("http://127.0.0.1:8787"+c.url, "origin", c.origin, "sec-websocket-protocol", "holdfast.v1"))
		text := end["body"]
		if c.origin != "" {
			text = end["frame"]
		}
		said, _ := text.(string)
		if !strings.Contains(said, `"event":"connection_error"`) || !strings.Contains(said, `"`+c.code+`"`) || c.reason != "" && !strings.Contains(said, `"`+c.reason+`"`) {
			t.Errorf("%s: %v", c.url, end)
		}
	}
	// What the session object says comes back in the same form; what it cannot say, as ours.
	w := newWorker(t, embedded())
	answer := map[string]any{"status": 401, "body": `{"type":"system","event":"error","data":{"error_code":"TOKEN_REVOKED","message":"x","recoverable":false,"action":"stop"}}`}
	w.forward = func(string, map[string]any) map[string]any { return answer }
	end := w.run(upgrade("http://127.0.0.1:8787/v1/ws/device?token=" + jwt))
	if body, _ := end["body"].(string); end["status"] != 401.0 || !strings.HasPrefix(body, `{"type":"system","event":"connection_error","data":{"error_code":"TOKEN_REVOKED"`) {
		t.Errorf("%v", end)
	}
	answer = map[string]any{"error": "TimeoutError"}
	end = w.run(upgrade("http://127.0.0.1:8787/v1/ws/device?token=" + jwt))
	if body, _ := end["body"].(string); end["status"] != 503.0 || !strings.Contains(body, "session_unavailable") {
		t.Errorf("%v", end)
	}
	answer = map[string]any{"status": 409, "body": `{"readmit":true}`} // only a document says this
	end = w.run(upgrade("http://127.0.0.1:8787/v1/ws/device?token=" + jwt))
	if body, _ := end["body"].(string); !strings.Contains(body, "session_unavailable") {
		t.Errorf("%v", end)
	}
}
