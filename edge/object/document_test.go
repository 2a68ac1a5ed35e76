package object

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// room is a document and the sockets in it, by client.
type room struct {
	*fake
	conns map[string]ConnID
}

func newRoom(t testing.TB) *room {
	return &room{newFake(t, "welcome", NewDocument), map[string]ConnID{}}
}

func (r *room) admission(user, more string) string {
	return fmt.Sprintf(`{"grant":{"user_id":%q,"name":"N","session_id":"s-%s","document":"welcome","workspace_id":"ws","role":"member",`+
		`"permissions":["read","write"],"epoch":1,"locked":false,"exp":%d,"jti":"j","admitted_at":%d},"client_id":"c-%s","protocol":"holdfast.v1"%s}`,
		user, user, r.now.Add(15*time.Minute).Unix(), r.now.UnixMilli(), user, more)
}

func (r *room) connect(user, more string) []string {
	r.t.Helper()
	before := map[ConnID]bool{}
	for c := range r.sockets {
		before[c] = true
	}
	left := r.enter(Input{Kind: Connect, Ask: 7, Text: []byte(r.admission(user, more))})
	for c := range r.sockets {
		if !before[c] {
			r.conns[user] = c
		}
	}
	return left
}

func (r *room) says(user, text string) []string {
	r.t.Helper()
	return r.enter(Input{Kind: Message, Conn: r.conns[user], Text: []byte(text)})
}

func (r *room) op(user, id string) []string {
	r.t.Helper()
	return r.says(user, fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":{"is":%q}}}`, id, id))
}

// without drops the lines that begin so.
func without(lines []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, prefix) })
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(got[i], want[i])
	}
	if !ok {
		t.Fatalf("left:\n  %s\nwant lines with:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// Holds: "an op is acknowledged once it is stored; a repeat gets the same acknowledgement".
func TestAnOpIsStoredThenAcknowledgedThenPublished(t *testing.T) {
	r := newRoom(t)
	expect(t, without(r.connect("ann", ""), "alarm"), `accept 7 "holdfast.v1"`, `"event":"connection_ack"`, `"event":"state"`)
	r.connect("bob", "")
	expect(t, r.op("ann", "m1"),
		`send 1 {"type":"operation","event":"operation_ack","data":{"document_version":1},"message_id":"m1","seq":1}`,
		`send 1 {"type":"operation","event":"op","data":{"op":{"is":"m1"},"document_version":1,"user_id":"ann","client_id":"c-ann"},"seq":1}`)
	row := r.tables["ops"][key(integer(1))]
	if len(row) != 10 || row[9].Int == 0 || row[8].Int != sizeOf(row) || string(row[4].Bytes) != `{"is":"m1"}` || string(row[3].Bytes) != "m1" || row[5].Int != r.now.UnixMilli() {
		t.Fatalf("stored %v", row)
	}
	expect(t, r.op("ann", "m1"), `"document_version":1`) // a repeat
}

// The same story with an object that is booted anew for every event has to come
// out the same: that is what hibernation is.
func TestHibernationChangesNothing(t *testing.T) {
	story := func(reboot bool) []string {
		r := newRoom(t)
		r.reboot = reboot
		r.connect("ann", "")
		r.connect("bob", "")
		for i := range 5 {
			r.now = r.now.Add(time.Second)
			r.op("ann", fmt.Sprint("m", i))
		}
		r.says("bob", `{"type":"system","event":"ack","data":{"seq":2}}`)
		r.enter(Input{Kind: Closed, Conn: r.conns["bob"], Code: 1006})
		delete(r.sockets, r.conns["bob"])
		r.op("ann", "m9")
		r.op("ann", "m9")
		r.now = r.now.Add(10 * time.Second)
		r.connect("bob", `,"session_id":"s-bob","last_seq":4`)
		r.says("bob", `{"type":"operation","event":"sync_request","data":{"from":0}}`)
		r.says("ann", `{"type":"system","event":"disconnect"}`)
		r.now = r.now.Add(20 * time.Second)
		r.enter(Input{Kind: Alarm})
		// A boot sets the alarm again and numbers its questions anew; everything
		// else must be the same.
		left := without(r.out, "alarm")
		for i := range left {
			left[i] = strings.Replace(left[i], "call 2", "call 1", 1)
		}
		return left
	}
	plain, woken := story(false), story(true)
	if !slices.Equal(plain, woken) {
		t.Fatalf("awake:\n  %s\nhibernating:\n  %s", strings.Join(plain, "\n  "), strings.Join(woken, "\n  "))
	}
	if replayed := strings.Count(strings.Join(plain, "\n"), `"message_id":"m9"`); replayed < 2 {
		t.Fatalf("the story is not the one meant:\n  %s", strings.Join(plain, "\n  "))
	}
}

func TestACrashBeginsTheGracePeriod(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	r.op("ann", "m1")
	r.op("ann", "m2")
	clear(r.sockets) // and no close is ever received
	r.object = nil
	r.now = r.now.Add(5 * time.Second)
	left := strings.Join(r.connect("ann", `,"session_id":"s-ann","last_seq":0`), "\n")
	for _, part := range []string{`"resumed":true`, `"replay":{"from":1,"to":2}`, `"last_message_id":"m2"`} {
		if !strings.Contains(left, part) {
			t.Fatalf("without %s:\n  %s", part, left)
		}
	}
	expect(t, r.op("ann", "m1"), `"document_version":1`)

	clear(r.sockets)
	r.object = nil
	r.enter(Input{Kind: Alarm})
	if want := r.now.Add(30 * time.Second); !r.alarm.Equal(want) {
		t.Fatalf("alarm at %v, want the end of grace at %v", r.alarm, want)
	}
	r.now = r.alarm
	expect(t, without(r.enter(Input{Kind: Alarm}), "alarm"), `call 1 SESSIONS ann {"kind":"gone","document":"welcome","client_id":"c-ann","session_id":"s-ann","reason":"grace_expired"`)
	// No answer before the session object has answered.
	r.enter(Input{Kind: Failed, Ask: 1})
	r.now = r.alarm
	expect(t, without(r.enter(Input{Kind: Alarm}), "alarm"), `call 2 SESSIONS ann`)
	r.enter(Input{Kind: Answered, Ask: 2, Text: []byte(`{"ok":true}`)})
	// An admission given before that goes back to be given again, once.
	expect(t, without(r.connect("ann", ""), "alarm"), `respond 7 409 {"readmit":true,"gone_at":`)
}

func TestATokenIsSwappedInPlace(t *testing.T) {
	const refresh = `{"type":"system","event":"token_refresh","data":{"token":"a.b.c"}}`
	for _, c := range []struct {
		name     string
		verdict  string // of the signature
		grant    string // of the session object, "" when it is not asked
		last     string
		silently bool // the answer never comes
	}{
		{name: "good", verdict: `{"do":"claims","claims":{"user_id":"ann","exp":1736246400}}`,
			grant: `{"grant":{"user_id":"ann","session_id":"s-ann","permissions":["read"],"epoch":2,"exp":1736246400,"admitted_at":9}}`, last: `"event":"token_refreshed"`},
		{name: "another's", verdict: `{"do":"claims","claims":{"user_id":"bob","exp":1736246400}}`, last: `"reason":"subject_mismatch"`},
		{name: "forged", verdict: `{"do":"refused","error":{"error_code":"AUTHENTICATION_FAILED","message":"no","details":{"reason":"bad_signature"}}}`, last: `"reason":"bad_signature"`},
		{name: "refused by the session", verdict: `{"do":"claims","claims":{"user_id":"ann","exp":1736246400}}`,
			grant: `{"error":{"error_code":"TOKEN_REVOKED","message":"no"}}`, last: `TOKEN_REVOKED`},
		{name: "a nonsense answer", verdict: `[`, last: `INTERNAL_ERROR`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRoom(t)
			r.connect("ann", "")
			expect(t, r.says("ann", refresh), `verify 1 a.b.c`)
			left := r.enter(Input{Kind: Answered, Ask: 1, Text: []byte(c.verdict)})
			if c.grant != "" {
				expect(t, left, `call 2 SESSIONS ann {"kind":"admit","document":"welcome","client_id":"c-ann","claims":{"user_id":"ann","exp":1736246400},"refresh":true}`)
				left = r.enter(Input{Kind: Answered, Ask: 2, Text: []byte(c.grant)})
			}
			if !strings.Contains(strings.Join(left, "\n"), c.last) {
				t.Fatalf("left:\n  %s\nwant %s", strings.Join(left, "\n  "), c.last)
			}
			if again := r.enter(Input{Kind: Answered, Ask: 1, Text: []byte(c.verdict)}); len(again) != 0 {
				t.Fatalf("a second answer did something: %v", again)
			}
		})
	}
	r := newRoom(t)
	r.connect("ann", "")
	r.says("ann", refresh)
	expect(t, r.enter(Input{Kind: Failed, Ask: 1}), "SERVICE_UNAVAILABLE")
}

// A late joiner of a long log gets it part by part, and no part before the one
// before it is known to have been read.
//
// Holds: "a long log comes in parts".
func TestALongLogIsSyncedInParts(t *testing.T) {
	r := newRoom(t)
	r.env["WINDOW_BYTES"], r.env["MAX_SYNC_BYTES"] = "200000", "100000"
	r.connect("ann", "")
	big := strings.Repeat("x", 60_000)
	for i := range 10 {
		r.says("ann", fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":%q}}`, i, big))
	}
	ask := func(from int) []string {
		return without(r.says("ann", fmt.Sprintf(`{"type":"operation","event":"sync_request","data":{"from":%d}}`, from)), "alarm")
	}
	next, parts, got := 1, 0, ""
	for left := ask(0); ; parts++ {
		size, ping, last := 0, "", ""
		for _, frame := range left {
			if _, id, ok := strings.Cut(frame, `"message_id":"flow-`); ok {
				ping, _, _ = strings.Cut(id, `"`)
				continue
			}
			var from, to int
			_, bounds, _ := strings.Cut(frame, `"data":`)
			if _, err := fmt.Sscanf(bounds, `{"from":%d,"to":%d`, &from, &to); err != nil || from != next || to < from || len(frame) > 100_000 {
				t.Fatalf("a frame of %d bytes from %d to %d, expected from %d (%v)", len(frame), from, to, next, err)
			}
			next, size, got, last = to+1, size+len(frame), got+frame, frame
		}
		if size > 200_000+60_200 {
			t.Fatalf("a part of %d bytes", size)
		}
		if !strings.Contains(last, `"more":true`) {
			break
		}
		expect(t, ask(next-1)) // not before what came is known to be read
		left = without(r.says("ann", `{"type":"system","event":"pong","message_id":"flow-`+ping+`"}`), "alarm")
	}
	if next != 11 || parts < 2 || strings.Count(got, big) != 10 {
		t.Fatalf("%d parts up to version %d with %d ops", parts, next-1, strings.Count(got, big))
	}
	expect(t, r.says("ann", `{"type":"operation","event":"sync_request","data":{"from":10}}`), `"ops":[]`)
}

// A change of somebody's rights is pushed to the document, which says whether it holds.
func TestAPushedGrant(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	push := func(user string, epoch int) []string {
		return without(r.enter(Input{Kind: Request, Ask: 7, Text: fmt.Appendf(nil,
			`{"kind":"grant","grant":{"user_id":%q,"session_id":"s-ann","permissions":["read"],"epoch":%d},"reason":"role_changed"}`, user, epoch)}), "alarm")
	}
	left := push("ann", 9)
	expect(t, left, `"removed":["write"],"reason":"role_changed"`, `token_refresh_required`, `respond 7 200 {"ok":true}`)
	expect(t, r.op("ann", "m1"), "INSUFFICIENT_PERMISSIONS")
	expect(t, push("ann", 8), `respond 7 200 {"ok":true}`)
	// Bob is not here; who may be on the way with an older grant is sent back.
	expect(t, push("bob", 9), `respond 7 200 {"ok":true}`)
	r.object = nil
	expect(t, without(r.connect("bob", ""), "alarm"), `respond 7 409 {"readmit":true,"gone_at":`)
}

// What a session object has revoked ends, and the answer names the last op that counted.
func TestAnEndedChannel(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	r.op("ann", "m1")
	end := func(text string) []string {
		return without(r.enter(Input{Kind: Request, Ask: 7, Text: []byte(text)}), "alarm")
	}
	expect(t, end(`{"kind":"end","user_id":"ann","fence":2,"kick":0,"tokens":["other"],"before":0,"admitted_at":0}`),
		`respond 7 200 {"ok":true,"closed":false,"gone":false,"last":"m1"`)
	left := end(`{"kind":"end","user_id":"ann","fence":3,"kick":0,"tokens":["other","j"],"before":0,"admitted_at":0}`)
	expect(t, left, `TOKEN_REVOKED`, `close 4410 TOKEN_REVOKED`, `call 1 SESSIONS ann {"kind":"gone"`, `respond 7 200 {"ok":true,"closed":true,"gone":true,"last":"m1"`)
	r.object = nil // the fence is stored
	expect(t, without(r.connect("ann", ""), "alarm"), `respond 7 409 {"readmit":true,"gone_at":`)
	for _, text := range []string{`{"kind":"end"}`, `{"kind":"end","user_id":"ann"}`, `{"kind":"end","fence":1}`, `[]`, `{`} {
		expect(t, end(text), `respond 7 400`)
	}
	expect(t, end(`{"kind":"novelty"}`), `respond 7 503 {"error":{"error_code":"SERVICE_UNAVAILABLE"`)
}

func TestAFailedQueryUndoesTheEvent(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	r.op("ann", "m1")
	before := len(r.out)
	r.broken, r.breaks = selectOps, true
	if _, err := r.try(Input{Kind: Message, Conn: r.conns["ann"], Text: []byte(`{"type":"operation","event":"sync_request","data":{"from":0}}`)}); err != errBroken {
		t.Fatalf("the event ended with %v", err)
	}
	r.broken = selectChannels // and it does not even boot
	if _, err := r.try(Input{Kind: Alarm}); err != errBroken {
		t.Fatalf("booted: %v", err)
	}
	if len(r.out) != before {
		t.Fatalf("something left: %v", r.out[before:])
	}
	r.breaks = false
	expect(t, without(r.op("ann", "m2"), "alarm"), `"document_version":2`)
}

func TestWhatIsNoFrameIsAnswered(t *testing.T) {
	r := newRoom(t)
	r.connect("ann", "")
	expect(t, r.enter(Input{Kind: Binary, Conn: r.conns["ann"]}), `"reason":"binary"`)
	expect(t, r.says("ann", "{"), "MALFORMED_MESSAGE")
	expect(t, r.enter(Input{Kind: Message, Conn: "0123456789abcdef", Text: []byte("{")})) // nobody's
	expect(t, r.enter(Input{Kind: Connect, Ask: 3, Text: []byte(`{"client_id":"c"}`)}), "respond 3 400")
	expect(t, r.enter(Input{Kind: Request, Ask: 4, Text: []byte(`{}`)}), "respond 4 400")
	if n := r.object.LongestText(); n != 65_536 {
		t.Fatalf("the longest text is %d", n)
	}
}

// What is too long is not handed over, but counts for all that was sent.
//
// Holds: "a message that is too large costs its sender".
func TestWhatIsTooLongCountsForItsLength(t *testing.T) {
	for _, kind := range []Kind{Message, Binary} {
		r := newRoom(t)
		r.connect("ann", "")
		expect(t, r.enter(Input{Kind: kind, Conn: r.conns["ann"], Length: 65_537}), "MESSAGE_TOO_LARGE")
		expect(t, r.says("ann", `{"type":"system","event":"ping","message_id":"p"}`), `"event":"pong"`)
		out := strings.Join(r.enter(Input{Kind: kind, Conn: r.conns["ann"], Length: 30 << 20}), "\n")
		if !strings.Contains(out, "MESSAGE_TOO_LARGE") || !strings.Contains(out, "close 1009") {
			t.Errorf("30 MiB: %s", out)
		}
	}
}
