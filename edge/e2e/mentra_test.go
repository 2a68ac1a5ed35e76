//go:build !js

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const button = `{"type":"button_press","buttonId":%q,"pressType":"short"}`

func pressed(id string) string { return fmt.Sprintf(button, id) }

// An app made with @mentra/sdk, which nobody here wrote, runs as it is: it is called, connects
// before it answers, talks both ways, changes its subscriptions, and is stopped.
func TestAppOfTheSDK(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, nil)
	a := s.serveSDK(t, l, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	phone.startsSDK(a)
	phone.untilWanted("button_press", pressed("left"), true)
	a.saysText("button", "left")
	phone.untilWanted("transcription", `{"type":"transcription","text":"bonjour","transcribeLanguage":"fr-FR"}`, true)
	phone.streams("transcription", `{"type":"transcription","text":"hello","transcribeLanguage":"en-US"}`)
	a.saysText("transcription", "hello") // and not the French, which is another stream

	phone.asks(a, "show", `"hi"`)
	phone.shows(a, "hi")
	phone.asks(a, "send", `{"type":"app_broadcast_message","payload":{"n":1}}`)
	if f := phone.expect("app", "app_message"); at(f.Data, "data", "type") != "app_broadcast_message" || at(f.Data, "data", "payload", "n") != 1.0 {
		t.Errorf("%+v", f)
	}
	// What only the server says, and another app's name, do not get through.
	phone.asks(a, "send", `{"type":"connection_error","message":"sign in again"}`)
	a.says("error")
	phone.asks(a, "send", `{"type":"display_event","packageName":"com.example.bank"}`)
	a.says("error")

	phone.sendsTo(notes, `{"type":"settings_update","settings":[{"key":"size","value":3}]}`)
	a.saysText("settings", `[{"key":"size","value":3}]`)
	phone.streams("capabilities_update", `{"type":"capabilities_update","capabilities":null,"modelName":"G1"}`)
	a.saysText("capabilities", "G1")

	if phone.streams("head_position", `{"position":"up"}`) {
		t.Error("kept for an app that does not want it")
	}
	phone.asks(a, "on", `"head_position"`)
	phone.untilWanted("head_position", `{"position":"down"}`, true)
	a.saysText("head", "down")
	phone.asks(a, "off", `"button_press"`)
	phone.untilWanted("button_press", pressed("right"), false)

	phone.appCommand("app_stop", notes)
	phone.state("app_state", notes, "stopping")
	phone.state("app_stopped", notes, "stopped")
	a.stops("user_disabled", "App stopped")
	phone.quiet()
}

// While the device is away its app keeps running, and is told; a return within grace goes on, and
// after that the session is over for the app, for good.
func TestAppOfTheSDKAndItsDevice(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, map[string]string{"GRACE_PERIOD_MS": "3000"})
	a := s.serveSDK(t, l, notes)
	dial := deviceDial{clientID: "phone", token: s.Login("owner")}
	phone := dial.connect(s, "")
	session := phone.startsSDK(a)
	phone.untilWanted("button_press", pressed("one"), true)
	a.saysText("button", "one")
	phone.reset()
	a.says("client_disconnected")
	phone = dial.connect(s, fmt.Sprintf(`{"session_id":%q,"last_seq":2}`, phone.ack.text("session_id")))
	a.says("client_reconnected")
	phone.streams("button_press", pressed("two"))
	a.saysText("button", "two")
	phone.asks(a, "show", `"still here"`)
	phone.shows(a, "still here")
	phone.reset()
	a.says("client_disconnected")
	a.stops("system_stop", "User session ended")
	phone = dial.connect(s, "")
	if again := phone.startsSDK(a); again == session {
		t.Error("another start has the same session id")
	}
	phone.untilWanted("button_press", pressed("three"), true)
	a.saysText("button", "three")
}

// An app whose line breaks comes back by the SDK's own means, at its first try or its second: it
// runs on, with its handlers, and receives what the device said meanwhile. If neither gets through
// the SDK gives up (2.1.29 does so 6 s after the break, before its third try), but the app is called
// first: it goes on as another session of the SDK's, and has received everything too.
func TestAppOfTheSDKReconnects(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, map[string]string{"APP_WEBHOOK_TRIES": "60"})
	a := s.serveSDK(t, l, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	session := phone.startsSDK(a)
	phone.untilWanted("button_press", pressed("one"), true)
	a.saysText("button", "one")
	for fails := range 3 {
		l.cut(fails > 0)
		phone.state("app_state", notes, "grace_period")
		said := fmt.Sprint("away ", fails)
		if !phone.streams("button_press", pressed(said)) {
			t.Error("not kept while the app is away")
		}
		for range fails + 1 {
			if one := a.says("disconnected"); one.Permanent || one.Code != 1006 {
				t.Fatalf("%+v", one)
			}
		}
		if fails == 2 {
			phone.state("app_state", notes, "resurrecting")
		}
		l.cut(false)
		phone.state("app_started", notes, "running")
		if fails == 2 {
			if again := a.says("session").SessionID; again != session {
				t.Errorf("called for %s, which is %s", again, session)
			}
		}
		a.hears(said)
		s.Evict("UserSession", "usr_owner")
		phone.streams("button_press", pressed("after"))
		a.hears("after")
	}
}

// An app's server that is killed and started again is called, and its new program receives what
// the device said meanwhile, though its handlers come after its connection.
func TestAppOfTheSDKRestarted(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, map[string]string{"APP_GRACE_MS": "500", "APP_WEBHOOK_TRIES": "30", "APP_WEBHOOK_PAUSE_MS": "300"})
	a := s.serveSDK(t, l, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	session := phone.startsSDK(a)
	phone.untilWanted("button_press", pressed("one"), true)
	a.saysText("button", "one")
	a.kill()
	phone.state("app_state", notes, "grace_period")
	for i := range 3 {
		if !phone.streamsAmong("button_press", pressed(fmt.Sprint("away ", i))) {
			t.Error("not kept while the app is away")
		}
	}
	a.run()
	if again := a.says("session").SessionID; again != session {
		t.Errorf("called for %s, which was %s", again, session)
	}
	a.hears("away 0")
	for i := range 2 {
		a.saysText("button", fmt.Sprint("away ", i+1))
	}
}

// A revoked key ends the app's connection at once, and the app does not get in by it again.
func TestAppOfTheSDKWithARevokedKey(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, map[string]string{"APP_WEBHOOK_TRIES": "1"})
	a := s.serveSDK(t, l, notes)
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	phone.startsSDK(a)
	receipt := s.must("DELETE", "/v1/admin/apps/"+notes+"/keys/"+a.keyID, ``)
	if closed := texts(at(receipt, "receipt", "closed")); len(closed) != 1 {
		t.Errorf("closed are %v", closed)
	}
	if one := a.says("disconnected"); one.Code != 1008 {
		t.Errorf("closed with %+v", one)
	}
	phone.state("app_state", notes, "resurrecting")
	if f := phone.state("app_stopped", notes, "stopped"); f.text("reason") != "webhook_failed" {
		t.Errorf("%v", f.Data)
	}
}

// Two users run one app's server at once, and neither is heard in the other's session.
func TestAppOfTheSDKForTwoUsers(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, nil)
	a := s.serveSDK(t, l, notes)
	phones := map[string]*conn{}
	for _, who := range []string{"owner", "viewer"} {
		phones[who] = deviceDial{clientID: "phone", token: s.Login(who)}.connect(s, "")
		phones[who].startsSDK(a)
	}
	for who, phone := range phones {
		for n := range 5 {
			phone.untilWanted("button_press", pressed(fmt.Sprint(who, n)), true)
			if one := a.says("button"); one.Text != fmt.Sprint(who, n) || one.UserID != "usr_"+who {
				t.Fatalf("%+v, waited for %s %d", one, who, n)
			}
		}
		phone.asks(a, "show", `"for `+who+`"`)
		phone.shows(a, "for "+who)
	}
	phones["owner"].appCommand("app_stop", notes)
	phones["owner"].state("app_state", notes, "stopping")
	phones["owner"].state("app_stopped", notes, "stopped")
	if one := a.says("stop"); one.UserID != "usr_owner" {
		t.Errorf("%+v", one)
	}
	phones["viewer"].streams("button_press", pressed("still"))
	a.saysText("button", "still")
	for _, phone := range phones {
		phone.quiet()
	}
}

// The example of APPS.md: captions of what the wearer says, muted by a button.
func TestTheExampleOfTheSDK(t *testing.T) {
	t.Parallel()
	s, l := startLine(t, map[string]string{"APP_WEBHOOK_TRIES": "60", "APP_WEBHOOK_PAUSE_MS": "200"})
	a := s.registerSDK(t, l, "com.example.captions")
	a.program = "edge/mentra/captions.mjs"
	a.run()
	phone := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
	phone.appCommand("app_start", a.name)
	phone.state("app_state", a.name, "connecting")
	phone.state("app_started", a.name, "running")
	phone.shows(a, "Captions are on")
	hears := func(text string) {
		if !phone.streams("transcription", fmt.Sprintf(`{"text":%q,"isFinal":true,"transcribeLanguage":"en-US"}`, text)) {
			t.Errorf("nobody wants %q", text)
		}
	}
	hears("hello")
	phone.shows(a, "hello")
	phone.streams("button_press", pressed("main"))
	phone.shows(a, "Captions are off")
	hears("secret")
	phone.streams("button_press", pressed("main"))
	phone.shows(a, "Captions are on")
	hears("again")
	phone.shows(a, "again")
	if text, err := os.ReadFile("../mentra/captions.mjs"); err != nil || strings.Count(string(text), "\n") > 60 {
		t.Errorf("the example has more than 60 lines: %v", err)
	}
}
