package object

import (
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
)

// The tables of a document, and their columns: what each means is in edge/STORAGE.md. A
// column that is added stands behind a since of its own, with the next schemaVersion.

var (
	opsTable      = newTable(shape{number: opsNumber, name: "ops", keys: 1, once: true, since: 1}, entryColumns)
	channelsTable = newTable(shape{number: channelsNumber, name: "members", keys: 2, since: 1, was: "channels", rekeyed: 6}, memberColumns)
	commentsTable = newTable(shape{number: commentsNumber, name: "comments", keys: 1, once: true, since: 3}, commentColumns)
	receiptsTable = newTable(shape{number: receiptsNumber, name: "receipts", keys: 1, since: 3}, trimmedColumns)
	stateTable    = newTable(shape{number: stateNumber, name: "state", since: 3}, stateColumns)
	sectionsTable = newTable(shape{number: sectionsNumber, name: "sections", keys: 1, since: 3}, sectionColumns)
	partsTable    = newTable(shape{number: partsNumber, name: "parts", keys: 2, rowid: true, since: 3}, partColumns)
	auditTable    = newTable(shape{number: auditNumber, name: "audit", serial: true, once: true, since: 3}, auditColumns)
	remainsTable  = newTable(shape{number: remainsNumber, name: "remains"}, remainsColumns)
)

func entryColumns(c *columns, e *document.Entry) {
	numeric(c, "version", &e.Version)
	c.text("user_id", &e.UserID)
	c.text("client_id", &e.ClientID)
	c.text("message_id", &e.MessageID)
	c.blob("op", &e.Op)
	c.time("at", &e.At)
	c.since(3)
	numeric(c, "kind", &e.Kind)
	numeric(c, "comment", &e.Comment)
	c.since(5)
	numeric(c, "total", &e.Total)
	c.since(7)
	numeric(c, "term", &e.Term)
}

// connectionColumns are those in which every kind of channel has its connection.
func connectionColumns(c *columns, r *channel.Row) {
	c.conn("conn", &r.Conn)
	c.time("connected_at", &r.ConnectedAt)
	c.time("seen", &r.Seen)
	c.flags("pings", &r.Pings, &r.Resumed)
	c.time("grace_until", &r.GraceUntil)
}

func memberColumns(c *columns, r *document.Row) {
	ch, g := &r.Channel, &r.Grant
	c.text("user_id", &ch.UserID)
	c.text("client_id", &ch.ClientID)
	c.text("session_id", &ch.SessionID)
	numeric(c, "state", &ch.State)
	connectionColumns(c, ch)
	numeric(c, "acked", &ch.Acked)
	c.time("expires", &ch.Expires)
	c.flag("noticed", &ch.Noticed)
	c.time("notice_at", &ch.NoticeAt)
	c.text("name", &g.Name)
	c.text("grant_session_id", &g.SessionID)
	c.text("workspace_id", &g.WorkspaceID)
	c.text("role", &g.Role)
	numeric(c, "permissions", &g.Permissions)
	numeric(c, "epoch", &g.Epoch)
	c.flag("locked", &g.Locked)
	c.time("grant_expires", &g.Expires)
	c.text("token_id", &g.TokenID)
	c.time("admitted_at", &g.AdmittedAt)
	c.flag("telling", &r.Notifying)
	c.text("reason", &r.Reason)
	c.time("tell_next", &r.NotifyNext)
	numeric(c, "tries", &r.Tries)
	c.since(2)
	c.flag("behind", &r.Behind)
	numeric(c, "pushed", &r.Pushed)
	c.time("dry_since", &r.DrySince)
	c.flag("confirms", &r.Confirms)
	numeric(c, "trusted", &r.Trusted)
	c.since(3)
	c.time("issued_at", &g.IssuedAt)
	numeric(c, "fence", &r.Fence)
	c.since(5)
	numeric(c, "share", &g.Share)
	c.since(7)
	numeric(c, "term", &r.Term)
	numeric(c, "withheld", &g.Withheld)
	numeric(c, "access", &g.Access)
	c.flags("called", &r.Called, &r.Unlisted)
}

// comment is one that is open, or was resolved by an entry that is not trimmed yet.
type comment struct {
	id, resolved uint64
	replies      int
}

func commentColumns(c *columns, r *comment) {
	numeric(c, "id", &r.id)
	numeric(c, "resolved", &r.resolved)
	c.since(5)
	numeric(c, "replies", &r.replies)
}

// trimmed is what older entries of a client leave behind: the answers to their repeats.
type trimmed struct {
	version                     uint64
	userID, clientID, messageID string
	ids                         string
}

func trimmedColumns(c *columns, r *trimmed) {
	numeric(c, "version", &r.version)
	c.text("user_id", &r.userID)
	c.text("client_id", &r.clientID)
	c.text("message_id", &r.messageID)
	c.since(7)
	c.text("ids", &r.ids)
}

// receiptColumns are what is asked of an entry, or of what it left behind, for its repeat.
func receiptColumns(c *columns, r *document.Receipt) {
	c.text("message_id", &r.MessageID)
	numeric(c, "version", &r.Version)
}

func stateColumns(c *columns, s *document.State) {
	numeric(c, "floor", &s.Floor)
	numeric(c, "snapshot", &s.Snapshot)
	numeric(c, "parts", &s.Parts)
	c.flag("locked", &s.Lock.On)
	c.time("locked_at", &s.Lock.At)
	c.text("reason", &s.Lock.Reason)
	c.millis("retry", &s.Lock.Retry)
	c.since(5)
	numeric(c, "kept", &s.Kept)
	numeric(c, "total", &s.Total)
	numeric(c, "mark", &s.Mark)
	numeric(c, "pinned", &s.Pinned)
	c.flag("full", &s.Full)
	c.flag("held", &s.Lock.Held)
	remainsColumns(c, s)
	c.since(7)
	c.text("generation", &s.Generation)
	numeric(c, "began", &s.Began)
	c.text("previous", &s.Previous)
	numeric(c, "common", &s.Common)
	c.time("forgot", &s.Forgot)
}

// remainsColumns are what a document without content has to remember. They are a table of
// their own too: all the others take ten times the room.
func remainsColumns(c *columns, s *document.State) {
	numeric(c, "access", &s.Access)
	c.time("access_at", &s.AccessAt)
	c.time("erased", &s.Erased)
	c.text("workspace", &s.Workspace)
}

func sectionColumns(c *columns, s *document.Section) {
	c.text("section", &s.Name)
	c.text("user_id", &s.UserID)
	c.text("client_id", &s.ClientID)
	c.time("until", &s.Until)
}

func partColumns(c *columns, p *document.SavePart) {
	uploadColumns(c, p)
	c.blob("data", &p.Data)
}

// uploadColumns are a part without what is in it.
func uploadColumns(c *columns, p *document.SavePart) {
	u := &p.Upload
	numeric(c, "version", &u.Version)
	numeric(c, "part", &p.Part)
	numeric(c, "parts", &u.Parts)
	c.text("user_id", &u.UserID)
	c.text("client_id", &u.ClientID)
	numeric(c, "bytes", &u.Bytes)
	c.time("at", &u.At)
	c.time("began", &u.Began)
}

// keptColumns are a snapshot that is whole, by its last part, and how many bytes the
// entries up to it came to: -1 where none follows.
func keptColumns(c *columns, k *document.Kept) {
	numeric(c, "version", &k.Version)
	c.text("user_id", &k.UserID)
	c.text("client_id", &k.ClientID)
	numeric(c, "parts", &k.Parts)
	numeric(c, "bytes", &k.Bytes)
	c.time("at", &k.At)
	numeric(c, "COALESCE((SELECT total - "+opBytes+" FROM "+entries+" AND version > p.version ORDER BY version LIMIT 1), -1)", &k.Total)
}

func auditColumns(c *columns, e *audit.Entry) {
	c.time("at", &e.At)
	word(c, "event", &e.Event)
	c.text("user_id", &e.UserID)
	c.text("document", &e.Document)
	c.text("client_id", &e.ClientID)
	c.text("code", &e.Code)
	c.text("reason", &e.Reason)
	c.text("by_whom", &e.By)
	c.text("detail", &e.Detail)
	c.since(7)
	c.text("delegate", &e.Delegate)
	word(c, "also", &e.Also)
}
