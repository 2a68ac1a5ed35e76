package object

import (
	"reflect"
	"testing"
	"time"

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

	row := filled[document.Row](t)
	row.Grant.UserID = row.Channel.UserID // one column
	s.saveChannel(row)

	entry := filled[struct {
		Version                     uint64
		UserID, ClientID, MessageID string
	}](t)
	op := document.Entry{Version: 1, UserID: entry.UserID, ClientID: entry.ClientID, MessageID: entry.MessageID,
		Op: []byte(`{"a":1}`), At: time.UnixMilli(1736244000123).UTC()}
	s.appendOp(op)
	for _, write := range f.writes {
		write()
	}
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

	f = newFake(t, "", nil)
	s = store{host: f}
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
	if got := s.session(); !reflect.DeepEqual(got, want) {
		t.Errorf("session:\n got %+v\nwant %+v", got, want)
	}
}
