package document_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Any frame is a sign of life: one that did not decode and is one too many as well.
func TestAFrameThatIsRefusedIsASignOfLife(t *testing.T) {
	d := newDesk(t)
	flood := rate.FloodLimits{Frames: rate.Limit{Count: 1, Per: time.Minute, Burst: 1}}
	d.doc = document.New(document.Config{Conn: serverconn.Config{Flood: flood}}, "d")
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "a")
	pinged := document.Woken{Seen: []document.Seen{{Conn: "c1", At: start}}}
	d.step(pinged)
	for range 2 {
		d.now = start.Add(20 * time.Second)
		d.step(document.FrameInvalid{Conn: "c1", Err: &protocol.Error{Code: protocol.MalformedMessage}, Size: 10})
	}
	d.frame("c1", protocol.EventRateLimited)
	d.now = start.Add(40 * time.Second)
	if d.step(pinged); d.closed["c1"] != 0 {
		t.Errorf("closed with %d, 20 s after its last frame", d.closed["c1"])
	}
	d.now = start.Add(46 * time.Second)
	if d.step(pinged); d.closed["c1"] == 0 {
		t.Error("it is held to no heartbeat")
	}
}

// A token that has expired while it was looked at is what the client learns of, whatever
// else has changed meanwhile: to ask again with it would be of no use.
func TestAnExpiredTokenIsSaidSoBeforeAnythingElse(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.says("c1", `{"type":"system","event":"token_refresh","data":{"token":"t"}}`)
	d.step(document.End{UserID: "ann", Fence: 9, TokenIDs: []string{"another"}})
	g := grantOf("ann")
	g.Expires = start.Add(time.Second)
	d.now = start.Add(2 * time.Second)
	d.step(document.TokenVerified{Conn: "c1", Grant: g})
	if e, _ := protocol.ParseError(d.frame("c1", "error").Data); e.Code != protocol.TokenExpired {
		t.Errorf("%+v", e)
	}
}

// A token that never expires takes no other's place: nothing would ever end what the
// connection lives by.
func TestARefreshNeedsAnExpiry(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.says("c1", `{"type":"system","event":"token_refresh","data":{"token":"t"}}`)
	g := grantOf("ann")
	g.Expires = time.Time{}
	d.step(document.TokenVerified{Conn: "c1", Grant: g})
	if e, _ := protocol.ParseError(d.frame("c1", "error").Data); e.Reason != "exp_missing" {
		t.Errorf("%+v", e)
	}
	d.now = start.Add(time.Hour)
	if d.step(document.Woken{}); d.closed["c1"] == 0 {
		t.Error("the old token's time is over, and the connection lives on")
	}
}
