package document_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// refreshes sends a token_refresh, and returns what the shell is asked to verify.
func (d *desk) refreshes(conn document.ConnID) (asked []document.VerifyToken) {
	d.Helper()
	f, e := protocol.Decode([]byte(`{"type":"system","event":"token_refresh","message_id":"r","data":{"token":"new.token.x"}}`), protocol.Limits{})
	if e != nil {
		d.Fatal(e)
	}
	for _, effect := range d.step(document.FrameReceived{Conn: conn, Frame: f}) {
		if v, ok := effect.(document.VerifyToken); ok {
			asked = append(asked, v)
		}
	}
	return asked
}

// verified answers with a grant that expires then.
func (d *desk) verified(conn document.ConnID, user string, expires time.Time) {
	d.Helper()
	g := grantOf(user)
	g.Expires = expires
	d.step(document.TokenVerified{Conn: conn, Grant: g})
}

// S2: "Implement token refresh - Refresh before expiry": on the open socket, which
// then lives as long as the new token.
func TestSpecRefreshOnTheSocket(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.now = start.Add(14 * time.Minute)
	d.refreshes("c1")
	d.verified("c1", "ann", start.Add(29*time.Minute))
	d.holds(d.frame("c1", "token_refreshed"), `{"expires_at":"2025-01-07T10:29:00Z","expires_in":900}`)
	d.now = start.Add(20 * time.Minute)
	d.step(document.Woken{})
	d.writes("c1", "m1")
	d.holds(d.frame("c1", "operation_ack"), `{"document_version":1}`)
	if d.closed["c1"] != 0 {
		t.Errorf("closed with %d", d.closed["c1"])
	}
}

// S1: "All tokens are verified for signature": a token sent on the socket counts
// for nothing until it has been, and one that does not pass leaves the old one.
func TestSpecRefreshIsVerified(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.now = start.Add(14*time.Minute + 50*time.Second)
	asked := d.refreshes("c1")
	if len(asked) != 1 || asked[0].Token != "new.token.x" || asked[0].UserID != "ann" {
		t.Fatalf("asked to verify %+v", asked)
	}
	d.now = start.Add(15 * time.Minute)
	d.writes("c1", "m1")
	d.holds(d.frame("c1", "error"), `{"error_code":"TOKEN_EXPIRED"}`)
	d.step(document.TokenRefused{Conn: "c1", Err: &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "signature_invalid"}})
	d.holds(d.frame("c1", "error"), `{"error_code":"AUTHENTICATION_FAILED","recoverable":false,"action":"refresh_token"}`)
	if d.closed["c1"] != 0 {
		t.Fatalf("closed with %d", d.closed["c1"])
	}
	d.now = start.Add(15*time.Minute + 25*time.Second)
	d.step(document.Woken{})
	if d.closed["c1"] != 4102 {
		t.Errorf("the old token's end closed with %d", d.closed["c1"])
	}
}

// S2: "`AUTHENTICATION_FAILED` | 401 | Token invalid or expired | Re-authenticate". S1:
// "No cross-user data access": somebody else's token, however valid, is none.
func TestSpecRefreshOfAnotherUser(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.refreshes("c1")
	d.verified("c1", "eve", start.Add(time.Hour))
	d.holds(d.frame("c1", "error"), `{"error_code":"AUTHENTICATION_FAILED","recoverable":false}`)
	d.writes("c1", "m1")
	if d.store.Log[0].UserID != "ann" {
		t.Errorf("written as %s", d.store.Log[0].UserID)
	}
	d.now = start.Add(15 * time.Minute)
	d.writes("c1", "m2")
	d.holds(d.frame("c1", "error"), `{"error_code":"TOKEN_EXPIRED"}`)
}

// S1: "Expired tokens are rejected": also one that expires while it is verified.
func TestSpecRefreshWithAnExpiredToken(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.now = start.Add(time.Minute)
	d.refreshes("c1")
	d.verified("c1", "ann", d.now)
	d.holds(d.frame("c1", "error"), `{"error_code":"TOKEN_EXPIRED","recoverable":true,"action":"refresh_token"}`)
	d.writes("c1", "m1") // the one in use is still good
	d.holds(d.frame("c1", "operation_ack"), `{"document_version":1}`)
}

// S2: "Max Age | Must not be expired": past its expiry a token still reads, so that
// a refresh under way finds the socket, and 25 s later nothing.
func TestSpecAfterExpiry(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	g := grantOf("ben")
	g.Expires = start.Add(time.Hour)
	d.step(document.Connect{Conn: "c2", Grant: g, ClientID: "b"})
	d.now = start.Add(15*time.Minute + 24*time.Second)
	d.writes("c2", "m1")
	d.holds(d.frame("c1", "op"), `{"op":"m1"}`)
	d.now = start.Add(15*time.Minute + 25*time.Second)
	d.writes("c2", "m2")
	if got := d.received("c1"); got != "op 1, " || d.closed["c1"] != 4102 {
		t.Errorf("received %s closed with %d", got, d.closed["c1"])
	}
}

// Whoever is let in may send token after token that is refused: each costs a verification.
// It is held to five in a row, then to one a minute, on this connection.
//
// Holds: "refused tokens are bounded on each connection".
func TestRefusedRefreshesAreBounded(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	refuse := func(code protocol.Code) {
		d.step(document.TokenRefused{Conn: "c1", Err: &protocol.Error{Code: code}})
	}
	for i := range 5 {
		if len(d.refreshes("c1")) != 1 {
			t.Fatalf("number %d is not looked at", i+1)
		}
		if i%2 == 0 {
			refuse(protocol.AuthenticationFailed)
		} else {
			d.verified("c1", "bob", start.Add(time.Hour)) // somebody else's
		}
	}
	if len(d.refreshes("c1")) != 0 {
		t.Fatal("a sixth is looked at")
	}
	d.holds(d.frame("c1", "error"), `{"error_code":"RATE_LIMIT_EXCEEDED","details":{"message_id":"r","reason":"refreshes_refused","retry_after":60000}}`)
	d.now = d.now.Add(time.Minute)
	if len(d.refreshes("c1")) != 1 {
		t.Fatal("nothing is looked at after a minute")
	}
	refuse(protocol.TokenExpired)
	if len(d.refreshes("c1")) != 0 {
		t.Fatal("and then another at once")
	}
	d.connect("c2", "ann", "a")
	for range 10 { // what is not the token's fault counts for nothing
		if len(d.refreshes("c2")) != 1 {
			t.Fatal("a new connection is held to the old one's")
		}
		d.step(document.TokenRefused{Conn: "c2", Err: &protocol.Error{Code: protocol.ServiceUnavailable}})
	}
}
