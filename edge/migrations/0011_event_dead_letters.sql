-- Events that the backend did not take in as many tries as there are. Each is the text that was sent, with
-- its id; an operator reads them, has them sent again, or deletes them. Times are milliseconds since 1970.
CREATE TABLE event_dead_letters (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  -- Which document and which user it names, each empty for none.
  document TEXT NOT NULL,
  user_id TEXT NOT NULL,
  event TEXT NOT NULL,
  -- Why the last try failed, and how many there were.
  reason TEXT NOT NULL,
  tries INTEGER NOT NULL,
  died_at INTEGER NOT NULL
);
CREATE INDEX event_dead_letters_document ON event_dead_letters (document) WHERE document <> '';
CREATE INDEX event_dead_letters_user ON event_dead_letters (user_id) WHERE user_id <> '';
