//go:build !js

// Package e2e drives the built Worker in workerd with the native client. It needs the
// build (make build) and is run by make test-edge, which says where it is.
package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// edge is the folder of the Worker, patience how long anything may take.
	edge     = "../../../edge"
	patience = 30 * time.Second
)

// build is the folder of the built artefacts, secrets what .dev.vars would hold.
var (
	build   = os.Getenv("HOLDFAST_BUILD")
	secrets map[string]string
)

func TestMain(m *testing.M) {
	if build == "" {
		fmt.Println("wasm/native/e2e tests the built Worker: run make test-edge")
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "holdfast-native-")
	check(err)
	file := filepath.Join(dir, ".dev.vars")
	if out, err := exec.Command("go", "run", edge+"/devvars", "-file", file).CombinedOutput(); err != nil {
		panic(string(out))
	}
	secrets = readVars(file)
	os.RemoveAll(dir)
	os.Exit(m.Run())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func readVars(file string) map[string]string {
	text, err := os.ReadFile(file)
	check(err)
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = strings.Trim(value, "'\"")
		}
	}
	return all
}

// worker is a running Worker with storage of its own.
type worker struct {
	t     *testing.T
	url   string
	admin string // the operators' token
}

// standstill is how long the harness may take to start and to end. Nobody waits longer:
// it is ended, and the test fails by it.
const standstill = 90 * time.Second

// start runs the Worker under harness.mjs, with these variables beside those of
// wrangler.toml. It ends with its standard input.
func start(t *testing.T, vars map[string]string) *worker {
	t.Helper()
	text, err := json.Marshal(map[string]any{"vars": vars, "secrets": secrets, "build": build})
	check(err)
	cmd := exec.Command("node", edge+"/e2e/harness.mjs", string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // workerd is ended with it
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	end := func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	t.Cleanup(func() {
		in.Close()
		guard := time.AfterFunc(standstill, end)
		cmd.Wait()
		if !guard.Stop() {
			t.Errorf("the harness did not end within %v of being told to", standstill)
		}
		if t.Failed() {
			t.Logf("the Worker said:\n%s", complaints.String())
		}
	})
	lines := bufio.NewReader(out)
	guard := time.AfterFunc(standstill, end)
	defer guard.Stop()
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !guard.Stop() {
			t.Fatalf("standstill: waited %v for the harness to start", standstill)
		}
		if err != nil {
			t.Fatalf("the harness ended: %v", err)
		}
		var ready struct{ URL string }
		if json.Unmarshal(line, &ready) == nil && ready.URL != "" {
			go io.Copy(io.Discard, lines)
			return &worker{t, strings.TrimSuffix(ready.URL, "/"), secrets["ADMIN_TOKEN"]}
		}
	}
}

// devWorker is the Worker as make dev runs it, for the tests that kill it.
type devWorker struct {
	worker
	port  int
	state string
	vars  []string
	cmd   *exec.Cmd
}

func startDev(t *testing.T, vars ...string) *devWorker {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	d := &devWorker{worker: worker{t: t, url: fmt.Sprintf("http://127.0.0.1:%d", port)}, port: port, state: t.TempDir(), vars: vars}
	t.Cleanup(d.kill)
	d.restart()
	d.admin = readVars(filepath.Join(d.state, ".dev.vars"))["ADMIN_TOKEN"]
	return d
}

// restart starts it again on the same port and storage.
func (d *devWorker) restart() {
	d.t.Helper()
	d.cmd = exec.Command("node", append([]string{edge + "/dev.mjs", "--port", fmt.Sprint(d.port), "--state", d.state, "--build", build}, d.vars...)...)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := d.cmd.StdoutPipe()
	check(err)
	d.cmd.Stderr = d.cmd.Stdout
	check(d.cmd.Start())
	ready := make(chan string, 1)
	go func() {
		var said strings.Builder
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Fprintln(&said, lines.Text())
			if strings.HasPrefix(lines.Text(), "ready ") {
				ready <- ""
			}
		}
		select {
		case ready <- said.String():
		default:
		}
	}()
	select {
	case said := <-ready:
		if said != "" {
			d.t.Fatalf("it ended:\n%s", said)
		}
	case <-time.After(90 * time.Second):
		d.t.Fatal("not ready after 90 s")
	}
}

// kill ends all its processes without a word, as a crash would.
func (d *devWorker) kill() {
	if d.cmd != nil {
		syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		d.cmd.Wait()
		d.cmd = nil
	}
}

// operator makes a call of the operators' API.
func (w *worker) operator(method, path, body string) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.url+"/v1/admin/"+path, strings.NewReader(body))
	check(err)
	request.Header.Set("Authorization", "Bearer "+w.admin)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode/100 != 2 {
		w.t.Fatalf("%s %s: HTTP %d %s", method, path, response.StatusCode, text)
	}
}
