// Package issuer is the embedded issuer: it signs people in by e-mail and
// password, and keeps them signed in by a refresh token. The key its access tokens are
// checked with is published by the front Worker (edge/front). It is for development and small deployments,
// and off unless EMBEDDED_ISSUER is set; any other OpenID provider does as well.
//
//	POST /auth/login    {"email","password"} -> an access token, and the refresh cookie
//	POST /auth/refresh  the cookie           -> both anew; {"expires_in":seconds} asks for a token of a shorter life
//	POST /auth/logout   the cookie           -> 204; the whole sign-in is over
//	                    {"everywhere":true}  -> 204; so are all others of the user, the
//	                                            access tokens that are out, and the
//	                                            connections that are open
//
// A refresh token is good for one use. It is a random number of which only the
// hash is stored, in a family that begins with a login. A token that is used
// twice was copied, and nobody can say which of the two users is the thief, so
// the whole family ends (RFC 9700, section 4.14.2). For 10 seconds after its use
// a token is forgiven: two tabs that refresh at once, or an answer that was lost.
// What a thief gets by being as quick does not last either: see refresh.go. And no
// sign-in lasts for ever: SIGN_IN_MAX_S after it began the password is asked for again.
//
// # Rotating the signing key
//
// SIGNING_KEY signs; PREVIOUS_KEYS (a key set or a list of keys, of which private
// halves are ignored) are published and accepted beside it. So a new key takes over
// without anybody being signed out:
//
//  1. Other services that check these tokens, and fetch the key set on a timer only:
//     add the new key to PREVIOUS_KEYS first, deploy, and wait until they have it. The
//     Worker itself needs no such step.
//  2. Put the new key into SIGNING_KEY and the old one's public half into
//     PREVIOUS_KEYS, in one deployment. (`make rotate` does that to .dev.vars.)
//  3. When the last token of the old key has expired (ACCESS_TOKEN_TTL_S later), take
//     it out of PREVIOUS_KEYS. A key that leaked is taken out at once: everybody's
//     next token comes by their refresh cookie, which no key signs.
package issuer

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Config is what a deployment's variables say about the issuer.
type Config struct {
	// Issuer is the iss of every token, and Audience its aud; none: it has none.
	Issuer   string
	Audience []string
	// EmailSubjects says that a user is called by their e-mail outside the issuer's own
	// tables (SUBJECT_CLAIM is email), and not by their id there.
	EmailSubjects bool
	// AccessTTL and RefreshTTL are how long the two kinds of token live, SignInMax how
	// long a sign-in lasts at most, however often it is refreshed; 0: the default.
	AccessTTL, RefreshTTL, SignInMax time.Duration
	// Refreshes is how often one sign-in may be refreshed in a minute; 0: the default.
	Refreshes int
	// Keys are the public halves that are published; the first is the signing key's.
	Keys []token.Key
	// LoginFailures is how many wrong passwords an account may be tried with from one
	// address in LoginWindow, and LoginFailuresAccount from all together; 0: the default.
	LoginFailures, LoginFailuresAccount int
	LoginWindow                         time.Duration
	// Log prints one line for the operators' own log.
	Log func(line string)
	// AllowOrigin says whether a page of origin may sign in at host, and CORS with which
	// headers, name after value, it may read the answer.
	AllowOrigin func(origin, host string) bool
	CORS        func(origin string) []string
	// Sessions is where a user's connections are ended.
	Sessions Sessions
	// Now is the clock.
	Now func() time.Time
	// Random fills b from a cryptographic source.
	Random func(b []byte)
}

// The default lives of the tokens (seed S2: 15 minutes).
const (
	DefaultAccessTTL  = 15 * time.Minute
	DefaultRefreshTTL = 30 * 24 * time.Hour
	DefaultSignInMax  = 90 * 24 * time.Hour
)

// Crypto is what the platform computes for the issuer.
type Crypto interface {
	// Derive returns 32 bytes of PBKDF2 with SHA-256.
	Derive(password string, salt []byte, iterations int) ([]byte, error)
	// Sign returns the RS256 signature of input.
	Sign(input []byte) ([]byte, error)
}

// Sessions is the users' session objects.
type Sessions interface {
	// EndAll ends a user's connections, and all access tokens that are out or that come
	// of a sign-in that began before now. It has happened, or is going to, when the error is nil.
	EndAll(ctx context.Context, userID string) error
}

// Issuer answers the routes above.
type Issuer struct {
	cfg    Config
	store  Store
	crypto Crypto
	// place and account are how often a password may be wrong: see attempts.go.
	place, account rate.Limit
}

// New returns the issuer's handler. Any other path is answered with NOT_FOUND.
func New(cfg Config, store Store, crypto Crypto) http.Handler {
	if cfg.SignInMax <= 0 {
		cfg.SignInMax = DefaultSignInMax
	}
	if cfg.Refreshes <= 0 {
		cfg.Refreshes = DefaultRefreshes
	}
	i := &Issuer{
		cfg: cfg, store: store, crypto: crypto,
		place:   limit(cfg.LoginFailures, DefaultLoginFailures, cfg.LoginWindow),
		account: limit(cfg.LoginFailuresAccount, DefaultLoginFailuresAccount, cfg.LoginWindow),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/auth/login", i.post(i.login))
	mux.HandleFunc("/auth/refresh", i.post(i.refresh))
	mux.HandleFunc("/auth/logout", i.post(i.logout))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, &protocol.Error{Code: protocol.NotFound}) })
	return i.readable(mux)
}

// readable lets the pages that may ask read what they are answered.
func (i *Issuer) readable(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && i.cfg.AllowOrigin(origin, r.URL.Host) {
			cors := i.cfg.CORS(origin)
			for n := 0; n+1 < len(cors); n += 2 {
				w.Header().Set(cors[n], cors[n+1])
			}
		}
		h.ServeHTTP(w, r)
	})
}

// post guards what changes something: a page can make a browser send a GET, and
// a POST with its cookies from anywhere, but it cannot hide where it is from.
func (i *Issuer) post(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			methodNotAllowed(w, http.MethodPost)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !i.cfg.AllowOrigin(origin, r.URL.Host) {
			fail(w, &protocol.Error{Code: protocol.OriginNotAllowed})
			return
		}
		h(w, r)
	}
}

// Names reports whether the issuer's tokens have this claim and its users are known by it.
func Names(subjectClaim string) bool {
	return subjectClaim == token.UserIDClaim || subjectClaim == "sub" || subjectClaim == token.EmailClaim
}

// subject is what everybody else calls a user. The table has e-mails in lower case only.
func (i *Issuer) subject(user User) string {
	if i.cfg.EmailSubjects {
		return user.Email
	}
	return user.ID
}

// answer ends a login or a refresh.
func (i *Issuer) answer(w http.ResponseWriter, access string, ttl time.Duration, userID string) {
	body := jsonscan.NewObject(nil)
	body.Str("access_token", access)
	body.Str("token_type", "Bearer")
	body.Int("expires_in", int64(ttl/time.Second))
	body.Str("user_id", userID)
	write(w, http.StatusOK, body.End(), "no-store")
}
