package document_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What a grant allows is read in one place: whoever reads Permissions elsewhere would let a delegate do
// what is withheld of it.
func TestOnlyMayReadsPermissions(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reads := regexp.MustCompile(`\b(?:grant|Grant|g|from|old)\.Permissions\b`)
	found := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			switch line = strings.TrimSpace(line); {
			case strings.HasSuffix(name, "_test.go") || !reads.MatchString(line):
			case line == "return permission.Diff(permission.Set(g.Permissions), withheld)",
				line == "func (g *Grant) user() permission.Set { return permission.Set(g.Permissions) }",
				strings.HasPrefix(line, "g.Permissions, g.Epoch, g.Locked, g.Role = from.Permissions, "):
				found++
			default:
				t.Errorf("%s reads a grant's Permissions: %s", name, line)
			}
		}
	}
	if found != 3 {
		t.Errorf("the three places where they are read were found %d times", found)
	}
}

// Whatever is withheld, a delegate may do no more than its user, and nothing of that; who lacks anything
// is no administrator, who may do everything.
func TestMay(t *testing.T) {
	for user := range permission.All + 1 {
		for withheld := range permission.All + 1 {
			g := document.Grant{Permissions: uint8(user), Withheld: uint8(withheld)}
			may := g.May()
			if permission.Diff(may, user) != 0 || may&withheld != 0 || withheld == 0 && may != user {
				t.Errorf("of %v, without %v: %v", user.Names(), withheld.Names(), may.Names())
			}
			for op := permission.ReceiveOperations; op <= permission.ManagePermissions; op++ {
				needs := [...]permission.Set{permission.Read, permission.Read, permission.Write, permission.Write, permission.Comment, permission.Comment, permission.Moderate, permission.Moderate, permission.Admin}[op]
				if may.Allows(op) && (withheld.Has(needs) || !user.Allows(op)) {
					t.Errorf("of %v, without %v: operation %d is allowed", user.Names(), withheld.Names(), op)
				}
			}
		}
	}
}

// As many delegates of a user as may, none of which takes another's place or a browser's, nor gives its
// own; one whose line is down keeps its place for its grace period.
func TestDelegatesHavePlacesOfTheirOwn(t *testing.T) {
	d := document.New(document.Config{PerUser: 1, DelegatesPerUser: 2}, "welcome")
	now, admitted := start, 0
	connect := func(conn document.ConnID, client string) (closed []document.ConnID, refused string) {
		admitted++
		g := document.Grant{UserID: "ann", SessionID: "s", Permissions: 7, Epoch: 1, Expires: start.Add(time.Hour), AdmittedAt: start.Add(time.Duration(admitted) * time.Millisecond)}
		for _, e := range d.Step(now, document.Connect{Conn: conn, Grant: g, ClientID: client}) {
			switch e := e.(type) {
			case document.Close:
				closed = append(closed, e.Conn)
			case document.Send:
				if f, _ := protocol.Decode(e.Text, protocol.Limits{}); f.Event == protocol.EventError {
					p, _ := protocol.ParseError(f.Data)
					refused = p.Reason
				}
			}
		}
		return closed, refused
	}
	one, two, three := protocol.DelegateClient("00000000000000d1"), protocol.DelegateClient("00000000000000d2"), protocol.DelegateClient("00000000000000d3")
	for _, c := range []struct {
		conn   document.ConnID
		client string
	}{{"c1", "laptop"}, {"c2", one}, {"c3", two}} {
		if closed, refused := connect(c.conn, c.client); len(closed) > 0 || refused != "" {
			t.Errorf("%s closes %v, is refused %s", c.client, closed, refused)
		}
	}
	if closed, refused := connect("c4", three); len(closed) != 1 || closed[0] != "c4" || refused != "too_many_delegates" {
		t.Errorf("the third closes %v: %s", closed, refused)
	}
	if closed, _ := connect("c5", "phone"); len(closed) != 1 || closed[0] != "c1" {
		t.Errorf("another browser closes %v", closed)
	}
	if closed, _ := connect("c6", one); len(closed) != 1 || closed[0] != "c2" {
		t.Errorf("the same program again closes %v", closed)
	}
	d.Step(now, document.Disconnected{Conn: "c3", Code: 1006})
	if _, refused := connect("c7", three); refused != "too_many_delegates" {
		t.Errorf("in the second's grace period: %q", refused)
	}
	now = now.Add(31 * time.Second)
	d.Step(now, document.Woken{})
	if _, refused := connect("c8", three); refused != "" {
		t.Errorf("after it: %s", refused)
	}
}
