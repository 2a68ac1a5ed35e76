-- The documents that were ever opened in a workspace, by their objects, before anybody is
-- let in: who tells that a whole workspace has changed need not know them.
CREATE TABLE opened_documents (
  workspace_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  PRIMARY KEY (workspace_id, document_id)
) WITHOUT ROWID;

-- How often each was said to have changed: who is opened there for the first time after that
-- asks for permissions anew.
CREATE TABLE workspace_changes (workspace_id TEXT PRIMARY KEY, changes INTEGER NOT NULL) WITHOUT ROWID;
