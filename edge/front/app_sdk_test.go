package front

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func sdkInit(session, name, key string) string {
	return fmt.Sprintf(`{"type":"tpa_connection_init","sessionId":%q,"packageName":%q,"apiKey":%q,"timestamp":"2025-01-07T10:00:00Z"}`, session, name, key)
}

// An app of the SDK's gets in by its first frame, and no further than its key's hash; whoever
// invents one (a stranger), or has another app's or a revoked one, is told so in the SDK's words,
// by a code after which the SDK does not come again.
func TestAppOfTheSDKIsLetIn(t *testing.T) {
	for _, c := range []struct{ what, first, row, code, way string }{
		{"the app", sdkInit(appReference, captions, appKeyOne), `["00000000000000a1","` + captions + `",0]`, "", "hold, query DB, forward SESSIONS/usr_owner"},
		{"no session", sdkInit("x", captions, appKeyOne), "", "MALFORMED_MESSAGE", "hold, refuse"},
		{"no app's name", sdkInit(appReference, "captions", appKeyOne), "", "MALFORMED_MESSAGE", "hold, refuse"},
		{"two keys", strings.Replace(sdkInit(appReference, captions, appKeyOne), `"type"`, `"apiKey":"`+appKeyTwo+`","type"`, 1), "", "MALFORMED_MESSAGE", "hold, refuse"},
		{"no key", sdkInit(appReference, captions, ""), "", "AUTHENTICATION_FAILED", "hold, refuse"},
		{"nobody's key", sdkInit(appReference, captions, appKeyTwo), "", "AUTHENTICATION_FAILED", "hold, query DB, refuse"},
		{"another app's key", sdkInit(appReference, captions, appKeyOne), `["00000000000000a1","com.example.notes",0]`, "AUTHENTICATION_FAILED", "hold, query DB, refuse"},
		{"a revoked key", sdkInit(appReference, captions, appKeyOne), `["00000000000000a1","` + captions + `",1]`, "TOKEN_REVOKED", "hold, query DB, refuse"},
	} {
		w := appWorker(t)
		if c.row != "" {
			w.query = key(appKeyOne, c.row)
		}
		w.hold = says(c.first)
		end := w.run(upgrade(appHost + "/app-ws"))
		if w.way() != c.way || strings.Contains(w.said, "AAECAwQ") || strings.Contains(w.said, "HxAECAwQ") {
			t.Errorf("%s: %s, %s", c.what, w.way(), w.said)
		}
		if c.code == "" {
			continue
		}
		var frame struct{ Type, Code, Message string }
		said, _ := end["frame"].(string)
		if json.Unmarshal([]byte(said), &frame) != nil || frame.Type != "tpa_connection_error" || frame.Code != c.code || frame.Message == "" || end["code"] != 1008.0 {
			t.Errorf("%s: %v", c.what, end)
		}
	}
}

// What is translated is asked for one by one; the state says all that must be remembered.
func TestTranslate(t *testing.T) {
	w := appWorker(t)
	w.query = key(appKeyOne, `["00000000000000a1","`+captions+`",0]`)
	w.hold = says(sdkInit(appReference, captions, appKeyOne))
	w.run(upgrade(appHost + "/app-ws"))
	_, found, _ := strings.Cut(w.said, `"translate":`)
	var state any
	if json.NewDecoder(strings.NewReader(found)).Decode(&state) != nil {
		t.Fatalf("nothing is translated: %s", w.said)
	}
	turn := func(event map[string]any) map[string]any {
		event["kind"], event["state"] = "translate", state
		step := w.step(event)
		if step["do"] != "translated" {
			t.Fatalf("%v", step)
		}
		state = step["state"]
		return step
	}
	turn(map[string]any{"from": "core", "text": `{"type":"app","event":"app_connection_ack","data":{"package":"` + captions + `","user_id":"u","session_id":"s","resumed":true}}`})
	if step := turn(map[string]any{"from": "core", "text": `{"type":"app","event":"app_message","data":{"from":"device","stream":"a","data":{"n":1}},"seq":7}`}); step["wait"] != 7.0 || step["again_ms"] != 5000.0 {
		t.Errorf("%v", step)
	}
	if step := turn(map[string]any{"from": "app", "text": `{"type":"subscription_update","subscriptions":["a"]}`}); step["flush"] != true || !strings.Contains(fmt.Sprint(step["up"]), "app_subscribe") {
		t.Errorf("%v", step)
	}
	if step := turn(map[string]any{"from": "waited", "text": `{"type":"app","event":"app_message","data":{"from":"device","stream":"a","data":{"n":1}},"seq":7}`}); fmt.Sprint(step["down"]) != `[{"type":"data_stream","streamType":"a","data":{"n":1}}]` {
		t.Errorf("%v", step)
	}
	w.now = w.now.Add(5e9)
	if step := turn(map[string]any{"from": "timer"}); fmt.Sprint(step["up"]) != `[{"type":"system","event":"ack","data":{"seq":7}}]` || step["forget"] != 7.0 {
		t.Errorf("%v", step)
	}
	for code, want := range map[int]float64{1000: 1000, 1006: 1006, 4001: 4001, 4409: 1008} {
		if step := turn(map[string]any{"from": "end", "code": code}); step["code"] != want {
			t.Errorf("%d: %v", code, step)
		}
	}
}
