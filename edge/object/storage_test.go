package object

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	flags "flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var rewrite = flags.Bool("rewrite", false, "write edge/STORAGE.md, and the names of the fields in testdata/stored")

// What objects of schema version 5 have stored is in testdata/stored, as the program of that
// version wrote it: the statements of each step to it, and three sets of rows that fill every
// column. The steps to later versions follow it, as their programs wrote them. These files are
// not written anew: deployed objects are not either.
const storedVersion = 5

// storedPart is a part of such a file.
func storedPart(t *testing.T, object, title string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/stored/" + object + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(text), "-- "+title)
	if !ok {
		t.Fatalf("%s has no %s", object, title)
	}
	part, _, _ = strings.Cut(part, "\n-- ")
	return part + "\n"
}

// storedSteps are the statements that made the tables of a version.
func storedSteps(t *testing.T, object string, version int) (text string) {
	t.Helper()
	for step := 1; step <= version; step++ {
		text += storedPart(t, object, fmt.Sprint("step ", step))
	}
	return text
}

// disk is a host whose tables are SQLite's.
type disk struct {
	*fake
	in  io.Writer
	out *bufio.Reader
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	cmd := exec.Command(sqliteNode(t), "--no-warnings", "--input-type=module", "-e", `
		import { DatabaseSync } from "node:sqlite";
		import { createInterface } from "node:readline";
		const db = new DatabaseSync(":memory:");
		const to = (v) => v.blob === undefined ? v.value : Buffer.from(v.blob, "base64");
		const from = (v) => v instanceof Uint8Array ? { blob: Buffer.from(v).toString("base64") } : { value: v };
		createInterface({ input: process.stdin }).on("line", (line) => {
			const { sql, args } = JSON.parse(line);
			let answer;
			try {
				if (args === null) { db.exec(sql); answer = { rows: [] }; }
				else {
					const found = db.prepare(sql);
					found.setReturnArrays?.(true);
					answer = { rows: found.all(...args.map(to)).map((r) => Object.values(r).map(from)) };
				}
			} catch (err) { answer = { error: err.message }; }
			console.log(JSON.stringify(answer));
		});`)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &disk{newFake(t, "", nil), in, bufio.NewReader(out)}
}

type cell struct {
	Value any    `json:"value,omitempty"`
	Blob  string `json:"blob,omitempty"`
}

// exec runs statements without an answer, all runs one and returns its rows.
func (d *disk) exec(sql string) { d.ask(sql, nil) }

func (d *disk) all(sql string, args ...cell) [][]cell {
	return d.ask(sql, append([]cell{}, args...))
}

func (d *disk) ask(sql string, args []cell) [][]cell {
	d.t.Helper()
	line, _ := json.Marshal(map[string]any{"sql": sql, "args": args})
	fmt.Fprintf(d.in, "%s\n", line)
	text, err := d.out.ReadBytes('\n')
	if err != nil {
		d.t.Fatal(err)
	}
	var answer struct {
		Rows  [][]cell
		Error string
	}
	if json.Unmarshal(text, &answer); answer.Error != "" {
		d.t.Fatalf("%s: %s", answer.Error, sql)
	}
	return answer.Rows
}

func (d *disk) Write(s Stmt, args []Value) {
	cells := cellsOf(args)
	d.writes = append(d.writes, func() { d.all(s.String(), cells...) })
}

func cellsOf(args []Value) []cell {
	cells := []cell{}
	for _, v := range args {
		switch v.Kind {
		case Integer:
			cells = append(cells, cell{Value: v.Int})
		case Text:
			cells = append(cells, cell{Value: v.Str})
		case Blob:
			cells = append(cells, cell{Blob: base64.StdEncoding.EncodeToString(v.Bytes)})
		}
	}
	return cells
}

func (d *disk) Query(s Stmt, args []Value, row func([]Value)) error {
	for _, r := range d.all(s.String(), cellsOf(args)...) {
		if row != nil {
			row(valuesOf(r))
		}
	}
	return nil
}

func valuesOf(row []cell) (values []Value) {
	for _, c := range row {
		switch v := c.Value.(type) {
		case float64:
			values = append(values, integer(int64(v)))
		case string:
			values = append(values, Value{Kind: Text, Bytes: []byte(v)})
		default:
			b, _ := base64.StdEncoding.DecodeString(c.Blob)
			values = append(values, Value{Kind: Blob, Bytes: b})
		}
	}
	return values
}

func (d *disk) Erase() {
	d.writes = append(d.writes, func() {
		for _, table := range d.all("SELECT name FROM sqlite_master WHERE type = 'table'") {
			d.exec(fmt.Sprint("DROP TABLE ", table[0].Value))
		}
	})
}

// tablesOf are all tables and their columns by name, and the indexes, whatever their order.
func (d *disk) tablesOf() (list []string) {
	for _, table := range d.all("SELECT name, sql LIKE '%WITHOUT ROWID' FROM sqlite_master WHERE type = 'table' ORDER BY name") {
		for _, c := range d.all(fmt.Sprintf(`SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('%s') ORDER BY name`, table[0].Value)) {
			list = append(list, fmt.Sprint(table, c))
		}
	}
	for _, index := range d.all("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY sql") {
		list = append(list, fmt.Sprint(index))
	}
	return list
}

// rowsOf is everything that is stored, by the names of the columns.
func (d *disk) rowsOf() (list []string) {
	for _, table := range d.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema' ORDER BY name") {
		names := ""
		for _, c := range d.all(fmt.Sprintf("SELECT name FROM pragma_table_info('%s') ORDER BY name", table[0].Value)) {
			names += fmt.Sprint(", ", c[0].Value)
		}
		for _, r := range d.all(fmt.Sprintf("SELECT %s FROM %s", names[2:], table[0].Value)) {
			list = append(list, fmt.Sprint(table[0].Value, " ", names[2:], " ", r))
		}
	}
	return list
}

var schemas = map[string]*schema{"document": &documentSchema, "user": &userSchema}

// The tables that are made today are those that a deployed object has, but for the order of
// the columns, which no statement depends on.
func TestTablesAreTheStoredOnes(t *testing.T) {
	for object, d := range schemas {
		old, made := newDisk(t), newDisk(t)
		old.exec(storedSteps(t, object, schemaVersion))
		d.upgrade(0, func(s Stmt) { made.exec(s.String()) })
		if got, want := made.tablesOf(), old.tablesOf(); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s", object, difference(want, got))
		}
	}
}

// An object of an older version is brought to this one with its rows, exactly as the steps
// of then did it.
func TestAnOlderObjectIsUpgraded(t *testing.T) {
	for object, d := range schemas {
		for version := 1; version < schemaVersion; version++ {
			then, now := newDisk(t), newDisk(t)
			for _, disk := range []*disk{then, now} {
				disk.exec(storedSteps(t, object, version))
				full := newDisk(t)
				full.exec(storedSteps(t, object, storedVersion) + storedPart(t, object, "rows 0"))
				for step := storedVersion + 1; step <= version; step++ { // tables may have other names by then
					full.exec(storedPart(t, object, fmt.Sprint("step ", step)))
				}
				disk.copyFrom(full)
				disk.exec(fmt.Sprintf("CREATE TABLE schema (version INTEGER NOT NULL); INSERT INTO schema VALUES (%d)", version))
			}
			for step := version + 1; step <= schemaVersion; step++ {
				then.exec(storedPart(t, object, fmt.Sprint("step ", step)))
			}
			s := store{host: now}
			if err := s.open(d); err != nil {
				t.Fatal(err)
			}
			if got, want := now.tablesOf(), then.tablesOf(); !slices.Equal(got, want) {
				t.Errorf("%s, version %d:\n%s", object, version, difference(want, got))
			}
			if got, want := now.rowsOf(), then.rowsOf(); !slices.Equal(got, want) {
				t.Errorf("%s, version %d:\n%s", object, version, difference(want, got))
			}
			if v := fmt.Sprint(now.all("SELECT MAX(version) FROM schema")[0][0].Value); v != fmt.Sprint(schemaVersion) {
				t.Errorf("%s, version %d: it says %s", object, version, v)
			}
		}
	}
}

// copyFrom stores the rows of another, as far as there are columns for them.
func (d *disk) copyFrom(full *disk) {
	for _, table := range d.all("SELECT name FROM sqlite_master WHERE type = 'table'") {
		names := ""
		for _, c := range d.all(fmt.Sprintf("SELECT name FROM pragma_table_info('%s')", table[0].Value)) {
			names += fmt.Sprint(", ", c[0].Value)
		}
		for _, r := range full.all(fmt.Sprintf("SELECT %s FROM %s", names[2:], table[0].Value)) {
			d.all(fmt.Sprintf("INSERT INTO %s (%s) VALUES (?%s)", table[0].Value, names[2:], strings.Repeat(", ?", len(r)-1)), r...)
		}
	}
}

func difference(want, got []string) (text string) {
	for _, line := range want {
		if !slices.Contains(got, line) {
			text += "lacks " + line + "\n"
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			text += "has   " + line + "\n"
		}
	}
	return text
}

// What an object of version 5 stored is read into the same fields by every program since, and
// what is read is stored as it was. The fields are named in testdata/stored; with -rewrite
// the names are written anew, and the values have to stay.
func TestStoredRowsAreRead(t *testing.T) {
	for object, d := range schemas {
		text := ""
		for n := range 3 {
			old, again := newDisk(t), newDisk(t)
			old.exec(storedSteps(t, object, storedVersion) + storedPart(t, object, fmt.Sprint("rows ", n)))
			old.exec("CREATE TABLE schema (version INTEGER NOT NULL); INSERT INTO schema VALUES (5)")
			from, to := store{host: old}, store{host: again}
			if err := from.open(d); err != nil {
				t.Fatal(err)
			}
			to.open(d)
			if len(moves[object]) != len(d.tables) {
				t.Fatalf("%s: %d tables of %d", object, len(moves[object]), len(d.tables)-1)
			}
			for _, move := range moves[object] {
				text += move(&from, &to)
			}
			if from.err != nil {
				t.Fatal(from.err)
			}
			again.wrote(&to)
			if got, want := again.rowsOf(), old.rowsOf(); !slices.Equal(got, want) {
				t.Errorf("%s, rows %d:\n%s", object, n, difference(want, got))
			}
		}
		name := "testdata/stored/" + object + ".fields"
		if *rewrite {
			os.WriteFile(name, []byte(text), 0o644)
		}
		want, err := os.ReadFile(name)
		if err != nil || string(want) != text {
			t.Errorf("%s: %v\n%s", object, err, difference(strings.Split(string(want), "\n"), strings.Split(text, "\n")))
		}
	}
}

// moves read each table's rows, store them again and return what their fields hold.
var moves = map[string][]func(from, to *store) string{
	"document": {
		moving(&opsTable), moving(&channelsTable), moving(&commentsTable), moving(&receiptsTable), moving(&stateTable), moving(&sectionsTable),
		moving(&partsTable), moving(&auditTable), moving(&eventsTable), moving(&eventsStateTable),
	},
	"user": {
		moving(&auditTable), moving(&eventsTable), moving(&eventsStateTable), moving(&sessionTable), moving(&userChannelsTable), moving(&accessTable), moving(&revokedTable), moving(&deviceTable),
		moving(&outboxTable), moving(&appsTable), moving(&appOutboxTable), moving(&appReceiptsTable), moving(&visitedTable), moving(&messagesTable), moving(&hearersTable),
	},
}

func moving[Row any](t *table[Row]) func(from, to *store) string {
	return func(from, to *store) (text string) {
		list, _ := names(t.describe)
		for _, cells := range from.host.(*disk).all("SELECT " + list + " FROM " + t.name) {
			var row Row
			t.columns(&columns{way: reading, values: valuesOf(cells)}, &row)
			text += fields(t.name, reflect.ValueOf(row))
			save(to, t, &row)
		}
		return text
	}
}

// fields writes what the fields of a row hold, but for those that hold nothing.
func fields(path string, v reflect.Value) (text string) {
	switch {
	case v.IsZero():
	case v.Type() == reflect.TypeFor[time.Time]():
		text = fmt.Sprintf("%s = %d\n", path, v.Interface().(time.Time).UnixMilli())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			text += fields(path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		text = fmt.Sprintf("%s = %s\n", path, v.Bytes())
	default:
		text = fmt.Sprintf("%s = %v\n", path, v)
	}
	return text
}
