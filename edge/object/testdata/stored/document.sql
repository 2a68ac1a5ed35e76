-- step 1
CREATE TABLE ops (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, message_id TEXT NOT NULL, op BLOB NOT NULL, at INTEGER NOT NULL);
CREATE INDEX ops_client ON ops (client_id, user_id, version);
CREATE TABLE channels (user_id TEXT PRIMARY KEY, client_id TEXT NOT NULL, session_id TEXT NOT NULL, state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, acked INTEGER NOT NULL, expires INTEGER NOT NULL, noticed INTEGER NOT NULL, notice_at INTEGER NOT NULL, name TEXT NOT NULL, grant_session_id TEXT NOT NULL, workspace_id TEXT NOT NULL, role TEXT NOT NULL, permissions INTEGER NOT NULL, epoch INTEGER NOT NULL, locked INTEGER NOT NULL, grant_expires INTEGER NOT NULL, token_id TEXT NOT NULL, admitted_at INTEGER NOT NULL, telling INTEGER NOT NULL, reason TEXT NOT NULL, tell_next INTEGER NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID;
-- step 2
ALTER TABLE channels ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN pushed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN dry_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN confirms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0;
-- step 3
ALTER TABLE channels ADD COLUMN issued_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops ADD COLUMN comment INTEGER NOT NULL DEFAULT 0;
CREATE TABLE comments (id INTEGER PRIMARY KEY, resolved INTEGER NOT NULL);
CREATE INDEX comments_open ON comments (id) WHERE resolved = 0;
CREATE TABLE receipts (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, message_id TEXT NOT NULL);
CREATE INDEX receipts_client ON receipts (client_id, user_id, version);
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL, snapshot INTEGER NOT NULL, parts INTEGER NOT NULL, locked INTEGER NOT NULL, locked_at INTEGER NOT NULL, reason TEXT NOT NULL, retry INTEGER NOT NULL);
CREATE TABLE sections (section TEXT PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE parts (version INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, bytes INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, began INTEGER NOT NULL, PRIMARY KEY (version, part));
CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, event TEXT NOT NULL, user_id TEXT NOT NULL, document TEXT NOT NULL, client_id TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, by_whom TEXT NOT NULL, detail TEXT NOT NULL);
-- step 4
-- step 5
ALTER TABLE channels ADD COLUMN share INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
UPDATE ops SET total = (SELECT SUM((length(op) + length(CAST(user_id AS BLOB)) + length(CAST(client_id AS BLOB)) + length(CAST(message_id AS BLOB)) + 64)) FROM ops) WHERE version = (SELECT MAX(version) FROM ops);
CREATE INDEX ops_commenter ON ops (user_id, comment, kind) WHERE kind > 0;
CREATE INDEX ops_comments ON ops (version) WHERE kind > 0;
ALTER TABLE comments ADD COLUMN replies INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN mark INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN full INTEGER NOT NULL DEFAULT 0;
UPDATE state SET kept = floor;
ALTER TABLE state ADD COLUMN access INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN access_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN workspace TEXT NOT NULL DEFAULT '';
-- step 6
CREATE TABLE members (user_id TEXT NOT NULL, client_id TEXT NOT NULL, session_id TEXT NOT NULL, state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, acked INTEGER NOT NULL, expires INTEGER NOT NULL, noticed INTEGER NOT NULL, notice_at INTEGER NOT NULL, name TEXT NOT NULL, grant_session_id TEXT NOT NULL, workspace_id TEXT NOT NULL, role TEXT NOT NULL, permissions INTEGER NOT NULL, epoch INTEGER NOT NULL, locked INTEGER NOT NULL, grant_expires INTEGER NOT NULL, token_id TEXT NOT NULL, admitted_at INTEGER NOT NULL, telling INTEGER NOT NULL, reason TEXT NOT NULL, tell_next INTEGER NOT NULL, tries INTEGER NOT NULL, behind INTEGER NOT NULL DEFAULT 0, pushed INTEGER NOT NULL DEFAULT 0, dry_since INTEGER NOT NULL DEFAULT 0, confirms INTEGER NOT NULL DEFAULT 0, trusted INTEGER NOT NULL DEFAULT 0, issued_at INTEGER NOT NULL DEFAULT 0, fence INTEGER NOT NULL DEFAULT 0, share INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (user_id, client_id)) WITHOUT ROWID;
INSERT INTO members (user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, behind, pushed, dry_since, confirms, trusted, issued_at, fence, share) SELECT user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, behind, pushed, dry_since, confirms, trusted, issued_at, fence, share FROM channels;
DROP TABLE channels;
-- step 7
ALTER TABLE state ADD COLUMN generation TEXT NOT NULL DEFAULT '';
ALTER TABLE state ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE events_state (one INTEGER PRIMARY KEY CHECK (one = 1), stream TEXT NOT NULL, seq INTEGER NOT NULL, told INTEGER NOT NULL, generation TEXT NOT NULL, changed INTEGER NOT NULL, changed_at INTEGER NOT NULL, tries INTEGER NOT NULL, next INTEGER NOT NULL, failing INTEGER NOT NULL, reason TEXT NOT NULL, lost INTEGER NOT NULL);
ALTER TABLE state ADD COLUMN previous TEXT NOT NULL DEFAULT '';
ALTER TABLE state ADD COLUMN common INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN forgot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops ADD COLUMN term INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN term INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN withheld INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN access INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN called INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN delegate TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN also TEXT NOT NULL DEFAULT '';
ALTER TABLE receipts ADD COLUMN ids TEXT NOT NULL DEFAULT '';
DROP INDEX IF EXISTS ops_client;
UPDATE receipts SET ids = json_array(json_array(version, message_id));
INSERT INTO receipts (version, user_id, client_id, message_id, ids) SELECT MAX(version), user_id, client_id, '', json_group_array(json_array(version, message_id)) FROM (SELECT version, user_id, client_id, message_id, ROW_NUMBER() OVER (PARTITION BY client_id, user_id ORDER BY version DESC) AS n FROM ops WHERE message_id <> '') WHERE n <= 4096 GROUP BY client_id, user_id;
-- step 8
-- rows 0
INSERT OR REPLACE INTO channels (user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, behind, pushed, dry_since, confirms, trusted, issued_at, fence, share) VALUES ('text 1003', 'text 1004', 'text 1005', 7, 'text 1007', 1736244001008, 1736244001010, 2, 1736244001012, 1013, 1736244001014, 1, 1736244001016, 'text 1019', 'text 1020', 'text 1021', 'text 1022', 24, 1024, 0, 1736244001028, 'text 1030', 1736244001031, 1, 'text 1034', 1736244001035, 1036, 0, 1039, 1736244001040, 1, 1042, 1736244001029, 1037, 1032);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, total) VALUES (1002, 'text 1003', 'text 1004', 'text 1005', X'626C6F622031303036', 1736244001007, 1010);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total) VALUES (1102, 'text 1003', 'text 1004', 'text 1005', X'626C6F622031303036', 1736244001007, 1, 1009, 1010);
INSERT INTO comments (id, resolved) VALUES (1009, 0);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total) VALUES (1202, 'text 1003', 'text 1004', 'text 1005', X'626C6F622031303036', 1736244001007, 2, 1009, 1010);
UPDATE comments SET replies = replies + 1 WHERE id = 1009;
INSERT OR REPLACE INTO state (one, floor, snapshot, parts, locked, locked_at, reason, retry, kept, total, mark, pinned, full, access, access_at, erased, held, workspace) VALUES (1, 1008, 1009, 1010, 1, 1736244001004, 'text 1005', 1006, 1015, 1016, 1017, 1018, 1, 1011, 1736244001012, 1736244001014, 0, 'text 1013');
INSERT OR REPLACE INTO sections (section, user_id, client_id, until) VALUES ('text 1002', 'text 1003', 'text 1004', 1736244001005);
INSERT OR REPLACE INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) VALUES (101003, 1006, 1006, 'text 1004', 'text 1005', 1008, 1736244001009, X'626C6F622031303132', 1736244001010);
INSERT INTO receipts (version, user_id, client_id, message_id) VALUES (1, 'text 1', 'text 2', 'text 3');
INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1736244001002, 'text 1003', 'text 1004', 'text 1005', 'text 1006', 'text 1007', 'text 1008', 'text 1009', 'text 1010');
-- rows 1
INSERT OR REPLACE INTO channels (user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, behind, pushed, dry_since, confirms, trusted, issued_at, fence, share) VALUES ('text 2003', 'text 2004', 'text 2005', 7, 'text 2007', 1736244002008, 1736244002010, 1, 1736244002012, 2013, 1736244002014, 1, 1736244002016, 'text 2019', 'text 2020', 'text 2021', 'text 2022', 24, 2024, 0, 1736244002028, 'text 2030', 1736244002031, 0, 'text 2034', 1736244002035, 2036, 1, 2039, 1736244002040, 1, 2042, 1736244002029, 2037, 2032);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, total) VALUES (2002, 'text 2003', 'text 2004', 'text 2005', X'626C6F622032303036', 1736244002007, 2010);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total) VALUES (2102, 'text 2003', 'text 2004', 'text 2005', X'626C6F622032303036', 1736244002007, 1, 2009, 2010);
INSERT INTO comments (id, resolved) VALUES (2009, 0);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total) VALUES (2202, 'text 2003', 'text 2004', 'text 2005', X'626C6F622032303036', 1736244002007, 2, 2009, 2010);
UPDATE comments SET replies = replies + 1 WHERE id = 2009;
INSERT OR REPLACE INTO state (one, floor, snapshot, parts, locked, locked_at, reason, retry, kept, total, mark, pinned, full, access, access_at, erased, held, workspace) VALUES (1, 2008, 2009, 2010, 0, 1736244002004, 'text 2005', 2006, 2015, 2016, 2017, 2018, 1, 2011, 1736244002012, 1736244002014, 1, 'text 2013');
INSERT OR REPLACE INTO sections (section, user_id, client_id, until) VALUES ('text 2002', 'text 2003', 'text 2004', 1736244002005);
INSERT OR REPLACE INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) VALUES (102003, 2006, 2006, 'text 2004', 'text 2005', 2008, 1736244002009, X'626C6F622032303132', 1736244002010);
INSERT INTO receipts (version, user_id, client_id, message_id) VALUES (2, 'text 1', 'text 2', 'text 3');
INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1736244002002, 'text 2003', 'text 2004', 'text 2005', 'text 2006', 'text 2007', 'text 2008', 'text 2009', 'text 2010');
-- rows 2
INSERT OR REPLACE INTO channels (user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, behind, pushed, dry_since, confirms, trusted, issued_at, fence, share) VALUES ('text 3003', 'text 3004', 'text 3005', 7, 'text 3007', 1736244003008, 1736244003010, 0, 1736244003012, 3013, 1736244003014, 0, 1736244003016, 'text 3019', 'text 3020', 'text 3021', 'text 3022', 24, 3024, 1, 1736244003028, 'text 3030', 1736244003031, 1, 'text 3034', 1736244003035, 3036, 1, 3039, 1736244003040, 1, 3042, 1736244003029, 3037, 3032);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, total) VALUES (3002, 'text 3003', 'text 3004', 'text 3005', X'626C6F622033303036', 1736244003007, 3010);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total) VALUES (3102, 'text 3003', 'text 3004', 'text 3005', X'626C6F622033303036', 1736244003007, 1, 3009, 3010);
INSERT INTO comments (id, resolved) VALUES (3009, 0);
INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total) VALUES (3202, 'text 3003', 'text 3004', 'text 3005', X'626C6F622033303036', 1736244003007, 2, 3009, 3010);
UPDATE comments SET replies = replies + 1 WHERE id = 3009;
INSERT OR REPLACE INTO state (one, floor, snapshot, parts, locked, locked_at, reason, retry, kept, total, mark, pinned, full, access, access_at, erased, held, workspace) VALUES (1, 3008, 3009, 3010, 0, 1736244003004, 'text 3005', 3006, 3015, 3016, 3017, 3018, 0, 3011, 1736244003012, 1736244003014, 0, 'text 3013');
INSERT OR REPLACE INTO sections (section, user_id, client_id, until) VALUES ('text 3002', 'text 3003', 'text 3004', 1736244003005);
INSERT OR REPLACE INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) VALUES (103003, 3006, 3006, 'text 3004', 'text 3005', 3008, 1736244003009, X'626C6F622033303132', 1736244003010);
INSERT INTO receipts (version, user_id, client_id, message_id) VALUES (3, 'text 1', 'text 2', 'text 3');
INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1736244003002, 'text 3003', 'text 3004', 'text 3005', 'text 3006', 'text 3007', 'text 3008', 'text 3009', 'text 3010');
