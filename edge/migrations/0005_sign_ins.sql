-- A refresh of the embedded issuer costs the same however long its sign-in has lasted, and
-- browsers are known by a cookie instead of their address. Times are milliseconds since 1970.

-- What was made lately of one sign-in, and of one token.
CREATE INDEX refresh_tokens_recent ON refresh_tokens (family, created_at, parent);

-- When the sign-in began: it ends for good so much later.
ALTER TABLE refresh_tokens ADD COLUMN signed_in_at INTEGER;
UPDATE refresh_tokens SET signed_in_at =
  (SELECT MIN(first.created_at) FROM refresh_tokens AS first WHERE first.family = refresh_tokens.family);
-- What the browser that was given the token calls itself, for people to tell sign-ins apart.
ALTER TABLE refresh_tokens ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- Of a sign-in's tokens, whether they are revoked, and which may still be used: a statement
-- finds these among however many there are.
CREATE INDEX refresh_tokens_revoked ON refresh_tokens (family) WHERE revoked_at IS NOT NULL;
CREATE INDEX refresh_tokens_unused ON refresh_tokens (family, created_at) WHERE rotated_at IS NULL AND superseded_at IS NULL;
DROP INDEX refresh_tokens_family;

-- Whose browser it is that a bucket is for; NULL for the buckets of addresses and accounts.
ALTER TABLE login_attempts ADD COLUMN user_id TEXT;
CREATE INDEX login_attempts_user ON login_attempts (user_id) WHERE user_id IS NOT NULL;
