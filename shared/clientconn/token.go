package clientconn

import (
	"cmp"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// Token is the token in use and when to renew it: seed S2's TokenManager. It lives in
// memory only.
type Token struct {
	// Standing is the token that goes with the next dial.
	Standing
	// Seen is the last one there was, also when it is spent, and User whose it says it is.
	Seen, User string
	// Spent says that no token could be had: only the program starts anew.
	Spent bool
	// Taken is when the program gave the last one.
	Taken time.Time
	// Clock is how far the server's clock is from this machine's.
	Clock renewal.Clock

	refused string // the server refused this one
	// stands is what the server has accepted. A newer token that it refuses leaves the
	// connection on this one.
	stands   Standing
	Refusals int // how many newer ones it has refused since
	tries    int // fetches in a row that failed

	refreshAt time.Time
	retryAt   time.Time
	fetchBy   time.Time // set while the program is asked: by then it has to have answered
	swapBy    time.Time // set while the server is asked to take the token in place
	endAt     time.Time // nothing is asked for until then: enough were refused
}

// Standing is a token with its times.
type Standing struct {
	// Raw is the token itself, Exp its end as it says.
	Raw string
	Exp int64
	// End is when it expires on this machine's clock, TTL how long it lives in all.
	End time.Time
	TTL time.Duration
}

// Fetching reports whether the program is asked for a token and has not answered yet.
func (t *Token) Fetching() bool { return !t.fetchBy.IsZero() }

// resting reports whether a fetch has its own time already, or may not be made.
func (t *Token) resting() bool { return t.Fetching() || !t.retryAt.IsZero() || !t.endAt.IsZero() }

func (t *Token) usable(now time.Time) bool { return t.Raw != "" && t.End.Sub(now) > renewal.Usable }

// refuse forgets a token that the server refused.
func (t *Token) refuse() {
	if t.Raw != "" {
		t.refused = t.Raw
	}
	t.Forget()
}

// Forget drops the token, so that the program is asked before it is used again.
func (t *Token) Forget() { t.Standing, t.refreshAt = Standing{TTL: t.TTL}, time.Time{} }

// The errors of a token that cannot be used.
var (
	// ErrMissingToken is an empty token.
	ErrMissingToken = tokenError(renewal.ReasonMissing, "There is no token.")
	// ErrTokenTooLong is a token beyond protocol.TokenBytes.
	ErrTokenTooLong = tokenError(renewal.ReasonTooLong, "The token is longer than the limit.")
	ErrTokenFormat  = tokenError(renewal.ReasonFormat, "The token is not a JWT.")
	// ErrTokenExpired is a token that has expired.
	ErrTokenExpired = &protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired", Message: "The token has expired."}
	// ErrOtherUser is a token of someone else than this session's user.
	ErrOtherUser = tokenError("other_user", "The token belongs to another user.")
)

func tokenError(reason, message string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: message}
}

// ReadToken reads a token's claims, and verifies nothing.
func ReadToken(token string) (peek.Claims, *protocol.Error) {
	claims, reason := renewal.Read(token)
	switch reason {
	case "":
		return claims, nil
	case renewal.ReasonMissing:
		return claims, ErrMissingToken
	case renewal.ReasonTooLong:
		return claims, ErrTokenTooLong
	}
	return claims, ErrTokenFormat
}

// User is whose connection this is, as far as it is known.
func (c *Conn[O]) User() string { return cmp.Or(c.owner.UserID(), c.Token.User, c.cfg.User) }

// NamedUser is whose it is by the word of those who know: the server, else the program.
func (c *Conn[O]) NamedUser() string { return cmp.Or(c.owner.UserID(), c.cfg.User) }

// OwnToken reports whether a token can be of this connection's user. Before anybody has said
// who that is, it is whoever had the last token.
func (c *Conn[O]) OwnToken(raw string, claims peek.Claims) bool {
	if known := c.NamedUser(); known != "" {
		return peek.Names(raw, known)
	}
	return c.Token.User == "" || renewal.Subject(claims) == c.Token.User
}

// Fetch asks the program for a token, unless that was done already.
func (c *Conn[O]) Fetch() { c.fetch(false) }

// FetchFresh does so because somebody else may have signed in.
func (c *Conn[O]) FetchFresh() { c.fetch(true) }

func (c *Conn[O]) fetch(fresh bool) {
	t := &c.Token
	if c.cfg.Keyed || !c.active || t.resting() {
		return
	}
	if t.Spent {
		c.halt()
		return
	}
	t.refreshAt, t.fetchBy = time.Time{}, c.now.Add(renewal.FetchTimeout)
	c.owner.Do(FetchToken{Have: t.Seen, Fresh: fresh})
}

// halt is where a client without a token to be had stands still.
func (c *Conn[O]) halt() {
	if c.phase == WantToken {
		c.phase = Dormant
		c.owner.Disconnected(Outage{Reason: "no_token"})
	}
}

func (c *Conn[O]) tokenDue() {
	t := &c.Token
	if c.Past(&t.fetchBy) {
		c.owner.Do(GiveUpToken{})
		c.tokenMissing(tokenError("refresh_timeout", "No token was given in time."), 0)
	}
	if c.Past(&t.endAt) {
		c.giveUp(tokenError("refreshes_refused", "The server refused every new token, and the old one has ended."))
	}
	if c.Past(&t.retryAt) {
		c.Fetch()
	}
	if c.Past(&t.refreshAt) {
		c.Fetch()
	}
	if c.Past(&t.swapBy) {
		c.redialWithToken() // in place did not work: seed S2's way
	}
}

// TokenFetched takes the program's answer.
func (c *Conn[O]) TokenFetched(e TokenFetched) {
	t := &c.Token
	raw := e.Token
	claims, err := ReadToken(raw)
	if e.Late || !t.Fetching() {
		if err == nil {
			c.lateToken(raw, claims)
		}
		return
	}
	t.fetchBy = time.Time{}
	end, expired := time.Time{}, false
	if err == nil {
		end, expired = t.Clock.End(c.now, claims)
	}
	switch {
	case !c.active:
		// The connection was given up while the program looked for it. It may still serve.
		if err == nil && claims.Exp > t.Exp && raw != t.refused && !expired && c.User() != "" && c.OwnToken(raw, claims) {
			c.Adopt(raw, claims, end)
		}
		return
	case err == ErrMissingToken:
		c.noTokenYet(err)
		return
	case err != nil:
		c.tokenMissing(err, 0)
		return
	case !c.OwnToken(raw, claims):
		// Another account signed in: never go on as somebody else.
		c.owner.End(ErrOtherUser, 0)
		return
	case raw == t.refused:
		err := tokenError("same_token", "A token was given that the server had refused.")
		if c.phase == Live {
			c.refusedAgain(err)
		} else {
			c.tokenMissing(err, 0)
		}
		return
	case expired, c.phase != Live && end.Sub(c.now) <= renewal.Usable:
		// Too little to connect with is no token, or asking for the next one would go on
		// without a pause.
		c.tokenMissing(ErrTokenExpired, 0)
		return
	}
	c.takeToken(raw, claims, end)
}

// lateToken takes an answer that nobody waits for any more, if it serves better than what
// there is. Otherwise it is as if it had not come.
func (c *Conn[O]) lateToken(raw string, claims peek.Claims) {
	t := &c.Token
	end, expired := t.Clock.End(c.now, claims)
	switch {
	case expired, end.Sub(c.now) <= renewal.Usable, claims.Exp <= t.Exp, raw == t.refused, !c.OwnToken(raw, claims):
	case c.active:
		t.fetchBy = time.Time{} // this one answers the question that is open, too
		c.takeToken(raw, claims, end)
	case c.User() != "":
		c.Adopt(raw, claims, end)
	}
}

func (c *Conn[O]) takeToken(raw string, claims peek.Claims, end time.Time) {
	t := &c.Token
	first, same := t.Seen == "", raw == t.Raw
	c.Adopt(raw, claims, end)
	t.Taken = c.now
	c.owner.TokenTaken(first, same)
	switch c.phase {
	case Live:
		if !same {
			c.swap()
		}
	case WantToken, Dormant:
		c.Connect()
	}
}

// Adopt makes a token the current one.
func (c *Conn[O]) Adopt(raw string, claims peek.Claims, end time.Time) {
	t := &c.Token
	t.Standing = Standing{raw, claims.Exp, end, renewal.Lifetime(claims)}
	t.Seen, t.User = raw, renewal.Subject(claims)
	t.refused, t.Spent, t.retryAt = "", false, time.Time{}
	c.PlanRefresh()
}

// PlanRefresh sets the time of the next refresh: Margin before the token's end, or half of a
// life that is shorter than two margins.
func (c *Conn[O]) PlanRefresh() {
	t := &c.Token
	t.refreshAt = time.Time{}
	if c.active && t.Raw != "" && !t.resting() {
		t.refreshAt = renewal.At(c.now, t.End, t.TTL, c.Margin, t.Taken)
	}
}

// TokenFailed takes the program's refusal.
func (c *Conn[O]) TokenFailed(e TokenFailed) {
	if !c.Token.Fetching() {
		return
	}
	c.Token.fetchBy = time.Time{}
	message := cmp.Or(e.Message, "No token was given.")
	if c.holdsToken(message) {
		message = "The error is not shown, for it holds a token."
	}
	switch {
	case !e.Final:
		c.tokenMissing(tokenError("refresh_failed", message), e.RetryAfter)
	case c.active:
		c.owner.End(tokenError("signed_out", message), 0)
	}
}

// FetchAgain takes the program's answer as none, and asks once more after that time.
func (c *Conn[O]) FetchAgain(in time.Duration) {
	c.Token.fetchBy, c.Token.retryAt = time.Time{}, c.now.Add(atMost(in))
}

// holdsToken reports whether an error's text holds a token: programs put a request or an
// answer into theirs, and from here it goes to logs and to other tabs.
func (c *Conn[O]) holdsToken(text string) bool {
	if raw := c.Token.Raw; raw != "" && strings.Contains(text, raw) {
		return true
	}
	// Any other JWT begins like this: the base64url of `{"`.
	at := strings.Index(text, "eyJ")
	return at >= 0 && strings.Contains(text[at:], ".eyJ")
}

// tokenMissing is one try that brought no token that can be used. The one in use is kept
// until it really ends.
func (c *Conn[O]) tokenMissing(err *protocol.Error, atLeast time.Duration) {
	t := &c.Token
	if !c.active {
		return
	}
	if !c.Offline {
		t.tries++
	}
	if t.tries < TokenTries {
		c.tryAgain(err, t.tries, atLeast)
		return
	}
	t.tries = 0
	if left := t.End.Sub(c.now); t.Raw != "" && left > renewal.Pause {
		// The token in use lives on, and so does the connection: ask again, ever sooner as
		// its end comes near.
		t.refreshAt = c.now.Add(max(left/5, renewal.Pause))
	} else {
		t.Spent = true
	}
	c.owner.NoToken(err)
	c.halt()
}

// noTokenYet is a program that has none yet, as while its user signs in. It is told once that
// the connection waits for it, and is asked for as long as it takes.
func (c *Conn[O]) noTokenYet(err *protocol.Error) {
	t := &c.Token
	t.tries++
	if t.tries != TokenTries {
		c.tryAgain(err, t.tries, 0)
		return
	}
	c.owner.NoToken(err)
	t.retryAt = c.now.Add(c.Rand.Wait(t.tries))
}

// tryAgain has the program asked once more, after the pause that belongs to the n-th failure.
func (c *Conn[O]) tryAgain(err *protocol.Error, n int, atLeast time.Duration) {
	c.owner.TokenMissed(err)
	c.Token.retryAt = c.now.Add(max(c.Rand.Wait(n), atMost(atLeast)))
}

// giveUp stops asking: only the program starts anew.
func (c *Conn[O]) giveUp(err *protocol.Error) {
	c.Token.Spent = true
	c.owner.NoToken(err)
	c.halt()
}

// Refresh fetches a new token now.
func (c *Conn[O]) Refresh() {
	t := &c.Token
	t.Spent, t.tries, t.retryAt, t.endAt = false, 0, time.Time{}, time.Time{}
	if c.phase == Dormant {
		c.phase, c.tries = WantToken, 0
	}
	c.fetch(true)
}

// RefreshSoon renews the token now, or once the last one was taken renewal.Pause ago: a
// server that keeps asking must not make a storm.
func (c *Conn[O]) RefreshSoon() {
	t := &c.Token
	if t.resting() || t.Spent {
		return
	}
	if at := t.Taken.Add(renewal.Pause); !t.Taken.IsZero() && at.After(c.now) {
		if t.refreshAt.IsZero() || at.Before(t.refreshAt) {
			t.refreshAt = at
		}
		return
	}
	c.Fetch()
}
