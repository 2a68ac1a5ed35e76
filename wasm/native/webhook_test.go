//go:build !js

package native

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the server did not sign within five minutes, or is for somebody else, starts nothing.
func TestAppRefusesCalls(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	a := newAppServer(t, h, nil)
	good, now := callBody(1, ""), time.Now()
	other := strings.Replace(good, captions, "com.example.other", 1)
	kind := strings.Replace(good, "session_request", "session_end", 1)
	user := strings.Replace(good, `"usr_1"`, `"usr_2"`, 1)
	reference := strings.Replace(good, sessionRef(1), "nonsense", 1)
	forged := sign(now, good, secret)
	for name, c := range map[string]struct {
		body, signature string
		want            int
	}{
		"unsigned":        {good, "", 401},
		"another secret":  {good, sign(now, good, "whs_other"), 401},
		"no secret":       {good, sign(now, good, ""), 401},
		"another body":    {other, forged, 401},
		"old":             {good, sign(now.Add(-301*time.Second), good, secret), 401},
		"of the future":   {good, sign(now.Add(302*time.Second), good, secret), 401},
		"another time":    {good, fmt.Sprintf("t=%d,%s", now.Unix()+1, strings.Split(forged, ",")[1]), 401},
		"two times":       {good, fmt.Sprintf("t=%d,%s", now.Unix(), forged), 401},
		"no time":         {good, strings.Split(forged, ",")[1], 401},
		"not hex":         {good, fmt.Sprintf("t=%d,v1=xyz", now.Unix()), 401},
		"short":           {good, fmt.Sprintf("t=%d,v1=00", now.Unix()), 401},
		"too long":        {good, forged + strings.Repeat(",x=y", 1000), 401},
		"nine signatures": {good, forged + strings.Repeat(","+strings.Split(forged, ",")[1], 8), 401},
		"another package": {other, sign(now, other, secret), 400},
		"another type":    {kind, sign(now, kind, secret), 400},
		"another user":    {user, sign(now, user, secret), 400},
		"no session":      {reference, sign(now, reference, secret), 400},
		"not JSON":        {"{", sign(now, "{", secret), 400},
		"too large":       {strings.Repeat(" ", 65<<10) + good, forged, 413},
	} {
		if status := a.calls(c.body, c.signature); status != c.want {
			t.Errorf("%s: HTTP %d, want %d", name, status, c.want)
		}
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/webhook", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: HTTP %d", w.Code)
	}
	if n := sees(h, func() int { return h.dials }); n != 0 {
		t.Errorf("%d dials", n)
	}
	// The older secret counts while it is replaced, and so does a second v1.
	if status := a.calls(good, sign(now, good, "whs_older")); status != http.StatusNoContent {
		t.Errorf("the older secret: HTTP %d", status)
	}
	<-a.sessions
	both := callBody(2, "")
	if status := a.calls(both, sign(now, both, "whs_other")+","+strings.Split(sign(now, both, secret), ",")[1]); status != http.StatusNoContent {
		t.Errorf("two signatures: HTTP %d", status)
	}
	<-a.sessions
}

// The key goes to the config's servers only, whatever a call says, signed or not.
func TestAppKeyGoesNowhereElse(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was called, with %q", r.URL, r.Header)
	}))
	defer elsewhere.Close()
	home := strings.TrimPrefix(h.web.URL, "http://")
	away := strings.TrimPrefix(elsewhere.URL, "http://")
	a := newAppServer(t, h, func(cfg *AppConfig) { cfg.URL, cfg.Hosts = "", []string{home, "holdfast.example"} })
	path := "/v1/ws/apps/" + captions
	for _, address := range []string{
		"", "ws://" + away + path, "ws://" + home + "@" + away + path, "ws://" + away + "#" + home + path,
		"ws://user:pass@" + home + path, "ws://" + home + "/elsewhere", "ws://" + home + path + "/../../x", "ws://" + home + path + "?a=b",
		"ws://" + home + path + "#x", "http://" + home + path, "ws://holdfast.example" + path, "wss://holdfast.example:8443" + path,
		"wss://evil.holdfast.example" + path, "wss://holdfast.example.evil" + path, "ws:" + path, "//" + home + path, "ws://[::1" + path, home,
		"ws://" + home + "/v1/ws/apps/com.example.other", "ws://" + home + "/v1%2Fws/apps/" + captions, "wss://holdfast.example\\@" + away + path,
	} {
		body := callBody(1, fmt.Sprintf(`,"websocket_url":%q`, address))
		if status := a.calls(body, sign(time.Now(), body, secret)); status != http.StatusBadRequest {
			t.Errorf("%q: HTTP %d", address, status)
		}
	}
	if n := sees(h, func() int { return h.dials }); n != 0 {
		t.Errorf("%d dials", n)
	}
	body := callBody(1, fmt.Sprintf(`,"websocket_url":%q`, "ws://"+home+path))
	if status := a.calls(body, sign(time.Now(), body, secret)); status != http.StatusNoContent {
		t.Fatalf("HTTP %d", status)
	}
	<-a.sessions
	// With a URL in the config the call's is not looked at.
	b := newAppServer(t, h, nil)
	body = callBody(2, fmt.Sprintf(`,"websocket_url":%q`, "ws://"+away+path))
	if status := b.calls(body, sign(time.Now(), body, secret)); status != http.StatusNoContent {
		t.Fatalf("HTTP %d", status)
	}
	<-b.sessions
	if got := sees(h, func() []string { return h.hosts }); !slices.Equal(got, []string{home, home}) {
		t.Errorf("dialled %q", got)
	}
}

// A redirect is not followed.
func TestAppFollowsNoRedirect(t *testing.T) {
	leavesNothing(t)
	h := newHub(t)
	redirected := make(chan struct{}, 100)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("followed") }))
	defer elsewhere.Close()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		redirected <- struct{}{}
	}))
	defer web.Close()
	a := newAppServer(t, h, func(cfg *AppConfig) { cfg.URL = web.URL })
	body := callBody(1, "")
	a.calls(body, sign(time.Now(), body, secret))
	<-redirected
}
