package object

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// elsewhere are the columns that are not both exported with a user and erased with a user, and why. All
// others are both: who adds a column sees to it that it is, or says here why not.
var elsewhere = map[string]struct {
	exported, erased bool
	why              string
}{
	"document ops.op":         {true, false, "what was written stays, under a name that means nobody; comments: erase says so"},
	"document parts.data":     {false, false, "a snapshot is everybody's: the document's export has it"},
	"document state.*":        {false, false, "the document's own"},
	"document comments.*":     {false, false, "numbers alone: whose it is the entries say"},
	"document events.*":       {false, false, "waits for the backend, which gets it; hours at most"},
	"document events_state.*": {false, false, "the document's own"},
}

// consistent are values that a core takes for a state: one that is whole, and of nobody who is connected.
var consistent = map[string]string{
	"ops.version": "2", "ops.kind": "0", "ops.comment": "0", "parts.version": "1", "parts.part": "0", "comments.resolved": "0",
	"state.snapshot": "1", "state.parts": "1", "state.floor": "0", "state.kept": "0", "state.locked": "0", "state.full": "0",
	"state.generation": "'0123456789abcdef0123456789abcdef'",
	"members.state":    "3", "members.behind": "0", "members.pushed": "0", "members.acked": "0", "members.dry_since": "0", "members.trusted": "0",
	"members.confirms": "0", "members.conn": "''", "members.permissions": "3",
	"device.state": "2", "device.acked": "0", "device.conn": "''", "device.door_conn": "''",
	"apps.state": "2", "apps.phase": "0", "apps.next": "0", "apps.line_state": "2", "apps.acked": "0", "apps.conn": "''", "apps.door_conn": "''",
	"apps.session_id": "'YW5u.0123456789abcdef0123456789abcdef'", "user_channels.document": "'@device'", "hearers.heard": "CAST('1 2' AS BLOB)",
}

// fill stores one row of each table, in which each text is a word of its own: but for the user, where
// the table has one. It returns the words, by table and column.
func (d *disk) fill(s *schema, user string) map[string]string {
	words := map[string]string{}
	for _, t := range s.tables {
		var names, values []string
		if t.keys == 0 && !t.serial {
			names, values = []string{"one"}, []string{"1"}
			d.exec("DELETE FROM " + t.name)
		}
		for _, c := range t.list() {
			at := t.name + "." + c.name
			value := "1"
			switch said := consistent[at]; {
			case said != "":
				value = said
			case c.kind == Integer:
				if c.moment {
					value = fmt.Sprint(d.now.Add(time.Hour).UnixMilli())
				}
			case c.name == "user_id":
				value = "'" + user + "'"
			case c.kind == Blob:
				words[at] = "word of " + at
				value = fmt.Sprintf("CAST('%q' AS BLOB)", words[at])
			default:
				words[at] = "word-of-" + at
				value = "'" + words[at] + "'"
			}
			names, values = append(names, c.name), append(values, value)
		}
		d.exec("INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")")
	}
	return words
}

// What erasing a user erases is what the user's export has: every column of every table is looked at,
// with a word in each.
//
// Holds: "what is erased with a user is exported with a user"
func TestWhatIsErasedIsExported(t *testing.T) {
	for kind, s := range schemas {
		r, d := onDisk(t)
		export, erase := `{"kind":"export","of":"ann"}`, `{"kind":"forget","user_id":"ann","by":"olive"}`
		if kind == "user" {
			d.name, d.class = "ann", func(_ Host, now time.Time) (Object, error) { return NewUser(d, now) }
			export, erase = `{"kind":"export"}`, `{"kind":"erase_user"}`
		} else {
			r.commenter("bob")
			r.op("bob", "bobs-own")
		}
		if d.made = true; kind == "user" {
			d.exec("CREATE TABLE schema (version INTEGER NOT NULL)")
			s.upgrade(0, func(stmt Stmt) { d.exec(stmt.String()) })
			d.exec(fmt.Sprintf("INSERT INTO schema VALUES (%d)", schemaVersion))
		}
		d.object = nil
		words := d.fill(s, "ann")
		lines, _ := d.exported(export, 3)
		said := strings.Join(lines, "\n")
		if len(words) < 20 || strings.Contains(said, "bob") {
			t.Errorf("%s: %d words, exported\n%s", kind, len(words), said)
		}
		if left := d.enter(Input{Kind: Request, Ask: 9, Text: []byte(erase)}); !strings.Contains(strings.Join(left, "\n"), `"rows":`) {
			t.Fatalf("%s: %q", kind, left)
		}
		stored := strings.Join(d.rowsOf(), "\n")
		for at, word := range words {
			table, _, _ := strings.Cut(at, ".")
			want, other := elsewhere[kind+" "+at]
			if !other {
				want, other = elsewhere[kind+" "+table+".*"]
			}
			if !other {
				want.exported, want.erased = true, true
			}
			if exported := strings.Contains(said, word); exported != want.exported {
				t.Errorf("%s %s: exported is %v", kind, at, exported)
			}
			blob := base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%q", word)))
			if erased := !strings.Contains(stored, word) && !strings.Contains(stored, blob); erased != want.erased {
				t.Errorf("%s %s: erased is %v", kind, at, erased)
			}
		}
	}
}
