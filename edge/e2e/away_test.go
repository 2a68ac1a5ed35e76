//go:build !js

package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestAnotherIssuerIsAway: an issuer that does not answer keeps nobody out as long as its old keys
// may be used. After that the answer says when to try again. Not every visitor causes a fetch.
func TestAnotherIssuerIsAway(t *testing.T) {
	t.Parallel()
	p := startProvider(t)
	s := p.trusting(t)
	token := p.token("usr_owner", resource)
	s.expectAnswer(token, "")
	loaded := time.Now()
	p.answers("error")
	for time.Since(loaded) < 7*time.Second {
		s.expectAnswer(token, "")
		time.Sleep(200 * time.Millisecond)
	}
	if n := p.asked(); n > 3 {
		t.Errorf("asked %d times in 7 s", n)
	}
	s.until(token, "503 SERVICE_UNAVAILABLE keys_unavailable")
	for _, as := range []string{"html", "garbage", "redirect", "slow"} {
		p.answers(as)
		time.Sleep(5100 * time.Millisecond) // what went wrong is not asked for again at once
		before, began := p.asked(), time.Now()
		said, wait := s.attempt(token)
		took := time.Since(began)
		if said != "503 SERVICE_UNAVAILABLE keys_unavailable" || wait != 5000 {
			t.Errorf("%s: answered %q, to come in %v ms", as, said, wait)
		}
		if limit := 7 * time.Second; took > limit || as == "slow" && took < 4*time.Second {
			t.Errorf("%s: answered after %v", as, took)
		}
		s.attempt(token)
		if n := p.asked() - before; n != 1 {
			t.Errorf("%s: two visitors asked %d times", as, n)
		}
	}
	p.answers("keys")
	s.until(token, "")
	logs := s.Logs()
	if n := strings.Count(logs, `"key_set_failed"`); n == 0 || n > 2 {
		t.Errorf("%d lines of the log say that the keys cannot be had, in %v", n, time.Since(loaded))
	}
}
