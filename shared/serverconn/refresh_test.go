package serverconn_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

func refresh(token string) protocol.Frame {
	return protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventTokenRefresh, Data: []byte(`{"token":"` + token + `"}`), MessageID: "r"}
}

func TestOneRefreshAtATime(t *testing.T) {
	cfg, c := many(), serverconn.Conn{}
	if token, a := c.Refresh(start, cfg, refresh("t")); token != "t" || a != nil {
		t.Fatalf("%q %+v", token, a)
	}
	_, a := c.Refresh(start, cfg, refresh("u"))
	is(t, a, "refresh_in_progress")
	_, a = c.Refresh(start, cfg, protocol.Frame{MessageID: "r"})
	is(t, a, "token_missing")
	is(t, c.Verified(start, true, start.Add(time.Hour)), "")
	if f := c.Refreshed(start, start.Add(time.Hour), 3); f.Event != protocol.EventTokenRefreshed {
		t.Errorf("%+v", f)
	}
	if token, a := c.Refresh(start, cfg, refresh("u")); token != "u" {
		t.Errorf("after the answer: %+v", a)
	}
}

func TestVerified(t *testing.T) {
	c := serverconn.Conn{}
	is(t, c.Verified(start, false, start.Add(time.Hour)), "subject_mismatch")
	is(t, c.Verified(start, true, start), "token_expired")
	is(t, c.Verified(start, true, start.Add(time.Millisecond)), "")
	is(t, c.Verified(start, true, time.Time{}), "exp_missing")
}

func TestRefused(t *testing.T) {
	c := serverconn.Conn{}
	for _, code := range []protocol.Code{protocol.InsufficientPermissions, protocol.DocumentNotFound, protocol.TokenRevoked, protocol.SessionEnded} {
		is(t, c.Refused(start, &protocol.Error{Code: code}), "!"+string(code))
	}
	is(t, c.Refused(start, nil), "AUTHENTICATION_FAILED")
	is(t, c.Refused(start, &protocol.Error{Code: protocol.ServiceUnavailable}), "SERVICE_UNAVAILABLE")
}

// Too many refused tokens in a row have to wait; what is nobody's fault does not count, and
// a good token clears the row.
func TestRefusedTokensWait(t *testing.T) {
	cfg, c, now := many(), serverconn.Conn{}, start
	try := func(want string) bool {
		t.Helper()
		token, a := c.Refresh(now, cfg, refresh("t"))
		is(t, a, want)
		return token != ""
	}
	try("")
	c.Refused(now, &protocol.Error{Code: protocol.ServiceUnavailable})
	for range 2 {
		try("")
		c.Refused(now, &protocol.Error{Code: protocol.AuthenticationFailed})
	}
	try("refreshes_refused")
	now = now.Add(rate.RefusedPause)
	if try("") {
		c.Verified(now, true, now.Add(time.Hour))
		c.Refreshed(now, now.Add(time.Hour), 1)
	}
	try("")
	c.Verified(now, false, now.Add(time.Hour))
	try("")
	c.Verified(now, true, now)
	try("refreshes_refused")
}
