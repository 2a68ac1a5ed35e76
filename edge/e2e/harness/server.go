//go:build !js

package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mark is what a process writes to standard error when a Worker has ended: what comes before
// it belongs to that Worker.
const mark = "holdfast: the Worker has ended\n"

// Server is one running Worker with storage of its own, or another script that answers
// commands.
type Server struct {
	T   testing.TB
	URL string // http://127.0.0.1:port
	// Operator is the operators' token.
	Operator string
	process  *process
}

// Start runs the Worker in workerd until the test ends, with these variables beside those of
// wrangler.toml.
func Start(t testing.TB, vars map[string]string) *Server {
	t.Helper()
	return StartWith(t, vars, nil)
}

// StartWith is Start with variables that need not be text, as in wrangler.toml, and with other files
// in the place of the WebAssembly modules that were built, by the modules' names.
func StartWith(t testing.TB, vars any, modules map[string]string) *Server {
	t.Helper()
	p := idle.take(t)
	s := &Server{T: t, Operator: Secrets()["ADMIN_TOKEN"], process: p}
	text, err := json.Marshal(vars)
	check(err)
	files, err := json.Marshal(modules)
	check(err)
	var ready struct{ URL string }
	err = p.do(map[string]string{"do": "start", "vars": string(text), "modules": string(files), "database": database(p)}, &ready)
	t.Cleanup(func() {
		s.nothingLeaked()
		if err := p.do(map[string]string{"do": "stop"}, nil); err != nil {
			t.Errorf("the Worker did not end: %v", err)
			p.kill()
			p.cmd.Wait()
		}
		s.said(p.errors.take(mark))
		if p.cmd.ProcessState == nil {
			idle.give(p)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	s.URL = strings.TrimSuffix(ready.URL, "/")
	return s
}

// database returns a folder with a migrated database; the first caller has p make it.
func database(p *process) string {
	folder := filepath.Join(made.folder, "database")
	made.migrated.Do(func() { check(p.do(map[string]string{"do": "database", "folder": folder}, nil)) })
	if _, err := os.Stat(folder); err != nil {
		panic(err) // the caller that made it failed
	}
	return folder
}

// Launch runs another script that answers commands, named from the project's root, until
// the test ends, and reads its first answer.
func Launch(t testing.TB, script string, config map[string]any, ready any) *Server {
	t.Helper()
	p := launch(t, script, config, ready)
	s := &Server{T: t, process: p}
	t.Cleanup(func() {
		if err := p.end(); err != nil {
			t.Error(err)
		}
		s.said(p.errors.String())
	})
	return s
}

// said logs the complaints of a Worker's process. They hold no secret, and help to
// understand a failure.
func (s *Server) said(complaints string) {
	if what := s.Leak(complaints); what != "" {
		s.T.Errorf("%s is in what the Worker said", what)
		return
	}
	if s.T.Failed() {
		s.T.Logf("the Worker said:\n%s", complaints)
	}
}

// In returns the same server for a test within this one.
func (s *Server) In(t testing.TB) *Server {
	here := *s
	here.T = t
	return &here
}

// Pid returns the id of the process that runs workerd.
func (s *Server) Pid() int { return s.process.cmd.Process.Pid }

// Kill ends the process and workerd at once.
func (s *Server) Kill() { s.process.kill() }

// Do sends the script a command. It stores the answer in into, unless that is nil.
func (s *Server) Do(command map[string]string, into any) {
	s.T.Helper()
	if err := s.process.do(command, into); err != nil {
		s.T.Fatal(err)
	}
}

// Evict drops an object from memory as the platform does after idling: its sockets stay.
func (s *Server) Evict(class, name string) {
	s.T.Helper()
	s.Do(map[string]string{"do": "evict", "class": class, "name": name}, nil)
}

// Logs returns everything that the Worker has logged.
func (s *Server) Logs() string {
	s.T.Helper()
	var said struct{ Logs []string }
	s.Do(map[string]string{"do": "logs"}, &said)
	return strings.Join(said.Logs, "\n")
}

// nothingLeaked checks the secrets when a test ends.
func (s *Server) nothingLeaked() {
	var said struct{ Logs []string }
	if s.process.do(map[string]string{"do": "logs"}, &said) != nil {
		return // it ended, and the test reports why
	}
	if what := s.Leak(strings.Join(said.Logs, "\n")); what != "" {
		s.T.Errorf("%s is in the Worker's log", what)
	}
}

// client returns a client with a connection for each request. A connection that is kept may
// close at any moment after a request whose body was not read, and nothing repeats a POST.
func client(jar http.CookieJar) *http.Client {
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

// Request sends a body as it is.
func (s *Server) Request(method, path, body string, header map[string]string) (int, []byte, http.Header) {
	s.T.Helper()
	request, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	check(err)
	if body != "" {
		request.Header.Set("content-type", "application/json")
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := client(nil).Do(request)
	// A server that refuses a body while it comes may close the connection before its answer has been read (RFC 9112, 9.6).
	for n := 0; n < 5 && len(body) > 60_000 && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)); n++ {
		request.Body, _ = request.GetBody()
		response, err = client(nil).Do(request)
	}
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	check(err)
	return response.StatusCode, text, response.Header
}

// Post sends JSON to a path, with a browser's cookies if a jar is given.
func (s *Server) Post(jar http.CookieJar, path string, body any) (int, map[string]any, http.Header) {
	s.T.Helper()
	text, err := json.Marshal(body)
	check(err)
	request, err := http.NewRequest("POST", s.URL+path, bytes.NewReader(text))
	check(err)
	request.Header.Set("content-type", "application/json")
	response, err := client(jar).Do(request)
	if err != nil {
		s.T.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	check(err)
	var answer map[string]any
	json.Unmarshal(said, &answer)
	s.ShownBy(body, answer, response.Header)
	if what := s.Leak(string(said)); what != "" && response.StatusCode >= 400 {
		s.T.Errorf("%s is in the answer to %s", what, path)
	}
	return response.StatusCode, answer, response.Header
}

// Login signs a demo account in and returns its access token.
func (s *Server) Login(name string) string {
	s.T.Helper()
	jar, err := cookiejar.New(nil)
	check(err)
	return s.LoginWith(jar, name)
}

// LoginWith is Login with a browser's cookies.
func (s *Server) LoginWith(jar http.CookieJar, name string) string {
	s.T.Helper()
	status, answer, _ := s.Post(jar, "/auth/login", map[string]string{"email": name + "@example.com", "password": "holdfast-demo"})
	token, _ := answer["access_token"].(string)
	if status != 200 || token == "" {
		s.T.Fatalf("login of %s: HTTP %d %v", name, status, answer)
	}
	return token
}
