//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A workspace is erased with everything in its documents, whoever is connected, through a kill -9 at
// moments nobody chose: a repeat completes it, and then nothing of it is in any file. What is in other
// workspaces stays.
//
// Holds: "what is erased is in no file"
func TestAnErasedWorkspaceIsInNoFile(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	user, token := d.person("writer@example.com", "Some Writer")
	const workspace = "/v1/admin/workspaces/ws_gone"
	d.json("PUT", workspace, fmt.Sprintf(`{"name":%q}`, canary(90)), 200)
	d.json("PUT", workspace+"/members/"+user, `{"role":"member"}`, 200)
	var words []string
	var conns []*conn
	for i := range 4 {
		document := fmt.Sprint("plan-", i)
		d.json("PUT", "/v1/admin/documents/"+document, fmt.Sprintf(`{"workspace_id":"ws_gone","title":%q}`, canary(91+i)), 201)
		c, more := d.everything(user, token, document, 10+10*i)
		conns, words = append(conns, c), append(words, more[1:]...) // the client id is in the user's object too
		words = append(words, canary(91+i))
	}
	kept, others := d.everything(user, token, "welcome", 60)
	words = append(words, canary(90))
	if found := d.holding(words...); len(found) < 20 {
		t.Fatalf("the search finds %q where there is something", found)
	}
	erase := func() (status int, answer map[string]any) {
		r, err := http.NewRequest("DELETE", d.URL+workspace, strings.NewReader(`{"reason":"customer_left"}`))
		check(err)
		r.Header.Set("authorization", "Bearer "+d.Operator)
		r.Header.Set("content-type", "application/json")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, nil
		}
		defer response.Body.Close()
		if json.NewDecoder(response.Body).Decode(&answer) != nil {
			return 0, nil
		}
		return response.StatusCode, answer
	}
	for range 3 {
		answered := make(chan struct{})
		go func() { // it dies with the server, most times
			defer close(answered)
			erase()
		}()
		moment := time.NewTimer(time.Duration(rand.IntN(250)) * time.Millisecond)
		<-moment.C
		d.Kill()
		<-answered
		d.Restart()
	}
	status, answer := erase()
	if status != 200 && status != 404 || status == 200 && (answer["more"] != false || at(answer, "restorable_until", "objects") == nil) {
		t.Fatalf("HTTP %d %v", status, answer)
	}
	if status, answer := erase(); status != 404 {
		t.Errorf("a repeat: HTTP %d %v", status, answer)
	}
	for i, c := range conns {
		c.ws.CloseNow()
		if back, response, err := (dialling{document: fmt.Sprint("plan-", i), clientID: "back", token: token, carriage: "header"}).dial(d.server); err == nil || response == nil || response.StatusCode < 400 {
			t.Errorf("plan-%d lets somebody in: %v %v", i, response, err)
			if back != nil {
				back.ws.CloseNow()
			}
		}
	}
	reader := d.connect(dialling{document: "welcome", clientID: "r", token: d.Login("viewer")})
	if log := fmt.Sprint(reader.syncs(0)); strings.Count(log, others[2]) < 10 {
		t.Errorf("what stays is %s", log)
	}
	kept.ws.CloseNow()
	reader.ws.CloseNow()
	// Objects that sleep have no log of their own any more; one that nobody has asked since a crash keeps
	// what was overwritten before it.
	found := d.holding(words...)
	for end := time.Now().Add(60 * time.Second); len(found) > 0 && time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		found = d.holding(words...)
	}
	if len(found) > 0 {
		t.Errorf("left: %s", strings.Join(found, "\n"))
	}
}
