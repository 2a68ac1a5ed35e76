//go:build !js

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// patience is how long anything may take before a test gives up on it.
const patience = 20 * time.Second

// frame is a frame as a person reads it.
type frame struct {
	Type, Event string
	Data        map[string]any
	MessageID   string `json:"message_id"`
	Seq         float64
}

func (f frame) number(name string) int {
	n, _ := f.Data[name].(float64)
	return int(n)
}

func (f frame) text(name string) string {
	s, _ := f.Data[name].(string)
	return s
}

// conn is one socket, with the first frame that it received.
type conn struct {
	t   testing.TB
	ws  *websocket.Conn
	tcp net.Conn
	ack frame
	// token is what it connected with. It must never receive that.
	token string
	held  []frame // received, and not asked for yet
	left  int     // how many others have left while something else was waited for
}

// dialling is one attempt to connect.
type dialling struct {
	document, clientID, sessionID string
	lastSeq                       int // -1: not said
	position                      string
	token                         string
	origin                        string
	carriage                      string // query, header, or protocol (the default)
	address                       string // whom it seems to come from
	redial                        bool   // nobody asked for it
}

func (d dialling) dial(s *server) (*conn, *http.Response, error) {
	url := fmt.Sprintf("%s/v1/ws/documents/%s?client_id=%s", strings.Replace(s.URL, "http", "ws", 1), d.document, d.clientID)
	if d.sessionID != "" {
		url += "&session_id=" + d.sessionID
	}
	if d.sessionID != "" && d.lastSeq >= 0 {
		url += fmt.Sprintf("&last_seq=%d", d.lastSeq)
	}
	if d.position != "" {
		url += "&position=" + d.position
	}
	if d.redial {
		url += "&redial=true"
	}
	header := http.Header{}
	options := &websocket.DialOptions{HTTPHeader: header}
	switch d.carriage {
	case "query":
		url += "&token=" + d.token
	case "header":
		header.Set("Authorization", "Bearer "+d.token)
	default:
		options.Subprotocols = []string{"holdfast.v1", "bearer." + d.token}
	}
	if d.origin != "" {
		header.Set("Origin", d.origin)
	}
	if d.address != "" {
		header.Set("CF-Connecting-IP", d.address)
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

// connect is a dial that has to succeed; it waits for connection_ack.
func (s *server) connect(d dialling) *conn {
	s.T.Helper()
	c, response, err := d.dial(s)
	if err != nil {
		s.T.Fatalf("connect %s to %s: %v (%v)", d.clientID, d.document, err, response)
	}
	c.ack = c.expect("system", "connection_ack")
	return c
}

// read returns the next frame, or how the socket ended.
func (c *conn) read() (frame, error) {
	if len(c.held) > 0 {
		f := c.held[0]
		c.held = c.held[1:]
		return f, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, text, err := c.ws.Read(ctx)
	if err != nil {
		return frame{}, err
	}
	if c.token != "" && bytes.Contains(text, []byte(c.token)) {
		c.t.Error("a frame repeats the token")
	}
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		c.t.Fatalf("not JSON: %s", text)
	}
	return f, nil
}

// expect waits for a frame of this kind; presence may come in between.
func (c *conn) expect(kind, event string) frame {
	c.t.Helper()
	for began := time.Now(); ; {
		f, err := c.read()
		if time.Since(began) > patience { // a server that pings is never silent
			c.t.Fatalf("waiting for %s/%s, received pings alone", kind, event)
		}
		if err != nil {
			c.t.Fatalf("waiting for %s/%s: %v", kind, event, err)
		}
		if f.Type == kind && f.Event == event {
			return f
		}
		if f.Event == "ping" { // the server asks how far this end has read
			c.pong(f)
			continue
		}
		if f.Type != "presence" {
			c.t.Fatalf("waiting for %s/%s, received %+v", kind, event, f)
		}
		if f.Event == "leave" {
			c.left++
		}
	}
}

// expectAny is the next frame, whatever it is.
func (c *conn) expectAny() frame {
	c.t.Helper()
	f, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return f
}

// expectError waits for an error frame with this code.
func (c *conn) expectError(code string) frame {
	c.t.Helper()
	f := c.expect("system", "error")
	if f.text("error_code") != code {
		c.t.Fatalf("got error %v, want %s", f.Data, code)
	}
	return f
}

// expectClose waits for the end and returns its code.
func (c *conn) expectClose() websocket.StatusCode {
	c.t.Helper()
	for {
		f, err := c.read()
		if err == nil && f.Type == "presence" {
			continue
		}
		if err == nil {
			c.t.Fatalf("waiting for the close, received %+v", f)
		}
		code := websocket.CloseStatus(err)
		if code < 0 {
			c.t.Fatalf("closed without a code: %v", err)
		}
		return code
	}
}

func (c *conn) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// op sends an op and waits until it is stored; it returns its version.
func (c *conn) op(messageID string, op any) int {
	c.t.Helper()
	text, err := json.Marshal(op)
	check(err)
	c.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":%s}}`, messageID, text))
	f := c.expect("operation", "operation_ack")
	if f.MessageID != messageID {
		c.t.Fatalf("acknowledged %q, sent %q", f.MessageID, messageID)
	}
	return f.number("document_version")
}

// receivedOps reads ops until version `to` and returns them as version:op.
func (c *conn) receivedOps(to int) []string {
	c.t.Helper()
	var received []string
	for {
		f := c.expect("operation", "op")
		if int(f.Seq) != f.number("document_version") {
			c.t.Fatalf("seq %v is not the version: %v", f.Seq, f.Data)
		}
		received = append(received, fmt.Sprintf("%d:%v", f.number("document_version"), f.Data["op"]))
		if f.number("document_version") >= to {
			return received
		}
	}
}

// quiet asks the object itself for a pong (in another spelling than the one the
// runtime answers), and fails if anything but presence came before it.
func (c *conn) quiet() {
	c.t.Helper()
	c.send(`{"type":"system","event":"ping","data":{}}`)
	c.expect("system", "pong")
}

// reset cuts the connection the hard way: RST, no close frame.
func (c *conn) reset() {
	if tcp, ok := c.tcp.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.tcp.Close()
}

// waitLeft waits until somebody has left, which may have been while something else was waited for.
func (c *conn) waitLeft() {
	c.t.Helper()
	if c.left == 0 {
		c.waitPresence("leave")
	}
}

// waitPresence waits for a presence frame of this event.
func (c *conn) waitPresence(event string) {
	c.t.Helper()
	c.expectFrame("presence", event)
}

// expectFrame waits for a frame of this kind, whatever comes before it.
func (c *conn) expectFrame(kind, event string) frame {
	c.t.Helper()
	for {
		f, err := c.read()
		if err != nil {
			c.t.Fatalf("waiting for %s/%s: %v", kind, event, err)
		}
		if f.Type == kind && f.Event == event {
			return f
		}
	}
}
