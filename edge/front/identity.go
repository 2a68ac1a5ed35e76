package front

import (
	"errors"
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Issuer is one issuer whose tokens are taken.
type Issuer struct {
	// Verifier is what a token must say, and which claim of it is the user.
	Verifier token.Verifier
	// Keys are those of an issuer whose keys are not fetched: STATIC_KEY; or the public
	// halves of the embedded issuer's SIGNING_KEY and, behind it, PREVIOUS_KEYS.
	Keys []token.Key
	// KeySetURL is where its keys are; "" if there are Keys, or if the issuer itself is asked.
	KeySetURL string
}

// readIdentity reads the variables that say whose tokens are taken and whom they name. With an
// error that is a Fault too nobody is let in.
func (c *Config) readIdentity(env []byte) error {
	c.NoQueryTokens = !on(env, vars.QueryTokens)
	one, others := issuerOf(env, c.Embedded), value(env, vars.Issuers)
	if reason, message := one.fault(env); reason != "" {
		c.Fault = notConfigured(reason, message)
		return errors.New(message)
	}
	var previous error
	if others == "" || one.source != sourceNone {
		err := one.readKeys(env)
		if err != nil && one.Keys == nil {
			c.Fault = noKeys(err)
			return err
		}
		// With an unusable PREVIOUS_KEYS the newest key still counts: who signs in now can work.
		c.Issuers, previous = append(c.Issuers, one.Issuer), err
	}
	if others == "" {
		return previous
	}
	list, message := readIssuers([]byte(others), c.Issuers)
	if message != "" {
		c.Fault = notConfigured("issuers_unusable", "ISSUERS: "+message)
		return errors.New("ISSUERS: " + message)
	}
	for i := range list {
		list[i].Verifier.Leeway = span(env, vars.TokenLeeway)
	}
	c.Issuers = list
	return previous
}

// source is where the keys of the one issuer of ISSUER come from.
type source uint8

const (
	sourceNone source = iota
	sourceURL
	sourceStatic
	sourceEmbedded
	sourceDiscovery
)

// described is the issuer of ISSUER and the variables beside it.
type described struct {
	Issuer
	source source
	// unknown says that ALGORITHMS holds a name that is none of ours.
	unknown bool
}

func issuerOf(env []byte, embedded bool) described {
	d := described{Issuer: Issuer{Verifier: token.Verifier{
		Issuer:         value(env, vars.Issuer),
		Audience:       access.ParseAudience(value(env, vars.Audience)),
		Subject:        access.ParseSubject(value(env, vars.SubjectClaim)),
		EmailsVerified: on(env, vars.EmailsVerified),
		Leeway:         span(env, vars.TokenLeeway),
	}}}
	v := &d.Verifier
	switch {
	case value(env, vars.JWKSURL) != "":
		d.source = sourceURL
	case value(env, vars.StaticKey) != "":
		d.source = sourceStatic
	case embedded:
		d.source = sourceEmbedded
	case v.Issuer != "":
		d.source = sourceDiscovery
	}
	// The embedded issuer's tokens have the audience that is set, and none else.
	v.Unaddressed = embedded && strings.TrimSpace(value(env, vars.Audience)) == ""
	if d.source != sourceEmbedded { // it signs with RS256, and knows no other claim for an app
		if v.AudienceClaim = strings.TrimSpace(value(env, vars.AudienceClaim)); v.AudienceClaim == "aud" {
			v.AudienceClaim = ""
		}
		v.Algorithms, d.unknown = access.ParseAlgorithms(value(env, vars.Algorithms))
	}
	return d
}

// fault is why the variables let nobody in, "" if they do. A key set says which
// tokens are genuine, and nothing of whom they are for: one issuer signs for many, and one
// set may be many issuers'. So what is not checked has to be said.
func (d *described) fault(env []byte) (reason, message string) {
	v, audience := &d.Verifier, value(env, vars.Audience)
	outside := d.source != sourceEmbedded && d.source != sourceNone
	keySet := value(env, vars.JWKSURL)
	switch {
	case !token.SubjectClaim(v.Subject):
		return "subject_claim_unusable", "SUBJECT_CLAIM names a claim that says nothing of who somebody is."
	case v.AudienceClaim != "" && !token.AudienceClaim(v.AudienceClaim):
		return "audience_claim_unusable", "AUDIENCE_CLAIM is none of aud, client_id and azp."
	case d.unknown:
		return "algorithms_unusable", "ALGORITHMS holds a name that is none of " + access.AlgorithmNames + "."
	case outside && v.Issuer == "":
		return "issuer_missing", "ISSUER is not set: with JWKS_URL or STATIC_KEY it has to say whose tokens are taken."
	case d.source == sourceDiscovery && !token.Discoverable(v.Issuer):
		return "issuer_unusable", "ISSUER is no https URL that can be asked for its keys: set JWKS_URL or STATIC_KEY, or EMBEDDED_ISSUER."
	case outside && strings.TrimSpace(audience) == "":
		return "audience_missing", `AUDIENCE is not set: with another issuer it has to say whom a token must be for; "*" is anybody.`
	case strings.TrimSpace(audience) != "" && len(v.Audience) == 0 && !strings.Contains(audience, access.AnyAudience):
		return "audience_missing", "AUDIENCE holds no name."
	case keySet != "" && !fetchable(keySet):
		return "jwks_url_unusable", "JWKS_URL is no http or https URL."
	case withPassword(keySet):
		return "jwks_url_unusable", "JWKS_URL holds a user name or a password, and neither would be sent."
	case withPassword(value(env, vars.PermissionsURL)):
		return "permissions_url_unusable", "PERMISSIONS_URL holds a user name or a password, and neither would be sent: PERMISSIONS_TOKEN is."
	}
	return "", ""
}

// readKeys reads the keys that are configured, or where they are. With an error some may be
// usable still.
func (d *described) readKeys(env []byte) error {
	text, previous := "", ""
	switch d.source {
	case sourceURL:
		d.KeySetURL = value(env, vars.JWKSURL)
		return nil
	case sourceDiscovery:
		return nil
	case sourceStatic:
		text = value(env, vars.StaticKey)
	case sourceEmbedded:
		text, previous = value(env, vars.SigningKey), value(env, vars.PreviousKeys)
	}
	if text == "" {
		return ErrNoKeys
	}
	key, err := token.PublicKey([]byte(text), d.Verifier.Algorithms...)
	if err != nil {
		return err
	}
	d.Keys, err = access.WithPrevious(key, previous)
	return err
}

func fetchable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func withPassword(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User != nil
}

// notConfigured is the answer to everybody with a token.
func notConfigured(reason, message string) *protocol.Error {
	return &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason, Message: "This server is not configured: " + message}
}

// Complaints are the log's lines about variables that cannot be used, one under the other; ""
// if there are none.
func Complaints(env []byte, cfg Config, err error) string {
	lines := vars.Complaint(func(yield func(name, value string)) {
		for o, _ := jsonscan.Parse(env); o.Next(); {
			value, _ := jsonscan.Str(o.Value())
			yield(string(o.Key()), value)
		}
	})
	if err == nil {
		return lines
	}
	w := jsonscan.NewObject(nil)
	w.Str("level", "error")
	w.Str("event", "not_configured")
	if cfg.Fault != nil {
		w.Str("reason", cfg.Fault.Reason)
	}
	w.Str("message", err.Error())
	return strings.TrimSpace(string(w.End()) + "\n" + lines)
}

// health says whether anybody can be let in.
func (f *Front) health() []byte {
	if f.cfg.Fault != nil {
		return respond(f.cfg.Fault)
	}
	if f.cfg.Misplaced != nil {
		return respond(f.cfg.Misplaced)
	}
	return ok(`{"status":"ok"}`)
}
