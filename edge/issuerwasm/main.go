//go:build js && wasm

// Command issuerwasm is the embedded issuer's module. It is booted for one HTTP
// request, which waits for D1 and WebCrypto, and is dropped with it: an instance
// that waits on behalf of two requests hangs one of them.
package main

import (
	"crypto/rand"
	"database/sql"
	"net/http"
	"strconv"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/d1"

	"github.com/holdfast-dev/holdfast/edge/front"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

func main() {
	workers.Serve(handler())
}

// handler is the issuer of this deployment.
func handler() http.Handler {
	signingKey := cloudflare.Getenv("SIGNING_KEY")
	key, err := token.PublicKey([]byte(signingKey))
	if err != nil {
		return broken("signing_key_unusable")
	}
	db, err := d1.OpenConnector("DB")
	if err != nil {
		return broken("database_missing")
	}
	origins := front.ParseOrigins(cloudflare.Getenv("ALLOWED_ORIGINS"))
	return issuer.New(issuer.Config{
		Issuer:     cloudflare.Getenv("ISSUER"),
		AccessTTL:  seconds("ACCESS_TOKEN_TTL_S", issuer.DefaultAccessTTL),
		RefreshTTL: seconds("REFRESH_TOKEN_TTL_S", issuer.DefaultRefreshTTL),
		KeyID:      key.ID,
		PublicKey:  key.JWK,
		AllowOrigin: func(origin, host string) bool {
			return front.OriginAllowed(origins, origin, host)
		},
		Now:    time.Now,
		Random: func(b []byte) { rand.Read(b) },
	}, issuer.SQLStore{DB: sql.OpenDB(db)}, issuer.WebCrypto{PrivateKey: signingKey})
}

// broken answers everything for a deployment that lacks something.
func broken(reason string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		err := &protocol.Error{Code: protocol.ServiceUnavailable, Reason: reason}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(err.Row().HTTP)
		w.Write(err.AppendJSON(nil))
	})
}

func seconds(name string, otherwise time.Duration) time.Duration {
	n, err := strconv.Atoi(cloudflare.Getenv(name))
	if err != nil || n <= 0 || n > 1<<30 {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
