package front

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Config is what a deployment's variables say about admission.
type Config struct {
	// Issuer and Audience are what a token must name (ISSUER, AUDIENCE).
	Issuer, Audience string
	// KeySetURL is where the issuer's keys are (JWKS_URL).
	KeySetURL string
	// Key is the one key of a deployment that fetches none: STATIC_KEY, or the
	// public half of the embedded issuer's SIGNING_KEY.
	Key *token.Key
	// Embedded says that this Worker is the issuer too (EMBEDDED_ISSUER).
	Embedded bool
	// Origins are the pages that may connect (ALLOWED_ORIGINS, separated by
	// commas); none: pages of the Worker's own host. "*" is anybody.
	Origins []string
	// Operators may ask the admin API (ADMIN_TOKEN); none: there is no such API.
	Operators Operators
	// Webhook says that there is a WEBHOOK_SECRET, and WebhookWindow how old or
	// new a signature may be (WEBHOOK_WINDOW_S).
	Webhook       bool
	WebhookWindow time.Duration
}

// ErrNoKeys is a deployment that has no way to check a token.
var ErrNoKeys = errors.New("front: none of JWKS_URL, STATIC_KEY and EMBEDDED_ISSUER with SIGNING_KEY is set")

// ParseEnv reads the variables, a JSON object of strings. With an error the Config
// still serves everything that needs no token. The error holds no value.
func ParseEnv(env []byte) (Config, error) {
	if jsontext.Check(env, 2) != nil {
		return Config{}, ErrNoKeys
	}
	cfg := Config{
		Issuer:    text(env, "ISSUER"),
		Audience:  text(env, "AUDIENCE"),
		KeySetURL: text(env, "JWKS_URL"),
		Embedded:  On(text(env, "EMBEDDED_ISSUER")),
		Origins:   ParseOrigins(text(env, "ALLOWED_ORIGINS")),
		Operators: ParseOperators(text(env, "ADMIN_TOKEN")),
		Webhook:   len(ParseSecrets(text(env, "WEBHOOK_SECRET"))) > 0,

		WebhookWindow: ParseWindow(text(env, "WEBHOOK_WINDOW_S")),
	}
	if cfg.KeySetURL != "" {
		return cfg, nil
	}
	source := text(env, "STATIC_KEY")
	if source == "" && cfg.Embedded {
		source = text(env, "SIGNING_KEY")
	}
	if source == "" {
		return cfg, ErrNoKeys
	}
	key, err := token.PublicKey([]byte(source))
	if err != nil {
		return cfg, err
	}
	cfg.Key = &key
	return cfg, nil
}

// On reports whether a variable switches something on.
func On(value string) bool { return value != "" && value != "0" && value != "false" }
