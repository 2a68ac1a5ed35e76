package object

import (
	"reflect"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/session"
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

func TestRowsComeBackAsTheyWere(t *testing.T) {
	f := newFake(t, "", nil)
	s := store{host: f}
	s.open(&documentTables)

	row := filled[document.Row](t)
	row.Grant.UserID = row.Channel.UserID // one column
	row.Grant.AccessAt = time.Time{}      // in State.Lock
	row.Grant.Access = 0                  // of use on the way in
	s.saveChannel(row)

	entry := filled[struct {
		Version                     uint64
		UserID, ClientID, MessageID string
	}](t)
	op := document.Entry{Version: 1, UserID: entry.UserID, ClientID: entry.ClientID, MessageID: entry.MessageID,
		Op: []byte(`{"a":1}`), At: time.UnixMilli(1736244000123).UTC()}
	s.append(op)
	comment := op
	comment.Version, comment.Kind, comment.Comment = 2, document.KindCreate, 2
	s.append(comment)
	state := filled[document.State](t)
	state.Lock.Retry = 6 * time.Millisecond
	s.saveState(state)
	section := filled[document.Section](t)
	s.saveSection(section)
	upload := filled[document.Upload](t)
	upload.Version += state.Snapshot
	s.savePart(document.SavePart{Upload: upload, Part: upload.Next - 1, Data: []byte(`"part"`)})
	var log auditLog
	line := filled[audit.Entry](t)
	log.write(&s, line)
	for _, write := range f.writes {
		write()
	}
	s.ended()
	if got := s.channels(); len(got) != 1 || !reflect.DeepEqual(got[0], row) {
		t.Errorf("channel:\n got %+v\nwant %+v", got, row)
	}
	var back document.Entry
	s.query(selectOps, func(cols []Value) {
		back = readEntry(cols)
		back.Op = append([]byte(nil), back.Op...)
	}, unsigned(0), unsigned(1), integer(1))
	if !reflect.DeepEqual(back, op) {
		t.Errorf("entry:\n got %+v\nwant %+v", back, op)
	}
	s.Entries(0, 9, true, func(e document.Entry) bool {
		if !reflect.DeepEqual(e, comment) {
			t.Errorf("comment:\n got %+v\nwant %+v", e, comment)
		}
		return true
	})
	var snap document.Snapshot
	s.document(&snap)
	if want := (document.Snapshot{Version: max(2, state.Floor), Total: state.Total, State: state, Sections: []document.Section{section}, Upload: upload, Comments: 1}); !reflect.DeepEqual(snap, want) {
		t.Errorf("document:\n got %+v\nwant %+v", snap, want)
	}
	if got := string(s.SnapshotPart(upload.Version, upload.Next-1)); got != `"part"` {
		t.Errorf("part: %s", got)
	}
	if got, want := string(log.read(&s, auditRequest{userID: line.UserID})), "["+string(line.Append(nil))+"]"; got != want {
		t.Errorf("audit:\n got %s\nwant %s", got, want)
	}

	f = newFake(t, "", nil)
	s = store{host: f}
	s.open(&sessionTables)
	want := session.Snapshot{
		Session:  filled[session.SessionRow](t),
		Channels: []session.ChannelRow{filled[session.ChannelRow](t)},
		Access:   []session.AccessRow{filled[session.AccessRow](t)},
	}
	s.saveSession(want.Session)
	s.saveSessionChannel(want.Channels[0])
	s.saveAccess(want.Access[0])
	for _, write := range f.writes {
		write()
	}
	s.ended()
	if got := s.session("ann"); !reflect.DeepEqual(got, want) {
		t.Errorf("session:\n got %+v\nwant %+v", got, want)
	}
}
