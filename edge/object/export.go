package object

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/call"
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
func (p *page) fill(from string, sections []string, write func(at int)) (a call.Exported, ok bool) {
	at := 0
	for from != "" && sections[at] != from {
		if at++; at == len(sections) {
			return a, false
		}
	}
	for ; at < len(sections) && !p.over; at++ {
		if write(at); p.over {
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

// dumpText is a statement whose answer is each row's keys, and the row as JSON.
func (s *shape) dumpText() string {
	list := s.dumped()
	text, order := "SELECT ", ""
	for i := range s.keys {
		if i > 0 {
			order += ", "
		}
		order += list[i].name
	}
	if s.keys > 0 {
		text += order + ", "
	}
	text += jsonText(list) + " FROM " + s.name
	switch s.keys {
	case 0:
		return text
	case 1:
		text += " WHERE " + order + " > ?"
	default:
		text += " WHERE (" + order + ") > (?, ?)"
	}
	if s.ofUser() {
		text += " AND user_id = ?"
	}
	return text + " ORDER BY " + order + " LIMIT ?"
}

// jsonText makes one object of columns. SQLite of workerd takes 32 arguments of a function
// (workerd, src/workerd/util/sqlite.c++, read 2026-12-02), so that one of many is made
// of several. Times that never were are left out of such a one, and so would be a null in a blob's JSON: no
// table of so many columns has blobs.
func jsonText(list []column) (text string) {
	const most = 16
	for from := 0; from < len(list); from += most {
		part := "json_object("
		for i := range list[from:min(len(list), from+most)] {
			c := &list[from+i]
			if i > 0 {
				part += ", "
			}
			part += "'" + c.name + "', "
			switch {
			case c.moment:
				part += momentText(c.name)
			case c.kind == Blob:
				part += "CASE WHEN json_valid(CAST(" + c.name + " AS TEXT)) THEN json(CAST(" + c.name + " AS TEXT)) ELSE CAST(" + c.name + " AS TEXT) END"
			default:
				part += c.name
			}
		}
		part += ")"
		if text == "" {
			text = part
		} else {
			text = "json_patch(" + text + ", " + part + ")"
		}
	}
	return text
}

// momentText is a time as RFC 3339 has it, null for never.
func momentText(column string) string {
	return "CASE WHEN " + column + " > 0 THEN strftime('%Y-%m-%dT%H:%M:%fZ', " + column + " / 1000.0, 'unixepoch') END"
}

// dumpTable writes the rows of a table as they are stored, in the order of their keys: those of a
// user, where there are several's.
func (s *store) dumpTable(p *page, t *shape, user string) {
	list := t.list()
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
		if p.kind("row", key) {
			p.w.Str("table", t.name)
			p.w.Raw("row", values[t.keys].Bytes)
			p.close()
		}
	}, args...)
}

// exportAudit writes the lines that concern a user, or all.
func (s *store) exportAudit(p *page, user string) {
	s.query(selectAuditAfter, func(values []Value) {
		if p.kind("audit", decimal(uint64(values[0].Int))) {
			p.w.Raw("entry", values[1].Bytes)
			p.close()
		}
	}, integer(keyNumber(p.after, 0)), text(user), p.limit())
}

// lines writes those that a statement answers with, each behind its key.
func (s *store) lines(p *page, stmt Stmt, args ...Value) {
	s.query(stmt, func(values []Value) {
		key := values[0].string()
		if values[0].Kind == Integer {
			key = decimal(uint64(values[0].Int))
		}
		p.object(values[1].Bytes, key)
	}, append(args, p.limit())...)
}

// export answers with a page of everything that a user's object has: each of its tables.
func (o *userObject) export(r *call.ExportUser) []byte {
	p := newPage(r)
	p.of = "user"
	sections := []string{}
	for _, t := range o.store.schema.tables {
		sections = append(sections, t.name)
	}
	a, ok := p.fill(r.Section, sections, func(at int) {
		if t := o.store.schema.tables[at]; t == &auditTable.shape {
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
