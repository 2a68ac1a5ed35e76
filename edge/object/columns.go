package object

import "time"

// columns visits the columns of one row, in one of three ways: it describes them, writes a
// row's fields into parameters, or reads columns into a row's fields. A row type has one
// function that names its columns, each with the field it is stored from and read into, so
// that the two cannot differ; the table's SQL comes from the same function.
type columns struct {
	way    way
	values []Value // parameters that are written, or the columns of the row that is read
	next   int     // of values, the one that is read next
	list   []column
	added  int
}

type way uint8

const (
	describing way = iota
	writing
	reading
)

// column is what is known of a column without a row.
type column struct {
	name  string
	kind  ValueKind
	added int // the version of the schema that added it; up to its table's own, it was there from the beginning
	// moment is a column of milliseconds since 1970.
	moment bool
}

// since says which version of the schema added the columns that follow. It is written into
// columns as they are described, and means nothing for a row.
func (c *columns) since(version int) { c.added = version }

// column returns the value that the next column is written into or read from; nil while
// columns are described.
func (c *columns) column(name string, kind ValueKind) *Value {
	switch c.way {
	case describing:
		c.list = append(c.list, column{name: name, kind: kind, added: c.added})
		return nil
	case writing:
		c.values = append(c.values, Value{Kind: kind})
		return &c.values[len(c.values)-1]
	}
	c.next++
	return &c.values[c.next-1]
}

// integer writes *v, or reads it and says so.
func (c *columns) integer(name string, v *int64) bool {
	switch x := c.column(name, Integer); c.way {
	case writing:
		x.Int = *v
	case reading:
		*v = x.Int
		return true
	}
	return false
}

func (c *columns) text(name string, v *string) {
	switch x := c.column(name, Text); c.way {
	case writing:
		x.Str = *v
	case reading:
		*v = x.string()
	}
}

// conn is a column of a connection's id, "" for none.
func (c *columns) conn(name string, v *ConnID) { c.text(name, (*string)(v)) }

// blob is a column of bytes. What is read aliases the row.
func (c *columns) blob(name string, v *[]byte) {
	switch x := c.column(name, Blob); c.way {
	case writing:
		x.Bytes = *v
	case reading:
		*v = x.Bytes
	}
}

func (c *columns) flag(name string, v *bool) {
	n := flag(*v).Int
	if c.integer(name, &n) {
		*v = n != 0
	}
}

// flags is a column of two bits. Only the first was there at the beginning.
func (c *columns) flags(name string, first, second *bool) {
	n := flag(*first).Int | flag(*second).Int<<1
	if c.integer(name, &n) {
		*first, *second = n&1 != 0, n&2 != 0
	}
}

// time is a column of milliseconds since 1970, 0 for never.
func (c *columns) time(name string, v *time.Time) {
	x := instant(*v)
	if c.integer(name, &x.Int) {
		*v = x.time()
	}
	if c.way == describing {
		c.list[len(c.list)-1].moment = true
	}
}

// millis is a column of whole milliseconds.
func (c *columns) millis(name string, v *time.Duration) {
	n := v.Milliseconds()
	if c.integer(name, &n) {
		*v = time.Duration(n) * time.Millisecond
	}
}

// numeric is a column of whole numbers.
func numeric[T ~int | ~uint8 | ~uint64](c *columns, name string, v *T) {
	n := int64(*v)
	if c.integer(name, &n) {
		*v = T(n)
	}
}

// word is a column of a text that has a type of its own.
func word[T ~string](c *columns, name string, v *T) {
	s := string(*v)
	c.text(name, &s)
	*v = T(s)
}
