//go:build !js

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

// delegate makes a delegation for a user, and returns its id and key.
func (w *worker) delegate(user, document, name string) (id, key string) {
	w.T.Helper()
	body := fmt.Sprintf(`{"document":%q,"name":%q,"expires":%d}`, document, name, time.Now().Add(time.Hour).Unix())
	status, text, _ := w.Request("POST", "/v1/admin/users/"+user+"/delegations", body, map[string]string{"Authorization": "Bearer " + w.Operator})
	var made struct{ ID, Key string }
	if err := json.Unmarshal(text, &made); status != 201 || err != nil {
		w.T.Fatalf("HTTP %d %s", status, text)
	}
	w.Shown("a delegation's key", made.Key)
	return made.ID, made.Key
}

// The example program answers for its user, through a kill -9 of the Worker; its user's page sees
// whose answer it is. When its delegation is revoked it ends, and says why.
func TestAssistantProgram(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "assistant")
	if out, err := exec.Command("go", "build", "-o", program, "../assistant").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d := startDev(t)
	id, key := d.delegate("usr_editor", "welcome", "Assistant")
	owner, err := native.Connect(context.Background(), native.Config{URL: d.URL, Document: "welcome", Token: native.Account(d.URL, "owner@example.com", "holdfast-demo", nil)})
	check(err)
	defer owner.Close(context.Background())

	cmd := exec.Command(program, "-url", d.URL)
	cmd.Env = append(os.Environ(), "HOLDFAST_DELEGATION="+key)
	var said strings.Builder
	cmd.Stderr, cmd.Stdout = &said, &said
	check(cmd.Start())
	defer cmd.Process.Kill()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	// await reads the owner's events until one fits.
	await := func(what string, fits func(native.Event) bool) {
		t.Helper()
		for {
			event, err := owner.Next(ctx)
			if err != nil {
				t.Fatalf("%s: %v\n%s", what, err, said.String())
			}
			if fits(event) {
				return
			}
		}
	}
	await("the assistant's arrival", func(event native.Event) bool {
		p, ok := event.(native.Presence)
		return ok && p.Delegate && p.Name == "Assistant" && p.UserID == "usr_editor" && p.ClientID == protocol.DelegateClient(id)
	})
	for i := 1; i <= 4; i++ {
		if i == 3 {
			d.Kill()
			d.Restart()
			owner.Wake()
			await("the assistant's return", func(event native.Event) bool {
				p, ok := event.(native.Presence)
				return ok && p.Delegate && p.State != "leave"
			})
		}
		version, err := owner.Send(ctx, map[string]string{"ask": fmt.Sprint("question ", i)})
		check(err)
		want := fmt.Sprintf(`{"answer":"QUESTION %d","to":%d}`, i, version)
		await("the answer "+want, func(event native.Event) bool {
			o, ok := event.(native.Operation)
			return ok && string(o.Op) == want && o.UserID == "usr_editor" && o.ClientID == protocol.DelegateClient(id)
		})
	}
	d.operator("DELETE", "users/usr_editor/delegations/"+id, ``)
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(said.String(), "TOKEN_REVOKED") {
			t.Errorf("it ended with %v\n%s", err, said.String())
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if strings.Contains(said.String(), key) {
		t.Errorf("its key was logged:\n%s", said.String())
	}
}

// A key that the server does not take ends Connect, and none is asked for again; what cannot be a
// delegation's is refused before anybody is asked.
func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	id, key := w.delegate("usr_editor", "welcome", "Assistant")
	for _, c := range []struct{ key, document, code string }{
		{harness.Altered(key), "welcome", "AUTHENTICATION_FAILED"},
		{key, "notes", "INSUFFICIENT_PERMISSIONS"},
	} {
		_, err := native.Connect(context.Background(), native.Config{URL: w.URL, Document: c.document, Key: c.key})
		if err == nil || !strings.Contains(err.Error(), c.code) || strings.Contains(err.Error(), c.key) {
			t.Errorf("%s: %v", c.document, err)
		}
	}
	s, err := native.Connect(context.Background(), native.Config{URL: w.URL, Document: "welcome", Key: key})
	check(err)
	if s.ClientID() != protocol.DelegateClient(id) || s.UserID() != "usr_editor" || !s.Can("write") {
		t.Errorf("%s for %s may %v", s.ClientID(), s.UserID(), s.Permissions())
	}
	check(s.Close(context.Background()))
	for name, cfg := range map[string]native.Config{
		"no key":             {Key: "hfu_x"},
		"an app's key":       {Key: "hfa_" + key[4:]},
		"a name of its own":  {Key: key, ClientID: "me"},
		"a token beside it":  {Key: key, Token: func(context.Context) (string, error) { return "", nil }},
		"neither of the two": {},
	} {
		cfg.URL, cfg.Document = w.URL, "welcome"
		if _, err := native.Connect(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), native.ErrInvalid.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
