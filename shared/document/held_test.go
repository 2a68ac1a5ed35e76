package document_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// comesBack dials without a grant, and reports whether the document lets the client in by itself.
func (d *desk) comesBack(conn document.ConnID, g document.Grant, client string) bool {
	d.Helper()
	who := document.Grant{UserID: g.UserID, TokenID: g.TokenID, IssuedAt: g.IssuedAt, Expires: g.Expires}
	_, in := d.step(document.Connect{Conn: conn, Grant: who, ClientID: client, SessionID: g.SessionID, HasLastSeq: true, Held: true})[0].(document.Accept)
	return in
}

func tokenOf(user string) document.Grant {
	g := grantOf(user)
	g.TokenID, g.IssuedAt, g.AdmittedAt = "token-of-"+user, start, start
	return g
}

// TestWhoComesBackTooOften: an attacker with a good token drops and dials as fast as it can. What is
// beyond its allowance goes by the user's object, which counts what all of the user's do.
func TestWhoComesBackTooOften(t *testing.T) {
	d := newDesk(t)
	d.doc = document.New(document.Config{Resumes: rate.Limit{Count: 12, Per: time.Minute, Burst: 30}}, "d")
	g := tokenOf("ann")
	d.step(document.Connect{Conn: "c", Grant: g, ClientID: "a"})
	in := 0
	for n := range 100 {
		if d.comesBack(document.ConnID(fmt.Sprint("c", n)), g, "a") {
			in++
		}
	}
	if in != 30 {
		t.Errorf("let in %d times at once", in)
	}
	d.now = d.now.Add(time.Minute)
	if !d.comesBack("later", g, "a") {
		t.Error("not let in a minute later")
	}
}

// TestComingBackMakesNothing: whoever was let in by the document alone has what they had: the grant
// with all it says, and no row more.
//
// Holds: "a client that comes back in its grace period by the same token wakes only its document".
func TestComingBackMakesNothing(t *testing.T) {
	d := newDesk(t)
	g := tokenOf("ann")
	g.Share, g.Epoch, g.AdmittedAt = 250, 7, start.Add(3*time.Second)
	d.step(document.Connect{Conn: "c1", Grant: g, ClientID: "a"})
	d.step(document.Disconnected{Conn: "c1", Code: 1006})
	before := d.store.Rows[sim.Client{Of: "ann", ID: "a"}].Grant
	d.now = d.now.Add(time.Second)
	if !d.comesBack("c2", g, "a") {
		t.Fatal("sent on")
	}
	if after := d.store.Rows[sim.Client{Of: "ann", ID: "a"}].Grant; after != before || len(d.store.Rows) != 1 {
		t.Errorf("the grant was\n%+v, and is\n%+v", before, after)
	}
	if d.now = d.now.Add(time.Second); d.comesBack("c3", g, "b") || d.comesBack("c3", tokenOf("ben"), "a") || len(d.store.Rows) != 1 {
		t.Errorf("others were let in, or left something: %+v", d.store.Rows)
	}
}
