package object

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A deployment is rolled back: the object does not run on tables that it does not know. It
// says so to whoever asks, ends the connections it finds, and leaves everything as it is for
// the newer program.
func TestANewerSchemaIsRefused(t *testing.T) {
	const refused = `"error_code":"SERVICE_UNAVAILABLE"`
	for name, class := range map[string]func(Host, time.Time) (Object, error){"document": NewDocument, "user": NewUser} {
		d := newDisk(t)
		d.exec(storedSteps(t, name, storedVersion) + storedPart(t, name, "rows 0"))
		d.exec(fmt.Sprintf("ALTER TABLE audit RENAME COLUMN code TO code_in_words; CREATE TABLE schema (version INTEGER NOT NULL); INSERT INTO schema VALUES (%d)", schemaVersion+1))
		before := d.rowsOf()
		d.sockets["0123456789abcdef"] = time.Time{}
		object, err := class(d, d.now)
		if err != nil {
			t.Fatal(err)
		}
		alarm := d.now.Add(newerAlarm)
		for _, in := range []Input{
			{Kind: Connect, Ask: 1, Text: []byte(`{}`)}, {Kind: Request, Ask: 2, Text: []byte(`{"kind":"describe"}`)}, {Kind: Alarm},
			{Kind: Message, Conn: "0123456789abcdef", Text: []byte(`{}`), Length: 2}, {Kind: Closed, Conn: "0123456789abcdef"}, {Kind: Failed, Ask: 9},
		} {
			if err := object.Handle(d.now, in); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		expect(t, d.late, "close 4203 SERVICE_UNAVAILABLE", `respond 1 503 {`, `respond 2 503 {"error":{`+refused, "alarm "+alarm.Format("15:04:05.000"))
		if !strings.Contains(d.late[1], refused) || !strings.Contains(d.late[2], `"reason":"schema_newer"`) {
			t.Errorf("%s: answered %q", name, d.late)
		}
		if len(d.writes) > 0 || !slices.Equal(d.rowsOf(), before) {
			t.Errorf("%s: wrote %d times, has\n%s", name, len(d.writes), strings.Join(d.rowsOf(), "\n"))
		}
		expect(t, d.rare, fmt.Sprintf(`{"level":"error","event":"schema_newer","object":"","stored":%d,"known":%d}`, schemaVersion+1, schemaVersion))
	}
}
