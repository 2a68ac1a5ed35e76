package object

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
)

// fake is a Host in memory, and the runtime around one object: it treats an
// event as the real one does, whole or not at all. A table is a map from its
// primary key to the row as it was written.
type fake struct {
	t       testing.TB
	class   func(Host, time.Time) (Object, error)
	name    string
	env     map[string]string
	now     time.Time
	tables  map[string]map[string][]Value
	sockets map[ConnID]time.Time // open ones, and when a ping was last answered
	kept    map[ConnID]string    // what is attached to them
	alarm   time.Time
	due     *time.Time     // what this event sets the alarm to, zero for none
	rings   time.Time      // the alarm that this event is
	made    bool           // the tables
	listed  []string       // what users' objects have the database list
	rare    []string       // lines that are not written each time
	counted map[string]int // rows of each table, with those of events that were deleted
	broken  Stmt           // the query that fails, when breaks
	breaks  bool

	object Object
	reboot bool // boot anew for every event, as after hibernation
	random byte
	lines  int // of the audit log
	writes []func()
	out    []string // what left
	late   []string // what is to leave when the event has ended well
}

func newFake(t testing.TB, name string, class func(Host, time.Time) (Object, error)) *fake {
	return &fake{
		t: t, class: class, name: name, env: map[string]string{"APP_SESSION_SECRET": "now then"}, now: time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC),
		tables: map[string]map[string][]Value{}, sockets: map[ConnID]time.Time{}, kept: map[ConnID]string{},
		counted: map[string]int{},
	}
}

// enter hands the object one event and returns what left, a line each.
func (f *fake) enter(in Input) []string {
	f.t.Helper()
	left, err := f.try(in)
	if err != nil {
		f.t.Fatal(err)
	}
	return left
}

func (f *fake) try(in Input) ([]string, error) {
	if f.reboot {
		f.object = nil
	}
	f.writes, f.late, f.due, f.rings = nil, nil, nil, time.Time{}
	if in.Kind == Alarm {
		// The latest that it can have been set to, which is what goes wrong most easily.
		f.rings = f.now
	}
	err := error(nil)
	if f.object == nil {
		f.object, err = f.class(f, f.now)
	}
	if err == nil {
		err = f.object.Handle(f.now, in)
	}
	if err != nil {
		f.object = nil
		return nil, err
	}
	for _, write := range f.writes {
		write()
	}
	if in.Kind == Alarm {
		f.alarm = time.Time{}
	}
	if f.due != nil {
		f.alarm = *f.due
	}
	f.woken(in)
	from := len(f.out)
	f.out = append(f.out, f.late...)
	return f.out[from:], nil
}

func (f *fake) leave(format string, args ...any) {
	f.late = append(f.late, fmt.Sprintf(format, args...))
}

func (f *fake) Name() string           { return f.name }
func (f *fake) Env(name string) string { return f.env[name] }
func (f *fake) Log([]byte)             {}

func (f *fake) LogRarely(key string, line []byte) { f.rare = append(f.rare, string(line)) }

func (f *fake) Random(b []byte) {
	for i := range b {
		f.random++
		b[i] = f.random
	}
}

func (f *fake) Sockets(g func(ConnID, time.Time)) {
	for _, c := range slices.Sorted(maps.Keys(f.sockets)) {
		g(c, f.sockets[c])
	}
}

func (f *fake) LastSeen(c ConnID) time.Time { return f.sockets[c] }

func (f *fake) Accept(ask uint32, c ConnID, protocol string) {
	f.sockets[c] = time.Time{}
	f.leave("accept %d %q", ask, protocol)
}

func (f *fake) Send(conns []ConnID, text []byte) { f.leave("send %d %s", len(conns), text) }

func (f *fake) Attach(c ConnID, text []byte) {
	kept := string(text)
	f.writes = append(f.writes, func() { f.kept[c] = kept })
}

func (f *fake) Attached(g func(ConnID, []byte)) {
	for c := range f.sockets {
		if text := f.kept[c]; text != "" {
			g(c, []byte(text))
		}
	}
}

func (f *fake) Close(c ConnID, code int, reason string) {
	delete(f.sockets, c)
	delete(f.kept, c)
	f.leave("close %d %s", code, reason)
}

func (f *fake) AutoResponse(request, response string) {}

func (f *fake) SetAlarm(at time.Time) {
	// As workerd has it: whole milliseconds, none in the past, and none at the moment of the one that rings,
	// which is forgotten once its event has ended.
	if !at.IsZero() {
		at = latest(at.Truncate(time.Millisecond), f.now.Truncate(time.Millisecond))
		if at.Equal(f.rings) {
			at = time.Time{}
		}
	}
	f.due = &at
	f.leave("alarm %s", at.Format("15:04:05.000"))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (f *fake) ClearAlarm() { f.SetAlarm(time.Time{}) }

func (f *fake) Respond(ask uint32, status int, text []byte) {
	f.leave("respond %d %d %s", ask, status, text)
}

// Call notes a request without its version, which each has.
func (f *fake) Call(ask uint32, binding, name string, text []byte) {
	said, versioned := strings.CutSuffix(string(text), fmt.Sprintf(`,"v":%d}`, call.Version))
	if !versioned {
		f.t.Errorf("a request of no version: %s", text)
	}
	f.leave("call %d %s %s %s}", ask, binding, name, said)
}

func (f *fake) Database(ask uint32, binding, query string, args ...string) {
	if ask == listing { // see list_test.go
		f.listed = append(f.listed, strings.Join(args, " "))
		return
	}
	f.leave("database %d %s %s", ask, binding, strings.Join(args, " "))
}

func (f *fake) Fetch(ask uint32, to Destination, body []byte) {
	f.leave("fetch %d %s %s %q %d %s", ask, to.URL, to.Timeout, to.Authorization, to.MaxBytes, body)
}

func (f *fake) Recover(ask uint32, at time.Time, bookmark string) {
	f.leave("recover %d %s %q", ask, at.Format(time.RFC3339Nano), bookmark)
}

func (f *fake) Verify(ask uint32, token string) { f.leave("verify %d %s", ask, token) }

var errBroken = errors.New("the disk is on fire")

// stored turns a parameter into the column that is read back.
func stored(v Value) Value {
	if v.Kind == Text {
		return Value{Kind: Text, Bytes: []byte(v.Str)}
	}
	return Value{Kind: v.Kind, Int: v.Int, Bytes: slices.Clone(v.Bytes)}
}

// tableOf is the table whose rows a statement stores or deletes, or reads whole and in the
// order of their keys.
func tableOf(s Stmt) *shape {
	if s >= firstTable {
		return shapes[(s-firstTable)/kinds]
	}
	return map[Stmt]*shape{
		selectChannels: &channelsTable.shape, selectState: &stateTable.shape, selectRemains: &remainsTable.shape, selectSections: &sectionsTable.shape,
		selectSession: &sessionTable.shape, selectUserChannels: &userChannelsTable.shape, selectAccess: &accessTable.shape, selectRevoked: &revokedTable.shape,
		selectDevice: &deviceTable.shape, selectOutbox: &outboxTable.shape, selectApps: &appsTable.shape, selectAppOutbox: &appOutboxTable.shape,
		selectAppReceipts: &appReceiptsTable.shape, selectEvents: &eventsTable.shape, selectEventsState: &eventsStateTable.shape, selectMessages: &messagesTable.shape, selectHearers: &hearersTable.shape,
	}[s]
}

func key(v Value) string {
	if v.Kind == Text {
		return v.Str + string(v.Bytes)
	}
	return fmt.Sprintf("%012d", v.Int)
}

// keyOf is the key of a row, as it is written or as it is stored.
func keyOf(t *shape, row []Value) (id string) {
	for _, v := range row[:t.keys] {
		id += key(v) + "/"
	}
	return strings.TrimSuffix(id, "/")
}

// withoutTables are the queries that need none of an object's tables.
var withoutTables = []Stmt{selectTables, selectRemains}

func (f *fake) Erase() {
	f.writes = append(f.writes, func() { f.tables, f.made, f.alarm = map[string]map[string][]Value{}, false, time.Time{} })
}

func (f *fake) Scrub() { f.leave("scrub") }

func (f *fake) Write(s Stmt, args []Value) {
	switch {
	case s == createSchema:
		f.writes = append(f.writes, func() { f.made = true })
		return
	case s == takeRemains:
		f.writes = append(f.writes, func() {
			r := f.rows("remains")[""]
			columns := stateTable.list()
			state := make([]Value, len(columns))
			for i, c := range columns {
				if state[i].Kind = c.kind; c.name == "access" {
					copy(state[i:], r)
				}
			}
			f.rows("state")[""] = state
			delete(f.tables, "remains")
		})
		return
	case len(args) == 0 || s == insertSchema:
		return
	}
	row := make([]Value, len(args))
	for i, v := range args {
		row[i] = stored(v)
	}
	if s != remainsTable.put() {
		f.writes = append(f.writes, func() {
			if !f.made {
				f.t.Errorf("%s before there are tables", s)
			}
		})
	}
	f.writes = append(f.writes, func() { f.carryOut(s, row) })
}

// carryOut does what was written.
func (f *fake) carryOut(s Stmt, row []Value) {
	switch {
	case s < firstTable:
		f.writeLog(s, row)
	case (s-firstTable)%kinds == drop:
		maps.DeleteFunc(f.rows(tableOf(s).name), func(_ string, r []Value) bool {
			for i := range row {
				if key(r[i]) != key(row[i]) {
					return false
				}
			}
			return true
		})
	default:
		t := tableOf(s)
		id := keyOf(t, row)
		if t.serial {
			f.lines++
			id = key(integer(int64(f.lines)))
		}
		if f.rows(t.name)[id] != nil && t.once {
			f.t.Errorf("%s: there is %s", s, id)
		}
		f.rows(t.name)[id] = row
		f.counted[t.name]++
	}
}

func (f *fake) Query(s Stmt, args []Value, each func([]Value)) error {
	if f.breaks && s == f.broken {
		return errBroken
	}
	if !f.made && !slices.Contains(withoutTables, s) {
		return errors.New("no such table: " + s.String())
	}
	// A row is the host's memory, which is something else when each has returned.
	row := func(cols []Value) {
		lent := make([]Value, len(cols))
		for i, v := range cols {
			lent[i] = stored(v)
			if v.Kind == Text {
				lent[i].Bytes = slices.Clone(v.Bytes)
			}
		}
		each(lent)
		for _, v := range lent {
			clear(v.Bytes)
		}
	}
	switch {
	case s == selectTables:
		if f.made {
			row([]Value{stored(text("schema"))})
		}
		if f.tables["remains"] != nil {
			row([]Value{stored(text("remains"))})
		}
		return nil
	case s == selectSchema:
		row([]Value{integer(schemaVersion)})
		return nil
	}
	if f.queryLog(s, args, row) {
		return nil
	}
	switch s {
	case selectAudit:
		for _, r := range f.auditLines() {
			if (string(r[2].Bytes) == args[0].Str || len(r[2].Bytes) == 0) && r[0].Int >= args[1].Int && r[0].Int <= args[2].Int {
				row(r)
			}
		}
	case selectFirstAudit, selectYoungAudit:
		for _, r := range f.sorted("audit") {
			if s == selectFirstAudit || r[0].Int > args[0].Int {
				row(r[:1])
				break
			}
		}
	case selectAuditDocuments:
		seen := map[string]bool{}
		for _, r := range f.sorted("audit") {
			if len(r[3].Bytes) > 0 && !seen[string(r[3].Bytes)] {
				seen[string(r[3].Bytes)] = true
				row(r[3:4])
			}
		}
	default:
		if t := tableOf(s); t != nil {
			for _, r := range f.sorted(t.name) {
				row(r)
			}
		}
	}
	return nil
}
