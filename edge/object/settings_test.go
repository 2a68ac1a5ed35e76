package object

import (
	"reflect"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// A frame may not be larger than what the platform stores as one row, whatever the variable
// says: an op of that size could be accepted and never stored.
func TestFrameBytesFitARow(t *testing.T) {
	for said, want := range map[string]int{"": 65_536, "131072": 131_072, "1048576": 1_048_576, "4000000": 1_048_576} {
		r := newRoom(t)
		r.env["MAX_FRAME_BYTES"] = said
		r.connect("ann", "")
		if n := r.object.LongestText(); n != want {
			t.Errorf("MAX_FRAME_BYTES=%q: frames of %d bytes, want %d", said, n, want)
		}
	}
}

// What the table of variables says of a variable that nobody sets is what the cores do
// without a word: those are what the tests and the simulations run with.
func TestDefaultsAreTheCores(t *testing.T) {
	f := newFake(t, "", nil)
	if got, want := documentConfig(settings{f}, serverconn.Secret{}), (document.Config{}).WithDefaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("a document:\n got %+v\nwant %+v", got, want)
	}
	got, want := userConfig(settings{f}, serverconn.Secret{}), (user.Config{}).WithDefaults()
	got.Session, want.Session = got.Session.WithDefaults(), want.Session.WithDefaults()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("a user:\n got %+v\nwant %+v", got, want)
	}
	if most := vars.MaxDepth.Int("999999"); most != protocol.MostDepth {
		t.Errorf("MAX_DEPTH may be %d, and a server's depth %d", most, protocol.MostDepth)
	}
}

// 0 is no value where the table does not say what it means: it is the default, and never off.
func TestZeroIsNoValue(t *testing.T) {
	f := newFake(t, "", nil)
	document, user := documentConfig(settings{f}, serverconn.Secret{}), userConfig(settings{f}, serverconn.Secret{})
	for _, name := range vars.Numbers() {
		f.env[name] = "0"
	}
	if got := documentConfig(settings{f}, serverconn.Secret{}); !reflect.DeepEqual(got, document) {
		t.Errorf("a document:\n got %+v\nwant %+v", got, document)
	}
	if got := userConfig(settings{f}, serverconn.Secret{}); !reflect.DeepEqual(got, user) {
		t.Errorf("a user:\n got %+v\nwant %+v", got, user)
	}
}
