//go:build !js

// Package e2e drives the built Worker in workerd through real sockets. It needs
// the build (make build) and is run by make test-edge, which says where it is.
package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// build is the folder of the built artefacts.
var build = os.Getenv("HOLDFAST_BUILD")

func TestMain(m *testing.M) {
	if build == "" {
		fmt.Println("edge/e2e tests the built Worker: run make test-edge")
		os.Exit(0)
	}
	secrets = makeSecrets()
	http.DefaultClient.Timeout = patience
	os.Exit(m.Run())
}

// secrets are what .dev.vars would hold, made anew for each run of the tests.
var secrets map[string]string

func makeSecrets() map[string]string {
	dir, err := os.MkdirTemp("", "holdfast-e2e-")
	check(err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, ".dev.vars")
	out, err := exec.Command("go", "run", "../devvars", "-file", file).CombinedOutput()
	if err != nil {
		panic(string(out))
	}
	text, err := os.ReadFile(file)
	check(err)
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			all[name] = strings.Trim(value, "'\"")
		}
	}
	return all
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// server is one running Worker with storage of its own.
type server struct {
	t       testing.TB
	url     string // http://127.0.0.1:port
	process *os.Process
	in      io.WriteCloser
	out     *bufio.Reader
	api     *openapi.Document // what it serves, once it was asked
	// operator is the admin token where it is not that of secrets.
	operator string
}

// standstill is how long a harness may take to start, to answer and to end. Nobody waits
// longer: it is ended, and the test fails by it.
const standstill = 90 * time.Second

// start runs the Worker under harness.mjs, with these variables beside those of
// wrangler.toml.
func start(t testing.TB, vars map[string]string) *server {
	t.Helper()
	var ready struct{ URL string }
	s := launch(t, "harness.mjs", map[string]any{"vars": vars, "secrets": secrets, "build": build}, &ready)
	s.url = strings.TrimSuffix(ready.URL, "/")
	t.Cleanup(s.nothingLeaked)
	return s
}

// launch runs a harness and reads the first thing it says, which is where its
// Workers are.
func launch(t testing.TB, script string, config map[string]any, ready any) *server {
	t.Helper()
	text, err := json.Marshal(config)
	check(err)
	cmd := exec.Command("node", script, string(text))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // workerd is ended with it
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	check(err)
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	s := &server{t: t, process: cmd.Process, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		in.Close()
		guard := time.AfterFunc(standstill, s.end)
		cmd.Wait()
		if !guard.Stop() {
			t.Errorf("%s did not end within %v of being told to", script, standstill)
		}
		if what := s.leak(complaints.String()); what != "" {
			t.Errorf("%s is in what the Worker said", what)
			return
		}
		if t.Failed() {
			t.Logf("the Worker said:\n%s", complaints.String())
		}
	})
	s.read(script+" to start", ready)
	return s
}

// end ends a harness and all its processes.
func (s *server) end() { syscall.Kill(-s.process.Pid, syscall.SIGKILL) }

// read takes the harness's next answer, and says what it waited for where there is none;
// miniflare may say something in between.
func (s *server) read(what string, into any) {
	s.t.Helper()
	guard := time.AfterFunc(standstill, s.end)
	defer guard.Stop()
	for {
		line, err := s.out.ReadBytes('\n')
		if err != nil && !guard.Stop() {
			s.t.Fatalf("standstill: waited %v for %s", standstill, what)
		}
		if err != nil {
			s.t.Fatalf("the harness ended: %v", err)
		}
		if bytes.HasPrefix(line, []byte("{")) && json.Unmarshal(line, into) == nil {
			return
		}
	}
}

func (s *server) do(command map[string]string, into any) {
	s.t.Helper()
	line, err := json.Marshal(command)
	check(err)
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		s.t.Fatal(err)
	}
	var raw json.RawMessage
	s.read(fmt.Sprintf("the answer to %v", command), &raw)
	var failed struct{ Error string }
	if json.Unmarshal(raw, &failed); failed.Error != "" {
		s.t.Fatalf("%v: %s", command, failed.Error)
	}
	if into != nil {
		check(json.Unmarshal(raw, into))
	}
}

// evict drops an object from memory as the platform does after idling: its
// sockets stay.
func (s *server) evict(class, name string) {
	s.t.Helper()
	s.do(map[string]string{"do": "evict", "class": class, "name": name}, nil)
}

// devServer is the Worker as make dev runs it, for the tests that kill it.
type devServer struct {
	server
	port  int
	state string
	vars  []string
	cmd   *exec.Cmd

	mu     sync.Mutex
	leaked string // what of the secrets it has printed, if any
	said   strings.Builder
}

func startDev(t testing.TB, vars ...string) *devServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	d := &devServer{port: port, state: t.TempDir(), vars: vars}
	d.t, d.url = t, fmt.Sprintf("http://127.0.0.1:%d", port)
	t.Cleanup(func() {
		d.kill()
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.leaked != "" {
			t.Errorf("%s is in what it printed", d.leaked)
		}
	})
	d.restart()
	return d
}

// restart starts it again on the same port and storage.
func (d *devServer) restart() {
	d.t.Helper()
	args := append([]string{"../dev.mjs", "--port", fmt.Sprint(d.port), "--state", d.state, "--build", build}, d.vars...)
	d.cmd = exec.Command("node", args...)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := d.cmd.StdoutPipe()
	check(err)
	d.cmd.Stderr = d.cmd.Stdout
	check(d.cmd.Start())
	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(out)
		told := false
		for lines.Scan() {
			what := d.leak(lines.Text())
			d.mu.Lock()
			fmt.Fprintln(&d.said, lines.Text())
			if what != "" {
				d.leaked = what
			}
			d.mu.Unlock()
			if strings.HasPrefix(lines.Text(), "ready ") {
				ready <- nil
				told = true
			}
		}
		if !told {
			ready <- fmt.Errorf("it ended:\n%s", d.printed())
		}
	}()
	select {
	case err := <-ready:
		if err != nil {
			d.t.Fatal(err)
		}
	case <-time.After(90 * time.Second):
		d.t.Fatal("not ready after 90 s")
	}
}

// printed is everything it has printed so far.
func (d *devServer) printed() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.said.String()
}

// kill ends all its processes without a word, as a crash would.
func (d *devServer) kill() {
	if d.cmd != nil {
		syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		d.cmd.Wait()
		d.cmd = nil
	}
}

// post sends JSON to a path, with a browser's cookies where a jar is given.
func (s *server) post(jar http.CookieJar, path string, body any) (int, map[string]any, http.Header) {
	s.t.Helper()
	text, err := json.Marshal(body)
	check(err)
	request, err := http.NewRequest("POST", s.url+path, bytes.NewReader(text))
	check(err)
	request.Header.Set("content-type", "application/json")
	response, err := (&http.Client{Jar: jar, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	check(err)
	var answer map[string]any
	json.Unmarshal(said, &answer)
	s.shownBy(body, answer, response.Header)
	if what := s.leak(string(said)); what != "" && response.StatusCode >= 400 {
		s.t.Errorf("%s is in the answer to %s", what, path)
	}
	return response.StatusCode, answer, response.Header
}

// login signs a demo account in and returns its access token.
func (s *server) login(name string) string {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	check(err)
	return s.loginWith(jar, name)
}

func (s *server) loginWith(jar http.CookieJar, name string) string {
	s.t.Helper()
	status, answer, _ := s.post(jar, "/auth/login", map[string]string{"email": name + "@example.com", "password": "holdfast-demo"})
	token, _ := answer["access_token"].(string)
	if status != 200 || token == "" {
		s.t.Fatalf("login of %s: HTTP %d %v", name, status, answer)
	}
	return token
}
