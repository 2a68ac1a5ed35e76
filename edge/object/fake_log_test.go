package object

import (
	"cmp"
	"maps"
	"slices"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// The tables of a document beside its channels, as the fake keeps them. The statements
// are carried out here by hand; edge/e2e has SQLite carry them out.

func (f *fake) rows(table string) map[string][]Value {
	if f.tables[table] == nil {
		f.tables[table] = map[string][]Value{}
	}
	return f.tables[table]
}

// writeLog carries out a write that is not of one row.
func (f *fake) writeLog(s Stmt, row []Value) {
	drop := func(table string, over func(row []Value) bool) {
		maps.DeleteFunc(f.rows(table), func(_ string, r []Value) bool { return over(r) })
	}
	switch s {
	case trimEvents:
		drop("events", func(r []Value) bool {
			over := r[0].Int <= row[0].Int
			if over {
				f.counted["events"]++
			}
			return over
		})
	case resolveComment:
		f.rows("comments")[key(row[1])] = []Value{row[1], row[0], f.rows("comments")[key(row[1])][2]}
	case deleteOldParts:
		drop("parts", func(r []Value) bool { return r[0].Int < row[0].Int })
	case addReply:
		r := slices.Clone(f.rows("comments")[key(row[0])])
		r[2].Int++
		f.rows("comments")[key(row[0])] = r
	case restoreParts:
		for _, r := range f.rows("parts") {
			if r[0].Int == row[2].Int {
				r = slices.Clone(r)
				r[0], r[3], r[4], r[6], r[7] = row[0], Value{Kind: Text}, Value{Kind: Text}, row[1], row[1]
				f.rows("parts")[key(r[0])+"/"+key(r[1])] = r
			}
		}
	case restoreEmpty:
		f.rows("parts")[key(row[0])+"/"+key(integer(0))] = []Value{row[0], integer(0), integer(1), {Kind: Text}, {Kind: Text}, integer(int64(len(row[2].Bytes))), row[1], row[1], row[2]}
	case restoreOps:
		version, total := row[0].Int, row[1].Int
		for _, r := range f.sorted("ops") {
			if r[6].Int == 0 && r[0].Int > row[2].Int && r[0].Int <= row[3].Int {
				version++
				total += sizeOf(r) - int64(len(r[2].Bytes)+len(r[3].Bytes))
				f.rows("ops")[key(integer(version))] = []Value{integer(version), r[1], {Kind: Text}, {Kind: Text}, r[4], r[5], integer(0), integer(0), integer(total), row[4]}
			}
		}
	case unsayUndone:
		for id, r := range f.rows("ops") {
			if r[6].Int == 0 && r[0].Int > row[0].Int && r[0].Int < row[1].Int {
				r = slices.Clone(r)
				r[3] = Value{Kind: Text}
				f.rows("ops")[id] = r
			}
		}
	case visitDocument:
		f.rows("visited")[key(row[0])] = row
	case trimComments:
		drop("comments", func(r []Value) bool { return r[1].Int > 0 && r[1].Int <= row[0].Int })
	case listReceipts:
		to := f.listedTo()
		for id, r := range f.rows("ops") {
			if r[0].Int > to {
				f.rows("receipts")[id] = r[:4]
			}
		}
	case unsayListed:
		for id, r := range f.rows("receipts") {
			if op := f.rows("ops")[id]; r[0].Int > row[0].Int && r[0].Int < row[1].Int && op != nil && op[6].Int == 0 {
				delete(f.rows("receipts"), id)
			}
		}
	case trimSaid:
		drop("ops", func(r []Value) bool {
			return r[6].Int > 0 && r[0].Int <= row[0].Int && f.rows("comments")[key(r[7])] == nil
		})
	case trimGone:
		stay := row[0].Int
		for _, r := range slices.Backward(f.all("ops")) {
			switch {
			case !f.gone(r):
			case stay > 0:
				stay--
			default:
				delete(f.rows("ops"), key(r[0]))
			}
		}
	case writeOver:
		slot := key(row[len(row)-1])
		if r := f.rows("ops")[slot]; r == nil || !f.gone(r) || f.rows("ops")[key(row[0])] != nil {
			f.t.Errorf("%v is written over %v", row, r)
		}
		delete(f.rows("ops"), slot)
		f.rows("ops")[key(row[0])] = row[:len(row)-1]
		f.counted["ops"]++
	case trimOutbox:
		drop("outbox", func(r []Value) bool { return r[0].Int <= row[0].Int })
	case trimAppOutbox:
		drop("app_outbox", func(r []Value) bool { return key(r[0]) == key(row[0]) && r[1].Int <= row[1].Int })
	case trimAudit, trimOperators:
		f.trimAudit(s, row)
	case trimOldAudit:
		drop("audit", func(r []Value) bool { return r[0].Int <= row[0].Int })
	case boundListed, boundAllListed, trimUsers, trimApps, trimServer, trimServers:
		// No story here has so many.
	case forgetOps, forgetParts, forgetReceipts, forgetAudit:
		// What becomes of these rows is tested on SQLite (edge/e2e).
	default:
		f.t.Errorf("nobody carries out %s", s)
	}
}

func (f *fake) trimAudit(s Stmt, row []Value) {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(f.rows("audit"))) {
		r := f.rows("audit")[id]
		if byOperator := len(r[7].Bytes) > 0; byOperator == (s == trimOperators) && (byOperator || key(r[2]) == key(row[0])) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids[:max(0, len(ids)-int(row[len(row)-1].Int))] {
		delete(f.rows("audit"), id)
	}
}

// listedTo is up to where receipts are listed.
func (f *fake) listedTo() (to int64) {
	for _, r := range f.rows("receipts") {
		to = max(to, r[0].Int)
	}
	return to
}

func sizeOf(r []Value) int64 {
	return int64(len(r[1].Bytes) + len(r[2].Bytes) + len(r[3].Bytes) + len(r[4].Bytes) + document.EntryBytes)
}

// all are the rows of a table, sorted those of them that are not gone.
func (f *fake) all(table string) (list [][]Value) {
	for _, id := range slices.Sorted(maps.Keys(f.rows(table))) {
		list = append(list, f.rows(table)[id])
	}
	return list
}

func (f *fake) sorted(table string) [][]Value {
	list := f.all(table)
	if table == "ops" {
		list = slices.DeleteFunc(list, f.gone)
	}
	return list
}

// gone reports whether an entry is no more.
func (f *fake) gone(r []Value) bool {
	for _, st := range f.rows("state") {
		return r[6].Int == 0 && r[0].Int <= st[7].Int
	}
	return false
}

// isOpen reports whether an entry is of a comment that is open.
func (f *fake) isOpen(r []Value) bool {
	c := f.rows("comments")[key(r[7])]
	return r[6].Int > 0 && c != nil && c[1].Int == 0
}

// said reports whether an entry of comments is for readers.
func (f *fake) said(r []Value) bool {
	floor := int64(0)
	for _, st := range f.rows("state") {
		floor = st[0].Int
	}
	return r[6].Int > 0 && (r[0].Int > floor || f.rows("comments")[key(r[7])] != nil)
}

// upTo is how many bytes the entries up to a version came to, -1 where none follows.
func (f *fake) upTo(version int64) int64 {
	for _, r := range f.sorted("ops") {
		if r[0].Int > version {
			return r[8].Int - sizeOf(r)
		}
	}
	return -1
}

// whole are the last parts of the snapshots that are whole.
func (f *fake) whole() (list [][]Value) {
	for _, r := range f.sorted("parts") {
		if r[1].Int == r[2].Int-1 {
			list = append(list, r)
		}
	}
	return list
}

// queryLog is the same for queries.
func (f *fake) queryLog(s Stmt, args []Value, row func([]Value)) bool {
	sorted := f.sorted
	switch s {
	case selectVersion:
		if list := sorted("ops"); len(list) > 0 {
			r := list[len(list)-1]
			row([]Value{r[0], r[8], r[9]})
		}
	case selectOps, selectCommentOps:
		left := args[2].Int
		for _, r := range sorted("ops") {
			if r[0].Int > args[0].Int && r[0].Int <= args[1].Int && left > 0 && (s == selectOps || f.said(r)) {
				row(r)
				left--
			}
		}
	case selectGone:
		for _, r := range f.all("ops") {
			if f.gone(r) && r[0].Int > args[0].Int && args[1].Int > 0 {
				args[1].Int--
				row(r[:1])
			}
		}
	case selectListedTo:
		row([]Value{integer(f.listedTo())})
	case selectReceipts, selectListed:
		list := sorted(map[Stmt]string{selectReceipts: "ops", selectListed: "receipts"}[s])
		slices.Reverse(list)
		n, to := int64(0), f.listedTo()
		for _, r := range list {
			if (s == selectListed || r[0].Int > to) && string(r[2].Bytes) == args[0].Str && string(r[1].Bytes) == args[1].Str && len(r[3].Bytes) > 0 && n < args[2].Int {
				row([]Value{r[3], r[0]})
				n++
			}
		}
	case selectComment:
		if r := f.rows("comments")[key(args[0])]; r != nil && r[1].Int == 0 {
			row(r[2:])
		}
	case countComments:
		n := int64(0)
		for _, r := range f.rows("comments") {
			if r[1].Int == 0 {
				n++
			}
		}
		row([]Value{integer(n)})
	case selectUpload:
		list := sorted("parts")
		slices.SortFunc(list, func(a, b []Value) int {
			return cmp.Or(cmp.Compare(b[0].Int, a[0].Int), cmp.Compare(b[1].Int, a[1].Int))
		})
		if len(list) > 0 && list[0][0].Int > args[0].Int {
			r := list[0]
			row(r[:8])
		}
	case selectAt:
		if r := f.rows("ops")[key(args[0])]; r != nil {
			row(r[5:6])
		}
	case selectYoung:
		for _, r := range sorted("ops") {
			if r[0].Int > args[0].Int && r[0].Int <= args[1].Int && r[5].Int > args[2].Int {
				row(r[:1])
				break
			}
		}
	case selectFirstAt:
		for _, r := range sorted("ops") {
			if r[0].Int > args[0].Int && r[0].Int <= args[1].Int {
				row(r[5:6])
				break
			}
		}
	case selectBaseAt:
		for _, r := range f.whole() {
			if r[0].Int > args[0].Int {
				row(r[6:7])
				break
			}
		}
	case selectOfTerm:
		for _, r := range slices.Backward(sorted("ops")) {
			if r[0].Int <= args[0].Int && r[0].Int > args[0].Int-args[2].Int && r[9].Int == args[1].Int {
				row(r[:1])
				break
			}
		}
	case selectUpTo:
		if n := f.upTo(args[0].Int); n >= 0 {
			row([]Value{integer(n)})
		}
	case selectPinned, countRestored:
		n, bytes := int64(0), int64(0)
		for _, r := range sorted("ops") {
			switch {
			case s == selectPinned && f.isOpen(r) && r[0].Int <= args[0].Int:
				bytes += sizeOf(r)
			case s == countRestored && r[6].Int == 0 && r[0].Int > args[0].Int && r[0].Int <= args[1].Int:
				n++
				bytes += sizeOf(r) - int64(len(r[2].Bytes)+len(r[3].Bytes))
			}
		}
		if s == countRestored {
			row([]Value{integer(n), integer(bytes)})
		} else {
			row([]Value{integer(bytes)})
		}
	case selectShare:
		var n [3]int64
		for _, r := range sorted("ops") {
			if !f.isOpen(r) || string(r[1].Bytes) != args[0].Str {
				continue
			}
			if r[6].Int < 3 {
				n[r[6].Int-1]++
			}
			if r[6].Int == 2 && r[7].Int == args[1].Int {
				n[2]++
			}
		}
		row([]Value{integer(n[0]), integer(n[1]), integer(n[2])})
	case selectAuthored:
		for _, r := range sorted("ops") {
			if f.isOpen(r) && r[6].Int == 1 && string(r[1].Bytes) == args[0].Str && (args[1].Str == "" || string(r[2].Bytes) == args[1].Str) && args[2].Int > 0 {
				args[2].Int--
				row(r[7:8])
			}
		}
	case selectKept, selectKeptBefore:
		list := f.whole()
		if s == selectKeptBefore {
			slices.Reverse(list)
			list = slices.DeleteFunc(list, func(r []Value) bool { return r[0].Int >= args[0].Int })
		}
		for _, r := range list[:min(len(list), int(args[len(args)-1].Int))] {
			row([]Value{r[0], r[3], r[4], r[2], r[5], r[6], integer(f.upTo(r[0].Int))})
		}
	case selectNextKept:
		for _, r := range f.whole() {
			if r[0].Int > args[0].Int {
				row([]Value{r[0]})
				break
			}
		}
	case sumKept:
		n := int64(0)
		for _, r := range f.whole() {
			n += r[5].Int
		}
		row([]Value{integer(n)})
	case selectBase:
		list := f.whole()
		slices.Reverse(list)
		for _, r := range list {
			if r[0].Int >= args[0].Int && r[0].Int <= args[1].Int {
				row([]Value{r[0], r[2]})
				break
			}
		}
	case selectPart:
		if r := f.rows("parts")[key(args[0])+"/"+key(args[1])]; r != nil {
			row([]Value{r[8]})
		}
	case countDocument, countUser:
		cells := []Value{integer(0)}
		d := &documentSchema
		if s == countUser {
			d = &userSchema
		}
		for _, t := range d.tables {
			cells = append(cells, integer(int64(len(f.rows(t.name)))))
		}
		row(cells)
	case selectVisited:
		for _, r := range sorted("visited") {
			if string(r[0].Bytes) > args[0].Str && args[1].Int > 0 {
				args[1].Int--
				row(r)
			}
		}
	default:
		return false
	}
	return true
}
