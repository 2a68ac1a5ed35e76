package client

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// said has the server send a message on a tab's connection.
func (w *world) said(t *fakeTab, id string) {
	w.do(t, Received{Gen: t.c.conn.Gen(), Text: []byte(fmt.Sprintf(`{"type":"system","event":"message","data":{"data":{"n":%q},"at":"2025-01-07T10:00:00Z"},"message_id":%q}`, id, id))})
}

// otherDocument is a tab of the profile that leads another document, with what its page shares.
func (w *world) otherDocument(name string, page *Heard) *fakeTab {
	holder, queue := w.holder, w.queue
	w.holder, w.queue = nil, nil
	t := w.open(name, func(cfg *Config) { cfg.Document, cfg.Scope, cfg.Heard = "notes", "holdfast.v1/h/notes", page })
	w.do(t, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.acknowledge(t)
	w.holder, w.queue = holder, queue
	return t
}

// A message reaches every tab of the profile once, whatever document it shows and on however
// many connections it comes; each connection acknowledges it after the tabs have it.
func TestAMessageReachesEachTabOnce(t *testing.T) {
	w, t1 := liveTab(t)
	t2 := w.open("t2")
	t3 := w.otherDocument("t3", nil)
	w.lines = nil
	w.said(t1, "m1")
	w.said(t3, "m1")
	w.said(t1, "m1") // it is repeated, for its acknowledgement was lost
	for _, tab := range []string{"t1", "t2", "t3"} {
		want(t, w, tab+`: emit message {"id":"m1","data":{"n":"m1"},"at":1736244000000}`, 1)
	}
	want(t, w, `"event":"ack","data":{"seq":`, 3)
	want(t, w, `"message_id":"m1"}`, 3)
	all := strings.Join(w.lines, "\n")
	if strings.Index(all, "post to all") > strings.Index(all, "write") {
		t.Errorf("it is acknowledged before the other tabs have it:\n%s", all)
	}
	w.do(t2, Close{})
	w.said(t1, "m2")
	want(t, w, `emit message {"id":"m2"`, 2)
}

// A page with two sessions gets it once.
func TestAPageWithTwoDocumentsGetsAMessageOnce(t *testing.T) {
	w := newWorld()
	w.onWrite = w.answerPings
	page := &Heard{}
	t1 := w.open("t1", func(cfg *Config) { cfg.Heard = page })
	w.do(t1, TokenFetched{Token: w.token("u1", w.now, 15*time.Minute)})
	w.acknowledge(t1)
	t2 := w.otherDocument("t2", page)
	w.lines = nil
	w.said(t2, "m1")
	w.said(t1, "m1")
	want(t, w, "emit message", 1)
	want(t, w, "t2: emit message", 1)
	want(t, w, `"event":"ack"`, 2)
}

// Another script of the origin may say anything; it is heard only in the user's own name, and
// what is no message is none. What another user's tabs were sent stays with them.
func TestMessagesOfOtherTabsAreChecked(t *testing.T) {
	w, t1 := liveTab(t)
	for _, text := range []string{
		`{"type":"message","tabId":"x","userId":"u2","message_id":"m1","message":{"data":1,"at":"2025-01-07T10:00:00Z"}}`,
		`{"type":"message","tabId":"x","message_id":"m1","message":{"data":1,"at":"2025-01-07T10:00:00Z"}}`,
		`{"type":"message","tabId":"x","userId":"u1","message":{"data":1,"at":"2025-01-07T10:00:00Z"}}`,
		`{"type":"message","tabId":"x","userId":"u1","message_id":"m1","message":{"at":"2025-01-07T10:00:00Z"}}`,
		`{"type":"message","tabId":"x","userId":"u1","message_id":"m1","message":{"data":1}}`,
		`{"type":"message","tabId":"x","userId":"u1","message_id":"` + strings.Repeat("x", maxID+1) + `","message":{"data":1,"at":"2025-01-07T10:00:00Z"}}`,
		`{"type":"message","tabId":"x","userId":"u1","message_id":"m1","message":{"data":"` + strings.Repeat("x", maxBroadcast) + `","at":"2025-01-07T10:00:00Z"}}`,
	} {
		w.do(t1, BroadcastOrigin{Text: text})
	}
	w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: []byte(`{"type":"system","event":"message","data":{"data":1},"message_id":"m1"}`)})
	w.do(t1, Received{Gen: t1.c.conn.Gen(), Text: []byte(`{"type":"system","event":"message","data":{"data":1,"at":"2025-01-07T10:00:00Z"}}`)})
	want(t, w, "emit message", 0)
	want(t, w, `"event":"ack"`, 0)
	w.do(t1, BroadcastOrigin{Text: `{"type":"message","tabId":"x","userId":"u1","message_id":"m1","message":{"data":null,"at":"2025-01-07T10:00:00Z"}}`})
	want(t, w, `emit message {"id":"m1","data":null`, 1)
}

// Nobody keeps all ids there ever were.
func TestHeardIsBounded(t *testing.T) {
	h := &Heard{}
	for n := range 3 * maxHeardIDs {
		if !h.first("ws://h", "u1", utoa(uint64(n))) || h.first("ws://h", "u1", utoa(uint64(n))) {
			t.Fatal(n)
		}
	}
	if len(h.ids) != maxHeardIDs || !h.first("ws://h", "u2", "767") || !h.first("ws://other", "u1", "767") {
		t.Errorf("%d ids", len(h.ids))
	}
}
