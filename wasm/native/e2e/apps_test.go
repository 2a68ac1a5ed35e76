//go:build !js

package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

// A device starts an app, they talk, and it stops it.
func TestAppOfADevice(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	a, u := w.serves(captions), w.uses("owner")
	u.starts()
	u.says(1, 3)
	u.receives(3)
	if apps := u.Apps(); len(apps) != 1 || apps[0].State != "running" || apps[0].Package != captions {
		t.Errorf("%+v", apps)
	}
	if s := a.sessions[0]; s.UserID() != "usr_owner" || !s.ClientConnected() {
		t.Errorf("the app is on %s's session, device there: %v", s.UserID(), s.ClientConnected())
	}
	if err := u.Stop(u.within(), captions); err != nil {
		t.Fatal(err)
	}
	u.was("connecting", "running", "stopping", "stopped user_stopped")
	awaitAppEvent(a, "its end", func(e native.Stopped) bool { return e.Reason == "user_stopped" })
	if err := u.Send(u.within(), captions, 4); !errors.Is(err, &protocol.Error{Code: protocol.NotFound}) {
		t.Errorf("to a stopped app: %v", err)
	}
	// Started again, it is another session, and the greeting is received again.
	u.starts()
	u.until("greeted twice", func() bool { return strings.Count(strings.Join(u.received, ""), "hello") == 2 })
	// An app that leaves is stopped.
	if err := a.sessions[1].Close(u.within()); err != nil {
		t.Error(err)
	}
	u.was("stopped user_stopped", "running", "stopped app_left")
}

// Both connections are cut again and again, and nothing is lost, repeated or out of order.
func TestAppOverResets(t *testing.T) {
	t.Parallel()
	w := start(t, map[string]string{"CONNECTS_PER_USER_PER_MIN": "6000"})
	a, u := w.serves(captions), w.uses("owner")
	u.starts()
	stop := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(1200 * time.Millisecond): // an app may connect 60 times a minute
			}
			if i%2 == 0 {
				u.cut()
				u.Wake()
			} else {
				a.cut()
			}
		}
	})
	for from := 1; from <= 120; from += 10 {
		u.says(from, from+9)
		time.Sleep(300 * time.Millisecond)
	}
	close(stop)
	cutting.Wait()
	u.Wake()
	u.receives(120)
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, text := range a.received {
		if text != fmt.Sprint(i+1) {
			t.Errorf("the app received %s as number %d", text, i+1)
		}
	}
	if len(a.sessions) != 1 {
		t.Errorf("%d sessions", len(a.sessions))
	}
}

// The Worker is killed: device and app go on where they were.
func TestAppOverAKilledWorker(t *testing.T) {
	t.Parallel()
	w := startDev(t)
	_, u := w.serves(captions), w.uses("owner")
	u.starts()
	u.says(1, 5)
	w.Kill()
	said := make(chan struct{})
	go func() {
		defer close(said)
		u.says(6, 10) // they wait
	}()
	w.Restart()
	u.Wake()
	<-said
	u.receives(10)
}

// The app is notified when the user's device goes and comes back.
func TestAppLearnsOfTheDevice(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	a, u := w.serves(captions), w.uses("owner")
	u.starts()
	u.cut()
	awaitAppEvent(a, "the device's going", func(native.ClientDisconnected) bool { return true })
	u.Wake()
	awaitAppEvent(a, "its return", func(native.ClientReconnected) bool { return true })
	// A device that leaves for good takes its apps along.
	if err := u.Close(u.within()); err != nil {
		t.Fatal(err)
	}
	awaitAppEvent(a, "the end", func(e native.Stopped) bool { return e.Reason == "session_ended" })
}

// An app's server that is put away is called again, and its successor takes over.
func TestAppIsResurrected(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	a, u := w.serves(captions), w.uses("owner")
	u.starts()
	u.says(1, 2)
	u.receives(2)
	first := a.app
	a.takesOver(captions)
	if err := first.Close(u.within()); err != nil {
		t.Fatal(err)
	}
	u.says(3, 4) // kept for whoever comes
	u.receives(4)
	u.was("connecting", "running", "grace_period", "resurrecting", "running")
}

// What keeps an app from running is said to who starts it.
func TestAppFailures(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	a, u := w.serves(captions), w.uses("owner")
	if err := u.Start(u.within(), "com.example.unknown"); !errors.Is(err, &protocol.Error{Code: protocol.NotFound}) {
		t.Errorf("an unknown app: %v", err)
	}
	a.mu.Lock()
	a.handler = http.NotFoundHandler()
	a.mu.Unlock()
	if err := u.Start(u.within(), captions); !errors.Is(err, &protocol.Error{Code: protocol.ServiceUnavailable}) {
		t.Errorf("an app that says no: %v", err)
	}
}

// A revoked key ends what it let in at once; with another one the app is called back.
func TestAppKeyIsReplaced(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	a, u := w.serves(captions), w.uses("owner")
	u.starts()
	u.says(1, 2)
	u.receives(2)
	s, old := a.sessions[0], a.keyID
	key := w.asks("POST", "apps/"+captions+"/keys", `{}`)
	a.key, _ = key["key"].(string)
	a.takesOver(captions)
	time.Sleep(300 * time.Millisecond) // what is not acknowledged would be received again
	w.asks("DELETE", "apps/"+captions+"/keys/"+old, `{}`)
	select {
	case <-s.Done():
	case <-u.within().Done():
		t.Fatalf("the app is %s", s.State())
	}
	if !errors.Is(s.Err(), &protocol.Error{Code: protocol.TokenRevoked}) {
		t.Errorf("ended with %v", s.Err())
	}
	u.says(3, 4)
	u.receives(4)
	u.was("running", "resurrecting", "running")
}

// The two example programs, as their comments say to run them.
func TestCaptionsProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"captions", "glasses"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	w := start(t, nil)
	address := fmt.Sprint("127.0.0.1:", harness.FreePort())
	made := w.asks("PUT", "apps/"+captions, fmt.Sprintf(`{"name":"Captions","webhook_url":"http://%s/webhook"}`, address))
	key := w.asks("POST", "apps/"+captions+"/keys", `{}`)
	run := func(input io.Reader, env []string, name string, args ...string) (<-chan string, *exec.Cmd, *strings.Builder) {
		cmd := exec.Command(filepath.Join(dir, name), args...)
		cmd.Env, cmd.Stdin = append(os.Environ(), env...), input
		said := &strings.Builder{}
		cmd.Stderr = said
		out, err := cmd.StdoutPipe()
		check(err)
		check(cmd.Start())
		t.Cleanup(func() { cmd.Process.Kill() })
		lines := make(chan string, 100)
		go func() {
			for scan := bufio.NewScanner(out); scan.Scan(); {
				lines <- scan.Text()
			}
			close(lines)
		}()
		return lines, cmd, said
	}
	prints := func(lines <-chan string, want string) {
		t.Helper()
		for late := time.After(patience); ; {
			select {
			case got, ok := <-lines:
				if strings.Contains(got, want) {
					return
				}
				if !ok {
					t.Fatalf("ended without %q", want)
				}
			case <-late:
				t.Fatalf("%q was not printed", want)
			}
		}
	}
	server, app, appSaid := run(nil, []string{
		"HOLDFAST_APP_KEY=" + key["key"].(string), "HOLDFAST_WEBHOOK_SECRET=" + made["webhook_secret"].(string),
	}, "captions", "-url", w.URL, "-listen", address)
	prints(server, "listens at")
	typed, typing := io.Pipe()
	glasses, device, _ := run(typed, []string{"HOLDFAST_PASSWORD=holdfast-demo"}, "glasses", "-url", w.URL, "-email", "owner@example.com", "-app", captions)
	prints(glasses, captions+` says {"text":"Hello, usr_owner"}`)
	fmt.Fprintln(typing, "what is the time")
	prints(glasses, captions+` says {"echo":"what is the time"}`)
	typing.Close()
	device.Process.Signal(os.Interrupt)
	if err := device.Wait(); err != nil {
		t.Errorf("glasses: %v", err)
	}
	prints(server, "usr_owner is over")
	app.Process.Signal(os.Interrupt)
	if err := app.Wait(); err != nil {
		t.Errorf("captions: %v", err)
	}
	if strings.Contains(appSaid.String(), "hfa_") || strings.Contains(appSaid.String(), "whs_") {
		t.Errorf("a secret was logged:\n%s", appSaid)
	}
}
