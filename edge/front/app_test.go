package front

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
)

const (
	captions  = "com.example.captions"
	appHost   = "http://127.0.0.1:8787"
	appLine   = appHost + "/v1/ws/apps/" + captions
	appKeyOne = "hfa_00000000000000a1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	appKeyTwo = "hfa_00000000000000b2_HxAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"
	appSecret = "newest"
	appInit   = `{"type":"app","event":"app_connection_init"`
)

var appReference = given("usr_owner")

// given is a session id that the deployment has given to an app.
func given(user string) string {
	return sessionid.Sign(protocol.AppSessionID(user, strings.Repeat("0f", 16)), appSecret)
}

// key answers the database's question with this row, if it is about this key.
func key(text, row string) func(string, []any) map[string]any {
	sum := sha256.Sum256([]byte(text))
	return func(_ string, args []any) map[string]any {
		if len(args) != 1 || args[0] != hex.EncodeToString(sum[:]) {
			return map[string]any{"rows": []any{}}
		}
		var rows []any
		if err := json.Unmarshal([]byte("["+row+"]"), &rows); err != nil {
			panic(err)
		}
		return map[string]any{"rows": rows}
	}
}

func appWorker(t *testing.T) *worker {
	w := newWorker(t, embedded())
	w.query = key(appKeyOne, `["00000000000000a1","`+captions+`",0]`)
	return w
}

// says is a socket's first message.
func says(text string) func(map[string]any) map[string]any {
	return func(map[string]any) map[string]any { return map[string]any{"text": text} }
}

func firstWord(data string) string { return appInit + `,"data":` + data + `}` }

func named(session, pkg, key string) string {
	return fmt.Sprintf(`{"session_id":%q,"package":%q,"api_key":%q,"last_seq":4}`, session, pkg, key)
}

// appFailure reads an error in the form an app receives one.
func appFailure(t *testing.T, end map[string]any) (code, reason string, flat bool) {
	t.Helper()
	said, _ := end["frame"].(string)
	if end["do"] == "respond" {
		said, _ = end["body"].(string)
	}
	f, err := protocol.Decode([]byte(said), protocol.Limits{})
	if err != nil || f.Event != protocol.EventAppConnectionError {
		t.Fatalf("no app_connection_error: %v", end)
	}
	e, _ := protocol.ParseError(f.Data)
	return string(e.Code), e.Reason, f.Flat
}

// Two ways in: the key in a header, and seed S1's, the key in the first frame. Either way it
// gets no further than its hash.
func TestAppConnects(t *testing.T) {
	for _, c := range []struct {
		what, url, first, way, received string
		header                          []string
	}{
		{"the header", appLine + "?session_id=" + appReference, "", "query DB, forward SESSIONS/usr_owner", "", []string{"authorization", "Bearer " + appKeyOne}},
		{"the header, S1's address", appHost + "/app-ws?package=" + captions + "&session_id=" + appReference, "", "query DB, forward SESSIONS/usr_owner", "",
			[]string{"authorization", "bearer " + appKeyOne}},
		{"the header, the key says which app", appHost + "/app-ws?session_id=" + appReference, "", "query DB, forward SESSIONS/usr_owner", "",
			[]string{"authorization", "Bearer " + appKeyOne}},
		{"the first frame", appLine, firstWord(named(appReference, "", appKeyOne)), "hold, query DB, forward SESSIONS/usr_owner",
			firstWord(`{"session_id":"` + appReference + `","package":"` + captions + `","last_seq":4}`), nil},
		{"the first frame, flat", appHost + "/app-ws", `{"type":"app_connection_init","data":` + named(appReference, captions, appKeyOne) + `}`,
			"hold, query DB, forward SESSIONS/usr_owner",
			`{"type":"app_connection_init","data":{"session_id":"` + appReference + `","package":"` + captions + `","last_seq":4}}`, nil},
		{"the first frame, the session in the query", appLine + "?session_id=" + appReference, firstWord(`{"api_key":"` + appKeyOne + `"}`),
			"hold, query DB, forward SESSIONS/usr_owner", firstWord(`{"session_id":"` + appReference + `","package":"` + captions + `"}`), nil},
		{"the first frame, behind a proxy", appLine, firstWord(named(appReference, captions, appKeyOne)), "hold, query DB, forward SESSIONS/usr_owner",
			firstWord(`{"session_id":"` + appReference + `","package":"` + captions + `","last_seq":4}`), []string{"authorization", "Basic eDp5"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := appWorker(t)
			w.hold = says(c.first)
			end := w.run(upgrade(c.url, append(c.header, "sec-websocket-protocol", "holdfast.v1")...))
			if end["do"] != "socket" || w.way() != c.way || end["first"] != any(c.received) && c.received != "" {
				t.Fatalf("%s: %v", w.way(), end)
			}
			body, _ := json.Marshal(w.bodies[0])
			want := `{"app":{"key_id":"00000000000000a1","package":"` + captions + `","session_id":"` + appReference + `"},"kind":"connect_app","protocol":"holdfast.v1"}`
			if string(body) != want {
				t.Errorf("the session object received %s", body)
			}
			line := `{"level":"info","event":"connect_admitted","channel":"app","package":"` + captions + `","key_id":"00000000000000a1","user_id":"usr_owner"}`
			if len(w.logs) != 1 || w.logs[0] != line {
				t.Errorf("logged %v", w.logs)
			}
			if strings.Contains(w.said, appKeyOne[21:]) {
				t.Error("the key is in a step")
			}
		})
	}
}

// What an app's request may lack or have too much of. Power of the attacker: any request.
func TestAppRequestsRefused(t *testing.T) {
	good := []string{"authorization", "Bearer " + appKeyOne}
	session := "?session_id=" + appReference
	for _, c := range []struct {
		what, url          string
		header             []string
		code, reason, way  string
		status, rows, flat any
	}{
		{"a key that is none", appLine + session, []string{"authorization", "Bearer hfa_x"}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"an empty key", appLine + session, []string{"authorization", "Bearer "}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"a user's token", appLine + session, []string{"authorization", "Bearer " + goodToken()}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"two keys in the header", appLine + session, []string{"authorization", "Bearer " + appKeyOne + ", Bearer " + appKeyTwo}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"a key in capitals", appLine + session, []string{"authorization", "Bearer hfa_00000000000000A1" + appKeyOne[20:]}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"8 kB of a key", appLine + session, []string{"authorization", "Bearer " + appKeyOne + strings.Repeat("x", 8192)}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"a key nobody has", appLine + session, []string{"authorization", "Bearer " + appKeyTwo}, "AUTHENTICATION_FAILED", "app_key_invalid", "query DB, respond", 401.0, nil, false},
		{"another app's key", appLine + session, good, "AUTHENTICATION_FAILED", "app_key_invalid", "query DB, respond", 401.0, `["00000000000000a1","com.example.notes",0]`, false},
		{"another app's revoked key", appLine + session, good, "AUTHENTICATION_FAILED", "app_key_invalid", "query DB, respond", 401.0, `["00000000000000a1","com.example.notes",1]`, false},
		{"a revoked key", appLine + session, good, "TOKEN_REVOKED", "app_key_revoked", "query DB, respond", 401.0, `["00000000000000a1","` + captions + `",1]`, false},
		{"a row of another form", appLine + session, good, "AUTHENTICATION_FAILED", "app_key_invalid", "query DB, respond", 401.0, `[1,2,0]`, false},
		{"a row with no word on revoking", appLine + session, good, "TOKEN_REVOKED", "app_key_revoked", "query DB, respond", 401.0, `["00000000000000a1","` + captions + `"]`, false},
		{"no session", appLine, good, "MALFORMED_MESSAGE", "session_id_invalid", "respond", 400.0, nil, false},
		{"no session's id", appLine + "?session_id=usr_owner", good, "MALFORMED_MESSAGE", "session_id_invalid", "respond", 400.0, nil, false},
		{"two sessions", appLine + session + "&session_id=" + appReference, good, "MALFORMED_MESSAGE", "session_id_invalid", "respond", 400.0, nil, false},
		{"no app", appHost + "/v1/ws/apps/" + session, good, "MALFORMED_MESSAGE", "package_invalid", "respond", 400.0, nil, false},
		{"no app's name", appHost + "/v1/ws/apps/captions" + session, good, "MALFORMED_MESSAGE", "package_invalid", "respond", 400.0, nil, false},
		{"two apps", appLine + session + "&package=com.example.notes", good, "MALFORMED_MESSAGE", "package_invalid", "respond", 400.0, nil, false},
		{"two apps in the query", appHost + "/app-ws" + session + "&package=com.example.notes&package=" + captions, good, "MALFORMED_MESSAGE", "package_invalid", "respond", 400.0, nil, true},
		{"a key in the URL", appLine + session + "&api_key=" + appKeyOne, nil, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"a key under another name", appHost + "/app-ws" + session + "&k=" + appKeyOne, nil, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, true},
		{"a key in the header and in the URL", appLine + session + "&token=" + appKeyOne, good, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"a key as a subprotocol", appLine + session, []string{"sec-websocket-protocol", "holdfast.v1, bearer." + appKeyOne}, "AUTHENTICATION_FAILED", "app_key_invalid", "respond", 401.0, nil, false},
		{"another subprotocol", appLine + session, append(good, "sec-websocket-protocol", "chat"), "MALFORMED_MESSAGE", "protocol_unsupported", "respond", 400.0, nil, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := appWorker(t)
			if row, ok := c.rows.(string); ok {
				w.query = key(appKeyOne, row)
			}
			end := w.run(upgrade(c.url, c.header...))
			code, reason, flat := appFailure(t, end)
			if code != c.code || reason != c.reason || flat != c.flat {
				t.Errorf("%s %s, flat %v", code, reason, flat)
			}
			if want := protocol.Lookup(protocol.Code(code)).HTTP; end["status"] != float64(want) || c.status != float64(want) || w.way() != c.way {
				t.Errorf("HTTP %v after %s", end["status"], w.way())
			}
			if strings.Contains(w.said, "AAECAwQ") || strings.Contains(w.said, "HxAECAwQ") || len(w.logs) != 1 || strings.Contains(w.logs[0], "usr_owner") {
				t.Errorf("said %s\nlogged %v", w.said, w.logs)
			}
		})
	}
}

// A page receives the error on a socket, where it can read it; one of anybody's gets no further.
func TestAppPages(t *testing.T) {
	for origin, want := range map[string]string{"https://evil.example": "ORIGIN_NOT_ALLOWED", appHost: "AUTHENTICATION_FAILED"} {
		w := appWorker(t)
		end := w.run(upgrade(appLine+"?session_id="+appReference+"&api_key=x", "origin", origin, "sec-websocket-protocol", "holdfast.v1"))
		code, _, _ := appFailure(t, end)
		if code != want || end["do"] != "refuse" || end["protocol"] != "holdfast.v1" || w.way() != "refuse" {
			t.Errorf("%s: %v", origin, end)
		}
	}
	w := limited(t, nil)
	for range 3 {
		w.hold = says("{}")
		w.run(upgrade(appLine, access.AddressHeader, "203.0.113.7"))
	}
	end := w.run(upgrade(appLine, access.AddressHeader, "203.0.113.7"))
	if code, reason, _ := appFailure(t, end); code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_connects" || end["status"] != 429.0 {
		t.Errorf("%v", end)
	}
}

// The form of a key. One more or one less of anything and the database is not asked.
func TestAppKeyForm(t *testing.T) {
	for text, want := range map[string]bool{
		appKeyOne: true, appKeyTwo: true, "": false, appKeyOne[:63]: false, appKeyOne + "A": false, "hfb" + appKeyOne[3:]: false,
		strings.Replace(appKeyOne, "_AAE", "-AAE", 1): false, strings.Replace(appKeyOne, "00a1", "00g1", 1): false,
		strings.Replace(appKeyOne, "AAE", "A=E", 1): false, strings.Replace(appKeyOne, "AAE", "A'E", 1): false,
		strings.Replace(appKeyOne, "AAE", "-_E", 1): true, strings.Replace(appKeyOne, "AAE", "Aé", 1): false,
	} {
		if _, is := protocol.KeyID(text, keyPrefix); is != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
