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
	"strings"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/d1"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/retention"
	"github.com/holdfast-dev/holdfast/shared/token"
)

func main() {
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Only what the request needs is made: the issuer begins by reading a key.
		if r.URL.Path == link.RedeemPath {
			guests().ServeHTTP(w, r)
		} else if strings.HasPrefix(r.URL.Path, "/v1/") {
			operators().ServeHTTP(w, r)
		} else {
			signIn().ServeHTTP(w, r)
		}
	}))
}

// signIn is the issuer of this deployment.
func signIn() http.Handler {
	subject := access.ParseSubject(value(vars.SubjectClaim))
	if !issuer.Names(subject) {
		return broken("subject_claim_unusable")
	}
	signingKey := value(vars.SigningKey)
	key, err := token.PublicKey([]byte(signingKey))
	if err != nil {
		return broken("signing_key_unusable")
	}
	// Without the others the newest still signs; that they cannot be used the front says.
	keys, _ := access.WithPrevious(key, value(vars.PreviousKeys))
	db, err := d1.OpenConnector("DB")
	if err != nil {
		return broken("database_missing")
	}
	tables := sql.OpenDB(db)
	return issuer.New(issuer.Config{
		Issuer:   value(vars.Issuer),
		Audience: access.ParseAudience(value(vars.Audience)),

		EmailSubjects:        subject == token.EmailClaim,
		AccessTTL:            span(vars.AccessTokenTTL),
		RefreshTTL:           span(vars.RefreshTokenTTL),
		SignInMax:            span(vars.SignInMax),
		Refreshes:            number(vars.RefreshesPerSignInPerMin),
		Keys:                 keys,
		Origins:              access.ParseOrigins(value(vars.AllowedOrigins), value(vars.PublicURL)),
		Sessions:             issuer.SessionObjects{},
		LoginFailures:        number(vars.LoginFailures),
		LoginFailuresAccount: number(vars.LoginFailuresPerAccount),
		LoginWindow:          span(vars.LoginWindow),
		PasswordMin:          number(vars.PasswordMin),
		SignUp:               vars.SignUp.On(cloudflare.Getenv(vars.SignUp.Name())),
		SignUps:              number(vars.SignUpsPerHour),
		SignUpsPlace:         number(vars.SignUpsPerIPPerHour),
		Log:                  attempt.Log,
		Now:                  time.Now,
		Random:               func(b []byte) { rand.Read(b) },
	}, issuer.SQLStore{DB: tables}, account.SQLStore{DB: tables}, issuer.WebCrypto{PrivateKey: signingKey})
}

// broken answers everything for a deployment that lacks something.
func broken(reason string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest.Fail(w, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason})
	})
}

// ended is for how long the database keeps what has ended.
func ended() retention.Rule { return retention.Rule{Keep: span(vars.EndedDays)} }

func value(v vars.Text) string { return cloudflare.Getenv(v.Name()) }

func number(v vars.Number) int { return v.Int(cloudflare.Getenv(v.Name())) }

func span(v vars.Number) time.Duration { return v.Duration(cloudflare.Getenv(v.Name())) }
