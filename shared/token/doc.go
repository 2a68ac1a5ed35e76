// Package token decides whether an access token is valid: its form, its key, its claims. It
// computes no signature: the caller has WebCrypto check it. A caller takes three steps and
// may leave none out:
//
//	t, err := verifier.Parse(text)                      // form, algorithm, issuer, key id
//	key, decision, wait := keys.Lookup(t, fetched, now) // which key, or fetch first
//	err = verifier.Validate(t, signed, now)             // signed: WebCrypto's result
//
// A caller must trust nothing that Parse returns before Validate has returned nil. If there are
// several issuers, ParseAny chooses the verifier by the token's iss. That is safe before the
// signature is checked, because an issuer's tokens are checked with that issuer's keys alone.
//
// The deployment says which algorithms it accepts: RFC 8725, section 3.1, asks for an allow-list
// instead of the header's own claim. A key comes from the deployment's configuration, or from
// the issuer that this names. Lookup picks it by kid, a name that it compares and never opens,
// fetches or resolves.
package token

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The reasons in an error's details. All come with AUTHENTICATION_FAILED except two:
// ReasonExpired comes with TOKEN_EXPIRED, and ReasonNotYetValid with SERVICE_UNAVAILABLE and
// a retry_after, unless the token never becomes valid.
const (
	ReasonMissing      = "token_missing"
	ReasonMalformed    = "token_malformed"
	ReasonTooLarge     = "token_too_large"
	ReasonAlgorithm    = "algorithm_not_allowed"
	ReasonKeyUnknown   = "key_unknown"
	ReasonSignature    = "signature_invalid"
	ReasonExpired      = "token_expired"
	ReasonIssuer       = "issuer_mismatch"
	ReasonAudience     = "audience_mismatch"
	ReasonReserved     = "subject_of_another_issuer"
	ReasonClaimMissing = "claim_missing"
	ReasonUnverified   = "email_not_verified"
	ReasonNotYetValid  = "not_yet_valid"
	ReasonWrongType    = "wrong_token_type"
)

// Claims are what a verified token says about its holder.
type Claims struct {
	// Subject is the user: see Verifier.Subject.
	Subject string
	// Email and Name are for display, and prove nothing.
	Email, Name string
	// ID is the claim jti, or "".
	ID                  string
	IssuedAt, ExpiresAt time.Time
}

func refuse(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason}
}
