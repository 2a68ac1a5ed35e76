package token

import "time"

// MaxLife is the longest life of a token, from iat to exp, unless the deployment sets another.
// We remember a revoked token for so long.
const MaxLife = 366 * 24 * time.Hour

// ReasonLivesTooLong is the reason to refuse a token with a longer life.
const ReasonLivesTooLong = "token_lives_too_long"
