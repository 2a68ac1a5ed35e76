package front

import (
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// readIdentity reads the variables that say whose tokens are taken and whom they name.
func (c *Config) readIdentity(env []byte) {
	c.Verifier = token.Verifier{
		Issuer:         value(env, vars.Issuer),
		Audience:       access.ParseAudience(value(env, vars.Audience)),
		Subject:        access.ParseSubject(value(env, vars.SubjectClaim)),
		EmailsVerified: on(env, vars.EmailsVerified),
		Leeway:         span(env, vars.TokenLeeway),
	}
	// The embedded issuer's tokens have the audience that is set, and none else.
	c.Verifier.Unaddressed = c.Embedded && strings.TrimSpace(value(env, vars.Audience)) == ""
	c.NoQueryTokens = !on(env, vars.QueryTokens)
}

// identityFault is why the variables let nobody in, "" if they do. A key set says which
// tokens are genuine, and nothing of whom they are for: one issuer signs for many, and one
// set may be many issuers'. So what is not checked has to be said.
func (c *Config) identityFault(env []byte) (reason, message string) {
	keySet, outside := value(env, vars.JWKSURL), value(env, vars.JWKSURL) != "" || value(env, vars.StaticKey) != ""
	switch {
	case !token.SubjectClaim(c.Verifier.Subject):
		return "subject_claim_unusable", "SUBJECT_CLAIM names a claim that says nothing of who somebody is."
	case outside && c.Verifier.Issuer == "":
		return "issuer_missing", "ISSUER is not set: with JWKS_URL or STATIC_KEY it has to say whose tokens are taken."
	case outside && value(env, vars.Audience) == "":
		return "audience_missing", `AUDIENCE is not set: with JWKS_URL or STATIC_KEY it has to say whom a token must be for; "*" is anybody.`
	case strings.TrimSpace(value(env, vars.Audience)) != "" && len(c.Verifier.Audience) == 0 && !strings.Contains(value(env, vars.Audience), access.AnyAudience):
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
