-- The embedded issuer's accounts. Times are milliseconds since 1970.

CREATE TABLE users (
  id            TEXT PRIMARY KEY,
  email         TEXT NOT NULL UNIQUE CHECK (email = lower(email)),
  name          TEXT NOT NULL,
  -- PBKDF2 with SHA-256, 32 bytes; both in hexadecimal.
  password_hash TEXT NOT NULL,
  salt          TEXT NOT NULL,
  iterations    INTEGER NOT NULL CHECK (iterations > 0)
) STRICT;

-- A refresh token is stored as its SHA-256. A family is one sign-in.
CREATE TABLE refresh_tokens (
  hash       TEXT PRIMARY KEY,
  family     TEXT NOT NULL,
  user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  rotated_at INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id, expires_at);
