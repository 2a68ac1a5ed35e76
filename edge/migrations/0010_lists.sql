-- What operators list, in the order of ids. Times are milliseconds since 1970.

-- When the document was opened there first, or came back; 0 before this migration. A document that
-- moved has a row in each of its workspaces, and the newest counts.
ALTER TABLE opened_documents ADD COLUMN opened_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX opened_documents_document ON opened_documents (document_id, opened_at);

-- The users that were ever admitted. Each user's object adds itself once.
CREATE TABLE admitted_users (
  user_id TEXT PRIMARY KEY,
  admitted_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX documents_workspace ON documents (workspace_id, id);
CREATE INDEX grants_user ON grants (user_id);
