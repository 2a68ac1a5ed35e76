-- The embedded permission source: who may do what on which document. Another issuer
-- may know a user, so a user need not be in the table users.

CREATE TABLE workspaces (
  id   TEXT PRIMARY KEY,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE members (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  user_id      TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  PRIMARY KEY (workspace_id, user_id)
) STRICT;

CREATE INDEX members_user ON members (user_id);

CREATE TABLE documents (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  title        TEXT NOT NULL,
  -- 'workspace': workspace roles count; 'restricted': grants only.
  access       TEXT NOT NULL DEFAULT 'workspace' CHECK (access IN ('workspace', 'restricted')),
  locked       INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1))
) STRICT;

CREATE TABLE grants (
  document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
  user_id     TEXT NOT NULL,
  role        TEXT NOT NULL CHECK (role IN ('full_access', 'edit', 'comment', 'view')),
  PRIMARY KEY (document_id, user_id)
) STRICT;
