//go:build !js

package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

// Two clients that write at once, and one that watches, over connections that are cut again
// and again: nothing is lost, nothing stored twice.
func TestResetsLoseNothing(t *testing.T) {
	t.Parallel()
	w := start(t, map[string]string{"CONNECTS_PER_USER_PER_MIN": "6000"})
	all := []*member{w.join("owner", "welcome"), w.join("editor", "welcome"), w.join("viewer", "welcome")}
	var writing sync.WaitGroup
	stop := make(chan struct{})
	for _, m := range all[:2] {
		writing.Go(func() {
			for range 12 { // by the op, for a fast machine is done before it has been cut
				m.writes(60)
				if m.reset() {
					m.Wake()
				}
			}
		})
	}
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			m := all[i%len(all)]
			if m.reset() {
				m.Wake()
			}
		}
	})
	writing.Wait()
	close(stop)
	cutting.Wait()
	agree(t, all...)
	resumed := 0
	for _, m := range all {
		for _, ev := range m.others {
			if e, ok := ev.(native.StateChange); ok && e.Resumed {
				resumed++
			}
		}
	}
	if resumed < 3 {
		t.Errorf("resumed %d times: hardly anything was cut", resumed)
	}
}

// A Worker that is killed and started again on its storage goes on where it was.
func TestKillLosesNothing(t *testing.T) {
	t.Parallel()
	d := startDev(t, "MAX_REPLAY=60")
	all := []*member{d.join("owner", "welcome"), d.join("editor", "welcome"), d.join("viewer", "welcome")}
	session := all[0].SessionID()
	for range 2 {
		var writing sync.WaitGroup
		for _, m := range all[:2] {
			writing.Go(func() { m.writes(150) })
		}
		before := all[2].Version()
		all[2].until("received more", func() bool { return all[2].Version() > before+20 })
		d.Kill()
		awaitEvent(all[0], "the drop", func(e native.StateChange) bool { return e.State == native.Reconnecting })
		d.Restart()
		for _, m := range all {
			m.Wake()
		}
		writing.Wait()
	}
	agree(t, all...)
	if got := all[0].SessionID(); got != session {
		t.Errorf("session %s became %s", session, got)
	}
}

// A token is renewed on the open connection, again and again, before it ends.
func TestTokensAreRefreshedInPlace(t *testing.T) {
	t.Parallel()
	w := start(t, map[string]string{"ACCESS_TOKEN_TTL_S": "6", "REFRESH_NOTICE_MS": "1000", "READ_ONLY_MS": "0"})
	m := w.join("owner", "welcome")
	m.until("refreshed three times", func() bool { return m.tokens.Load() >= 4 })
	m.writes(3)
	agree(t, m)
	for _, ev := range m.others {
		if e, ok := ev.(native.StateChange); ok && e.State != native.Connected {
			t.Errorf("the connection did not hold: %+v", e)
		}
		if e, ok := ev.(native.Failure); ok {
			t.Errorf("%+v", e)
		}
	}
	if m.dials != 1 {
		t.Errorf("%d connections", m.dials)
	}
}

// What an operator takes away is gone from the open session: first the right to write,
// then all.
func TestLostPermissions(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	owner, editor := w.join("owner", "welcome"), w.join("editor", "welcome")
	editor.writes(1)
	w.operator("PUT", "documents/welcome/members/usr_editor", `{"role":"view"}`)
	awaitEvent(editor, "the change", func(e native.PermissionChange) bool { return slices.Contains(e.Removed, "write") })
	if editor.Can("write") || !editor.Can("read") {
		t.Errorf("it may %v", editor.Permissions())
	}
	_, err := editor.Send(editor.within(), "x")
	if !errors.Is(err, &protocol.Error{Code: protocol.InsufficientPermissions}) {
		t.Errorf("Send: %v", err)
	}
	owner.writes(1)
	agree(t, owner, editor) // it still reads
	w.operator("DELETE", "documents/welcome/members/usr_editor", "")
	w.operator("DELETE", "workspaces/ws_demo/members/usr_editor", "")
	editor.ends()
	if !errors.Is(editor.Err(), &protocol.Error{Code: protocol.InsufficientPermissions}) {
		t.Errorf("ended with %v", editor.Err())
	}
	if _, err := editor.Send(editor.within(), "x"); !errors.Is(err, native.ErrClosed) || !errors.Is(err, &protocol.Error{Code: protocol.InsufficientPermissions}) {
		t.Errorf("Send after the end: %v", err)
	}
	if editor.dials != 1 {
		t.Errorf("%d connections", editor.dials)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	for _, c := range []struct {
		account, document string
		want              error
	}{
		{"outsider", "welcome", &protocol.Error{Code: protocol.InsufficientPermissions}},
		{"owner", "nowhere", &protocol.Error{Code: protocol.DocumentNotFound}},
		{"nobody", "welcome", native.ErrSignedOut},
	} {
		m, cfg := w.prepare(c.account, c.document)
		if _, err := native.Connect(m.within(), cfg); !errors.Is(err, c.want) || m.dials > 1 {
			t.Errorf("%s on %s: %v after %d dials, want %v", c.account, c.document, err, m.dials, c.want)
		}
	}
	revoked := w.join("owner", "welcome")
	w.operator("POST", "users/usr_owner/revoke", `{"all":true}`)
	revoked.ends()
	if !errors.Is(revoked.Err(), &protocol.Error{Code: protocol.TokenRevoked}) || revoked.dials != 1 {
		t.Errorf("revoked: %v after %d dials", revoked.Err(), revoked.dials)
	}
}

// Of two programs with one client id the second takes over, and the first does not
// fight for it.
func TestSameClientIDIsReplaced(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	first, cfg := w.prepare("owner", "welcome")
	cfg.ClientID = "one"
	first.open(cfg)
	second, cfg := w.prepare("owner", "welcome")
	cfg.ClientID = "one"
	second.open(cfg)
	first.ends()
	if !errors.Is(first.Err(), &protocol.Error{Code: protocol.ConnectionReplaced}) || first.dials != 1 {
		t.Errorf("%v after %d dials", first.Err(), first.dials)
	}
	second.writes(2)
	if second.State() != native.Connected {
		t.Errorf("the second is %s", second.State())
	}
}

// A reader that stops receiving does not hold anybody up, and receives it all later.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	w := start(t, map[string]string{"MAX_REPLAY": "100", "MESSAGES_PER_S": "100000", "BYTES_PER_S": "100000000", "MESSAGES_BURST": "100000"})
	writer := w.join("owner", "welcome")
	slow, cfg := w.prepare("viewer", "welcome")
	cfg.BufferBytes, cfg.HoldAfter = 32<<10, 500*time.Millisecond
	slow.open(cfg)
	slow.pause <- struct{}{}
	writer.writes(600)
	slow.until("put down", func() bool { return slow.State() == native.Reconnecting })
	writer.writes(600)
	if v := slow.Version(); v > 400 {
		t.Errorf("it has taken %d versions into a buffer of %d bytes", v, cfg.BufferBytes)
	}
	<-slow.pause
	agree(t, writer, slow)
}

// The example program prints what is written, through a kill -9 of the Worker, and
// leaves without an error when it is interrupted.
func TestFollowProgram(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "follow")
	if out, err := exec.Command("go", "build", "-o", program, "../follow").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d := startDev(t)
	writer := d.join("owner", "welcome")
	cmd := exec.Command(program, "-url", d.URL)
	cmd.Env = append(os.Environ(), "HOLDFAST_PASSWORD=holdfast-demo")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	defer cmd.Process.Kill()
	lines := make(chan string)
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			lines <- scan.Text()
		}
		close(lines)
	}()
	for i := 1; i <= 6; i++ {
		if i == 4 {
			d.Kill()
			d.Restart()
			writer.Wake()
		}
		writer.writes(1)
		select {
		case got := <-lines:
			if want := fmt.Sprintf("%d usr_owner %q", i, writer.sent[i-1]); got != want {
				t.Fatalf("printed %q, want %q", got, want)
			}
		case <-time.After(2 * patience):
			t.Fatalf("version %d was not printed", i)
		}
	}
	cmd.Process.Signal(os.Interrupt)
	if _, more := <-lines; more {
		t.Error("it printed something else")
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, complaints.String())
	}
	if strings.Contains(complaints.String(), "holdfast-demo") || strings.Contains(complaints.String(), "eyJ") {
		t.Errorf("a secret was logged:\n%s", complaints.String())
	}
}

// After every session is closed as many goroutines run as before.
func TestNothingIsLeft(t *testing.T) { // not beside others: it counts goroutines
	w := start(t, nil)
	before := runtime.NumGoroutine()
	for range 5 {
		for _, account := range []string{"owner", "editor", "viewer"} {
			m, cfg := w.prepare(account, "welcome")
			cfg.HTTPClient = nil
			s, err := native.Connect(m.within(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			s.Wake()
			if err := s.Close(m.within()); err != nil {
				t.Fatal(err)
			}
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() // the issuer's
	for late := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
