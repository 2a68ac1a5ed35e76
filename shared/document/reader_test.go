package document_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// views lets a user in who may only read, and returns the effects.
func (d *desk) views(conn document.ConnID, userID string) []document.Effect {
	g := grantOf(userID)
	g.Permissions = uint8(permission.Read)
	return d.step(document.Connect{Conn: conn, Grant: g, ClientID: "r"})
}

// becomes has the user's object push what the user may do now.
func (d *desk) becomes(userID string, may permission.Set, epoch uint64) []document.Effect {
	g := grantOf(userID)
	g.Permissions, g.Epoch = uint8(may), epoch
	return d.step(document.GrantChanged{Grant: g, Reason: "workspace_role_changed"})
}

// frames counts the texts of an event's effects that go out, by connection.
func frames(effects []document.Effect) (n int) {
	for _, e := range effects {
		if s, ok := e.(document.Send); ok {
			n += len(s.Conns)
		}
	}
	return n
}

func crowded(t *testing.T) *desk {
	d := newDesk(t)
	for i := range 1000 {
		d.views(document.ConnID(fmt.Sprint("r", i)), fmt.Sprint("reader", i))
	}
	for i := range 100 {
		d.connect(document.ConnID(fmt.Sprint("w", i)), fmt.Sprint("writer", i), "w")
	}
	for conn, code := range d.closed {
		t.Fatalf("%s is closed with %d", conn, code)
	}
	return d
}

// TestAThousandReaders: a thousand who may only read find room beside a hundred who write, and neither
// takes the other's places.
//
// Holds: "readers take no writer's place".
func TestAThousandReaders(t *testing.T) {
	d := crowded(t)
	d.views("r1000", "reader1000")
	d.connect("w100", "writer100", "w")
	for _, late := range []document.ConnID{"r1000", "w100"} {
		if e, _ := protocol.ParseError(d.frame(late, "error").Data); e.Code != protocol.ServiceUnavailable || e.Reason != "document_full" || e.RetryAfter < 30*time.Second {
			t.Errorf("%s is rejected with %+v", late, e)
		}
	}
	d.step(document.Disconnected{Conn: "r7"})
	d.step(document.Disconnected{Conn: "w7"})
	d.views("r7b", "reader7")
	d.connect("w7b", "writer7", "w")
	if d.closed["r7b"] != 0 || d.closed["w7b"] != 0 {
		t.Error("who has a place in grace is not let in")
	}
}

// TestOneUserTakesFewPlaces: a reader who dials with one client id after the other has one place.
func TestOneUserTakesFewPlaces(t *testing.T) {
	d := newDesk(t)
	g := grantOf("greedy")
	g.Permissions = uint8(permission.Read)
	for i := range 1500 {
		d.step(document.Connect{Conn: document.ConnID(fmt.Sprint("g", i)), Grant: g, ClientID: fmt.Sprint("c", i)})
	}
	if n := len(d.doc.Current("greedy")); n != 1 {
		t.Fatalf("%d places", n)
	}
	for i := range 999 {
		conn := document.ConnID(fmt.Sprint("r", i))
		if d.views(conn, fmt.Sprint("reader", i)); d.closed[conn] != 0 {
			t.Fatalf("no room for %s", conn)
		}
	}
}

// TestReadersAreCounted: who reads beside a hundred readers is shown to nobody. However many come, go and
// move about, the others are sent one frame each in five seconds.
//
// Holds: "a crowd of readers is counted".
func TestReadersAreCounted(t *testing.T) {
	d := crowded(t)
	d.now = d.now.Add(10 * time.Second)
	d.step(document.Woken{})
	d.holds(d.frame("w0", "readers"), `{"readers":900}`)
	sent := 0
	for i := 500; i < 600; i++ {
		conn := document.ConnID(fmt.Sprint("r", i))
		sent += frames(d.step(document.FrameReceived{Conn: conn, Frame: protocol.Frame{Type: "presence", Event: "update", Data: []byte(`{"data":1}`)}}))
		sent += frames(d.step(document.Disconnected{Conn: conn}))
		if i >= 550 {
			sent += frames(d.views(conn+"b", fmt.Sprint("reader", i))) - 2 // its connection_ack, and its state
		}
	}
	if sent != 0 {
		t.Errorf("%d frames", sent)
	}
	at, ok := d.doc.Deadline()
	if !ok || at.After(d.now.Add(5*time.Second)) {
		t.Errorf("to be said at %v", at)
	}
	d.now = d.now.Add(5 * time.Second)
	if n := frames(d.step(document.Woken{})); n != 1050 {
		t.Errorf("%d frames say how many are left", n)
	}
	d.holds(d.frame("w0", "readers"), `{"readers":850}`)
	d.views("new", "reader500")
	p, ok := protocol.ParsePresenceState(d.frame("new", "state").Data)
	if !ok || len(p.Members) != 200 || p.Readers != 851 || !p.Unlisted {
		t.Errorf("is shown %d, and %d readers", len(p.Members), p.Readers)
	}
	if n := frames(d.step(document.Disconnected{Conn: "r3"})); n != 1050 {
		t.Errorf("one that is shown leaves, and %d are told", n)
	}
}

// TestTheHundredthReaderIsShown: as long as there are no more, readers are shown as all members are.
func TestTheHundredthReaderIsShown(t *testing.T) {
	d := newDesk(t)
	d.connect("w", "ann", "a")
	for i := range 100 {
		d.views(document.ConnID(fmt.Sprint("r", i)), fmt.Sprint("reader", i))
		d.holds(d.frame("w", "join"), fmt.Sprintf(`{"user_id":"reader%d"}`, i))
	}
	before := len(d.sent["w"])
	d.views("r100", "reader100")
	if n := len(d.sent["w"]); n != before {
		t.Errorf("%d frames of the next", n-before)
	}
	d.views("r100b", "reader100") // its own reconnect
	d.step(document.Disconnected{Conn: "r4"})
	d.step(document.Disconnected{Conn: "r100b"})
	d.views("r100c", "reader100")
	d.holds(d.frame("w", "join"), `{"user_id":"reader100"}`)
}

// TestAReaderMayWrite: one that nobody was shown is shown when it may write, with what it shows; one that
// may not any more stays shown. Its op goes to everybody.
func TestAReaderMayWrite(t *testing.T) {
	d := crowded(t)
	d.step(document.Disconnected{Conn: "w1"})
	d.says("w2", `{"type":"system","event":"disconnect"}`)
	d.says("r500", `{"type":"presence","event":"update","data":{"data":{"at":1}}}`)
	d.becomes("reader500", permission.Read|permission.Write, 2)
	d.holds(d.frame("w0", "join"), `{"user_id":"reader500"}`)
	d.holds(d.frame("w0", "update"), `{"user_id":"reader500","data":{"at":1}}`)
	d.writes("r500", "m1")
	d.holds(d.frame("r999", "op"), `{"user_id":"reader500"}`)
	before := len(d.sent["w0"])
	d.becomes("reader500", permission.Read, 3)
	if n := len(d.sent["w0"]); n != before || d.closed["r500"] != 0 {
		t.Errorf("%d frames of it, closed with %d", n-before, d.closed["r500"])
	}
	d.step(document.Disconnected{Conn: "r500"})
	d.holds(d.frame("w0", "leave"), `{"user_id":"reader500"}`)
}

// TestNoPlaceToWrite: whom an operator lets write beyond the places there are has to wait for one, in its
// grace period too, and keeps its reader's place no longer.
func TestNoPlaceToWrite(t *testing.T) {
	d := crowded(t)
	d.step(document.Disconnected{Conn: "r1"})
	for _, n := range []int{0, 1} {
		d.becomes(fmt.Sprint("reader", n), permission.Read|permission.Comment, 2)
		if row := d.store.Rows[sim.Client{Of: fmt.Sprint("reader", n), ID: "r"}]; !row.Notifying {
			t.Errorf("reader%d: %+v", n, row.Channel)
		}
	}
	e, _ := protocol.ParseError(d.frame("r0", "error").Data)
	if e.Reason != "document_full" || protocol.ActionForClose(d.closed["r0"]) != protocol.ActionWait {
		t.Errorf("closed with %d, %+v", d.closed["r0"], e)
	}
	d.views("more0", "more0")
	d.views("more1", "more1")
	if d.closed["more0"] != 0 || d.closed["more1"] != 0 {
		t.Error("the places of readers are not free")
	}
	g := grantOf("writer5")
	g.Permissions = uint8(permission.Read)
	d.step(document.Connect{Conn: "w5b", Grant: g, ClientID: "w"}) // comes back as a reader
	if protocol.ActionForClose(d.closed["w5b"]) != protocol.ActionWait || protocol.ActionForClose(d.closed["w5"]) != protocol.ActionWait {
		t.Errorf("a reader too many, closed with %d and %d", d.closed["w5b"], d.closed["w5"])
	}
}

// TestGuestsReadBesideMembers: guests who read take half of the readers' places, and none of those who write.
func TestGuestsReadBesideMembers(t *testing.T) {
	d := newDesk(t)
	for i := range 500 {
		d.views(document.ConnID(fmt.Sprint("g", i)), guestID(i))
	}
	d.views("late", guestID(500))
	if e, _ := protocol.ParseError(d.frame("late", "error").Data); e.Reason != "guests_full" || d.closed["g499"] != 0 {
		t.Errorf("rejected with %+v", e)
	}
	if d.connect("writes", guestID(501), "a"); d.closed["writes"] != 0 {
		t.Error("a guest who writes finds no place")
	}
}

// hibernated is the document once everything that was due has been said, and its object has slept.
func hibernated(t *testing.T, d *desk) *document.Document {
	t.Helper()
	d.now = d.now.Add(10 * time.Second)
	d.step(document.Woken{})
	s := d.doc.Snapshot()
	s.Live = nil
	doc, err := document.Restore(document.Config{}, s)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestAsleepReadersStayUnlisted: a hibernation forgets nobody's being shown, nor how many are not.
func TestAsleepReadersStayUnlisted(t *testing.T) {
	d := crowded(t)
	doc := hibernated(t, d)
	effects := doc.Step(d.now, document.Disconnected{Conn: "r500"})
	if n := frames(effects); n != 0 {
		t.Errorf("%d frames of one that nobody was shown", n)
	}
	if n := frames(doc.Step(d.now.Add(5*time.Second), document.Woken{})); n != 1099 {
		t.Errorf("%d are told", n)
	}
}

// TestReadersAcknowledgeForNothing: the acknowledgement of one that nobody is shown costs no row until its
// connection ends.
func TestReadersAcknowledgeForNothing(t *testing.T) {
	d := crowded(t)
	for i := range 200 {
		d.writes("w0", fmt.Sprint("m", i))
	}
	for i := range 200 {
		ack := protocol.Frame{Type: "system", Event: "ack", Data: protocol.Ack{Seq: uint64(i + 1)}.Append(nil)}
		if n := len(d.step(document.FrameReceived{Conn: "r900", Frame: ack})); n != 0 {
			t.Fatalf("%d effects", n)
		}
	}
	d.step(document.Disconnected{Conn: "r900"})
	if got := d.store.Rows[sim.Client{Of: "reader900", ID: "r"}].Channel.Acked; got != 200 {
		t.Errorf("acknowledged %d at the end", got)
	}
}

// TestTheLastUnlistedReaderLeaves: after a hibernation too, everybody is told that there is none that is unlisted.
func TestTheLastUnlistedReaderLeaves(t *testing.T) {
	d := newDesk(t)
	for i := range 101 {
		d.views(document.ConnID(fmt.Sprint("r", i)), fmt.Sprint("reader", i))
	}
	doc := hibernated(t, d)
	doc.Step(d.now, document.Disconnected{Conn: "r100"})
	if n := frames(doc.Step(d.now.Add(5*time.Second), document.Woken{})); n != 100 {
		t.Errorf("%d are told", n)
	}
}

// TestPresenceInACrowd: where eleven hundred are connected, who moves about has an eleventh of the updates
// passed on that a hundred would be sent, and the newest in the end.
func TestPresenceInACrowd(t *testing.T) {
	d := crowded(t)
	passed := 0
	for i := range 100 {
		d.now = d.now.Add(10 * time.Millisecond)
		update := protocol.Frame{Type: "presence", Event: "update", Data: fmt.Appendf(nil, `{"data":%d}`, i)}
		if frames(d.step(document.FrameReceived{Conn: "w0", Frame: update})) > 0 {
			passed++
		}
	}
	if passed == 0 || passed > 3 {
		t.Errorf("%d of a second are passed on", passed)
	}
	d.now = d.now.Add(time.Second)
	d.step(document.Woken{})
	d.holds(d.frame("r999", "update"), `{"user_id":"writer0","data":99}`)
}
