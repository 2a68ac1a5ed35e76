-- Delegations: programs that act for a user on one document, with no more than the user's rights.
-- Times are milliseconds since 1970. A Worker of before does not read the table.

CREATE TABLE delegations (
  -- 16 hexadecimal digits; a part of the key that is no secret.
  id          TEXT PRIMARY KEY,
  user_id     TEXT NOT NULL,
  document_id TEXT NOT NULL,
  -- What the program is called.
  name        TEXT NOT NULL,
  -- The most that it may do: a document role, or nothing for all that the user may.
  role        TEXT NOT NULL CHECK (role IN ('', 'full_access', 'edit', 'comment', 'view')),
  -- Of the key only the SHA-256, in hexadecimal.
  hash        TEXT NOT NULL UNIQUE,
  -- When the token was issued by which it was made: a revocation of that moment covers it. An
  -- operator's are as old as they are.
  issued_at   INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  -- The operator who made it; empty for the user.
  created_by  TEXT NOT NULL,
  expires_at  INTEGER NOT NULL,
  revoked_at  INTEGER
) STRICT;

CREATE INDEX delegations_user ON delegations (user_id, created_at);
