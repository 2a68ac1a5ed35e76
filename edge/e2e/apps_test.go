//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

const notes = "com.example.notes"

// An app is started by the user's device, called by its webhook, attached, talked to both
// ways, and stopped.
func TestAppRuns(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PUBLIC_URL": "https://sessions.example.com/"})
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	app, call := phone.starts(a)
	if call.UserID != "usr_owner" || call.Attempt != 1 || call.WebsocketURL != "wss://sessions.example.com/v1/ws/apps/"+notes {
		t.Errorf("called with %+v", call)
	}
	if app.ack.text("user_id") != "usr_owner" || app.ack.Data["resumed"] != false || app.ack.Data["client_connected"] != true || app.ack.number("grace_period") != 5000 {
		t.Errorf("%v", app.ack.Data)
	}
	phone.sendsTo(notes, `{"say":"hello"}`)
	app.receivesFrom("device", "map[say:hello]")
	app.sendsTo("", `[1,2]`)
	phone.receivesFrom(notes, "[1 2]")
	s.Evict("UserSession", "usr_owner")
	app.sendsTo("", `3`)
	phone.receivesFrom(notes, "3")
	phone.sendsTo(notes, `4`)
	app.receivesFrom("device", "4")

	session := at(s.must("GET", "/v1/admin/users/usr_owner/session", ""), "session", "apps")
	if list, _ := session.([]any); len(list) != 1 || !strings.Contains(fmt.Sprint(list[0]), "running") {
		t.Errorf("an operator sees %v", session)
	}
	phone.appCommand("app_stop", notes)
	phone.state("app_state", notes, "stopping")
	if f := app.expect("app", "app_stopped"); f.text("reason") != "user_stopped" {
		t.Errorf("%v", f.Data)
	}
	app.sendsTo("", `"saved"`) // it may finish
	phone.receivesFrom(notes, "saved")
	app.send(`{"type":"system","event":"disconnect"}`)
	if code := app.expectClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if f := phone.state("app_stopped", notes, "stopped"); f.text("reason") != "app_left" {
		t.Errorf("%v", f.Data)
	}
	if rows := s.d1("SELECT * FROM app_sessions"); len(rows) != 0 {
		t.Errorf("still written down: %v", rows)
	}
	// The session it had is over, whoever asks for it.
	_, response, err := appDial{path: "/v1/ws/apps/" + notes + "?session_id=" + call.SessionID, key: a.key}.dial(s)
	if err == nil || response.StatusCode != 410 {
		t.Errorf("%v %v", err, response)
	}
}

// S1's way in: the key is in the first word, and the front Worker lends it a socket.
func TestAppByItsFirstWord(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	phone.appCommand("app_start", notes)
	phone.state("app_state", notes, "connecting")
	call := a.called()
	app := appDial{path: "/app-ws"}.open(s)
	app.send(fmt.Sprintf(`{"type":"app_connection_init","data":{"package":%q,"session_id":%q,"api_key":%q}}`, notes, call.SessionID, a.key))
	app.ack = app.expect("app_connection_ack", "")
	phone.state("app_started", notes, "running")
	phone.sendsTo(notes, `1`)
	app.receivesFrom("device", "1")
	app.sendsTo("", `2`)
	phone.receivesFrom(notes, "2")
	app.reset()
	phone.state("app_state", notes, "grace_period")
	phone.sendsTo(notes, `3`)
	app = appDial{path: "/app-ws"}.open(s)
	app.send(fmt.Sprintf(`{"type":"app_connection_init","data":{"package":%q,"session_id":%q,"api_key":%q,"last_seq":1}}`, notes, call.SessionID, a.key))
	if ack := app.expect("app_connection_ack", ""); ack.Data["resumed"] != true {
		t.Errorf("%v", ack.Data)
	}
	app.receivesFrom("device", "3")
	phone.state("app_started", notes, "running")
	// Two more connections with the same first word: the newest has it.
	newer := appDial{path: "/app-ws"}.open(s)
	newer.send(fmt.Sprintf(`{"type":"app_connection_init","data":{"package":%q,"session_id":%q,"api_key":%q}}`, notes, call.SessionID, a.key))
	newer.expect("app_connection_ack", "")
	app.expectError("CONNECTION_REPLACED")
	if code := app.expectClose(); code != 4409 {
		t.Errorf("closed with %d", code)
	}
	// An end of the user's session reaches it through the front Worker too.
	phone.send(`{"type":"system","event":"disconnect"}`)
	newer.receivesFrom("device", "3")
	if f := newer.expect("app", "app_stopped"); f.text("reason") != "session_ended" {
		t.Errorf("%v", f.Data)
	}
	if code := newer.expectClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

// An app that does not come: twice called in vain, or called and not there in time.
func TestAppThatDoesNotCome(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"APP_CONNECT_MS": "500", "APP_WEBHOOK_PAUSE_MS": "100"})
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	for _, c := range []struct {
		name, reason string
		answers      []int
		calls        int
	}{
		{notes, "webhook_failed", []int{500, 404}, 2},
		{notes, "webhook_failed", []int{302, 302}, 2},
		{notes, "connect_timeout", []int{503, 202}, 2},
		{notes, "connect_timeout", nil, 1},
		{"com.example.nobody", "unknown_app", nil, 0},
	} {
		for _, status := range c.answers {
			a.status <- status
		}
		phone.appCommand("app_start", c.name)
		phone.state("app_state", c.name, "connecting")
		if f := phone.state("app_stopped", c.name, "stopped"); f.text("reason") != c.reason {
			t.Errorf("%v: %v", c, f.Data)
		}
		for i := 1; i <= c.calls; i++ {
			if call := a.called(); call.Attempt != i {
				t.Errorf("%v: %+v", c, call)
			}
		}
		if len(a.calls) > 0 {
			t.Errorf("%v: called once more", c)
		}
	}
}

// TestAppDrops: an app whose connection drops has its grace, and then the server calls its webhook.
func TestAppDrops(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"APP_GRACE_MS": "5000"})
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	app, call := phone.starts(a)
	app.reset()
	phone.state("app_state", notes, "grace_period")
	s.Evict("UserSession", "usr_owner")
	phone.sendsTo(notes, `1`)
	app = a.connect(call.SessionID, `{"last_seq":0}`)
	phone.state("app_started", notes, "running")
	app.receivesFrom("device", "1")
	app.ws.Close(1001, "going away") // which means to come back
	phone.state("app_state", notes, "grace_period")
	phone.sendsTo(notes, `2`)
	phone.state("app_state", notes, "resurrecting")
	again := a.called()
	if again.SessionID != call.SessionID || again.Attempt != 1 {
		t.Errorf("%+v after %+v", again, call)
	}
	app = a.connect(again.SessionID, `{"last_seq":1}`)
	if app.ack.Data["resumed"] != true || app.ack.Data["gap"] != nil {
		t.Errorf("%v", app.ack.Data)
	}
	app.receivesFrom("device", "2")
	phone.state("app_started", notes, "running")
}

// S1: "Apps are notified of reconnection". And when the grace is over: "Apps must be
// restarted".
func TestAppsAndTheDevicesDrop(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "6000"})
	a := s.serveApp(t, notes)
	token := s.Login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	app, _ := phone.starts(a)
	phone.reset()
	app.expect("app", "client_disconnected")
	app.sendsTo("", `"while you were away"`)
	s.Evict("UserSession", "usr_owner")
	back := deviceDial{clientID: "phone", token: token}.connect(s, `{"last_seq":2}`)
	if apps, _ := back.ack.Data["apps"].([]any); len(apps) != 1 {
		t.Errorf("%v", back.ack.Data)
	}
	back.receivesFrom(notes, "while you were away")
	app.expect("app", "client_reconnected")
	back.reset()
	app.expect("app", "client_disconnected")
	f := app.expect("app", "app_stopped")
	if code := app.expectClose(); code != 1000 || f.text("reason") != "session_ended" {
		t.Errorf("%v, closed with %d", f.Data, code)
	}
	// And it has to be started again, into another session.
	phone = deviceDial{clientID: "phone", token: token}.connect(s, "")
	if phone.ack.Data["apps"] != nil || phone.ack.Data["resumed"] != false {
		t.Errorf("%v", phone.ack.Data)
	}
	_, call := phone.starts(a)
	if call.SessionID == app.ack.text("session_id") {
		t.Error("the same session")
	}
}

// A key that is revoked is closed at once, wherever it is used, and lets nobody in.
func TestAppKeyRevoked(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a := s.serveApp(t, notes)
	owner := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	viewer := deviceDial{clientID: "phone", token: s.Login("viewer")}.connect(s, "")
	one, first := owner.starts(a)
	two, _ := viewer.starts(a)
	other := s.must("POST", "/v1/admin/apps/"+notes+"/keys", ``)
	answer := s.must("DELETE", "/v1/admin/apps/"+notes+"/keys/"+a.keyID, `{"reason":"leaked"}`)
	if closed := texts(at(answer, "receipt", "closed")); len(closed) != 2 {
		t.Errorf("%v", answer)
	}
	for _, c := range []*conn{one, two} {
		c.expectError("TOKEN_REVOKED")
		if code := c.expectClose(); code != 4410 {
			t.Errorf("closed with %d", code)
		}
	}
	_, response, err := appDial{path: "/v1/ws/apps/" + notes + "?session_id=" + first.SessionID, key: a.key}.dial(s)
	if err == nil || response.StatusCode != 401 {
		t.Errorf("%v %v", err, response)
	}
	// The app itself is called, and has another key.
	owner.state("app_state", notes, "resurrecting")
	a.key, _ = other["key"].(string)
	s.Shown("an app's key", a.key)
	again := a.called()
	for again.SessionID != first.SessionID { // the viewer's is called as well, before or after
		again = a.called()
	}
	a.connect(again.SessionID, `{}`)
	owner.state("app_started", notes, "running")
}

// "A user's apps never see another user's session, nor another app's frames."
func TestAppsAreIsolated(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	a, b := s.serveApp(t, notes), s.serveApp(t, "com.example.other")
	owner := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	viewer := deviceDial{clientID: "phone", token: s.Login("viewer")}.connect(s, "")
	mine, call := owner.starts(a)
	beside, _ := owner.starts(b)
	theirs, foreign := viewer.starts(a)
	owner.sendsTo(notes, `"for notes alone"`)
	mine.receivesFrom("device", "for notes alone")
	beside.quiet()
	theirs.quiet()
	mine.sendsTo("com.example.other", `"an app names no receiver"`) // it goes to its user's device, whatever it says
	owner.receivesFrom(notes, "an app names no receiver")
	beside.quiet()
	viewer.quiet()
	theirs.quiet()
	for _, c := range []struct {
		who     *appServer
		session string
	}{
		{b, call.SessionID},    // another app's session
		{b, foreign.SessionID}, // of another user
		{a, call.SessionID[:len(call.SessionID)-1] + "x"},
		{a, strings.Split(call.SessionID, ".")[0] + "." + strings.Split(foreign.SessionID, ".")[1]},
	} {
		_, response, err := appDial{path: "/v1/ws/apps/" + c.who.name + "?session_id=" + c.session, key: c.who.key}.dial(s)
		if err == nil || response == nil || response.StatusCode != 410 && response.StatusCode != 400 {
			t.Errorf("%s at %s: %v", c.who.name, c.session, response)
		}
	}
	if rows := s.d1("SELECT * FROM app_sessions"); len(rows) != 3 {
		t.Errorf("written down: %v", rows)
	}
}

// TestAppSurvivesKill: a crash takes every socket, and loses nothing that was acknowledged.
func TestAppSurvivesKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	a := d.serveApp(t, notes)
	token := d.Login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(d.server, "")
	app, call := phone.starts(a)
	if call.WebsocketURL != strings.Replace(d.URL, "http", "ws", 1)+"/v1/ws/apps/"+notes {
		t.Errorf("the call names %q to connect to", call.WebsocketURL)
	}
	app.sendsTo("", `1`)
	phone.receivesFrom(notes, "1")
	app.sendsTo("", `2`)
	phone.sendsTo(notes, `3`)
	d.Kill()
	d.Restart()
	back := deviceDial{clientID: "phone", token: token}.connect(d.server, `{"last_seq":3}`)
	if back.ack.Data["resumed"] != true {
		t.Fatalf("%v", back.ack.Data)
	}
	back.receivesFrom(notes, "2")
	for { // it receives how its app fares meanwhile
		if f := back.expectAny(); f.text("state") == "resurrecting" {
			break
		}
	}
	app = a.connect(a.called().SessionID, `{"last_seq":0}`)
	app.receivesFrom("device", "3")
}
