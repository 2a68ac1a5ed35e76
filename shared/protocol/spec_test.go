package protocol_test

import (
	"testing"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// S2: "`AUTHENTICATION_FAILED` | 401 | Token invalid or expired | Re-authenticate",
// "`TOKEN_EXPIRED` | 401 | Token has expired | Refresh token",
// "`INSUFFICIENT_PERMISSIONS` | 403 | User lacks document access | Check permissions",
// "`DOCUMENT_NOT_FOUND` | 404 | Document doesn't exist | Verify document ID" and
// "`DOCUMENT_LOCKED` | 423 | Document is locked | Wait and retry".
func TestSpecErrorCodes(t *testing.T) {
	for code, want := range map[protocol.Code]struct {
		http   int
		action protocol.Action
	}{
		"AUTHENTICATION_FAILED":    {401, "refresh_token"}, // once, then sign in
		"TOKEN_EXPIRED":            {401, "refresh_token"},
		"INSUFFICIENT_PERMISSIONS": {403, "stop"},
		"DOCUMENT_NOT_FOUND":       {404, "stop"},
		"DOCUMENT_LOCKED":          {423, "wait"},
	} {
		row := protocol.Lookup(code)
		if row.Code != code || row.HTTP != want.http || row.Action != want.action || protocol.ActionForClose(row.Close) != want.action {
			t.Errorf("%s is %+v", code, row)
		}
	}
}

// S2: “"recoverable": false”: an AUTHENTICATION_FAILED is not, and the rest of the
// frame is S2's; TOKEN_EXPIRED, which a refresh cures, is.
func TestSpecErrorFormat(t *testing.T) {
	e := protocol.Error{
		Code: protocol.AuthenticationFailed, Message: "Invalid or expired JWT token", Reason: "token_expired",
		Details: []protocol.Detail{{Name: "expired_at", Raw: []byte(`"2025-01-07T10:00:00Z"`)}},
	}
	for name, want := range map[string]string{
		"error_code": `"AUTHENTICATION_FAILED"`, "message": `"Invalid or expired JWT token"`,
		"details": `{"reason":"token_expired","expired_at":"2025-01-07T10:00:00Z"}`, "recoverable": `false`,
	} {
		if got := string(jsonscan.Field(e.Frame().Data, name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if f := e.Frame(); f.Type != "system" || f.Event != "error" {
		t.Errorf("%s/%s", f.Type, f.Event)
	}
	if !protocol.Lookup(protocol.TokenExpired).Recoverable {
		t.Error("TOKEN_EXPIRED is not recoverable")
	}
}

// S1: "Mobile app must send CONNECTION_INIT within 30 seconds": the frame in the form of S1's
// app and in ours, and the error for a client that does not send it in time.
func TestSpecConnectionInit(t *testing.T) {
	for _, text := range []string{`{"type":"connection_init"}`, `{"type":"system","event":"connection_init"}`} {
		f, err := protocol.Decode([]byte(text), protocol.Limits{})
		if err != nil || f.Type != protocol.TypeSystem || f.Event != protocol.EventConnectionInit {
			t.Errorf("%s decodes as %+v, %v", text, f, err)
		}
	}
	if row := protocol.Lookup(protocol.ConnectionInitTimeout); row.Action != protocol.ActionReconnect || !row.Recoverable {
		t.Errorf("%+v", row)
	}
}
