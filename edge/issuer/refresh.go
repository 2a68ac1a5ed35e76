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

// Overlap is how long a used refresh token is forgiven.
//
// Within it one token may have several children, of which an honest browser ends up
// with one: its tabs share one cookie, the answer that came last. A thief who was as
// quick has another. Which of them is whose nobody can say at that moment; but once the
// overlap is over, both cannot be used by one browser. So the first child that is used
// later than the overlap is the one in use: it supersedes what else of the family has
// not been used, its own children excepted. A superseded token that comes up is a copy,
// and ends the family like one that is used twice: thief and victim are both out, at
// the second of them to refresh. Here too there are 10 seconds of grace, for what was
// on its way; a child that is made in them is born superseded and does not prolong it.
//
// Honest tabs notice it in one case: two refreshed at once, and the answer that came
// last was on its way for so long that the other's token had been used, with more than
// 10 seconds to each side. They have to sign in again.
const Overlap = 10 * time.Second

const (
	// DefaultRefreshes is how often a sign-in may be refreshed in a minute, Children how
	// often with one token: a browser's tabs that do not know of each other.
	DefaultRefreshes = 60
	Children         = 20
	window           = time.Minute
	// keptFor is how long a token that was used, or superseded, stays in the table: as long
	// as the two limits look back. Afterwards its sign-in's key tells what it is.
	keptFor = 2 * window
	// MaxUnused is how many tokens of a sign-in may wait for their use. A browser has one;
	// who makes them faster than they are superseded is no browser.
	MaxUnused = 100
)

// AgainFor is how long a token that has been revoked may still end everything: a logout
// everywhere that went wrong half-way is tried again with it. It can only take away.
const AgainFor = 10 * time.Minute

// verdict is what a refresh token that is shown is worth.
type verdict uint8

const (
	// worthless: it expired, or its sign-in is over.
	worthless verdict = iota
	// unused: rotate it.
	unused
	// repeated within the overlap: a new child, and the family lives on.
	repeated
	// stolen: used long ago by somebody, or not the one in use.
	stolen
)

func (t RefreshToken) judge(now time.Time) verdict {
	switch {
	case !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt):
		return worthless
	case !t.SupersededAt.IsZero() && now.Sub(t.SupersededAt) > Overlap:
		return stolen
	case t.RotatedAt.IsZero():
		return unused
	case now.Sub(t.RotatedAt) <= Overlap:
		return repeated
	}
	return stolen
}

// leastTTL is the shortest life a token may be asked to have.
const leastTTL = 5 * time.Second

// lifetime reads a refresh's body, which may be absent: how long the token is to live at
// most. More than the deployment's own life is never given.
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

func (i *Issuer) refresh(w http.ResponseWriter, r *http.Request) {
	c, err := r.Cookie(nameOf(r))
	if err != nil || c.Value == "" {
		i.refuse(w, "refresh_token_missing")
		return
	}
	ttl, refusal := i.lifetime(r)
	if refusal != nil {
		fail(w, refusal)
		return
	}
	ctx, now, hash := r.Context(), i.cfg.Now(), digest(c.Value)
	row, user, err := i.store.Refresh(ctx, hash)
	key, family := keyOf(c.Value)
	if errors.Is(err, ErrNotFound) {
		i.unknown(ctx, w, family, now)
		return
	} else if err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	if end := i.end(row); end.Before(row.ExpiresAt) {
		row.ExpiresAt = end
	}
	verdict := row.judge(now)
	switch verdict {
	case stolen:
		i.copied(ctx, w, row.Family, now)
		return
	case worthless:
		i.refuse(w, "refresh_token_invalid")
		return
	}
	// The new tokens are made first: a failure here must not use up the old one.
	access, err := i.access(ctx, user, row, ttl, now)
	if err != nil {
		unavailable(w, "crypto_unavailable")
		return
	}
	child, childRow := i.fresh(r, key, RefreshToken{
		Family: row.Family, UserID: user.ID, SignedInAt: row.SignedInAt, Parent: hash, SupersededAt: row.SupersededAt,
	}, now)
	room := Room{Since: now.Add(-window), Most: i.cfg.Refreshes, Children: Children}
	alive, err := i.store.Add(ctx, childRow, room)
	if err != nil {
		unavailable(w, "database_unavailable")
		return
	}
	if !alive {
		i.noRoom(ctx, w, hash, row, room, now)
		return
	}
	if verdict == unused && row.SupersededAt.IsZero() && row.Parent != "" && now.Sub(row.CreatedAt) > Overlap {
		if err := i.store.Supersede(ctx, row.Family, hash, now); err != nil {
			unavailable(w, "database_unavailable")
			return
		}
	}
	if verdict == unused {
		// Last, so that whatever fails before leaves the old token good; a child
		// that nobody was given harms nobody. Not to win here means that somebody
		// else was quicker, this very moment: the overlap, or a logout.
		won, err := i.store.Rotate(ctx, hash, now)
		if err == nil && !won {
			row, _, err = i.store.Refresh(ctx, hash)
		}
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			unavailable(w, "database_unavailable")
			return
		case err != nil || !won && row.judge(now) == worthless:
			i.refuse(w, "refresh_token_invalid")
			return
		}
	}
	_ = i.store.Sweep(ctx, user.ID, family, now.Add(-keptFor), now) // see login
	http.SetCookie(w, cookie(r, child, childRow.ExpiresAt.Sub(now)))
	i.answer(w, access, i.lasts(row, ttl, now), i.subject(user))
}

// unknown answers a token that is not in the table: one that was used long ago, or nobody's.
func (i *Issuer) unknown(ctx context.Context, w http.ResponseWriter, family string, now time.Time) {
	if family == "" {
		i.refuse(w, "refresh_token_invalid")
		return
	}
	i.copied(ctx, w, family, now)
}

// copied ends the sign-in of a token that somebody has a copy of, if it is not over.
func (i *Issuer) copied(ctx context.Context, w http.ResponseWriter, family string, now time.Time) {
	userID, err := i.store.RevokeFamily(ctx, family, now)
	switch {
	case err != nil:
		unavailable(w, "database_unavailable")
	case userID == "":
		i.refuse(w, "refresh_token_invalid")
	default:
		i.log("warn", "refresh_token_reused", userID, family, "")
		i.refuse(w, "refresh_token_reused")
	}
}

// noRoom answers who refreshes too often. What is too often with one token, which another
// tab has used, is not with the next, which the browser has by then.
func (i *Issuer) noRoom(ctx context.Context, w http.ResponseWriter, hash string, row RefreshToken, room Room, now time.Time) {
	again, _, err := i.store.Refresh(ctx, hash)
	var oldest time.Time
	if err == nil && again.RevokedAt.IsZero() {
		oldest, err = i.store.Full(ctx, row.Family, room.Since, room.Most)
	}
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		unavailable(w, "database_unavailable")
	case err != nil || !again.RevokedAt.IsZero():
		i.refuse(w, "refresh_token_invalid")
	default:
		i.log("warn", "refresh_refused", row.UserID, row.Family, "too_many_refreshes")
		wait := time.Second
		if !oldest.IsZero() {
			wait = max(wait, oldest.Add(window).Sub(now))
		}
		fail(w, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_refreshes", RetryAfter: wait})
	}
}

// refuse asks for a new login. The cookie is left alone: by the time this answer
// arrives, another tab may have signed in and been given a new one.
func (i *Issuer) refuse(w http.ResponseWriter, reason string) {
	fail(w, &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: "The sign-in has ended: sign in again."})
}
