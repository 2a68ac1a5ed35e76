package front

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Config is what a deployment's variables say about admission.
type Config struct {
	// Issuers are those whose tokens are taken: that of ISSUER and the variables beside it, and
	// those of ISSUERS.
	Issuers []Issuer
	// NoQueryTokens refuses a token in a URL (QUERY_TOKENS is 0).
	NoQueryTokens bool
	// Fault is why nobody is let in with a token; nil: they are.
	Fault *protocol.Error
	// Jurisdiction is where the objects are to be (JURISDICTION). Misplaced is why nobody may ask
	// one of them; nil: they may.
	Jurisdiction string
	Misplaced    *protocol.Error
	// KeyAges is how long fetched keys are believed (JWKS_FRESH_S, JWKS_STALE_S,
	// JWKS_COOLDOWN_S).
	KeyAges token.Ages
	// Quiet leaves out of the log who was admitted (LOG_LEVEL is warn or error): who was
	// refused always stands there.
	Quiet bool
	// Embedded says that this Worker is the issuer too (EMBEDDED_ISSUER).
	Embedded bool
	// Origins are whose pages may connect beside the Worker's own (ALLOWED_ORIGINS, PUBLIC_URL).
	Origins access.Origins
	// Operators may ask the admin API (ADMIN_TOKEN); none: there is no such API.
	Operators access.Operators
	// Webhook says that there is a WEBHOOK_SECRET, and WebhookWindow how old or
	// new a signature may be (WEBHOOK_WINDOW_S).
	Webhook       bool
	WebhookWindow time.Duration
	// Connects and Logins are how often one address may connect, and may sign in or
	// bring the operators' routes a wrong token (CONNECTS_PER_IP_PER_MIN and _BURST,
	// LOGINS_PER_IP_PER_MIN and _BURST). A Count below 0 is no limit.
	Connects, Logins rate.Limit
	// Auth is how often one address may ask the embedded issuer for anything
	// (AUTH_PER_IP_PER_MIN and _BURST).
	Auth rate.Limit
	// Guests sign the tokens of guests (GUEST_SECRET); none: there are no links. GuestLinks lets
	// users make links (GUEST_LINKS), and Links is how often one address may redeem some
	// (LINKS_PER_IP_PER_MIN and _BURST).
	Guests     []string
	GuestLinks bool
	Links      rate.Limit
	// BodyTimeout is how long a request's body may take (BODY_TIMEOUT_MS), AdminBody, AppendBody and
	// WebhookBody how large an operator's, one that adds to a document, and a webhook's may be
	// (ADMIN_MAX_BODY_BYTES, APPEND_MAX_BODY_BYTES, WEBHOOK_MAX_BODY_BYTES).
	BodyTimeout                        time.Duration
	AdminBody, AppendBody, WebhookBody int
	// Published are the public keys of the embedded issuer, the one that it signs with first.
	Published []token.Key
	// AppSecrets sign the session ids that apps are given (APP_SESSION_SECRET, several
	// separated by spaces); none: there are no apps.
	AppSecrets []string
	// ClaimsHook says that the claims are read by a hook, and ClaimsTimeout how long it may
	// take (CLAIMS_TIMEOUT_MS).
	ClaimsHook    bool
	ClaimsTimeout time.Duration
	// MaxTokenLife is the longest life a token may have, from iat to exp (MAX_TOKEN_LIFE_S).
	MaxTokenLife time.Duration
	// InitTimeout is how long an app may take to its app_connection_init, where that brings
	// its key (INIT_TIMEOUT_MS), WaitingApps how many in an isolate may be at that
	// (WAITING_APPS), and WaitingAppsPerAddress how many of those of one address
	// (WAITING_APPS_PER_IP).
	InitTimeout                        time.Duration
	WaitingApps, WaitingAppsPerAddress int
}

// ErrNoKeys is a deployment that has no way to check a token.
var ErrNoKeys = errors.New("front: none of JWKS_URL, STATIC_KEY and EMBEDDED_ISSUER with SIGNING_KEY is set, and ISSUER is no https URL to ask for its keys")

// ParseEnv reads the variables, a JSON object of strings. With an error the Config
// still serves everything that needs no token; and what does, unless there is a Fault. The
// error holds no value.
func ParseEnv(env []byte) (Config, error) {
	if jsonscan.Check(env, 2) != nil {
		return Config{Fault: noKeys(ErrNoKeys)}, ErrNoKeys
	}
	cfg := Config{
		Embedded:  on(env, vars.EmbeddedIssuer),
		Quiet:     quiet(env),
		Origins:   access.ParseOrigins(value(env, vars.AllowedOrigins), value(env, vars.PublicURL)),
		Operators: access.ParseOperators(value(env, vars.AdminToken)),
		Webhook:   len(access.ParseSecrets(value(env, vars.WebhookSecret))) > 0,

		WebhookWindow: span(env, vars.WebhookWindow),
		AppSecrets:    access.ParseSecrets(value(env, vars.AppSessionSecret)),
		MaxTokenLife:  span(env, vars.MaxTokenLife),
		ClaimsHook:    text(env, claimsHook) != "",
		ClaimsTimeout: span(env, vars.ClaimsTimeout),
		KeyAges:       token.Ages{Fresh: span(env, vars.JWKSFresh), Stale: span(env, vars.JWKSStale), UnknownCooldown: span(env, vars.JWKSCooldown)},
		Connects:      perMinute(env, vars.ConnectsPerIPPerMin, vars.ConnectsPerIPBurst),
		Logins:        perMinute(env, vars.LoginsPerIPPerMin, vars.LoginsPerIPBurst),
		Auth:          perMinute(env, vars.AuthPerIPPerMin, vars.AuthPerIPBurst),

		Guests:     access.ParseSecrets(value(env, vars.GuestSecret)),
		GuestLinks: on(env, vars.GuestLinks),
		Links:      perMinute(env, vars.LinksPerIPPerMin, vars.LinksPerIPBurst),

		BodyTimeout: span(env, vars.BodyTimeout),
		AdminBody:   number(env, vars.AdminMaxBodyBytes),
		AppendBody:  number(env, vars.AppendMaxBodyBytes),
		WebhookBody: number(env, vars.WebhookMaxBodyBytes),

		InitTimeout: span(env, vars.InitTimeout),
		WaitingApps: number(env, vars.WaitingApps),

		WaitingAppsPerAddress: number(env, vars.WaitingAppsPerIP),
	}
	if cfg.Embedded {
		if signing, err := token.PublicKey([]byte(value(env, vars.SigningKey))); err == nil {
			cfg.Published, _ = access.WithPrevious(signing, value(env, vars.PreviousKeys))
		}
	}
	err := cfg.readIdentity(env)
	if cfg.readPlacement(env); cfg.Misplaced != nil {
		cfg.Fault = cfg.Misplaced
		return cfg, errors.New(cfg.Misplaced.Message)
	}
	return cfg, err
}

func noKeys(err error) *protocol.Error { return notConfigured("not_configured", err.Error()+".") }

func value(env []byte, v vars.Text) string { return text(env, v.Name()) }

func number(env []byte, v vars.Number) int { return v.Int(text(env, v.Name())) }

func span(env []byte, v vars.Number) time.Duration { return v.Duration(text(env, v.Name())) }

func on(env []byte, v vars.Switch) bool { return v.On(text(env, v.Name())) }

func quiet(env []byte) bool {
	word, _ := vars.LogLevel.Choose(text(env, vars.LogLevel.Name()))
	return word != "info"
}

// perMinute reads the two variables of a limit.
func perMinute(env []byte, count, burst vars.Number) rate.Limit {
	l := rate.Limit{Per: time.Minute, Count: number(env, count), Burst: number(env, burst)}
	if l.Count == 0 {
		l.Count = -1
	}
	return l
}
