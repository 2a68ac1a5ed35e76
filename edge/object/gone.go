package object

// Ops that a snapshot replaced, and that are kept no longer, stay where they are, and new entries are written
// over them: SQLite counts an update as one row written, whatever it changes, and a deletion and an insertion as two.
// What says that they are gone is State.Kept (the constant gone); nobody reads them (entries). They are
// deleted where somebody counts on it: before a scrub, at once where the log is kept for a time
// (LOG_DAYS), and all but the newest when nobody is left in the document.

const (
	// maxGone is how many of them stay in a document in which nobody is.
	maxGone = 1024
	// gonePage is how many are looked up at once.
	gonePage = 64
)

// slots are ops that are gone, oldest first, as far as they were looked up.
type slots struct {
	list []uint64
	next int    // of list
	last uint64 // that was looked up
	dry  bool   // there are no others
	// wait is for how many more events nothing is written over: what this one deletes its queries still find,
	// and those of the next one too if it was a boot.
	wait int
}

// begin is the beginning of an event.
func (l *slots) begin() {
	if l.wait > 0 {
		l.wait--
	}
}

// slot is the version of an op to write over, 0 for none.
func (s *store) slot() uint64 {
	l := &s.slots
	if l.wait > 0 {
		return 0
	}
	if l.next == len(l.list) && !l.dry {
		l.list, l.next = l.list[:0], 0
		s.query(selectGone, func(c []Value) { l.list = append(l.list, uint64(c[0].Int)) }, unsigned(l.last), integer(gonePage))
		l.dry = len(l.list) < gonePage
	}
	if l.next == len(l.list) {
		return 0
	}
	l.last = l.list[l.next]
	l.next++
	return l.last
}

// trimGone deletes what is gone, but for the newest so many.
func (s *store) trimGone(most int) {
	s.write(trimGone, integer(int64(most)))
	s.slots = slots{list: s.slots.list[:0], wait: 2}
}

// scrub leaves nothing in the storage's files but what is kept.
func (s *store) scrub() {
	s.trimGone(0)
	s.host.Scrub()
}

// overText writes an entry over one that is gone. Were that one not there, the entry would be lost: so the
// statement fails then, by an overflow.
func overText() string {
	list, count := names(opsTable.describe)
	return "UPDATE ops SET (" + list + ") = (" + marks(count) + ") WHERE version = COALESCE((SELECT version FROM ops WHERE " + gone + " AND version = ?), abs(-9223372036854775808))"
}
