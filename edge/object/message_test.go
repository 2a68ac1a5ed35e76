package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// entered is a user's object with two documents open.
func entered(t *testing.T) *fake {
	f := newFake(t, "ann", NewUser)
	for ask, document := range []string{"d1", "d2"} {
		f.enter(admit(document))
		f.enter(Input{Kind: Answered, Ask: uint32(ask + 1), Text: []byte(`[["ws_demo",0,"workspace","member","edit"]]`)})
	}
	f.now = f.now.Add(time.Minute)
	return f
}

func userRequest(text string) Input { return Input{Kind: Request, Ask: 9, Text: []byte(text)} }

// A message is stored before it leaves for the documents, and the answer waits for those; it
// outlives the object's memory, and what a client has acknowledged does too.
func TestAMessageIsKeptAndPushed(t *testing.T) {
	f := entered(t)
	expect(t, without(f.enter(userRequest(`{"kind":"message","id":"m1","data":{"n":[1]},"ttl_ms":3600000}`)), "alarm"),
		`call 3 DOCUMENTS d1 {"kind":"deliver","user_id":"ann","messages":[{"id":"m1","at":1736244060000,"data":{"n":[1]}}]}`,
		`call 4 DOCUMENTS d2 {"kind":"deliver","user_id":"ann","messages":[{"id":"m1",`)
	if rows := f.rows("messages"); len(rows) != 1 {
		t.Fatalf("stored are %v", rows)
	}
	expect(t, without(f.enter(Input{Kind: Answered, Ask: 3, Text: []byte(`{"connections":2}`)}), "alarm"))
	expect(t, without(f.enter(Input{Kind: Failed, Ask: 4}), "alarm"),
		`respond 9 200 {"message":{"message_id":"m1","at":"2025-01-07T10:01:00Z","kept":true,"until":"2025-01-07T11:01:00Z","connections":2,"unreached":1,"dropped":0,"repeated":false}}`)
	f.object = nil
	expect(t, without(f.enter(userRequest(`{"kind":"heard","client_id":"c","message_id":"m1"}`)), "alarm"), `respond 9 200 {"ok":true}`)
	f.object = nil
	f.now = f.now.Add(2 * time.Second)
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm")) // the client has it, on whichever document
	f.now = f.now.Add(time.Hour)
	f.enter(Input{Kind: Alarm})
	if len(f.rows("messages"))+len(f.rows("hearers")) > 0 {
		t.Errorf("left are %v %v", f.rows("messages"), f.rows("hearers"))
	}
}

// The alarm pushes again what nobody has acknowledged, by an object that has been out of memory.
func TestAPushIsRepeated(t *testing.T) {
	f := entered(t)
	f.enter(userRequest(`{"kind":"message","id":"m1","data":1}`))
	f.object = nil
	f.now = f.now.Add(2 * time.Second)
	left := f.enter(Input{Kind: Alarm})
	expect(t, without(left, "alarm"), `call 1 DOCUMENTS d1 {"kind":"deliver","user_id":"ann","client_id":"c"`, `call 2 DOCUMENTS d2 `)
	if at := f.alarm.Sub(f.now); at != 4*time.Second {
		t.Errorf("the next one is due in %s", at)
	}
}

// A message for a user who is nowhere costs its row and its end, and no push.
func TestAMessageForNobodyWaits(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	expect(t, without(f.enter(userRequest(`{"kind":"message","id":"m1","data":1}`)), "alarm"), `respond 9 200 {"message":{"message_id":"m1","at":"2025-01-07T10:00:00Z","kept":true,`)
	if f.alarm.Sub(f.now) != 24*time.Hour {
		t.Errorf("the alarm is in %s", f.alarm.Sub(f.now))
	}
	f = newFake(t, "bob", NewUser)
	f.enter(userRequest(`{"kind":"message","id":"m1","data":1,"ttl_ms":0}`))
	if f.made || !f.alarm.IsZero() {
		t.Error("one that is not kept leaves something")
	}
	expect(t, f.enter(userRequest(`{"kind":"message","data":1}`)), `respond 9 400 {"error":`)
}

// The document sends what it is given to the user's own connections, and passes on what they
// acknowledge, once, and nothing that they make up.
func TestADocumentSendsMessages(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	r.connect("bob", "")
	deliver := func(client string) Input {
		return Input{Kind: Request, Ask: 9, Text: fmt.Appendf(nil, `{"kind":"deliver","user_id":"ann"%s,"messages":[{"id":"m1","at":1736244000000,"data":{"n":1}}]}`, client)}
	}
	frame := `send 1 {"type":"system","event":"message","data":{"data":{"n":1},"at":"2025-01-07T10:00:00Z"},"message_id":"m1"}`
	expect(t, without(r.enter(deliver("")), "alarm"), frame, `respond 9 200 {"connections":1}`)
	expect(t, without(r.enter(deliver(`,"client_id":"c-ann"`)), "alarm"), frame, `respond 9 200 {"connections":1}`)
	expect(t, without(r.enter(deliver(`,"client_id":"other"`)), "alarm"), `respond 9 200 {"connections":0}`)
	says := func(user, id string) []string {
		return without(r.enter(Input{Kind: Message, Conn: r.conns[user], Length: 10, Text: fmt.Appendf(nil, `{"type":"system","event":"ack","data":{"seq":0},"message_id":%q}`, id)}), "alarm")
	}
	expect(t, says("bob", "m1"))
	expect(t, says("ann", "made up"))
	expect(t, says("ann", "m1"), fmt.Sprintf(`call %d SESSIONS ann {"kind":"heard","client_id":"c-ann","message_id":"m1"`, uint32(untracked)))
	expect(t, says("ann", "m1"))
	for _, line := range r.enter(Input{Kind: Failed, Ask: untracked}) {
		if !strings.HasPrefix(line, "alarm") {
			t.Error(line)
		}
	}
}
