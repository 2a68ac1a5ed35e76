package object

import (
	"reflect"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// fill gives every field of a struct a value of its own, so that one that is not
// stored, or stored in another's column, shows.
func fill(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1736244000000 + *n).UTC()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	case v.Kind() == reflect.String:
		v.SetString("text " + string(rune('a'+*n)))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes([]byte("bytes " + string(rune('a'+*n))))
	case v.CanInt():
		v.SetInt(*n)
	case v.CanUint():
		v.SetUint(uint64(*n))
	default:
		t.Fatalf("a field of %v: how is it stored?", v.Type())
	}
}

func filled[T any](t *testing.T) (row T) {
	var n int64
	fill(t, reflect.ValueOf(&row).Elem(), &n)
	return row
}

// rowsHost is where rows are stored in a test.
type rowsHost interface {
	Host
	wrote(s *store)
}

func (f *fake) wrote(s *store) {
	for _, write := range f.writes {
		write()
	}
	f.writes = nil
	s.ended()
}

// Every row of every table, in the fake's memory and in SQLite.
func TestRowsComeBackAsTheyWere(t *testing.T) {
	t.Run("fake", func(t *testing.T) {
		documentRows(t, newFake(t, "", nil))
		userRows(t, newFake(t, "", nil))
	})
	t.Run("SQLite", func(t *testing.T) {
		documentRows(t, newDisk(t))
		userRows(t, newDisk(t))
	})
}

func same[Row any](t *testing.T, what string, got, want Row) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func documentRows(t *testing.T, host rowsHost) {
	t.Helper()
	s := store{host: host}
	s.open(&documentSchema)

	row := filled[document.Row](t)
	row.Grant.UserID = row.Channel.UserID // one column
	row.Grant.AccessAt = time.Time{}      // in State.Lock
	row.Grant.Access = 0                  // of use on the way in
	save(&s, &channelsTable, &row)

	op := filled[document.Entry](t)
	op.Version, op.Kind, op.Comment = 1, document.KindOp, 0
	s.append(op)
	create := filled[document.Entry](t)
	create.Version, create.Kind, create.Comment = 2, document.KindCreate, 2
	s.append(create)
	reply := create
	reply.Version, reply.Kind = 3, document.KindReply
	s.append(reply)
	state := filled[document.State](t)
	state.Floor, state.Kept, state.Lock.Retry = 0, 0, 6*time.Millisecond
	s.saveState(state)
	section := filled[document.Section](t)
	save(&s, &sectionsTable, &section)
	part := filled[document.SavePart](t)
	part.Upload.Version += state.Snapshot
	part.Upload.Parts, part.Part, part.Upload.Next = 2, 1, 2
	save(&s, &partsTable, &part)
	line := filled[audit.Entry](t)
	line.Also = "" // audit_test.go
	save(&s, &auditTable, &line)
	host.wrote(&s)

	same(t, "channel", s.channels(), []document.Row{row})
	entries := func(comments bool) (list []document.Entry) {
		s.Entries(0, 9, comments, func(e document.Entry) bool {
			e.Op = append([]byte(nil), e.Op...)
			list = append(list, e)
			return true
		})
		return list
	}
	same(t, "entries", entries(false), []document.Entry{op, create, reply})
	same(t, "comments", entries(true), []document.Entry{create, reply})
	s.heard.keep = 9
	same(t, "receipts", s.receipts(op.UserID, op.ClientID), []document.Receipt{{MessageID: op.MessageID, Version: 1}, {MessageID: op.MessageID, Version: 2}, {MessageID: op.MessageID, Version: 3}})
	var snap document.Snapshot
	s.document(&snap)
	same(t, "document", snap, document.Snapshot{Version: 3, Total: max(state.Total, reply.Total), LastTerm: reply.Term, State: state, Sections: []document.Section{section}, Upload: part.Upload, Comments: 1})
	u := &part.Upload
	same(t, "snapshots", s.snapshotsBefore(protocol.MaxSeq, 9), []document.Kept{{Version: u.Version, At: u.At, UserID: u.UserID, ClientID: u.ClientID, Parts: u.Parts, Bytes: u.Bytes, Total: reply.Total}})
	same(t, "part", string(s.SnapshotPart(u.Version, part.Part)), string(part.Data))
	var log auditLog
	same(t, "audit", string(log.read(&s, call.Entries{UserID: line.UserID})), "["+string(line.Append(nil))+"]")

	open, replies := s.comment(2)
	same(t, "open", open, true)
	same(t, "replies", replies, 1)
	s.append(document.Entry{Version: 4, Kind: document.KindResolve, Comment: 2, Op: []byte("null")})
	host.wrote(&s)
	open, _ = s.comment(2)
	same(t, "open", open, false)

	trimmed := filled[document.State](t) // readers get nothing below its floor
	trimmed.Lock.Retry = 6 * time.Millisecond
	s.saveState(trimmed)
	host.wrote(&s)
	snap = document.Snapshot{}
	s.document(&snap)
	same(t, "trimmed", snap.State, trimmed)

	// Only what a document without content remembers is stored where there are no tables.
	s.erase()
	host.wrote(&s)
	remains := filled[document.State](t)
	remains = document.State{Access: remains.Access, AccessAt: remains.AccessAt, Erased: remains.Erased, Workspace: remains.Workspace}
	s = store{host: host}
	s.open(&documentSchema)
	s.saveState(remains)
	host.wrote(&s)
	for _, tables := range []bool{false, true} {
		if tables {
			save(&s, &sectionsTable, &section)
			host.wrote(&s)
		}
		s = store{host: host}
		s.open(&documentSchema)
		snap = document.Snapshot{}
		s.document(&snap)
		same(t, "remains", snap.State, remains)
	}
	if s.err != nil {
		t.Error(s.err)
	}
}

func userRows(t *testing.T, host rowsHost) {
	t.Helper()
	s := store{host: host}
	s.open(&userSchema)
	want := user.Snapshot{
		UserID: "ann",
		Session: session.Snapshot{
			Session:  filled[session.SessionRow](t),
			Channels: []session.ChannelRow{filled[session.ChannelRow](t)},
			Access:   []session.AccessRow{filled[session.AccessRow](t)},
			Revoked:  []session.RevokedRow{filled[session.RevokedRow](t)},
		},
		Device: device.Snapshot{Row: filled[device.Row](t), Kept: []channel.Kept{filled[channel.Kept](t)}},
	}
	row := &want.Device.Row
	row.Channel.UserID, row.Channel.State, row.Channel.Acked = "ann", channel.Active, 0 // the outbox has its own
	saved := app.Saved{
		Row: filled[app.Row](t), Kept: []channel.Kept{filled[channel.Kept](t)}, Receipts: []channel.Receipt{filled[channel.Receipt](t)},
	}
	l := &saved.Row.Channel
	l.UserID, l.ClientID, l.SessionID = "ann", saved.Row.Package, saved.Row.SessionID
	l.Acked, l.Expires, l.Noticed, l.NoticeAt = 0, time.Time{}, false, time.Time{} // a key does not expire
	want.Apps = app.Snapshot{Apps: []app.Saved{saved}, Receipts: []channel.Receipt{filled[channel.Receipt](t)}}
	want.Apps.Receipts[0].N++

	save(&s, &sessionTable, &want.Session.Session)
	save(&s, &userChannelsTable, &want.Session.Channels[0])
	save(&s, &accessTable, &want.Session.Access[0])
	save(&s, &revokedTable, &want.Session.Revoked[0])
	save(&s, &deviceTable, row)
	save(&s, &outboxTable, &want.Device.Kept[0])
	save(&s, &appsTable, &saved.Row)
	save(&s, &appOutboxTable, &app.Keep{Package: saved.Row.Package, Kept: saved.Kept[0]})
	save(&s, &appReceiptsTable, &app.Remember{Package: saved.Row.Package, Slot: 1, Receipt: saved.Receipts[0]})
	save(&s, &appReceiptsTable, &app.Remember{Slot: 1, Receipt: want.Apps.Receipts[0]})
	host.wrote(&s)
	same(t, "user", s.user("ann"), want)

	s.write(trimOutbox, unsigned(want.Device.Kept[0].Seq))
	s.write(trimAppOutbox, text(saved.Row.Package), unsigned(saved.Kept[0].Seq))
	s.delete(&appReceiptsTable.shape, text(saved.Row.Package))
	s.delete(&revokedTable.shape, text(want.Session.Revoked[0].TokenID))
	s.delete(&accessTable.shape, text(want.Session.Access[0].Document))
	s.write(userChannelsTable.drop(), text(want.Session.Channels[0].Channel), text(want.Session.Channels[0].ClientID))
	host.wrote(&s)
	want.Device.Kept, want.Session.Channels, want.Session.Access, want.Session.Revoked = nil, nil, nil, nil
	want.Apps.Apps[0].Kept, want.Apps.Apps[0].Receipts = nil, nil
	same(t, "user", s.user("ann"), want)
	s.delete(&appsTable.shape, text(saved.Row.Package))
	host.wrote(&s)
	want.Apps.Apps = nil
	same(t, "user", s.user("ann"), want)
	if s.err != nil {
		t.Error(s.err)
	}
}
