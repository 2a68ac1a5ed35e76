// Package token decides what an access token is worth: its form, its key, its
// claims. It computes no signature. A caller goes three steps and may not leave
// one out:
//
//	t, err := verifier.Parse(text)               // form, algorithm, key id
//	key, decision, wait := keys.Lookup(t.KeyID, fetched, now) // which key, or fetch first
//	err = verifier.Validate(t, signed, now)      // signed: what WebCrypto said
//
// Nothing that Parse returns is true before Validate has returned nil.
//
// Only RS256 is known (RFC 8725, section 3.1: an allow-list, never the header's
// own word). A key comes from this side's configuration and is picked by kid, a
// name that is compared and never opened, fetched or resolved.
package token

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Algorithm is the one signature algorithm that is accepted.
const Algorithm = "RS256"

// The reasons given in an error's details. All come with AUTHENTICATION_FAILED but
// ReasonExpired, which comes with TOKEN_EXPIRED, and ReasonNotYetValid, which comes with
// SERVICE_UNAVAILABLE and a time unless it never will be.
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
	ReasonClaimMissing = "claim_missing"
	ReasonUnverified   = "email_not_verified"
	ReasonNotYetValid  = "not_yet_valid"
	ReasonWrongType    = "wrong_token_type"
)

// Claims is what a verified token says of its holder.
type Claims struct {
	// Subject is who it is: see Verifier.Subject.
	Subject string
	// Email and Name are for people to read, and prove nothing.
	Email, Name string
	// ID is the claim jti, empty when there is none.
	ID                  string
	IssuedAt, ExpiresAt time.Time
}

func refuse(reason string) *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reason}
}
