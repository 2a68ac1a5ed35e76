//go:build js && wasm

package main

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/d1"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/vars"
)

// guests makes the tokens of guests.
func guests() http.Handler {
	tables := database()
	if tables == nil {
		return broken("database_missing")
	}
	return link.NewHandler(link.Config{
		Secrets: access.ParseSecrets(value(vars.GuestSecret)),
		TTL:     span(vars.GuestTokenTTL),
		Origins: access.ParseOrigins(value(vars.AllowedOrigins), value(vars.PublicURL)),
		Now:     time.Now,
		Random:  func(b []byte) { rand.Read(b) },
		Log:     attempt.Log,
	}, link.SQLStore{DB: tables})
}

// links is the store of links; nil without a secret to sign guests' tokens.
func links(tables *d1.DB) link.Store {
	if len(access.ParseSecrets(value(vars.GuestSecret))) == 0 {
		return nil
	}
	return link.SQLStore{DB: tables, Kept: ended()}
}
