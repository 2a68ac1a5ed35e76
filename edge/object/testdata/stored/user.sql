-- step 1
CREATE TABLE session (one INTEGER PRIMARY KEY CHECK (one = 1), user_id TEXT NOT NULL, id TEXT NOT NULL, started_at INTEGER NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE channels (document TEXT PRIMARY KEY, client_id TEXT NOT NULL, until INTEGER NOT NULL, admitted_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE access (document TEXT PRIMARY KEY, fetched_at INTEGER NOT NULL, permissions INTEGER NOT NULL, workspace_id TEXT NOT NULL, role TEXT NOT NULL, found INTEGER NOT NULL, locked INTEGER NOT NULL) WITHOUT ROWID;
-- step 2
ALTER TABLE channels ADD COLUMN owed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN next_push INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN pushes INTEGER NOT NULL DEFAULT 0;
-- step 3
ALTER TABLE channels ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN token_id TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN by_whom TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN kick INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN revoked_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN issued_ahead INTEGER NOT NULL DEFAULT 0;
CREATE TABLE revoked (token_id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE device (one INTEGER PRIMARY KEY CHECK (one = 1), client_id TEXT NOT NULL, session_id TEXT NOT NULL, state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, expires INTEGER NOT NULL, noticed INTEGER NOT NULL, notice_at INTEGER NOT NULL, token_id TEXT NOT NULL, issued_at INTEGER NOT NULL, token_expires INTEGER NOT NULL, asked INTEGER NOT NULL, door_conn TEXT NOT NULL, door_at INTEGER NOT NULL, door_client TEXT NOT NULL, door_made_up TEXT NOT NULL, door_flat INTEGER NOT NULL, door_token_id TEXT NOT NULL, door_issued_at INTEGER NOT NULL, door_expires INTEGER NOT NULL, sent INTEGER NOT NULL, acked INTEGER NOT NULL);
CREATE TABLE outbox (seq INTEGER PRIMARY KEY, frame BLOB NOT NULL);
CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, event TEXT NOT NULL, user_id TEXT NOT NULL, document TEXT NOT NULL, client_id TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, by_whom TEXT NOT NULL, detail TEXT NOT NULL);
-- step 4
CREATE TABLE apps (package TEXT PRIMARY KEY, session_id TEXT NOT NULL, state INTEGER NOT NULL, phase INTEGER NOT NULL, next INTEGER NOT NULL, tries INTEGER NOT NULL, been INTEGER NOT NULL, key_id TEXT NOT NULL, line_state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, door_conn TEXT NOT NULL, door_at INTEGER NOT NULL, door_key TEXT NOT NULL, sent INTEGER NOT NULL, acked INTEGER NOT NULL, rounds INTEGER NOT NULL, written INTEGER NOT NULL, told INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE app_outbox (package TEXT NOT NULL, seq INTEGER NOT NULL, frame BLOB NOT NULL, PRIMARY KEY (package, seq)) WITHOUT ROWID;
CREATE TABLE app_receipts (package TEXT NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL, client_id TEXT NOT NULL, message_id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (package, slot)) WITHOUT ROWID;
-- step 5
ALTER TABLE access ADD COLUMN access INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN sign_ins_before INTEGER NOT NULL DEFAULT 0;
-- step 6
CREATE TABLE user_channels (document TEXT NOT NULL, client_id TEXT NOT NULL, until INTEGER NOT NULL, admitted_at INTEGER NOT NULL, owed INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', next_push INTEGER NOT NULL DEFAULT 0, pushes INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL DEFAULT 0, token_id TEXT NOT NULL DEFAULT '', doubt INTEGER NOT NULL DEFAULT 0, by_whom TEXT NOT NULL DEFAULT '', fence INTEGER NOT NULL DEFAULT 0, kick INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (document, client_id)) WITHOUT ROWID;
INSERT INTO user_channels (document, client_id, until, admitted_at, owed, reason, next_push, pushes, expires, token_id, doubt, by_whom, fence, kick) SELECT document, client_id, until, admitted_at, owed, reason, next_push, pushes, expires, token_id, doubt, by_whom, fence, kick FROM channels;
DROP TABLE channels;
-- step 7
ALTER TABLE session ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE events_state (one INTEGER PRIMARY KEY CHECK (one = 1), stream TEXT NOT NULL, seq INTEGER NOT NULL, told INTEGER NOT NULL, generation TEXT NOT NULL, changed INTEGER NOT NULL, changed_at INTEGER NOT NULL, tries INTEGER NOT NULL, next INTEGER NOT NULL, failing INTEGER NOT NULL, reason TEXT NOT NULL, lost INTEGER NOT NULL);
ALTER TABLE audit ADD COLUMN delegate TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN also TEXT NOT NULL DEFAULT '';
ALTER TABLE user_channels ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
ALTER TABLE user_channels ADD COLUMN started_at INTEGER NOT NULL DEFAULT 0;
CREATE TABLE visited (document TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT OR IGNORE INTO visited (document) SELECT document FROM audit WHERE document <> '' AND document <> '@device' AND event <> 'refused';
INSERT OR IGNORE INTO visited (document) SELECT document FROM user_channels WHERE document <> '@device';
CREATE TABLE messages (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE hearers (client_id TEXT PRIMARY KEY, heard BLOB NOT NULL) WITHOUT ROWID;
-- step 8
ALTER TABLE apps ADD COLUMN streams TEXT NOT NULL DEFAULT '';
-- rows 0
INSERT OR REPLACE INTO session (one, user_id, id, started_at, epoch, revoked_before, issued_ahead, sign_ins_before) VALUES (1, 'text 1002', 'text 1003', 1736244001004, 1005, 1736244001006, 1736244001008, 1736244001007);
INSERT OR REPLACE INTO channels (document, client_id, until, admitted_at, expires, token_id, owed, reason, doubt, by_whom, fence, kick, next_push, pushes) VALUES ('text 1002', 'text 1003', 1736244001004, 1736244001005, 1736244001006, 'text 1007', 1008, 'text 1009', 1, 'text 1011', 1012, 1013, 1736244001014, 1015);
INSERT OR REPLACE INTO access (document, fetched_at, permissions, workspace_id, role, found, locked, access) VALUES ('text 1002', 1736244001003, 5, 'text 1005', 'text 1006', 1, 0, 1009);
INSERT OR REPLACE INTO revoked (token_id, until) VALUES ('text 1002', 1736244001003);
INSERT OR REPLACE INTO device (one, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, expires, noticed, notice_at, token_id, issued_at, token_expires, asked, door_conn, door_at, door_client, door_made_up, door_flat, door_token_id, door_issued_at, door_expires, sent, acked) VALUES (1, 'text 1004', 'text 1005', 7, 'text 1007', 1736244001008, 1736244001010, 2, 1736244001012, 1736244001014, 1, 1736244001016, 'text 1018', 1736244001019, 1736244001020, 1736244001021, 'text 1023', 1736244001024, 'text 1025', 'text 1026', 0, 'text 1029', 1736244001030, 1736244001031, 1033, 1034);
INSERT INTO outbox (seq, frame) VALUES (1002, X'626C6F622031303033');
INSERT OR REPLACE INTO apps (package, session_id, state, phase, next, tries, been, key_id, line_state, conn, connected_at, seen, pings, grace_until, door_conn, door_at, door_key, sent, acked, rounds, written, told) VALUES ('text 1002', 'text 1003', 5, 6, 1736244001006, 1007, 1, 'text 1027', 17, 'text 1017', 1736244001018, 1736244001020, 2, 1736244001022, 'text 1029', 1736244001030, 'text 1031', 1033, 1034, 1010, 0, 12);
INSERT INTO app_outbox (package, seq, frame) VALUES ('text 1002', 1002, X'626C6F622031303033');
INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES ('text 1002', 0, 1002, 'text 1003', 'text 1004', 1005);
INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES ('', 0, 1003, 'text 1003', 'text 1004', 1005);
INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1736244001002, 'text 1003', 'text 1004', 'text 1005', 'text 1006', 'text 1007', 'text 1008', 'text 1009', 'text 1010');
-- rows 1
INSERT OR REPLACE INTO session (one, user_id, id, started_at, epoch, revoked_before, issued_ahead, sign_ins_before) VALUES (1, 'text 2002', 'text 2003', 1736244002004, 2005, 1736244002006, 1736244002008, 1736244002007);
INSERT OR REPLACE INTO channels (document, client_id, until, admitted_at, expires, token_id, owed, reason, doubt, by_whom, fence, kick, next_push, pushes) VALUES ('text 2002', 'text 2003', 1736244002004, 1736244002005, 1736244002006, 'text 2007', 2008, 'text 2009', 0, 'text 2011', 2012, 2013, 1736244002014, 2015);
INSERT OR REPLACE INTO access (document, fetched_at, permissions, workspace_id, role, found, locked, access) VALUES ('text 2002', 1736244002003, 5, 'text 2005', 'text 2006', 0, 1, 2009);
INSERT OR REPLACE INTO revoked (token_id, until) VALUES ('text 2002', 1736244002003);
INSERT OR REPLACE INTO device (one, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, expires, noticed, notice_at, token_id, issued_at, token_expires, asked, door_conn, door_at, door_client, door_made_up, door_flat, door_token_id, door_issued_at, door_expires, sent, acked) VALUES (1, 'text 2004', 'text 2005', 7, 'text 2007', 1736244002008, 1736244002010, 1, 1736244002012, 1736244002014, 1, 1736244002016, 'text 2018', 1736244002019, 1736244002020, 1736244002021, 'text 2023', 1736244002024, 'text 2025', 'text 2026', 0, 'text 2029', 1736244002030, 1736244002031, 2033, 2034);
INSERT INTO outbox (seq, frame) VALUES (2002, X'626C6F622032303033');
INSERT OR REPLACE INTO apps (package, session_id, state, phase, next, tries, been, key_id, line_state, conn, connected_at, seen, pings, grace_until, door_conn, door_at, door_key, sent, acked, rounds, written, told) VALUES ('text 2002', 'text 2003', 5, 6, 1736244002006, 2007, 0, 'text 2027', 17, 'text 2017', 1736244002018, 1736244002020, 2, 1736244002022, 'text 2029', 1736244002030, 'text 2031', 2033, 2034, 2010, 1, 12);
INSERT INTO app_outbox (package, seq, frame) VALUES ('text 2002', 2002, X'626C6F622032303033');
INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES ('text 2002', 1, 2002, 'text 2003', 'text 2004', 2005);
INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES ('', 1, 2003, 'text 2003', 'text 2004', 2005);
INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1736244002002, 'text 2003', 'text 2004', 'text 2005', 'text 2006', 'text 2007', 'text 2008', 'text 2009', 'text 2010');
-- rows 2
INSERT OR REPLACE INTO session (one, user_id, id, started_at, epoch, revoked_before, issued_ahead, sign_ins_before) VALUES (1, 'text 3002', 'text 3003', 1736244003004, 3005, 1736244003006, 1736244003008, 1736244003007);
INSERT OR REPLACE INTO channels (document, client_id, until, admitted_at, expires, token_id, owed, reason, doubt, by_whom, fence, kick, next_push, pushes) VALUES ('text 3002', 'text 3003', 1736244003004, 1736244003005, 1736244003006, 'text 3007', 3008, 'text 3009', 0, 'text 3011', 3012, 3013, 1736244003014, 3015);
INSERT OR REPLACE INTO access (document, fetched_at, permissions, workspace_id, role, found, locked, access) VALUES ('text 3002', 1736244003003, 5, 'text 3005', 'text 3006', 0, 0, 3009);
INSERT OR REPLACE INTO revoked (token_id, until) VALUES ('text 3002', 1736244003003);
INSERT OR REPLACE INTO device (one, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, expires, noticed, notice_at, token_id, issued_at, token_expires, asked, door_conn, door_at, door_client, door_made_up, door_flat, door_token_id, door_issued_at, door_expires, sent, acked) VALUES (1, 'text 3004', 'text 3005', 7, 'text 3007', 1736244003008, 1736244003010, 0, 1736244003012, 1736244003014, 0, 1736244003016, 'text 3018', 1736244003019, 1736244003020, 1736244003021, 'text 3023', 1736244003024, 'text 3025', 'text 3026', 1, 'text 3029', 1736244003030, 1736244003031, 3033, 3034);
INSERT INTO outbox (seq, frame) VALUES (3002, X'626C6F622033303033');
INSERT OR REPLACE INTO apps (package, session_id, state, phase, next, tries, been, key_id, line_state, conn, connected_at, seen, pings, grace_until, door_conn, door_at, door_key, sent, acked, rounds, written, told) VALUES ('text 3002', 'text 3003', 5, 6, 1736244003006, 3007, 0, 'text 3027', 17, 'text 3017', 1736244003018, 1736244003020, 1, 1736244003022, 'text 3029', 1736244003030, 'text 3031', 3033, 3034, 3010, 0, 12);
INSERT INTO app_outbox (package, seq, frame) VALUES ('text 3002', 3002, X'626C6F622033303033');
INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES ('text 3002', 2, 3002, 'text 3003', 'text 3004', 3005);
INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES ('', 2, 3003, 'text 3003', 'text 3004', 3005);
INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (1736244003002, 'text 3003', 'text 3004', 'text 3005', 'text 3006', 'text 3007', 'text 3008', 'text 3009', 'text 3010');
