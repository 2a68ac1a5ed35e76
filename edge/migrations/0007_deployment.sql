-- What a deployment decided once. Its objects depend on it: under another jurisdiction each name is
-- another object.
CREATE TABLE deployment (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Before this there were no jurisdictions, and the objects that exist are in none.
INSERT INTO deployment (name, value) SELECT 'jurisdiction', 'none'
  WHERE EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM documents) OR EXISTS (SELECT 1 FROM opened_documents);
