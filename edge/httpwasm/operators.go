//go:build js && wasm

package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/admin"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/issuer"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// operators is the admin API of this deployment, and its webhook. claims are those of the user who asks,
// nil where it is none: the front Worker says so, beside the variables, where no request can.
func operators(claims []byte) http.Handler {
	tables, emails := database(), access.ParseSubject(value(vars.SubjectClaim)) == token.EmailClaim
	if tables == nil {
		return broken("database_missing")
	}
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
		Claims:          claims,
		Origins:         access.ParseOrigins(value(vars.AllowedOrigins), value(vars.PublicURL)),
		MaxDelegations:  number(vars.MaxDelegationsPerUser),
		DelegationLife:  span(vars.MaxDelegationLife),
		Ended:           ended(),
		Derive:          issuer.WebCrypto{}.Derive,
		Embedded:        on(vars.EmbeddedIssuer),
		Elsewhere:       elsewhere,
		Links:           links(tables),
		GuestLinks:      on(vars.GuestLinks),
		LinkMax:         span(vars.LinkMax),
		MaxGuests:       number(vars.MaxGuestsPerLink),
		LinkLimits:      link.Limits{PerDocument: number(vars.MaxLinksPerDocument), PerMaker: number(vars.MaxLinksPerUser)},
		Backend:         eventsBackend(),
		Now:             time.Now,
		Random:          func(b []byte) { rand.Read(b) },
		Log:             attempt.Log,
	}, admin.SQLStore{DB: tables, EmailSubjects: emails, Elsewhere: elsewhere}, account.SQLStore{DB: tables}, objects{})
}

// objects are the Durable Objects.
type objects struct{}

func (objects) Call(_ context.Context, binding, name string, text []byte) ([]byte, error) {
	return attempt.Object(binding, name, text)
}
