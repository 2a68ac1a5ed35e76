package issuer

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Overlap is for how long the issuer accepts a used refresh token again.
//
// Within it one token may get several children. An honest browser ends up with one of
// them, because its tabs share one cookie, that of the last answer. A thief who was as
// quick has another. At that moment nobody can tell which is whose. But after the overlap
// one browser cannot use both. So the first child that is used after the overlap is the one
// in use: it supersedes all unused tokens of the family except its own children. A
// superseded token that comes later is a copy, and ends the family like a token that comes
// twice: thief and victim are both signed out when the second of them refreshes. Superseded
// tokens have 10 seconds of grace as well, for requests under way. A child made in that time
// is superseded from the start, and does not extend it.
//
// Honest tabs notice this in one case: two of them refresh at once, and the answer that comes
// last is under way for so long that the other's token is used meanwhile, with more than 10
// seconds on each side. Then the user has to sign in again.
const Overlap = 10 * time.Second

const (
	// DefaultRefreshes is how often a sign-in may be refreshed in a minute. Children is how
	// often with one token, for tabs of a browser that do not know of each other.
	DefaultRefreshes = 60
	Children         = 20
	window           = time.Minute
	// keptFor is how long a used or superseded token stays in the table: as long as the
	// two limits look back. After that the key of its sign-in identifies it.
	keptFor = 2 * window
	// MaxUnused is how many unused tokens a sign-in may have. A browser has one. A client
	// that makes them faster than they are superseded is not a browser.
	MaxUnused = 100
)

// AgainFor is how long a revoked token may still end everything, so that a client can repeat a
// logout everywhere that failed half-way. Such a token can do nothing else.
const AgainFor = 10 * time.Minute

// verdict is the judgement of a refresh token.
type verdict uint8

const (
	// unusable: the token expired, or its sign-in is over.
	unusable verdict = iota
	// unused: rotate the token.
	unused
	// repeated: the token came again within the overlap. It gets a new child, and the family lives on.
	repeated
	// stolen: the token was used long ago, or is not the one in use.
	stolen
)

func (t RefreshToken) judge(now time.Time) verdict {
	switch {
	case !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt):
		return unusable
	case !t.SupersededAt.IsZero() && now.Sub(t.SupersededAt) > Overlap:
		return stolen
	case t.RotatedAt.IsZero():
		return unused
	case now.Sub(t.RotatedAt) <= Overlap:
		return repeated
	}
	return stolen
}

// leastTTL is the shortest life that a client may ask for.
const leastTTL = 5 * time.Second

// lifetime reads the body of a refresh, which may be absent: the longest life that the client
// wants its token to have. It never exceeds the deployment's own.
func (i *Issuer) lifetime(r *http.Request) (time.Duration, *protocol.Error) {
	body, refusal := rest.ReadBody(r, bodyBytes)
	if refusal != nil || len(body) == 0 || string(body) == "null" {
		return i.cfg.AccessTTL, refusal
	}
	if refusal := needJSON(r, body); refusal != nil {
		return 0, refusal
	}
	raw := jsonscan.Field(body, "expires_in")
	if raw == nil {
		return i.cfg.AccessTTL, nil
	}
	seconds, ok := jsonscan.Uint(raw)
	if !ok || seconds < uint64(leastTTL/time.Second) {
		return 0, rest.BadField("expires_in")
	}
	return time.Duration(min(seconds, uint64(i.cfg.AccessTTL/time.Second))) * time.Second, nil
}

func (i *Issuer) refresh(w http.ResponseWriter, r *http.Request) *protocol.Error {
	c, err := r.Cookie(nameOf(r))
	if err != nil || c.Value == "" {
		return over("refresh_token_missing")
	}
	ttl, refusal := i.lifetime(r)
	if refusal != nil {
		return refusal
	}
	ctx, now, hash := r.Context(), i.cfg.Now(), digest(c.Value)
	row, user, members, err := i.store.Refreshing(ctx, hash, i.cfg.EmailSubjects)
	key, family := keyOf(c.Value)
	if errors.Is(err, ErrNotFound) {
		return i.unknown(ctx, family, now)
	} else if err != nil {
		return unavailable("database_unavailable")
	}
	if end := i.end(row); end.Before(row.ExpiresAt) {
		row.ExpiresAt = end
	}
	verdict := row.judge(now)
	switch verdict {
	case stolen:
		return i.copied(ctx, row.Family, now)
	case unusable:
		return over("refresh_token_invalid")
	}
	if user.Disabled {
		return over("refresh_token_invalid")
	}
	// The new tokens come first: a failure here must not use up the old one.
	access, err := i.access(user, members, row, ttl, now)
	if err != nil {
		return unavailable("crypto_unavailable")
	}
	child, childRow := i.fresh(r, key, RefreshToken{
		Family: row.Family, UserID: user.ID, SignedInAt: row.SignedInAt, Parent: hash, SupersededAt: row.SupersededAt,
	}, now)
	room := Room{Since: now.Add(-window), Most: i.cfg.Refreshes, Children: Children}
	first := verdict == unused
	// All of it or nothing, so that any failure leaves the old token valid.
	renewed, err := i.store.Renew(ctx, Renewal{
		Child: childRow, Room: room, Rotate: first,
		Supersede: first && row.SupersededAt.IsZero() && row.Parent != "" && now.Sub(row.CreatedAt) > Overlap,
	}, now)
	switch {
	case err != nil:
		return unavailable("database_unavailable")
	case !renewed.Added:
		return i.noRoom(ctx, hash, row, room, now)
	case first && !renewed.Rotated:
		// Another request was quicker at this very moment: a repeat within the overlap, or a logout.
		row, _, err = i.store.Refresh(ctx, hash)
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			return unavailable("database_unavailable")
		case err != nil || row.judge(now) == unusable:
			return over("refresh_token_invalid")
		}
	}
	i.cfg.After(func() { _ = i.store.Sweep(ctx, user.ID, family, now.Add(-keptFor), now) }) // see login
	http.SetCookie(w, cookie(r, child, childRow.ExpiresAt.Sub(now)))
	return i.answer(w, access, i.lasts(row, ttl, now), i.subject(user))
}

// unknown answers a token that is not in the table: one that was used long ago, or an invented one.
func (i *Issuer) unknown(ctx context.Context, family string, now time.Time) *protocol.Error {
	if family == "" {
		return over("refresh_token_invalid")
	}
	return i.copied(ctx, family, now)
}

// copied ends the sign-in of a copied token, unless it is over.
func (i *Issuer) copied(ctx context.Context, family string, now time.Time) *protocol.Error {
	userID, err := i.store.RevokeFamily(ctx, family, now)
	switch {
	case err != nil:
		return unavailable("database_unavailable")
	case userID == "":
		return over("refresh_token_invalid")
	default:
		i.log("warn", "refresh_token_reused", userID, family, "")
		return over("refresh_token_reused")
	}
}

// noRoom answers a client that refreshes too often. Too often with one token, which another tab
// has used, is not too often with the next token, which the browser has by then.
func (i *Issuer) noRoom(ctx context.Context, hash string, row RefreshToken, room Room, now time.Time) *protocol.Error {
	again, _, err := i.store.Refresh(ctx, hash)
	var oldest time.Time
	if err == nil && again.RevokedAt.IsZero() {
		oldest, err = i.store.Full(ctx, row.Family, room.Since, room.Most)
	}
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return unavailable("database_unavailable")
	case err != nil || !again.RevokedAt.IsZero():
		return over("refresh_token_invalid")
	default:
		i.log("warn", "refresh_refused", row.UserID, row.Family, "too_many_refreshes")
		wait := time.Second
		if !oldest.IsZero() {
			wait = max(wait, oldest.Add(window).Sub(now))
		}
		return &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_refreshes", RetryAfter: wait}
	}
}

// over asks for a new login. It leaves the cookie alone: by the time this answer
// arrives another tab may have signed in and received a new one.
func over(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: "The sign-in has ended: sign in again."}
}
