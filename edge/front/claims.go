package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// claimsHook is the member of the variables by which the host says that the Worker which this is
// a part of reads the claims in a way of its own.
const claimsHook = "hook:claims"

// claimsBytes bounds what such a hook may return. A token's claims fit several times.
const claimsBytes = 4 * protocol.TokenBytes

const (
	// reasonClaimsRefused is a token whose claims the hook does not take.
	reasonClaimsRefused = "claims_refused"
	// reasonClaimsAway is a hook that failed or took too long, reasonClaimsUnusable one that
	// returned what are no claims.
	reasonClaimsAway     = "claims_unavailable"
	reasonClaimsUnusable = "claims_unusable"
)

// askClaims has the hook say what a token says of its user, once it is known to be genuine.
func (f *Front) askClaims(a *admission, t *token.Token, from *trust, signed bool, now time.Time) []byte {
	if err := from.verifier.Check(t, signed, now); err != nil {
		return a.fail(err)
	}
	a.await = awaitClaims
	w := step("claims_hook")
	w.Raw("claims", t.Payload())
	w.Int("timeout_ms", f.cfg.ClaimsTimeout.Milliseconds())
	w.Int("max_bytes", claimsBytes)
	return a.next(w)
}

// claimsGiven goes on with the claims that the hook has returned. What the token itself has to
// say is checked once more, because the hook took its time.
func (f *Front) claimsGiven(a *admission, result []byte, now time.Time) []byte {
	t, from, err := f.parse(a.token)
	if err != nil {
		return a.fail(err)
	}
	if refused, _ := jsonscan.Bool(jsonscan.Field(result, "refused")); refused {
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: reasonClaimsRefused})
	}
	body, answered := jsonscan.Str(jsonscan.Field(result, "body"))
	if !answered {
		return a.unavailable(reasonClaimsAway)
	}
	amended, ok := t.Amended([]byte(body))
	if !ok {
		return a.unavailable(reasonClaimsUnusable)
	}
	return f.named(a, amended, from, true, now)
}
