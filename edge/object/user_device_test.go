package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// deviceRoom is a session object with a device, booted anew for every event.
func deviceRoom(t *testing.T) *fake {
	f := newFake(t, "ann", NewUser)
	f.reboot = true
	return f
}

func (f *fake) dials(client string) (conn ConnID) {
	f.t.Helper()
	before := map[ConnID]bool{}
	for c := range f.sockets {
		before[c] = true
	}
	left := without(f.enter(Input{Kind: Connect, Ask: 3, Text: fmt.Appendf(nil,
		`{"claims":{"user_id":"ann","jti":"j1","iat":%d,"exp":%d},"client_id":%q,"protocol":"","flat":false}`,
		f.now.Unix(), f.now.Add(15*time.Minute).Unix(), client)}), "alarm")
	if len(left) == 0 || !strings.HasPrefix(left[len(left)-1], "accept 3") {
		f.t.Fatalf("not accepted: %v", left)
	}
	for c := range f.sockets {
		if !before[c] {
			conn = c
		}
	}
	return conn
}

func (f *fake) receives(conn ConnID, text string) []string {
	f.t.Helper()
	return without(f.enter(Input{Kind: Message, Conn: conn, Text: []byte(text)}), "alarm")
}

const deviceInit = `{"type":"connection_init"}`

// Everything about a device is in storage: the object forgets it after every event.
func TestADeviceOutlivesItsObject(t *testing.T) {
	f := deviceRoom(t)
	conn := f.dials("phone")
	expect(t, f.receives(conn, deviceInit), `send 1 {"type":"connection_ack","data":{"client_id":"phone","user_id":"ann"`)
	post := Input{Kind: Request, Ask: 4, Text: []byte(`{"kind":"post","data":{"deep":[[[[[[[[[[1]]]]]]]]]]}}`)}
	expect(t, without(f.enter(post), "alarm"), `send 1 {"type":"app","event":"app_message","data":{"from":"operator","data":{"deep":[[[[[[[[[[1]]]]]]]]]]}},"seq":1}`, `respond 4 200 {"seq":1}`)
	expect(t, without(f.enter(Input{Kind: Request, Ask: 4, Text: []byte(`{"kind":"post"}`)}), "alarm"), `respond 4 400`)
	f.now = f.now.Add(10 * time.Second)
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `send 1 {"type":"system","event":"ping"}`)
	expect(t, f.receives(conn, `{"type":"system","event":"pong"}`))
	// A crash takes the socket, and nobody says so: the boot finds out.
	f.sockets = map[ConnID]time.Time{}
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"))
	again := f.dials("phone")
	expect(t, f.receives(again, deviceInit), `send 1 {"type":"connection_ack"`, `send 1 {"type":"app","event":"app_message"`)
	// The old one's end comes late and is nothing to anybody.
	expect(t, without(f.enter(Input{Kind: Closed, Conn: conn, Code: 1006}), "alarm"))
	expect(t, f.receives(again, `{"type":"system","event":"ack","data":{"seq":1}}`))
	if n := len(f.tables["outbox"]); n != 0 {
		t.Errorf("%d frames are kept that were acknowledged", n)
	}
	expect(t, f.receives(again, strings.Repeat("x", 70_000)), `send 1 {"type":"system","event":"error","data":{"error_code":"MESSAGE_TOO_LARGE"`)
	expect(t, without(f.enter(Input{Kind: Binary, Conn: again}), "alarm"), `send 1 {"type":"system","event":"error","data":{"error_code":"MALFORMED_MESSAGE"`)
	expect(t, without(f.enter(Input{Kind: SendFailed, Conn: again}), "alarm"), `close 1011`)
	expect(t, without(f.enter(Input{Kind: Request, Ask: 6, Text: []byte(`{"kind":"end","code":"SESSION_ENDED","by":"olive","reason":"kicked"}`)}), "alarm"),
		`respond 6 200 {"receipt":{"user_id":"ann","changed":[],"closed":["@device"]`)
}

func TestADevicesTokenIsVerified(t *testing.T) {
	f := newFake(t, "ann", NewUser) // one whose questions die with it is asked again by the client
	conn := f.dials("phone")
	f.receives(conn, deviceInit)
	refresh := func() {
		f.t.Helper()
		expect(t, f.receives(conn, `{"type":"system","event":"token_refresh","data":{"token":"new"}}`), "verify ")
	}
	refresh()
	claims := fmt.Sprintf(`{"claims":{"user_id":"ann","jti":"j2","iat":%d,"exp":%d}}`, f.now.Unix(), f.now.Add(time.Hour).Unix())
	expect(t, without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(claims)}), "alarm"), `send 1 {"type":"system","event":"token_refreshed"`)
	for i, c := range []struct {
		in   Input
		want string
	}{
		{Input{Kind: Answered, Text: []byte(strings.Replace(claims, "ann", "bob", 1))}, "AUTHENTICATION_FAILED"},
		{Input{Kind: Answered, Text: []byte(`{"error":{"error_code":"TOKEN_EXPIRED","message":"x"}}`)}, "TOKEN_EXPIRED"},
		{Input{Kind: Answered, Text: []byte(`{"claims":{}}`)}, "INTERNAL_ERROR"},
		{Input{Kind: Failed}, "SERVICE_UNAVAILABLE"},
	} {
		refresh()
		c.in.Ask = 2 + uint32(i)
		expect(t, without(f.enter(c.in), "alarm"), `send 1 {"type":"system","event":"error","data":{"error_code":"`+c.want)
	}
	expect(t, f.enter(Input{Kind: Answered, Ask: 100, Text: []byte(claims)})) // nobody waits for it
}

func TestADeviceThatIsRefused(t *testing.T) {
	f := deviceRoom(t)
	f.enter(Input{Kind: Request, Ask: 6, Text: []byte(`{"kind":"end","code":"TOKEN_REVOKED","all":true,"by":"olive","reason":"lost"}`)})
	expect(t, without(f.enter(Input{Kind: Connect, Ask: 3, Text: fmt.Appendf(nil, `{"claims":{"user_id":"ann","iat":%d,"exp":%d}}`, f.now.Unix()-1, f.now.Unix()+900)}), "alarm"),
		`respond 3 401 {"type":"system","event":"error","data":{"error_code":"TOKEN_REVOKED"`)
	for _, text := range []string{``, `{`, `{}`, `{"claims":{}}`, `[]`} {
		expect(t, without(f.enter(Input{Kind: Connect, Ask: 3, Text: []byte(text)}), "alarm"), "respond 3 400")
	}
	// Its audit is here: no document of its name is to be asked.
	f.now = f.now.Add(2 * time.Second)
	f.receives(f.dials("phone"), deviceInit)
	read := without(f.enter(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"audit"}`)}), "alarm")
	expect(t, read, `respond 9 200 {"audit":[`)
	if !strings.HasSuffix(read[0], `"documents":[]}`) {
		t.Errorf("%s", read[0])
	}
}

func TestTheOutboxsBoundsAreSettings(t *testing.T) {
	for name, value := range map[string]string{"OUTBOX_FRAMES": "2", "OUTBOX_BYTES": "200"} {
		f := deviceRoom(t)
		f.env[name] = value
		f.receives(f.dials("phone"), deviceInit)
		for range 5 {
			f.enter(Input{Kind: Request, Ask: 4, Text: []byte(`{"kind":"post","data":"12345678"}`)})
		}
		if n := len(f.tables["outbox"]); n != 2 {
			t.Errorf("%s=%s: %d of 5 frames are kept", name, value, n)
		}
	}
	f := deviceRoom(t)
	f.env["OUTBOX_BYTES"] = "50"
	f.receives(f.dials("phone"), deviceInit)
	expect(t, without(f.enter(Input{Kind: Request, Ask: 4, Text: []byte(`{"kind":"post","data":"12345678"}`)}), "alarm"), `respond 4 200 {"error":{"error_code":"MESSAGE_TOO_LARGE"`)
}

// A device that is pinged and answers costs no row, though its object forgets all between: its last sign
// of life is kept with its socket.
func TestAPongCostsNoRow(t *testing.T) {
	f := deviceRoom(t)
	conn := f.dials("phone")
	f.receives(conn, deviceInit)
	before := f.counted["device"]
	for range 30 {
		f.now = f.now.Add(10 * time.Second)
		expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `send 1 {"type":"system","event":"ping"}`)
		expect(t, f.receives(conn, `{"type":"system","event":"pong"}`))
	}
	if n := f.counted["device"] - before; n != 0 {
		t.Errorf("%d rows for 30 pings", n)
	}
	// One that stops answering is dead 25 s after its last word.
	for range 2 {
		f.now = f.now.Add(10 * time.Second)
		expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `send 1 {"type":"system","event":"ping"}`)
	}
	f.now = f.now.Add(4999 * time.Millisecond)
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `send 1 {"type":"system","event":"ping"}`) // one too many
	f.now = f.now.Add(time.Millisecond)
	expect(t, without(f.enter(Input{Kind: Alarm}), "alarm"), `close 4002`)
}
