//go:build js && wasm

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/http"
	"time"

	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/d1"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/admin"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// operators is the admin API of this deployment, and its webhook.
func operators() http.Handler {
	db, err := d1.OpenConnector("DB")
	if err != nil {
		return broken("database_missing")
	}
	tables, emails := sql.OpenDB(db), access.ParseSubject(value(vars.SubjectClaim)) == token.EmailClaim
	elsewhere := value(vars.PermissionsURL) != ""
	return admin.New(admin.Config{
		Operators:       access.ParseOperators(value(vars.AdminToken)),
		Secrets:         access.ParseSecrets(value(vars.WebhookSecret)),
		Window:          span(vars.WebhookWindow),
		MaxEvents:       number(vars.WebhookMaxEvents),
		MaxWebhookBytes: number(vars.WebhookMaxBodyBytes),
		MaxBodyBytes:    number(vars.AdminMaxBodyBytes),
		MaxEntries:      number(vars.AuditMaxEntries),
		AppendEntries:   min(number(vars.AppendMaxEntries), number(vars.MaxUnacknowledged)),
		AppendBytes:     number(vars.AppendMaxBodyBytes),
		PageEntries:     number(vars.ContentMaxEntries),
		PageBytes:       number(vars.ContentMaxBytes),
		EmailSubjects:   emails,
		InvitationTTL:   span(vars.InvitationTTL),
		ResetTTL:        span(vars.ResetTTL),
		MaxMessageTTL:   span(vars.UserMessageMaxTTL),
		PasswordMin:     number(vars.PasswordMin),
		Claims:          claims(),
		Origins:         access.ParseOrigins(value(vars.AllowedOrigins), value(vars.PublicURL)),
		MaxDelegations:  number(vars.MaxDelegationsPerUser),
		DelegationLife:  span(vars.MaxDelegationLife),
		Ended:           ended(),
		Derive:          issuer.WebCrypto{}.Derive,
		Embedded:        vars.EmbeddedIssuer.On(cloudflare.Getenv(vars.EmbeddedIssuer.Name())),
		Elsewhere:       elsewhere,
		Links:           links(tables),
		GuestLinks:      vars.GuestLinks.On(cloudflare.Getenv(vars.GuestLinks.Name())),
		LinkMax:         span(vars.LinkMax),
		MaxGuests:       number(vars.MaxGuestsPerLink),
		LinkLimits:      link.Limits{PerDocument: number(vars.MaxLinksPerDocument), PerMaker: number(vars.MaxLinksPerUser)},
		Backend:         eventsBackend(),
		Now:             time.Now,
		Random:          func(b []byte) { rand.Read(b) },
		Log:             attempt.Log,
	}, admin.SQLStore{DB: tables, EmailSubjects: emails, Elsewhere: elsewhere}, account.SQLStore{DB: tables}, objects{})
}

// claims are those of the user who asks, nil where it is none: the front Worker says so, beside the
// variables, where no request can.
func claims() []byte {
	if said := cloudflare.Getenv(access.VisitorClaims); said != "" {
		return []byte(said)
	}
	return nil
}

// objects are the Durable Objects.
type objects struct{}

func (objects) Call(_ context.Context, binding, name string, text []byte) ([]byte, error) {
	return attempt.Object(binding, name, text)
}
