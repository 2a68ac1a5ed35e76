package object

import (
	"cmp"
	"maps"
	"slices"
)

// The tables of a document beside its channels, as the fake keeps them. The statements
// are carried out here by hand; edge/e2e has SQLite carry them out.

func (f *fake) rows(table string) map[string][]Value {
	if f.tables[table] == nil {
		f.tables[table] = map[string][]Value{}
	}
	return f.tables[table]
}

// logWrites are the statements of writeLog.
var logWrites = []Stmt{
	insertComment, openComment, resolveComment, upsertState, upsertSection, deleteSection, upsertPart, deleteParts, deleteOtherParts,
	trimComments, trimReceipts, trimOps, boundTrimmed, boundAllTrimmed,
}

// writeLog carries out a write of these tables.
func (f *fake) writeLog(s Stmt, args []Value) {
	row := make([]Value, len(args))
	for i, v := range args {
		row[i] = stored(v)
	}
	put := func(table, id string) { f.rows(table)[id] = row }
	drop := func(table string, over func(row []Value) bool) {
		maps.DeleteFunc(f.rows(table), func(_ string, r []Value) bool { return over(r) })
	}
	// gone are the entries that a floor trims.
	gone := func(r []Value) bool {
		r = padded(r)
		return r[0].Int <= row[0].Int && (r[6].Int == 0 || f.rows("comments")[key(r[7])] == nil)
	}
	switch s {
	case insertComment:
		put("ops", key(row[0]))
	case openComment:
		put("comments", key(row[0]))
	case resolveComment:
		f.rows("comments")[key(row[1])] = []Value{row[1], row[0]}
	case upsertState:
		put("state", "")
	case upsertSection:
		put("sections", string(row[0].Bytes))
	case deleteSection:
		delete(f.rows("sections"), string(row[0].Bytes))
	case upsertPart:
		put("parts", key(row[0])+"/"+key(row[1]))
	case deleteParts:
		drop("parts", func(r []Value) bool { return r[0].Int == row[0].Int })
	case deleteOtherParts:
		drop("parts", func(r []Value) bool { return r[0].Int != row[0].Int })
	case trimComments:
		drop("comments", func(r []Value) bool { return r[1].Int > 0 && r[1].Int <= row[0].Int })
	case trimReceipts:
		for id, r := range f.rows("ops") {
			if gone(r) {
				f.rows("receipts")[id] = r[:4]
			}
		}
	case trimOps:
		drop("ops", gone)
	case boundTrimmed, boundAllTrimmed:
		// No story here has so many.
	}
}

// padded is an op's row with the columns that have defaults.
func padded(r []Value) []Value {
	if len(r) == 6 {
		r = append(slices.Clone(r), integer(0), integer(0))
	}
	return r
}

// queryLog is the same for queries.
func (f *fake) queryLog(s Stmt, args []Value, row func([]Value)) bool {
	sorted := func(table string) (list [][]Value) {
		for _, id := range slices.Sorted(maps.Keys(f.rows(table))) {
			list = append(list, f.rows(table)[id])
		}
		return list
	}
	newest := func(table string) (n int64) {
		for _, r := range f.rows(table) {
			n = max(n, r[0].Int)
		}
		return n
	}
	switch s {
	case selectVersion:
		row([]Value{integer(newest("ops"))})
	case selectOps, selectCommentOps:
		left := args[2].Int
		for _, r := range sorted("ops") {
			r = padded(r)
			if r[0].Int > args[0].Int && r[0].Int <= args[1].Int && left > 0 && (s == selectOps || r[6].Int > 0) {
				row(r)
				left--
			}
		}
	case selectReceipts, selectTrimmed:
		list := sorted(map[Stmt]string{selectReceipts: "ops", selectTrimmed: "receipts"}[s])
		slices.Reverse(list)
		n := int64(0)
		for _, r := range list {
			if string(r[2].Bytes) == args[0].Str && string(r[1].Bytes) == args[1].Str && n < args[2].Int {
				row([]Value{r[3], r[0]})
				n++
			}
		}
	case selectComment:
		if r := f.rows("comments")[key(args[0])]; r != nil && r[1].Int == 0 {
			row([]Value{integer(1)})
		}
	case countComments:
		n := int64(0)
		for _, r := range f.rows("comments") {
			if r[1].Int == 0 {
				n++
			}
		}
		row([]Value{integer(n)})
	case selectState, selectSections:
		for _, r := range sorted(map[Stmt]string{selectState: "state", selectSections: "sections"}[s]) {
			row(r)
		}
	case selectUpload:
		list := sorted("parts")
		slices.SortFunc(list, func(a, b []Value) int {
			return cmp.Or(cmp.Compare(b[0].Int, a[0].Int), cmp.Compare(b[1].Int, a[1].Int))
		})
		if len(list) > 0 && list[0][0].Int > args[0].Int {
			r := list[0]
			row([]Value{r[0], r[3], r[4], r[2], r[1], r[5], r[6], r[8]})
		}
	case selectPart:
		if r := f.rows("parts")[key(args[0])+"/"+key(args[1])]; r != nil {
			row([]Value{r[7]})
		}
	default:
		return false
	}
	return true
}
