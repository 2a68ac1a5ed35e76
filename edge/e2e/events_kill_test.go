//go:build !js

package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/events"
)

// sign is the header of a signed body.
func sign(secret string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func postSigned(url, header, body string) int {
	request, err := http.NewRequest("POST", url, strings.NewReader(body))
	check(err)
	request.Header.Set("x-holdfast-signature", header)
	response, err := http.DefaultClient.Do(request)
	check(err)
	response.Body.Close()
	return response.StatusCode
}

// peek returns a request's body, to be read once more, and the document that its first event is of.
func peek(r *http.Request) (io.ReadCloser, string) {
	body, _ := io.ReadAll(r.Body)
	var batch struct{ Events []events.Event }
	json.Unmarshal(body, &batch)
	document := ""
	if len(batch.Events) > 0 {
		document = batch.Events[0].Document
	}
	return io.NopCloser(bytes.NewReader(body)), document
}

// A kill -9 at each stage loses no event: before the request, under it, and once it was taken and
// nobody has written that down. Nobody connects afterwards: the alarm brings the object back.
func TestEventsSurviveAKill(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil)
	d := startDev(t, "EVENTS_URL="+b.URL, "EVENTS_SECRET="+eventsSecret, "EVENTS_EVERY_MS=1500", "EVENTS_TYPES=document.changed,document.joined", "GRACE_PERIOD_MS=600000")
	c := d.connect(dialling{document: "welcome", clientID: "o", token: d.Login("owner")})
	version := 0
	writes := func() {
		version++
		id := fmt.Sprint("m", version)
		c.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":%d}}`, id, version))
		for c.expect("operation", "operation_ack").MessageID != id { // what it wrote before comes again
		}
	}
	again := func() {
		c = d.connect(dialling{document: "welcome", clientID: "o", token: d.Login("owner")})
	}

	writes() // acknowledged, and nothing sent
	d.Kill()
	d.Restart()
	b.await("version 1", told("welcome", 1))

	held := make(chan struct{}, 8)
	b.behave(func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		held <- struct{}{}
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return true
	})
	again()
	writes()
	await(t, "a request", held, patience)
	d.Kill() // under the request
	b.behave(nil)
	d.Restart()
	b.await("version 2", told("welcome", 2))

	again()
	writes()
	b.await("version 3", told("welcome", 3))
	d.Kill() // it was taken
	d.Restart()
	again()
	writes()
	all := b.await("version 4", told("welcome", 4))
	for i, e := range all {
		if e.Seq != i+1 {
			t.Errorf("event %d is %+v", i+1, e)
		}
	}
	if n := len(typed(all, "document.joined")); n != 1 {
		t.Errorf("%d joined, and the channel never ended", n)
	}
}

// What the backend refuses for good is a dead letter; an operator reads it, sends it again once
// the backend is well, and deletes it. Meanwhile the rest goes on.
func TestDeadLettersOfEvents(t *testing.T) {
	t.Parallel()
	poison := func(w http.ResponseWriter, r *http.Request, _ int) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte(`"comment.created"`)) {
			w.WriteHeader(422)
			return true
		}
		return false
	}
	b := newBackend(t, poison)
	s := start(t, withEvents(b.URL, map[string]string{"EVENTS_TRIES": "3", "EVENTS_TYPES": "document.changed comment.created comment.resolved"}))
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	c.op("m1", 1)
	b.await("version 1", told("welcome", 1))
	c.comment("create", "c1", `{"body":"poison"}`)
	c.comment("resolve", "c2", `{"comment_id":"2"}`)
	all := b.await("what comes after it", func(all []events.Event) bool {
		return told("welcome", 3)(all) && len(typed(all, "comment.resolved")) == 1
	})
	if len(typed(all, "comment.created")) > 0 {
		t.Fatal("the poison was taken")
	}
	dead := at(s.must("GET", "/v1/admin/events/dead", ""), "dead_letters").([]any)
	if len(dead) != 1 || at(dead[0], "reason") != "status_422" || at(dead[0], "tries") != 3.0 || at(dead[0], "event", "type") != "comment.created" || at(dead[0], "event", "seq") != 2.0 {
		t.Fatalf("dead letters: %v", dead)
	}
	id := at(dead[0], "id").(string)
	status, answer := s.admin("POST", "/v1/admin/events/dead/replay", `{"all":true}`)
	if status != 503 || at(answer, "data", "details", "reason") != "events_refused" || at(answer, "data", "details", "status") != 422.0 {
		t.Errorf("a replay to one that refuses: HTTP %d %v", status, answer)
	}
	if left := at(s.must("GET", "/v1/admin/events/dead", ""), "dead_letters").([]any); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	b.behave(nil)
	if answer := s.must("POST", "/v1/admin/events/dead/replay", fmt.Sprintf(`{"ids":[%q]}`, id)); answer["replayed"] != 1.0 || answer["left"] != 0.0 {
		t.Errorf("replayed: %v", answer)
	}
	b.mu.Lock()
	last := b.events[len(b.events)-1]
	b.mu.Unlock()
	if last.ID != id || last.Type != "comment.created" || last.Seq != 2 {
		t.Errorf("sent again: %+v", last)
	}
	for _, line := range []string{`"event":"events_refused","reason":"status_422"`, `"event":"events_given_up","reason":"status_422","count":1,"document":"welcome"`} {
		if !strings.Contains(s.Logs(), line) {
			t.Errorf("the log lacks %s", line)
		}
	}
}

// The database keeps so many dead letters, and says what it drops.
func TestDeadLettersAreBounded(t *testing.T) {
	t.Parallel()
	b := newBackend(t, func(w http.ResponseWriter, _ *http.Request, _ int) bool { w.WriteHeader(500); return true })
	s := start(t, withEvents(b.URL, map[string]string{"EVENTS_TRIES": "2", "EVENTS_MAX_DEAD": "2", "EVENTS_TYPES": "comment.created"}))
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	for n := range 5 {
		c.comment("create", fmt.Sprint("c", n), `{"body":"x"}`)
	}
	s.awaitEntry(map[string]any{"event": "dead_letters_dropped"})
	if dead := at(s.must("GET", "/v1/admin/events/dead", ""), "dead_letters").([]any); len(dead) > 2 {
		t.Errorf("%d dead letters", len(dead))
	}
	if answer := s.must("DELETE", "/v1/admin/events/dead", `{"all":true}`); answer["left"] != 0.0 {
		t.Errorf("deleted: %v", answer)
	}
}

// Where a queue is bound events go there, each a message of its own, and nowhere else.
func TestEventsIntoAQueue(t *testing.T) {
	t.Parallel()
	b := newBackend(t, nil)
	messages := make(chan events.Event, 64)
	consumer := newBackend(t, func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		var e events.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		messages <- e
		return true
	})
	s := start(t, withEvents(b.URL, map[string]string{"EVENTS_QUEUE": consumer.URL}))
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	c.op("m1", 1)
	seen := map[string]int{}
	for seen["document.changed"] == 0 || seen["document.joined"] == 0 || seen["session.started"] == 0 {
		e := await(t, fmt.Sprint("more than ", seen), messages, 2*patience)
		if e.Seq == 0 || e.ID != fmt.Sprint(e.Stream, "-", e.Seq) || e.At.IsZero() || (e.Document == "") == (e.UserID == "") {
			t.Errorf("%+v", e)
		}
		seen[e.Type]++
	}
	if b.requests() > 0 {
		t.Errorf("%d requests to EVENTS_URL", b.requests())
	}
	if live := at(s.must("GET", "/v1/admin/documents/welcome", ""), "live", "events"); at(live, "pending") != 0.0 {
		t.Errorf("described as %v", live)
	}
}
