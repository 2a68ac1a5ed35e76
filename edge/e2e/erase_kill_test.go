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

// An erasure that a kill -9 meets at any moment is completed by a repeat: of a comment, a
// person and a document, each in turn. Nothing is half erased then, what stays is whole, and the
// person's token is worthless whenever it was that the server died.
func TestAnErasureSurvivesAKill(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	user, token := d.person("canary-email@example.com", canary(80))
	_, words := d.everything(user, token, "welcome", 50)
	_, more := d.everything(user, token, "notes", 60)
	for _, c := range []struct {
		path, body string
		gone       []string
	}{
		{"/v1/admin/documents/welcome/comments/31", ``, []string{words[3], words[4], words[5]}},
		{"/v1/admin/users/" + user, `{"comments":"erase"}`, []string{"canary-email", canary(80), words[0], words[1], more[0], more[1], more[3], more[5]}},
		{"/v1/admin/documents/notes", ``, more},
	} {
		for range 2 {
			answered := make(chan struct{})
			go func() { // it dies with the server, most times
				defer close(answered)
				request, err := http.NewRequest("DELETE", d.URL+c.path, strings.NewReader(c.body))
				check(err)
				request.Header.Set("authorization", "Bearer "+d.Operator)
				request.Header.Set("content-type", "application/json")
				if response, err := http.DefaultClient.Do(request); err == nil {
					response.Body.Close()
				}
			}()
			moment := time.NewTimer(time.Duration(rand.IntN(400)) * time.Millisecond)
			<-moment.C
			d.Kill()
			<-answered
			d.Restart()
		}
		status, text, _ := d.Request("DELETE", c.path, c.body, map[string]string{"authorization": "Bearer " + d.Operator})
		var answer map[string]any
		if err := json.Unmarshal(text, &answer); err != nil || status != 200 && status != 404 {
			t.Fatalf("%s: HTTP %d %s", c.path, status, text)
		}
		// Of objects that nobody has asked since, the log of before the crash is there still.
		if strings.Contains(c.path, "users") {
			d.asleep()
		}
		if found := d.holding(c.gone...); len(found) > 0 {
			t.Errorf("%s: %s", c.path, strings.Join(found, "\n"))
		}
		if strings.Contains(c.path, "users") {
			for range 2 {
				if _, response, err := (dialling{document: "welcome", clientID: "back", token: token, carriage: "header"}).dial(d.server); err == nil || response == nil || response.StatusCode < 400 {
					t.Errorf("the token is let in: %v %v", response, err)
				}
			}
		}
	}
	reader := d.connect(dialling{document: "welcome", clientID: "r", token: d.Login("viewer")})
	log := fmt.Sprint(reader.syncs(0))
	for i := range 30 {
		if !strings.Contains(log, fmt.Sprintf("%s %d ", words[2], i)) {
			t.Errorf("what stays lacks entry %d", i)
		}
	}
}
