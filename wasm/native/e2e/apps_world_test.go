//go:build !js

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/wasm/native"
)

const captions = "com.example.captions"

// asks makes a call of the operators' API and returns its answer.
func (w *worker) asks(method, path, body string) (answer map[string]any) {
	w.T.Helper()
	status, text, _ := w.Request(method, "/v1/admin/"+path, body, map[string]string{"Authorization": "Bearer " + w.Operator})
	if status/100 != 2 || json.Unmarshal(text, &answer) != nil {
		w.T.Fatalf("%s %s: HTTP %d %s", method, path, status, text)
	}
	return answer
}

// appServer is an app whose webhook is a real one, and what its sessions received.
type appServer struct {
	w                  *worker
	app                *native.App
	key, keyID, secret string
	web                *httptest.Server

	mu       sync.Mutex
	handler  http.Handler
	received []string
	events   []native.Event
	sessions []*native.AppSession
	conns    []net.Conn
}

// serves makes an app at the server and connects its webhook.
func (w *worker) serves(name string) *appServer {
	w.T.Helper()
	a := &appServer{w: w}
	a.web = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		handler := a.handler
		a.mu.Unlock()
		handler.ServeHTTP(rw, r)
	}))
	w.T.Cleanup(a.web.Close)
	made := w.asks("PUT", "apps/"+name, fmt.Sprintf(`{"name":"Captions","webhook_url":%q}`, a.web.URL+"/webhook"))
	a.secret, _ = made["webhook_secret"].(string)
	key := w.asks("POST", "apps/"+name+"/keys", `{}`)
	a.key, _ = key["key"].(string)
	a.keyID, _ = key["key_id"].(string)
	a.takesOver(name)
	return a
}

// takesOver puts a new App in the place of the one before.
func (a *appServer) takesOver(name string) *native.App {
	a.w.T.Helper()
	app, err := native.NewApp(native.AppConfig{
		Package: name, Key: a.key, Secret: a.secret, URL: a.w.URL, Handle: a.handle,
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: a.dial}},
	})
	check(err)
	a.w.T.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := app.Close(ctx); err != nil {
			a.w.T.Errorf("the app: close: %v", err)
		}
	})
	a.mu.Lock()
	a.app, a.handler = app, app
	a.mu.Unlock()
	return app
}

func (a *appServer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns = append(a.conns, conn)
	return conn, err
}

// handle greets the device and sends back what it says.
func (a *appServer) handle(ctx context.Context, s *native.AppSession) {
	a.mu.Lock()
	a.sessions = append(a.sessions, s)
	a.mu.Unlock()
	if err := s.Send(ctx, "hello"); err != nil && ctx.Err() == nil && !errors.Is(err, native.ErrClosed) {
		a.w.T.Errorf("the greeting: %v", err)
	}
	for ev := range s.Events(ctx) {
		m, ok := ev.(native.Message)
		a.mu.Lock()
		if ok {
			a.received = append(a.received, string(m.Data))
		} else {
			a.events = append(a.events, ev)
		}
		a.mu.Unlock()
		if ok {
			if err := s.Send(ctx, m.Data); err != nil && ctx.Err() == nil && !errors.Is(err, native.ErrClosed) {
				a.w.T.Errorf("the echo: %v", err)
			}
		}
	}
}

// cut ends all of the app's lines the hard way.
func (a *appServer) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, line := range a.conns {
		if tcp, ok := line.(*net.TCPConn); ok {
			tcp.SetLinger(0)
			tcp.Close()
		}
	}
	a.conns = nil
}

func (a *appServer) until(what string, so func() bool) {
	a.w.T.Helper()
	for late := time.Now().Add(2 * patience); ; time.Sleep(10 * time.Millisecond) {
		a.mu.Lock()
		is := so()
		if !is && time.Now().After(late) {
			defer a.mu.Unlock()
			a.w.T.Fatalf("never %s; the app received %q and %+v", what, a.received, a.events)
		}
		a.mu.Unlock()
		if is {
			return
		}
	}
}

// awaitAppEvent waits for an event of a kind for which fits is true.
func awaitAppEvent[E native.Event](a *appServer, what string, fits func(E) bool) {
	a.w.T.Helper()
	a.until("received "+what, func() bool {
		for _, ev := range a.events {
			if e, ok := ev.(E); ok && fits(e) {
				return true
			}
		}
		return false
	})
}

// user is a device that apps talk to: whatever they say is received, in order.
type user struct {
	*native.Device
	w *worker

	mu       sync.Mutex
	received []string
	states   []string
	last     uint64
	faults   []string
	conn     net.Conn
}

func (w *worker) uses(account string) *user {
	w.T.Helper()
	u := &user{w: w}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.T.Cleanup(cancel)
	device, err := native.ConnectDevice(ctx, native.DeviceConfig{
		URL: w.URL, ClientID: "glasses", Token: native.Account(w.URL, account+"@example.com", "holdfast-demo", nil),
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: u.dial}},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	u.Device = device
	var reading sync.WaitGroup
	reading.Go(u.read)
	w.T.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := device.Close(ctx); err != nil {
			w.T.Errorf("the device: close: %v", err)
		}
		reading.Wait()
		for _, fault := range u.faults {
			w.T.Errorf("the device %s", fault)
		}
	})
	return u
}

func (u *user) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conn = conn
	return conn, err
}

func (u *user) read() {
	for ev := range u.Events(context.Background()) {
		u.mu.Lock()
		seq := u.last + 1
		switch e := ev.(type) {
		case native.Message:
			seq = e.Seq
			u.received = append(u.received, string(e.Data))
			if e.From != captions {
				u.faults = append(u.faults, "received from "+e.From)
			}
		case native.AppChange:
			seq = e.Seq
			u.states = append(u.states, strings.TrimSpace(e.State+" "+e.Reason))
		case native.Gap:
			u.faults = append(u.faults, fmt.Sprintf("has a gap: %+v", e))
		default:
			seq = 0
		}
		if seq != 0 && seq != u.last+1 {
			u.faults = append(u.faults, fmt.Sprintf("received %d after %d", seq, u.last))
		}
		u.last = max(u.last, seq)
		u.mu.Unlock()
	}
}

func (u *user) cut() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if tcp, ok := u.conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
		tcp.Close()
		u.conn = nil
	}
}

func (u *user) until(what string, so func() bool) {
	u.w.T.Helper()
	for late := time.Now().Add(2 * patience); ; time.Sleep(10 * time.Millisecond) {
		u.mu.Lock()
		is := so()
		if !is && time.Now().After(late) {
			defer u.mu.Unlock()
			u.w.T.Fatalf("never %s; the device received %q and %q", what, u.received, u.states)
		}
		u.mu.Unlock()
		if is {
			return
		}
	}
}

// was waits until an app was in these states, in this order.
func (u *user) was(states ...string) {
	u.w.T.Helper()
	u.until("in the states "+strings.Join(states, ", "), func() bool {
		at := 0
		for _, state := range u.states {
			if at < len(states) && state == states[at] {
				at++
			}
		}
		return at == len(states)
	})
}

// receives waits for an echo of n messages, and nothing else but greetings.
func (u *user) receives(n int) {
	u.w.T.Helper()
	echoes := func() (all []string) {
		for _, text := range u.received {
			if text != `"hello"` {
				all = append(all, text)
			}
		}
		return all
	}
	u.until(fmt.Sprintf("received %d echoes", n), func() bool { return len(echoes()) >= n })
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, text := range echoes() {
		if text != fmt.Sprint(i+1) {
			u.w.T.Errorf("%s is echo %d", text, i+1)
		}
	}
}

func (u *user) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	u.w.T.Cleanup(cancel)
	return ctx
}

func (u *user) starts() {
	u.w.T.Helper()
	if err := u.Start(u.within(), captions); err != nil {
		u.w.T.Fatalf("start: %v", err)
	}
}

// says sends the app the numbers from to to, one after the other.
func (u *user) says(from, to int) {
	u.w.T.Helper()
	for i := from; i <= to; i++ {
		if err := u.Send(u.within(), captions, i); err != nil {
			u.w.T.Errorf("send %d: %v", i, err)
			return
		}
	}
}
