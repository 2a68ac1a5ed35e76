package token

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

var (
	// ErrDocument says that a text is not what an issuer publishes about itself.
	ErrDocument = errors.New("token: not an issuer's metadata")
	// ErrOtherIssuer says that a text describes another issuer.
	ErrOtherIssuer = errors.New("token: metadata of another issuer")
	// ErrAddress says that an issuer's keys are at no address that we fetch from.
	ErrAddress = errors.New("token: no usable address of the key set")
)

// The documents that an issuer publishes about itself: OpenID Connect Discovery 1.0, section 4, and
// RFC 8414, section 3, whose path goes before the issuer's.
const (
	configurationPath = "/.well-known/openid-configuration"
	metadataPath      = "/.well-known/oauth-authorization-server"
)

// Discovery knows where an issuer's keys are, by the document that the issuer publishes. Like the
// keys themselves the address ages. It is not safe for concurrent use.
type Discovery struct {
	issuer   string
	ages     Ages
	keys     string
	loadedAt time.Time
}

// NewDiscovery returns the Discovery of an issuer for which Discoverable is true.
func NewDiscovery(issuer string, ages Ages) *Discovery {
	return &Discovery{issuer: issuer, ages: ages.orDefault()}
}

// Discoverable reports whether an issuer's name is an address that we may ask for its document:
// an https URL without a query, a fragment or a password (OpenID Connect Discovery 1.0,
// section 3). A server on this very machine may use http, for development.
func Discoverable(issuer string) bool {
	return secure(issuer, issuer) && !strings.ContainsAny(issuer, "?#")
}

// Fetchable reports whether we fetch from an address that a deployment names: an https URL
// without a password, or an http URL on this very machine.
func Fetchable(address string) bool { return secure(address, "http://localhost") }

// secure reports whether an address is an https URL without a password. An http URL will do if both the
// address and the issuer are on this machine.
func secure(address, issuer string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u) && onLoopback(issuer)
}

func onLoopback(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && loopback(u)
}

func loopback(u *url.URL) bool {
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}

// Documents returns where the issuer's document is, and where an authorization server that is no
// OpenID provider has it.
func (d *Discovery) Documents() (openID, oauth string) {
	base := strings.TrimSuffix(d.issuer, "/")
	scheme, rest, _ := strings.Cut(base, "://")
	host, path, inside := strings.Cut(rest, "/")
	if inside {
		path = "/" + path
	}
	return base + configurationPath, scheme + "://" + host + metadataPath + path
}

// Load reads the issuer's document. It changes nothing if the document cannot be used: it has to
// name exactly this issuer, because otherwise another's keys would check this one's tokens
// (section 4.3), and an address that nobody on the way can change.
func (d *Discovery) Load(document []byte, now time.Time) error {
	if len(document) > KeySetBytes || jsonscan.Check(document, keySetDepth) != nil {
		return ErrDocument
	}
	issuer, ok := jsonscan.Str(jsonscan.Field(document, "issuer"))
	keys, _ := jsonscan.Str(jsonscan.Field(document, "jwks_uri"))
	switch {
	case !ok:
		return ErrDocument
	case issuer != d.issuer:
		return ErrOtherIssuer
	case !secure(keys, d.issuer):
		return ErrAddress
	}
	d.keys, d.loadedAt = keys, now
	return nil
}

// Address returns where the key set is, "" if that is unknown or was found too long ago. fresh
// says that there is no need to ask again.
func (d *Discovery) Address(now time.Time) (keys string, fresh bool) {
	age := now.Sub(d.loadedAt)
	if age < 0 { // the clock was set back
		age = d.ages.Fresh
	}
	if d.keys == "" || age >= d.ages.Stale {
		return "", false
	}
	return d.keys, age < d.ages.Fresh
}
