//go:build !js

package harness

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// DevServer is the Worker as make dev runs it, for tests that kill it.
type DevServer struct {
	Worker *Server // for requests, as to any other server
	Port   int
	State  string // the folder of everything that it keeps
	vars   []string
	cmd    *exec.Cmd

	mu     sync.Mutex
	leaked string // a secret that it printed, if any
	said   strings.Builder
}

// FreePort returns a port that is free, and that the system gives to nobody who asks for any
// port, as other tests do meanwhile.
func FreePort() int {
	for {
		port := 20_000 + rand.IntN(12_000)
		listener, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			listener.Close()
			return port
		}
	}
}

// greeting begins the one line that may have a password in it: the demo's, which is no secret.
const greeting = "holdfast: sign in as owner@example.com with the password holdfast-demo "

// StartDev starts the server with these variables, NAME=value, and the secrets of Secrets.
func StartDev(t testing.TB, vars ...string) *DevServer {
	t.Helper()
	port := FreePort()
	worker := &Server{T: t, URL: fmt.Sprintf("http://127.0.0.1:%d", port), Operator: Secrets()["ADMIN_TOKEN"]}
	d := &DevServer{Worker: worker, Port: port, State: t.TempDir(), vars: vars}
	text, err := os.ReadFile(filepath.Join(made.folder, ".dev.vars"))
	check(err)
	check(os.WriteFile(filepath.Join(d.State, ".dev.vars"), text, 0o600))
	t.Cleanup(func() {
		d.Kill()
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.leaked != "" {
			t.Errorf("%s is in what it printed", d.leaked)
		}
	})
	d.Restart()
	return d
}

// Restart starts the server again on the same port and storage.
func (d *DevServer) Restart() {
	d.Worker.T.Helper()
	d.cmd = exec.Command("node", append([]string{"edge/dev.mjs", "--port", fmt.Sprint(d.Port), "--state", d.State, "--build", Build}, d.vars...)...)
	d.cmd.Dir = Root
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := d.cmd.StdoutPipe()
	check(err)
	d.cmd.Stderr = d.cmd.Stdout
	check(d.cmd.Start())
	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		reported := false
		for lines.Scan() {
			what := ""
			if !strings.HasPrefix(lines.Text(), greeting) {
				what = d.Worker.Leak(lines.Text())
			}
			d.mu.Lock()
			fmt.Fprintln(&d.said, lines.Text())
			if what != "" {
				d.leaked = what
			}
			d.mu.Unlock()
			if strings.HasPrefix(lines.Text(), "ready ") {
				ready <- nil
				reported = true
			}
		}
		if !reported {
			ready <- fmt.Errorf("it ended:\n%s", d.Printed())
		}
	}()
	select {
	case err := <-ready:
		if err != nil {
			d.Worker.T.Fatal(err)
		}
	case <-time.After(Standstill):
		d.Worker.T.Fatalf("not ready after %v", Standstill)
	}
}

// Printed returns everything that the server has printed so far.
func (d *DevServer) Printed() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.said.String()
}

// Kill ends all processes of the server at once, as a crash would.
func (d *DevServer) Kill() {
	if d.cmd != nil {
		syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		d.cmd.Wait()
		d.cmd = nil
	}
}
