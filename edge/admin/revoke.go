package admin

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/signin"
)

// revoke makes tokens unusable: one, those of a sign-in, those that a client's connections
// live by, those of up to a moment, or all there are. Of the five exactly one must be said.
func revoke(c *request) (answer, *protocol.Error) {
	r := c.ending(protocol.TokenRevoked, "revoked")
	said, kind := 0, ""
	for _, field := range [...]string{"jti", "sign_in", "client_id", "before", "all"} {
		if c.fields[field] == nil {
			continue
		}
		said, kind = said+1, field
		if err := c.meant(r, field); err != nil {
			return answer{}, err
		}
	}
	if said != 1 {
		return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonNotOne,
			Message: "Say exactly one of jti, sign_in, client_id, before and all."}
	}
	// The session object first: it needs no database. From then on it takes no token that
	// is meant, nor any that a sign-in of before brings later; so nothing is lost when the
	// sign-ins cannot be ended now.
	if kind == "all" && protocol.IsGuest(c.user) {
		return c.revokeGuest(r)
	}
	receipt, err := c.ask(c.ctx, c.user, r.Message())
	c.endDelegations(r)
	if !c.cfg.Embedded || kind == "jti" || kind == "before" || kind == "client_id" && err != nil {
		return ended(receipt, "", err)
	}
	state := "ended"
	any, failed := c.endSignIns(kind, receipt)
	switch {
	case failed != nil:
		state = "not_ended"
		if err == nil {
			err = rest.Unavailable("sign_ins_not_ended")
			err.Message = "The connections are closed and the tokens are worthless, but the database did not take the end of the sign-ins: repeat the call."
			err.Details = append(err.Details, protocol.Detail{Name: "receipt", Raw: receipt})
		}
	case !any:
		state = "none"
	}
	if err != nil {
		err.Details = append(err.Details, protocol.Detail{Name: "sign_ins", Raw: jsonscan.AppendString(nil, state)})
	}
	return ended(receipt, state, err)
}

// endDelegations marks the delegations that a revocation covers, for whoever lists them. The
// session object refuses them, marked or not.
func (c *request) endDelegations(r *call.End) {
	now := c.cfg.Now()
	issued := r.Before.Time()
	switch {
	case r.All:
		issued = now
	case issued.IsZero():
		return
	default: // the whole second is meant, of the one that runs what has passed of it
		if issued = issued.Truncate(time.Second).Add(time.Second - time.Millisecond); issued.After(now) {
			issued = now
		}
	}
	c.store.EndDelegations(c.ctx, c.user, issued, now)
}

// ended is the answer to a revocation; signIns says what became of the sign-ins, "" where
// none are meant.
func ended(receipt []byte, signIns string, err *protocol.Error) (answer, *protocol.Error) {
	if err != nil {
		return answer{}, err
	}
	w := jsonscan.NewObject(nil)
	w.Raw("receipt", receipt)
	if signIns != "" {
		w.Str("sign_ins", signIns)
	}
	return ok(w.End()), nil
}

// meant checks one of revoke's fields, and takes it into the request.
func (c *request) meant(r *call.End, field string) *protocol.Error {
	text, _ := jsonscan.Str(c.fields[field])
	good := false
	switch field {
	case "jti": // by what a token's is taken, too; a delegation is revoked by its own call
		r.TokenID, good = text, protocol.UserID(text) && !protocol.IsDelegate(text)
	case "sign_in":
		r.SignIn, good = text, signin.IsID(text)
	case "client_id":
		r.ClientID, good = text, protocol.Identifier(text, protocol.DefaultLimits.IDBytes) && !protocol.IsDelegate(text)
	case "before":
		at, err := c.before(c.fields[field])
		r.Before = call.At(at)
		return err
	case "all":
		r.All, _ = jsonscan.Bool(c.fields[field])
		good = r.All
	}
	if !good {
		return rest.BadField(field)
	}
	return nil
}

// endSignIns ends the sign-ins with the embedded issuer that a revocation means, and
// reports whether there were any. When all is revoked, no browser of the user's is known
// any more either.
func (c *request) endSignIns(kind string, receipt []byte) (any bool, err error) {
	var ids []string
	switch kind {
	case "all":
		if any, err = c.store.EndSignIns(c.ctx, c.user, "", c.cfg.Now()); err == nil {
			err = c.store.ForgetBrowsers(c.ctx, c.user)
		}
		return any, err
	case "sign_in":
		id, _ := jsonscan.Str(c.fields["sign_in"])
		ids = []string{id}
	default:
		ids = call.SignIns(receipt)
	}
	for _, id := range ids {
		one, failed := c.store.EndSignIns(c.ctx, c.user, id, c.cfg.Now())
		if any = any || one; failed != nil {
			err = failed
		}
	}
	return any, err
}

// SignIn is a sign-in with the embedded issuer that is not over.
type SignIn struct {
	ID, UserAgent string
	// UsedAt is when it was last refreshed.
	SignedInAt, UsedAt, ExpiresAt time.Time
}

// SignIns is the part of the Store that is the embedded issuer's.
type SignIns interface {
	// SignIns are a user's, the last used first, at most max.
	SignIns(ctx context.Context, user string, now time.Time, max int) ([]SignIn, error)
	// EndSignIns ends one of a user's sign-ins, or all for the id ""; false: there was none.
	EndSignIns(ctx context.Context, user, id string, now time.Time) (bool, error)
	// ForgetBrowsers makes a user's browsers as unknown as any.
	ForgetBrowsers(ctx context.Context, user string) error
}

// listSignIns says by which sign-ins a user is signed in.
func listSignIns(c *request) (answer, *protocol.Error) {
	if err := c.embedded(); err != nil {
		return answer{}, err
	}
	limit, err := c.count("limit", c.cfg.MaxEntries, 100)
	if err != nil {
		return answer{}, err
	}
	list, failed := c.store.SignIns(c.ctx, c.user, c.cfg.Now(), limit+1)
	if failed != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	w := jsonscan.NewObject(nil)
	w.Array("sign_ins")
	for _, s := range list[:min(len(list), limit)] {
		w.OpenItem()
		w.Str("id", s.ID)
		w.Time("signed_in_at", s.SignedInAt)
		w.Time("used_at", s.UsedAt)
		w.Time("expires_at", s.ExpiresAt)
		w.Str("user_agent", s.UserAgent)
		w.Close()
	}
	w.CloseArray()
	w.Bool("more", len(list) > limit)
	return ok(w.End()), nil
}
