package front

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

func limited(t *testing.T, more map[string]string) *worker {
	env := embedded()
	maps.Copy(env, map[string]string{
		"CONNECTS_PER_IP_PER_MIN": "6", "CONNECTS_PER_IP_BURST": "3", "LOGINS_PER_IP_PER_MIN": "4", "LOGINS_PER_IP_BURST": "2",
	})
	maps.Copy(env, more)
	return newWorker(t, env)
}

// An answer to one who is refused again and again at one address says when to come back, and costs
// no signature check.
//
// Holds: "nobody floods by connecting".
func TestConnectsPerAddress(t *testing.T) {
	w := limited(t, nil)
	from := func(address, token string, headers ...string) map[string]any {
		return upgrade(line+"?client_id=c&token="+token, append(headers, access.AddressHeader, address)...)
	}
	for range 3 {
		if code, _ := failure(t, w.run(from("203.0.113.7", "x"))); code != "AUTHENTICATION_FAILED" {
			t.Fatalf("within the limit: %s", code)
		}
	}
	w.steps = nil
	end := w.run(from("203.0.113.7", goodToken()))
	code, reason := failure(t, end)
	if code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_connects" || end["status"] != 429.0 || w.way() != "respond" {
		t.Errorf("%s: %v", w.way(), end)
	}
	if end["headers"].(map[string]any)["retry-after"] != "10" || !strings.Contains(end["body"].(string), `"retry_after":10000`) {
		t.Errorf("the answer does not say when: %v", end)
	}
	page := w.run(from("203.0.113.7", goodToken(), "origin", "http://127.0.0.1:8787", "sec-websocket-protocol", "holdfast.v1"))
	if page["do"] != "refuse" || page["code"] != 4201.0 || strings.Contains(page["frame"].(string), `"retry_after":10000`) {
		t.Errorf("a page, given the same time or otherwise wrong: %v", page)
	}
	if end := w.run(from("203.0.113.8", goodToken())); end["do"] != "socket" {
		t.Errorf("a neighbour: %v", end)
	}
	// Nobody chooses by a header of their own whom they are counted as.
	if end := w.run(from("203.0.113.7", goodToken(), "x-forwarded-for", "198.51.100.1", "x-real-ip", "198.51.100.1")); end["do"] != "respond" {
		t.Errorf("with X-Forwarded-For: %v", end)
	}
	w.now = w.now.Add(10 * time.Second)
	if end := w.run(from("203.0.113.7", goodToken())); end["do"] != "socket" {
		t.Errorf("when it may come: %v", end)
	}
	// Foreign pages are counted like bad tokens, and so is whom an object refuses.
	for name, refused := range map[string]func(w *worker){
		"a foreign page": func(w *worker) { w.run(from("203.0.113.7", goodToken(), "origin", "https://evil.example")) },
		"no access": func(w *worker) {
			w.call = func(string, map[string]any) map[string]any {
				return map[string]any{"body": `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS","message":"x"}}`}
			}
			w.run(from("203.0.113.7", goodToken()))
		},
		"too often": func(w *worker) {
			w.call = func(string, map[string]any) map[string]any {
				return map[string]any{"body": `{"error":{"error_code":"RATE_LIMIT_EXCEEDED","message":"x","details":{"retry_after":500}}}`}
			}
			w.run(from("203.0.113.7", goodToken()))
		},
	} {
		w = limited(t, nil)
		for range 3 {
			refused(w)
		}
		if end := w.run(from("203.0.113.7", goodToken())); end["status"] != 429.0 {
			t.Errorf("%s: after three refusals: %v", name, end)
		}
	}
}

// An office is one address. All of it comes back at once when its connection does, with good
// tokens: everybody is let in, however small the limit, and whatever fails on our side.
func TestAnOfficeComesBackAtOnce(t *testing.T) {
	w := limited(t, nil)
	come := func() string {
		end := w.run(upgrade(line+"?client_id=c&token="+goodToken(), access.AddressHeader, "203.0.113.7"))
		if end["do"] == "socket" {
			return "in"
		}
		_, reason := failure(t, end)
		return reason
	}
	for n := range 1000 {
		if got := come(); got != "in" {
			t.Fatalf("number %d: %s", n, got)
		}
	}
	w.call = func(string, map[string]any) map[string]any { return map[string]any{"error": "TimeoutError"} }
	for range 10 {
		if got := come(); got != "session_unavailable" {
			t.Fatalf("while the objects are away: %s", got)
		}
	}
	device := upgrade("http://127.0.0.1:8787/v1/ws/device?token="+goodToken(), access.AddressHeader, "203.0.113.7")
	for n := range 10 {
		if end := w.run(device); end["do"] != "socket" {
			t.Fatalf("device %d: %v", n, end)
		}
	}
}

// Those who come while as many as may be are being looked into are given times apart from
// each other, and early enough for their connections' grace period.
func TestRefusedAtOneAddressEachHasATimeOfItsOwn(t *testing.T) {
	v := limiter{limit: rate.Limit{Count: vars.ConnectsPerIPPerMin.Int(""), Per: time.Minute, Burst: vars.ConnectsPerIPBurst.Int("")}}
	waits, most := map[time.Duration]int{}, time.Duration(0)
	for range 1000 {
		if wait := v.take("203.0.113.7", now); wait > 0 {
			waits[wait]++
			most = max(most, wait)
		}
	}
	for wait, n := range waits {
		if n > 2 {
			t.Errorf("%d have to wait %v", n, wait)
		}
	}
	if len(waits) < 700 || most > backWithin+time.Second {
		t.Errorf("760 are given %d times, the last %v", len(waits), most)
	}
}

// No address (a self-hosted workerd), the machine's own, and 0 mean no limit.
func TestNoLimit(t *testing.T) {
	for name, c := range map[string]struct{ limit, address string }{
		"no address": {"6", ""}, "this machine": {"6", "127.0.0.1"}, "switched off": {"0", "203.0.113.7"},
	} {
		w := limited(t, map[string]string{"CONNECTS_PER_IP_PER_MIN": c.limit, "LOGINS_PER_IP_PER_MIN": c.limit})
		for range 20 {
			if end := w.run(upgrade(line+"?client_id=c&token="+goodToken(), access.AddressHeader, c.address)); end["do"] != "socket" {
				t.Fatalf("%s: %v", name, end)
			}
			if end := w.run(login(c.address)); end["do"] != "handler" {
				t.Fatalf("%s: %v", name, end)
			}
		}
	}
	for _, wrong := range []string{"", "-1", "many", "1e3"} {
		env, _ := json.Marshal(map[string]string{"CONNECTS_PER_IP_PER_MIN": wrong, "CONNECTS_PER_IP_BURST": wrong, "EMBEDDED_ISSUER": "1", "SIGNING_KEY": jwk("k1")})
		cfg, err := ParseEnv(env)
		if want := (rate.Limit{Count: vars.ConnectsPerIPPerMin.Int(""), Per: time.Minute, Burst: vars.ConnectsPerIPBurst.Int("")}); err != nil || cfg.Connects != want {
			t.Errorf("%q: %+v, %v", wrong, cfg.Connects, err)
		}
	}
}

func login(address string, headers ...string) map[string]any {
	event := get("http://127.0.0.1:8787/auth/login", append(headers, access.AddressHeader, address)...)
	event["method"] = "POST"
	return event
}

func TestLoginsPerAddress(t *testing.T) {
	w := limited(t, nil)
	for range 2 {
		if end := w.run(login("203.0.113.7")); end["do"] != "handler" {
			t.Fatalf("%v", end)
		}
	}
	end := w.run(login("203.0.113.7"))
	code, reason := failure(t, end)
	if code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_logins" || end["status"] != 429.0 || end["headers"].(map[string]any)["retry-after"] != "15" {
		t.Errorf("%v", end)
	}
	// Whatever else takes a password, or the time to hash one, is of the same bucket.
	for _, path := range []string{"/auth/password", "/auth/invitation", "/auth/reset", "/auth/sign-up"} {
		if end := w.run(post(path, access.AddressHeader, "203.0.113.7")); end["status"] != 429.0 {
			t.Errorf("%s: %v", path, end)
		}
	}
	// Who is signed in goes on: their pages refresh, connect and sign out.
	for _, path := range []string{"/auth/refresh", "/auth/logout"} {
		event := get("http://127.0.0.1:8787"+path, access.AddressHeader, "203.0.113.7")
		event["method"] = "POST"
		if end := w.run(event); end["do"] != "handler" {
			t.Errorf("%s: %v", path, end)
		}
	}
	if end := w.run(login("203.0.113.8")); end["do"] != "handler" {
		t.Errorf("a neighbour: %v", end)
	}
}

// Only a wrong token counts against who calls an operator's route.
func TestWrongOperatorTokensPerAddress(t *testing.T) {
	w := limited(t, nil)
	w.front.cfg.Operators = access.ParseOperators("olive:right")
	call := func(token string) map[string]any {
		return w.run(get("http://127.0.0.1:8787/v1/admin/users/u", access.AddressHeader, "203.0.113.7", "authorization", "Bearer "+token))
	}
	for range 10 {
		if end := call("right"); end["do"] != "handler" {
			t.Fatalf("an operator is limited: %v", end)
		}
	}
	for range 2 {
		if code, _ := failure(t, call("wrong")); code != "AUTHENTICATION_FAILED" {
			t.Fatalf("a wrong token: %s", code)
		}
	}
	end := call("wrong")
	if code, reason := failure(t, end); code != "RATE_LIMIT_EXCEEDED" || reason != "too_many_logins" || end["status"] != 429.0 {
		t.Errorf("%v", end)
	}
	if end := call("right"); end["do"] != "handler" {
		t.Errorf("an operator is refused for what others have tried: %v", end)
	}
}

// However many addresses come, what is remembered of them stays small, and who is at
// the limit is remembered longest.
func TestAMillionAddresses(t *testing.T) {
	v := limiter{limit: rate.Limit{Count: 6, Per: time.Minute, Burst: 3}}
	for range 4 {
		v.take("203.0.113.7", now)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var after uint64
	for i := range 1_000_000 {
		v.take(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff), now.Add(time.Duration(i)*time.Microsecond))
		if len(v.buckets) > maxAddresses {
			t.Fatalf("%d addresses", len(v.buckets))
		}
		if i == 2*maxAddresses {
			after = heap()
		}
	}
	if grown := int64(heap()) - int64(after); grown > 256<<10 {
		t.Errorf("grew by %d bytes", grown)
	}
	if v.take("203.0.113.7", now.Add(time.Second)) == 0 {
		t.Error("others made it forget who is at the limit")
	}
	// Should all be at the limit, nobody is refused for want of room.
	for i := range 2 * maxAddresses {
		address := fmt.Sprintf("2001:db9:0:%x::1", i)
		for n := range 3 {
			if v.take(address, now.Add(2*time.Second)) != 0 {
				t.Fatalf("address %d is refused at its connect %d", i, n)
			}
		}
	}
}
