package object

// Stmt is one SQL statement. Statements are few and fixed, so that a host needs
// to be told each text only once; the number is an index into the texts.
type Stmt uint8

// Every statement of the Document object, then of the session object. A host that is not
// SQLite (the one in the tests) switches on these.
const (
	selectSchema Stmt = iota
	insertSchema

	createOps
	createOpsClient
	createChannels
	insertOp
	selectVersion
	selectOps
	selectReceipts
	selectChannels
	upsertChannel
	deleteChannel

	addBehind
	addPushed
	addDrySince
	addConfirms
	addTrusted

	createSession
	createSessionChannels
	createAccess
	addOwed
	addReason
	addNextPush
	addPushes
	selectSession
	upsertSession
	selectSessionChannels
	upsertSessionChannel
	deleteSessionChannel
	selectAccess
	upsertAccess
	deleteAccess

	// StmtCount is how many there are.
	StmtCount
)

// createSchema is run by its own text: it must exist before selectSchema may be asked.
const createSchema = StmtCount

const channelColumns = "user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, " +
	"name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, " +
	"behind, pushed, dry_since, confirms, trusted"

var statements = [...]string{
	selectSchema: "SELECT version FROM schema",
	insertSchema: "INSERT INTO schema (version) VALUES (?)",

	createOps: "CREATE TABLE ops (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, " +
		"message_id TEXT NOT NULL, op BLOB NOT NULL, at INTEGER NOT NULL)",
	createOpsClient: "CREATE INDEX ops_client ON ops (client_id, user_id, version)",
	createChannels: "CREATE TABLE channels (user_id TEXT PRIMARY KEY, client_id TEXT NOT NULL, session_id TEXT NOT NULL, " +
		"state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, " +
		"grace_until INTEGER NOT NULL, acked INTEGER NOT NULL, expires INTEGER NOT NULL, noticed INTEGER NOT NULL, notice_at INTEGER NOT NULL, " +
		"name TEXT NOT NULL, grant_session_id TEXT NOT NULL, workspace_id TEXT NOT NULL, role TEXT NOT NULL, permissions INTEGER NOT NULL, " +
		"epoch INTEGER NOT NULL, locked INTEGER NOT NULL, grant_expires INTEGER NOT NULL, token_id TEXT NOT NULL, " +
		"admitted_at INTEGER NOT NULL, telling INTEGER NOT NULL, reason TEXT NOT NULL, tell_next INTEGER NOT NULL, tries INTEGER NOT NULL) WITHOUT ROWID",
	insertOp:       "INSERT INTO ops (version, user_id, client_id, message_id, op, at) VALUES (?, ?, ?, ?, ?, ?)",
	selectVersion:  "SELECT COALESCE(MAX(version), 0) FROM ops",
	selectOps:      "SELECT version, user_id, client_id, message_id, op, at FROM ops WHERE version > ? AND version <= ? ORDER BY version LIMIT ?",
	selectReceipts: "SELECT message_id, version FROM ops WHERE client_id = ? AND user_id = ? ORDER BY version DESC LIMIT ?",
	selectChannels: "SELECT " + channelColumns + " FROM channels ORDER BY user_id",
	upsertChannel: "INSERT OR REPLACE INTO channels (" + channelColumns + ") VALUES " +
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	deleteChannel: "DELETE FROM channels WHERE user_id = ?",

	addBehind:   "ALTER TABLE channels ADD COLUMN behind INTEGER NOT NULL DEFAULT 0",
	addPushed:   "ALTER TABLE channels ADD COLUMN pushed INTEGER NOT NULL DEFAULT 0",
	addDrySince: "ALTER TABLE channels ADD COLUMN dry_since INTEGER NOT NULL DEFAULT 0",
	addTrusted:  "ALTER TABLE channels ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0",
	addConfirms: "ALTER TABLE channels ADD COLUMN confirms INTEGER NOT NULL DEFAULT 0",

	createSession: "CREATE TABLE session (one INTEGER PRIMARY KEY CHECK (one = 1), user_id TEXT NOT NULL, id TEXT NOT NULL, " +
		"started_at INTEGER NOT NULL, epoch INTEGER NOT NULL)",
	createSessionChannels: "CREATE TABLE channels (document TEXT PRIMARY KEY, client_id TEXT NOT NULL, until INTEGER NOT NULL, " +
		"admitted_at INTEGER NOT NULL) WITHOUT ROWID",
	createAccess: "CREATE TABLE access (document TEXT PRIMARY KEY, fetched_at INTEGER NOT NULL, permissions INTEGER NOT NULL, " +
		"workspace_id TEXT NOT NULL, role TEXT NOT NULL, found INTEGER NOT NULL, locked INTEGER NOT NULL) WITHOUT ROWID",
	addOwed:               "ALTER TABLE channels ADD COLUMN owed INTEGER NOT NULL DEFAULT 0",
	addReason:             "ALTER TABLE channels ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
	addNextPush:           "ALTER TABLE channels ADD COLUMN next_push INTEGER NOT NULL DEFAULT 0",
	addPushes:             "ALTER TABLE channels ADD COLUMN pushes INTEGER NOT NULL DEFAULT 0",
	selectSession:         "SELECT user_id, id, started_at, epoch FROM session",
	upsertSession:         "INSERT OR REPLACE INTO session (one, user_id, id, started_at, epoch) VALUES (1, ?, ?, ?, ?)",
	selectSessionChannels: "SELECT document, client_id, until, admitted_at, owed, reason, next_push, pushes FROM channels ORDER BY document",
	upsertSessionChannel:  "INSERT OR REPLACE INTO channels (document, client_id, until, admitted_at, owed, reason, next_push, pushes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	deleteSessionChannel:  "DELETE FROM channels WHERE document = ?",
	selectAccess:          "SELECT document, fetched_at, permissions, workspace_id, role, found, locked FROM access ORDER BY document",
	upsertAccess:          "INSERT OR REPLACE INTO access (document, fetched_at, permissions, workspace_id, role, found, locked) VALUES (?, ?, ?, ?, ?, ?, ?)",
	deleteAccess:          "DELETE FROM access WHERE document = ?",

	createSchema: "CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)",
}

// String is the statement's text.
func (s Stmt) String() string { return statements[s] }

// schemaVersion counts the changes to the tables. A change appends the
// statements that bring an object from the version before; objects upgrade
// themselves when they are next woken.
const schemaVersion = 2

var documentTables = [schemaVersion][]Stmt{{createOps, createOpsClient, createChannels}, {addBehind, addPushed, addDrySince, addConfirms, addTrusted}}
var sessionTables = [schemaVersion][]Stmt{{createSession, createSessionChannels, createAccess}, {addOwed, addReason, addNextPush, addPushes}}

// migrate brings the object's tables up to date.
func migrate(h Host, tables [schemaVersion][]Stmt) error {
	if err := h.Query(createSchema, nil, nil); err != nil {
		return err
	}
	version := 0
	err := h.Query(selectSchema, nil, func(cols []Value) { version = max(version, int(cols[0].Int)) })
	if err != nil {
		return err
	}
	for ; version < schemaVersion; version++ {
		for _, stmt := range tables[version] {
			if err := h.Query(stmt, nil, nil); err != nil {
				return err
			}
		}
		if err := h.Query(insertSchema, []Value{integer(int64(version + 1))}, nil); err != nil {
			return err
		}
	}
	return nil
}
