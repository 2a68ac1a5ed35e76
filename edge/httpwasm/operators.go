//go:build js && wasm

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/http"
	"strconv"
	"time"

	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/d1"

	"github.com/holdfast-dev/holdfast/edge/admin"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/front"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// operators is the admin API of this deployment, and its webhook.
func operators() http.Handler {
	db, err := d1.OpenConnector("DB")
	if err != nil {
		return broken("database_missing")
	}
	return admin.New(admin.Config{
		Operators:       front.ParseOperators(cloudflare.Getenv("ADMIN_TOKEN")),
		Secrets:         front.ParseSecrets(cloudflare.Getenv("WEBHOOK_SECRET")),
		Window:          front.ParseWindow(cloudflare.Getenv("WEBHOOK_WINDOW_S")),
		MaxEvents:       count("WEBHOOK_MAX_EVENTS"),
		MaxWebhookBytes: count("WEBHOOK_MAX_BODY_BYTES"),
		MaxBodyBytes:    count("ADMIN_MAX_BODY_BYTES"),
		MaxEntries:      count("AUDIT_MAX_ENTRIES"),
		Embedded:        front.On(cloudflare.Getenv("EMBEDDED_ISSUER")),
		Elsewhere:       cloudflare.Getenv("PERMISSIONS_URL") != "",
		Now:             time.Now,
		Random:          func(b []byte) { rand.Read(b) },
		Log:             attempt.Log,
	}, admin.SQLStore{DB: sql.OpenDB(db), EmailSubjects: front.ParseSubject(cloudflare.Getenv("SUBJECT_CLAIM")) == token.EmailClaim}, objects{})
}

// objects are the Durable Objects.
type objects struct{}

func (objects) Call(_ context.Context, binding, name string, text []byte) ([]byte, error) {
	return attempt.Object(binding, name, text)
}

// count reads a limit; 0, which stands for the default, for what is none.
func count(name string) int {
	n, err := strconv.Atoi(cloudflare.Getenv(name))
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	return n
}
