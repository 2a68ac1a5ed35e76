package document_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func guestID(n int) string { return protocol.GuestID("0123456789abcdef", fmt.Sprintf("%016x", n)) }

// Guests take half of a document's places at most: fifty are there, one in its grace period, and the next has to
// wait; a member finds a place. Who was there comes back.
func TestGuestsFull(t *testing.T) {
	d := newDesk(t)
	for i := range 50 {
		d.connect(document.ConnID(fmt.Sprint("g", i)), guestID(i), "a")
	}
	d.step(document.Disconnected{Conn: "g7"})
	d.connect("late", guestID(50), "a")
	if e, _ := protocol.ParseError(d.frame("late", "error").Data); e.Code != protocol.ServiceUnavailable || e.Reason != "guests_full" || e.RetryAfter < 30*time.Second {
		t.Errorf("rejected with %+v", e)
	}
	for i := range 50 {
		d.connect(document.ConnID(fmt.Sprint("m", i)), fmt.Sprint("u", i), "a")
		if code := d.closed[document.ConnID(fmt.Sprint("m", i))]; code != 0 {
			t.Fatalf("a member's place is a guest's: %d", code)
		}
	}
	d.connect("g7b", guestID(7), "a")
	if d.closed["g7b"] != 0 {
		t.Error("a guest who has a place is not let in")
	}
}

// A guest is said to be one in all that says who is there.
func TestGuestsAreSaidToBeGuests(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("g1", guestID(1), "g")
	d.holds(d.frame("c1", "join"), `{"user_id":"`+guestID(1)+`","guest":true}`)
	d.connect("c2", "bob", "b")
	d.holds(d.frame("c2", "state"), `{"members":[{"user_id":"ann","client_id":"a"},{"user_id":"`+guestID(1)+`","client_id":"g","guest":true}]}`)
	d.says("g1", `{"type":"presence","event":"update","data":{"user_id":"ann","name":"Ann","guest":false,"data":1}}`)
	d.holds(d.frame("c1", "update"), `{"user_id":"`+guestID(1)+`","guest":true,"data":1}`)
}

// The token's end is the link's, at most: a guest reads no further, where a user has a while for a new token.
func TestGuestsReadNoFurther(t *testing.T) {
	d := newDesk(t)
	g := grantOf(guestID(1))
	g.Expires = d.now.Add(time.Minute)
	d.step(document.Connect{Conn: "g1", Grant: g, ClientID: "g"})
	u := grantOf("ann")
	u.Expires = g.Expires
	d.step(document.Connect{Conn: "c1", Grant: u, ClientID: "a"})
	d.now = g.Expires.Add(-time.Millisecond)
	d.step(document.Woken{Seen: []document.Seen{{Conn: "g1", At: d.now}, {Conn: "c1", At: d.now}}})
	if d.closed["g1"] != 0 {
		t.Error("closed before the end")
	}
	d.now = g.Expires.Add(time.Millisecond)
	d.step(document.Woken{Seen: []document.Seen{{Conn: "g1", At: d.now}, {Conn: "c1", At: d.now}}})
	if d.closed["g1"] != 4102 || d.closed["c1"] != 0 {
		t.Errorf("closed: the guest with %d, the user with %d", d.closed["g1"], d.closed["c1"])
	}
}
