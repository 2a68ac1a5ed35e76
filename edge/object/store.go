package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/inbox"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// store runs statements and remembers the first query that failed: what was made
// of its answer is not to be trusted, and the event has to be undone.
type store struct {
	host Host
	args []Value
	err  error

	schema  *schema
	columns columns
	entry   document.Entry
	// bare is an object without tables, created one that has written them in this event;
	// remains says that there is that table.
	bare, created, remains bool
	heard                  heard
	slots                  slots
}

func (s *store) query(stmt Stmt, row func(cols []Value), args ...Value) {
	if s.err == nil && (!s.bare || stmt == selectRemains) {
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

func (v Value) string() string { return string(v.Bytes) }

// append stores one entry. An op is the hot path: its parameters live in a slice that is
// kept, and it in a place that is.
func (s *store) append(e document.Entry) {
	s.entry = e
	if slot := s.slot(); slot > 0 {
		s.args = append(parameters(s, &opsTable, &s.entry), unsigned(slot))
		s.write(writeOver, s.args...)
	} else {
		save(s, &opsTable, &s.entry)
	}
	s.listDue(e.Version)
	switch e.Kind {
	case document.KindCreate:
		save(s, &commentsTable, &comment{id: e.Comment})
	case document.KindReply:
		s.write(addReply, unsigned(e.Comment))
	case document.KindResolve:
		s.write(resolveComment, unsigned(e.Version), unsigned(e.Comment))
	}
}

// newest returns the newest entry's version, total and term.
func (s *store) newest() (version, total, term uint64) {
	s.query(selectVersion, func(cols []Value) {
		version, total, term = uint64(cols[0].Int), uint64(cols[1].Int), uint64(cols[2].Int)
	})
	return version, total, term
}

// ofTerm is the version of the newest entry up to a version that was written under a term, 0
// for none near.
func (s *store) ofTerm(term, version uint64) (found uint64) {
	s.query(selectOfTerm, func(c []Value) { found = uint64(c[0].Int) }, unsigned(version), unsigned(term), integer(document.MatchEntries))
	return found
}

func (s *store) channels() (rows []document.Row) {
	each(s, selectChannels, memberColumns, func(r *document.Row) {
		r.Grant.UserID = r.Channel.UserID
		rows = append(rows, *r)
	})
	return rows
}

func (s *store) session(userID string) (snap session.Snapshot) {
	snap.Session.UserID = userID
	each(s, selectSession, sessionColumns, func(r *session.SessionRow) { snap.Session = *r })
	each(s, selectUserChannels, userChannelColumns, func(r *session.ChannelRow) { snap.Channels = append(snap.Channels, *r) })
	each(s, selectRevoked, revokedColumns, func(r *session.RevokedRow) { snap.Revoked = append(snap.Revoked, *r) })
	each(s, selectAccess, accessColumns, func(r *session.AccessRow) { snap.Access = append(snap.Access, *r) })
	return snap
}

// user reads what is stored of session, device and apps.
func (s *store) user(userID string) (snap user.Snapshot) {
	snap.UserID, snap.Session = userID, s.session(userID)
	each(s, selectDevice, deviceColumns, func(r *device.Row) {
		r.Channel.UserID = userID
		snap.Device.Row = *r
	})
	each(s, selectOutbox, outboxColumns, func(k *channel.Kept) { snap.Device.Kept = append(snap.Device.Kept, owned(k)) })
	if state := snap.Device.Row.Channel.State; snap.Device.Row.Channel.UserID != "" && state != channel.Gone { // else there are none
		snap.Apps = s.apps(userID)
	}
	each(s, selectMessages, messageColumns, func(m *inbox.Message) {
		one := *m
		one.Data = append([]byte(nil), m.Data...)
		snap.Inbox.Messages = append(snap.Inbox.Messages, one)
	})
	if len(snap.Inbox.Messages) > 0 {
		each(s, selectHearers, hearerColumns, func(c *inbox.Client) { snap.Inbox.Clients = append(snap.Inbox.Clients, *c) })
	}
	return snap
}

// owned is a frame of its own, which does not alias the row it was read from.
func owned(k *channel.Kept) channel.Kept {
	return channel.Kept{Seq: k.Seq, Text: append([]byte(nil), k.Text...)}
}

func (s *store) apps(userID string) (snap app.Snapshot) {
	each(s, selectApps, appColumns, func(r *app.Row) {
		r.Channel.UserID, r.Channel.ClientID, r.Channel.SessionID = userID, r.Package, r.SessionID
		snap.Apps = append(snap.Apps, app.Saved{Row: *r})
	})
	if len(snap.Apps) > 0 {
		each(s, selectAppOutbox, appOutboxColumns, func(k *app.Keep) {
			if a := saved(snap.Apps, k.Package); a != nil {
				a.Kept = append(a.Kept, owned(&k.Kept))
			}
		})
	}
	each(s, selectAppReceipts, appReceiptColumns, func(r *app.Remember) {
		if r.Package == "" {
			snap.Receipts = append(snap.Receipts, r.Receipt)
		} else if a := saved(snap.Apps, r.Package); a != nil {
			a.Receipts = append(a.Receipts, r.Receipt)
		}
	})
	return snap
}

func saved(apps []app.Saved, name string) *app.Saved {
	for i := range apps {
		if apps[i].Row.Package == name {
			return &apps[i]
		}
	}
	return nil
}
