package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// store runs statements and remembers the first query that failed: what was made
// of its answer is not to be trusted, and the event has to be undone.
type store struct {
	host Host
	args []Value
	err  error

	tables *tables
	// bare is an object without tables, created one that has written them in this event;
	// remains says that there is that table.
	bare, created, remains bool
}

func (s *store) query(stmt Stmt, row func(cols []Value), args ...Value) {
	if s.err == nil && !s.bare {
		s.err = s.host.Query(stmt, args, row)
	}
}

func (s *store) write(stmt Stmt, args ...Value) {
	s.create()
	s.host.Write(stmt, args)
}

func text(v string) Value     { return Value{Kind: Text, Str: v} }
func integer(v int64) Value   { return Value{Kind: Integer, Int: v} }
func unsigned(v uint64) Value { return Value{Kind: Integer, Int: int64(v)} }

func flag(v bool) Value {
	if v {
		return Value{Kind: Integer, Int: 1}
	}
	return Value{Kind: Integer}
}

// instant is a time as stored: milliseconds since 1970, 0 for never.
func instant(t time.Time) Value {
	if t.IsZero() {
		return Value{Kind: Integer}
	}
	return Value{Kind: Integer, Int: t.UnixMilli()}
}

func (v Value) time() time.Time {
	if v.Int == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v.Int).UTC()
}

// What the column pings of a channel's row says of its connection, as bits. Only the first
// was there at the beginning.
const (
	pings = 1 << iota
	resumed
)

func connectionFlags(r *channel.Row) Value {
	v := flag(r.Pings)
	if r.Resumed {
		v.Int |= resumed
	}
	return v
}

func (v Value) has(bit int64) bool { return v.Int&bit != 0 }

func (v Value) string() string { return string(v.Bytes) }
func (v Value) bool() bool     { return v.Int != 0 }

// append stores one entry. An op is the hot path: its parameters live in a slice
// that is kept.
func (s *store) append(e document.Entry) {
	if e.Kind != document.KindOp {
		s.appendComment(e)
		return
	}
	s.create()
	s.args = append(s.args[:0], unsigned(e.Version), text(e.UserID), text(e.ClientID), text(e.MessageID),
		Value{Kind: Blob, Bytes: e.Op}, instant(e.At), unsigned(e.Total))
	s.host.Write(insertOp, s.args)
}

// readEntry reads a row of selectOps. Its Op aliases the row.
func readEntry(cols []Value) document.Entry {
	return document.Entry{
		Version: uint64(cols[0].Int), UserID: cols[1].string(), ClientID: cols[2].string(), MessageID: cols[3].string(),
		Op: cols[4].Bytes, At: cols[5].time(), Kind: document.Kind(cols[6].Int), Comment: uint64(cols[7].Int),
	}
}

// newest returns the newest entry's version and total.
func (s *store) newest() (version, total uint64) {
	s.query(selectVersion, func(cols []Value) { version, total = uint64(cols[0].Int), uint64(cols[1].Int) })
	return version, total
}

// receipts are the newest entries of a user's client, oldest first, those up to the
// floor included that were trimmed.
func (s *store) receipts(userID, clientID string, limit int, floor uint64) []document.Receipt {
	var list []document.Receipt
	add := func(cols []Value) {
		list = append(list, document.Receipt{MessageID: cols[0].string(), Version: uint64(cols[1].Int)})
	}
	s.query(selectReceipts, add, text(clientID), text(userID), integer(int64(limit)))
	if floor > 0 && (len(list) < limit || list[len(list)-1].Version <= floor) {
		s.query(selectTrimmed, add, text(clientID), text(userID), integer(int64(limit)))
	}
	return oldestFirst(list, limit)
}

// oldestFirst takes the newest of one or two lists that are newest first, one behind
// the other.
func oldestFirst(list []document.Receipt, limit int) []document.Receipt {
	second := 0
	for second < len(list) && (second == 0 || list[second].Version < list[second-1].Version) {
		second++
	}
	out := make([]document.Receipt, min(len(list), limit))
	for i, j, n := 0, second, len(out)-1; n >= 0; n-- {
		if j == len(list) || i < second && list[i].Version > list[j].Version {
			out[n] = list[i]
			i++
		} else {
			out[n] = list[j]
			j++
		}
	}
	return out
}

func (s *store) channels() (rows []document.Row) {
	s.query(selectChannels, func(c []Value) {
		user := c[0].string()
		rows = append(rows, document.Row{
			Channel: channel.Row{
				UserID: user, ClientID: c[1].string(), SessionID: c[2].string(), State: channel.State(c[3].Int),
				Conn: c[4].string(), ConnectedAt: c[5].time(), Seen: c[6].time(), Pings: c[7].has(pings), Resumed: c[7].has(resumed), GraceUntil: c[8].time(),
				Acked: uint64(c[9].Int), Expires: c[10].time(), Noticed: c[11].bool(), NoticeAt: c[12].time(),
			},
			Grant: document.Grant{
				UserID: user, Name: c[13].string(), SessionID: c[14].string(), WorkspaceID: c[15].string(), Role: c[16].string(),
				Permissions: uint8(c[17].Int), Epoch: uint64(c[18].Int), Locked: c[19].bool(), Expires: c[20].time(),
				TokenID: c[21].string(), AdmittedAt: c[22].time(), IssuedAt: c[32].time(), Share: int(c[34].Int),
			},
			Telling: c[23].bool(), Reason: c[24].string(), TellNext: c[25].time(), Tries: int(c[26].Int),
			Behind: c[27].bool(), Pushed: uint64(c[28].Int), DrySince: c[29].time(), Confirms: c[30].bool(), Trusted: int(c[31].Int),
			Fence: uint64(c[33].Int),
		})
	})
	return rows
}

func (s *store) saveChannel(r document.Row) {
	c, g := &r.Channel, &r.Grant
	s.write(upsertChannel,
		text(c.UserID), text(c.ClientID), text(c.SessionID), integer(int64(c.State)),
		text(c.Conn), instant(c.ConnectedAt), instant(c.Seen), connectionFlags(c), instant(c.GraceUntil),
		unsigned(c.Acked), instant(c.Expires), flag(c.Noticed), instant(c.NoticeAt),
		text(g.Name), text(g.SessionID), text(g.WorkspaceID), text(g.Role),
		integer(int64(g.Permissions)), unsigned(g.Epoch), flag(g.Locked), instant(g.Expires),
		text(g.TokenID), instant(g.AdmittedAt),
		flag(r.Telling), text(r.Reason), instant(r.TellNext), integer(int64(r.Tries)),
		flag(r.Behind), unsigned(r.Pushed), instant(r.DrySince), flag(r.Confirms), integer(int64(r.Trusted)),
		instant(g.IssuedAt), unsigned(r.Fence), integer(int64(g.Share)))
}

func (s *store) session(userID string) (snap session.Snapshot) {
	snap.Session.UserID = userID
	s.query(selectSession, func(c []Value) {
		snap.Session = session.SessionRow{UserID: c[0].string(), ID: c[1].string(), StartedAt: c[2].time(), Epoch: uint64(c[3].Int), RevokedBefore: c[4].time(), IssuedAhead: c[5].time(),
			SignInsBefore: c[6].time()}
	})
	s.query(selectSessionChannels, func(c []Value) {
		snap.Channels = append(snap.Channels, session.ChannelRow{
			Document: c[0].string(), ClientID: c[1].string(), Until: c[2].time(), AdmittedAt: c[3].time(),
			Expires: c[4].time(), TokenID: c[5].string(),
			Owed: uint64(c[6].Int), Reason: c[7].string(), Doubt: c[8].bool(), By: c[9].string(),
			Fence: uint64(c[10].Int), Kick: uint64(c[11].Int),
			NextPush: c[12].time(), Pushes: int(c[13].Int)})
	})
	s.query(selectRevoked, func(c []Value) {
		snap.Revoked = append(snap.Revoked, session.RevokedRow{TokenID: c[0].string(), Until: c[1].time()})
	})
	s.query(selectAccess, func(c []Value) {
		snap.Access = append(snap.Access, session.AccessRow{
			Document: c[0].string(), FetchedAt: c[1].time(), Permissions: permission.Set(c[2].Int),
			WorkspaceID: c[3].string(), Role: c[4].string(), Found: c[5].bool(), Locked: c[6].bool(), Access: uint64(c[7].Int)})
	})
	return snap
}

func (s *store) saveSession(r session.SessionRow) {
	s.write(upsertSession, text(r.UserID), text(r.ID), instant(r.StartedAt), unsigned(r.Epoch), instant(r.RevokedBefore), instant(r.IssuedAhead), instant(r.SignInsBefore))
}

func (s *store) saveSessionChannel(r session.ChannelRow) {
	s.write(upsertSessionChannel, text(r.Document), text(r.ClientID), instant(r.Until), instant(r.AdmittedAt),
		instant(r.Expires), text(r.TokenID), unsigned(r.Owed), text(r.Reason), flag(r.Doubt), text(r.By),
		unsigned(r.Fence), unsigned(r.Kick), instant(r.NextPush), integer(int64(r.Pushes)))
}

func (s *store) saveAccess(r session.AccessRow) {
	s.write(upsertAccess, text(r.Document), instant(r.FetchedAt), integer(int64(r.Permissions)),
		text(r.WorkspaceID), text(r.Role), flag(r.Found), flag(r.Locked), unsigned(r.Access))
}
