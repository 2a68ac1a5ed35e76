package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// tokens are a device's token and when to renew it. It lives in memory only.
type tokens struct {
	raw  string
	user string
	// end is when it expires, on this machine's clock.
	end   time.Time
	ttl   time.Duration
	clock renewal.Clock

	refused string // the server would not have this one
	// What the server has taken. A newer token that it refuses leaves the connection on
	// this one.
	stands   standing
	refusals int       // how many newer ones it has refused since
	endAt    time.Time // nothing is asked for until then: enough were refused
	tries    int
	spent    bool // all tries failed: only the program starts anew
	swapID   string
	swaps    uint64

	taken     time.Time
	refreshAt time.Time
	retryAt   time.Time
	fetchBy   time.Time // set while the program is asked
	swapBy    time.Time
}

// standing is a token that the server has taken.
type standing struct {
	raw string
	end time.Time
	ttl time.Duration
}

// refuse forgets a token that the server would not have.
func (t *tokens) refuse() {
	if t.raw != "" {
		t.refused = t.raw
	}
	t.raw, t.end, t.refreshAt = "", time.Time{}, time.Time{}
}

func (e *Endpoint) tokenUsable() bool {
	return e.token.raw != "" && e.token.end.Sub(e.now) > renewal.Usable
}

// fetchToken asks the program, unless that was done already.
func (e *Endpoint) fetchToken() {
	t := &e.token
	if e.cfg.Role != Device || !t.fetchBy.IsZero() || !t.retryAt.IsZero() || !t.endAt.IsZero() {
		return
	}
	if t.spent {
		e.halt()
		return
	}
	t.refreshAt, t.fetchBy = time.Time{}, e.now.Add(renewal.FetchTimeout)
	e.do(FetchToken{})
}

// halt is where an endpoint without a token to be had stands still.
func (e *Endpoint) halt() {
	if e.line.phase == wantToken {
		e.line.phase = dormant
		e.change(Status{State: e.down(), Reason: "no_token"})
	}
}

func (e *Endpoint) tokenDue() {
	t := &e.token
	if e.past(&t.fetchBy) {
		e.tokenMissing(noToken("refresh_timeout", "The program gave no token in time."), 0)
	}
	if e.past(&t.endAt) {
		e.giveUpToken(noToken("refreshes_refused", "The server refused every new token, and the old one has ended."))
	}
	if e.past(&t.retryAt) {
		e.fetchToken()
	}
	if e.past(&t.refreshAt) {
		e.fetchToken()
	}
	if e.past(&t.swapBy) {
		e.redialWithToken() // in place did not work: seed S2's way
	}
}

func noToken(reason, message string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason, Message: message}
}

// redialWithToken is seed S2's refreshAndReconnect.
func (e *Endpoint) redialWithToken() {
	e.hangUp(1000, "Token refresh")
	e.change(Status{State: Reconnecting, Reason: "token_refresh"})
	e.connect()
}

// tokenFetched takes the program's answer.
func (e *Endpoint) tokenFetched(raw string) {
	t := &e.token
	if t.fetchBy.IsZero() {
		return
	}
	t.fetchBy = time.Time{}
	claims, reason := renewal.Read(raw)
	if reason != "" {
		e.tokenMissing(noToken(reason, "The program gave what is no token."), 0)
		return
	}
	user, other := renewal.Subject(claims), false
	if known := e.status.UserID; known != "" {
		other = !peek.Names(raw, known)
	} else {
		other = t.user != "" && user != t.user
	}
	if other {
		// Another account signed in: never go on as somebody else.
		e.end(noToken("other_user", "The token belongs to another user."), 0)
		return
	}
	if raw == t.refused {
		err := noToken("same_token", "The program gave a token that the server had refused.")
		if e.line.phase == live {
			e.refusedAgain(err)
		} else {
			e.tokenMissing(err, 0)
		}
		return
	}
	end, expired := t.clock.End(e.now, claims)
	// Too little to connect with is no token, or asking would go on without a pause.
	if expired || e.line.phase != live && end.Sub(e.now) <= renewal.Usable {
		e.tokenMissing(&protocol.Error{Code: protocol.TokenExpired, Reason: "token_expired"}, 0)
		return
	}
	first, same := t.taken.IsZero(), raw == t.raw
	e.keep(raw, user, claims, end)
	if !first && !same {
		e.do(Renewed{Expires: end})
	}
	switch e.line.phase {
	case live:
		if !same {
			e.swap()
		}
	case wantToken, dormant:
		e.connect()
	}
}

// keep makes a token the current one.
func (e *Endpoint) keep(raw, user string, claims peek.Claims, end time.Time) {
	t := &e.token
	t.raw, t.user, t.ttl, t.end = raw, user, renewal.Lifetime(claims), end
	t.refused, t.spent, t.retryAt = "", false, time.Time{}
	e.planRefresh() // by when the last one was taken
	t.taken = e.now
}

func (e *Endpoint) planRefresh() {
	t := &e.token
	t.refreshAt = time.Time{}
	if t.raw != "" && t.fetchBy.IsZero() && t.retryAt.IsZero() && t.endAt.IsZero() {
		t.refreshAt = renewal.At(e.now, t.end, t.ttl, renewal.Margin, t.taken)
	}
}

// tokenFailed takes the program's refusal.
func (e *Endpoint) tokenFailed(ev TokenFailed) {
	if e.token.fetchBy.IsZero() {
		return
	}
	e.token.fetchBy = time.Time{}
	if ev.Final {
		e.end(noToken("signed_out", "The program gave no token."), 0)
		return
	}
	e.tokenMissing(noToken("refresh_failed", "The program gave no token."), ev.RetryAfter)
}

// tokenMissing is one try that brought no token that can be used. The one in use is kept
// until it really ends.
func (e *Endpoint) tokenMissing(err *protocol.Error, atLeast time.Duration) {
	t := &e.token
	if t.tries++; t.tries < renewal.Tries {
		e.failed(err, protocol.ActionRefresh)
		t.retryAt = e.now.Add(max(e.rng.Wait(t.tries), min(atLeast, maxPause)))
		return
	}
	t.tries = 0
	if left := t.end.Sub(e.now); t.raw != "" && left > renewal.Pause {
		// The token in use lives on: ask again, ever sooner as its end comes near.
		t.refreshAt = e.now.Add(max(left/5, renewal.Pause))
	} else {
		t.spent = true
	}
	e.giveUp(err)
}

// giveUpToken stops asking: only the program starts anew.
func (e *Endpoint) giveUpToken(err *protocol.Error) {
	e.token.spent = true
	e.giveUp(err)
}

func (e *Endpoint) giveUp(err *protocol.Error) {
	e.do(Failed{Err: err, Action: protocol.ActionRefresh, NoToken: true})
	e.halt()
}

// tokenRefused is a 41xx: one fresh token, then the same again; who is refused with that
// as well has to sign in.
func (e *Endpoint) tokenRefused(err *protocol.Error, code int) {
	l := &e.line
	switch {
	case l.phase == live && e.now.Sub(l.since) < backoff.StableAfter:
		l.brief++
	case l.phase == live:
		l.brief = 0
	}
	l.authTries++
	e.endLine()
	l.phase = idle
	e.token.refuse()
	if l.authTries >= renewal.Tries || l.brief >= renewal.Tries || err.Code != protocol.TokenExpired && l.authTries > 1 {
		e.end(err, code)
		return
	}
	l.phase = wantToken
	e.change(Status{State: e.down(), Reason: "token", Code: code})
	e.fetchToken()
}

// refresh is the program asking for a new token now.
func (e *Endpoint) refresh() {
	t := &e.token
	t.spent, t.tries, t.retryAt, t.endAt = false, 0, time.Time{}, time.Time{}
	if e.line.phase == dormant {
		e.line.phase, e.line.tries = wantToken, 0
	}
	e.fetchToken()
}

// refreshSoon renews the token now, or as soon as the last renewal is a pause ago: a
// server that keeps asking must not make a storm.
func (e *Endpoint) refreshSoon() {
	t := &e.token
	if !t.fetchBy.IsZero() || !t.retryAt.IsZero() || !t.endAt.IsZero() || t.spent {
		return
	}
	if at := t.taken.Add(renewal.Pause); !t.taken.IsZero() && at.After(e.now) {
		if t.refreshAt.IsZero() || at.Before(t.refreshAt) {
			t.refreshAt = at
		}
		return
	}
	e.fetchToken()
}
