package access

import (
	"net/url"
	"strings"
	"testing"
)

// The matrix of the allow-list: what a browser may write as an origin, and what an
// operator may have written down.
func TestOriginMatrix(t *testing.T) {
	at, err := url.Parse("http://api.example/auth/login")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		list, origin string
		ok           bool
	}{
		{"https://app.example", "https://app.example", true},
		{"https://app.example/", "https://app.example", true},
		{"HTTPS://App.Example", "https://app.example", true},
		{"https://app.example", "https://app.example/", false}, // no browser writes it so
		{"https://app.example", "https://app.example:8443", false},
		{"https://app.example:8443", "https://app.example", false},
		{"https://app.example:443", "https://app.example", false}, // a browser leaves the default port out
		{"https://app.example", "https://sub.app.example", false},
		{"https://*.example", "https://app.example", false}, // there are no patterns
		{"https://app.example", "https://app.example@evil.example", false},
		{"https://app.example", "https://app.example\x00", false},
		{"https://app.example", "null", false},
		{"null", "null", true}, // by name, for who means it
		{"*", "null", true},
		{"*", "file://", true},
		{"", "https://api.example", true},
		{"", "https://API.example", true},
		{"", "https://api.example:8443", false},
		{"", "null", false},
		{"", "file://", false},
		{"", "https://user@api.example", false}, // no browser writes it so
		{"", "https://api.example/", false},
		{"", "ftp://api.example", false},
		{"", "", false},
		{" , ", "https://app.example", false},
		{"https://app.example", "https://api.example", true}, // the Worker's own, whatever is listed
		{"https://app.example", "http://api.example", true},
	} {
		if got := ParseOrigins(c.list, "").Allow(c.origin, at); got != c.ok {
			t.Errorf("list %q, origin %q: %v", c.list, c.origin, got)
		}
	}
}

// What is the Worker's own. The attacker has a page, on the way or on another name, and may make
// a proxy's Host say what they like.
func TestTheWorkersOwnOrigin(t *testing.T) {
	for _, c := range []struct {
		public, url, origin string
		ok                  bool
	}{
		{"", "https://api.example/", "https://api.example", true},
		{"", "https://api.example/", "http://api.example", false}, // a page that came in the clear
		{"", "https://api.example:8443/", "https://api.example:8443", true},
		{"", "https://api.example:8443/", "https://api.example", false},
		{"", "http://[::1]:8787/", "http://[::1]:8787", true},
		{"", "", "https://", false}, // no host is not the same host
		{"", "", "http://", false},
		{"", "", "null", false},
		{"https://app.example/", "http://10.0.0.7:8787/", "https://app.example", true}, // a proxy that changes Host
		{"https://app.example/", "http://10.0.0.7:8787/", "https://app.example:8443", false},
		{"https://app.example/", "http://10.0.0.7:8787/", "http://app.example", false},
		{"https://app.example/", "http://10.0.0.7:8787/", "https://evil.example", false},
		{"https://app.example/", "http://evil.example/", "https://app.example", true},
		{"nowhere", "http://api.example/", "nowhere", false},
		{"null", "http://api.example/", "null", false},
	} {
		at, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := ParseOrigins("https://listed.example", c.public).Allow(c.origin, at); got != c.ok {
			t.Errorf("PUBLIC_URL %q at %q, origin %q: %v", c.public, c.url, c.origin, got)
		}
	}
}

func TestCORSThatNobodyNeeds(t *testing.T) {
	at := &url.URL{Scheme: "http", Host: "127.0.0.1:8787"}
	for _, list := range []string{"", "*", "https://app.example"} {
		if ParseOrigins(list, "").CORS("http://127.0.0.1:8787", at) != nil || ParseOrigins(list, "").CORS("", at) != nil {
			t.Errorf("%q: headers that nobody needs", list)
		}
	}
}

func TestOperators(t *testing.T) {
	list := ParseOperators("olive:first-token,bare-token  olive:second:token nobody: :nameless")
	for header, name := range map[string]string{
		"Bearer first-token": "olive", "bearer  bare-token ": "admin", "Bearer second:token": "olive",
		"Bearer olive:first-token": "", "Bearer nameless": "", "Bearer ": "", "Bearer": "", "": "", "first-token": "", "Basic first-token": "",
		"Bearer first-toke": "", "Bearer first-token,bare-token": "",
	} {
		if got := list.Find(header); got != name {
			t.Errorf("%q is %q, want %q", header, got, name)
		}
	}
	for _, env := range []string{"", " , ", "olive:", ":", strings.Repeat("n", 65) + ":token"} {
		if got := ParseOperators(env); len(got) != 0 {
			t.Errorf("%q has %d operators", env, len(got))
		}
	}
}

func TestWhomAnAddressBelongsTo(t *testing.T) {
	same := [][]string{
		{"203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"},
		{"203.0.113.8"},
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:0DB8:0001:0002::", "2001:db8:1:2:0:0:192.0.2.1"},
		{"2001:db8:1:3::1"},
		{"2001:db8::1"},
	}
	seen := map[string]int{}
	for i, group := range same {
		for _, address := range group {
			name := Network(address)
			if name == "" || name != Network(group[0]) {
				t.Errorf("%s is of %q, %s of %q", address, name, group[0], Network(group[0]))
			}
			if other, twice := seen[name]; twice && other != i {
				t.Errorf("%s is of the same network as %s", address, same[other][0])
			}
			seen[name] = i
		}
	}
	for _, nobody := range []string{
		"", "127.0.0.1", "::1", "::", "::ffff:127.0.0.1", "unknown", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4, 5.6.7.8", "+1.2.3.4",
		"2001:db8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7::8:9", "g::", "12345::", "fe80::1%eth0", "1.2.3.4::", ":1::", "1:",
	} {
		if name := Network(nobody); name != "" {
			t.Errorf("%q is of %q", nobody, name)
		}
	}
}
