package object

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// The tables of a user's object, and their columns. Its audit log is a document's too.

var (
	sessionTable      = newTable(shape{number: sessionNumber, name: "session", since: 1}, sessionColumns)
	userChannelsTable = newTable(shape{number: userChannelsNumber, name: "user_channels", keys: 2, since: 1, was: "channels", rekeyed: 6}, userChannelColumns)
	accessTable       = newTable(shape{number: accessNumber, name: "access", keys: 1, since: 1}, accessColumns)
	revokedTable      = newTable(shape{number: revokedNumber, name: "revoked", keys: 1, since: 3}, revokedColumns)
	deviceTable       = newTable(shape{number: deviceNumber, name: "device", since: 3}, deviceColumns)
	outboxTable       = newTable(shape{number: outboxNumber, name: "outbox", keys: 1, once: true, since: 3}, outboxColumns)
	appsTable         = newTable(shape{number: appsNumber, name: "apps", keys: 1, since: 4}, appColumns)
	appOutboxTable    = newTable(shape{number: appOutboxNumber, name: "app_outbox", keys: 2, once: true, since: 4}, appOutboxColumns)
	visitedTable      = newTable(shape{number: visitedNumber, name: "visited", keys: 1, since: 7}, visitColumns)
	appReceiptsTable  = newTable(shape{number: appReceiptsNumber, name: "app_receipts", keys: 2, since: 4}, appReceiptColumns)
	messagesTable     = newTable(shape{number: messagesNumber, name: "messages", keys: 1, once: true, since: 7}, messageColumns)
	hearersTable      = newTable(shape{number: hearersNumber, name: "hearers", keys: 1, since: 7}, hearerColumns)
)

func sessionColumns(c *columns, r *session.SessionRow) {
	c.text("user_id", &r.UserID)
	c.text("id", &r.ID)
	c.time("started_at", &r.StartedAt)
	numeric(c, "epoch", &r.Epoch)
	c.since(3)
	c.time("revoked_before", &r.RevokedBefore)
	c.time("issued_ahead", &r.IssuedAhead)
	c.since(5)
	c.time("sign_ins_before", &r.SignInsBefore)
	c.since(7)
	c.flag("listed", &r.Listed)
}

func userChannelColumns(c *columns, r *session.ChannelRow) {
	c.text("document", &r.Channel)
	c.text("client_id", &r.ClientID)
	c.time("until", &r.Until)
	c.time("admitted_at", &r.AdmittedAt)
	c.since(2)
	numeric(c, "owed", &r.Unpushed)
	c.text("reason", &r.Reason)
	c.time("next_push", &r.NextPush)
	numeric(c, "pushes", &r.Pushes)
	c.since(3)
	c.time("expires", &r.Expires)
	c.text("token_id", &r.TokenID)
	c.flag("doubt", &r.Stale)
	c.text("by_whom", &r.By)
	numeric(c, "fence", &r.Fence)
	numeric(c, "kick", &r.Kick)
	c.since(7)
	c.text("session_id", &r.SessionID)
	c.time("started_at", &r.StartedAt)
}

func accessColumns(c *columns, r *session.AccessRow) {
	c.text("document", &r.Document)
	c.time("fetched_at", &r.FetchedAt)
	numeric(c, "permissions", &r.Permissions)
	c.text("workspace_id", &r.WorkspaceID)
	c.text("role", &r.Role)
	c.flag("found", &r.Found)
	c.flag("locked", &r.Locked)
	c.since(5)
	numeric(c, "access", &r.Access)
}

func revokedColumns(c *columns, r *session.RevokedRow) {
	c.text("token_id", &r.TokenID)
	c.time("until", &r.Until)
}

func deviceColumns(c *columns, r *device.Row) {
	ch, t, p := &r.Channel, &r.Token, &r.Pending
	c.text("client_id", &ch.ClientID)
	c.text("session_id", &ch.SessionID)
	numeric(c, "state", &ch.State)
	connectionColumns(c, ch)
	c.time("expires", &ch.Expires)
	c.flag("noticed", &ch.Noticed)
	c.time("notice_at", &ch.NoticeAt)
	c.text("token_id", &t.ID)
	c.time("issued_at", &t.IssuedAt)
	c.time("token_expires", &t.Expires)
	c.time("asked", &r.Asked)
	c.conn("door_conn", &p.Conn)
	c.time("door_at", &p.At)
	c.text("door_client", &p.ClientID)
	c.text("door_made_up", &p.MadeUp)
	c.flag("door_flat", &p.Flat)
	c.text("door_token_id", &p.Token.ID)
	c.time("door_issued_at", &p.Token.IssuedAt)
	c.time("door_expires", &p.Token.Expires)
	numeric(c, "sent", &r.Outbox.Sent)
	numeric(c, "acked", &r.Outbox.Acked)
}

func outboxColumns(c *columns, k *channel.Kept) {
	numeric(c, "seq", &k.Seq)
	c.blob("frame", &k.Text)
}

func appColumns(c *columns, r *app.Row) {
	l, p := &r.Channel, &r.Pending
	c.text("package", &r.Package)
	c.text("session_id", &r.SessionID)
	numeric(c, "state", &r.State)
	numeric(c, "phase", &r.Phase)
	c.time("next", &r.Next)
	numeric(c, "tries", &r.Tries)
	c.flag("been", &r.Been)
	c.text("key_id", &r.KeyID)
	numeric(c, "line_state", &l.State)
	connectionColumns(c, l)
	c.conn("door_conn", &p.Conn)
	c.time("door_at", &p.At)
	c.text("door_key", &p.KeyID)
	numeric(c, "sent", &r.Outbox.Sent)
	numeric(c, "acked", &r.Outbox.Acked)
	numeric(c, "rounds", &r.Rounds)
	c.flag("written", &r.Written)
	numeric(c, "told", &r.Reported)
	c.since(8)
	c.text("streams", &r.Streams)
}

func appOutboxColumns(c *columns, k *app.Keep) {
	c.text("package", &k.Package)
	outboxColumns(c, &k.Kept)
}

// appReceiptColumns are of an app, or, with the package "", of the user's device.
func appReceiptColumns(c *columns, r *app.Remember) {
	c.text("package", &r.Package)
	numeric(c, "slot", &r.Slot)
	numeric(c, "n", &r.Receipt.N)
	c.text("client_id", &r.Receipt.ClientID)
	c.text("message_id", &r.Receipt.MessageID)
	numeric(c, "seq", &r.Receipt.Seq)
}

// visit is a document that may know of the user: it is written once, before the user is
// admitted there for the first time.
type visit struct{ document string }

func visitColumns(c *columns, r *visit) { c.text("document", &r.document) }
func messageColumns(c *columns, m *inbox.Message) {
	numeric(c, "seq", &m.Seq)
	c.text("id", &m.ID)
	c.time("at", &m.At)
	c.time("until", &m.Until)
	c.blob("data", &m.Data)
}

func hearerColumns(c *columns, r *inbox.Client) {
	c.text("client_id", &r.ID)
	list := appendNumbers(nil, r.Heard)
	c.blob("heard", &list)
	if c.way == reading {
		r.Heard = numbers(list)
	}
}

// appendNumbers and numbers write and read a list of numbers, with spaces between.
func appendNumbers(dst []byte, list []uint64) []byte {
	for i, n := range list {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = strconv.AppendUint(dst, n, 10)
	}
	return dst
}

func numbers(text []byte) (list []uint64) {
	for word := range strings.FieldsSeq(string(text)) {
		if n, ok := jsonscan.Uint([]byte(word)); ok {
			list = append(list, n)
		}
	}
	return list
}
