package object

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// What an operator takes out of an object: lines of JSON, page by page. A page goes from section
// to section until it is full; the next one goes on behind the key of its last line.

// page is one that is written.
type page struct {
	w            jsonscan.Writer
	lines, bytes int // that there is room for
	// document is what the lines of one user's export name, of what object they are.
	document, of string
	after        string // the key of the last line
	over         bool   // there was a line that did not fit
	begin        int
}

// newPage begins one. At least one line fits.
func newPage(r *call.ExportUser) *page {
	p := &page{lines: max(1, r.Entries), bytes: max(1, r.Bytes), after: r.After}
	p.w.Buf = append(p.w.Buf, '[')
	return p
}

// open begins a line, if there is room for it.
func (p *page) open(key string) bool {
	if p.over = p.lines <= 0 || p.bytes <= 0; p.over {
		return false
	}
	p.after, p.begin = key, len(p.w.Buf)
	p.w.OpenItem()
	return true
}

// kind begins a line of a kind.
func (p *page) kind(kind, key string) bool {
	if !p.open(key) {
		return false
	}
	p.w.Str("kind", kind)
	if p.of != "" {
		p.w.Str("of", p.of)
	}
	if p.document != "" {
		p.w.Str("document", p.document)
	}
	return true
}

func (p *page) close() {
	p.w.Close()
	p.lines--
	p.bytes -= len(p.w.Buf) - p.begin
}

// object writes a line that is an object already.
func (p *page) object(text []byte, key string) {
	if !p.open(key) {
		return
	}
	p.w.Buf = append(p.w.Buf, text[1:len(text)-1]...)
	if p.document != "" {
		p.w.Str("document", p.document)
	}
	p.close()
}

// limit is how many rows a query may answer with: one more than fit, which says that there are others.
func (p *page) limit() Value { return integer(int64(p.lines) + 1) }

// fill writes the sections from one on, "" for the first, and says where a next page goes on.
func (p *page) fill(from string, sections []string, write func(section string)) (a call.Exported, ok bool) {
	at := 0
	for from != "" && sections[at] != from {
		if at++; at == len(sections) {
			return a, false
		}
	}
	for ; at < len(sections) && !p.over; at++ {
		if write(sections[at]); p.over {
			a.Section, a.After, a.More = sections[at], p.after, true
		}
		p.after = ""
	}
	p.w.CloseArray()
	a.Lines = p.w.Buf
	return a, true
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// keyNumber is a key that is a number; otherwise where there is none.
func keyNumber(key string, otherwise int64) int64 {
	if n, ok := jsonscan.Uint([]byte(key)); ok {
		return int64(n)
	}
	return otherwise
}

// dumped are the columns of a table that are exported: not what a snapshot says, which the whole
// document has written.
func (s *shape) dumped() (list []column) {
	for _, c := range s.list() {
		if s.number != partsNumber || c.kind != Blob {
			list = append(list, c)
		}
	}
	return list
}

// ofUser reports whether rows of several users are in a table, so that only one's are asked for.
func (s *shape) ofUser() bool { return s.number <= partsNumber }

func (s *shape) dumpText() string {
	text, list := "SELECT ", s.dumped()
	for i, c := range list {
		if i > 0 {
			text += ", "
		}
		text += c.name
	}
	text += " FROM " + s.name
	order := ""
	switch s.keys {
	case 0:
		return text
	case 1:
		order = list[0].name
		text += " WHERE " + order + " > ?"
	default:
		order = list[0].name + ", " + list[1].name
		text += " WHERE (" + order + ") > (?, ?)"
	}
	if s.ofUser() {
		text += " AND user_id = ?"
	}
	return text + " ORDER BY " + order + " LIMIT ?"
}

// dumpTable writes the rows of a table as they are stored, in the order of their keys: those of a
// user, where there are several's.
func (s *store) dumpTable(p *page, t *shape, user string) {
	list := t.dumped()
	var args []Value
	first, second, _ := strings.Cut(p.after, "\n")
	keys := [...]string{first, second}
	for i, key := range keys[:t.keys] {
		if list[i].kind == Integer {
			args = append(args, integer(keyNumber(key, -1)))
		} else {
			args = append(args, text(key))
		}
	}
	if t.keys > 0 {
		if t.ofUser() {
			args = append(args, text(user))
		}
		args = append(args, p.limit())
	} else if p.after != "" {
		return
	}
	s.query(t.dump(), func(values []Value) {
		key := t.name
		for i := range values[:t.keys] {
			part := values[i].string()
			if list[i].kind == Integer {
				part = decimal(uint64(values[i].Int))
			}
			if key += "\n" + part; i == 0 {
				key = part
			}
		}
		if !p.kind("row", key) {
			return
		}
		p.w.Str("table", t.name)
		p.w.Open("row")
		for i := range list {
			appendCell(&p.w, &list[i], &values[i])
		}
		p.w.Close()
		p.close()
	}, args...)
}

// appendCell writes a column. A time that never was, and a text that says nothing, are left out.
func appendCell(w *jsonscan.Writer, c *column, v *Value) {
	switch {
	case c.moment:
		if v.Int > 0 {
			w.Time(c.name, v.time())
		}
	case c.kind == Integer:
		w.Int(c.name, v.Int)
	case c.kind == Blob && jsonscan.Check(v.Bytes, jsonscan.DepthLimit) == nil:
		w.Raw(c.name, v.Bytes)
	case len(v.Bytes) > 0:
		w.Str(c.name, v.string())
	}
}

// auditLine is a line of the audit log with its place there.
type auditLine struct {
	id uint64
	e  audit.Entry
}

func auditLineColumns(c *columns, l *auditLine) {
	numeric(c, "id", &l.id)
	auditColumns(c, &l.e)
}

// exportAudit writes the lines that concern a user, or all.
func (s *store) exportAudit(p *page, user string) {
	each(s, selectAuditAfter, auditLineColumns, func(l *auditLine) {
		if p.kind("audit", decimal(l.id)) {
			p.w.Key("entry")
			p.w.Buf = l.e.Append(p.w.Buf)
			p.close()
		}
	}, integer(keyNumber(p.after, 0)), text(user), p.limit())
}

// export answers with a page of everything that a user's object has: each of its tables.
func (o *userObject) export(r *call.ExportUser) []byte {
	p := newPage(r)
	p.of = "user"
	tables := map[string]*shape{}
	sections := []string{}
	for _, t := range o.store.schema.tables {
		tables[t.name] = t
		sections = append(sections, t.name)
	}
	a, ok := p.fill(r.Section, sections, func(section string) {
		if t := tables[section]; t == &auditTable.shape {
			o.store.exportAudit(p, "")
		} else {
			o.store.dumpTable(p, t, "")
		}
	})
	if !ok {
		return call.AppendError(nil, noSection())
	}
	return a.Append(nil)
}
