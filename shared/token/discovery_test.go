package token

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDiscoverable(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://issuer.example": true, "https://issuer.example/": true, "https://issuer.example/a/v2.0": true, "https://issuer.example:8443/x": true,
		"http://localhost:9998/": true, "http://127.0.0.1:8080/realms/r": true, "http://[::1]:8080": true,
		"http://issuer.example": false, "http://localhost.issuer.example": false, "http://127.0.0.1.nip.example": false, "http://10.0.0.1": false,
		"": false, "issuer.example": false, "ftp://issuer.example": false, "https://": false, "https:///path": false, "javascript:alert(1)": false,
		"https://u:p@issuer.example": false, "https://u@issuer.example": false, "https://issuer.example?x=1": false, "https://issuer.example/#x": false,
		"https://issuer.example/\n": false, "https://iss uer.example": false,
	} {
		if Discoverable(issuer) != want {
			t.Errorf("%q: %v", issuer, !want)
		}
	}
}

// TestDocuments. OpenID Connect Discovery 1.0, section 4.1: "any terminating / MUST be removed before appending".
// RFC 8414, section 3.1, has the path behind the well-known one.
func TestDocuments(t *testing.T) {
	for issuer, want := range map[string][2]string{
		"https://issuer.example":        {"https://issuer.example/.well-known/openid-configuration", "https://issuer.example/.well-known/oauth-authorization-server"},
		"https://issuer.example/":       {"https://issuer.example/.well-known/openid-configuration", "https://issuer.example/.well-known/oauth-authorization-server"},
		"https://issuer.example/a/v2.0": {"https://issuer.example/a/v2.0/.well-known/openid-configuration", "https://issuer.example/.well-known/oauth-authorization-server/a/v2.0"},
		"https://issuer.example:8443/a/": {"https://issuer.example:8443/a/.well-known/openid-configuration",
			"https://issuer.example:8443/.well-known/oauth-authorization-server/a"},
	} {
		openID, oauth := NewDiscovery(issuer, Ages{}).Documents()
		if openID != want[0] || oauth != want[1] {
			t.Errorf("%s: %s, %s", issuer, openID, oauth)
		}
	}
}

// TestDocument: power of the attacker: runs another issuer, whose document somebody made this Worker read,
// or sits on the line between the Worker and an address without TLS.
func TestDocument(t *testing.T) {
	const here = "https://issuer.example/tenant"
	for _, c := range []struct {
		issuer, document string
		want             error
	}{
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"https://keys.example/jwks"}`, nil},
		{here, `{"jwks_uri":"https://keys.example/jwks","issuer":"https://issuer.example/tenant","x":{"y":[[[[1]]]]}}`, nil},
		{here, `{"issuer":"https://issuer.example/tenant/","jwks_uri":"https://keys.example/jwks"}`, ErrOtherIssuer},
		{here, `{"issuer":"https://issuer.example/{tenantid}","jwks_uri":"https://keys.example/jwks"}`, ErrOtherIssuer},
		{here, `{"issuer":"https://ISSUER.example/tenant","jwks_uri":"https://keys.example/jwks"}`, ErrOtherIssuer},
		{here, `{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}`, ErrOtherIssuer},
		{here, `{"issuer":["https://issuer.example/tenant"],"jwks_uri":"https://keys.example/jwks"}`, ErrDocument},
		{here, `{"jwks_uri":"https://keys.example/jwks"}`, ErrDocument},
		{here, `{"issuer":"https://issuer.example/tenant"}`, ErrAddress},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":7}`, ErrAddress},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"/jwks"}`, ErrAddress},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"http://issuer.example/jwks"}`, ErrAddress},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"http://127.0.0.1:9229/json"}`, ErrAddress},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"https://user:password@issuer.example/jwks"}`, ErrAddress},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"file:///etc/passwd"}`, ErrAddress},
		{"http://localhost:9998/", `{"issuer":"http://localhost:9998/","jwks_uri":"http://localhost:9998/keys"}`, nil},
		{"http://localhost:9998/", `{"issuer":"http://localhost:9998/","jwks_uri":"http://keys.example/keys"}`, ErrAddress},
		{here, `<html>`, ErrDocument},
		{here, ``, ErrDocument},
		{here, `[]`, ErrDocument},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"https://keys.example/jwks","x":"` + strings.Repeat("x", KeySetBytes) + `"}`, ErrDocument},
		{here, `{"issuer":"https://issuer.example/tenant","jwks_uri":"https://keys.example/jwks","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, ErrDocument},
	} {
		d := NewDiscovery(c.issuer, Ages{})
		if err := d.Load([]byte(c.document), now); !errors.Is(err, c.want) {
			t.Errorf("%.120s: %v, want %v", c.document, err, c.want)
		}
		if address, fresh := d.Address(now); (address != "") != (c.want == nil) || fresh != (c.want == nil) {
			t.Errorf("%.120s: %q, %v", c.document, address, fresh)
		}
	}
}

// TestAddressAges: an address is asked for anew as often as the keys are, and serves on while the
// issuer does not answer, but not for ever.
func TestAddressAges(t *testing.T) {
	d := NewDiscovery("https://issuer.example", Ages{})
	want := func(at time.Time, keys string, fresh bool) {
		t.Helper()
		if address, is := d.Address(at); address != keys || is != fresh {
			t.Errorf("after %v: %q, %v", at.Sub(now), address, is)
		}
	}
	want(now, "", false)
	load := func(keys string, at time.Time) error {
		return d.Load([]byte(`{"issuer":"https://issuer.example","jwks_uri":"`+keys+`"}`), at)
	}
	load("https://issuer.example/1", now)
	want(now.Add(Fresh-time.Second), "https://issuer.example/1", true)
	want(now.Add(Fresh), "https://issuer.example/1", false)
	if load("http://issuer.example/2", now.Add(Fresh)) == nil {
		t.Error("taken")
	}
	want(now.Add(Stale-time.Second), "https://issuer.example/1", false)
	want(now.Add(Stale), "", false)
	want(now.Add(-time.Hour), "https://issuer.example/1", false) // the clock was set back
	load("https://issuer.example/2", now.Add(Stale))
	want(now.Add(Stale), "https://issuer.example/2", true)
}
