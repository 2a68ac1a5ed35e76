package front

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Config is what a deployment's variables say about admission.
type Config struct {
	// Verifier is what a token must say, and which claim of it is the user (ISSUER,
	// AUDIENCE, SUBJECT_CLAIM, EMAILS_VERIFIED, TOKEN_LEEWAY_S).
	Verifier token.Verifier
	// NoQueryTokens refuses a token in a URL (QUERY_TOKENS is 0).
	NoQueryTokens bool
	// Fault is why nobody is let in with a token; nil: they are.
	Fault *protocol.Error
	// KeySetURL is where the issuer's keys are (JWKS_URL).
	KeySetURL string
	// KeyAges is how long fetched keys are believed (JWKS_FRESH_S, JWKS_STALE_S,
	// JWKS_COOLDOWN_S).
	KeyAges token.Ages
	// Keys are those of a deployment that fetches none: STATIC_KEY; or the public
	// halves of the embedded issuer's SIGNING_KEY and, behind it, PREVIOUS_KEYS.
	Keys []token.Key
	// Quiet leaves out of the log who was admitted (LOG_LEVEL is warn or error): who was
	// refused always stands there.
	Quiet bool
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
	// Connects and Logins are how often one address may connect, and may sign in or
	// bring the operators' routes a wrong token (CONNECTS_PER_IP_PER_MIN and _BURST,
	// LOGINS_PER_IP_PER_MIN and _BURST). A Count below 0 is no limit.
	Connects, Logins rate.Limit
	// Auth is how often one address may ask the embedded issuer for anything
	// (AUTH_PER_IP_PER_MIN and _BURST).
	Auth rate.Limit
	// BodyTimeout is how long a request's body may take (BODY_TIMEOUT_MS), AdminBody and
	// WebhookBody how large an operator's and a webhook's may be (ADMIN_MAX_BODY_BYTES,
	// WEBHOOK_MAX_BODY_BYTES).
	BodyTimeout            time.Duration
	AdminBody, WebhookBody int
	// Published are the public keys of the embedded issuer, the one that it signs with first.
	Published []token.Key
	// AppSecrets sign the session ids that apps are given (APP_SESSION_SECRET, several
	// separated by spaces); none: there are no apps.
	AppSecrets []string
	// MaxTokenLife is the longest life a token may have, from iat to exp (MAX_TOKEN_LIFE_S).
	MaxTokenLife time.Duration
	// InitTimeout is how long an app may take to its app_connection_init, where that brings
	// its key (INIT_TIMEOUT_MS), WaitingApps how many in an isolate may be at that
	// (WAITING_APPS), and WaitingAppsPerAddress how many of those of one address
	// (WAITING_APPS_PER_IP).
	InitTimeout                        time.Duration
	WaitingApps, WaitingAppsPerAddress int
}

// The default limits of one address, for each minute and at once. A whole office may
// be behind one, and all of it comes back at once when the line does.
const (
	DefaultConnects, DefaultConnectsBurst = 120, 240
	DefaultLogins, DefaultLoginsBurst     = 30, 30
	DefaultAuth, DefaultAuthBurst         = 120, 240
)

// DefaultInitTimeout is as long as seed S1 gives a device. DefaultWaitingApps times what is
// kept of one, at two bytes a character, is half of an isolate's memory (128 MB); what the
// platform holds of a frame that has not wholly arrived comes on top, and is not to be seen.
const (
	DefaultInitTimeout = 30 * time.Second
	DefaultWaitingApps = 500
	// DefaultWaitingAppsPerAddress keeps one address from taking all the places. An app
	// needs one for as long as its key is looked up.
	DefaultWaitingAppsPerAddress = 20
)

// ErrNoKeys is a deployment that has no way to check a token.
var ErrNoKeys = errors.New("front: none of JWKS_URL, STATIC_KEY and EMBEDDED_ISSUER with SIGNING_KEY is set")

// ParseEnv reads the variables, a JSON object of strings. With an error the Config
// still serves everything that needs no token; and what does, unless there is a Fault. The
// error holds no value.
func ParseEnv(env []byte) (Config, error) {
	if jsonscan.Check(env, 2) != nil {
		return Config{Fault: noKeys(ErrNoKeys)}, ErrNoKeys
	}
	cfg := Config{
		KeySetURL: text(env, "JWKS_URL"),
		Embedded:  On(text(env, "EMBEDDED_ISSUER")),
		Quiet:     text(env, "LOG_LEVEL") == "warn" || text(env, "LOG_LEVEL") == "error",
		Origins:   ParseOrigins(text(env, "ALLOWED_ORIGINS")),
		Operators: ParseOperators(text(env, "ADMIN_TOKEN")),
		Webhook:   len(ParseSecrets(text(env, "WEBHOOK_SECRET"))) > 0,

		WebhookWindow: ParseWindow(text(env, "WEBHOOK_WINDOW_S")),
		AppSecrets:    ParseSecrets(text(env, "APP_SESSION_SECRET")),
		MaxTokenLife:  cmp.Or(duration(env, "MAX_TOKEN_LIFE_S", time.Second), token.MaxLife),
		KeyAges: token.Ages{
			Fresh:           duration(env, "JWKS_FRESH_S", time.Second),
			Stale:           duration(env, "JWKS_STALE_S", time.Second),
			UnknownCooldown: duration(env, "JWKS_COOLDOWN_S", time.Second),
		},
		Connects: perMinute(env, "CONNECTS_PER_IP", DefaultConnects, DefaultConnectsBurst),
		Logins:   perMinute(env, "LOGINS_PER_IP", DefaultLogins, DefaultLoginsBurst),
		Auth:     perMinute(env, "AUTH_PER_IP", DefaultAuth, DefaultAuthBurst),

		BodyTimeout: cmp.Or(duration(env, "BODY_TIMEOUT_MS", time.Millisecond), DefaultBodyTimeout),
		AdminBody:   size(env, "ADMIN_MAX_BODY_BYTES", DefaultAdminBody),
		WebhookBody: size(env, "WEBHOOK_MAX_BODY_BYTES", DefaultWebhookBody),

		InitTimeout: cmp.Or(duration(env, "INIT_TIMEOUT_MS", time.Millisecond), DefaultInitTimeout),
		WaitingApps: number(env, "WAITING_APPS", DefaultWaitingApps, 0),

		WaitingAppsPerAddress: number(env, "WAITING_APPS_PER_IP", DefaultWaitingAppsPerAddress, 1),
	}
	if cfg.Embedded {
		if signing, err := token.PublicKey([]byte(text(env, "SIGNING_KEY"))); err == nil {
			cfg.Published, _ = WithPrevious(signing, text(env, "PREVIOUS_KEYS"))
		}
	}
	cfg.readIdentity(env)
	if reason, message := cfg.identityFault(env); reason != "" {
		cfg.Fault = notConfigured(reason, message)
		return cfg, errors.New(message)
	}
	if cfg.KeySetURL != "" {
		return cfg, nil
	}
	source, previous := text(env, "STATIC_KEY"), ""
	if source == "" && cfg.Embedded {
		source, previous = text(env, "SIGNING_KEY"), text(env, "PREVIOUS_KEYS")
	}
	if source == "" {
		cfg.Fault = noKeys(ErrNoKeys)
		return cfg, ErrNoKeys
	}
	key, err := token.PublicKey([]byte(source))
	if err != nil {
		cfg.Fault = noKeys(err)
		return cfg, err
	}
	// With an unusable list the newest key still counts: who signs in now can work.
	cfg.Keys, err = WithPrevious(key, previous)
	return cfg, err
}

func noKeys(err error) *protocol.Error { return notConfigured("not_configured", err.Error()+".") }

// WithPrevious returns the keys tokens may be signed with: the signing key, and
// behind it those of the variable PREVIOUS_KEYS, a key set or a list of keys. With an
// error it is the signing key alone.
func WithPrevious(signing token.Key, previous string) ([]token.Key, error) {
	keys := []token.Key{signing}
	if strings.TrimSpace(previous) == "" {
		return keys, nil
	}
	others, err := token.PublicKeys([]byte(previous))
	if err != nil {
		return keys, err
	}
	if signing.ID == "" {
		return keys, token.ErrKey // nobody could say which key a token means
	}
	for _, other := range others {
		switch {
		case other.ID != signing.ID:
			keys = append(keys, other)
		case string(other.JWK) != string(signing.JWK):
			return keys[:1], token.ErrKeySet // two keys of one name
		}
	}
	return keys, nil
}

// duration reads one of whole units; 0 when there is none that can be used.
func duration(env []byte, name string, unit time.Duration) time.Duration {
	n, err := strconv.Atoi(text(env, name))
	if err != nil || n <= 0 || n > 1<<30 {
		return 0
	}
	return time.Duration(n) * unit
}

// number reads a count of at least least; otherwise when there is none that can be used.
func number(env []byte, name string, otherwise, least int) int {
	n, err := strconv.Atoi(text(env, name))
	if err != nil || n < least || n > 1<<20 {
		return otherwise
	}
	return n
}

// size reads a number of bytes, as the module behind the HTTP routes does.
func size(env []byte, name string, otherwise int) int {
	n, err := strconv.Atoi(text(env, name))
	if err != nil || n <= 0 || n > 1<<30 {
		return otherwise
	}
	return n
}

// perMinute reads the two variables of a limit. "0" for the first is no limit; what
// cannot be read is the default.
func perMinute(env []byte, name string, count, burst int) rate.Limit {
	l := rate.Limit{Per: time.Minute, Count: number(env, name+"_PER_MIN", count, 0), Burst: number(env, name+"_BURST", burst, 1)}
	if l.Count == 0 {
		l.Count = -1
	}
	return l
}

// On reports whether a variable switches something on.
func On(value string) bool { return value != "" && value != "0" && value != "false" }
