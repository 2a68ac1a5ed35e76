//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// hears waits for a message to the user, and acknowledges it.
func (c *conn) hears(id string) frame {
	c.t.Helper()
	f := c.expect("system", "message")
	if f.MessageID != id {
		c.t.Fatalf("received message %s, want %s", f.MessageID, id)
	}
	c.send(fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":0},"message_id":%q}`, id))
	return f
}

// hearsNothing fails if a message comes within a time in which one that is due would.
func (c *conn) hearsNothing(within time.Duration) {
	c.t.Helper()
	time.Sleep(within) // that nothing comes is no event
	c.quiet()
}

func (s *server) post(user, body string) map[string]any {
	s.T.Helper()
	m, _ := s.must("POST", "/v1/admin/users/"+user+"/messages", body)["message"].(map[string]any)
	return m
}

// heard waits until the user's object knows that its clients have every message that is kept.
func (s *server) heard(user string, want ...string) {
	s.T.Helper()
	var got []string
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		got = nil
		var said struct{ Rows []map[string]any }
		s.Do(map[string]string{"do": "sql", "class": "UserSession", "name": user, "query": "SELECT client_id, CAST(heard AS TEXT) AS heard FROM hearers ORDER BY client_id"}, &said)
		for _, row := range said.Rows {
			got = append(got, fmt.Sprint(row["client_id"], ": ", row["heard"]))
		}
		if slices.Equal(got, want) {
			return
		}
	}
	s.T.Fatalf("heard is %q, want %q", got, want)
}

// A message reaches every connection of the user, on every document, and nobody else's; it goes
// again to who has not acknowledged it, and to who was away.
//
// Holds: "a message to a user reaches each browser that connects while it is kept".
func TestAMessageReachesTheUsersBrowsers(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"CONNECTIONS_PER_USER": "2"})
	token := s.Login("owner")
	a := s.connect(dialling{document: "welcome", clientID: "browser-a", token: token})
	a2 := s.connect(dialling{document: "notes", clientID: "browser-a", token: token})
	b := s.connect(dialling{document: "welcome", clientID: "browser-b", token: token})
	other := s.connect(dialling{document: "welcome", clientID: "browser-c", token: s.Login("editor")})
	m := s.post("usr_owner", `{"data":{"title":"Lunch","n":[1,null]},"message_id":"lunch"}`)
	if m["message_id"] != "lunch" || m["kept"] != true || m["connections"] != 3.0 || m["unreached"] != 0.0 || m["repeated"] != false {
		t.Errorf("the receipt is %v", m)
	}
	for _, c := range []*conn{a, a2} {
		if f := c.hears("lunch"); fmt.Sprint(f.Data["data"]) != "map[n:[1 <nil>] title:Lunch]" || f.text("at") != m["at"] {
			t.Errorf("received %+v", f)
		}
	}
	s.heard("usr_owner", "browser-a: 1")
	b.expect("system", "message") // and says nothing of it
	if m := s.post("usr_owner", `{"data":"is not looked at","message_id":"lunch"}`); m["repeated"] != true || m["connections"] != 1.0 {
		t.Errorf("the receipt of a repeat is %v", m)
	}
	b.hears("lunch")
	s.heard("usr_owner", "browser-a: 1", "browser-b: 1")
	// One that is not kept goes to who is there.
	if m := s.post("usr_owner", `{"data":1,"ttl_s":0}`); m["kept"] != false || m["until"] != nil || m["connections"] != 3.0 {
		t.Errorf("the receipt is %v", m)
	}
	for _, c := range []*conn{a, a2, b} {
		c.expect("system", "message")
	}
	b.ws.CloseNow()
	m = s.post("usr_owner", `{"data":2,"ttl_s":600}`)
	id, _ := m["message_id"].(string)
	if !strings.HasPrefix(id, "msg_") || m["connections"] != 2.0 {
		t.Errorf("the receipt is %v", m)
	}
	a.hears(id)
	// Who comes back, and who comes for the first time, gets what it lacks.
	b = s.connect(dialling{document: "notes", clientID: "browser-b", token: token})
	b.hears(id)
	d := s.connect(dialling{document: "welcome", clientID: "browser-d", token: token})
	d.hears("lunch")
	d.hears(id)
	s.heard("usr_owner", "browser-a: 1 2", "browser-b: 1 2", "browser-d: 1 2")
	other.quiet()
	if status, answer := s.admin("POST", "/v1/admin/users/usr_owner/messages", `{"data":"`+strings.Repeat("x", 66_000)+`"}`); status != 413 {
		t.Errorf("%d %v", status, answer)
	}
}

// kill -9 loses no message that was answered for, and nobody who has it gets it again.
//
// Holds: "a message to a user reaches each browser that connects while it is kept".
func TestMessagesSurviveKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	token := d.Login("owner")
	a := d.connect(dialling{document: "welcome", clientID: "browser-a", token: token})
	d.post("usr_owner", `{"data":1,"message_id":"one"}`)
	a.hears("one")
	a.quiet() // its acknowledgement has been passed on
	// A second one is pushed and not acknowledged: whether it was heard nobody can know.
	d.post("usr_owner", `{"data":2,"message_id":"two"}`)
	a.expect("system", "message")
	d.post("usr_owner", `{"data":3,"message_id":"three","ttl_s":1}`)
	d.Kill()
	d.Restart()
	time.Sleep(time.Second) // the third is over
	b := d.connect(dialling{document: "notes", clientID: "browser-b", token: token})
	b.hears("one")
	b.hears("two")
	a = d.connect(dialling{document: "welcome", clientID: "browser-a", token: token})
	if f := a.expect("system", "message"); f.MessageID == "one" { // unless the kill came before it was written
		t.Log("the first one was not known to be heard")
		a.expect("system", "message")
	} else if f.MessageID != "two" {
		t.Errorf("received %+v", f)
	}
}

// A page of before that acknowledges nothing costs a few pushes, and is then left alone; an
// idle user has no alarm but the message's end.
func TestSoakAnOldPageIsPushedAFewTimes(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	c := s.connect(dialling{document: "welcome", clientID: "old-page", token: s.Login("owner")})
	s.post("usr_owner", `{"data":1,"message_id":"m"}`)
	n := 0
	for until := time.Now().Add(200 * time.Second); time.Now().Before(until); {
		c.send(`{"type":"system","event":"ping","data":{}}`)
		for {
			f := c.expectAny()
			if f.Event == "pong" {
				break
			}
			if f.Event == "message" {
				n++
			}
			if f.Event == "ping" {
				c.pong(f)
			}
		}
		time.Sleep(5 * time.Second)
	}
	if n != 7 {
		t.Errorf("pushed %d times, want once and six times again", n)
	}
}

// What a backend tells a user reaches the user's browsers, and none of the programs that act for the
// user: it may be about anything.
//
// Attacker: has the key of a delegation that may read one document.
func TestAMessageToAUserReachesNoDelegate(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("editor")
	agent := s.connect(s.delegate(token, "welcome", "Agent X", "view").dial("welcome"))
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: token})
	agent.expectFrame("presence", "join")
	const path = "/v1/admin/users/usr_editor/messages"
	for n := range 2 { // a repeat as well
		said := s.must("POST", path, `{"data":{"reset":"https://app.example/reset#123"},"message_id":"r"}`)
		if sent := at(said, "message", "connections"); sent != 1.0 {
			t.Errorf("call %d: sent to %v connections", n+1, sent)
		}
	}
	for range 2 {
		editor.expect("system", "message")
	}
	agent.quiet()
	agent.ws.CloseNow()
	s.Evict("UserSession", "usr_editor")
	agent = s.connect(s.delegate(token, "welcome", "Agent Y", "view").dial("welcome"))
	time.Sleep(time.Second) // a new connection is told after 300 ms
	agent.quiet()
}
