//go:build !js

package e2e

import (
	"strings"
	"testing"
)

// What an object of schema version 2 (commit 0cdaae8) has stored: a log of two ops with
// its writer in the grace period, and that user's session.
const (
	oldDocument = `CREATE TABLE schema (version INTEGER NOT NULL);
INSERT INTO schema (version) VALUES (1), (2);
CREATE TABLE ops (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, message_id TEXT NOT NULL, op BLOB NOT NULL, at INTEGER NOT NULL);
CREATE INDEX ops_client ON ops (client_id, user_id, version);
CREATE TABLE channels (user_id TEXT PRIMARY KEY, client_id TEXT NOT NULL, session_id TEXT NOT NULL, state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, acked INTEGER NOT NULL, expires INTEGER NOT NULL, noticed INTEGER NOT NULL, notice_at INTEGER NOT NULL, name TEXT NOT NULL, grant_session_id TEXT NOT NULL, workspace_id TEXT NOT NULL, role TEXT NOT NULL, permissions INTEGER NOT NULL, epoch INTEGER NOT NULL, locked INTEGER NOT NULL, grant_expires INTEGER NOT NULL, token_id TEXT NOT NULL, admitted_at INTEGER NOT NULL, telling INTEGER NOT NULL, reason TEXT NOT NULL, tell_next INTEGER NOT NULL, tries INTEGER NOT NULL, behind INTEGER NOT NULL DEFAULT 0, pushed INTEGER NOT NULL DEFAULT 0, dry_since INTEGER NOT NULL DEFAULT 0, confirms INTEGER NOT NULL DEFAULT 0, trusted INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
INSERT INTO ops VALUES (1, 'usr_owner', 'tab', 'm1', CAST('"one"' AS BLOB), 1700000000000), (2, 'usr_owner', 'tab', 'm2', CAST('"two"' AS BLOB), 1700000000000);
INSERT INTO channels VALUES ('usr_owner', 'tab', 's-old', 2, '', NOW, 0, 0, NOW + 25000, 1, NOW + 900000, 0, 0, 'Olive', 's-old', 'ws_demo', 'owner', 31, 1, 0, NOW + 900000, 'j', NOW, 0, '', 0, 0, 0, 0, 0, 0, 0)`
	oldSession = `CREATE TABLE schema (version INTEGER NOT NULL);
INSERT INTO schema (version) VALUES (1), (2);
CREATE TABLE session (one INTEGER PRIMARY KEY CHECK (one = 1), user_id TEXT NOT NULL, id TEXT NOT NULL, started_at INTEGER NOT NULL, epoch INTEGER NOT NULL);
CREATE TABLE channels (document TEXT PRIMARY KEY, client_id TEXT NOT NULL, until INTEGER NOT NULL, admitted_at INTEGER NOT NULL, owed INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', next_push INTEGER NOT NULL DEFAULT 0, pushes INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE access (document TEXT PRIMARY KEY, fetched_at INTEGER NOT NULL, permissions INTEGER NOT NULL, workspace_id TEXT NOT NULL, role TEXT NOT NULL, found INTEGER NOT NULL, locked INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO session VALUES (1, 'usr_owner', 's-old', NOW, 1);
INSERT INTO channels VALUES ('welcome', 'tab', NOW + 955000, NOW, 0, '', 0, 0);
INSERT INTO access VALUES ('welcome', NOW, 31, 'ws_demo', 'owner', 1, 0)`
)

// A new version of the Worker finds what an older one has stored, and a client that was
// connected to that resumes with nothing lost.
func TestObjectsOfAnEarlierVersionUpgrade(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	now := "(CAST(unixepoch('subsec') * 1000 AS INTEGER))"
	for class, made := range map[string][2]string{"Document": {"welcome", oldDocument}, "UserSession": {"usr_owner", oldSession}} {
		for statement := range strings.SplitSeq(made[1], ";\n") {
			s.Do(map[string]string{"do": "sql", "class": class, "name": made[0], "query": strings.ReplaceAll(statement, "NOW", now)}, nil)
		}
	}
	c := s.connect(dialling{document: "welcome", clientID: "tab", sessionID: "s-old", lastSeq: 1, token: s.Login("owner")})
	if c.ack.Data["resumed"] != true || c.ack.number("document_version") != 2 || c.ack.text("last_message_id") != "m2" {
		t.Fatalf("back with %v", c.ack.Data)
	}
	if f := c.expect("operation", "operation_ack"); f.MessageID != "m2" || f.Data["op"] != "two" {
		t.Errorf("received %+v", f)
	}
	if v := c.op("m2", "two"); v != 2 {
		t.Errorf("a repeat became version %d", v)
	}
	if v := c.op("m3", "three"); v != 3 {
		t.Errorf("the next op became version %d", v)
	}
}
