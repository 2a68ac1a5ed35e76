-- Apps: programs that are attached to a user's session. Times are milliseconds since 1970.

CREATE TABLE apps (
  package        TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  webhook_url    TEXT NOT NULL,
  -- It signs what the webhook is called with: whs_ and 43 base64url characters. It cannot
  -- be a hash, for signing needs the secret itself.
  webhook_secret TEXT NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT;

-- Of a key only its SHA-256 in hexadecimal is here; its id, 16 hexadecimal digits, is a
-- part of it that is no secret.
CREATE TABLE app_keys (
  id         TEXT PRIMARY KEY,
  package    TEXT NOT NULL REFERENCES apps (package) ON DELETE CASCADE,
  hash       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE INDEX app_keys_package ON app_keys (package);

-- By which key a connection of an app's to a user's session was let in, so that revoking
-- the key finds it. It refers to neither table: a row outlives the app that is removed
-- until the session has been told.
CREATE TABLE app_sessions (
  session_id   TEXT NOT NULL,
  package      TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  key_id       TEXT NOT NULL,
  connected_at INTEGER NOT NULL,
  -- One socket may talk by one key while another waits by a second: each is found.
  PRIMARY KEY (session_id, key_id)
) STRICT;

-- With the user, for that is the order in which sessions are told, a part at a time.
CREATE INDEX app_sessions_key ON app_sessions (key_id, user_id);
CREATE INDEX app_sessions_package ON app_sessions (package, user_id);
