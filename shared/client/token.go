package client

import (
	"cmp"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// tokens is the TokenManager of seed S2: the token and when to renew it. It
// lives in memory only.
type tokens struct {
	raw  string
	exp  int64  // as the token says, to compare tokens with each other
	seen string // the last one there was, also when it is spent, and whose it says it is
	user string
	// end is when the token expires, on this machine's clock. It is built from
	// differences, so that the clock may be wrong.
	end time.Time
	ttl time.Duration

	clock renewal.Clock

	refused string // the server would not have this one
	// What the server has taken. A newer token that it refuses leaves the connection on
	// this one.
	stands   standing
	refusals int       // how many newer ones it has refused since
	endAt    time.Time // nothing is asked for until then: enough were refused

	tries     int
	spent     bool // all tries failed; only the app or the page's return starts anew
	taken     time.Time
	refreshAt time.Time
	retryAt   time.Time
	fetchBy   time.Time // set while the app is asked: by then it has to have answered
	swapBy    time.Time
	hintAt    time.Time // someone else may have signed in: ask the app
	hinted    time.Time // when that was last done
	doubted   bool      // the app said that nobody is signed in, and is asked once more
}

// standing is a token that the server has taken.
type standing struct {
	raw string
	exp int64
	end time.Time
	ttl time.Duration
}

// inFlight reports whether the app has been asked and not answered yet.
func (t *tokens) inFlight() bool { return !t.fetchBy.IsZero() }

// askAgainAt is when the app is asked who is signed in. An answer that is on its way was
// given before, so its turn is after that.
func (t *tokens) askAgainAt() time.Time {
	if t.inFlight() {
		return time.Time{}
	}
	return t.hintAt
}

// refuse forgets a token that the server would not have.
func (t *tokens) refuse() {
	if t.raw != "" {
		t.refused = t.raw
	}
	t.forget()
}

func (c *Client) tokenUsable() bool {
	return c.token.raw != "" && c.token.end.Sub(c.now) > usable
}

// forget drops the token, so that the app is asked before it is used again.
func (t *tokens) forget() {
	t.raw, t.exp, t.end, t.refreshAt = "", 0, time.Time{}, time.Time{}
}

// fetchToken asks the app, unless that was done already. Only a leader asks, so
// over all tabs one refresh is in flight.
func (c *Client) fetchToken() {
	t := &c.token
	if t.inFlight() || c.stopped || c.suspended || !c.tabs.leading || !t.retryAt.IsZero() || !t.endAt.IsZero() {
		return
	}
	if t.spent {
		c.halt()
		return
	}
	t.refreshAt, t.fetchBy = time.Time{}, c.now.Add(FetchTimeout)
	c.do(FetchToken{})
}

// halt is where a session without a token to be had stands still.
func (c *Client) halt() {
	if c.conn.phase == wantToken {
		c.conn.phase = dormant
		c.setStatus(status{state: c.downState(), reason: "no_token"})
	}
}

func (c *Client) tokenDue() {
	t := &c.token
	if c.past(&t.fetchBy) {
		c.tokenMissing(failureOf(protocol.AuthenticationFailed, "refresh_timeout", "The app gave no token in time."), 0)
	}
	if c.past(&t.endAt) {
		c.giveUpToken(failureOf(protocol.AuthenticationFailed, "refreshes_refused", "The server refused every new token, and the old one has ended."))
	}
	if c.past(&t.retryAt) {
		c.fetchToken()
	}
	if c.past(&t.refreshAt) {
		c.fetchToken()
	}
	if !t.inFlight() && c.past(&t.hintAt) {
		t.hinted = c.now
		c.fetchToken()
	}
	if c.past(&t.swapBy) {
		// In place did not work: seed S2's way.
		c.redialWithToken()
	}
}

// redialWithToken is seed S2's refreshAndReconnect.
func (c *Client) redialWithToken() {
	c.hangUp(1000, "Token refresh")
	c.setStatus(status{state: stateReconnecting, reason: "token_refresh"})
	c.connect()
}

// tokenFetched takes the app's answer.
func (c *Client) tokenFetched(raw string) {
	t := &c.token
	if !t.inFlight() {
		return
	}
	t.fetchBy = time.Time{}
	claims, f := readToken(raw)
	if !c.tabs.leading {
		// The lead went while the app looked for it. It may still serve.
		if f == nil && claims.Exp > t.exp && c.user() != "" && c.ownToken(raw, claims) {
			if end, expired := c.token.clock.End(c.now, claims); !expired {
				c.keep(raw, claims, end)
			}
		}
		return
	}
	if f != nil {
		c.tokenMissing(f, 0)
		return
	}
	if !c.ownToken(raw, claims) {
		// Another account signed in: never go on as somebody else.
		c.final("autherror", ErrOtherUser, 0)
		return
	}
	if raw == t.refused {
		f := failureOf(protocol.AuthenticationFailed, "same_token", "The app gave a token that the server had refused.")
		if c.conn.phase == live {
			c.refusedAgain(f)
		} else {
			c.tokenMissing(f, 0)
		}
		return
	}
	end, expired := c.token.clock.End(c.now, claims)
	if expired {
		c.tokenMissing(ErrTokenExpired, 0)
		return
	}
	if c.conn.phase != live && end.Sub(c.now) <= usable {
		// Too little is left to connect with: that is no token, or asking for the
		// next one would go on without a pause.
		c.tokenMissing(ErrTokenExpired, 0)
		return
	}
	first, same := t.seen == "", raw == t.raw
	c.keep(raw, claims, end)
	t.taken, t.doubted = c.now, false
	switch {
	case first:
		c.emitToken("", "")
		c.postOrigin("signed_in")
	case !same:
		c.emitToken("tokenrefresh", "self")
	}
	c.shareToken()
	switch c.conn.phase {
	case live:
		if !same {
			c.swap()
		}
	case wantToken, dormant:
		c.connect()
	}
}

// user is whose session this is, as far as it is known.
func (c *Client) user() string {
	if c.session.userID != "" {
		return c.session.userID
	}
	if c.token.user != "" {
		return c.token.user
	}
	return c.cfg.User
}

// named is whose session this is by the word of those who know: the server, else the app.
func (c *Client) named() string { return cmp.Or(c.session.userID, c.cfg.User) }

// ownToken reports whether a token can be of this session's user. Before anybody has said who
// that is, whoever had the last token is.
func (c *Client) ownToken(raw string, claims peek.Claims) bool {
	if known := c.named(); known != "" {
		return peek.Names(raw, known)
	}
	return c.token.user == "" || renewal.Subject(claims) == c.token.user
}

// isUs reports whether another tab means this session's user. It may know them by what
// their token says, where this one knows what the server calls them, or the other way.
func (c *Client) isUs(user string) bool {
	return user == c.user() || user == c.token.user || c.session.userID == "" && peek.Names(c.token.seen, user)
}

// keep makes a token the current one.
func (c *Client) keep(raw string, claims peek.Claims, end time.Time) {
	t := &c.token
	t.raw, t.exp, t.seen, t.user = raw, claims.Exp, raw, renewal.Subject(claims)
	t.ttl, t.end = renewal.Lifetime(claims), end
	t.refused = ""
	t.spent = false
	t.retryAt = time.Time{}
	c.planRefresh()
}

// planRefresh sets the time of the next refresh: S2's minute before expiry,
// more while hidden, half of a life that is shorter than two margins.
func (c *Client) planRefresh() {
	t := &c.token
	t.refreshAt = time.Time{}
	if t.raw == "" || t.inFlight() || !t.retryAt.IsZero() || !t.endAt.IsZero() {
		return
	}
	if !c.tabs.leading {
		return
	}
	margin := RefreshMargin
	if c.hidden {
		margin = HiddenMargin
	}
	t.refreshAt = renewal.At(c.now, t.end, t.ttl, margin, t.taken)
}

// tokenFailed takes the app's refusal.
func (c *Client) tokenFailed(e TokenFailed) {
	if !c.token.inFlight() {
		return
	}
	c.token.fetchBy = time.Time{}
	if c.tellsToken(e.Message) {
		e.Message = "The app's error is not shown, for it holds a token."
	}
	if e.Final && c.tabs.leading && !c.token.doubted && c.raced() {
		// Another tab may have renewed the sign-in at the same moment, and the app was
		// told that it is used up. What that tab was given serves here too: ask again.
		c.token.doubted = true
		c.token.retryAt = c.now.Add(max(raceWait+c.rng.UpTo(raceWait), e.RetryAfter))
		return
	}
	if e.Final {
		f := failureOf(protocol.AuthenticationFailed, "signed_out", e.Message)
		f.Action = protocol.ActionStop
		if c.tabs.leading {
			c.final("autherror", f, 0)
		}
		return
	}
	f := failureOf(protocol.AuthenticationFailed, "refresh_failed", e.Message)
	c.tokenMissing(f, e.RetryAfter)
}

// tellsToken reports whether an error's text holds a token: apps put a request or an
// answer into theirs, and from here it goes to logs and to other tabs.
func (c *Client) tellsToken(text string) bool {
	if raw := c.token.raw; raw != "" && strings.Contains(text, raw) {
		return true
	}
	// Any other JWT begins like this: the base64url of `{"`.
	at := strings.Index(text, "eyJ")
	return at >= 0 && strings.Contains(text[at:], ".eyJ")
}

// raced reports whether this session has stood before: then a lost race is more
// likely than nobody having signed in.
func (c *Client) raced() bool {
	return c.session.userID != "" || c.token.user != "" || c.tabs.epoch > c.tabs.first
}

// tokenMissing is one try that brought no token that can be used. The one in
// use is kept until it really ends.
func (c *Client) tokenMissing(f *Failure, atLeast time.Duration) {
	t := &c.token
	if !c.tabs.leading {
		return
	}
	if !c.offline { // what fails without a network says nothing about the token
		t.tries++
	}
	if t.tries >= TokenTries {
		t.tries = 0
		if left := t.end.Sub(c.now); t.raw != "" && left > RefreshPause {
			// The token in use lives on, and so does the session: ask again, ever
			// sooner as its end comes near.
			t.refreshAt = c.now.Add(max(left/5, RefreshPause))
		} else {
			t.spent = true
		}
		c.giveUp(f)
		return
	}
	c.tryAgain(f, t.tries, atLeast)
}

// tryAgain has the app asked once more, after the pause that belongs to the n-th failure.
func (c *Client) tryAgain(f *Failure, n int, atLeast time.Duration) {
	c.emitAgain(f)
	c.token.retryAt = c.now.Add(max(c.rng.Wait(n), atLeast))
}

// emitAgain tells the app of a token that came to nothing while there may be another.
func (c *Client) emitAgain(f *Failure) {
	said := *f
	said.Recoverable, said.Action = true, protocol.ActionRefresh
	c.emitFailure("error", &said)
}

// giveUpToken stops asking: only the app or the page's return starts anew.
func (c *Client) giveUpToken(f *Failure) {
	c.token.spent = true
	c.giveUp(f)
}

func (c *Client) giveUp(f *Failure) {
	said := *f
	said.Recoverable, said.Action = true, protocol.ActionRefresh
	c.say("autherror", said.appendJSON(nil))
	c.halt()
}

// refresh is the app asking for a new token now.
func (c *Client) refresh() {
	if !c.tabs.leading {
		w := c.message("tab_refresh")
		w.Uint("exp", uint64(c.token.exp)) // so that fifty tabs that ask at once cause one refresh
		c.post(w)
		return
	}
	t := &c.token
	t.spent, t.tries, t.retryAt, t.endAt = false, 0, time.Time{}, time.Time{}
	if c.conn.phase == dormant {
		c.conn.phase, c.conn.tries = wantToken, 0
	}
	c.fetchToken()
}

// refreshWanted is seed S2's token_refresh_required.
func (c *Client) refreshWanted(protocol.TokenRefreshRequired) { c.refreshSoon() }

// refreshSoon renews the token now, or as soon as the last renewal is
// RefreshPause ago: a server that keeps asking must not make a storm.
func (c *Client) refreshSoon() {
	t := &c.token
	if t.inFlight() || !t.retryAt.IsZero() || !t.endAt.IsZero() || t.spent {
		return
	}
	if at := t.taken.Add(RefreshPause); !t.taken.IsZero() && at.After(c.now) {
		if t.refreshAt.IsZero() || at.Before(t.refreshAt) {
			t.refreshAt = at
		}
		return
	}
	c.fetchToken()
}
