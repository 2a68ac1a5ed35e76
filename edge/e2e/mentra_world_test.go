//go:build !js

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// sdkApp is an app made with @mentra/sdk, in a process of its own, and its line to the Worker.
type sdkApp struct {
	t    testing.TB
	s    *server
	line *line
	name string
	env  []string
	// program is the script, from the project's root.
	program string
	cmd     *exec.Cmd
	said    chan sdkSaid
	// heard are the buttons that it has said.
	heard map[string]bool
	// The operators' key of it.
	keyID string
}

// sdkSaid is what the app's process prints (mentra_app.mjs).
type sdkSaid struct {
	What, Text, UserID, SessionID string
	Code                          int
	Permanent                     bool
}

// line passes connections on to the Worker. Its address is the one that apps are told.
type line struct {
	net.Listener
	mu   sync.Mutex
	to   string
	open []net.Conn
	down bool
}

func newLine(t testing.TB) *line {
	l := &line{}
	var err error
	l.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	check(err)
	t.Cleanup(func() { l.Close(); l.cut(true) })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go l.pass(near)
		}
	}()
	return l
}

func (l *line) pass(near net.Conn) {
	l.mu.Lock()
	to, down := l.to, l.down
	l.mu.Unlock()
	defer near.Close()
	if down {
		return
	}
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer far.Close()
	l.mu.Lock()
	l.open = append(l.open, near, far)
	l.mu.Unlock()
	go func() {
		io.Copy(far, near)
		far.Close()
		near.Close()
	}()
	io.Copy(near, far)
}

// cut breaks every connection; while it is down new ones break at once.
func (l *line) cut(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
	for _, c := range l.open {
		c.Close()
	}
	l.open = nil
}

// startLine runs the Worker behind a line, by whose address it is known to apps.
func startLine(t testing.TB, vars map[string]string) (*server, *line) {
	t.Helper()
	l := newLine(t)
	with := map[string]string{"PUBLIC_URL": "http://" + l.Addr().String()}
	for name, value := range vars {
		with[name] = value
	}
	s := start(t, with)
	l.mu.Lock()
	l.to = strings.TrimPrefix(s.URL, "http://")
	l.mu.Unlock()
	return s, l
}

// serveSDK makes an app known and runs its server.
func (s *server) serveSDK(t testing.TB, l *line, name string) *sdkApp {
	t.Helper()
	a := s.registerSDK(t, l, name)
	a.run()
	a.says("listening")
	return a
}

// registerSDK makes an app known that is not there yet.
func (s *server) registerSDK(t testing.TB, l *line, name string) *sdkApp {
	t.Helper()
	port := fmt.Sprint(harness.FreePort())
	a := &sdkApp{t: t, s: s, line: l, name: name, heard: map[string]bool{}}
	path := "/v1/admin/apps/" + name
	s.must("PUT", path, fmt.Sprintf(`{"name":"An app","webhook_url":"http://127.0.0.1:%s/webhook"}`, port))
	made := s.must("POST", path+"/keys", ``)
	key, _ := made["key"].(string)
	a.keyID, _ = made["key_id"].(string)
	s.Shown("an app's key", key)
	// No word leaves this machine: the SDK would ask its makers for its newest version.
	a.env = append(os.Environ(), "PORT="+port, "PACKAGE="+name, "KEY="+key, "HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1", "NO_PROXY=", "BETTERSTACK_SOURCE_TOKEN=")
	a.program = "edge/e2e/mentra_app.mjs"
	return a
}

// run starts the app's process.
func (a *sdkApp) run() {
	a.t.Helper()
	a.cmd = exec.Command("node", a.program)
	a.cmd.Dir, a.cmd.Env = harness.Root, a.env
	out, err := a.cmd.StdoutPipe()
	check(err)
	a.cmd.Stderr = os.Stderr
	in, err := a.cmd.StdinPipe()
	check(err)
	check(a.cmd.Start())
	said := make(chan sdkSaid, 1000)
	a.said = said
	var log strings.Builder
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			text, ours := strings.CutPrefix(lines.Text(), "@")
			var one sdkSaid
			if ours && json.Unmarshal([]byte(text), &one) == nil {
				said <- one
			} else {
				log.WriteString(lines.Text() + "\n")
			}
		}
	}()
	cmd := a.cmd
	a.t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		<-ended
		cmd.Wait()
		if a.t.Failed() {
			a.t.Logf("%s said:\n%s", a.name, log.String())
		}
	})
}

// kill ends the app's process at once, as a crash does.
func (a *sdkApp) kill() {
	a.cmd.Process.Kill()
	a.cmd.Wait()
}

// says waits for what the app prints, and passes over what else it prints until then.
func (a *sdkApp) says(what string) sdkSaid {
	a.t.Helper()
	late := time.After(2 * patience)
	for {
		select {
		case one, lives := <-a.said:
			if !lives {
				a.t.Fatalf("%s ended and never said %s", a.name, what)
			}
			if one.What == "button" {
				defer func() { a.heard[one.Text] = true }()
			}
			if one.What == what {
				return one
			}
		case <-late:
			a.t.Fatalf("%s never said %s", a.name, what)
		}
	}
}

func (a *sdkApp) saysText(what, text string) {
	a.t.Helper()
	if one := a.says(what); one.Text != text {
		a.t.Fatalf("%s %q, waited for %q", what, one.Text, text)
	}
}

// hears waits for a button that was pressed while the app was away. What was sent less than 5 s
// before that may come again before it.
func (a *sdkApp) hears(text string) {
	a.t.Helper()
	for {
		one := a.says("button")
		if one.Text == text {
			return
		}
		if !a.heard[one.Text] {
			a.t.Fatalf("button %q, waited for %q", one.Text, text)
		}
	}
}

// stops waits until the app's webhook has told it so. The SDK stops for the close too, with that
// text, unless the webhook came first.
func (a *sdkApp) stops(reason, text string) {
	a.t.Helper()
	for {
		one := a.says("stop")
		if one.Text == reason {
			return
		}
		if !strings.HasSuffix(one.Text, text) {
			a.t.Fatalf("stopped by %q, waited for %s", one.Text, reason)
		}
	}
}

// startsSDK has the device start an app, and waits until its handlers are there.
func (c *conn) startsSDK(a *sdkApp) string {
	c.t.Helper()
	c.appCommand("app_start", a.name)
	c.state("app_state", a.name, "connecting")
	c.state("app_started", a.name, "running")
	session := a.says("session").SessionID
	a.says("ready")
	return session
}

// streams sends what the device says to no app in particular, and reports whether it was kept
// for one.
func (c *conn) streams(stream, data string) bool {
	c.t.Helper()
	id := c.newID()
	c.send(fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{"stream":%q,"data":%s}}`, id, stream, data))
	f := c.expect("system", "ack")
	if f.MessageID != id {
		c.t.Fatalf("%s is answered with %+v", id, f)
	}
	return f.number("seq") > 0
}

// streamsAmong is streams while the app's state changes.
func (c *conn) streamsAmong(stream, data string) bool {
	c.t.Helper()
	id := c.newID()
	c.send(fmt.Sprintf(`{"type":"app","event":"app_message","message_id":%q,"data":{"stream":%q,"data":%s}}`, id, stream, data))
	for {
		f, err := c.read()
		switch {
		case err != nil:
			c.t.Fatal(err)
		case f.Event == "ping":
			c.pong(f)
		case f.MessageID == id && f.Event == "ack":
			return f.number("seq") > 0
		case f.Event != "app_state":
			c.t.Fatalf("%s: %+v", id, f)
		}
	}
}

// asks has the app do something (mentra_app.mjs).
func (c *conn) asks(a *sdkApp, action, payload string) {
	c.t.Helper()
	c.sendsTo(a.name, fmt.Sprintf(`{"type":"custom_message","action":%q,"payload":%s}`, action, payload))
}

// untilWanted repeats what the device says until an app wants it: the app is on its way to say so.
func (c *conn) untilWanted(stream, data string, want bool) {
	c.t.Helper()
	for began := time.Now(); c.streams(stream, data) != want; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			c.t.Fatalf("%s: wanted %v all the time", stream, !want)
		}
	}
}

// shows waits for a text that an app has the device show.
func (c *conn) shows(a *sdkApp, text string) {
	c.t.Helper()
	f := c.expect("app", "app_message")
	if f.text("from") != a.name || at(f.Data, "data", "type") != "display_event" || at(f.Data, "data", "packageName") != a.name || at(f.Data, "data", "layout", "text") != text {
		c.t.Fatalf("%+v, waited for %s", f, text)
	}
}
