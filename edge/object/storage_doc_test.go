package object

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const storagePage = "../STORAGE.md"

// storageIntro stands above the tables of edge/STORAGE.md.
const storageIntro = `# What objects store

Each document and each user has a Durable Object with a SQLite database of its own. This is what is in its tables.
The columns are the lists in [object/rows_document.go](object/rows_document.go) and [object/rows_user.go](object/rows_user.go),
from which all SQL is made; this page is written from them by a test (` + "`go test ./edge/object -args -rewrite`" + `).

A time is in milliseconds since 1970, 0 for never; a flag is 0 or 1; a text that says nothing is empty. No column is
ever NULL, renamed or reused: a program of every version since reads what is stored. A table or column says which version
of the schema added it; the table ` + "`schema`" + ` holds the version that an object's tables are of, and an object brings them up to date
when it is next woken. What a newer program has stored an older one does not touch: it answers
` + "`SERVICE_UNAVAILABLE`, reason `schema_newer`" + `, and logs that, until the newer one is back.

Tables are made with the first row: an object that was only asked something stores nothing.

What all objects share is in D1, in the tables of [migrations](migrations): the embedded issuer's accounts, their passwords and one-time
tokens (hashes only), sign-ins (hashes of refresh tokens) and counted attempts; workspaces, documents and roles; apps and hashes
of their keys. Deleting an account deletes its row, sign-ins, known browsers and roles there; its user's object keeps the audit log.
Erasing a user deletes that too, and of the object leaves one row, of the session, that says up to when tokens are revoked and not whose (BACKEND.md).
`

// tableMeanings say what a row is, by table and object; columnMeanings what a column is.
const tableMeanings = `
document ops: an entry of the log: an op, or what was said in a comment
document members: one user's channel to this document, with the grant it lives under
document comments: a comment that is open, or whose resolving entry is not trimmed yet
document receipts: the message ids of a client in a stretch of the log, so that repeats are known without an index, and when the entries are gone
document state: what the document knows of itself
document sections: a section that one user has locked
document parts: a part of a snapshot: of the current one, of those kept for a restore, or of one being uploaded
document audit: a line of the audit log
document events: an event that the backend has not taken yet
document events_state: how far the backend was told
document remains: what a document without content has to remember, where there are no other tables
user audit: a line of the audit log, or two of one moment
user events: an event that the backend has not taken yet
user events_state: how far the backend was told
user session: the user's session and what was revoked of it
user user_channels: a document that the user has open
user access: what the permission source last said of a document
user revoked: one token, or one sign-in, that is revoked
user device: the user's device channel
user outbox: a frame to the device that it has not acknowledged
user apps: an app of the user that is not stopped
user app_outbox: a frame to an app that it has not acknowledged
user visited: a document that may know of the user, whether or not it is open
user app_receipts: a message of an app, or of the device, that was answered, so that a repeat is known
user messages: a message to the user's browsers, for as long as it is kept
user hearers: a client that has acknowledged one of them
`

const columnMeanings = `
ops version: its place in the log, from 1 on
ops user_id: who wrote it
ops client_id: that user's client; empty for what a restore wrote
ops message_id: the client's own id of it, by which a repeat is known
ops op: the op, or what the comment says, as JSON
ops at: when it was accepted
ops kind: 0 an op; of a comment 1 its creation, 2 a reply, 3 its resolution
ops comment: the comment's id, 0 for an op
ops total: bytes of all entries up to and with this one, those that are gone included; 0 before version 5
ops term: the term under which it was written, by which two logs are told apart; 0 before version 7

document.members user_id: whose channel it is
document.members client_id: the client that holds it
document.members session_id: the session that the client resumes by
document.members state: 0 pending, 1 active, 2 grace, 3 gone
document.members conn: the connection, empty while there is none
document.members connected_at: when that connection, or the last there was, began
document.members seen: its last sign of life that was stored
document.members pings: bit 0: it has pinged; bit 1: it resumed the channel
document.members grace_until: until when the channel can be resumed
document.members acked: the last seq that the client acknowledged
document.members expires: when the token expires that the connection lives by
document.members noticed: a refresh of that token was asked for
document.members notice_at: when that is due; 0: counted back from expires
document.members name: the user's name, as others are shown it
document.members grant_session_id: the session that the grant was given in
document.members workspace_id: the document's workspace
document.members role: the user's role there
document.members permissions: what the user may do here, as bits (shared/permission)
document.members epoch: the permission epoch of the grant
document.members locked: what the permission source said of the document's lock
document.members grant_expires: when the grant ends
document.members token_id: the token's jti, empty for one that has none
document.members admitted_at: when the user's object admitted the client
document.members telling: the user's object has not confirmed yet that the channel is gone
document.members reason: why it is gone
document.members tell_next: when the user's object is called again, or, once it has confirmed, when the row goes
document.members tries: how often it was called
document.members behind: entries after pushed have not been sent to the connection
document.members pushed: the newest entry that was
document.members dry_since: since when the connection has had no room for more
document.members confirms: the client has answered a probe
document.members trusted: how many windows the connection was given unconfirmed
document.members issued_at: when the token was issued
document.members fence: the least epoch of a grant that is let in
document.members share: how much of the rates the user has here, in thousandths; 0: all
document.members term: the term under which the connection has lived
document.members withheld: what the user may do and this client, a delegate, may not, as bits
document.members access: the document's access version that the grant is of
document.members called: something waits for the client at the user's object, which is asked when the client next connects

comments id: the version of the entry that created it
comments resolved: the version of the entry that resolved it, 0 while it is open
comments replies: how many replies it has

receipts version: the newest entry's version
receipts user_id: who wrote them
receipts client_id: that user's client
receipts message_id: empty; the id of a trimmed entry, in rows from before schema 7
receipts ids: JSON: a pair for each entry, its version and the client's own id of it

state floor: the version up to which readers get no entries but those of comments
state snapshot: the version of the current snapshot, 0 for none
state parts: how many parts that has
state locked: the document is locked for writing
state locked_at: when that was said, or the contrary
state reason: why
state retry: how long a writer is told to wait, in milliseconds; 0: LOCK_RETRY_MS
state kept: the version up to which entries are gone for good; rows of ops (kind 0) up to there stay for later entries to be written over them, and nobody reads them
state total: bytes of entries that had been counted when this was stored
state mark: how many of them the snapshot takes the place of
state pinned: how many of those are of open comments, which stay
state full: the log is full, so that nobody may write
state held: the lock is an operator's, whatever the permission source says
state generation: the log's random name; empty while none has been written, and for one from before version 7
state began: the version at which that name began
state previous: its name before an operator's restore
state common: the version up to which what was called so was restored
state forgot: when a user was last erased from here; for 5 minutes no fence is stored then, which a late call could have name that user
state access: the document's access version: it grows with each change of who may do what here
state access_at: when it last did
state erased: when all content was last erased
state workspace: the workspace in whose list of opened documents this one is

sections section: the section's name
sections user_id: who has it
sections client_id: that user's client
sections until: until when

parts version: the version that the snapshot is of
parts part: the part's number, from 0 on
parts parts: how many parts the snapshot has
parts user_id: who posted it; empty for one that was restored
parts client_id: that user's client
parts bytes: bytes of the data of the parts up to and with this one
parts at: when it was stored
parts began: when the upload began
parts data: the part, as JSON

audit at: when it happened
audit event: what (shared/audit)
audit user_id: whom it concerns; empty for everybody
audit document: the document, of a user's line
audit client_id: the client
audit code: the error code that went with it
audit reason: one snake_case word
audit by_whom: the operator who did it; empty for nobody
audit detail: the rest
audit delegate: the name of the program that acted for the user, empty for the user's own client
audit also: another line of the same moment and user, which says nothing else: session_started is before this one, session_ended behind it; empty for none

events seq: its place in the stream
events type: its type
events at: when it happened
events data: what it is about, as JSON

events_state stream: what the object's events are named by, random
events_state seq: the newest event's, as of when this was stored
events_state told: the version of the log that the newest event of a change speaks of
events_state generation: that log's
events_state changed: the seq of such an event that was not taken yet, 0 for none
events_state changed_at: when the newest such event was made
events_state tries: how often the oldest event has failed
events_state next: when it is tried again
events_state failing: the newest event's seq when it first failed
events_state reason: why it last failed
events_state lost: how many events there was no room for

remains access: as state has it
remains access_at: as state has it
remains erased: as state has it
remains workspace: as state has it

session user_id: whose object it is
session id: the session's id, empty when there is none
session started_at: when it began
session epoch: the permission epoch, which only grows
session revoked_before: the moment up to which every token is revoked
session issued_ahead: the newest time of issue that was ahead of this object's clock
session sign_ins_before: the moment up to which every sign-in is revoked
session listed: the database has the user in the list of those who were admitted

user.user_channels document: the document
user.user_channels client_id: the user's client there
user.user_channels until: when the channel cannot be alive any more, whatever the document says
user.user_channels admitted_at: the newest admission's time
user.user_channels owed: the epoch of a change that the document has not confirmed, 0 for none
user.user_channels reason: what the document is to say of it
user.user_channels next_push: when the change is pushed again, or the source asked
user.user_channels pushes: how often it was
user.user_channels expires: when the newest token expires
user.user_channels token_id: its jti
user.user_channels doubt: the source has yet to be asked what changed
user.user_channels by_whom: because of whom
user.user_channels fence: the epoch of a revocation or kick that the document has not confirmed, 0 for none
user.user_channels kick: that of a kick, which ends the channel whatever its token
user.user_channels session_id: the session that it is of; empty in a row of before, which is of the session's row
user.user_channels started_at: when that began

access document: the document
access fetched_at: when the source answered
access permissions: what the user may do there, as bits (shared/permission)
access workspace_id: the document's workspace
access role: the user's role there
access found: there is such a document
access locked: it is locked
access access: its newest access version that was known when the source was asked

revoked token_id: the token's jti, or what stands for a sign-in's tokens (shared/signin)
revoked until: when no such token can be good any more

device client_id: the client that holds the channel
device session_id: the session that it resumes by
device state: 0 pending, 1 active, 2 grace, 3 gone
device conn: the connection, empty while there is none
device connected_at: when that connection, or the last there was, began
device seen: its last sign of life that was stored
device pings: bit 0: it has pinged; bit 1: it resumed the channel
device grace_until: until when the channel can be resumed
device expires: when the token expires that the connection lives by
device noticed: a refresh of that token was asked for
device notice_at: when that is due; 0: counted back from expires
device token_id: the token's jti
device issued_at: when the token was issued
device token_expires: when it expires
device asked: when the oldest ping went out that nothing has answered, if that is not the first since seen
device door_conn: a pending socket, which has yet to say connection_init; empty for none
device door_at: when that socket was accepted
device door_client: the client id that it brought
device door_made_up: the client id that it gets without one
device door_flat: it came by /glasses-ws, and reads a refusal in the flat form (PROTOCOL.md)
device door_token_id: its token's jti
device door_issued_at: when that token was issued
device door_expires: when that token expires
device sent: the newest seq given out, which outlives the channel
device acked: the newest seq that the device acknowledged

outbox seq: the frame's seq
outbox frame: the frame

apps package: the app
apps session_id: the session id that this start of the app was given
apps state: 0 connecting, 1 running, 2 grace_period, 3 resurrecting, 4 dormant, 5 stopping
apps phase: what a called app is waited for: 0 nothing, 1 its webhook's answer, 2 the next call, 3 its connection
apps next: when the phase, or stopping, is over
apps tries: how often the webhook was called since the app was last connected
apps been: the app was connected in this start
apps key_id: the key that its connection was let in by
apps line_state: the connection's channel: 0 pending, 1 active, 2 grace, 3 gone
apps conn: the connection, empty while there is none
apps connected_at: when that connection, or the last there was, began
apps seen: its last sign of life that was stored
apps pings: bit 0: it has pinged; bit 1: it resumed the channel
apps grace_until: until when the app may come back by itself
apps door_conn: a pending socket, which has yet to say app_connection_init; empty for none
apps door_at: when that socket was accepted
apps door_key: the key that it came by
apps sent: the newest seq given out
apps acked: the newest seq that the app acknowledged
apps rounds: how often it was called back since it last stayed long enough
apps written: its connections are written down in the database
apps told: what the app was sent of the user's device: 0 unsure, 1 connected, 2 away
apps streams: the streams that the app wants, a JSON array of names; empty for an app that has named none

app_outbox package: the app
app_outbox seq: the frame's seq
app_outbox frame: the frame

visited document: the document

app_receipts package: the app that sent the message; empty for the device
app_receipts slot: its place: as many are remembered as a sender may have unanswered
app_receipts n: how many receipts the sender had when this one was stored
app_receipts client_id: the sender's client id, of a device
app_receipts message_id: the message's id
app_receipts seq: the seq of the answer

messages seq: its number
messages id: the id by which a client knows it, and by which a repeat is known
messages at: when it was taken
messages until: until when it is kept
messages data: the message, as JSON

hearers client_id: the client
hearers heard: the numbers of the messages that it has acknowledged, with spaces between
`

// meanings reads one of the two lists above.
func meanings(t *testing.T, list string) map[string]string {
	said := map[string]string{}
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, meaning, ok := strings.Cut(line, ": ")
		if !ok || said[name] != "" {
			t.Errorf("%q: no meaning, or a second one", line)
		}
		said[name] = meaning
	}
	return said
}

// Every table and column is explained, and nothing that is none.
func TestStoragePage(t *testing.T) {
	ofTable, ofColumn, used := meanings(t, tableMeanings), meanings(t, columnMeanings), map[string]bool{}
	page := storageIntro
	for _, object := range []string{"document", "user"} {
		page += "\n## A " + object + "\n"
		for _, table := range schemas[object].tables {
			page += tablePage(t, object, table, ofTable, ofColumn, used)
		}
		if object == "document" {
			page += tablePage(t, object, &remainsTable.shape, ofTable, ofColumn, used)
		}
	}
	for name := range ofColumn {
		if !used[name] {
			t.Errorf("%s: there is no such column", name)
		}
	}
	if *rewrite {
		if err := os.WriteFile(storagePage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := os.ReadFile(storagePage); err != nil || string(stored) != page {
		t.Errorf("%s is not what the tables are: go test ./edge/object -args -rewrite (%v)", storagePage, err)
	}
}

func tablePage(t *testing.T, object string, table *shape, ofTable, ofColumn map[string]string, used map[string]bool) string {
	name := object + " " + table.name
	if ofTable[name] == "" {
		t.Errorf("%s: what is a row?", name)
	}
	if object == "user" && (table.name == "audit" || table.name == "events" || table.name == "events_state") {
		return "\n### " + table.name + "\n\nAs a document's.\n"
	}
	page := "\n### " + table.name + "\n\nA row is " + ofTable[name] + "."
	if table.since == 0 {
		page += " The table is no part of the schema."
	} else if table.since > 1 {
		page += fmt.Sprintf(" Since version %d.", table.since)
	}
	page += "\n\n| column | type | meaning |\n| --- | --- | --- |\n"
	for i, c := range table.list() {
		key := table.name + " " + c.name
		if ofColumn[key] == "" {
			key = object + "." + key
		}
		used[key] = true
		meaning := ofColumn[key]
		if meaning == "" {
			t.Errorf("%s: what does it mean?", key)
		}
		if c.added > table.since && table.since > 0 {
			meaning += fmt.Sprintf(" (since version %d)", c.added)
		}
		if i < table.keys {
			meaning += "; key"
		}
		page += "| `" + c.name + "` |" + strings.ToLower(kindNames[c.kind]) + " | " + meaning + " |\n"
	}
	return page
}
