package front

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// The bindings of the two kinds of object.
const (
	sessionObjects  = "SESSIONS"
	documentObjects = "DOCUMENTS"
)

// identify finds the key a token is to be checked with, and asks for the check.
func (f *Front) identify(fl *flight, now time.Time) []byte {
	if f.cfg.Fault != nil {
		return fl.fail(f.cfg.Fault)
	}
	t, err := f.parse(fl.token)
	if err != nil {
		return fl.fail(err)
	}
	key, decision, wait := f.keys.Lookup(t.KeyID, fl.fetched, now)
	switch {
	case decision == token.Use:
		fl.await = awaitSignature
		w := step("verify")
		w.Raw("jwk", key.JWK)
		w.Str("input", t.Input)
		w.Str("signature", t.Signature)
		return fl.next(w)
	case decision == token.Fetch && !fl.fetched:
		fl.await, fl.fetched = awaitKeys, true
		w := step("fetch")
		w.Str("url", f.cfg.KeySetURL)
		w.Int("timeout_ms", token.FetchLimit.Milliseconds())
		w.Int("max_bytes", token.KeySetBytes)
		return fl.next(w)
	case decision == token.Unknown:
		return fl.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonKeyUnknown})
	case decision == token.NotYet:
		return fl.fail(&protocol.Error{
			Code: protocol.ServiceUnavailable, Reason: "key_not_known_yet", RetryAfter: wait,
			Message: "The token's key is not known here yet: try again when the issuer's keys have been fetched anew.",
		})
	}
	return fl.fail(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: "keys_unavailable", RetryAfter: max(wait, time.Second)})
}

// keysFetched takes what the key set's address has answered. What could not be used counts
// as a failed fetch; Lookup says what then. The operator is told of it, and of keys that
// had to be left out.
func (f *Front) keysFetched(fl *flight, result []byte, now time.Time) []byte {
	status, answered := jsonscan.Uint(jsonscan.Field(result, "status"))
	event, reason, leftOut := "key_set_failed", text(result, "error"), 0
	switch body, whole := jsonscan.Str(jsonscan.Field(result, "body")); {
	case answered && status != 200:
		reason = "status"
	case whole:
		var err error
		switch leftOut, err = f.keys.Load([]byte(body), now); {
		case err == nil && leftOut == 0:
			return f.identify(fl, now)
		case err == nil:
			event, reason = "keys_left_out", "unusable_or_of_one_name"
		case errors.Is(err, token.ErrNoKey):
			reason = "no_usable_key"
		default:
			reason = "not_a_key_set"
		}
	}
	if event == "key_set_failed" {
		f.keys.Failed(now)
	}
	if since := now.Sub(f.keysTold); 0 <= since && since < time.Minute {
		return f.identify(fl, now)
	}
	f.keysTold = now
	line := jsonscan.NewObject(nil)
	line.Str("level", "warn")
	line.Str("event", event)
	line.Str("reason", reason)
	if answered {
		line.Uint("status", status)
	}
	if leftOut > 0 {
		line.Int("keys", int64(leftOut))
	}
	fl.await = awaitNoted
	w := step("note")
	w.Str("log", string(line.End()))
	return fl.next(w)
}

// resume takes the result of the last step.
func (f *Front) resume(fl *flight, result []byte, now time.Time) []byte {
	return f.settled(fl, f.goOn(fl, result, now), now)
}

func (f *Front) goOn(fl *flight, result []byte, now time.Time) []byte {
	if full, _ := jsonscan.Bool(jsonscan.Field(result, "full")); full {
		return fl.full()
	}
	switch fl.await {
	case awaitKeys:
		return f.keysFetched(fl, result, now)
	case awaitNoted:
		return f.identify(fl, now)
	case awaitSignature:
		return f.verified(fl, result, now)
	case awaitGrant:
		return f.granted(fl, result)
	case awaitFirst:
		return f.firstFrame(fl, result)
	case awaitAppKey:
		return f.keyFound(fl, result)
	case awaitSocket:
		return fl.refusedByObject(result, now)
	}
	return fl.fail(&protocol.Error{Code: protocol.InternalError, Reason: "bad_event"})
}

func (f *Front) verified(fl *flight, result []byte, now time.Time) []byte {
	t, err := f.parse(fl.token)
	if err != nil {
		return fl.fail(err)
	}
	signed, _ := jsonscan.Bool(jsonscan.Field(result, "ok"))
	claims, err := f.cfg.Verifier.Validate(t, signed, now)
	if err != nil {
		return fl.fail(err)
	}
	if claims.ExpiresAt.Sub(claims.IssuedAt) > f.cfg.MaxTokenLife {
		// Nobody could revoke it for as long as it lives. The session object says the same,
		// but would be made to say it.
		return fl.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonLivesTooLong})
	}
	w := jsonscan.NewObject(nil)
	w.Str("user_id", claims.Subject)
	w.Str("email", claims.Email)
	w.Str("name", claims.Name)
	w.Str("jti", claims.ID)
	w.Int("iat", claims.IssuedAt.Unix())
	w.Int("exp", claims.ExpiresAt.Unix())
	fl.claims, fl.subject, fl.token = w.End(), claims.Subject, ""
	if !fl.connect {
		w := step("claims")
		w.Raw("claims", fl.claims)
		return w.End()
	}
	if fl.device {
		return f.toSession(fl)
	}
	return fl.admit(false, nil, nil, now)
}

// toSession takes a device to its user's session object, which both admits it and holds
// its socket.
func (f *Front) toSession(fl *flight) []byte {
	fl.await = awaitSocket
	body := jsonscan.NewObject(nil)
	body.Raw("claims", fl.claims)
	if fl.client != "" {
		body.Str("client_id", fl.client)
	}
	body.Str("protocol", fl.protocol)
	body.Bool("flat", fl.flat)
	w := step("forward")
	w.Str("binding", sessionObjects)
	w.Str("name", fl.subject)
	w.Str("body", string(body.End()))
	return f.forward(fl, w)
}

// forward ends a step that takes a request to the object that is to hold its socket.
func (f *Front) forward(fl *flight, w jsonscan.Writer) []byte {
	if fl.taken {
		w.Bool("settle", true)
	}
	if !f.cfg.Quiet {
		w.Str("log", fl.line(nil))
	}
	return fl.next(w)
}

// admit asks the user's session object for a grant: again when the document has sent
// the first one back. gone is then the time of that one if the document holds no channel
// of the user any more, whatever the session object believes. access is the document's
// access version, which the next grant has to know of.
func (fl *flight) admit(again bool, gone, access []byte, now time.Time) []byte {
	fl.await, fl.readmitted = awaitGrant, again
	body := jsonscan.NewObject(nil)
	body.Str("kind", "admit")
	body.Str("document", fl.document)
	body.Str("client_id", fl.client)
	body.Raw("claims", fl.claims)
	if gone != nil {
		body.Raw("gone_at", gone)
	}
	if access != nil {
		body.Raw("access", access)
	}
	body.Bool("again", again)
	body.Int("now", now.UnixMilli())
	w := step("call")
	w.Str("binding", sessionObjects)
	w.Str("name", fl.subject)
	w.Str("body", string(body.End()))
	return fl.next(w)
}

// granted takes the session object's answer to the document object.
func (f *Front) granted(fl *flight, result []byte) []byte {
	answer := []byte(text(result, "body"))
	if jsonscan.Check(answer, jsonscan.DepthLimit) != nil {
		return fl.unavailable("session_unavailable")
	}
	if data := jsonscan.Field(answer, "error"); data != nil {
		return fl.fail(objectError(data))
	}
	grant := jsonscan.Field(answer, "grant")
	// What the objects hear next they believe: a grant of anybody else's would
	// be a fault of ours that nothing behind this would notice.
	if text(grant, "user_id") != fl.subject || text(grant, "document") != fl.document {
		return fl.fail(&protocol.Error{Code: protocol.InternalError, Reason: "wrong_grant"})
	}
	fl.await = awaitSocket
	body := jsonscan.NewObject(nil)
	body.Raw("grant", grant)
	body.Str("client_id", fl.client)
	if fl.session != "" {
		body.Str("session_id", fl.session)
	}
	if fl.lastSeq != "" {
		body.Raw("last_seq", []byte(fl.lastSeq))
	}
	body.Str("protocol", fl.protocol)
	w := step("forward")
	w.Str("binding", documentObjects)
	w.Str("name", fl.document)
	w.Str("body", string(body.End()))
	return f.forward(fl, w)
}

// refusedByObject takes any answer but a socket of the object that was to hold it.
func (fl *flight) refusedByObject(result []byte, now time.Time) []byte {
	status, _ := jsonscan.Uint(jsonscan.Field(result, "status"))
	body := []byte(text(result, "body"))
	if jsonscan.Check(body, jsonscan.DepthLimit) == nil {
		again, _ := jsonscan.Bool(jsonscan.Field(body, "readmit"))
		if status == 409 && again && !fl.readmitted && fl.document != "" {
			return fl.admit(true, jsonscan.Field(body, "gone_at"), jsonscan.Field(body, "access"), now)
		}
		if data := jsonscan.Field(body, "data"); data != nil {
			return fl.fail(objectError(data))
		}
	}
	reason := "document_unavailable"
	if fl.document == "" {
		reason = "session_unavailable"
	}
	return fl.unavailable(reason)
}

// objectError reads the error an object has answered with.
func objectError(data []byte) *protocol.Error {
	if err, ok := protocol.ParseError(data); ok {
		return err
	}
	return &protocol.Error{Code: protocol.InternalError, Reason: "bad_answer"}
}
