//go:build !js

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// deviceDial is a device that connects.
type deviceDial struct {
	path     string // /v1/ws/device by default
	clientID string
	token    string
	carriage string // query, protocol, or header (the default)
	origin   string
}

func (d deviceDial) dial(s *server) (*conn, *http.Response, error) {
	if d.path == "" {
		d.path = "/v1/ws/device"
	}
	url := strings.Replace(s.URL, "http", "ws", 1) + d.path + "?"
	if d.clientID != "" {
		url += "client_id=" + d.clientID + "&"
	}
	header := http.Header{}
	options := &websocket.DialOptions{HTTPHeader: header}
	switch d.carriage {
	case "query":
		url += "token=" + d.token
	case "protocol":
		options.Subprotocols = []string{"holdfast.v1", "bearer." + d.token}
	default:
		header.Set("Authorization", "Bearer "+d.token)
	}
	if d.origin != "" {
		header.Set("Origin", d.origin)
	}
	s.Shown("a token", d.token)
	c := &conn{t: s.T, token: d.token}
	options.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp, err := (&net.Dialer{}).DialContext(ctx, network, address)
		c.tcp = tcp
		return tcp, err
	}}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, url, options)
	if err != nil {
		return nil, response, err
	}
	ws.SetReadLimit(1 << 20)
	c.ws = ws
	s.T.Cleanup(func() { ws.CloseNow() })
	return c, response, nil
}

// open dials, and has to succeed. It sends nothing yet.
func (d deviceDial) open(s *server) *conn {
	s.T.Helper()
	c, response, err := d.dial(s)
	if err != nil {
		s.T.Fatalf("a device: %v (%v)", err, response)
	}
	return c
}

// connect dials and sends the first frame, with the data it is given.
func (d deviceDial) connect(s *server, data string) *conn {
	s.T.Helper()
	c := d.open(s)
	c.init(data)
	return c
}

func (c *conn) init(data string) {
	c.t.Helper()
	if data == "" {
		data = "{}"
	}
	c.send(`{"type":"system","event":"connection_init","data":` + data + `}`)
	c.ack = c.expect("system", "connection_ack")
}

// message sends the user's device one, and returns its seq.
func (s *server) message(user, data string) int {
	s.T.Helper()
	status, answer := s.admin("POST", "/v1/admin/users/"+user+"/device/messages", `{"data":`+data+`}`)
	seq, _ := answer["seq"].(float64)
	if status != 200 || seq == 0 {
		s.T.Fatalf("a message: HTTP %d %v", status, answer)
	}
	return int(seq)
}

// receivedMessages reads n messages and returns them as seq:data.
func (c *conn) receivedMessages(n int) []string {
	c.t.Helper()
	var received []string
	for len(received) < n {
		f := c.expect("app", "app_message")
		if f.Data["from"] != "operator" {
			c.t.Fatalf("from %v", f.Data["from"])
		}
		received = append(received, fmt.Sprintf("%d:%v", int(f.Seq), f.Data["data"]))
	}
	return received
}

// S1: "Opens WebSocket to cloud at wss://cloud.mentraos.com/glasses-ws", "Sends the
// coreToken in the Authorization header" and "GlassesWebSocketService Takes Over".
func TestDeviceInItsOwnWords(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("owner")
	// S1's: no client id, and the words as they stand there.
	c := deviceDial{path: "/glasses-ws", token: token}.open(s)
	c.send(`{"type":"connection_init"}`)
	ack := c.expect("connection_ack", "")
	if ack.text("user_id") != "usr_owner" || len(ack.text("session_id")) != 32 || ack.Data["resumed"] != false || ack.text("client_id") == "" {
		t.Fatalf("%+v", ack)
	}
	// It comes back as it came, and is the same device.
	c.reset()
	c = deviceDial{path: "/glasses-ws", token: token}.open(s)
	c.send(`{"type":"connection_init"}`)
	again := c.expect("connection_ack", "")
	if again.text("session_id") != ack.text("session_id") || again.Data["resumed"] != true || again.text("client_id") != ack.text("client_id") {
		t.Fatalf("%+v after %+v", again, ack)
	}
	for _, carriage := range []string{"query", "header", "protocol"} {
		c := deviceDial{clientID: "phone", token: token, carriage: carriage}.connect(s, "")
		if c.ack.text("client_id") != "phone" {
			t.Errorf("%s: %v", carriage, c.ack.Data)
		}
		for _, name := range []string{"user_id", "session_id", "resumed", "perm_epoch", "server_time", "expires_at", "heartbeat_interval", "grace_period", "limits"} {
			if _, ok := c.ack.Data[name]; !ok {
				t.Errorf("%s: connection_ack lacks %s", carriage, name)
			}
		}
	}
}

// S1: "Mobile app must send CONNECTION_INIT within 30 seconds".
func TestDeviceThatSaysNothing(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"INIT_TIMEOUT_MS": "5000"})
	token := s.Login("owner")
	began := time.Now()
	c := deviceDial{token: token}.open(s)
	s.Evict("UserSession", "usr_owner")
	for range 2 { // nothing else it says gives it more time
		time.Sleep(200 * time.Millisecond)
		c.send(`{"type":"system","event":"ping"}`)
		c.expect("system", "pong")
	}
	e := c.expect("system", "connection_error")
	if code := c.expectClose(); e.text("error_code") != "CONNECTION_INIT_TIMEOUT" || code != 4001 {
		t.Errorf("%+v, closed with %d", e, code)
	}
	if took := time.Since(began); took < 5*time.Second || took > 20*time.Second {
		t.Errorf("after %s", took)
	}
	c = deviceDial{path: "/glasses-ws", token: token}.open(s)
	if e := c.expect("connection_error", ""); e.text("error_code") != "CONNECTION_INIT_TIMEOUT" {
		t.Errorf("in S1's form: %+v", e)
	}
}

// S1: "Invalid tokens result in CONNECTION_ERROR": as the answer to the request, and to a
// page, which cannot read that, as a frame.
func TestDeviceWithABadToken(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	_, response, err := deviceDial{token: "x.y.z"}.dial(s)
	if err == nil || response == nil || response.StatusCode != 401 {
		t.Fatalf("%v %v", err, response)
	}
	c := deviceDial{path: "/glasses-ws", token: "x.y.z", origin: s.URL, carriage: "protocol"}.open(s)
	if e := c.expect("connection_error", ""); e.text("error_code") != "AUTHENTICATION_FAILED" {
		t.Errorf("%+v", e)
	}
	if code := c.expectClose(); code != 4101 {
		t.Errorf("closed with %d", code)
	}
}

// S1: "One active glasses connection per user" and "New connections replace old ones".
func TestNewerDeviceReplacesTheOlder(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	token := s.Login("owner")
	phone := deviceDial{clientID: "phone", token: token}.connect(s, "")
	s.Evict("UserSession", "usr_owner")
	glasses := deviceDial{clientID: "glasses", token: token}.connect(s, "")
	e := phone.expectError("CONNECTION_REPLACED")
	details, _ := e.Data["details"].(map[string]any)
	if code := phone.expectClose(); code != 4409 || details["client_id"] != "glasses" {
		t.Errorf("closed with %d, %v", code, e.Data)
	}
	if glasses.ack.text("session_id") != phone.ack.text("session_id") {
		t.Error("another session")
	}
	// The old one's end, late, is nothing to the new one.
	s.message("usr_owner", `"still there"`)
	if received := glasses.receivedMessages(1); !slices.Equal(received, []string{"1:still there"}) {
		t.Errorf("received %v", received)
	}
	// The same client receives nothing but the close.
	deviceDial{clientID: "glasses", token: token}.connect(s, "")
	if code := glasses.expectClose(); code != 4409 {
		t.Errorf("closed with %d", code)
	}
}
