//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// S1: "Grace Period (30 seconds)", "Same coreToken is used", "UserSession is retrieved
// from SessionStorage", "WebSocket is updated with new connection", "No data is lost" and "Everything continues seamlessly".
func TestDeviceResumesWithinGrace(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.deviceStory(t, func() { s.Evict("UserSession", "usr_owner") })
}

// S1: "UserSession remains in memory".
func TestDeviceResumesAfterKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	d.deviceStory(t, func() {
		d.Kill()
		d.Restart()
	})
}

// deviceStory is a drop, and what happens to the object meanwhile.
func (s *server) deviceStory(t *testing.T, meanwhile func()) {
	t.Helper()
	token := s.Login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	for i := 1; i <= 3; i++ {
		if seq := s.message("usr_owner", fmt.Sprint(i)); seq != i {
			t.Fatalf("message %d became %d", i, seq)
		}
	}
	if received := phone.receivedMessages(3); !slices.Equal(received, []string{"1:1", "2:2", "3:3"}) {
		t.Fatalf("received %v", received)
	}
	phone.send(`{"type":"system","event":"ack","data":{"seq":2}}`)
	phone.quiet()
	phone.reset()
	s.message("usr_owner", "4")
	meanwhile()
	s.message("usr_owner", "5")
	back := deviceDial{clientID: "phone", token: token}.connect(s, fmt.Sprintf(`{"session_id":%q,"last_seq":3}`, phone.ack.text("session_id")))
	if back.ack.text("session_id") != phone.ack.text("session_id") || back.ack.Data["resumed"] != true || back.ack.Data["gap"] != nil {
		t.Fatalf("not resumed: %v", back.ack.Data)
	}
	if received := back.receivedMessages(2); !slices.Equal(received, []string{"4:4", "5:5"}) {
		t.Fatalf("received %v", received)
	}
	back.quiet()
	// A device that sends no last_seq receives everything it has not acknowledged.
	back.send(`{"type":"system","event":"ack","data":{"seq":4}}`)
	back.quiet()
	back.reset()
	plain := deviceDial{clientID: "phone", token: token}.connect(s, "")
	if received := plain.receivedMessages(1); !slices.Equal(received, []string{"5:5"}) || plain.ack.Data["resumed"] != true {
		t.Fatalf("received %v after %v", received, plain.ack.Data)
	}
	plain.quiet()
}

// S1: "New UserSession is created" and "Previous state is lost".
func TestDeviceAfterGraceANewSession(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "600"})
	token := s.Login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	phone.reset()
	s.message("usr_owner", "1") // within grace; nobody comes for it
	time.Sleep(1200 * time.Millisecond)
	if status, answer := s.admin("POST", "/v1/admin/users/usr_owner/device/messages", `{"data":2}`); status != 404 || at(answer, "data", "details", "reason") != "no_device" {
		t.Errorf("a message for nobody: HTTP %d %v", status, answer)
	}
	back := deviceDial{clientID: "phone", token: token}.connect(s, fmt.Sprintf(`{"session_id":%q,"last_seq":0}`, phone.ack.text("session_id")))
	gap, _ := back.ack.Data["gap"].(map[string]any)
	if back.ack.text("session_id") == phone.ack.text("session_id") || back.ack.Data["resumed"] != false || gap["reason"] != "session_ended" || gap["count"] != 1.0 {
		t.Errorf("%v", back.ack.Data)
	}
	back.quiet()
}

// S1: "Every 10 seconds, the cloud sends a ping to check if the connection is alive".
func TestDeviceHeartbeat(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"HEARTBEAT_MS": "800", "HEARTBEAT_TIMEOUT_MS": "3000"})
	token := s.Login("owner")
	began := time.Now() // before the server accepts: a loaded machine returns late from connect
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	for n := 0; n < 5; {
		f := phone.expectAny()
		if f.Event == "pong" { // so the answer to the ping has come, too: an object that has not got it pings at once
			s.Evict("UserSession", "usr_owner")
			continue
		}
		if n++; f.Event != "ping" {
			t.Fatalf("waiting for a ping, received %+v", f)
		}
		if took := time.Since(began); took < time.Duration(n)*800*time.Millisecond-150*time.Millisecond {
			t.Fatalf("ping %d after %s", n, took)
		}
		phone.send(`{"type":"system","event":"pong"}`)
		if n%2 == 0 {
			phone.send(`{"type":"system","event":"ping","data":{}}`) // the object answers, not the runtime
		}
	}
	// Now it is silent, and nothing closes its connection.
	silent := time.Now()
	for {
		f, err := phone.read()
		if err != nil {
			if code := websocket.CloseStatus(err); code != 4002 {
				t.Errorf("closed with %d (%v)", code, err)
			}
			break
		}
		if f.Event != "ping" {
			t.Errorf("received %+v", f)
		}
	}
	if took := time.Since(silent); took < 500*time.Millisecond || took > 9*time.Second {
		t.Errorf("dead after %s", took)
	}
	back := deviceDial{clientID: "phone", token: token}.connect(s, "")
	if back.ack.Data["resumed"] != true {
		t.Errorf("the silence cost it its session: %v", back.ack.Data)
	}
}

// DEVICE_HEARTBEAT=client: the runtime answers, and nobody is pinged or woken.
func TestDeviceThatPingsItself(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"HEARTBEAT_MS": "200", "HEARTBEAT_TIMEOUT_MS": "500", "DEVICE_HEARTBEAT": "client"})
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	s.Evict("UserSession", "usr_owner")
	time.Sleep(time.Second)
	phone.send(`{"type":"system","event":"ping"}`)
	if f := phone.expectAny(); f.Event != "pong" {
		t.Fatalf("received %+v", f)
	}
	var stored struct{ Rows []struct{ Seen float64 } }
	s.Do(map[string]string{"do": "sql", "class": "UserSession", "name": "usr_owner", "query": "SELECT seen FROM device"}, &stored)
	if len(stored.Rows) != 1 || stored.Rows[0].Seen != 0 {
		t.Errorf("an idle device was looked at: %v", stored.Rows)
	}
}
