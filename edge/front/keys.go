package front

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/guest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// trust is an issuer with what is known of its keys. Each has its own: no issuer's keys check
// another's tokens, and when one does not answer the others' users do not notice.
type trust struct {
	verifier token.Verifier
	keys     *token.KeySet
	// url is where the key set is; "" if discovery knows.
	url       string
	discovery *token.Discovery
	// logged is when the log last said that the keys could not be had.
	logged time.Time
}

func newTrust(i Issuer, ages token.Ages) *trust {
	s := &trust{verifier: i.Verifier, url: i.KeySetURL}
	if i.Keys != nil {
		s.keys = token.NewStatic(i.Keys...)
		return s
	}
	s.keys = token.NewFetched(ages, i.Verifier.Algorithms...)
	if s.url == "" {
		s.discovery = token.NewDiscovery(i.Verifier.Issuer, ages)
	}
	return s
}

// identify finds the key a token is to be checked with, and asks for the check.
func (f *Front) identify(a *admission, now time.Time) []byte {
	if f.cfg.Fault != nil {
		return a.fail(f.cfg.Fault)
	}
	if guest.Is(a.token) {
		return f.guest(a, now)
	}
	t, from, err := f.parse(a.token)
	if err != nil {
		return a.fail(err)
	}
	key, decision, wait := from.keys.Lookup(t, a.fetched, now)
	switch {
	case decision == token.Use:
		a.await = awaitSignature
		w := step("verify")
		w.Raw("algorithm", webCrypto(t.Algorithm))
		w.Raw("jwk", key.JWK)
		w.Str("input", t.Input)
		w.Str("signature", t.Signature)
		return a.next(w)
	case decision == token.Fetch && !a.fetched:
		return f.fetchKeys(a, from, now)
	case decision == token.Unknown:
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonKeyUnknown})
	case decision == token.Unfit:
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonAlgorithm})
	case decision == token.NotYet:
		return a.fail(&protocol.Error{
			Code: protocol.ServiceUnavailable, Reason: "key_not_known_yet", RetryAfter: wait,
			Message: "The token's key is not known here yet: try again when the issuer's keys have been fetched anew.",
		})
	}
	return a.fail(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: "keys_unavailable", RetryAfter: max(wait, time.Second)})
}

// webCrypto is what WebCrypto calls an algorithm: the parameters of importKey and of verify, of
// which each takes its own.
func webCrypto(algorithm string) []byte {
	bits := algorithm[2:]
	text := `{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-` + bits + `"}`
	switch {
	case algorithm == "EdDSA":
		text = `{"name":"Ed25519"}`
	case algorithm[:2] == "ES":
		text = `{"name":"ECDSA","namedCurve":"P-` + bits + `","hash":"SHA-` + bits + `"}`
	case algorithm[:2] == "PS": // the salt is as long as the hash (RFC 7518, section 3.5)
		salt := "32"
		switch bits {
		case "384":
			salt = "48"
		case "512":
			salt = "64"
		}
		text = `{"name":"RSA-PSS","hash":"SHA-` + bits + `","saltLength":` + salt + `}`
	}
	return []byte(text)
}

// fetchKeys asks for the issuer's keys, or first for the document that says where they are.
func (f *Front) fetchKeys(a *admission, from *trust, now time.Time) []byte {
	url := from.url
	if from.discovery != nil {
		keys, fresh := from.discovery.Address(now)
		switch {
		case !fresh && !a.documented:
			openID, _ := from.discovery.Documents()
			a.await, a.documented = awaitDocument, true
			return a.fetch(openID)
		case keys == "":
			from.keys.Failed(now)
			return f.identify(a, now) // a key that is known may serve on
		}
		url = keys
	}
	a.await, a.fetched = awaitKeys, true
	return a.fetch(url)
}

func (a *admission) fetch(url string) []byte {
	w := step("fetch")
	w.Str("url", url)
	w.Int("timeout_ms", token.FetchLimit.Milliseconds())
	w.Int("max_bytes", token.KeySetBytes)
	return a.next(w)
}

// documentFetched takes the document in which an issuer says where its keys are. Where there is
// none an authorization server may have another. If neither can be used the address that was
// known before serves on.
func (f *Front) documentFetched(a *admission, result []byte, now time.Time) []byte {
	_, from, err := f.parse(a.token)
	if err != nil || from.discovery == nil {
		return a.fail(&protocol.Error{Code: protocol.InternalError, Reason: "bad_event"})
	}
	status, _ := jsonscan.Uint(jsonscan.Field(result, "status"))
	if 400 <= status && status < 500 && a.await == awaitDocument {
		_, oauth := from.discovery.Documents()
		a.await = awaitMetadata
		return a.fetch(oauth)
	}
	reason := text(result, "error")
	switch body, whole := jsonscan.Str(jsonscan.Field(result, "body")); {
	case status != 200 && reason == "":
		reason = "status"
	case whole:
		switch err := from.discovery.Load([]byte(body), now); {
		case err == nil:
			return f.fetchKeys(a, from, now)
		case errors.Is(err, token.ErrOtherIssuer):
			reason = "another_issuer"
		case errors.Is(err, token.ErrAddress):
			reason = "no_usable_jwks_uri"
		default:
			reason = "not_a_document"
		}
	}
	return f.noted(a, from, "discovery_failed", reason, status, 0, now)
}

// keysFetched takes what the key set's address has answered. What could not be used counts
// as a failed fetch; Lookup says what then. A line in the log says so, and names keys that
// had to be left out.
func (f *Front) keysFetched(a *admission, result []byte, now time.Time) []byte {
	_, from, err := f.parse(a.token)
	if err != nil {
		return a.fail(err)
	}
	status, answered := jsonscan.Uint(jsonscan.Field(result, "status"))
	event, reason, leftOut := "key_set_failed", text(result, "error"), 0
	switch body, whole := jsonscan.Str(jsonscan.Field(result, "body")); {
	case answered && status != 200:
		reason = "status"
	case whole:
		var err error
		switch leftOut, err = from.keys.Load([]byte(body), now); {
		case err == nil && leftOut == 0:
			return f.identify(a, now)
		case err == nil:
			event, reason = "keys_left_out", "unusable_or_of_one_name"
		case errors.Is(err, token.ErrNoKey):
			reason = "no_usable_key"
		default:
			reason = "not_a_key_set"
		}
	}
	if event == "key_set_failed" {
		from.keys.Failed(now)
	}
	return f.noted(a, from, event, reason, status, leftOut, now)
}

// goOnFetching goes on where the log had a line to write.
func (f *Front) goOnFetching(a *admission, now time.Time) []byte {
	_, from, err := f.parse(a.token)
	if err == nil && a.documented && !a.fetched {
		return f.fetchKeys(a, from, now)
	}
	return f.identify(a, now)
}

// noted goes on with the admission once the log has its line, one a minute for each issuer.
func (f *Front) noted(a *admission, from *trust, event, reason string, status uint64, leftOut int, now time.Time) []byte {
	if since := now.Sub(from.logged); 0 <= since && since < time.Minute {
		return f.goOnFetching(a, now)
	}
	from.logged = now
	line := jsonscan.NewObject(nil)
	line.Str("level", "warn")
	line.Str("event", event)
	line.Str("reason", reason)
	if status > 0 {
		line.Uint("status", status)
	}
	if leftOut > 0 {
		line.Int("keys", int64(leftOut))
	}
	line.Str("issuer", from.verifier.Issuer)
	a.await = awaitNoted
	w := step("note")
	w.Str("log", string(line.End()))
	return a.next(w)
}
