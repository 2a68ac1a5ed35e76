package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// operator lets an operator through to the handler, and nobody else: it is a module
// booted for each request, which a stranger must not be able to ask for.
func (f *Front) operator(r request, now time.Time) []byte {
	switch {
	case len(f.cfg.Operators) == 0:
		return respond(&protocol.Error{Code: protocol.NotFound})
	case f.cfg.Operators.Find(r.authorization) == "":
		if key := access.DocumentKey(r.authorization); key != "" {
			return f.documentKey(r, key, now)
		}
		// A wrong token counts against its address. The right one is never refused for
		// what others there have tried: it is too long to be guessed.
		if wait := f.logins.take(r.address, now); wait > 0 {
			return respond(tooMany("too_many_logins", wait))
		}
		err := access.NotAnOperator()
		return f.logged(respond(err), r.address, err, turnedAway("operator_refused", err), now)
	}
	return f.handler(r, f.adminBody(r.url.Path), nil)
}

// webhook lets through what has the form of a signature of this moment. Whether it
// is one, the handler checks: only it is given the body.
func (f *Front) webhook(r request, now time.Time) []byte {
	if !f.cfg.Webhook {
		return respond(&protocol.Error{Code: protocol.NotFound})
	}
	if _, err := access.ParseSignature(r.signature, now, f.cfg.WebhookWindow); err != nil {
		return f.logged(respond(err), r.address, err, turnedAway("webhook_refused", err), now)
	}
	// Anybody can write what has the form of one: it counts until the handler has found it good.
	a := &admission{await: awaitHandler, address: r.address, taken: true}
	if wait := f.connects.take(r.address, now); wait > 0 {
		return respond(tooMany("too_many_requests", wait))
	}
	return f.handler(r, f.cfg.WebhookBody, a)
}

// turnedAway is the log's line for somebody who did not get in. There is nothing of
// the request in it.
func turnedAway(event string, err *protocol.Error) string {
	w := jsonscan.NewObject(nil)
	w.Str("level", "warn")
	w.Str("event", event)
	w.Str("code", string(err.Code))
	w.Str("reason", err.Reason)
	return string(w.End())
}
