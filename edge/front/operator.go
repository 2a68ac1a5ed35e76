package front

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Operators are those who may ask the admin API. Of their tokens only the hashes
// are kept.
type Operators []operator

type operator struct {
	name string
	hash [sha256.Size]byte
}

// nameBytes is the longest name of an operator: it stands in audit entries.
const nameBytes = 64

// ParseOperators reads the variable ADMIN_TOKEN: entries separated by spaces or
// commas, each name:token, or a token alone for the operator "admin". One name may
// stand twice, so that a token can be replaced without a gap. An entry with no
// token or an unusable name is nobody's.
func ParseOperators(list string) Operators {
	var found Operators
	for _, entry := range fields(list) {
		name, token, named := strings.Cut(entry, ":")
		if !named {
			name, token = "admin", entry
		}
		if token != "" && protocol.Identifier(name, nameBytes) {
			found = append(found, operator{name, sha256.Sum256([]byte(token))})
		}
	}
	return found
}

func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' })
}

// Find returns whose token an Authorization header holds, "" for nobody's. It takes
// as long for a token that is nearly right as for any other: hashes are compared,
// every one of them, each to its end.
func (o Operators) Find(authorization string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	name := ""
	for _, one := range o {
		if subtle.ConstantTimeCompare(one.hash[:], hash[:]) == 1 {
			name = one.name
		}
	}
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return name
}

// operator lets an operator through to the handler, and nobody else: it is a module
// booted for each request, which a stranger must not be able to ask for.
func (f *Front) operator(r request, now time.Time) []byte {
	switch {
	case len(f.cfg.Operators) == 0:
		return respond(&protocol.Error{Code: protocol.NotFound})
	case f.cfg.Operators.Find(r.authorization) == "":
		// A wrong token counts against its address. The right one is never refused for
		// what others there have tried: it is too long to be guessed.
		if wait := f.logins.take(r.address, now); wait > 0 {
			return respond(tooMany("too_many_logins", wait))
		}
		err := NotAnOperator()
		return f.logged(respond(err), r.address, err, turnedAway("operator_refused", err), now)
	}
	return f.handler(r, f.cfg.AdminBody, nil)
}

// NotAnOperator is the one answer to a token that is missing, wrong or spelt wrong.
func NotAnOperator() *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "not_an_operator", Message: "This needs an operator's token."}
}

// webhook lets through what has the form of a signature of this moment. Whether it
// is one, the handler checks: only it is given the body.
func (f *Front) webhook(r request, now time.Time) []byte {
	if !f.cfg.Webhook {
		return respond(&protocol.Error{Code: protocol.NotFound})
	}
	if _, err := ParseSignature(r.signature, now, f.cfg.WebhookWindow); err != nil {
		return f.logged(respond(err), r.address, err, turnedAway("webhook_refused", err), now)
	}
	// Anybody can write what has the form of one: it counts until the handler has found it good.
	fl := &flight{await: awaitHandler, address: r.address, taken: true}
	if wait := f.connects.take(r.address, now); wait > 0 {
		return respond(tooMany("too_many_requests", wait))
	}
	return f.handler(r, f.cfg.WebhookBody, fl)
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
