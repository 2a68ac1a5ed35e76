package front

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
)

// Power of the attacker: an app's good key, and any session id it can write. No object is
// woken for one that nobody was given, by either way in, and whoever goes on is rejected
// by its address.
func TestAppsAnInventedSessionWakesNoObject(t *testing.T) {
	text := protocol.AppSessionID("usr_nobody", strings.Repeat("0f", 16))
	for name, session := range map[string]string{
		"unsigned":             text,
		"signed by somebody":   sessionid.Sign(text, "guessed"),
		"signed by nothing":    sessionid.Sign(text, ""),
		"signed for another":   text + appReference[len(appReference)-32:],
		"signed with our name": text + strings.Repeat("0", 32),
	} {
		w := appWorker(t)
		end := w.run(upgrade(appLine+"?session_id="+session, "authorization", "Bearer "+appKeyOne))
		if code, reason, _ := appFailure(t, end); code != "SESSION_ENDED" || reason != "app_not_started" || end["status"] != 410.0 || strings.Contains(w.way(), "forward") {
			t.Errorf("%s: %s: %v", name, w.way(), end)
		}
		w = appWorker(t)
		w.hold = says(firstWord(named(session, captions, appKeyOne)))
		end = w.run(upgrade(appHost + "/app-ws"))
		if code, reason, _ := appFailure(t, end); code != "SESSION_ENDED" || reason != "app_not_started" || strings.Contains(w.way(), "forward") {
			t.Errorf("%s, in the first frame: %s: %v", name, w.way(), end)
		}
	}
	w := appWorker(t)
	refused, limited := 0, 0
	for n := range 1000 {
		session := protocol.AppSessionID(fmt.Sprint("usr_", n), strings.Repeat("0f", 32))
		end := w.run(upgrade(appLine+"?session_id="+session, "authorization", "Bearer "+appKeyOne, access.AddressHeader, "203.0.113.7"))
		switch end["status"] {
		case 410.0:
			refused++
		case 429.0:
			limited++
		}
	}
	if refused > vars.ConnectsPerIPBurst.Int("") || refused+limited != 1000 {
		t.Errorf("%d are looked into, %d rejected", refused, limited)
	}
}

// A secret that is replaced counts for as long as it stands behind the new one.
func TestAppsASessionOfTheSecretBefore(t *testing.T) {
	w := appWorker(t)
	old := sessionid.Sign(protocol.AppSessionID("usr_owner", strings.Repeat("0f", 16)), "older")
	if end := w.run(upgrade(appLine+"?session_id="+old, "authorization", "Bearer "+appKeyOne)); end["do"] != "socket" {
		t.Errorf("%v", end)
	}
}

// A deployment that cannot sign ids has no apps, and says why.
func TestAppsWithoutASecret(t *testing.T) {
	env := embedded()
	maps.Copy(env, map[string]string{"APP_SESSION_SECRET": " "})
	w := newWorker(t, env)
	for _, event := range []map[string]any{
		upgrade(appLine+"?session_id="+appReference, "authorization", "Bearer "+appKeyOne), upgrade(appHost + "/app-ws"),
	} {
		end := w.run(event)
		if code, reason, _ := appFailure(t, end); code != "SERVICE_UNAVAILABLE" || reason != "app_session_secret_missing" || end["status"] != 503.0 {
			t.Errorf("%v", end)
		}
	}
}

// Power of the attacker: an issuer's good token that lives for ever. Nobody could revoke it
// for as long as it lives; no object is made to say so, and none for each of many users.
func TestATokenThatLivesTooLongWakesNoObject(t *testing.T) {
	life := func(seconds int) map[string]any {
		claims := strings.Replace(good, `"iat":1736243900,"exp":1736244900`, fmt.Sprintf(`"iat":1736243900,"exp":%d`, 1736243900+seconds), 1)
		return upgrade(line + "?client_id=c&token=" + sign(`{"alg":"RS256","typ":"JWT","kid":"k1"}`, claims))
	}
	for limit, c := range map[string]struct{ good, bad int }{"": {366*24*3600 - 60, 367 * 24 * 3600}, "3600": {3000, 3700}} {
		env := embedded()
		env["MAX_TOKEN_LIFE_S"] = limit
		w := newWorker(t, env)
		if end := w.run(life(c.good)); end["do"] != "socket" {
			t.Errorf("%q: one that lives for %d s: %v", limit, c.good, end)
		}
		w = newWorker(t, env)
		end := w.run(life(c.bad))
		if code, reason := failure(t, end); code != "AUTHENTICATION_FAILED" || reason != "token_lives_too_long" || strings.Contains(w.way(), "call") {
			t.Errorf("%q: one that lives for %d s: %s: %v", limit, c.bad, w.way(), end)
		}
	}
}
