//go:build !js

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
)

const captions = "com.example.captions"

// appKey is a key with this id, whose random part is made of one letter.
func appKey(id string, letter byte) string {
	return "hfa_" + id + "_" + base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat(string(letter), 32)))
}

// The keys the database is given: a good one, a revoked one, and another app's.
var (
	goodKey    = appKey("00000000000000a1", 'a')
	revokedKey = appKey("00000000000000b2", 'b')
	otherKey   = appKey("00000000000000c3", 'c')
	unknownKey = appKey("00000000000000a1", 'd') // it only looks like the good one
)

// withApps is a Worker that knows two apps.
func withApps(t *testing.T, vars map[string]string) *server {
	t.Helper()
	s := start(t, vars)
	for _, pkg := range []string{captions, "com.example.notes"} {
		s.d1(fmt.Sprintf("INSERT INTO apps VALUES ('%s', 'An app', 'http://127.0.0.1:1/', 'whs_x', 0)", pkg))
	}
	for _, k := range []struct{ key, pkg, revoked string }{
		{goodKey, captions, "NULL"}, {revokedKey, captions, "1"}, {otherKey, "com.example.notes", "NULL"},
	} {
		sum := sha256.Sum256([]byte(k.key))
		s.d1(fmt.Sprintf("INSERT INTO app_keys VALUES ('%s', '%s', '%s', 0, %s)", k.key[4:20], k.pkg, hex.EncodeToString(sum[:]), k.revoked))
	}
	for _, key := range []string{goodKey, revokedKey, otherKey, unknownKey} {
		s.Shown("an app's key", key)
		s.Shown("an app's key", key[21:])
	}
	return s
}

// reference is a session id as the deployment gives it, of a session that is none.
func reference(user string) string {
	return sessionid.Sign(protocol.AppSessionID(user, "0123456789abcdef0123456789abcdef"), secrets["APP_SESSION_SECRET"])
}

// appDial is an app that connects; with a key, that is in its request.
type appDial struct {
	path, key, origin string
	protocols         []string
}

func (d appDial) dial(s *server) (*conn, *http.Response, error) {
	header := http.Header{}
	if d.key != "" {
		header.Set("Authorization", "Bearer "+d.key)
	}
	if d.origin != "" {
		header.Set("Origin", d.origin)
	}
	c := &conn{t: s.T}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		tcp, err := (&net.Dialer{}).DialContext(ctx, network, address)
		c.tcp = tcp
		return tcp, err
	}}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ws, response, err := websocket.Dial(ctx, strings.Replace(s.URL, "http", "ws", 1)+d.path,
		&websocket.DialOptions{HTTPHeader: header, Subprotocols: d.protocols, HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return nil, response, err
	}
	ws.SetReadLimit(1 << 20)
	c.ws = ws
	s.T.Cleanup(func() { ws.CloseNow() })
	return c, response, nil
}

func (d appDial) open(s *server) *conn {
	s.T.Helper()
	c, response, err := d.dial(s)
	if err != nil {
		s.T.Fatalf("an app: %v (%v)", err, response)
	}
	return c
}

// turnedAway reads the last word on a socket and its close, and returns the error's reason
// or, where it has none, its code.
func (c *conn) turnedAway(flat bool) (reason string, code websocket.StatusCode) {
	c.t.Helper()
	f := c.expectAny()
	if flat && f.Type != "app_connection_error" || !flat && (f.Type != "app" || f.Event != "app_connection_error") {
		c.t.Errorf("flat %v, received %+v", flat, f)
	}
	details, _ := f.Data["details"].(map[string]any)
	if reason, _ = details["reason"].(string); reason == "" {
		reason = f.text("error_code")
	}
	return reason, c.expectClose()
}

// Power of the attacker: every key but the right one, and every form of a request.
func TestAppUpgradeRefusesRequests(t *testing.T) {
	t.Parallel()
	s := withApps(t, nil)
	here := "/v1/ws/apps/" + captions
	session := "?session_id=" + reference("usr_owner")
	for _, c := range []struct {
		what, path, key, reason string
		status                  int
	}{
		{"an unknown key", here + session, unknownKey, "app_key_invalid", 401},
		{"a revoked key", here + session, revokedKey, "app_key_revoked", 401},
		{"another app's key", here + session, otherKey, "app_key_invalid", 401},
		{"a user's token", here + session, s.Login("owner"), "app_key_invalid", 401},
		{"a key in the URL", here + session + "&api_key=" + goodKey, "", "app_key_invalid", 401},
		{"no session", here, goodKey, "session_id_invalid", 400},
		{"half a session", here + "?session_id=dTE.1", goodKey, "session_id_invalid", 400},
		{"no name of an app", "/v1/ws/apps/captions" + session, goodKey, "package_invalid", 400},
		{"seed S1's address, another app", "/app-ws" + session + "&package=" + captions, otherKey, "app_key_invalid", 401},
	} {
		_, response, err := appDial{path: c.path, key: c.key}.dial(s)
		if err == nil || response == nil {
			t.Errorf("%s: %v %v", c.what, err, response)
			continue
		}
		text := make([]byte, 1000)
		n, _ := response.Body.Read(text)
		said := string(text[:n])
		if response.StatusCode != c.status || !strings.Contains(said, `"`+c.reason+`"`) || !strings.Contains(said, "app_connection_error") {
			t.Errorf("%s: HTTP %d %s", c.what, response.StatusCode, said)
		}
		if what := s.Leak(said); what != "" {
			t.Errorf("%s: %s is in the answer", c.what, what)
		}
	}
	_, response, err := appDial{path: here + session, key: goodKey, origin: "https://evil.example"}.dial(s)
	if err != nil || response.StatusCode != 101 { // a page reads no HTTP error: it is refused on the socket
		t.Errorf("a page: %v", err)
	}
}

func firstWord(data string) string {
	return `{"type":"app","event":"app_connection_init","data":` + data + `}`
}

func TestAppHandshakeRefusesFirstFrames(t *testing.T) {
	t.Parallel()
	s := withApps(t, nil)
	said := func(session, pkg, key string) string {
		return fmt.Sprintf(`{"session_id":%q,"package":%q,"api_key":%q}`, session, pkg, key)
	}
	session := reference("usr_owner")
	for _, c := range []struct {
		what, frame, reason string
		code                websocket.StatusCode
	}{
		{"an unknown key", firstWord(said(session, captions, unknownKey)), "app_key_invalid", 4101},
		{"a revoked key", firstWord(said(session, captions, revokedKey)), "app_key_revoked", 4410},
		{"another app's key", firstWord(said(session, captions, otherKey)), "app_key_invalid", 4101},
		{"an empty key", firstWord(said(session, captions, "")), "app_key_invalid", 4101},
		{"no key", firstWord(`{"session_id":"` + session + `"}`), "app_key_missing", 4101},
		{"another app than the path's", firstWord(said(session, "com.example.notes", otherKey)), "package_invalid", 4400},
		{"no session", firstWord(`{"api_key":"` + goodKey + `"}`), "session_id_invalid", 4400},
		{"another word first", `{"type":"system","event":"ping"}`, "init_expected", 4400},
		{"no word at all", `hello`, "invalid_json", 4400},
		{"too much", firstWord(`{"x":"` + strings.Repeat("é", 4<<10) + `"}`), "too_large", 1009},
	} {
		t.Run(c.what, func(t *testing.T) {
			conn := appDial{path: "/v1/ws/apps/" + captions}.open(s)
			conn.t = t
			conn.send(c.frame)
			if reason, code := conn.turnedAway(false); reason != c.reason || code != c.code {
				t.Errorf("%s, closed with %d", reason, code)
			}
		})
	}
	// In seed S1's form where it is asked for, and where nothing was said at its address.
	for path, frame := range map[string]string{
		"/v1/ws/apps/" + captions: `{"type":"app_connection_init","data":` + said(session, captions, unknownKey) + `}`,
		"/app-ws":                 `{"type":"app_connection_init","data":` + said(session, captions, unknownKey) + `}`,
		"/app-ws?package=":        `{`,
	} {
		c := appDial{path: path}.open(s)
		c.send(frame)
		c.turnedAway(true)
	}
	c := appDial{path: "/app-ws"}.open(s)
	c.send(firstWord(said(session, captions, unknownKey)))
	c.turnedAway(false)
	c = appDial{path: "/app-ws", protocols: []string{"chat", "holdfast.v1"}}.open(s)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageBinary, []byte(firstWord(said(session, captions, goodKey)))); err != nil {
		t.Fatal(err)
	}
	if reason, code := c.turnedAway(true); reason != "binary" || code != 4400 || c.ws.Subprotocol() != "holdfast.v1" {
		t.Errorf("binary: %s, closed with %d", reason, code)
	}
	logs := s.Logs()
	for _, word := range []string{`"channel":"app"`, `"reason":"app_key_revoked"`, `"key_id":"00000000000000b2"`} {
		if !strings.Contains(logs, word) {
			t.Errorf("the log lacks %s", word)
		}
	}
	if strings.Contains(logs, "usr_owner") || strings.Contains(logs, `"key_id":"00000000000000a1"`) {
		t.Error("the log says whose session it was, or whose key, before that was known")
	}
}

// TestAppHandshakeWithMoreThanOneFrame: frames that follow the first before it is answered change
// nothing about the answer, and too many of them end the connection.
func TestAppHandshakeWithMoreThanOneFrame(t *testing.T) {
	t.Parallel()
	s := withApps(t, nil)
	word := firstWord(fmt.Sprintf(`{"session_id":%q,"api_key":%q}`, reference("usr_owner"), unknownKey))
	c := appDial{path: "/v1/ws/apps/" + captions}.open(s)
	c.send(word)
	c.send(word)
	if reason, code := c.turnedAway(false); reason != "app_key_invalid" || code != 4101 {
		t.Errorf("two frames: %s, closed with %d", reason, code)
	}
	for _, more := range []struct {
		frames, bytes int
	}{{200, 10}, {3, 60 << 10}} {
		c := appDial{path: "/v1/ws/apps/" + captions}.open(s)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		c.ws.Write(ctx, websocket.MessageText, []byte(word))
		for range more.frames {
			c.ws.Write(ctx, websocket.MessageText, make([]byte, more.bytes)) // the socket may be closed by now
		}
		cancel()
		if reason, code := c.turnedAway(false); (reason != "too_many_frames" || code != 4201) && (reason != "app_key_invalid" || code != 4101) {
			t.Errorf("%d frames of %d: %s, closed with %d", more.frames, more.bytes, reason, code)
		}
	}
}

// INIT_TIMEOUT_MS holds for an app as for a device, and nobody keeps a place longer.
func TestAppHandshakeHasFewPlaces(t *testing.T) {
	t.Parallel()
	s := withApps(t, map[string]string{"INIT_TIMEOUT_MS": "3000", "WAITING_APPS": "3"})
	full := func() bool {
		c, response, err := appDial{path: "/app-ws"}.dial(s)
		if err == nil {
			c.ws.CloseNow()
			return false
		}
		return response != nil && response.StatusCode == 503
	}
	began := time.Now()
	var waiting []*conn
	for range 3 {
		waiting = append(waiting, appDial{path: "/app-ws"}.open(s))
	}
	if !full() {
		t.Error("a fourth got in")
	}
	for _, c := range waiting {
		if reason, code := c.turnedAway(true); reason != "CONNECTION_INIT_TIMEOUT" || code != 4001 {
			t.Errorf("%s, closed with %d", reason, code)
		}
	}
	if took := time.Since(began); took < 3*time.Second || took > 15*time.Second {
		t.Errorf("after %s", took)
	}
	// However they go, their places are free again, and not only once their time is up.
	for name, leave := range map[string]func(c *conn){
		"closed":  func(c *conn) { c.ws.Close(1000, "") },
		"reset":   func(c *conn) { c.reset() },
		"refused": func(c *conn) { c.send(`{}`); c.turnedAway(true) },
		"checked": func(c *conn) {
			c.send(firstWord(fmt.Sprintf(`{"session_id":%q,"package":%q,"api_key":%q}`, reference("usr_owner"), captions, unknownKey)))
			c.turnedAway(false)
		},
		"reset while it is checked": func(c *conn) {
			c.send(firstWord(fmt.Sprintf(`{"session_id":%q,"package":%q,"api_key":%q}`, reference("usr_owner"), captions, unknownKey)))
			c.reset()
		},
	} {
		for range 4 {
			c, response, err := appDial{path: "/app-ws"}.dial(s)
			for late := time.Now().Add(1500 * time.Millisecond); err != nil && time.Now().Before(late); time.Sleep(20 * time.Millisecond) {
				c, response, err = appDial{path: "/app-ws"}.dial(s)
			}
			if err != nil {
				t.Fatalf("%s: %v %v", name, err, response)
			}
			leave(c)
		}
	}
}

// TestAppUpgradeWithoutItsDatabase: a database that does not answer admits nobody, and asks to come again.
func TestAppUpgradeWithoutItsDatabase(t *testing.T) {
	t.Parallel()
	s := withApps(t, nil)
	s.d1("ALTER TABLE app_keys RENAME TO away")
	c := appDial{path: "/v1/ws/apps/" + captions}.open(s)
	c.send(firstWord(fmt.Sprintf(`{"session_id":%q,"api_key":%q}`, reference("usr_owner"), goodKey)))
	if reason, code := c.turnedAway(false); reason != "app_keys_unavailable" || code != 4203 {
		t.Errorf("%s, closed with %d", reason, code)
	}
	_, response, err := appDial{path: "/v1/ws/apps/" + captions + "?session_id=" + reference("usr_owner"), key: goodKey}.dial(s)
	if err == nil || response == nil || response.StatusCode != 503 || response.Header.Get("retry-after") == "" {
		t.Errorf("%v %v", err, response)
	}
}
