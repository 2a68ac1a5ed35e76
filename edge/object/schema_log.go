package object

// The statements about what of a document's log is kept, restored and counted.
const (
	addOpTotal Stmt = firstLog + iota
	countOps
	createOpsCommenter
	createOpsComments
	addCommentReplies
	addStateKept
	addStateTotal
	addStateMark
	addStatePinned
	addStateFull
	keepTrimmed
	addReply
	selectShare
	selectAt
	selectUpTo
	selectPinned
	selectKept
	selectKeptBefore
	sumKept
	selectBase
	countRestored
	restoreOps
	restoreParts
	restoreEmpty
	selectAuthored

	// StmtCount is how many statements there are.
	StmtCount
)

const firstLog = createSchema + 1

// opBytes is what an entry takes as it is counted: document.Entry's size.
const opBytes = "(length(op) + length(CAST(user_id AS BLOB)) + length(CAST(client_id AS BLOB)) + length(CAST(message_id AS BLOB)) + 64)"

// restoredBytes is what an op takes that is stored again with no client and no message id.
const restoredBytes = "(length(op) + length(CAST(user_id AS BLOB)) + 64)"

// openComments are the comments that hold what they consist of in the log.
const openComments = "(SELECT id FROM comments WHERE resolved = 0)"

// whole are the snapshots of which every part is stored: each is its last part's row.
const whole = "part = parts - 1"

const keptColumns = "version, user_id, client_id, parts, bytes, at, COALESCE((SELECT o.total - " + opBytes +
	" FROM ops AS o WHERE o.version > p.version ORDER BY o.version LIMIT 1), -1)"

var logStatements = [...]string{
	addOpTotal - firstLog: "ALTER TABLE ops ADD COLUMN total INTEGER NOT NULL DEFAULT 0",
	// Of a log from before it was counted only the newest entry knows the sum.
	countOps - firstLog:           "UPDATE ops SET total = (SELECT SUM(" + opBytes + ") FROM ops) WHERE version = (SELECT MAX(version) FROM ops)",
	createOpsCommenter - firstLog: "CREATE INDEX ops_commenter ON ops (user_id, comment, kind) WHERE kind > 0",
	createOpsComments - firstLog:  "CREATE INDEX ops_comments ON ops (version) WHERE kind > 0",
	addCommentReplies - firstLog:  "ALTER TABLE comments ADD COLUMN replies INTEGER NOT NULL DEFAULT 0",
	addStateKept - firstLog:       "ALTER TABLE state ADD COLUMN kept INTEGER NOT NULL DEFAULT 0",
	addStateTotal - firstLog:      "ALTER TABLE state ADD COLUMN total INTEGER NOT NULL DEFAULT 0",
	addStateMark - firstLog:       "ALTER TABLE state ADD COLUMN mark INTEGER NOT NULL DEFAULT 0",
	addStatePinned - firstLog:     "ALTER TABLE state ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
	addStateFull - firstLog:       "ALTER TABLE state ADD COLUMN full INTEGER NOT NULL DEFAULT 0",
	keepTrimmed - firstLog:        "UPDATE state SET kept = floor",
	addReply - firstLog:           "UPDATE comments SET replies = replies + 1 WHERE id = ?",
	selectShare - firstLog: "SELECT COUNT(*) FILTER (WHERE kind = 1), COUNT(*) FILTER (WHERE kind = 2), COUNT(*) FILTER (WHERE kind = 2 AND comment = ?2) " +
		"FROM ops INDEXED BY ops_commenter WHERE kind > 0 AND user_id = ?1 AND comment IN " + openComments,
	selectAt - firstLog:         "SELECT at FROM ops WHERE version = ?",
	selectUpTo - firstLog:       "SELECT total - " + opBytes + " FROM ops WHERE version > ? ORDER BY version LIMIT 1",
	selectPinned - firstLog:     "SELECT COALESCE(SUM(" + opBytes + "), 0) FROM ops INDEXED BY ops_comments WHERE kind > 0 AND version <= ? AND comment IN " + openComments,
	selectKept - firstLog:       "SELECT " + keptColumns + " FROM parts AS p WHERE " + whole + " ORDER BY version LIMIT ?",
	selectKeptBefore - firstLog: "SELECT " + keptColumns + " FROM parts AS p WHERE " + whole + " AND version < ? ORDER BY version DESC LIMIT ?",
	sumKept - firstLog:          "SELECT COALESCE(SUM(bytes), 0) FROM parts WHERE " + whole,
	selectBase - firstLog:       "SELECT version, parts FROM parts WHERE " + whole + " AND version >= ? AND version <= ? ORDER BY version DESC LIMIT 1",
	countRestored - firstLog:    "SELECT COUNT(*), COALESCE(SUM(" + restoredBytes + "), 0) FROM ops WHERE kind = 0 AND version > ? AND version <= ?",
	restoreOps - firstLog: "INSERT INTO ops (version, user_id, client_id, message_id, op, at, total) SELECT ?1 + ROW_NUMBER() OVER (ORDER BY version), user_id, '', '', op, at, " +
		"?2 + SUM(" + restoredBytes + ") OVER (ORDER BY version) FROM ops WHERE kind = 0 AND version > ?3 AND version <= ?4",
	restoreParts - firstLog: "INSERT INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) " +
		"SELECT ?1, part, parts, '', '', bytes, ?2, data, ?2 FROM parts WHERE version = ?3",
	restoreEmpty - firstLog: "INSERT INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) SELECT ?1, 0, 1, '', '', length(?3), ?2, ?3, ?2",
	selectAuthored - firstLog: "SELECT comment FROM ops INDEXED BY ops_commenter WHERE kind > 0 AND kind < 2 AND user_id = ? AND comment IN " + openComments +
		" ORDER BY comment LIMIT ?",
}
