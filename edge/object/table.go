package object

// A table is defined by the columns of its row type. What creates it, brings an older one up
// to date, stores a row, reads one and deletes it is made from them.

// table is a table whose rows are of one type.
type table[Row any] struct {
	shape
	columns func(c *columns, r *Row)
}

// shape is what a table is, whatever its rows are.
type shape struct {
	number Stmt // its place in shapes
	name   string
	// keys is how many columns, from the first on, are the primary key. With none there is
	// one row, whose key is a column "one" of its own; with serial, SQLite numbers the rows.
	keys   int
	serial bool
	// once says that a row is never replaced: a second one by its key fails the event.
	once bool
	// was is the name of a table of before, by the first of its two keys alone, whose rows this
	// one takes; rekeyed is the version of the schema since which there is this one.
	was     string
	rekeyed int
	// rowid keeps SQLite's own key beside one that is no number.
	rowid bool
	// since is the version of the schema that made the table, 0 for one that is not a part
	// of it.
	since    int
	describe func(c *columns)
}

// newTable makes a table of a row type's columns.
func newTable[Row any](s shape, of func(c *columns, r *Row)) table[Row] {
	s.describe = described(of)
	return table[Row]{s, of}
}

// described is the description of a row type's columns.
func described[Row any](of func(c *columns, r *Row)) func(*columns) {
	return func(c *columns) {
		var row Row
		of(c, &row)
	}
}

// list describes the columns.
func (s *shape) list() []column {
	c := columns{}
	s.describe(&c)
	return c.list
}

// The statements of each table. Stmt counts those of schema.go first, then these, table by
// table; behind StmtCount are those that create a table or add a column to it, which run
// once at most.
const (
	put  Stmt = iota // one row; its columns
	drop             // the rows whose first column is the parameter, or both whose keys are
	dump             // the rows behind a key, for an export
	kinds

	firstTable = textCount
	// StmtCount is how many statements there are that run often.
	StmtCount = firstTable + tableCount*kinds

	// maxColumns is more than a table has, with the two statements behind them that move what
	// another one held.
	maxColumns = 64
	moveRows   = maxColumns - 2
	dropOld    = maxColumns - 1
)

func (s *shape) put() Stmt  { return firstTable + s.number*kinds + put }
func (s *shape) drop() Stmt { return firstTable + s.number*kinds + drop }
func (s *shape) dump() Stmt { return firstTable + s.number*kinds + dump }

// create makes the table, with all its columns.
func (s *shape) create() Stmt { return StmtCount + s.number*maxColumns }

// add adds a column of an index above 0 to the table.
func (s *shape) add(column int) Stmt { return s.create() + Stmt(column) }

// names lists the columns of a description.
func names(describe func(*columns)) (list string, count int) {
	c := columns{}
	describe(&c)
	for i := range c.list {
		if i > 0 {
			list += ", "
		}
		list += c.list[i].name
	}
	return list, len(c.list)
}

func (s *shape) putText() string {
	list, count := names(s.describe)
	text, first := "INSERT ", ""
	if !s.once {
		text += "OR REPLACE "
	}
	text += "INTO " + s.name + " ("
	if s.keys == 0 && !s.serial {
		text, first = text+"one, ", "1, "
	}
	return text + list + ") VALUES (" + first + marks(count) + ")"
}

// marks are so many parameters.
func marks(n int) (text string) {
	for range n - 1 {
		text += "?, "
	}
	return text + "?"
}

var kindNames = [...]string{Integer: " INTEGER", Text: " TEXT", Blob: " BLOB"}

// text is a column as a table that is made has it.
func (c *column) text(made int) string {
	text := c.name + kindNames[c.kind] + " NOT NULL"
	switch {
	case c.added <= made:
	case c.kind == Text:
		text += " DEFAULT ''"
	default:
		text += " DEFAULT 0"
	}
	return text
}

func (s *shape) createText() string {
	text := "CREATE TABLE "
	if s.since == 0 {
		text += "IF NOT EXISTS "
	}
	text += s.name + " ("
	if s.keys == 0 && s.serial {
		text += "id INTEGER PRIMARY KEY, "
	} else if s.keys == 0 {
		text += "one INTEGER PRIMARY KEY CHECK (one = 1), "
	}
	list := s.list()
	for i := range list {
		if i > 0 {
			text += ", "
		}
		if s.keys == 1 && i == 0 {
			text += list[i].name + kindNames[list[i].kind] + " PRIMARY KEY"
		} else {
			text += list[i].text(s.since)
		}
	}
	if s.keys > 1 {
		text += ", PRIMARY KEY (" + list[0].name + ", " + list[1].name + ")"
	}
	text += ")"
	if s.keys > 0 && !s.rowid && (s.keys > 1 || list[0].kind == Text) {
		text += " WITHOUT ROWID"
	}
	return text
}

// taken lists the columns that the table of before has by then.
func (s *shape) taken() (list string) {
	for _, c := range s.list() {
		if c.added < s.rekeyed {
			list += ", " + c.name
		}
	}
	return list[2:]
}

// tableText is the text of a statement of a table.
func tableText(s Stmt) string {
	if s >= StmtCount {
		s -= StmtCount
		t := shapes[s/maxColumns]
		column := s % maxColumns
		old := t.name
		if t.was != "" && (column >= moveRows || t.list()[column].added < t.rekeyed) {
			old = t.was
		}
		switch column {
		case 0:
			return t.createText()
		case moveRows:
			list := t.taken()
			return "INSERT INTO " + t.name + " (" + list + ") SELECT " + list + " FROM " + old
		case dropOld:
			return "DROP TABLE " + old
		}
		return "ALTER TABLE " + old + " ADD COLUMN " + t.list()[column].text(t.since)
	}
	s -= firstTable
	t := shapes[s/kinds]
	switch s % kinds {
	case put:
		return t.putText()
	case dump:
		return t.dumpText()
	}
	text := "DELETE FROM " + t.name + " WHERE " + t.list()[0].name + " = ?"
	if t.was != "" {
		text += " AND " + t.list()[1].name + " = ?"
	}
	return text
}

// save stores a row.
func save[Row any](s *store, t *table[Row], r *Row) {
	s.write(t.put(), parameters(s, t, r)...)
}

// parameters are a row as it is stored; good until the next.
func parameters[Row any](s *store, t *table[Row], r *Row) []Value {
	s.columns = columns{way: writing, values: s.args[:0]}
	t.columns(&s.columns, r)
	s.args = s.columns.values
	return s.args
}

// delete deletes the rows whose first column is the key.
func (s *store) delete(t *shape, key Value) { s.write(t.drop(), key) }

// each reads the rows that a query finds, by the columns that it asks for. A row is good
// until f returns.
func each[Row any](s *store, stmt Stmt, of func(*columns, *Row), f func(*Row), args ...Value) {
	var row, empty Row
	s.query(stmt, func(values []Value) {
		row = empty
		s.columns = columns{way: reading, values: values}
		of(&s.columns, &row)
		f(&row)
	}, args...)
}
