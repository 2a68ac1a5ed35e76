//go:build js && wasm

// Command httpwasm is the module behind the HTTP routes: the embedded issuer's and the
// operators'. A request waits for D1, WebCrypto and objects. An instance serves one request at a
// time, for one that waits on behalf of two hangs one of them; then it serves another
// (edge/worker/program.mjs).
//
// Requests come and answers go by github.com/syumai/workers, as the variables do: workers.Serve,
// cloudflare.Getenv. What a request then asks of the platform goes as text (package attempt), D1
// included. Every JavaScript value that Go holds has a finalizer, TinyGo collects all garbage for each
// 32 of them, and the package's D1 driver makes hundreds of a refresh, some of which it keeps for
// good; a request and its answer are some dozens.
package main

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/retention"
	"github.com/holdfast-dev/holdfast/shared/token"
)

func main() {
	// TinyGo collects when the heap is full, and the small one it starts with is full after half a
	// request: this makes it grow, once in an instance's life.
	spare = make([]byte, 1<<20)
	spare = nil
	workers.Serve(whole(func(w http.ResponseWriter, r *http.Request) { handler(r.URL.Path).ServeHTTP(w, r) }))
}

var spare []byte

// made are the handlers that are the same for each request. The issuer's begins by reading a key, and
// the operators' has a table of routes.
var made = map[string]http.Handler{}

// handler returns what answers a path.
func handler(path string) http.Handler {
	name, make := "sign-in", signIn
	switch {
	case path == link.RedeemPath:
		name, make = "guests", guests
	case strings.HasPrefix(path, "/v1/"):
		// Those of the user who asks: the front Worker says so, beside the variables, where no request can.
		if claims := cloudflare.Getenv(access.VisitorClaims); claims != "" {
			return operators([]byte(claims))
		}
		name, make = "operators", func() http.Handler { return operators(nil) }
	}
	if made[name] == nil {
		made[name] = make()
	}
	return made[name]
}

// signIn is the issuer of this deployment.
func signIn() http.Handler {
	subject := access.ParseSubject(value(vars.SubjectClaim))
	if !issuer.Names(subject) {
		return broken("subject_claim_unusable")
	}
	key, err := token.PublicKey([]byte(value(vars.SigningKey)))
	if err != nil {
		return broken("signing_key_unusable")
	}
	// Without the others the newest still signs; that they cannot be used the front says.
	keys, _ := access.WithPrevious(key, value(vars.PreviousKeys))
	tables := database()
	if tables == nil {
		return broken("database_missing")
	}
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
		SignUp:               on(vars.SignUp),
		SignUps:              number(vars.SignUpsPerHour),
		SignUpsPlace:         number(vars.SignUpsPerIPPerHour),
		Log:                  attempt.Log,
		Now:                  time.Now,
		Random:               func(b []byte) { rand.Read(b) },
		After:                func(do func()) { go do() },
	}, issuer.SQLStore{DB: tables}, account.SQLStore{DB: tables}, issuer.WebCrypto{Variable: vars.SigningKey.Name()})
}

// broken answers everything for a deployment that lacks something.
func broken(reason string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest.Fail(w, &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason})
	})
}

// ended is for how long the database keeps what has ended.
func ended() retention.Rule { return retention.Rule{Keep: span(vars.EndedDays)} }

// database is the one of the accounts and rights, nil where there is none.
func database() *d1.DB {
	if cloudflare.GetBinding("DB").IsUndefined() {
		return nil
	}
	return &d1.DB{Host: attempt.Database{Binding: "DB"}}
}

func value(v vars.Text) string { return cloudflare.Getenv(v.Name()) }

func number(v vars.Number) int { return v.Int(cloudflare.Getenv(v.Name())) }

func span(v vars.Number) time.Duration { return v.Duration(cloudflare.Getenv(v.Name())) }

func on(v vars.Switch) bool { return v.On(cloudflare.Getenv(v.Name())) }
