package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/signin"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Delegations let a program act for a user on one document. The user makes them by an access
// token, an operator for any user. They are the only routes here that a user may ask.

const (
	delegationsPath     = userPath + "/delegations"
	delegationPath      = delegationsPath + "/{delegation_id}"
	ownDelegationsPath  = "/v1/delegations"
	ownDelegationPath   = ownDelegationsPath + "/{delegation_id}"
	delegationNameBytes = 100
	// delegationsListed is how many one answer holds.
	delegationsListed = 100
)

// userName is who did what a user has done.
const userName = "the user"

var delegationFields = []string{"document", "name", "role", "expires", "reason"}

// visitor finds out which user asks, and whether their token counts: on a document, if one is
// named, where they have to have a right.
func (c *request) visitor(document string) (issued time.Time, err *protocol.Error) {
	claims, ok := call.ParseClaims(c.cfg.Claims)
	if !ok {
		return issued, &protocol.Error{Code: protocol.AuthenticationFailed}
	}
	c.user = claims.UserID
	_, err = c.ask(c.ctx, c.user, (&call.May{Document: document, Claims: c.cfg.Claims}).Message())
	return signin.Issued(claims.TokenID, claims.IssuedAt.Time()), err
}

func makeOwnDelegation(c *request) (answer, *protocol.Error) {
	d, err := c.newDelegation()
	if err != nil {
		return answer{}, err
	}
	if d.IssuedAt, err = c.visitor(d.Document); err != nil {
		return answer{}, err
	}
	return c.makeDelegation(d)
}

func makeDelegation(c *request) (answer, *protocol.Error) {
	if protocol.IsGuest(c.user) {
		return answer{}, rest.BadField("user_id")
	}
	d, err := c.newDelegation()
	if err != nil {
		return answer{}, err
	}
	d.IssuedAt, d.By = d.CreatedAt, c.by
	return c.makeDelegation(d)
}

// newDelegation reads what the body says.
func (c *request) newDelegation() (d Delegation, err *protocol.Error) {
	d.CreatedAt = c.cfg.Now()
	d.Document, _ = jsonscan.Str(c.fields["document"])
	if !protocol.DocumentID(d.Document) {
		return d, rest.BadField("document")
	}
	c.document = d.Document
	if d.Name, err = c.text("name", delegationNameBytes); err != nil {
		return d, err
	}
	// Everybody on the document is shown it beside the user's own name.
	if d.Name = token.Clean(d.Name, delegationNameBytes); d.Name == "" {
		return d, rest.BadField("name")
	}
	if c.fields["role"] != nil {
		if d.Role, err = c.oneOf("role", string(permission.FullAccess), string(permission.Edit), string(permission.CommentRole), string(permission.View)); err != nil {
			return d, err
		}
	}
	at, isMoment := momentOf(c.fields["expires"])
	if !isMoment || !at.After(d.CreatedAt) || at.After(d.CreatedAt.Add(c.cfg.DelegationLife)) {
		return d, rest.BadField("expires")
	}
	d.ExpiresAt = at
	return d, nil
}

// makeDelegation stores a delegation. Only this answer shows its key, for only its hash is stored.
func (c *request) makeDelegation(d Delegation) (answer, *protocol.Error) {
	var key string
	d.ID, key, d.Hash = c.newKey(protocol.DelegationKeyPrefix)
	d.UserID = c.user
	stored, err := c.store.AddDelegation(c.ctx, d, c.cfg.MaxDelegations)
	switch {
	case err != nil:
		return answer{}, rest.Unavailable("database_unavailable")
	case !stored:
		return answer{}, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_delegations",
			Message: "The user has as many delegations as they may have: revoke one, or come back tomorrow."}
	}
	if ended := c.cfg.Ended.Before(d.CreatedAt); !ended.IsZero() {
		c.store.ForgetDelegations(c.ctx, c.user, ended) // the next one does it, if this cannot
	}
	c.key = d.ID
	w := jsonscan.NewObject(nil)
	appendDelegation(&w, d, d.CreatedAt)
	w.Str("key", key)
	return created(w.End()), nil
}

func listOwnDelegations(c *request) (answer, *protocol.Error) {
	if _, err := c.visitor(""); err != nil {
		return answer{}, err
	}
	return listDelegations(c)
}

func listDelegations(c *request) (answer, *protocol.Error) {
	limit, err := c.count("limit", c.cfg.MaxEntries, delegationsListed)
	if err != nil {
		return answer{}, err
	}
	list, failed := c.store.Delegations(c.ctx, c.user, limit+1)
	if failed != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	w := jsonscan.NewObject(nil)
	w.Array("delegations")
	for _, d := range list[:min(len(list), limit)] {
		w.OpenItem()
		appendDelegation(&w, d, c.cfg.Now())
		w.Close()
	}
	w.CloseArray()
	w.Bool("more", len(list) > limit)
	return ok(w.End()), nil
}

func appendDelegation(w *jsonscan.Writer, d Delegation, now time.Time) {
	state := "valid"
	switch {
	case !d.RevokedAt.IsZero():
		state = "revoked"
	case !now.Before(d.ExpiresAt):
		state = "ended"
	}
	w.Str("id", d.ID)
	w.Str("document", d.Document)
	w.Str("name", d.Name)
	if d.Role != "" {
		w.Str("role", d.Role)
	}
	w.Str("state", state)
	w.Time("created_at", d.CreatedAt)
	if d.By != "" {
		w.Str("created_by", d.By)
	}
	w.Time("expires_at", d.ExpiresAt)
	if !d.RevokedAt.IsZero() {
		w.Time("revoked_at", d.RevokedAt)
	}
}

func revokeOwnDelegation(c *request) (answer, *protocol.Error) {
	if _, err := c.visitor(""); err != nil {
		return answer{}, err
	}
	return revokeDelegation(c)
}

// revokeDelegation ends a delegation, and answers when its program's connections are closed. The
// table first: an admission that read it before finds the revocation in the user's object. Without
// the table the user's object alone keeps the program out, for a day.
func revokeDelegation(c *request) (answer, *protocol.Error) {
	failed := c.store.RevokeDelegation(c.ctx, c.user, c.key, c.cfg.Now())
	if failed == ErrNotFound {
		return answer{}, &protocol.Error{Code: protocol.NotFound, Reason: "delegation_not_found", Message: "The user has no such delegation."}
	}
	r := c.ending(protocol.TokenRevoked, "delegation_revoked")
	r.TokenID = protocol.DelegateClient(c.key)
	receipt, err := c.ask(c.ctx, c.user, r.Message())
	switch {
	case failed != nil && err == nil:
		err = rest.Unavailable("delegation_not_stored")
		err.Message = "The program is disconnected and kept out for a day, but the database did not take the revocation: repeat the call."
		err.Details = append(err.Details, protocol.Detail{Name: "receipt", Raw: receipt})
		return answer{}, err
	case failed != nil:
		return answer{}, rest.Unavailable("database_unavailable")
	case err != nil:
		return answer{}, afterStore(err)
	}
	return stored(receipt), nil
}
