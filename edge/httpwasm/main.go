//go:build js && wasm

// Command httpwasm is the module behind the HTTP routes: the embedded issuer's and the
// operators'. It is booted for one request, which waits for D1, WebCrypto and objects,
// and is dropped with it: an instance that waits on behalf of two requests hangs one
// of them.
package main

import (
	"crypto/rand"
	"database/sql"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/d1"

	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/front"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

func main() {
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only what the request needs is made: the issuer begins by reading a key.
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			operators().ServeHTTP(w, r)
		} else {
			signIn().ServeHTTP(w, r)
		}
	}))
}

// signIn is the issuer of this deployment.
func signIn() http.Handler {
	subject := front.ParseSubject(cloudflare.Getenv("SUBJECT_CLAIM"))
	if !issuer.Names(subject) {
		return broken("subject_claim_unusable")
	}
	signingKey := cloudflare.Getenv("SIGNING_KEY")
	key, err := token.PublicKey([]byte(signingKey))
	if err != nil {
		return broken("signing_key_unusable")
	}
	// Without the others the newest still signs; that they cannot be used the front says.
	keys, _ := front.WithPrevious(key, cloudflare.Getenv("PREVIOUS_KEYS"))
	db, err := d1.OpenConnector("DB")
	if err != nil {
		return broken("database_missing")
	}
	origins := front.ParseOrigins(cloudflare.Getenv("ALLOWED_ORIGINS"))
	return issuer.New(issuer.Config{
		Issuer:   cloudflare.Getenv("ISSUER"),
		Audience: front.ParseAudience(cloudflare.Getenv("AUDIENCE")),

		EmailSubjects: subject == token.EmailClaim,
		AccessTTL:     seconds("ACCESS_TOKEN_TTL_S", issuer.DefaultAccessTTL),
		RefreshTTL:    seconds("REFRESH_TOKEN_TTL_S", issuer.DefaultRefreshTTL),
		SignInMax:     seconds("SIGN_IN_MAX_S", issuer.DefaultSignInMax),
		Refreshes:     number("REFRESHES_PER_SIGN_IN_PER_MIN"),
		Keys:          keys,
		AllowOrigin: func(origin, host string) bool {
			return front.OriginAllowed(origins, origin, host)
		},
		CORS:                 func(origin string) []string { return front.CORS(origins, origin) },
		Sessions:             issuer.SessionObjects{},
		LoginFailures:        number("LOGIN_FAILURES"),
		LoginFailuresAccount: number("LOGIN_FAILURES_PER_ACCOUNT"),
		LoginWindow:          seconds("LOGIN_WINDOW_S", issuer.DefaultLoginWindow),
		Log:                  attempt.Log,
		Now:                  time.Now,
		Random:               func(b []byte) { rand.Read(b) },
	}, issuer.SQLStore{DB: sql.OpenDB(db)}, issuer.WebCrypto{PrivateKey: signingKey})
}

// broken answers everything for a deployment that lacks something.
func broken(reason string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest.Fail(w, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason})
	})
}

// number is a variable's value; 0 when it is none.
func number(name string) int {
	n, err := strconv.Atoi(cloudflare.Getenv(name))
	if err != nil || n > 1<<20 {
		return 0
	}
	return n
}

func seconds(name string, otherwise time.Duration) time.Duration {
	n, err := strconv.Atoi(cloudflare.Getenv(name))
	if err != nil || n <= 0 || n > 1<<30 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
