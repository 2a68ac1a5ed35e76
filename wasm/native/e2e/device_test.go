//go:build !js

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

// wearer is a device whose events are read all the time, and what came of that.
type wearer struct {
	*native.Device
	w      *worker
	tokens atomic.Int32 // how often one was asked for
	posted int

	mu       sync.Mutex
	received []string
	last     uint64
	others   []native.Event // what is not a message
	faults   []string
	conn     net.Conn
	dials    int
}

// wears connects a device of an account; two of one account are one after the other.
func (w *worker) wears(account, clientID string) *wearer {
	w.T.Helper()
	d := &wearer{w: w}
	token := native.Account(w.URL, account+"@example.com", "holdfast-demo", nil)
	device, err := native.ConnectDevice(d.within(), native.DeviceConfig{
		URL: w.URL, ClientID: clientID,
		Token: func(ctx context.Context) (string, error) {
			d.tokens.Add(1)
			return token(ctx)
		},
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: d.dial}},
	})
	if err != nil {
		w.T.Fatalf("%s: %v", account, err)
	}
	d.Device = device
	var reading sync.WaitGroup
	reading.Go(d.read)
	w.T.Cleanup(func() {
		if err := device.Close(d.within()); err != nil {
			w.T.Errorf("%s: close: %v", account, err)
		}
		reading.Wait()
		for _, fault := range d.faults {
			w.T.Errorf("%s: %s", account, fault)
		}
	})
	return d
}

func (d *wearer) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	d.w.T.Cleanup(cancel)
	return ctx
}

func (d *wearer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn = conn
	d.dials++
	return conn, err
}

func (d *wearer) read() {
	for ev := range d.Events(context.Background()) {
		d.mu.Lock()
		switch e := ev.(type) {
		case native.Message:
			var text string
			json.Unmarshal(e.Data, &text)
			if e.Seq != d.last+1 || e.From != protocol.FromOperator {
				d.faults = append(d.faults, fmt.Sprintf("received %d (%s, from %s) after %d", e.Seq, text, e.From, d.last))
			}
			d.last = e.Seq
			d.received = append(d.received, text)
		case native.Gap:
			d.faults = append(d.faults, fmt.Sprintf("a gap: %+v", e))
		default:
			d.others = append(d.others, ev)
		}
		d.mu.Unlock()
	}
}

// posts has an operator send the device n messages.
func (d *wearer) posts(n int) {
	d.w.T.Helper()
	for range n {
		d.posted++
		d.w.operator("POST", "users/usr_owner/device/messages", fmt.Sprintf(`{"data":"message %d"}`, d.posted))
	}
}

// hasReceived waits for all that was posted, once and in order.
func (d *wearer) hasReceived() {
	d.w.T.Helper()
	d.until("received all", func() bool { return len(d.received) >= d.posted })
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, text := range d.received {
		if want := fmt.Sprintf("message %d", i+1); text != want {
			d.w.T.Errorf("%q is the %d. that was received", text, i+1)
		}
	}
}

func (d *wearer) until(what string, so func() bool) {
	d.w.T.Helper()
	for late := time.Now().Add(2 * patience); ; time.Sleep(10 * time.Millisecond) {
		d.mu.Lock()
		is := so()
		if !is && time.Now().After(late) {
			defer d.mu.Unlock()
			d.w.T.Fatalf("never %s; received %d of %d and %+v", what, len(d.received), d.posted, d.others)
		}
		d.mu.Unlock()
		if is {
			return
		}
	}
}

// awaitDeviceEvent waits for an event of a kind for which fits is true.
func awaitDeviceEvent[E native.Event](d *wearer, what string, fits func(E) bool) {
	d.w.T.Helper()
	d.until("received "+what, func() bool {
		for _, ev := range d.others {
			if e, ok := ev.(E); ok && fits(e) {
				return true
			}
		}
		return false
	})
}

// cut ends the connection the hard way: RST, no close frame.
func (d *wearer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if tcp, ok := d.conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
		tcp.Close()
		d.conn = nil
	}
}

// What an operator sends over connections that are cut again and again is received once and in
// order.
func TestDeviceOverResets(t *testing.T) {
	t.Parallel()
	w := start(t, map[string]string{"CONNECTS_PER_USER_PER_MIN": "6000"})
	d := w.wears("owner", "glasses")
	session := d.SessionID()
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(60 * time.Millisecond):
				d.cut()
				time.Sleep(20 * time.Millisecond)
				d.Wake()
			}
		}
	})
	d.posts(200)
	close(stop)
	cutting.Wait()
	d.Wake()
	d.hasReceived()
	if d.SessionID() != session || d.dials < 4 {
		t.Errorf("session %s became %s over %d dials", session, d.SessionID(), d.dials)
	}
	resumed := 0
	for _, ev := range d.others {
		if e, ok := ev.(native.StateChange); ok && e.Resumed {
			resumed++
		}
	}
	if resumed < 3 {
		t.Errorf("resumed %d times: hardly anything was cut", resumed)
	}
}

// A message that is stored while the Worker is killed is received from the one that is
// started in its place.
func TestDeviceOverAKilledWorker(t *testing.T) {
	t.Parallel()
	w := startDev(t)
	d := w.wears("owner", "glasses")
	session := d.SessionID()
	for range 2 {
		d.posts(5)
		d.cut()
		d.posts(5)
		w.Kill()
		awaitDeviceEvent(d, "the drop", func(e native.StateChange) bool { return e.State == native.Reconnecting })
		w.Restart()
		d.Wake()
		d.hasReceived()
	}
	if d.SessionID() != session {
		t.Errorf("session %s became %s", session, d.SessionID())
	}
}

// A device's token is renewed on the open connection, again and again, before it ends.
func TestDeviceTokensAreRefreshedInPlace(t *testing.T) {
	t.Parallel()
	w := start(t, map[string]string{"ACCESS_TOKEN_TTL_S": "6", "REFRESH_NOTICE_MS": "1000", "READ_ONLY_MS": "0"})
	d := w.wears("owner", "glasses")
	d.until("refreshed three times", func() bool { return d.tokens.Load() >= 4 })
	d.posts(2)
	d.hasReceived()
	if d.dials != 1 {
		t.Errorf("%d connections", d.dials)
	}
	for _, ev := range d.others {
		if e, ok := ev.(native.Failure); ok {
			t.Errorf("%+v", e)
		}
	}
}

// Whoever is to ping, server or device, an idle connection holds for longer than silence may.
func TestDeviceHeartbeat(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"server", "client"} {
		w := start(t, map[string]string{"DEVICE_HEARTBEAT": by, "HEARTBEAT_MS": "400", "HEARTBEAT_TIMEOUT_MS": "2000"})
		d := w.wears("owner", "glasses")
		time.Sleep(4 * time.Second)
		d.posts(1)
		d.hasReceived()
		if d.dials != 1 {
			t.Errorf("%s: %d connections", by, d.dials)
		}
	}
}

// What ends a device for good ends it here, and is not fought.
func TestDeviceEndings(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	first := w.wears("owner", "glasses")
	second := w.wears("owner", "phone")
	over := func(d *wearer, want protocol.Code) {
		t.Helper()
		select {
		case <-d.Done():
		case <-d.within().Done():
			t.Fatalf("not over, but %s", d.State())
		}
		if !errors.Is(d.Err(), &protocol.Error{Code: want}) || d.dials != 1 {
			t.Errorf("%v after %d connections, want %s", d.Err(), d.dials, want)
		}
	}
	over(first, protocol.ConnectionReplaced)
	second.posts(1)
	second.hasReceived()
	w.operator("POST", "users/usr_owner/revoke", `{"all":true}`)
	over(second, protocol.TokenRevoked)
	_, err := native.ConnectDevice(first.within(), native.DeviceConfig{URL: w.URL, Token: native.Account(w.URL, "nobody@example.com", "x", nil)})
	if !errors.Is(err, native.ErrSignedOut) {
		t.Errorf("a stranger: %v", err)
	}
}

// The example program prints what it is sent, through a kill -9 of the Worker, and leaves
// without an error when it is interrupted.
func TestGlassesProgram(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "glasses")
	if out, err := exec.Command("go", "build", "-o", program, "../glasses").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := startDev(t)
	cmd := exec.Command(program, "-url", w.URL, "-email", "owner@example.com")
	cmd.Env = append(os.Environ(), "HOLDFAST_PASSWORD=holdfast-demo")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	defer cmd.Process.Kill()
	lines := make(chan string, 100)
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
		close(lines)
	}()
	expect := func(want string) {
		t.Helper()
		for late := time.After(2 * patience); ; {
			select {
			case got := <-lines:
				if got == want {
					return
				}
				if !strings.HasPrefix(got, "the line is ") {
					t.Fatalf("printed %q, want %q", got, want)
				}
			case <-late:
				t.Fatalf("%q was not printed", want)
			}
		}
	}
	expect("connected as usr_owner")
	for i := 1; i <= 4; i++ {
		w.operator("POST", "users/usr_owner/device/messages", fmt.Sprintf(`{"data":"message %d"}`, i))
		expect(fmt.Sprintf(`%d operator says "message %d"`, i, i))
		if i == 2 {
			w.Kill()
			expect("the line is reconnecting ")
			w.Restart()
			expect("the line is connected ")
		}
	}
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, complaints.String())
	}
	if strings.Contains(complaints.String(), "holdfast-demo") || strings.Contains(complaints.String(), "eyJ") {
		t.Errorf("a secret was logged:\n%s", complaints.String())
	}
}
