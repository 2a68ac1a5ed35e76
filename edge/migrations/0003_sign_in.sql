-- What the embedded issuer remembers of sign-ins that failed, and of refresh tokens
-- that were given out twice. Times are milliseconds since 1970.

-- How many passwords may still be tried: one bucket for an account, one for an account
-- from one address. Of both only a hash is here, for what somebody typed as an e-mail
-- may be anything.
CREATE TABLE login_attempts (
  bucket      TEXT PRIMARY KEY,
  -- When it is full again, if nobody tries until then.
  full_at     INTEGER NOT NULL,
  -- Until when it counts that the account was signed in from this address.
  known_until INTEGER NOT NULL DEFAULT 0,
  -- The later of the two: then the row says nothing any more.
  until       INTEGER NOT NULL
) STRICT;

CREATE INDEX login_attempts_until ON login_attempts (until);

-- The token it was made from; NULL for the first of a sign-in.
ALTER TABLE refresh_tokens ADD COLUMN parent TEXT;
-- When another branch of its family turned out to be the one that is used.
ALTER TABLE refresh_tokens ADD COLUMN superseded_at INTEGER;
