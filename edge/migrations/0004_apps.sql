CREATE TABLE apps (
  package        TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  webhook_url    TEXT NOT NULL,
  webhook_secret TEXT NOT NULL,      -- signs the calls of the webhook; whs_<43 base64url characters>
  created_at     INTEGER NOT NULL    -- ms since 1970
) STRICT;
CREATE TABLE app_keys (
  id         TEXT PRIMARY KEY,       -- 16 hex digits
  package    TEXT NOT NULL REFERENCES apps (package) ON DELETE CASCADE,
  hash       TEXT NOT NULL UNIQUE,   -- SHA-256 of the whole key text, hex
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX app_keys_package ON app_keys (package);
-- which key an app's connection to a user's session was let in by, so that revoking finds it. No FK: outlives the app's deletion.
CREATE TABLE app_sessions (
  session_id   TEXT PRIMARY KEY,
  package      TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  key_id       TEXT NOT NULL,
  connected_at INTEGER NOT NULL
) STRICT;
CREATE INDEX app_sessions_key ON app_sessions (key_id);
CREATE INDEX app_sessions_package ON app_sessions (package);
