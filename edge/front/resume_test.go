package front

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/call"
)

// sendsOn is a document that lets nobody in by itself, and everybody by a grant.
func (w *worker) sendsOn(answer string) func(string, map[string]any) map[string]any {
	return func(_ string, body map[string]any) map[string]any {
		if body["kind"] == call.KindResumeDocument.Word {
			return map[string]any{"status": 409, "body": answer}
		}
		return nil
	}
}

const back = line + "?client_id=c&session_id=s1&last_seq=4&token="

// Who says that they were there goes straight to the document, which lets them in or sends them on
// to the user's object: as of the access version that it names, and for the first time. A document
// of the version before knows nothing of it.
func TestComingBackInOneHop(t *testing.T) {
	const one, two = "verify, forward DOCUMENTS/welcome", ", call SESSIONS/usr_owner, forward DOCUMENTS/welcome"
	for _, c := range []struct{ answer, way, admit, log string }{
		{"", one, "", `"by":"document"`},
		{`{"readmit":true}`, one + two, `{"client_id":"c","document":"welcome","kind":"admit"}`, ""},
		{`{"readmit":true,"access":7}`, one + two, `{"access":7,"client_id":"c","document":"welcome","kind":"admit"}`, ""},
		{string(call.Unsupported().AppendJSON(nil)), one + two, `{"client_id":"c","document":"welcome","kind":"admit"}`, ""},
		{`not JSON`, one + two, `{"client_id":"c","document":"welcome","kind":"admit"}`, ""},
	} {
		w := newWorker(t, embedded())
		if c.answer != "" {
			w.forward = w.sendsOn(c.answer)
		}
		if end := w.run(upgrade(back + goodToken())); end["do"] != "socket" || w.way() != c.way {
			t.Errorf("%s: %s: %v", c.answer, w.way(), end)
		}
		if len(w.logs) != 1 || !strings.Contains(w.logs[0], `"event":"connect_admitted"`) || strings.Contains(w.logs[0], `"by"`) != (c.log != "") {
			t.Errorf("%s: logged %q", c.answer, w.logs)
		}
		if c.admit == "" {
			continue
		}
		delete(w.bodies[1], "claims")
		if got, _ := json.Marshal(w.bodies[1]); string(got) != c.admit {
			t.Errorf("%s: the user's object was asked %s", c.answer, got)
		}
	}
}

// A grant may be sent back once, whether or not the document was asked before it was given.
func TestComingBackIsSentBackOnce(t *testing.T) {
	w := newWorker(t, embedded())
	w.forward = func(string, map[string]any) map[string]any {
		return map[string]any{"status": 409, "body": `{"readmit":true,"access":7}`}
	}
	end := w.run(upgrade(back + goodToken()))
	if code, reason := failure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "document_unavailable" {
		t.Errorf("%s: %s %s", w.way(), code, reason)
	}
	if want := "verify" + strings.Repeat(", forward DOCUMENTS/welcome, call SESSIONS/usr_owner", 2) + ", forward DOCUMENTS/welcome, respond"; w.way() != want {
		t.Errorf("%s, want %s", w.way(), want)
	}
	for _, line := range w.logs {
		if strings.Contains(line, "connect_admitted") {
			t.Errorf("logged %s of who was never let in", line)
		}
	}
}

// Who begins anew, and whose token has no name by which it could be taken back alone, are the
// user's object's to let in. A document that cannot be reached is not asked twice.
func TestWhoGoesByTheUsersObject(t *testing.T) {
	unnamed := sign(`{"alg":"RS256","kid":"k1"}`, strings.Replace(good, `"jti":"t1",`, "", 1))
	for _, url := range []string{line + "?client_id=c&token=" + goodToken(), line + "?client_id=c&last_seq=4&token=" + goodToken(), back + unnamed} {
		w := newWorker(t, embedded())
		if w.run(upgrade(url)); w.way() != "verify, call SESSIONS/usr_owner, forward DOCUMENTS/welcome" {
			t.Errorf("%s: %s", url, w.way())
		}
	}
	w := newWorker(t, embedded())
	w.forward = func(string, map[string]any) map[string]any { return map[string]any{"error": "Error"} }
	end := w.run(upgrade(back + goodToken()))
	if code, reason := failure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "document_unavailable" || w.way() != "verify, forward DOCUMENTS/welcome, respond" {
		t.Errorf("%s: %s %s", w.way(), code, reason)
	}
}
