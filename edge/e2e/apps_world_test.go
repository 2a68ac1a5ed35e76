//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/protocol"
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

// sessionRequest is a call of the webhook.
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
	s.Shown("an app's key", a.key)
	s.Shown("an app's secret", a.secret)
	return a
}

func (a *appServer) webhook(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	signature, err := access.ParseSignature(r.Header.Get(protocol.SignatureHeader), time.Now(), time.Minute)
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

var ids atomic.Int64

func (c *conn) newID() string { return fmt.Sprint("id-", ids.Add(1)) }

// state waits for the device's news of an app.
func (c *conn) state(event, name, state string) frame {
	c.t.Helper()
	f := c.expect("app", event)
	if f.text("package") != name || f.text("state") != state {
		c.t.Fatalf("%s %v, waited for %s %s", f.Event, f.Data, name, state)
	}
	return f
}

// sendsTo sends an app_message, and waits until it is stored.
func (c *conn) sendsTo(to, data string) {
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

// receivesFrom reads an app_message and compares it.
func (c *conn) receivesFrom(from, data string) {
	c.t.Helper()
	f := c.expect("app", "app_message")
	if f.text("from") != from || fmt.Sprint(f.Data["data"]) != data || f.Seq == 0 {
		c.t.Fatalf("%+v, waited for %s from %s", f, data, from)
	}
}
