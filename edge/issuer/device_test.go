package issuer

import (
	"net/http"
	"testing"
	"time"
)

// The attacker is behind the owner's own address, or there are no addresses at all (no
// cf-connecting-ip), and guesses without end: the owner's browser has its own limit.
func TestANeighbourLocksNobodyOut(t *testing.T) {
	for _, address := range []string{"192.0.2.99", "2001:db8::7", ""} {
		w := newWorld(t)
		browser := w.from(address, "owner@example.com", password).device
		for range 200 {
			w.from(address, "owner@example.com", "hunter2")
			w.now = w.now.Add(time.Second)
		}
		if a := w.from(address, "owner@example.com", password); !a.limited() {
			t.Errorf("%q: the guesses were not counted: %d", address, a.status)
		}
		for range 3 {
			a := w.from(address, "owner@example.com", password, browser)
			if a.status != 200 || a.device == nil || a.device.Value != browser.Value {
				t.Errorf("%q: the owner, in the browser they were signed in with: %d %s", address, a.status, a.body)
			}
		}
		// The guesses go on, and what the owner does gives the attacker no more of them.
		if a := w.from(address, "owner@example.com", "hunter2"); !a.limited() {
			t.Errorf("%q: the neighbour, after the owner: %d", address, a.status)
		}
	}
}

// The attacker has a browser of their own, in which they sign in as themselves, or makes up
// numbers: neither is known for the account that is attacked.
func TestABrowserIsKnownForItsAccountOnly(t *testing.T) {
	w := newWorld(t)
	owner := w.store.users["owner@example.com"]
	owner.ID, owner.Email = "usr_mallory", "mallory@example.com"
	w.store.users["mallory@example.com"] = owner
	mallory := w.from("198.51.100.7", "mallory@example.com", password).device
	made := &http.Cookie{Name: deviceCookieName, Value: "AAAAAAAAAAAAAAAAAAAAAA"}
	guesses := 0
	for range 40 {
		for _, browser := range []*http.Cookie{mallory, made, nil} {
			if a := w.from("198.51.100.7", "owner@example.com", "hunter2", browser); a.status == 401 {
				guesses++
			}
		}
	}
	if guesses != DefaultLoginFailures {
		t.Errorf("%d guesses", guesses)
	}
	// One browser is two people's, each by their own account.
	both := w.from("203.0.113.7", "owner@example.com", password, mallory).device
	if both.Value != mallory.Value || !w.known(both, "owner@example.com") || !w.known(both, "mallory@example.com") {
		t.Errorf("%q after %q", both.Value, mallory.Value)
	}
}

func (w *world) known(browser *http.Cookie, email string) bool {
	known, _ := w.store.Known(nil, digest("device "+browser.Value+" "+email), w.now)
	return known
}

// The attacker has stolen the browser's cookie: they may guess as often as one browser
// may, until it is forgotten or has expired.
func TestAStolenDeviceCookie(t *testing.T) {
	w := newWorld(t)
	a := w.login("owner@example.com", password)
	guess := func() (n int) {
		for range 50 {
			if a := w.from("198.51.100.7", "owner@example.com", "hunter2", a.device); a.status == 401 {
				n++
			}
		}
		return n
	}
	if n := guess(); n != DefaultLoginFailures {
		t.Errorf("%d guesses", n)
	}
	if w.everywhere(a.cookie.Value).status != 204 || w.known(a.device, "owner@example.com") {
		t.Error("it is known after a logout everywhere")
	}
	again := w.login("owner@example.com", password).device
	w.now = w.now.Add(DefaultSignInMax)
	if w.known(again, "owner@example.com") {
		t.Error("it is known for ever")
	}
}

func TestDeviceCookie(t *testing.T) {
	w := newWorld(t)
	c := w.login("owner@example.com", password).device
	if c.Name != deviceCookieName || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/auth" || c.Secure || len(c.Value) != deviceLength || c.MaxAge != 90*24*3600 {
		t.Errorf("%+v", c)
	}
	s := w.send("POST", "https://127.0.0.1:8787/auth/login", `{"email":"owner@example.com","password":"`+password+`"}`, asJSON).device
	if s.Name != "__Host-holdfast_device" || !s.Secure || s.Path != "/" || s.Domain != "" || !s.HttpOnly || s.SameSite != http.SameSiteStrictMode {
		t.Errorf("over https: %+v", s)
	}
	if a := w.login("owner@example.com", "hunter2"); a.device != nil {
		t.Error("a wrong password was given a number")
	}
	// The issuer does not adopt an invalid number.
	if d := w.from("", "owner@example.com", password, &http.Cookie{Name: deviceCookieName, Value: "x"}).device; len(d.Value) != deviceLength {
		t.Errorf("%+v", d)
	}
}
