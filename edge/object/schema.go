package object

// Stmt is one SQL statement. Statements are few and fixed, so that a host needs
// to be told each text only once; the number is an index into the texts.
type Stmt uint8

// Every statement of the Document object, then of the session object. A host that is not
// SQLite (the one in the tests) switches on these.
const (
	selectTables Stmt = iota
	selectSchema
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

	addStateAccess
	addStateAccessAt
	addStateErased
	addStateHeld
	addStateWorkspace
	createRemains
	selectRemains
	upsertRemains
	takeRemains
	dropRemains

	addBehind
	addPushed
	addDrySince
	addConfirms
	addTrusted
	addIssuedAt
	addDocumentFence
	addShare

	addOpKind
	addOpComment
	createComments
	createCommentsOpen
	createReceipts
	createReceiptsClient
	createState
	createSections
	createParts
	insertComment
	openComment
	resolveComment
	selectComment
	countComments
	selectCommentOps
	trimReceipts
	trimComments
	trimOps
	selectTrimmed
	boundTrimmed
	boundAllTrimmed
	selectState
	upsertState
	selectSections
	upsertSection
	deleteSection
	selectUpload
	upsertPart
	selectPart
	deleteParts
	deleteOldParts

	createSession
	createSessionChannels
	createAccess
	addOwed
	addReason
	addNextPush
	addPushes
	addChannelExpires
	addChannelToken
	addDoubt
	addBy
	addFence
	addKick
	addAccessVersion
	addRevokedBefore
	addIssuedAhead
	addSignInsBefore
	createRevoked
	selectSession
	upsertSession
	selectSessionChannels
	upsertSessionChannel
	deleteSessionChannel
	selectAccess
	upsertAccess
	deleteAccess
	selectRevoked
	upsertRevoked
	deleteRevoked

	createDevice
	createOutbox
	selectDevice
	upsertDevice
	selectOutbox
	insertOutbox
	trimOutbox

	createApps
	createAppOutbox
	createAppReceipts
	selectApps
	upsertApp
	deleteApp
	selectAppOutbox
	insertAppOutbox
	trimAppOutbox
	selectAppReceipts
	upsertAppReceipt
	deleteAppReceipts

	createAudit
	insertAudit
	selectAudit
	selectAuditDocuments
	trimAudit
	trimApps
	trimUsers
	trimOperators

	// createSchema is the first table to be made.
	createSchema
)

const entryColumns = "version, user_id, client_id, message_id, op, at, kind, comment"

// trimmed is what of the entries up to a floor goes: ops, and comments that are no more.
const trimmed = "(kind = 0 OR comment NOT IN (SELECT id FROM comments))"

const channelColumns = "user_id, client_id, session_id, state, conn, connected_at, seen, pings, grace_until, acked, expires, noticed, notice_at, " +
	"name, grant_session_id, workspace_id, role, permissions, epoch, locked, grant_expires, token_id, admitted_at, telling, reason, tell_next, tries, " +
	"behind, pushed, dry_since, confirms, trusted, issued_at, fence, share"

const sessionChannelColumns = "document, client_id, until, admitted_at, expires, token_id, owed, reason, doubt, by_whom, fence, kick, next_push, pushes"

const deviceColumns = "client_id, session_id, state, conn, connected_at, seen, pings, grace_until, expires, noticed, notice_at, token_id, issued_at, " +
	"token_expires, asked, door_conn, door_at, door_client, door_made_up, door_flat, door_token_id, door_issued_at, door_expires, sent, acked"

const notOfApps = "substr(event, 1, 4) <> 'app_'"

const appColumns = "package, session_id, state, phase, next, tries, been, key_id, line_state, conn, connected_at, seen, pings, grace_until, " +
	"door_conn, door_at, door_key, sent, acked, rounds, written, told"

var statements = [...]string{
	selectTables: "SELECT name FROM sqlite_master WHERE name IN ('schema', 'remains')",
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
	insertOp:       "INSERT INTO ops (version, user_id, client_id, message_id, op, at, total) VALUES (?, ?, ?, ?, ?, ?, ?)",
	selectVersion:  "SELECT version, total FROM ops ORDER BY version DESC LIMIT 1",
	selectOps:      "SELECT " + entryColumns + " FROM ops WHERE version > ? AND version <= ? ORDER BY version LIMIT ?",
	selectReceipts: "SELECT message_id, version FROM ops WHERE client_id = ? AND user_id = ? ORDER BY version DESC LIMIT ?",
	selectChannels: "SELECT " + channelColumns + " FROM channels ORDER BY user_id",
	upsertChannel: "INSERT OR REPLACE INTO channels (" + channelColumns + ") VALUES " +
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	deleteChannel: "DELETE FROM channels WHERE user_id = ?",

	addBehind:        "ALTER TABLE channels ADD COLUMN behind INTEGER NOT NULL DEFAULT 0",
	addPushed:        "ALTER TABLE channels ADD COLUMN pushed INTEGER NOT NULL DEFAULT 0",
	addDrySince:      "ALTER TABLE channels ADD COLUMN dry_since INTEGER NOT NULL DEFAULT 0",
	addIssuedAt:      "ALTER TABLE channels ADD COLUMN issued_at INTEGER NOT NULL DEFAULT 0",
	addDocumentFence: "ALTER TABLE channels ADD COLUMN fence INTEGER NOT NULL DEFAULT 0",
	addShare:         "ALTER TABLE channels ADD COLUMN share INTEGER NOT NULL DEFAULT 0",
	addTrusted:       "ALTER TABLE channels ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0",
	addConfirms:      "ALTER TABLE channels ADD COLUMN confirms INTEGER NOT NULL DEFAULT 0",

	addOpKind:    "ALTER TABLE ops ADD COLUMN kind INTEGER NOT NULL DEFAULT 0",
	addOpComment: "ALTER TABLE ops ADD COLUMN comment INTEGER NOT NULL DEFAULT 0",
	// A comment that was resolved stays here until its resolve is trimmed.
	createComments:     "CREATE TABLE comments (id INTEGER PRIMARY KEY, resolved INTEGER NOT NULL)",
	createCommentsOpen: "CREATE INDEX comments_open ON comments (id) WHERE resolved = 0",
	// What a trimmed entry leaves behind: the answer to its repeat.
	createReceipts:       "CREATE TABLE receipts (version INTEGER PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, message_id TEXT NOT NULL)",
	createReceiptsClient: "CREATE INDEX receipts_client ON receipts (client_id, user_id, version)",
	createState: "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL, snapshot INTEGER NOT NULL, parts INTEGER NOT NULL, " +
		"locked INTEGER NOT NULL, locked_at INTEGER NOT NULL, reason TEXT NOT NULL, retry INTEGER NOT NULL)",
	createSections: "CREATE TABLE sections (section TEXT PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID",
	createParts: "CREATE TABLE parts (version INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, " +
		"bytes INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, began INTEGER NOT NULL, PRIMARY KEY (version, part))",

	insertComment:  "INSERT INTO ops (" + entryColumns + ", total) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	openComment:    "INSERT INTO comments (id, resolved) VALUES (?, ?)",
	resolveComment: "UPDATE comments SET resolved = ? WHERE id = ?",
	selectComment:  "SELECT replies FROM comments WHERE id = ? AND resolved = 0",
	countComments:  "SELECT COUNT(*) FROM comments WHERE resolved = 0",
	// Below the floor there may be what is kept for operators alone.
	selectCommentOps: "SELECT " + entryColumns + " FROM ops INDEXED BY ops_comments WHERE kind > 0 AND version > ? AND version <= ? " +
		"AND (version > (SELECT COALESCE(MAX(floor), 0) FROM state) OR comment IN (SELECT id FROM comments)) ORDER BY version LIMIT ?",
	trimComments: "DELETE FROM comments WHERE resolved > 0 AND resolved <= ?",
	trimReceipts: "INSERT OR REPLACE INTO receipts SELECT version, user_id, client_id, message_id FROM (SELECT version, user_id, client_id, message_id, " +
		"ROW_NUMBER() OVER (PARTITION BY client_id, user_id ORDER BY version DESC) AS n FROM ops WHERE version <= ? AND message_id <> '' AND " + trimmed + ") WHERE n <= ?",
	trimOps:         "DELETE FROM ops WHERE version <= ? AND " + trimmed,
	selectTrimmed:   "SELECT message_id, version FROM receipts WHERE client_id = ? AND user_id = ? ORDER BY version DESC LIMIT ?",
	boundTrimmed:    "DELETE FROM receipts WHERE version IN (SELECT version FROM (SELECT version, ROW_NUMBER() OVER (PARTITION BY client_id, user_id ORDER BY version DESC) AS n FROM receipts) WHERE n > ?)",
	boundAllTrimmed: "DELETE FROM receipts WHERE version <= (SELECT version FROM receipts ORDER BY version DESC LIMIT 1 OFFSET ?)",

	addStateAccess:    "ALTER TABLE state ADD COLUMN access INTEGER NOT NULL DEFAULT 0",
	addStateAccessAt:  "ALTER TABLE state ADD COLUMN access_at INTEGER NOT NULL DEFAULT 0",
	addStateErased:    "ALTER TABLE state ADD COLUMN erased INTEGER NOT NULL DEFAULT 0",
	addStateHeld:      "ALTER TABLE state ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
	addStateWorkspace: "ALTER TABLE state ADD COLUMN workspace TEXT NOT NULL DEFAULT ''",
	// What a document without content has to remember, in a table of its own: the others
	// take ten times the room.
	createRemains: "CREATE TABLE IF NOT EXISTS remains (one INTEGER PRIMARY KEY CHECK (one = 1), access INTEGER NOT NULL, access_at INTEGER NOT NULL, erased INTEGER NOT NULL, workspace TEXT NOT NULL)",
	selectRemains: "SELECT access, access_at, erased, workspace FROM remains",
	upsertRemains: "INSERT OR REPLACE INTO remains (one, access, access_at, erased, workspace) VALUES (1, ?, ?, ?, ?)",
	takeRemains: "INSERT INTO state (one, floor, snapshot, parts, locked, locked_at, reason, retry, access, access_at, erased, workspace) " +
		"SELECT 1, 0, 0, 0, 0, 0, '', 0, access, access_at, erased, workspace FROM remains",
	dropRemains: "DROP TABLE remains",

	selectState: "SELECT floor, snapshot, parts, locked, locked_at, reason, retry, kept, total, mark, pinned, full, access, access_at, erased, held, workspace FROM state",
	upsertState: "INSERT OR REPLACE INTO state (one, floor, snapshot, parts, locked, locked_at, reason, retry, kept, total, mark, pinned, full, access, access_at, erased, held, workspace) " +
		"VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	selectSections: "SELECT section, user_id, client_id, until FROM sections ORDER BY section",
	upsertSection:  "INSERT OR REPLACE INTO sections (section, user_id, client_id, until) VALUES (?, ?, ?, ?)",
	deleteSection:  "DELETE FROM sections WHERE section = ?",
	selectUpload:   "SELECT version, user_id, client_id, parts, part, bytes, at, began FROM parts WHERE version > ? ORDER BY version DESC, part DESC LIMIT 1",
	upsertPart:     "INSERT OR REPLACE INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	selectPart:     "SELECT data FROM parts WHERE version = ? AND part = ?",
	deleteParts:    "DELETE FROM parts WHERE version = ?",
	deleteOldParts: "DELETE FROM parts WHERE version < ?",

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
	addChannelExpires:     "ALTER TABLE channels ADD COLUMN expires INTEGER NOT NULL DEFAULT 0",
	addChannelToken:       "ALTER TABLE channels ADD COLUMN token_id TEXT NOT NULL DEFAULT ''",
	addDoubt:              "ALTER TABLE channels ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0",
	addBy:                 "ALTER TABLE channels ADD COLUMN by_whom TEXT NOT NULL DEFAULT ''",
	addFence:              "ALTER TABLE channels ADD COLUMN fence INTEGER NOT NULL DEFAULT 0",
	addKick:               "ALTER TABLE channels ADD COLUMN kick INTEGER NOT NULL DEFAULT 0",
	addAccessVersion:      "ALTER TABLE access ADD COLUMN access INTEGER NOT NULL DEFAULT 0",
	addRevokedBefore:      "ALTER TABLE session ADD COLUMN revoked_before INTEGER NOT NULL DEFAULT 0",
	addIssuedAhead:        "ALTER TABLE session ADD COLUMN issued_ahead INTEGER NOT NULL DEFAULT 0",
	addSignInsBefore:      "ALTER TABLE session ADD COLUMN sign_ins_before INTEGER NOT NULL DEFAULT 0",
	createRevoked:         "CREATE TABLE revoked (token_id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID",
	selectSession:         "SELECT user_id, id, started_at, epoch, revoked_before, issued_ahead, sign_ins_before FROM session",
	upsertSession:         "INSERT OR REPLACE INTO session (one, user_id, id, started_at, epoch, revoked_before, issued_ahead, sign_ins_before) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
	selectSessionChannels: "SELECT " + sessionChannelColumns + " FROM channels ORDER BY document",
	upsertSessionChannel:  "INSERT OR REPLACE INTO channels (" + sessionChannelColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	deleteSessionChannel:  "DELETE FROM channels WHERE document = ?",
	selectAccess:          "SELECT document, fetched_at, permissions, workspace_id, role, found, locked, access FROM access ORDER BY document",
	upsertAccess:          "INSERT OR REPLACE INTO access (document, fetched_at, permissions, workspace_id, role, found, locked, access) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	deleteAccess:          "DELETE FROM access WHERE document = ?",
	selectRevoked:         "SELECT token_id, until FROM revoked ORDER BY token_id",
	upsertRevoked:         "INSERT OR REPLACE INTO revoked (token_id, until) VALUES (?, ?)",
	deleteRevoked:         "DELETE FROM revoked WHERE token_id = ?",

	createDevice: "CREATE TABLE device (one INTEGER PRIMARY KEY CHECK (one = 1), client_id TEXT NOT NULL, session_id TEXT NOT NULL, state INTEGER NOT NULL, " +
		"conn TEXT NOT NULL, connected_at INTEGER NOT NULL, seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, " +
		"expires INTEGER NOT NULL, noticed INTEGER NOT NULL, notice_at INTEGER NOT NULL, token_id TEXT NOT NULL, issued_at INTEGER NOT NULL, " +
		"token_expires INTEGER NOT NULL, asked INTEGER NOT NULL, door_conn TEXT NOT NULL, door_at INTEGER NOT NULL, door_client TEXT NOT NULL, " +
		"door_made_up TEXT NOT NULL, door_flat INTEGER NOT NULL, door_token_id TEXT NOT NULL, door_issued_at INTEGER NOT NULL, " +
		"door_expires INTEGER NOT NULL, sent INTEGER NOT NULL, acked INTEGER NOT NULL)",
	createOutbox: "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, frame BLOB NOT NULL)",
	selectDevice: "SELECT " + deviceColumns + " FROM device",
	upsertDevice: "INSERT OR REPLACE INTO device (one, " + deviceColumns + ") VALUES " +
		"(1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	selectOutbox: "SELECT seq, frame FROM outbox ORDER BY seq",
	insertOutbox: "INSERT INTO outbox (seq, frame) VALUES (?, ?)",
	trimOutbox:   "DELETE FROM outbox WHERE seq <= ?",

	createApps: "CREATE TABLE apps (package TEXT PRIMARY KEY, session_id TEXT NOT NULL, state INTEGER NOT NULL, phase INTEGER NOT NULL, next INTEGER NOT NULL, " +
		"tries INTEGER NOT NULL, been INTEGER NOT NULL, key_id TEXT NOT NULL, line_state INTEGER NOT NULL, conn TEXT NOT NULL, connected_at INTEGER NOT NULL, " +
		"seen INTEGER NOT NULL, pings INTEGER NOT NULL, grace_until INTEGER NOT NULL, door_conn TEXT NOT NULL, door_at INTEGER NOT NULL, door_key TEXT NOT NULL, " +
		"sent INTEGER NOT NULL, acked INTEGER NOT NULL, rounds INTEGER NOT NULL, written INTEGER NOT NULL, told INTEGER NOT NULL) WITHOUT ROWID",
	createAppOutbox: "CREATE TABLE app_outbox (package TEXT NOT NULL, seq INTEGER NOT NULL, frame BLOB NOT NULL, PRIMARY KEY (package, seq)) WITHOUT ROWID",
	// Package '' is the user's device.
	createAppReceipts: "CREATE TABLE app_receipts (package TEXT NOT NULL, slot INTEGER NOT NULL, n INTEGER NOT NULL, client_id TEXT NOT NULL, " +
		"message_id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (package, slot)) WITHOUT ROWID",
	selectApps:        "SELECT " + appColumns + " FROM apps ORDER BY package",
	upsertApp:         "INSERT OR REPLACE INTO apps (" + appColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	deleteApp:         "DELETE FROM apps WHERE package = ?",
	selectAppOutbox:   "SELECT package, seq, frame FROM app_outbox ORDER BY package, seq",
	insertAppOutbox:   "INSERT INTO app_outbox (package, seq, frame) VALUES (?, ?, ?)",
	trimAppOutbox:     "DELETE FROM app_outbox WHERE package = ? AND seq <= ?",
	selectAppReceipts: "SELECT package, n, client_id, message_id, seq FROM app_receipts",
	upsertAppReceipt:  "INSERT OR REPLACE INTO app_receipts (package, slot, n, client_id, message_id, seq) VALUES (?, ?, ?, ?, ?, ?)",
	deleteAppReceipts: "DELETE FROM app_receipts WHERE package = ?",

	createAudit: "CREATE TABLE audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, event TEXT NOT NULL, user_id TEXT NOT NULL, document TEXT NOT NULL, " +
		"client_id TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, by_whom TEXT NOT NULL, detail TEXT NOT NULL)",
	insertAudit: "INSERT INTO audit (at, event, user_id, document, client_id, code, reason, by_whom, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	selectAudit: "SELECT at, event, user_id, document, client_id, code, reason, by_whom, detail FROM " +
		"(SELECT * FROM audit WHERE (user_id = ? OR user_id = '') AND at >= ? AND at <= ? ORDER BY id DESC LIMIT ?) ORDER BY id",
	selectAuditDocuments: "SELECT document FROM audit WHERE document <> '' AND event <> 'refused' GROUP BY document ORDER BY MAX(id) DESC",
	// What operators did is kept apart: no flood of anything else pushes it out.
	// So is what apps did, who may come and go as they like.
	trimAudit:     "DELETE FROM audit WHERE by_whom = '' AND user_id = ?1 AND " + notOfApps + " AND id <= (SELECT id FROM audit WHERE by_whom = '' AND user_id = ?1 AND " + notOfApps + " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	trimApps:      "DELETE FROM audit WHERE by_whom = '' AND NOT " + notOfApps + " AND id <= (SELECT id FROM audit WHERE by_whom = '' AND NOT " + notOfApps + " ORDER BY id DESC LIMIT 1 OFFSET ?)",
	trimUsers:     "DELETE FROM audit WHERE by_whom = '' AND id <= (SELECT id FROM audit WHERE by_whom = '' ORDER BY id DESC LIMIT 1 OFFSET ?)",
	trimOperators: "DELETE FROM audit WHERE by_whom <> '' AND id <= (SELECT id FROM audit WHERE by_whom <> '' ORDER BY id DESC LIMIT 1 OFFSET ?)",

	createSchema: "CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)",
}

// String is the statement's text.
func (s Stmt) String() string {
	if int(s) >= len(statements) {
		return logStatements[int(s)-len(statements)]
	}
	return statements[s]
}

// schemaVersion counts the changes to the tables. A change appends the
// statements that bring an object from the version before; objects upgrade
// themselves when they are next woken.
const schemaVersion = 5

// tables are the steps to the tables of one kind of object.
type tables [schemaVersion][]Stmt

var documentTables = tables{
	{createOps, createOpsClient, createChannels},
	{addBehind, addPushed, addDrySince, addConfirms, addTrusted},
	{addIssuedAt, addDocumentFence, addOpKind, addOpComment, createComments, createCommentsOpen, createReceipts, createReceiptsClient, createState,
		createSections, createParts, createAudit},
	nil,
	{addShare, addOpTotal, countOps, createOpsCommenter, createOpsComments, addCommentReplies, addStateKept, addStateTotal, addStateMark, addStatePinned, addStateFull, keepTrimmed,
		addStateAccess, addStateAccessAt, addStateErased, addStateHeld, addStateWorkspace},
}

var sessionTables = tables{
	{createSession, createSessionChannels, createAccess},
	{addOwed, addReason, addNextPush, addPushes},
	{addChannelExpires, addChannelToken, addDoubt, addBy, addFence, addKick, addRevokedBefore, addIssuedAhead, createRevoked, createDevice, createOutbox, createAudit},
	{createApps, createAppOutbox, createAppReceipts},
	{addAccessVersion, addSignInsBefore},
}
