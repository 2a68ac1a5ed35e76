-- Document keys: servers read and write certain documents by them. Times are milliseconds since 1970.

-- Of a key the row holds only the SHA-256 in hexadecimal. The key's id, 16 hexadecimal digits, is
-- a part of the key that is no secret.
CREATE TABLE document_keys (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  hash         TEXT NOT NULL UNIQUE,
  -- A JSON list of document ids, of beginnings of ids with a * behind, or of * for all.
  documents    TEXT NOT NULL,
  -- '' or the one workspace whose documents count.
  workspace_id TEXT NOT NULL,
  -- A JSON list of read, write, comment, users.
  scopes       TEXT NOT NULL,
  created_by   TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  -- 0 for a key that does not expire.
  expires_at   INTEGER NOT NULL,
  revoked_at   INTEGER
) STRICT;
