-- Links by which people without an account, guests, come to one document. Times are milliseconds
-- since 1970.

CREATE TABLE links (
  -- 16 hexadecimal digits, no secret: it stands in the user ids of the link's guests.
  id          TEXT PRIMARY KEY,
  -- No reference: where permissions come from a service, documents has no row of it.
  document_id TEXT NOT NULL,
  role        TEXT NOT NULL CHECK (role IN ('view', 'comment', 'edit')),
  -- The SHA-256 of the link's secret, in hexadecimal.
  hash        TEXT NOT NULL,
  -- What the maker calls it; '' for nothing.
  name        TEXT NOT NULL DEFAULT '',
  -- Who made it: the user, while who may manage the document it counts, or '' for the operator
  -- that operator names.
  maker       TEXT NOT NULL DEFAULT '',
  operator    TEXT NOT NULL DEFAULT '',
  -- How many guests may be made of it.
  uses        INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  revoked_at  INTEGER
) STRICT;

CREATE INDEX links_document ON links (document_id, id);
CREATE INDEX links_maker ON links (maker, id) WHERE maker <> '';

-- The guests that were made of a link. Their number is what counts against its uses.
CREATE TABLE guests (
  link_id     TEXT NOT NULL REFERENCES links (id) ON DELETE CASCADE,
  id          TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  -- When the newest token of the guest ends: who has none has no connection either.
  token_until INTEGER NOT NULL,
  -- 1 once an operator has revoked the guest, or the link and every connection is closed.
  ended       INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
  PRIMARY KEY (link_id, id)
) STRICT;
