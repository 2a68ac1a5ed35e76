package front

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Everything a first message may be but the right one. Power of the attacker: a socket,
// and nothing that lets anybody in.
func TestAppFirstFrameRefused(t *testing.T) {
	received := func(text string) map[string]any { return map[string]any{"text": text} }
	for _, c := range []struct {
		what         string
		result       map[string]any
		code, reason string
		way          string
		flat         bool
		row          string
	}{
		{"nothing in time", map[string]any{"error": "TimeoutError"}, "CONNECTION_INIT_TIMEOUT", "", "hold, refuse", false, ""},
		{"a binary message", map[string]any{"binary": true}, "MALFORMED_MESSAGE", "binary", "hold, refuse", false, ""},
		{"nothing of any form", map[string]any{}, "MALFORMED_MESSAGE", "binary", "hold, refuse", false, ""},
		{"no JSON", received("hello"), "MALFORMED_MESSAGE", "invalid_json", "hold, refuse", false, ""},
		{"an empty message", received(""), "MALFORMED_MESSAGE", "invalid_json", "hold, refuse", false, ""},
		{"more than anybody wants to see", map[string]any{"length": 30 << 20}, "MESSAGE_TOO_LARGE", "too_large", "hold, refuse", false, ""},
		{"8 KiB and one byte", received(firstWord(`{"x":"` + strings.Repeat("x", firstBytes) + `"}`)), "MESSAGE_TOO_LARGE", "too_large", "hold, refuse", false, ""},
		{"too deep", received(firstWord(strings.Repeat("[", 16) + strings.Repeat("]", 16))), "MALFORMED_MESSAGE", "too_deep", "hold, refuse", false, ""},
		{"a device's first word", received(`{"type":"connection_init"}`), "MALFORMED_MESSAGE", "init_expected", "hold, refuse", false, ""},
		{"a ping", received(protocol.PingText), "MALFORMED_MESSAGE", "init_expected", "hold, refuse", false, ""},
		{"an init of another form", received(firstWord(`[]`)), "MALFORMED_MESSAGE", "bad_init", "hold, refuse", false, ""},
		{"a key that is a number", received(firstWord(`{"api_key":7}`)), "MALFORMED_MESSAGE", "bad_init", "hold, refuse", false, ""},
		{"two keys", received(firstWord(`{"api_key":"` + appKeyOne + `","session_id":"` + appReference + `","api_key":"` + appKeyTwo + `"}`)), "MALFORMED_MESSAGE", "bad_init", "hold, refuse", false, ""},
		{"two keys, one escaped", received(firstWord(`{"api_key":"` + appKeyOne + `","api\u005fkey":"` + appKeyTwo + `"}`)), "MALFORMED_MESSAGE", "bad_init", "hold, refuse", false, ""},
		{"no init data", received(appInit + `}`), "MALFORMED_MESSAGE", "session_id_invalid", "hold, refuse", false, ""},
		{"another app than the path's", received(firstWord(named(appReference, "com.example.notes", appKeyOne))), "MALFORMED_MESSAGE", "package_invalid", "hold, refuse", false, ""},
		{"a session of nobody", received(firstWord(named("x", captions, appKeyOne))), "MALFORMED_MESSAGE", "session_id_invalid", "hold, refuse", false, ""},
		{"no key", received(firstWord(`{"session_id":"` + appReference + `"}`)), "AUTHENTICATION_FAILED", "app_key_missing", "hold, refuse", false, ""},
		{"null for a key", received(firstWord(`{"session_id":"` + appReference + `","api_key":null}`)), "AUTHENTICATION_FAILED", "app_key_missing", "hold, refuse", false, ""},
		{"an empty key", received(firstWord(named(appReference, captions, ""))), "AUTHENTICATION_FAILED", "app_key_invalid", "hold, refuse", false, ""},
		{"a key nobody has", received(firstWord(named(appReference, captions, appKeyTwo))), "AUTHENTICATION_FAILED", "app_key_invalid", "hold, query DB, refuse", false, ""},
		{"the same, flat", received(`{"type":"app_connection_init","data":` + named(appReference, captions, appKeyTwo) + `}`), "AUTHENTICATION_FAILED", "app_key_invalid", "hold, query DB, refuse", true, ""},
		{"another app's key", received(firstWord(named(appReference, captions, appKeyOne))), "AUTHENTICATION_FAILED", "app_key_invalid", "hold, query DB, refuse", false, `["00000000000000a1","com.example.notes",0]`},
		{"a revoked key", received(firstWord(named(appReference, captions, appKeyOne))), "TOKEN_REVOKED", "app_key_revoked", "hold, query DB, refuse", false, `["00000000000000a1","` + captions + `",1]`},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, path := range []string{appLine, appHost + "/app-ws?package=" + captions} {
				w := appWorker(t)
				if c.row != "" {
					w.query = key(appKeyOne, c.row)
				}
				w.hold = func(map[string]any) map[string]any { return maps.Clone(c.result) }
				end := w.run(upgrade(path))
				code, reason, flat := appFailure(t, end)
				// Seed S1's address speaks seed S1's form until it was spoken to.
				spoken := strings.HasPrefix(reason, "app_key") || strings.HasSuffix(reason, "_invalid") || reason == "bad_init"
				if want := c.flat || path != appLine && !spoken; code != c.code || reason != c.reason || flat != want || w.way() != c.way {
					t.Errorf("%s: %s %s, flat %v, after %s", path, code, reason, flat, w.way())
				}
				row := protocol.Lookup(protocol.Code(code))
				if end["code"] != float64(row.Close) || end["reason"] != code {
					t.Errorf("closed with %v %v", end["code"], end["reason"])
				}
				if strings.Contains(w.said, "AAECAwQ") || strings.Contains(w.said, "HxAECAwQ") {
					t.Errorf("a key is in a step: %s", w.said)
				}
				if len(w.logs) != 1 || strings.Contains(w.logs[0], "usr_owner") || strings.Contains(w.logs[0], "key_id") != (c.row != "") {
					t.Errorf("logged %v", w.logs)
				}
			}
		})
	}
	// At seed S1's address an app may be named nowhere at all.
	w := appWorker(t)
	w.hold = says(firstWord(`{"session_id":"` + appReference + `","api_key":"` + appKeyOne + `"}`))
	if _, reason, _ := appFailure(t, w.run(upgrade(appHost+"/app-ws"))); reason != "package_invalid" {
		t.Errorf("no app's name: %s", reason)
	}
	w.hold = says(firstWord(named(given("usr_other"), captions, appKeyOne)))
	if _, reason, _ := appFailure(t, w.run(upgrade(appLine+"?session_id="+appReference))); reason != "session_id_invalid" {
		t.Errorf("two sessions: %s", reason)
	}
}

// What stands between an app and its session object: the database, and the object itself.
func TestAppsWorldFails(t *testing.T) {
	ended := `{"type":"system","event":"error","data":{"error_code":"SESSION_ENDED","message":"m","details":{"reason":"app_not_started"},"recoverable":false,"action":"stop"}}`
	for _, c := range []struct {
		what           string
		query, forward map[string]any
		code, reason   string
		retry          bool
	}{
		{"the database is away", map[string]any{"error": "TimeoutError"}, nil, "SERVICE_UNAVAILABLE", "app_keys_unavailable", true},
		{"the database says nonsense", map[string]any{"rows": "no"}, nil, "SERVICE_UNAVAILABLE", "app_keys_unavailable", true},
		{"the app was not started", nil, map[string]any{"status": 410, "body": ended}, "SESSION_ENDED", "app_not_started", false},
		{"the object is away", nil, map[string]any{"error": "Error: reset"}, "SERVICE_UNAVAILABLE", "session_unavailable", true},
		{"the object says what only documents say", nil, map[string]any{"status": 409, "body": `{"readmit":true}`}, "SERVICE_UNAVAILABLE", "session_unavailable", true},
	} {
		for _, header := range [][]string{nil, {"authorization", "Bearer " + appKeyOne}} {
			w := appWorker(t)
			w.hold = says(firstWord(named(appReference, "", appKeyOne)))
			if c.query != nil {
				w.query = func(string, []any) map[string]any { return c.query }
			}
			w.forward = func(string, map[string]any) map[string]any { return c.forward }
			end := w.run(upgrade(appLine+"?session_id="+appReference, header...))
			if code, reason, _ := appFailure(t, end); code != c.code || reason != c.reason {
				t.Errorf("%s: %s %s", c.what, code, reason)
			}
			text, _ := json.Marshal(end)
			if strings.Contains(string(text), "retry_after") != c.retry || strings.Contains(string(text), "Error: reset") {
				t.Errorf("%s: %s", c.what, text)
			}
			if (end["do"] == "refuse") != (header == nil) {
				t.Errorf("%s: %v", c.what, end["do"])
			}
		}
	}
}

// How much is given to whoever is not known yet.
func TestAppsWait(t *testing.T) {
	env := embedded()
	maps.Copy(env, map[string]string{"INIT_TIMEOUT_MS": "700", "WAITING_APPS": "3", "WAITING_APPS_PER_IP": "2"})
	w := newWorker(t, env)
	var asked map[string]any
	w.hold = func(step map[string]any) map[string]any { asked = step; return map[string]any{"error": "TimeoutError"} }
	w.run(upgrade(appLine, "sec-websocket-protocol", "chat, holdfast.v1", access.AddressHeader, "2001:db8:1:2::9"))
	if asked["timeout_ms"] != 700.0 || asked["max_bytes"] != float64(firstBytes) || asked["kept_frames"] != float64(keptFrames) ||
		asked["kept_bytes"] != float64(keptBytes) || asked["protocol"] != "holdfast.v1" ||
		asked["places"] != 3.0 || asked["share_places"] != 2.0 || asked["share"] != access.Network("2001:db8:1:2::1") {
		t.Errorf("%v", asked)
	}
	w.hold = func(map[string]any) map[string]any { return map[string]any{"full": true} }
	end := w.run(upgrade(appLine))
	if code, reason, _ := appFailure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "too_many_waiting" || end["status"] != 503.0 || end["headers"].(map[string]any)["retry-after"] != "1" {
		t.Errorf("%v", end)
	}
	// Who brings the key along needs no place to wait.
	w.query = key(appKeyOne, `["00000000000000a1","`+captions+`",0]`)
	if end := w.run(upgrade(appLine+"?session_id="+appReference, "authorization", "Bearer "+appKeyOne)); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
	// A socket on which more comes than is kept is refused, whatever is waited for.
	for _, way := range []string{"hold, query DB, refuse", "hold, query DB, forward SESSIONS/usr_owner, refuse"} {
		w = appWorker(t)
		w.hold = says(`{"type":"app_connection_init","data":` + named(appReference, captions, appKeyOne) + `}`)
		full := map[string]any{"full": true}
		if !strings.Contains(way, "forward") {
			w.query = func(string, []any) map[string]any { return full }
		}
		w.forward = func(string, map[string]any) map[string]any { return full }
		end := w.run(upgrade(appLine))
		if code, reason, flat := appFailure(t, end); w.way() != way || code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_frames" || !flat || end["code"] != 4201.0 {
			t.Errorf("%s: %v", w.way(), end)
		}
		if line := w.logs[len(w.logs)-1]; !strings.Contains(line, "connect_refused") {
			t.Errorf("%v", w.logs)
		}
	}
	for env, want := range map[string]string{"": "30s", "0": "30s", "-1": "30s", "x": "30s", "45000": "45s"} {
		raw, _ := json.Marshal(map[string]string{"EMBEDDED_ISSUER": "1", "SIGNING_KEY": jwk("k1"), "INIT_TIMEOUT_MS": env})
		if cfg, err := ParseEnv(raw); err != nil || cfg.InitTimeout.String() != want || cfg.WaitingApps != vars.WaitingApps.Int("") {
			t.Errorf("%q: %s, %d, %v", env, cfg.InitTimeout, cfg.WaitingApps, err)
		}
	}
}
