//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/front"
)

// appServer is an app as somebody runs it: a webhook that it may refuse, and the key and
// secret that the operators gave out.
type appServer struct {
	t           testing.TB
	s           *server
	name        string
	key, secret string
	keyID       string
	status      chan int // of the next answers; 200 when there is none
	calls       chan sessionRequest
}

// sessionRequest is what the webhook is told.
type sessionRequest struct {
	Type, Package string
	SessionID     string `json:"session_id"`
	UserID        string `json:"user_id"`
	Timestamp     time.Time
	Attempt       int
	WebsocketURL  string `json:"websocket_url"`
}

// serveApp makes an app known and serves its webhook.
func (s *server) serveApp(t testing.TB, name string) *appServer {
	t.Helper()
	a := &appServer{t: t, s: s, name: name, status: make(chan int, 16), calls: make(chan sessionRequest, 64)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	web := &http.Server{Handler: http.HandlerFunc(a.webhook)}
	go web.Serve(listener)
	t.Cleanup(func() { web.Close() })
	path := "/v1/admin/apps/" + name
	a.secret, _ = s.must("PUT", path, fmt.Sprintf(`{"name":"An app","webhook_url":"http://%s/hook"}`, listener.Addr()))["webhook_secret"].(string)
	made := s.must("POST", path+"/keys", ``)
	a.key, _ = made["key"].(string)
	a.keyID, _ = made["key_id"].(string)
	s.shown("an app's key", a.key)
	s.shown("an app's secret", a.secret)
	return a
}

func (a *appServer) webhook(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	signature, err := front.ParseSignature(r.Header.Get(front.SignatureHeader), time.Now(), time.Minute)
	if err != nil || !signature.Signs(body, []string{a.secret}) {
		a.t.Errorf("a call that is not signed: %v %v", r.Header, err)
	}
	var call sessionRequest
	if err := json.Unmarshal(body, &call); err != nil || call.Type != "session_request" || call.Package != a.name || time.Since(call.Timestamp).Abs() > time.Minute {
		a.t.Errorf("called with %s", body)
	}
	a.calls <- call
	select {
	case status := <-a.status:
		w.WriteHeader(status)
	default:
	}
}

// called waits for the webhook's next call.
func (a *appServer) called() sessionRequest {
	a.t.Helper()
	select {
	case call := <-a.calls:
		return call
	case <-time.After(patience):
		a.t.Fatalf("%s was not called", a.name)
	}
	panic("unreachable")
}

// open is a socket of the app's that has yet to say its first word.
func (a *appServer) open(session string) *conn {
	a.t.Helper()
	return appDial{path: "/v1/ws/apps/" + a.name + "?session_id=" + session, key: a.key}.open(a.s)
}

// connect attaches to a session; data is that of its first word.
func (a *appServer) connect(session, data string) *conn {
	a.t.Helper()
	c := a.open(session)
	c.send(`{"type":"app","event":"app_connection_init","data":` + data + `}`)
	c.ack = c.expect("app", "app_connection_ack")
	if c.ack.text("session_id") != session || c.ack.text("package") != a.name {
		a.t.Fatalf("%v", c.ack.Data)
	}
	return c
}

// starts has the device start an app, and attaches it.
func (c *conn) starts(a *appServer) (*conn, sessionRequest) {
	c.t.Helper()
	c.appCommand("app_start", a.name)
	c.state("app_state", a.name, "connecting")
	call := a.called()
	app := a.connect(call.SessionID, `{}`)
	c.state("app_started", a.name, "running")
	return app, call
}

func (c *conn) appCommand(event, name string) {
	c.t.Helper()
	c.send(fmt.Sprintf(`{"type":"app","event":%q,"message_id":%q,"data":{"package":%q}}`, event, c.newID(), name))
}

var ids int

func (c *conn) newID() string {
	ids++
	return fmt.Sprint("id-", ids)
}

// state waits for the device's news of an app.
func (c *conn) state(event, name, state string) frame {
	c.t.Helper()
	f := c.expect("app", event)
	if f.text("package") != name || f.text("state") != state {
		c.t.Fatalf("%s %v, waited for %s %s", f.Event, f.Data, name, state)
	}
	return f
}

// tells sends an app_message, and waits until it is stored.
func (c *conn) tells(to, data string) {
	c.t.Helper()
	id, address := c.newID(), ""
	if to != "" {
		address = fmt.Sprintf(`"to":%q,`, to)
	}
	c.send(fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{%s"data":%s}}`, id, address, data))
	began, held := time.Now(), []frame(nil)
	for {
		f, err := c.read()
		switch {
		case err != nil || time.Since(began) > patience:
			c.t.Fatalf("%s has no answer: %v, but %+v", id, err, held)
		case f.Event == "ping":
			c.pong(f)
		case f.MessageID != id:
			held = append(held, f) // the other side speaks too
		case f.Event != "ack" || f.number("seq") == 0:
			c.t.Fatalf("%s is answered with %+v", id, f)
		default:
			c.held = append(held, c.held...)
			return
		}
	}
}

// told reads an app_message.
func (c *conn) told(from, data string) {
	c.t.Helper()
	f := c.expect("app", "app_message")
	if f.text("from") != from || fmt.Sprint(f.Data["data"]) != data || f.Seq == 0 {
		c.t.Fatalf("%+v, waited for %s from %s", f, data, from)
	}
}

const notes = "com.example.notes"

// An app is started by the user's device, called by its webhook, attached, talked to both
// ways, and stopped.
func TestAppRuns(t *testing.T) {
	s := start(t, map[string]string{"PUBLIC_URL": "https://sessions.example.com/"})
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.login("owner")}.connect(s, "")
	app, call := phone.starts(a)
	if call.UserID != "usr_owner" || call.Attempt != 1 || call.WebsocketURL != "wss://sessions.example.com/v1/ws/apps/"+notes {
		t.Errorf("called with %+v", call)
	}
	if app.ack.text("user_id") != "usr_owner" || app.ack.Data["resumed"] != false || app.ack.Data["client_connected"] != true || app.ack.number("grace_period") != 5000 {
		t.Errorf("%v", app.ack.Data)
	}
	phone.tells(notes, `{"say":"hello"}`)
	app.told("device", "map[say:hello]")
	app.tells("", `[1,2]`)
	phone.told(notes, "[1 2]")
	s.evict("UserSession", "usr_owner")
	app.tells("", `3`)
	phone.told(notes, "3")
	phone.tells(notes, `4`)
	app.told("device", "4")

	session := at(s.must("GET", "/v1/admin/users/usr_owner/session", ""), "session", "apps")
	if list, _ := session.([]any); len(list) != 1 || !strings.Contains(fmt.Sprint(list[0]), "running") {
		t.Errorf("an operator sees %v", session)
	}
	phone.appCommand("app_stop", notes)
	phone.state("app_state", notes, "stopping")
	if f := app.expect("app", "app_stopped"); f.text("reason") != "user_stopped" {
		t.Errorf("%v", f.Data)
	}
	app.tells("", `"saved"`) // it may finish
	phone.told(notes, "saved")
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
	// The session it had is over, whoever asks.
	_, response, err := appDial{path: "/v1/ws/apps/" + notes + "?session_id=" + call.SessionID, key: a.key}.dial(s)
	if err == nil || response.StatusCode != 410 {
		t.Errorf("%v %v", err, response)
	}
}

// S1's way in: the key is in the first word, and the front Worker lends it a socket.
func TestAppByItsFirstWord(t *testing.T) {
	s := start(t, nil)
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.login("owner")}.connect(s, "")
	phone.appCommand("app_start", notes)
	phone.state("app_state", notes, "connecting")
	call := a.called()
	app := appDial{path: "/app-ws"}.open(s)
	app.send(fmt.Sprintf(`{"type":"app_connection_init","data":{"package":%q,"session_id":%q,"api_key":%q}}`, notes, call.SessionID, a.key))
	app.ack = app.expect("app_connection_ack", "")
	phone.state("app_started", notes, "running")
	phone.tells(notes, `1`)
	app.told("device", "1")
	app.tells("", `2`)
	phone.told(notes, "2")
	app.reset()
	phone.state("app_state", notes, "grace_period")
	phone.tells(notes, `3`)
	app = appDial{path: "/app-ws"}.open(s)
	app.send(fmt.Sprintf(`{"type":"app_connection_init","data":{"package":%q,"session_id":%q,"api_key":%q,"last_seq":1}}`, notes, call.SessionID, a.key))
	if ack := app.expect("app_connection_ack", ""); ack.Data["resumed"] != true {
		t.Errorf("%v", ack.Data)
	}
	app.told("device", "3")
	phone.state("app_started", notes, "running")
	// Two more lines with the same first word: the newest has it.
	newer := appDial{path: "/app-ws"}.open(s)
	newer.send(fmt.Sprintf(`{"type":"app_connection_init","data":{"package":%q,"session_id":%q,"api_key":%q}}`, notes, call.SessionID, a.key))
	newer.expect("app_connection_ack", "")
	app.expectError("CONNECTION_REPLACED")
	if code := app.expectClose(); code != 4409 {
		t.Errorf("closed with %d", code)
	}
	// An end of the user's session reaches it through the front Worker too.
	phone.send(`{"type":"system","event":"disconnect"}`)
	newer.told("device", "3")
	if f := newer.expect("app", "app_stopped"); f.text("reason") != "session_ended" {
		t.Errorf("%v", f.Data)
	}
	if code := newer.expectClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

// An app that does not come: twice called in vain, or called and not there in time.
func TestAppThatDoesNotCome(t *testing.T) {
	s := start(t, map[string]string{"APP_CONNECT_MS": "500", "APP_WEBHOOK_PAUSE_MS": "100"})
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.login("owner")}.connect(s, "")
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

// An app's line drops: it has its grace, and then it is called.
func TestAppDrops(t *testing.T) {
	s := start(t, map[string]string{"APP_GRACE_MS": "1500"})
	a := s.serveApp(t, notes)
	phone := deviceDial{clientID: "phone", token: s.login("owner")}.connect(s, "")
	app, call := phone.starts(a)
	app.reset()
	phone.state("app_state", notes, "grace_period")
	s.evict("UserSession", "usr_owner")
	phone.tells(notes, `1`)
	app = a.connect(call.SessionID, `{"last_seq":0}`)
	phone.state("app_started", notes, "running")
	app.told("device", "1")
	app.ws.Close(1001, "going away") // which means to come back
	phone.state("app_state", notes, "grace_period")
	phone.tells(notes, `2`)
	phone.state("app_state", notes, "resurrecting")
	again := a.called()
	if again.SessionID != call.SessionID || again.Attempt != 1 {
		t.Errorf("%+v after %+v", again, call)
	}
	app = a.connect(again.SessionID, `{"last_seq":1}`)
	if app.ack.Data["resumed"] != true || app.ack.Data["gap"] != nil {
		t.Errorf("%v", app.ack.Data)
	}
	app.told("device", "2")
	phone.state("app_started", notes, "running")
}

// S1: "Apps are notified of reconnection". And when the grace is over: "Apps must be
// restarted".
func TestAppsAndTheDevicesDrop(t *testing.T) {
	s := start(t, map[string]string{"GRACE_PERIOD_MS": "6000"})
	a := s.serveApp(t, notes)
	token := s.login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	app, _ := phone.starts(a)
	phone.reset()
	app.expect("app", "client_disconnected")
	app.tells("", `"while you were away"`)
	s.evict("UserSession", "usr_owner")
	back := deviceDial{clientID: "phone", token: token}.connect(s, `{"last_seq":2}`)
	if apps, _ := back.ack.Data["apps"].([]any); len(apps) != 1 {
		t.Errorf("%v", back.ack.Data)
	}
	back.told(notes, "while you were away")
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
	s := start(t, nil)
	a := s.serveApp(t, notes)
	owner := deviceDial{clientID: "phone", token: s.login("owner")}.connect(s, "")
	viewer := deviceDial{clientID: "phone", token: s.login("viewer")}.connect(s, "")
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
	s.shown("an app's key", a.key)
	a.connect(a.called().SessionID, `{}`)
	owner.state("app_started", notes, "running")
}

// "A user's apps never see another user's session, nor another app's frames."
func TestAppsAreIsolated(t *testing.T) {
	s := start(t, nil)
	a, b := s.serveApp(t, notes), s.serveApp(t, "com.example.other")
	owner := deviceDial{clientID: "phone", token: s.login("owner")}.connect(s, "")
	viewer := deviceDial{clientID: "phone", token: s.login("viewer")}.connect(s, "")
	mine, call := owner.starts(a)
	beside, _ := owner.starts(b)
	theirs, foreign := viewer.starts(a)
	owner.tells(notes, `"for notes alone"`)
	mine.told("device", "for notes alone")
	beside.quiet()
	theirs.quiet()
	mine.tells("com.example.other", `"an app names no receiver"`) // it goes to its user's device, whatever it says
	owner.told(notes, "an app names no receiver")
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

// A crash takes every socket; what was promised is there.
func TestAppSurvivesKill(t *testing.T) {
	d := startDev(t)
	d.operator = d.secret("ADMIN_TOKEN")
	a := d.serveApp(t, notes)
	token := d.login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(&d.server, "")
	app, call := phone.starts(a)
	if call.WebsocketURL != strings.Replace(d.url, "http", "ws", 1)+"/v1/ws/apps/"+notes {
		t.Errorf("it is told to connect to %q", call.WebsocketURL)
	}
	app.tells("", `1`)
	phone.told(notes, "1")
	app.tells("", `2`)
	phone.tells(notes, `3`)
	d.kill()
	d.restart()
	back := deviceDial{clientID: "phone", token: token}.connect(&d.server, `{"last_seq":3}`)
	if back.ack.Data["resumed"] != true {
		t.Fatalf("%v", back.ack.Data)
	}
	back.told(notes, "2")
	for { // it hears how its app fares meanwhile
		if f := back.expectAny(); f.text("state") == "resurrecting" {
			break
		}
	}
	app = a.connect(a.called().SessionID, `{"last_seq":0}`)
	app.told("device", "3")
}
