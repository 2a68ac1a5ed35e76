package protocol_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func TestTable(t *testing.T) {
	codes, closes := map[protocol.Code]bool{}, map[int]bool{}
	for _, r := range protocol.Table {
		if codes[r.Code] || closes[r.Close] {
			t.Errorf("%s (%d) stands twice", r.Code, r.Close)
		}
		codes[r.Code], closes[r.Close] = true, true
		if r.Message == "" || !strings.HasSuffix(r.Message, ".") {
			t.Errorf("%s has no sentence", r.Code)
		}
		if got := protocol.ActionForClose(r.Close); got != r.Action {
			t.Errorf("%s: close code %d says %s, the row %s", r.Code, r.Close, got, r.Action)
		}
		if (r.Close < 4000 || r.Close > 4599) && r.Close != protocol.CloseTooBig {
			t.Errorf("%s: close code %d is outside our ranges", r.Code, r.Close)
		}
		if r.HTTP < 400 || r.HTTP > 599 {
			t.Errorf("%s: HTTP status %d is no refusal", r.Code, r.HTTP)
		}
		if got := protocol.Lookup(r.Code); got != r {
			t.Errorf("Lookup(%s) = %+v", r.Code, got)
		}
		// An error is either final or recoverable. AUTHENTICATION_FAILED alone allows one
		// attempt without promising that it helps.
		if stop := r.Action == protocol.ActionStop; stop == r.Recoverable && r.Code != protocol.AuthenticationFailed {
			t.Errorf("%s: recoverable %v with action %s", r.Code, r.Recoverable, r.Action)
		}
		e := &protocol.Error{Code: r.Code}
		if e.CloseCode() != r.Close || e.CloseReason() != string(r.Code) || len(e.CloseReason()) > 123 {
			t.Errorf("%s closes with %d %q", r.Code, e.CloseCode(), e.CloseReason())
		}
	}
	if protocol.Lookup("MADE_UP").Code != protocol.InternalError {
		t.Error("an unknown code has a row of its own")
	}
	if got := (&protocol.Error{Code: protocol.Code(strings.Repeat("X", 500))}).CloseReason(); len(got) != 123 {
		t.Errorf("a close reason of %d bytes", len(got))
	}
}

func TestActionForClose(t *testing.T) {
	for code, want := range map[int]protocol.Action{
		0: protocol.ActionReconnect, 1000: protocol.ActionReconnect, 1006: protocol.ActionReconnect, 4000: protocol.ActionReconnect,
		1008: protocol.ActionReconnect, 1009: protocol.ActionStop, 1010: protocol.ActionReconnect,
		4099: protocol.ActionReconnect, 4100: protocol.ActionRefresh, 4199: protocol.ActionRefresh, 4200: protocol.ActionWait,
		4299: protocol.ActionWait, 4300: protocol.ActionReconnect, 4399: protocol.ActionReconnect, 4400: protocol.ActionStop,
		4599: protocol.ActionStop, 4600: protocol.ActionReconnect, 4999: protocol.ActionReconnect,
	} {
		if got := protocol.ActionForClose(code); got != want {
			t.Errorf("%d: %s, want %s", code, got, want)
		}
	}
}

func TestErrorWire(t *testing.T) {
	cases := []struct {
		e    protocol.Error
		want string
	}{
		{protocol.Error{Code: protocol.DocumentNotFound},
			`{"type":"system","event":"error","data":{"error_code":"DOCUMENT_NOT_FOUND","message":"There is no such document.","recoverable":false,"action":"stop"}}`},
		{protocol.Error{Code: protocol.TokenExpired, Message: `Said "no"`, Reason: "token_expired",
			Details: []protocol.Detail{{Name: "expired_at", Raw: []byte(`"2025-01-07T10:00:00Z"`)}}},
			`{"type":"system","event":"error","data":{"error_code":"TOKEN_EXPIRED","message":"Said \"no\"","details":{"reason":"token_expired","expired_at":"2025-01-07T10:00:00Z"},"recoverable":true,"action":"refresh_token"}}`},
		{protocol.Error{Code: protocol.RateLimitExceeded, RetryAfter: 1500 * time.Millisecond, MessageID: "m1"},
			`{"type":"system","event":"error","data":{"error_code":"RATE_LIMIT_EXCEEDED","message":"Too many messages: slow down.","details":{"retry_after":1500,"message_id":"m1"},"recoverable":true,"action":"wait"}}`},
	}
	for _, c := range cases {
		if got := string(c.e.AppendJSON([]byte("x"))); got != "x"+c.want {
			t.Errorf("got  %s\nwant %s", got[1:], c.want)
		}
		back, ok := protocol.ParseError(c.e.Frame().Data)
		if !ok || !reflect.DeepEqual(*back, c.e) {
			t.Errorf("%s comes back as %+v", c.e.Code, back)
		}
	}
	// Each member alone is reason enough for details.
	for want, e := range map[string]protocol.Error{
		`{"reason":"r"}`:     {Reason: "r"},
		`{"retry_after":1}`:  {RetryAfter: time.Millisecond},
		`{"message_id":"m"}`: {MessageID: "m"},
		`{"n":null}`:         {Details: []protocol.Detail{{Name: "n"}}},
	} {
		if got := string(jsonscan.Field(e.Frame().Data, "details")); got != want {
			t.Errorf("details are %s, want %s", got, want)
		}
	}
	// Details that would be empty are left out, also when the wait rounds to 0.
	e := protocol.Error{Code: protocol.DocumentLocked, RetryAfter: time.Microsecond}
	if jsonscan.Field(e.Frame().Data, "details") != nil {
		t.Errorf("empty details: %s", e.Frame().Data)
	}
}

func TestErrorValue(t *testing.T) {
	var err error = &protocol.Error{Code: protocol.TokenExpired, Reason: "x"}
	if !errors.Is(err, &protocol.Error{Code: protocol.TokenExpired}) || errors.Is(err, &protocol.Error{Code: protocol.TokenRevoked}) {
		t.Error("errors.Is does not go by the code")
	}
	if got := err.Error(); got != "TOKEN_EXPIRED: The token has expired: refresh it." {
		t.Errorf("Error() = %q", got)
	}
}

func TestParseError(t *testing.T) {
	e, ok := protocol.ParseError([]byte(`{"error_code":"FROM_THE_FUTURE","message":"Hm","details":null,"recoverable":false,"action":"dance"}`))
	if !ok || e.Code != "FROM_THE_FUTURE" || e.Row().Code != protocol.InternalError || e.Message != "Hm" {
		t.Errorf("an unknown code reads as %+v, %v", e, ok)
	}
	// ParseError copies what it keeps: the buffer may change afterwards.
	data := []byte(`{"error_code":"DOCUMENT_LOCKED","message":"","details":{"locked_by":"u1"}}`)
	e, ok = protocol.ParseError(data)
	clear(data)
	if !ok || len(e.Details) != 1 || string(e.Details[0].Raw) != `"u1"` || e.Details[0].Name != "locked_by" {
		t.Errorf("details read as %+v, %v", e, ok)
	}
	long := protocol.Code(strings.Repeat("A", 123))
	e, ok = protocol.ParseError([]byte(`{"error_code":"` + string(long) + `","details":{"retry_after":9223372036854}}`))
	if !ok || e.Code != long || e.RetryAfter != 9223372036854*time.Millisecond {
		t.Errorf("the longest code and wait read as %+v, %v", e, ok)
	}
	for _, bad := range []string{
		``, `null`, `[]`, `{}`, `{"error_code":1}`, `{"error_code":""}`, `{"error_code":"A","message":5}`,
		`{"error_code":"A","details":{"reason":1}}`, `{"error_code":"A","details":{"retry_after":-1}}`, `{"error_code":"A","details":{"retry_after":9223372036855}}`,
		`{"error_code":"A","details":{"message_id":null}}`, `{"error_code":"` + strings.Repeat("A", 124) + `"}`,
	} {
		if e, ok := protocol.ParseError([]byte(bad)); ok || e != nil {
			t.Errorf("%s reads as %+v", bad, e)
		}
	}
	if !json.Valid((&protocol.Error{Code: "\xff\"", Message: "\x00", Reason: "\n"}).AppendJSON(nil)) {
		t.Error("odd texts make the frame invalid")
	}
}
