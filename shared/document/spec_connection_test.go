package document_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// back connects ann again as herself, naming what she received last.
func (d *desk) back(conn document.ConnID, last uint64) document.Effect {
	d.Helper()
	return d.step(document.Connect{
		Conn: conn, Grant: grantOf("ann"), ClientID: "a", SessionID: "session-of-ann", LastSeq: last, HasLastSeq: true,
		Receipts: d.store.Receipts("ann", "a", 256),
	})[0]
}

// received is what a connection received of the log, in order: op or operation_ack
// with its version.
func (d *desk) received(conn document.ConnID) string {
	text := ""
	for _, f := range d.sent[conn] {
		if f.Type == protocol.TypeOperation {
			text += fmt.Sprintf("%s %d, ", f.Event, f.Seq)
		}
	}
	return text
}

// S1: "What happens when Alex’s phone loses connection?": whatever ended it and
// with whichever code, the session goes on when the device returns.
func TestSpecEveryLossMayBeResumed(t *testing.T) {
	ends := map[string]document.Event{
		"a socket that takes no frames": document.SendFailed{Conn: "c1"},
		"silence":                       document.Woken{Seen: []document.Seen{{Conn: "c1", At: start.Add(-time.Minute)}}},
	}
	for _, code := range []int{1000, 1001, 1005, 1006, 1011, 1012, 4000, 4409, 4499} {
		ends[fmt.Sprint("a close with ", code)] = document.Disconnected{Conn: "c1", Code: code}
	}
	for name, end := range ends {
		d := newDesk(t)
		d.connect("c1", "ann", "a")
		d.connect("c2", "ben", "b")
		if name == "silence" {
			d.now = start.Add(25 * time.Second)
			end = document.Woken{Seen: []document.Seen{{Conn: "c1", At: start}, {Conn: "c2", At: d.now}}}
		}
		d.step(end)
		d.holds(d.frame("c2", "leave"), `{"user_id":"ann"}`)
		d.now = d.now.Add(29 * time.Second)
		if answer, ok := d.back("c3", 0).(document.Accept); !ok {
			t.Fatalf("%s: answered %+v", name, answer)
		}
		d.holds(d.frame("c3", "connection_ack"), `{"resumed":true,"session_id":"session-of-ann"}`)
		d.holds(d.frame("c2", "join"), `{"user_id":"ann"}`)
	}
}

// S1: "UserSession remains in memory": and where memory is lost, it is not.
func TestSpecSessionOutlivesTheObject(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.step(document.Disconnected{Conn: "c1", Code: 1006})
	d.writes("c2", "m1")
	for _, away := range []time.Duration{0, 10 * time.Second, 29 * time.Second} {
		d.now = start.Add(away)
		doc, err := document.Restore(document.Config{}, d.store.Snapshot(256))
		if err != nil {
			t.Fatal(err)
		}
		d.doc = doc
	}
	d.back("c3", 0)
	d.holds(d.frame("c3", "connection_ack"), `{"resumed":true,"session_id":"session-of-ann","replay":{"from":1,"to":1}}`)
	d.holds(d.frame("c3", "op"), `{"op":"m1"}`)
}

// S1: "No data is lost": not what others wrote meanwhile, not the answer that was
// under way, and what is sent again for want of it is not there twice.
func TestSpecNothingLostNothingTwice(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.writes("c1", "a1") // stored; the answer never arrives
	d.step(document.Disconnected{Conn: "c1", Code: 1006})
	d.writes("c2", "b1")
	d.now = start.Add(20 * time.Second)
	d.back("c3", 0)
	if got, want := d.received("c3"), "operation_ack 1, op 2, "; got != want {
		t.Errorf("on her return ann received %s want %s", got, want)
	}
	d.writes("c3", "a1")
	d.holds(d.frame("c3", "operation_ack"), `{"document_version":1}`)
	d.writes("c3", "a2")
	d.holds(d.frame("c2", "op"), `{"op":"a2","document_version":3}`)
	if got, want := d.received("c2"), "op 1, operation_ack 2, op 3, "; got != want || len(d.store.Log) != 3 {
		t.Errorf("ben received %s want %s with %d entries", got, want, len(d.store.Log))
	}
}

// S1: "Same coreToken is used": a token is good for as many connections as its
// life is long.
func TestSpecSameTokenAgain(t *testing.T) {
	d := newDesk(t)
	g := grantOf("ann")
	g.TokenID = "token_unique_id"
	conns := []document.ConnID{"c1", "c2", "c3"}
	for i, conn := range conns {
		d.now = start.Add(time.Duration(i) * 20 * time.Second)
		d.step(document.Connect{Conn: conn, Grant: g, ClientID: "a"})
		ack := d.frame(conn, "connection_ack")
		d.holds(ack, `{"expires_at":"2025-01-07T10:15:00Z","session_id":"session-of-ann"}`)
		if i > 0 {
			d.holds(ack, `{"resumed":true}`)
		}
		d.step(document.Disconnected{Conn: conn, Code: 1006})
	}
}

// S1: "WebSocket is updated with new connection": everything goes to the new one,
// and nothing about the old one, however late, changes that.
func TestSpecNewConnectionIsTheCurrentOne(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "ben", "b")
	d.step(document.Disconnected{Conn: "c1", Code: 1006})
	d.back("c3", 0)
	old := len(d.sent["c1"])
	d.step(document.Disconnected{Conn: "c1", Code: 1006})
	d.step(document.SendFailed{Conn: "c1"})
	d.writes("c1", "stray")
	d.step(document.Woken{Seen: []document.Seen{{Conn: "c1", At: start.Add(-time.Hour)}}})
	d.writes("c2", "m1")
	d.holds(d.frame("c3", "op"), `{"op":"m1","document_version":1}`)
	if len(d.sent["c1"]) != old || d.closed["c3"] != 0 {
		t.Errorf("the old connection was sent %d frames, the new one closed with %d", len(d.sent["c1"])-old, d.closed["c3"])
	}
}

// S1: "New UserSession is created" and "Previous state is lost": the old session's
// id, place and presence are; what the document has stored is not.
func TestSpecAfterGrace(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.writes("c1", "m1")
	d.says("c1", `{"type":"system","event":"ack","data":{"seq":1}}`)
	d.step(document.Disconnected{Conn: "c1", Code: 1006})
	d.now = start.Add(30 * time.Second)
	d.step(document.Woken{})
	d.step(document.Notified{UserID: "ann", ClientID: "a", SessionID: "session-of-ann", OK: true})
	g := grantOf("ann")
	g.SessionID, g.AdmittedAt = "second-session-of-ann", d.now
	d.step(document.Connect{Conn: "c2", Grant: g, ClientID: "a", SessionID: "session-of-ann"})
	ack := d.frame("c2", "connection_ack")
	d.holds(ack, `{"resumed":false,"session_id":"second-session-of-ann","document_version":1,"replay":null,"gap":null}`)
	if got := d.received("c2"); got != "" {
		t.Errorf("a new session is notified of %s", got)
	}
	d.writes("c2", "m2")
	d.holds(d.frame("c2", "operation_ack"), `{"document_version":2}`)
}

// S1: "Prevents connection flooding": however many connections a user opens, one
// of them is live, the others' places stay free, and nobody else is disturbed.
func TestSpecFlooding(t *testing.T) {
	d := newDesk(t)
	d.connect("b", "ben", "b")
	quiet := len(d.sent["b"])
	for i := range 500 {
		d.connect(document.ConnID(fmt.Sprint("c", i)), "ann", "a")
	}
	if len(d.closed) != 499 || d.closed["c499"] != 0 || d.closed["b"] != 0 {
		t.Errorf("%d of 500 closed", len(d.closed))
	}
	if n := len(d.sent["b"]) - quiet; n != 1 {
		t.Errorf("ben was sent %d frames about it", n)
	}
	if len(d.store.Rows) != 2 {
		t.Errorf("%d rows", len(d.store.Rows))
	}
	for i := range 98 { // a hundred users, ann and ben included
		d.connect(document.ConnID(fmt.Sprint("u", i)), fmt.Sprint("user-", i), "x")
	}
	d.holds(d.frame("u97", "connection_ack"), `{"user_id":"user-97"}`)
}

// S1: "Sessions are completely isolated" and "No cross-user data access": what one
// user does to their own connection touches nobody else's.
func TestSpecIsolation(t *testing.T) {
	d := newDesk(t)
	d.connect("c1", "ann", "a")
	d.connect("c2", "eve", "a") // the same client id
	for range 8 {
		d.step(document.FrameInvalid{Conn: "c2"})
	}
	if d.closed["c2"] != 4400 {
		t.Fatalf("eve's connection: %d", d.closed["c2"])
	}
	again := grantOf("eve")
	again.SessionID = "second-session-of-eve"
	d.step(document.Connect{Conn: "c3", Grant: again, ClientID: "a"})
	d.says("c3", `{"type":"presence","event":"update","data":{"user_id":"ann","client_id":"x","name":"Ann","data":1}}`)
	d.holds(d.frame("c1", "update"), `{"user_id":"eve","client_id":"a","name":null}`)
	d.says("c3", `{"type":"system","event":"disconnect"}`)
	d.writes("c1", "m1")
	d.holds(d.frame("c1", "operation_ack"), `{"document_version":1}`)
	if d.closed["c1"] != 0 || d.received("c3") != "" {
		t.Errorf("closed %v; eve, who has left, received %s", d.closed, d.received("c3"))
	}
	for _, f := range d.sent["c1"] {
		if f.Event == "error" {
			t.Errorf("ann was sent %s", f.Data)
		}
	}
}
