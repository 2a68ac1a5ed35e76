-- The documents that were ever opened in a workspace. Each document's object adds itself before
-- it admits anybody. So a change of a whole workspace can be reported without a list of documents.
CREATE TABLE opened_documents (
  workspace_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  PRIMARY KEY (workspace_id, document_id)
) WITHOUT ROWID;

-- How often a change of each workspace was reported. A document that is opened there for the first
-- time after a report asks the permission source again.
CREATE TABLE workspace_changes (workspace_id TEXT PRIMARY KEY, changes INTEGER NOT NULL) WITHOUT ROWID;
