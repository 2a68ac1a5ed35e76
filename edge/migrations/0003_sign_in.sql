-- What the embedded issuer keeps of failed sign-ins, and of refresh tokens that came
-- twice. Times are milliseconds since 1970.

-- How many passwords somebody may still try: one bucket for an account, one for an account
-- from one address. The row holds only a hash of both, because what somebody types as an
-- e-mail may be anything.
CREATE TABLE login_attempts (
  bucket      TEXT PRIMARY KEY,
  -- When the bucket is full again, unless somebody tries before then.
  full_at     INTEGER NOT NULL,
  -- Until when a sign-in to the account from this address counts.
  known_until INTEGER NOT NULL DEFAULT 0,
  -- The later of the two. After it the row is of no use.
  until       INTEGER NOT NULL
) STRICT;

CREATE INDEX login_attempts_until ON login_attempts (until);

-- The token that it was made from; NULL for the first token of a sign-in.
ALTER TABLE refresh_tokens ADD COLUMN parent TEXT;
-- When another branch of the family turned out to be the one in use.
ALTER TABLE refresh_tokens ADD COLUMN superseded_at INTEGER;
