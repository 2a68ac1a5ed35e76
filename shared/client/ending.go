package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What happens when a connection ends, or has to. Seed S2 calls this part
// AuthErrorHandler; every outcome is an event with code, recoverable and action.

// closed is the end of a socket. The range of its code tells what to do.
func (c *Client) closed(e Closed) {
	if e.Gen != c.conn.gen || c.conn.phase != live && c.conn.phase != dialling {
		return
	}
	f, action := fromClose(e.Code), protocol.ActionForClose(e.Code)
	last := c.conn.lastError
	if c.takenByOwn(e.Code, last) {
		c.endConnection()
		c.conn.phase = idle
		c.stepDown()
		return
	}
	if last != nil {
		f = fromWire(last)
		// The line may break between the last word and the close.
		if e.Code < 4000 || e.Code > 4999 {
			action = last.Row().Action
		}
		f.Action = action
	}
	switch action {
	case protocol.ActionStop:
		f.Recoverable = false
		c.endConnection()
		c.conn.phase = idle
		c.final(eventFor(f), f, e.Code)
	case protocol.ActionRefresh:
		c.tokenRefused(f, e.Code)
	case protocol.ActionWait:
		c.say("error", f.appendJSON(nil))
		c.lost(e.Code, "wait", f.RetryAfter)
	default:
		c.lost(e.Code, "", 0)
	}
}

// takenByOwn reports whether a close says that another tab of this profile has
// taken the channel over: that is done without a word, or in our own name.
func (c *Client) takenByOwn(code int, last *protocol.Error) bool {
	if last == nil {
		return code == protocol.Lookup(protocol.ConnectionReplaced).Close
	}
	if last.Code == protocol.ConnectionReplaced {
		for _, d := range last.Details {
			if d.Name == "client_id" {
				id, _ := jsonscan.Str(d.Raw)
				return id == c.cfg.ClientID
			}
		}
	}
	return false
}

// eventFor is the event an app hears of a failure that ends the session.
func eventFor(f *Failure) string {
	switch protocol.Code(f.Code) {
	case protocol.InsufficientPermissions:
		return "permissiondenied"
	case protocol.AuthenticationFailed, protocol.TokenExpired, protocol.TokenRevoked:
		return "autherror"
	}
	return "error"
}

// lost is a dropped line: redial with full jitter, and not before atLeast. A page may have
// hundreds of lines, and a server tell them all the same: they do not come back at once.
func (c *Client) lost(code int, reason string, atLeast time.Duration) {
	n := &c.conn
	if n.phase == live && c.now.Sub(n.liveSince) >= StableAfter {
		n.tries = 0
	}
	delay := max(c.rng.Wait(n.tries), c.rng.After(atLeast))
	n.tries++
	c.endConnection()
	if n.tries > DialTries {
		n.phase = dormant
		c.setStatus(status{state: c.downState(), reason: "dormant", code: code})
		return
	}
	n.phase = waiting
	n.redialAt = c.now.Add(delay)
	c.setStatus(status{state: c.downState(), reason: reason, code: code, retryIn: delay})
}

// downState is what a connection that does not stand is called.
func (c *Client) downState() string {
	if c.session.id == "" {
		return stateConnecting
	}
	return stateReconnecting
}

// tokenRefused is a 41xx: one fresh token, then the same again; who is refused
// with that as well has to sign in.
func (c *Client) tokenRefused(f *Failure, code int) {
	n := &c.conn
	if n.phase == live && c.now.Sub(n.liveSince) >= StableAfter {
		n.authTries = 0
	}
	switch {
	case n.phase == live && c.now.Sub(n.liveSince) < StableAfter:
		n.brief++
	case n.phase == live:
		n.brief = 0
	}
	n.authTries++
	c.endConnection()
	c.token.refuse()
	if n.authTries >= TokenTries || n.brief >= TokenTries || f.Code != string(protocol.TokenExpired) && n.authTries > 1 {
		f.Recoverable, f.Action = false, protocol.ActionStop
		n.phase = idle
		c.final("autherror", f, code)
		return
	}
	n.phase = wantToken
	c.setStatus(status{state: c.downState(), reason: "token", code: code})
	c.fetchToken()
}

// final ends the session for all tabs. None of them dials again.
func (c *Client) final(kind string, f *Failure, code int) {
	w := c.event("final")
	w.Str("kind", kind)
	w.Int("code", int64(code))
	w.Raw("error", f.appendJSON(nil))
	c.post(w)
	c.finalHere(kind, f, code)
}

func (c *Client) finalHere(kind string, f *Failure, code int) {
	c.emitFailure(kind, f)
	reason := f.Reason
	if reason == "" {
		reason = f.Code
	}
	c.stop(reason, code)
}

// signOut ends the session in all tabs, whatever document they show, and forgets
// the token.
func (c *Client) signOut() {
	if c.started {
		c.postOrigin("signed_out") // also of a tab that has ended for a reason of its own
	}
	if c.started && !c.stopped {
		c.sayDisconnect("signed_out")
		c.stop("signed_out", 0)
	}
	c.finished = true
	c.do(Finished{})
}
