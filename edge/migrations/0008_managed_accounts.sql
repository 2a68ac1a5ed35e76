-- Accounts of the embedded issuer that operators and users manage. Times are milliseconds
-- since 1970. A Worker of before reads none of these columns and can still run: it signs in
-- nobody whose password_hash is empty.

-- When the account was made; 0 before this migration.
ALTER TABLE users ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
-- 0 for an account that somebody made by signing up: nobody knows whose e-mail it is.
ALTER TABLE users ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 1 CHECK (email_verified IN (0, 1));
-- When the password was set last. A sign-in begins only if it has not been set meanwhile.
ALTER TABLE users ADD COLUMN password_at INTEGER NOT NULL DEFAULT 0;

-- A disabled account has an empty password_hash, and its own is kept here.
ALTER TABLE users ADD COLUMN disabled_at INTEGER;
ALTER TABLE users ADD COLUMN kept_hash TEXT;

-- The token by which somebody sets a password once, without one: its SHA-256, what it was
-- made for, and when it ends. An account has one at most.
ALTER TABLE users ADD COLUMN token_hash TEXT;
ALTER TABLE users ADD COLUMN token_kind TEXT CHECK (token_kind IN ('invitation', 'reset'));
ALTER TABLE users ADD COLUMN token_until INTEGER;
CREATE UNIQUE INDEX users_token ON users (token_hash) WHERE token_hash IS NOT NULL;
