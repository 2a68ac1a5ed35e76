-- A refresh with the embedded issuer costs the same however old the sign-in is, and a cookie
-- instead of the address identifies a browser. Times are milliseconds since 1970.

-- The recent tokens of one sign-in, and those made from one token.
CREATE INDEX refresh_tokens_recent ON refresh_tokens (family, created_at, parent);

-- When the sign-in began. It ends for good a fixed time after that.
ALTER TABLE refresh_tokens ADD COLUMN signed_in_at INTEGER;
UPDATE refresh_tokens SET signed_in_at =
  (SELECT MIN(first.created_at) FROM refresh_tokens AS first WHERE first.family = refresh_tokens.family);
-- The name of the browser that got the token, by which people tell sign-ins apart.
ALTER TABLE refresh_tokens ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- Whether the tokens of a sign-in are revoked, and which are unused: a statement finds these
-- rows however many there are.
CREATE INDEX refresh_tokens_revoked ON refresh_tokens (family) WHERE revoked_at IS NOT NULL;
CREATE INDEX refresh_tokens_unused ON refresh_tokens (family, created_at) WHERE rotated_at IS NULL AND superseded_at IS NULL;
DROP INDEX refresh_tokens_family;

-- The user whose browser a bucket is for; NULL for the buckets of addresses and accounts.
ALTER TABLE login_attempts ADD COLUMN user_id TEXT;
CREATE INDEX login_attempts_user ON login_attempts (user_id) WHERE user_id IS NOT NULL;
