package object

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
)

// A user's object has the database list it once, however often sessions begin, and tries again
// with the next session where that failed.
func TestAUserIsListedOnce(t *testing.T) {
	f := newFake(t, "ann", NewUser)
	session := ""
	begin := func() {
		t.Helper()
		f.now = f.now.Add(time.Minute)
		f.object = nil // as after hibernation
		for _, line := range f.enter(admit("d1")) {
			if strings.HasPrefix(line, "database") {
				line = without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["ws_demo",0,"workspace","member","edit"]]`)}), "alarm")[0]
			}
			if _, after, granted := strings.Cut(line, `"session_id":"`); granted {
				session = after[:32]
			}
		}
	}
	end := func() {
		t.Helper()
		f.now = f.now.Add(time.Minute)
		f.enter(Input{Kind: Request, Ask: 6, Text: fmt.Appendf(nil, `{"kind":"gone","document":"d1","session_id":%q,"reason":"disconnect","admitted_at":%d}`, session, f.now.UnixMilli())})
	}
	begin()
	first := "ann " + milliseconds(f.now)
	f.enter(admit("d2")) // in the same session
	if !slices.Equal(f.listed, []string{first}) {
		t.Fatalf("listed are %q, want %q", f.listed, first)
	}
	f.enter(Input{Kind: Failed, Ask: listing})
	end()
	begin()
	second := "ann " + milliseconds(f.now)
	f.enter(Input{Kind: Answered, Ask: listing, Text: []byte(`[]`)})
	end()
	begin()
	if !slices.Equal(f.listed, []string{first, second}) {
		t.Errorf("listed are %q, want %q once more and no more", f.listed, second)
	}
}

// Where permissions come from elsewhere and no webhook is set, a document is listed beside the
// upgrade that nobody has wait for it, once for each workspace.
func TestADocumentIsListedBesideItsOpening(t *testing.T) {
	f := newRoom(t)
	f.env[vars.PermissionsURL.Name()] = "https://permissions.example/"
	ask := uint32(0)
	opened := func(user, workspace string) []string {
		t.Helper()
		f.now = f.now.Add(time.Second)
		text := strings.Replace(f.admission(user, ""), `"workspace_id":"ws"`, `"workspace_id":"`+workspace+`"`, 1)
		left := f.enter(Input{Kind: Connect, Ask: 7, Text: []byte(text)})
		if !slices.ContainsFunc(left, func(l string) bool { return strings.HasPrefix(l, "accept") }) {
			t.Fatalf("not let in: %q", left)
		}
		return slices.DeleteFunc(left, func(l string) bool { return !strings.HasPrefix(l, "database") })
	}
	listed := func(user, workspace string, kind Kind) {
		t.Helper()
		ask++
		left := opened(user, workspace)
		if want := fmt.Sprintf("database %d DB %s welcome %s", ask, workspace, milliseconds(f.now)); !slices.Equal(left, []string{want}) {
			t.Fatalf("asked %q, want %q", left, want)
		}
		f.enter(Input{Kind: kind, Ask: ask, Text: []byte(`[[null]]`)})
	}
	listed("ann", "ws", Failed)
	listed("bob", "ws", Answered)
	for _, user := range []string{"ann", "bob", "cleo"} {
		if left := opened(user, "ws"); len(left) > 0 {
			t.Errorf("it is listed again: %q", left)
		}
	}
	listed("bob", "moved", Answered)
}

// Where the database knows the documents anyway no row is written.
func TestNobodyListsWhatIsStored(t *testing.T) {
	f := newRoom(t)
	for _, line := range f.connect("ann", "") {
		if strings.HasPrefix(line, "database") {
			t.Error(line)
		}
	}
}
