package token

import "time"

// MaxLife is the longest life a token may have where a deployment does not say, from iat
// to exp: so long a revoked one has to be remembered.
const MaxLife = 366 * 24 * time.Hour

// ReasonLivesTooLong is why one with a longer life is refused.
const ReasonLivesTooLong = "token_lives_too_long"
