package front

import (
	"errors"

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
		Embedded:  on(text(env, "EMBEDDED_ISSUER")),
		Origins:   ParseOrigins(text(env, "ALLOWED_ORIGINS")),
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

// on reports whether a variable switches something on.
func on(value string) bool { return value != "" && value != "0" && value != "false" }
