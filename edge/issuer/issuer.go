// Package issuer is the embedded issuer: it signs users in by e-mail and password, and keeps
// them signed in by a refresh token. The front Worker (edge/front) publishes the key that
// checks its access tokens. It is for development and small deployments, and off unless
// EMBEDDED_ISSUER is set; any other OpenID provider serves as well. Its state is the Store.
//
//	POST /auth/login    {"email","password"} -> an access token, and the refresh cookie
//	POST /auth/refresh  the cookie           -> a new one of both; {"expires_in":seconds} asks for a shorter life
//	POST /auth/logout   the cookie           -> 204; the whole sign-in is over
//	                    {"everywhere":true}  -> 204; so are all other sign-ins of the user,
//	                                            their access tokens and their open
//	                                            connections
//
//	POST /auth/password    the cookie, {"current_password","new_password"} -> all other sign-ins of the user end
//	POST /auth/invitation  {"token","password","name"?} -> the account of an invitation has its password
//	POST /auth/reset       {"token","password"} -> the account has another one, and all its sign-ins end
//	POST /auth/sign-up     {"email","password","name"?} -> an account, signed in; off unless SIGN_UP is set
//
// Operators make accounts, invitations and resets (edge/admin). password.go says what becomes of
// sign-ins, and signup.go what a sign-up tells strangers.
//
// A refresh token serves once. It is a random number, of which the issuer stores only the
// hash, in a family that begins with a login. A token that comes twice was copied, and
// nobody can say which of the two users is the thief, so the whole family ends (RFC 9700,
// section 4.14.2). For 10 seconds after its use the issuer accepts a token again, for two
// tabs that refresh at once, and for an answer that was lost. A thief who is as quick gains
// nothing lasting, either: see refresh.go. And no sign-in lasts for ever: SIGN_IN_MAX_S after
// it began the user has to enter the password again.
//
// # Rotating the signing key
//
// SIGNING_KEY signs. The keys in PREVIOUS_KEYS (a key set or a list of keys; private halves
// are ignored) are published and accepted beside it. So a new key can take over without
// signing anybody out:
//
//  1. If other services check these tokens, and fetch the key set on a timer only: first
//     add the new key to PREVIOUS_KEYS, deploy, and wait until they have it. The Worker
//     itself needs no such step.
//  2. Put the new key into SIGNING_KEY and the old one's public half into
//     PREVIOUS_KEYS, in one deployment. (`make rotate` does that to .dev.vars.)
//  3. When the last token of the old key has expired (ACCESS_TOKEN_TTL_S later), remove
//     the key from PREVIOUS_KEYS. Remove a key that leaked at once: everybody's next
//     token comes by the refresh cookie, which no key signs.
package issuer

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Config holds the deployment's settings of the issuer.
type Config struct {
	// Issuer is the iss of every token, Audience its aud; without one the token has none.
	Issuer   string
	Audience []string
	// EmailSubjects says that everything outside the issuer's own tables names a user by the
	// e-mail (SUBJECT_CLAIM is email), and not by the id in those tables.
	EmailSubjects bool
	// AccessTTL and RefreshTTL are the lives of the two kinds of token. SignInMax is the
	// longest life of a sign-in, however often it is refreshed. 0 means the default.
	AccessTTL, RefreshTTL, SignInMax time.Duration
	// Refreshes is how often one sign-in may be refreshed in a minute; 0: the default.
	Refreshes int
	// Keys are the public halves that are published; the first is the signing key's.
	Keys []token.Key
	// LoginFailures is how many wrong passwords an account may have from one address in
	// LoginWindow, LoginFailuresAccount how many from all together. 0 means the default.
	LoginFailures, LoginFailuresAccount int
	LoginWindow                         time.Duration
	// PasswordMin is the length of the shortest new password in characters; 0: the default.
	PasswordMin int
	// SignUp lets anybody make an account. SignUps and SignUpsPlace are how often somebody may
	// try that in an hour, from all addresses and from one; 0: the default.
	SignUp                bool
	SignUps, SignUpsPlace int
	// Log prints one line of the operators' log.
	Log func(line string)
	// Origins are whose pages may sign in.
	Origins access.Origins
	// Sessions ends users' connections.
	Sessions Sessions
	// Now is the clock.
	Now func() time.Time
	// Random fills b from a cryptographic source.
	Random func(b []byte)
	// After does what no answer waits for, now or later; nil: now.
	After func(do func())
}

// The default lives of the tokens (seed S2: 15 minutes).
const (
	DefaultAccessTTL  = 15 * time.Minute
	DefaultRefreshTTL = 30 * 24 * time.Hour
	DefaultSignInMax  = 90 * 24 * time.Hour
)

// Crypto is the cryptography of the platform.
type Crypto interface {
	// Derive returns 32 bytes of PBKDF2 with SHA-256.
	Derive(password string, salt []byte, iterations int) ([]byte, error)
	// Sign returns the RS256 signature of input.
	Sign(input []byte) ([]byte, error)
}

// Sessions are the users' objects.
type Sessions interface {
	// End ends what one sign-in of a user's has brought and will bring: connections and access
	// tokens. For the sign-in "" it ends all of the user's connections, all issued access tokens,
	// and those that a sign-in from before now still brings. If the error is nil it has
	// happened, or is going to. The audit log has the reason.
	End(ctx context.Context, userID, signIn, reason string) error
}

// Issuer answers the routes above.
type Issuer struct {
	cfg      Config
	store    Store
	crypto   Crypto
	accounts account.Store
	// place and account limit wrong passwords: see attempts.go. signUps and signUpsPlace limit
	// attempts to sign up.
	place, account, signUps, signUpsPlace rate.Limit
}

// New returns the issuer's handler. It answers any other path with NOT_FOUND.
func New(cfg Config, store Store, accounts account.Store, crypto Crypto) http.Handler {
	if cfg.SignInMax <= 0 {
		cfg.SignInMax = DefaultSignInMax
	}
	if cfg.After == nil {
		cfg.After = func(do func()) { do() }
	}
	if cfg.Refreshes <= 0 {
		cfg.Refreshes = DefaultRefreshes
	}
	i := &Issuer{
		cfg: cfg, store: store, accounts: accounts, crypto: crypto,
		place:   limit(cfg.LoginFailures, DefaultLoginFailures, cfg.LoginWindow),
		account: limit(cfg.LoginFailuresAccount, DefaultLoginFailuresAccount, cfg.LoginWindow),

		signUps:      limit(cfg.SignUps, DefaultSignUps, time.Hour),
		signUpsPlace: limit(cfg.SignUpsPlace, DefaultSignUpsPlace, time.Hour),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/auth/login", i.post(i.login))
	mux.HandleFunc("/auth/refresh", i.post(i.refresh))
	mux.HandleFunc("/auth/logout", i.post(i.logout))
	mux.HandleFunc("/auth/password", i.post(i.changePassword))
	mux.HandleFunc("/auth/invitation", i.post(i.redeem(account.Invitation, "invitation_accepted")))
	mux.HandleFunc("/auth/reset", i.post(i.redeem(account.Reset, "password_reset")))
	mux.HandleFunc("/auth/sign-up", i.post(i.signUp))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { rest.Fail(w, &protocol.Error{Code: protocol.NotFound}) })
	return i.readable(mux)
}

// readable lets pages of allowed origins read the answers.
func (i *Issuer) readable(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && i.cfg.Origins.Allow(origin, r.URL) {
			cors := i.cfg.Origins.CORS(origin, r.URL)
			for n := 0; n+1 < len(cors); n += 2 {
				w.Header().Set(cors[n], cors[n+1])
			}
		}
		h.ServeHTTP(w, r)
	})
}

// handler answers a request, or returns the error that is its answer.
type handler func(w http.ResponseWriter, r *http.Request) *protocol.Error

// post guards routes that change something. A page can make a browser send a GET, and a POST
// with its cookies, from anywhere, but it cannot hide its origin.
func (i *Issuer) post(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			rest.MethodNotAllowed(w, http.MethodPost)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !i.cfg.Origins.Allow(origin, r.URL) {
			rest.Fail(w, &protocol.Error{Code: protocol.OriginNotAllowed})
			return
		}
		if err := h(w, r); err != nil {
			status := err.Row().HTTP
			if err.Reason == reasonTaken {
				status = http.StatusConflict
			}
			rest.FailWith(w, err, status)
		}
	}
}

// Names reports whether the issuer's tokens have this claim, and the claim names its users.
func Names(subjectClaim string) bool {
	return subjectClaim == token.UserIDClaim || subjectClaim == "sub" || subjectClaim == token.EmailClaim
}

// subject returns the name of a user outside the issuer. The table has e-mails in lower case only.
func (i *Issuer) subject(user User) string {
	if i.cfg.EmailSubjects {
		return user.Email
	}
	return user.ID
}

// answer answers a login or a refresh.
func (i *Issuer) answer(w http.ResponseWriter, access string, ttl time.Duration, userID string) *protocol.Error {
	body := jsonscan.NewObject(nil)
	body.Str("access_token", access)
	body.Str("token_type", "Bearer")
	body.Int("expires_in", int64(ttl/time.Second))
	body.Str("user_id", userID)
	return write(w, http.StatusOK, body.End(), "no-store")
}
