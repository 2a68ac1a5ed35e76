-- Apps: programs that are attached to a user's session. Times are milliseconds since 1970.

CREATE TABLE apps (
  package        TEXT PRIMARY KEY,
  name           TEXT NOT NULL,
  webhook_url    TEXT NOT NULL,
  -- The secret that signs calls of the webhook: whs_ and 43 base64url characters. It
  -- cannot be a hash, because signing needs the secret itself.
  webhook_secret TEXT NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT;

-- Of a key the row holds only the SHA-256 in hexadecimal. The key's id, 16 hexadecimal
-- digits, is a part of the key that is no secret.
CREATE TABLE app_keys (
  id         TEXT PRIMARY KEY,
  package    TEXT NOT NULL REFERENCES apps (package) ON DELETE CASCADE,
  hash       TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE INDEX app_keys_package ON app_keys (package);

-- The key by which a connection of an app joined a user's session, so that revoking the key
-- finds the connection. The row refers to neither table: when an app is removed its rows stay
-- until the users' objects have ended the connections.
CREATE TABLE app_sessions (
  session_id   TEXT NOT NULL,
  package      TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  key_id       TEXT NOT NULL,
  connected_at INTEGER NOT NULL,
  -- One socket may use one key while another waits with a second one: the table has both.
  PRIMARY KEY (session_id, key_id)
) STRICT;

-- With the user id, because a revocation notifies the users' objects in that order, part by part.
CREATE INDEX app_sessions_key ON app_sessions (key_id, user_id);
CREATE INDEX app_sessions_package ON app_sessions (package, user_id);
