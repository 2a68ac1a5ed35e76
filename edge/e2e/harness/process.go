//go:build !js

package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a Node script that answers commands, one line of JSON for each.
type process struct {
	script string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors said
}

// said holds what a process wrote to standard error; two goroutines use it.
type said struct {
	sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(text []byte) (int, error) {
	s.Lock()
	defer s.Unlock()
	return s.text.Write(text)
}

func (s *said) String() string {
	s.Lock()
	defer s.Unlock()
	return s.text.String()
}

// take returns and removes what was written up to a mark, once the mark is there.
func (s *said) take(mark string) string {
	for end := time.Now().Add(Standstill); time.Now().Before(end); time.Sleep(time.Millisecond) {
		s.Lock()
		before, rest, ok := strings.Cut(s.text.String(), mark)
		if ok {
			s.text.Reset()
			s.text.WriteString(rest)
		}
		s.Unlock()
		if ok {
			return before
		}
	}
	return s.String()
}

// launch starts a script, named from the project's root, and reads its first answer.
func launch(t testing.TB, script string, config map[string]any, ready any) *process {
	t.Helper()
	text, err := json.Marshal(config)
	check(err)
	p := &process{script: script, cmd: exec.Command("node", script, string(text))}
	p.cmd.Dir = Root
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // workerd ends with it
	p.cmd.Stderr = &p.errors
	p.in, err = p.cmd.StdinPipe()
	check(err)
	out, err := p.cmd.StdoutPipe()
	check(err)
	p.out = bufio.NewReader(out)
	check(p.cmd.Start())
	if err := p.read(script+" to start", ready); err != nil {
		p.kill()
		p.cmd.Wait()
		t.Fatalf("%v\n%s", err, p.errors.String())
	}
	return p
}

// kill ends the process and everything that it started.
func (p *process) kill() { syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// end asks the process to end, and waits for that.
func (p *process) end() error {
	p.in.Close()
	guard := time.AfterFunc(Standstill, p.kill)
	p.cmd.Wait()
	if !guard.Stop() {
		return fmt.Errorf("%s did not end within %v of being told to", p.script, Standstill)
	}
	return nil
}

// read reads the next answer, and without one reports what it waited for. It ignores what
// Miniflare prints in between.
func (p *process) read(what string, into any) error {
	guard := time.AfterFunc(Standstill, p.kill)
	defer guard.Stop()
	for {
		line, err := p.out.ReadBytes('\n')
		if err != nil && !guard.Stop() {
			return fmt.Errorf("standstill: waited %v for %s", Standstill, what)
		}
		if err != nil {
			return fmt.Errorf("waiting for %s: %s ended: %w", what, p.script, err)
		}
		if bytes.HasPrefix(line, []byte("{")) && json.Unmarshal(line, into) == nil {
			return nil
		}
	}
}

// do sends a command and reads the answer.
func (p *process) do(command map[string]string, into any) error {
	line, err := json.Marshal(command)
	check(err)
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%v: %w", command["do"], err)
	}
	var raw json.RawMessage
	if err := p.read(fmt.Sprintf("the answer to %v", command), &raw); err != nil {
		return err
	}
	var failed struct{ Error string }
	if json.Unmarshal(raw, &failed); failed.Error != "" {
		return fmt.Errorf("%v: %s", command, failed.Error)
	}
	if into != nil {
		check(json.Unmarshal(raw, into))
	}
	return nil
}

// pool holds the processes that have served a test and can serve the next.
type pool struct {
	sync.Mutex
	free []*process
}

var idle pool

// take returns an idle process. The first start takes as long as Node needs.
func (l *pool) take(t testing.TB) *process {
	t.Helper()
	l.Lock()
	if n := len(l.free); n > 0 {
		p := l.free[n-1]
		l.free = l.free[:n-1]
		l.Unlock()
		return p
	}
	l.Unlock()
	var ready struct{}
	return launch(t, "edge/e2e/harness/worker.mjs", map[string]any{"secrets": Secrets(), "build": Build}, &ready)
}

func (l *pool) give(p *process) {
	l.Lock()
	defer l.Unlock()
	l.free = append(l.free, p)
}

// end ends all processes.
func (l *pool) end() {
	l.Lock()
	defer l.Unlock()
	for _, p := range l.free {
		p.end()
	}
	l.free = nil
}
