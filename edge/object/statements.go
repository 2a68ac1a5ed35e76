package object

// Stmt is one SQL statement. Statements are few and fixed, so that a host needs to be given
// each text only once: the number stands for it from then on.
type Stmt uint16

// The statements that are not made from a table's columns alone, of documents and then of
// users' objects. A host that is not SQLite (the one in the tests) switches on these.
const (
	createSchema Stmt = iota
	selectTables
	selectSchema
	insertSchema

	dropOpsClient
	createCommentsOpen
	createReceiptsClient
	createOpsCommenter
	createOpsComments
	countOps
	keepTrimmed
	listTrimmed
	listAll
	takeRemains
	dropRemains

	selectVersion
	selectOps
	selectCommentOps
	selectReceipts
	selectListed
	selectListedTo
	selectChannels
	selectState
	selectRemains
	selectSections
	selectUpload
	selectPart
	resolveComment
	addReply
	selectComment
	countComments
	trimComments
	listReceipts
	writeOver
	selectGone
	trimGone
	trimSaid
	boundListed
	boundAllListed
	deleteOldParts

	selectShare
	selectAuthored
	selectAt
	selectYoung
	selectFirstAt
	selectBaseAt
	selectOfTerm
	selectUpTo
	selectPinned
	selectKept
	selectKeptBefore
	selectNextKept
	sumKept
	selectBase
	countRestored
	restoreOps
	unsayUndone
	unsayListed
	restoreParts
	restoreEmpty

	selectSession
	selectUserChannels
	selectAccess
	selectRevoked
	selectDevice
	selectOutbox
	trimOutbox
	selectApps
	selectAppOutbox
	trimAppOutbox
	selectAppReceipts
	selectMessages
	selectHearers

	selectEvents
	selectEventsState
	trimEvents

	selectAudit
	selectAuditAfter
	selectAuditDocuments
	trimAudit
	trimApps
	trimUsers
	trimOperators
	trimServer
	trimServers
	selectFirstAudit
	selectYoungAudit
	trimOldAudit

	visitAudited
	visitOpen
	visitDocument
	selectVisited
	selectThreads
	selectPeople
	selectKeptLines
	selectWritten
	countDocument
	countUser
	countThread
	countOf
	eraseThread
	eraseTexts
	forgetOps
	forgetReceipts
	forgetParts
	forgetAudit

	textCount
)

// Ops that are gone stay in their table, for others to be written over them (gone.go): gone says which
// those are. What reads ops does so from entries, but for what reads comments alone, which are deleted.
const (
	gone    = "kind = 0 AND version <= (SELECT kept FROM state)"
	entries = "ops WHERE (" + gone + ") IS NOT TRUE"
)

// opBytes is what an entry takes as it is counted: document.Entry's size.
const opBytes = "(length(op) + length(CAST(user_id AS BLOB)) + length(CAST(client_id AS BLOB)) + length(CAST(message_id AS BLOB)) + 64)"

// restoredBytes is what an op takes that is stored again with no client and no message id.
const restoredBytes = "(length(op) + length(CAST(user_id AS BLOB)) + 64)"

// openComments are the comments that hold what they consist of in the log.
const openComments = "(SELECT id FROM comments WHERE resolved = 0)"

// whole are the snapshots of which every part is stored: each is its last part's row.
const whole = "part = parts - 1"

// said is what an entry of a comment has where its text is erased, and stillSays that it is
// not. What is erased keeps its length: so the bytes lie where they lay, and counts stay right.
const (
	said      = `'{"comment_id":"' || comment || '"}'`
	stillSays = "kind IN (1, 2) AND rtrim(CAST(op AS TEXT)) <> " + said
	takeText  = "UPDATE ops SET op = CAST(" + said + " || printf('%*s', length(op) - length(" + said + "), '') AS BLOB) WHERE " + stillSays
)

// A receipt is an entry's message id. Those of newer entries are in the log alone; those of older ones are
// listed, each client's of a stretch of the log in one row, so that no entry needs an index. What is gone
// by the same transaction is listed too, and what was gone before is listed already.
const (
	unlisted    = "version > (SELECT COALESCE(MAX(version), 0) FROM receipts)"
	list        = "INSERT INTO receipts (version, user_id, client_id, message_id, ids) SELECT MAX(version), user_id, client_id, '', json_group_array(json_array(version, message_id)) FROM (SELECT version, user_id, client_id, message_id, " + newestOf + " AS n FROM ops WHERE message_id <> ''"
	newestOf    = "ROW_NUMBER() OVER (PARTITION BY client_id, user_id ORDER BY version DESC)"
	listEach    = " GROUP BY client_id, user_id"
	allButFirst = " ORDER BY version DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newer FROM receipts WHERE "
)

const (
	// auditLines are the lines of the rows in kept. Their numbers are none of a row.
	firstLine  = "1099511627776"
	auditLines = "SELECT " + firstLine + " + 3 * id AS line, at, event, user_id, document, client_id, code, reason, by_whom, detail, delegate, '' AS also FROM kept " +
		"UNION ALL SELECT " + firstLine + " + 3 * id + iif(also = 'session_ended', 1, -1), at, also, user_id, '', '', '', '', '', '', '', '' FROM kept WHERE also <> ''"

	notOfApps = "substr(event, 1, 4) <> 'app_'"
	// atText is the column at as RFC 3339 has it, and isDelegate says of a channel that it is a program's.
	atText     = "strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch')"
	isDelegate = "substr(client_id, 1, 9) = 'delegate:'"
	// ofServers are the lines about whom a document key admits. No operator has such a name.
	ofServers = "substr(by_whom, 1, 4) = '" + serverPrefix + "'"
)

// serverPrefix begins the name of whoever asks with a document key.
const serverPrefix = "key:"

// statement is a statement's text. One that reads whole rows says of which columns they are, and goes on
// where those end.
type statement struct {
	of  func(*columns)
	sql string
}

var texts = [...]statement{
	createSchema: {sql: "CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)"},
	selectTables: {sql: "SELECT name FROM sqlite_master WHERE name IN ('schema', 'remains')"},
	selectSchema: {sql: "SELECT version FROM schema"},
	insertSchema: {sql: "INSERT INTO schema (version) VALUES (?)"},

	dropOpsClient:        {sql: "DROP INDEX IF EXISTS ops_client"},
	createCommentsOpen:   {sql: "CREATE INDEX comments_open ON comments (id) WHERE resolved = 0"},
	createReceiptsClient: {sql: "CREATE INDEX receipts_client ON receipts (client_id, user_id, version)"},
	createOpsCommenter:   {sql: "CREATE INDEX ops_commenter ON ops (user_id, comment, kind) WHERE kind > 0"},
	createOpsComments:    {sql: "CREATE INDEX ops_comments ON ops (version) WHERE kind > 0"},
	// Of a log from before it was counted only the newest entry knows the sum.
	countOps:    {sql: "UPDATE ops SET total = (SELECT SUM(" + opBytes + ") FROM ops) WHERE version = (SELECT MAX(version) FROM ops)"},
	keepTrimmed: {sql: "UPDATE state SET kept = floor"},
	listTrimmed: {sql: "UPDATE receipts SET ids = json_array(json_array(version, message_id))"},
	listAll:     {sql: list + ") WHERE n <= 4096" + listEach},
	takeRemains: {sql: "INSERT INTO state (one, floor, snapshot, parts, locked, locked_at, reason, retry, access, access_at, erased, workspace) " +
		"SELECT 1, 0, 0, 0, 0, 0, '', 0, access, access_at, erased, workspace FROM remains"},
	dropRemains: {sql: "DROP TABLE remains"},

	selectVersion: {sql: "SELECT version, total, term FROM " + entries + " ORDER BY version DESC LIMIT 1"},
	selectOps:     {opsTable.describe, " FROM " + entries + " AND version > ? AND version <= ? ORDER BY version LIMIT ?"},
	// Below the floor there may be what is kept for operators alone.
	selectCommentOps: {opsTable.describe, " FROM ops INDEXED BY ops_comments WHERE kind > 0 AND version > ? AND version <= ? " +
		"AND (version > (SELECT COALESCE(MAX(floor), 0) FROM state) OR comment IN (SELECT id FROM comments)) ORDER BY version LIMIT ?"},
	selectReceipts: {described(receiptColumns), " FROM " + entries + " AND " + unlisted + " AND client_id = ? AND user_id = ? AND message_id <> '' ORDER BY version DESC LIMIT ?"},
	selectListed: {described(receiptColumns), " FROM (SELECT json_extract(j.value, '$[1]') AS message_id, json_extract(j.value, '$[0]') AS version " +
		"FROM receipts AS r, json_each(r.ids) AS j WHERE r.client_id = ? AND r.user_id = ?) ORDER BY version DESC LIMIT ?"},
	selectListedTo: {sql: "SELECT COALESCE(MAX(version), 0) FROM receipts"},
	selectChannels: {channelsTable.describe, " FROM members ORDER BY user_id, client_id"},
	selectState:    {stateTable.describe, " FROM state"},
	selectRemains:  {remainsTable.describe, " FROM remains"},
	selectSections: {sectionsTable.describe, " FROM sections ORDER BY section"},
	selectUpload:   {described(uploadColumns), " FROM parts WHERE version > ? ORDER BY version DESC, part DESC LIMIT 1"},
	selectPart:     {sql: "SELECT data FROM parts WHERE version = ? AND part = ?"},
	resolveComment: {sql: "UPDATE comments SET resolved = ? WHERE id = ?"},
	addReply:       {sql: "UPDATE comments SET replies = replies + 1 WHERE id = ?"},
	selectComment:  {sql: "SELECT replies FROM comments WHERE id = ? AND resolved = 0"},
	countComments:  {sql: "SELECT COUNT(*) FROM comments WHERE resolved = 0"},
	trimComments:   {sql: "DELETE FROM comments WHERE resolved > 0 AND resolved <= ?"},
	listReceipts:   {sql: list + " AND " + unlisted + ") WHERE n <= ?" + listEach},
	selectGone:     {sql: "SELECT version FROM ops WHERE " + gone + " AND version > ? ORDER BY version LIMIT ?"},
	trimGone:       {sql: "DELETE FROM ops WHERE " + gone + " AND version <= (SELECT version FROM ops WHERE " + gone + " ORDER BY version DESC LIMIT 1 OFFSET ?)"},
	trimSaid:       {sql: "DELETE FROM ops INDEXED BY ops_comments WHERE kind > 0 AND version <= ? AND comment NOT IN (SELECT id FROM comments)"},
	boundListed: {sql: "DELETE FROM receipts WHERE version IN (SELECT version FROM (SELECT version, SUM(json_array_length(ids)) OVER (PARTITION BY client_id, user_id" + allButFirst +
		"(client_id, user_id) IN (SELECT client_id, user_id FROM receipts WHERE version > ?1)) WHERE newer >= ?2)"},
	boundAllListed: {sql: "DELETE FROM receipts WHERE version IN (SELECT version FROM (SELECT version, SUM(json_array_length(ids)) OVER (" + allButFirst + "version <= ?1) WHERE newer >= ?2)"},
	deleteOldParts: {sql: "DELETE FROM parts WHERE version < ?"},

	selectShare: {sql: "SELECT COUNT(*) FILTER (WHERE kind = 1), COUNT(*) FILTER (WHERE kind = 2), COUNT(*) FILTER (WHERE kind = 2 AND comment = ?2) " +
		"FROM ops INDEXED BY ops_commenter WHERE kind > 0 AND user_id = ?1 AND comment IN " + openComments},
	selectAuthored: {sql: "SELECT comment FROM ops INDEXED BY ops_commenter WHERE kind > 0 AND kind < 2 AND user_id = ?1 AND (?2 = '' OR client_id = ?2) AND comment IN " + openComments + " ORDER BY comment LIMIT ?3"},
	selectAt:       {sql: "SELECT at FROM " + entries + " AND version = ?"},
	// What is too old is read from its beginning on, so that no more is read than goes.
	selectYoung:      {sql: "SELECT version FROM " + entries + " AND version > ? AND version <= ? AND at > ? ORDER BY version LIMIT 1"},
	selectFirstAt:    {sql: "SELECT at FROM " + entries + " AND version > ? AND version <= ? ORDER BY version LIMIT 1"},
	selectBaseAt:     {sql: "SELECT at FROM parts WHERE " + whole + " AND version > ? ORDER BY version LIMIT 1"},
	selectOfTerm:     {sql: "SELECT version FROM " + entries + " AND version <= ?1 AND version > ?1 - ?3 AND term = ?2 ORDER BY version DESC LIMIT 1"},
	selectUpTo:       {sql: "SELECT total - " + opBytes + " FROM " + entries + " AND version > ? ORDER BY version LIMIT 1"},
	selectPinned:     {sql: "SELECT COALESCE(SUM(" + opBytes + "), 0) FROM ops INDEXED BY ops_comments WHERE kind > 0 AND version <= ? AND comment IN " + openComments},
	selectKept:       {described(keptColumns), " FROM parts AS p WHERE " + whole + " ORDER BY version LIMIT ?"},
	selectKeptBefore: {described(keptColumns), " FROM parts AS p WHERE " + whole + " AND version < ? ORDER BY version DESC LIMIT ?"},
	selectNextKept:   {sql: "SELECT version FROM parts WHERE " + whole + " AND version > ? ORDER BY version LIMIT 1"},
	sumKept:          {sql: "SELECT COALESCE(SUM(bytes), 0) FROM parts WHERE " + whole},
	selectBase:       {sql: "SELECT version, parts FROM parts WHERE " + whole + " AND version >= ? AND version <= ? ORDER BY version DESC LIMIT 1"},
	countRestored:    {sql: "SELECT COUNT(*), COALESCE(SUM(" + restoredBytes + "), 0) FROM " + entries + " AND kind = 0 AND version > ? AND version <= ?"},
	restoreOps: {sql: "INSERT INTO ops (version, user_id, client_id, message_id, op, at, term, total) " +
		"SELECT ?1 + ROW_NUMBER() OVER (ORDER BY version), user_id, '', '', op, at, ?5, " +
		"?2 + SUM(" + restoredBytes + ") OVER (ORDER BY version) FROM " + entries + " AND kind = 0 AND version > ?3 AND version <= ?4"},
	unsayUndone: {sql: "UPDATE ops SET message_id = '' WHERE kind = 0 AND message_id <> '' AND version > ? AND version < ?"},
	// What is undone is said of no op any more. Comments stay said.
	unsayListed: {sql: "UPDATE receipts SET ids = (SELECT json_group_array(json(j.value)) FROM json_each(ids) AS j WHERE json_extract(j.value, '$[0]') <= ?1 OR json_extract(j.value, '$[0]') >= ?2 " +
		"OR json_extract(j.value, '$[0]') IN (SELECT version FROM ops INDEXED BY ops_comments WHERE kind > 0)) WHERE version > ?1"},
	restoreParts: {sql: "INSERT INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) " +
		"SELECT ?1, part, parts, '', '', bytes, ?2, data, ?2 FROM parts WHERE version = ?3"},
	restoreEmpty: {sql: "INSERT INTO parts (version, part, parts, user_id, client_id, bytes, at, data, began) SELECT ?1, 0, 1, '', '', length(?3), ?2, ?3, ?2"},

	selectSession:      {sessionTable.describe, " FROM session"},
	selectUserChannels: {userChannelsTable.describe, " FROM user_channels ORDER BY document, client_id"},
	selectAccess:       {accessTable.describe, " FROM access ORDER BY document"},
	selectRevoked:      {revokedTable.describe, " FROM revoked ORDER BY token_id"},
	selectDevice:       {deviceTable.describe, " FROM device"},
	selectOutbox:       {outboxTable.describe, " FROM outbox ORDER BY seq"},
	trimOutbox:         {sql: "DELETE FROM outbox WHERE seq <= ?"},
	selectApps:         {appsTable.describe, " FROM apps ORDER BY package"},
	selectAppOutbox:    {appOutboxTable.describe, " FROM app_outbox ORDER BY package, seq"},
	trimAppOutbox:      {sql: "DELETE FROM app_outbox WHERE package = ? AND seq <= ?"},
	selectAppReceipts:  {appReceiptsTable.describe, " FROM app_receipts"},
	selectMessages:     {messagesTable.describe, " FROM messages ORDER BY seq"},
	selectHearers:      {hearersTable.describe, " FROM hearers ORDER BY client_id"},

	selectEvents:      {eventsTable.describe, " FROM events ORDER BY seq"},
	selectEventsState: {eventsStateTable.describe, " FROM events_state"},
	trimEvents:        {sql: "DELETE FROM events WHERE seq <= ?"},

	selectAudit: {auditTable.describe, " FROM (WITH kept AS (SELECT * FROM audit WHERE (user_id = ?1 OR user_id = '') AND at >= ?2 AND at <= ?3 ORDER BY id DESC LIMIT ?4) " +
		"SELECT * FROM (" + auditLines + ") ORDER BY line DESC LIMIT ?4) ORDER BY line"},
	// What says nothing is left out, as audit.Entry does. An older version's key is a row's.
	selectAuditAfter: {sql: "WITH kept AS (SELECT * FROM audit WHERE id >= iif(?1 < " + firstLine + ", ?1 + 1, (?1 - " + firstLine + ") / 3) AND (?2 = '' OR user_id = ?2) ORDER BY id LIMIT ?3 + 2) " +
		"SELECT line, json_patch('{}', json_object('at', " + atText + ", 'event', event, 'user_id', NULLIF(user_id, ''), 'document', NULLIF(document, ''), " +
		"'client_id', NULLIF(client_id, ''), 'code', NULLIF(code, ''), 'reason', NULLIF(reason, ''), 'by', NULLIF(by_whom, ''), 'detail', NULLIF(detail, ''), 'delegate', NULLIF(delegate, ''))) " +
		"FROM (" + auditLines + ") WHERE line > ?1 ORDER BY line LIMIT ?3"},
	selectAuditDocuments: {sql: "SELECT document FROM audit WHERE document <> '' AND event <> 'refused' GROUP BY document ORDER BY MAX(id) DESC"},
	// What operators did is kept apart: no flood of anything else pushes it out.
	// So is what apps did, who may come and go as they like, and what servers did, each by its key.
	trimAudit:     {sql: "DELETE FROM audit WHERE by_whom = '' AND user_id = ?1 AND " + notOfApps + " AND id <= (SELECT id FROM audit WHERE by_whom = '' AND user_id = ?1 AND " + notOfApps + " ORDER BY id DESC LIMIT 1 OFFSET ?2)"},
	trimApps:      {sql: "DELETE FROM audit WHERE by_whom = '' AND NOT " + notOfApps + " AND id <= (SELECT id FROM audit WHERE by_whom = '' AND NOT " + notOfApps + " ORDER BY id DESC LIMIT 1 OFFSET ?)"},
	trimUsers:     {sql: "DELETE FROM audit WHERE by_whom = '' AND id <= (SELECT id FROM audit WHERE by_whom = '' ORDER BY id DESC LIMIT 1 OFFSET ?)"},
	trimOperators: {sql: "DELETE FROM audit WHERE by_whom <> '' AND NOT " + ofServers + " AND id <= (SELECT id FROM audit WHERE by_whom <> '' AND NOT " + ofServers + " ORDER BY id DESC LIMIT 1 OFFSET ?)"},
	trimServer:    {sql: "DELETE FROM audit WHERE by_whom = ?1 AND id <= (SELECT id FROM audit WHERE by_whom = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"},
	trimServers:   {sql: "DELETE FROM audit WHERE " + ofServers + " AND id <= (SELECT id FROM audit WHERE " + ofServers + " ORDER BY id DESC LIMIT 1 OFFSET ?)"},

	selectFirstAudit: {sql: "SELECT at FROM audit ORDER BY id LIMIT 1"},
	selectYoungAudit: {sql: "SELECT at FROM audit WHERE at > ? ORDER BY at LIMIT 1"},
	trimOldAudit:     {sql: "DELETE FROM audit WHERE at <= ?"},

	visitAudited:  {sql: "INSERT OR IGNORE INTO visited (document) SELECT document FROM audit WHERE document <> '' AND document <> '@device' AND event <> 'refused'"},
	visitOpen:     {sql: "INSERT OR IGNORE INTO visited (document) SELECT document FROM user_channels WHERE document <> '@device'"},
	visitDocument: {sql: "INSERT OR IGNORE INTO visited (document) VALUES (?)"},
	selectVisited: {sql: "SELECT document FROM visited WHERE document > ? ORDER BY document LIMIT ?"},
	// Of a comment whose first entry is trimmed the resolving one may be left.
	selectThreads: {sql: "SELECT comment, json_patch('{}', json_object('kind', 'comment', 'comment_id', CAST(comment AS TEXT), 'user_id', MAX(CASE kind WHEN 1 THEN NULLIF(user_id, '') END), " +
		"'at', MAX(CASE kind WHEN 1 THEN " + atText + " END), 'replies', COUNT(*) FILTER (WHERE kind = 2), 'open', json(CASE MAX(kind) WHEN 3 THEN 'false' ELSE 'true' END), " +
		"'resolved_version', MAX(CASE kind WHEN 3 THEN version END), 'resolved_at', MAX(CASE kind WHEN 3 THEN " + atText + " END))) FROM ops INDEXED BY ops_comments " +
		"WHERE kind > 0 AND comment > ?1 AND version <= ?2 GROUP BY comment ORDER BY comment LIMIT ?3"},
	// What the grants say of a person, and of programs that act for one.
	selectPeople: {sql: "SELECT user_id, json_patch('{}', json_object('kind', 'person', 'user_id', user_id, 'name', MAX(name), 'role', MAX(role), 'delegates', " +
		"CASE WHEN COUNT(program) > 0 THEN json_group_array(program) FILTER (WHERE program IS NOT NULL) END, " +
		"'operations', SUM(op), 'comments', SUM(said), 'snapshots', SUM(posted), 'first_at', MIN(at), 'last_at', MAX(at))) FROM (" +
		"SELECT user_id, kind = 0 AS op, kind > 0 AS said, 0 AS posted, " + atText + " AS at, NULL AS name, NULL AS role, NULL AS program FROM " + entries + " AND version <= ?2 " +
		"UNION ALL SELECT user_id, 0, 0, 1, " + atText + ", NULL, NULL, NULL FROM parts WHERE " + whole + " " +
		"UNION ALL SELECT user_id, 0, 0, 0, NULL, IIF(" + isDelegate + ", NULL, name), IIF(" + isDelegate + ", NULL, role), IIF(" + isDelegate + ", name, NULL) FROM members) " +
		"WHERE user_id > ?1 GROUP BY user_id ORDER BY user_id LIMIT ?3"},
	selectKeptLines: {sql: "SELECT version, json_object('kind', 'kept_snapshot', 'version', version, 'at', " + atText + ", 'user_id', user_id, 'client_id', client_id, 'bytes', bytes, 'parts', parts) " +
		"FROM parts WHERE " + whole + " AND version < ? ORDER BY version DESC LIMIT ?"},
	selectWritten: {opsTable.describe, " FROM " + entries + " AND user_id = ? AND version > ? ORDER BY version LIMIT ?"},
	countThread:   {sql: "SELECT COUNT(*), COUNT(*) FILTER (WHERE " + stillSays + ") FROM ops INDEXED BY ops_comments WHERE kind > 0 AND comment = ?"},
	countOf: {sql: "SELECT (SELECT COUNT(*) FROM " + entries + " AND user_id = ?1), (SELECT COUNT(*) FROM ops INDEXED BY ops_commenter WHERE kind > 0 AND user_id = ?1), " +
		"(SELECT COUNT(*) FROM receipts WHERE user_id = ?1), (SELECT COUNT(*) FROM parts WHERE user_id = ?1), (SELECT COUNT(*) FROM audit WHERE user_id = ?1)"},
	eraseThread:    {sql: takeText + " AND comment = ?"},
	eraseTexts:     {sql: takeText + " AND user_id = ?"},
	forgetOps:      {sql: "UPDATE ops SET user_id = ?2, client_id = '', message_id = '' WHERE user_id = ?1"},
	forgetReceipts: {sql: "DELETE FROM receipts WHERE user_id = ?"},
	forgetParts:    {sql: "UPDATE parts SET user_id = ?2, client_id = '' WHERE user_id = ?1"},
	forgetAudit:    {sql: "DELETE FROM audit WHERE user_id = ?"},
}

// String is the statement's text.
func (s Stmt) String() string {
	if s >= textCount {
		return tableText(s)
	}
	switch s {
	case writeOver:
		return overText()
	case countDocument:
		return counting(&documentSchema, "(SELECT COALESCE(SUM(length(op)), 0) FROM "+entries+") + (SELECT COALESCE(SUM(length(data)), 0) FROM parts)")
	case countUser:
		return counting(&userSchema, "0")
	}
	t := &texts[s]
	if t.of == nil {
		return t.sql
	}
	list, _ := names(t.of)
	return "SELECT " + list + t.sql
}

// counting counts the rows of each table, behind how many bytes there are.
func counting(d *schema, bytes string) string {
	text := "SELECT " + bytes
	for _, t := range d.tables {
		from := t.name
		if t.number == opsNumber {
			from = entries
		}
		text += ", (SELECT COUNT(*) FROM " + from + ")"
	}
	return text
}
