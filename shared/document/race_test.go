package document_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// says has a connection send a frame and returns the last text it is sent for that.
func says(t *testing.T, d *document.Document, now time.Time, conn document.ConnID, text string) (answer string) {
	t.Helper()
	f, err := protocol.Decode([]byte(text), protocol.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.Step(now, document.FrameReceived{Conn: conn, Frame: f}) {
		if s, ok := e.(document.Send); ok && s.Conns[0] == conn {
			answer = string(s.Text)
		}
	}
	return answer
}

// What the source said before an operator locked the document, and arrives after it,
// does not unlock it; nor by a clock that is a little ahead.
func TestAnOperatorsLockIsNotUndoneByAnOlderAnswer(t *testing.T) {
	d := document.New(document.Config{}, "d")
	d.Step(start.Add(time.Second), document.LockRequested{Locked: true, By: "olive"})
	connect := func(at, access time.Duration) {
		d.Step(start.Add(at), document.Connect{Conn: "c" + document.ConnID(at.String()), ClientID: "c", Grant: document.Grant{
			UserID: "ann", SessionID: "s", Permissions: 7, Epoch: 1, Expires: start.Add(time.Hour), AdmittedAt: start.Add(at), AccessAt: start.Add(access)}})
	}
	connect(1600*time.Millisecond, 1500*time.Millisecond)
	if !d.Snapshot().State.Lock.On {
		t.Error("the operator's lock is gone")
	}
	connect(8*time.Second, 7*time.Second)
	if d.Snapshot().State.Lock.On {
		t.Error("a newer word does not count")
	}
}

// A user who returns with fewer permissions does not keep what only the others gave.
func TestASectionIsNotKeptByAViewer(t *testing.T) {
	d := document.New(document.Config{}, "d")
	g := document.Grant{UserID: "ann", SessionID: "s", Permissions: 15, Epoch: 1, Expires: start.Add(time.Hour), AdmittedAt: start}
	d.Step(start, document.Connect{Conn: "c1", ClientID: "c", Grant: g})
	says(t, d, start, "c1", `{"type":"operation","event":"lock","message_id":"m","data":{"section":"intro","ttl":3600000}}`)
	if len(d.Snapshot().Sections) != 1 {
		t.Fatal("not locked")
	}
	d.Step(start, document.Disconnected{Conn: "c1", Code: 1006})
	g.Permissions, g.Epoch, g.AdmittedAt = 1, 2, start.Add(time.Second)
	var events []string
	for _, e := range d.Step(start.Add(time.Second), document.Connect{Conn: "c2", ClientID: "c", Grant: g}) {
		if s, ok := e.(document.Send); ok && s.Conns[0] == "c2" {
			f, err := protocol.Decode(s.Text, protocol.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, f.Event)
		}
	}
	if s := d.Snapshot().Sections; len(s) > 0 {
		t.Errorf("a viewer holds %+v", s)
	}
	// It is told, and connection_ack is the first frame that the server sends.
	if want := []string{"connection_ack", "state", "locks"}; !slices.Equal(events, want) {
		t.Errorf("was sent %q, want %q", events, want)
	}
}

// One writer who begins a snapshot again and again does not keep the others from it.
func TestAnUploadIsNotHeldForEver(t *testing.T) {
	d, now := document.New(document.Config{}, "d"), start
	for _, u := range []string{"ann", "bob"} {
		d.Step(now, document.Connect{Conn: document.ConnID(u), ClientID: "c", Grant: document.Grant{
			UserID: u, SessionID: "s" + u, Permissions: 7, Epoch: 1, Expires: now.Add(48 * time.Hour), AdmittedAt: now}})
	}
	says(t, d, now, "ann", `{"type":"operation","event":"op","message_id":"o","data":{"op":1}}`)
	for range 12 {
		says(t, d, now, "ann", `{"type":"operation","event":"snapshot","message_id":"s","data":{"document_version":1,"part":0,"parts":2,"data":1}}`)
		now = now.Add(29 * time.Second)
		answer := says(t, d, now, "bob", `{"type":"operation","event":"snapshot","message_id":"t","data":{"document_version":1,"part":0,"parts":1,"data":1}}`)
		if strings.Contains(answer, "snapshot_ack") {
			return
		}
		if !strings.Contains(answer, "snapshot_in_progress") {
			t.Fatalf("bob receives %s", answer)
		}
	}
	t.Error("bob is kept out after six minutes")
}
