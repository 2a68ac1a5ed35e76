package object

// An object's tables are made with the first row that it writes, in the same transaction:
// one that was only asked something keeps nothing.

// schemaVersion counts the changes to the tables. A change says it in the since of what it
// adds; objects upgrade themselves when they are next woken.
const schemaVersion = 8

// The numbers of the tables, of documents and then of users' objects.
const (
	opsNumber Stmt = iota
	channelsNumber
	commentsNumber
	receiptsNumber
	stateNumber
	sectionsNumber
	partsNumber
	auditNumber
	eventsNumber
	eventsStateNumber
	remainsNumber
	sessionNumber
	userChannelsNumber
	accessNumber
	revokedNumber
	deviceNumber
	outboxNumber
	appsNumber
	appOutboxNumber
	appReceiptsNumber
	visitedNumber
	messagesNumber
	hearersNumber
	tableCount
)

var shapes = [tableCount]*shape{
	&opsTable.shape, &channelsTable.shape, &commentsTable.shape, &receiptsTable.shape, &stateTable.shape, &sectionsTable.shape,
	&partsTable.shape, &auditTable.shape, &eventsTable.shape, &eventsStateTable.shape, &remainsTable.shape,
	&sessionTable.shape, &userChannelsTable.shape, &accessTable.shape, &revokedTable.shape, &deviceTable.shape, &outboxTable.shape,
	&appsTable.shape, &appOutboxTable.shape, &appReceiptsTable.shape, &visitedTable.shape, &messagesTable.shape, &hearersTable.shape,
}

// schema is what one kind of object stores.
type schema struct {
	tables []*shape
	// after are the statements behind those that make the tables and columns of a version:
	// indexes, and what is to be put right in rows that are there.
	after [schemaVersion + 1][]Stmt
}

var documentSchema = schema{
	tables: shapes[:remainsNumber],
	after: [schemaVersion + 1][]Stmt{
		3: {createCommentsOpen, createReceiptsClient},
		5: {countOps, createOpsCommenter, createOpsComments, keepTrimmed},
		7: {dropOpsClient, listTrimmed, listAll},
	},
}

var userSchema = schema{
	tables: append([]*shape{&auditTable.shape, &eventsTable.shape, &eventsStateTable.shape}, shapes[sessionNumber:]...),
	after:  [schemaVersion + 1][]Stmt{7: {visitAudited, visitOpen}},
}

// upgrade runs what brings tables from a version to this one; from 0 it makes them.
func (d *schema) upgrade(from int, run func(Stmt)) {
	for _, t := range d.tables {
		if t.since > from {
			run(t.create())
			continue
		}
		for i, c := range t.list() {
			// A table that takes another one's rows is made with what was added since.
			if c.added > from && (t.rekeyed <= from || c.added < t.rekeyed) {
				run(t.add(i))
			}
		}
		if t.rekeyed > from {
			for _, step := range [...]int{0, moveRows, dropOld} {
				run(t.add(step))
			}
		}
	}
	for version := from + 1; version <= schemaVersion; version++ {
		for _, stmt := range d.after[version] {
			run(stmt)
		}
	}
}

// open finds out which tables there are, and brings them up to date. With a newer schema it
// touches nothing.
func (s *store) open(d *schema) error {
	s.schema, s.bare = d, true
	err := s.host.Query(selectTables, nil, func(c []Value) {
		switch c[0].string() {
		case "schema":
			s.bare = false
		case "remains":
			s.remains = true
		}
	})
	if err != nil || s.bare {
		return err
	}
	version := 0
	s.query(selectSchema, func(c []Value) { version = max(version, int(c[0].Int)) })
	if version > schemaVersion {
		return newer{version}
	}
	if version < schemaVersion {
		d.upgrade(version, func(stmt Stmt) { s.query(stmt, nil) })
		s.query(insertSchema, nil, integer(schemaVersion))
	}
	return s.err
}

// create writes the tables, before the first row. A query sees them from the next event
// on, as it does all that is written.
func (s *store) create() {
	if !s.bare || s.created {
		return
	}
	s.created = true
	s.host.Write(createSchema, nil)
	s.schema.upgrade(0, func(stmt Stmt) { s.host.Write(stmt, nil) })
	s.host.Write(insertSchema, []Value{integer(schemaVersion)})
	if s.remains {
		s.host.Write(takeRemains, nil)
		s.host.Write(dropRemains, nil)
		s.remains = false
	}
}

// ended is the end of an event.
func (s *store) ended() {
	if s.created {
		s.bare, s.created = false, false
	}
}

// erase empties the storage; what is written after it is the first that is there.
func (s *store) erase() {
	s.host.Erase()
	s.bare, s.created, s.remains = true, false, false
	s.heard.to, s.heard.newest, s.slots = 0, 0, slots{}
}
