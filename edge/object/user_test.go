package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func admit(document string) Input {
	return Input{Kind: Request, Ask: 5, Text: fmt.Appendf(nil,
		`{"kind":"admit","document":%q,"client_id":"c","claims":{"user_id":"ann","email":"a@x","name":"Ann","jti":"j1","iat":1736243000,"exp":1736246400},"gone":false}`, document)}
}

func TestAnAdmissionAsksOnceAndIsRemembered(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	expect(t, without(f.enter(admit("d1")), "alarm"), "database 1 DB d1 ann")
	left := without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["ws_demo",1,"workspace","member","comment"]]`)}), "alarm")
	expect(t, left, `respond 5 200 {"grant":{"user_id":"ann","name":"Ann","session_id":"`)
	for _, part := range []string{`"document":"d1","workspace_id":"ws_demo","role":"member","permissions":["read","comment"],"epoch":1,"locked":true,"access_at":1736244000000,"exp":1736246400,"iat":1736243000,"jti":"j1"`} {
		if !strings.Contains(left[0], part) {
			t.Errorf("the grant lacks %s: %s", part, left[0])
		}
	}
	// From the cache, in the same session, by an object that was out of memory.
	f.object = nil
	f.now = f.now.Add(time.Second)
	again := without(f.enter(admit("d1")), "alarm")
	expect(t, again, "respond 5 200")
	id := func(line string) string { return strings.SplitN(line, `"session_id":"`, 2)[1][:32] }
	if id(again[0]) != id(left[0]) {
		t.Errorf("another session: %s", again[0])
	}
	// What the document has lost is no longer counted, and the session ends with it.
	expect(t, without(f.enter(Input{Kind: Request, Ask: 6, Text: fmt.Appendf(nil,
		`{"kind":"gone","document":"d1","session_id":%q,"reason":"disconnect","admitted_at":%d}`, id(left[0]), f.now.Add(time.Minute).UnixMilli())}), "alarm"), `respond 6 200 {"ok":true}`)
	if f.now = f.now.Add(time.Second); id(without(f.enter(admit("d1")), "alarm")[0]) == id(left[0]) {
		t.Error("the session outlived its last channel")
	}
}

func TestAdmissionsThatFail(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer Input
		want   string
	}{
		{"no such document", Input{Kind: Answered, Text: []byte(`[]`)}, "DOCUMENT_NOT_FOUND"},
		{"no role", Input{Kind: Answered, Text: []byte(`[["ws",0,"workspace","",""]]`)}, "INSUFFICIENT_PERMISSIONS"},
		{"restricted", Input{Kind: Answered, Text: []byte(`[["ws",0,"restricted","owner",""]]`)}, "INSUFFICIENT_PERMISSIONS"},
		{"an answer of another form", Input{Kind: Answered, Text: []byte(`[["ws"]]`)}, "SERVICE_UNAVAILABLE"},
		{"no JSON", Input{Kind: Answered, Text: []byte(`oops`)}, "SERVICE_UNAVAILABLE"},
		{"no answer", Input{Kind: Failed}, "SERVICE_UNAVAILABLE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t, "ann", NewUser)
			f.enter(admit("d1"))
			c.answer.Ask = 1
			expect(t, without(f.enter(c.answer), "alarm"), `respond 5 200 {"error":{"error_code":"`+c.want)
		})
	}
	f := newFake(t, "ann", NewUser)
	for _, text := range []string{`{`, `{}`, `{"kind":"admit"}`, `{"kind":"admit","document":"d","claims":{}}`, `{"kind":"gone"}`, `[]`} {
		expect(t, f.enter(Input{Kind: Request, Ask: 9, Text: []byte(text)}), "respond 9 400")
	}
	expect(t, f.enter(Input{Kind: Connect, Ask: 9}), "respond 9 400")
}

// A change that a connect found out is pushed to the document until that has taken it,
// whatever becomes of the connect.
func TestAChangeIsPushed(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	f.env["PERMISSION_TTL_MS"] = "1000"
	f.enter(admit("d1"))
	f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["ws",0,"workspace","member",""]]`)})
	f.now = f.now.Add(2 * time.Second)
	f.enter(admit("d1"))
	left := without(f.enter(Input{Kind: Answered, Ask: 2, Text: []byte(`[["ws",0,"workspace","",""]]`)}), "alarm")
	expect(t, left, `call 3 DOCUMENTS d1 {"kind":"grant","grant":{"user_id":"ann"`, `respond 5 200 {"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`)
	expect(t, without(f.enter(Input{Kind: Failed, Ask: 3}), "alarm"))
	f.now = f.now.Add(time.Second)
	f.object = nil
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `call 1 DOCUMENTS d1`)
	expect(t, without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`{"ok":true}`)}), "alarm"))
	f.now = f.now.Add(time.Minute)
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"))
}

func TestAnUnreadableSessionStoreRefusesTheEvent(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	f.made = true
	f.broken, f.breaks = selectAccess, true
	if _, err := f.try(admit("d1")); err != errBroken {
		t.Fatalf("got %v", err)
	}
}

// The fake does not read SQL; that each statement takes what it is given can be
// counted, and that it runs is shown in workerd.
func TestStatementsTakeWhatTheyAreGiven(t *testing.T) {
	for s := Stmt(0); s < StmtCount; s++ {
		text := s.String()
		if text == "" {
			t.Fatalf("statement %d has no text", s)
		}
		if !strings.HasPrefix(text, "INSERT") {
			continue
		}
		columns, values, ok := strings.Cut(text, " VALUES ")
		if !ok {
			continue // of a SELECT
		}
		want := strings.Count(columns, ",") + 1
		if got := strings.Count(values, "?") + strings.Count(values, "(1"); got != want {
			t.Errorf("%d values for %d columns: %s", got, want, text)
		}
	}
}
