package object

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/retention"
)

// auditLog is an object's audit log: the newest lines in a table, and a line of the operator's
// log for each connection that has ended. Each user's have a
// bound of their own, those of operators another, and those of each server's key one more, so
// that nobody can push out what concerns anybody else.
type auditLog struct {
	keep    int
	written int // since it was trimmed
	// age is for how long lines are kept, oldest when the first of them is of, zero for none.
	age    retention.Rule
	oldest time.Time
	// waits is a line of this event that the next may be kept with, of no event for none.
	waits audit.Entry
	// quiet leaves out of the operator's log what is no warning.
	quiet bool
}

// trimEvery is how many lines are written before those that are too many go: a
// deletion costs more than a line.
const trimEvery = 64

// manyUsers is how many users' full share of lines a document keeps.
const manyUsers = 10

// newAuditLog begins to count anywhere: an object that never lives long enough to write
// many lines has to trim now and then too.
func newAuditLog(h Host) auditLog {
	var dice [1]byte
	h.Random(dice[:])
	set := settings{h}
	return auditLog{keep: set.number(vars.AuditEntries), written: int(dice[0]) % trimEvery, quiet: set.quiet(), age: retention.Rule{Keep: set.span(vars.AuditDays)}}
}

// open finds out how old the lines are, where that counts.
func (a *auditLog) open(s *store) {
	if a.age.Keep > 0 {
		s.query(selectFirstAudit, func(c []Value) { a.oldest = c[0].time() })
	}
}

// settle drops the lines that are too old, when it is time for that. It is the first thing that an
// event does: what is written after it no query sees.
func (a *auditLog) settle(s *store, now time.Time) {
	if due, ok := a.due(); !ok || now.Before(due) {
		return
	}
	before := instant(a.age.Before(now))
	a.oldest = time.Time{}
	s.query(selectYoungAudit, func(c []Value) { a.oldest = c[0].time() }, before)
	s.write(trimOldAudit, before)
}

// due is when lines have to go that nothing else is written for.
func (a *auditLog) due() (time.Time, bool) { return a.age.Due(a.oldest) }

// write keeps a line, if need be with the next: flush is to follow.
func (a *auditLog) write(s *store, e audit.Entry) {
	if both, ok := a.waits.With(&e); ok {
		a.waits = audit.Entry{}
		a.save(s, both)
		return
	}
	a.flush(s)
	if e.Waits() {
		a.waits = e
		return
	}
	a.save(s, e)
}

// flush keeps the line that waits for another, at the end of an event at the latest.
func (a *auditLog) flush(s *store) {
	if a.waits.Event != "" {
		e := a.waits
		a.waits = audit.Entry{}
		a.save(s, e)
	}
}

func (a *auditLog) save(s *store, e audit.Entry) {
	save(s, &auditTable, &e)
	if a.oldest.IsZero() {
		a.oldest = e.At
	}
	if line, warning := e.Line(); line != nil && (warning || !a.quiet) {
		s.host.Log(line)
	}
	if a.written++; a.written >= trimEvery {
		a.written = 0
		s.write(trimAudit, text(e.UserID), integer(int64(a.keep)))
		s.write(trimApps, integer(int64(a.keep)))
		s.write(trimUsers, integer(int64(a.keep)*manyUsers))
		s.write(trimOperators, integer(int64(a.keep)))
		if strings.HasPrefix(e.By, serverPrefix) {
			s.write(trimServer, text(e.By), integer(int64(a.keep)))
			s.write(trimServers, integer(int64(a.keep)*manyUsers))
		}
	}
}

// maxAudit is how many entries are answered at once, and defaultAudit how many where
// the question does not say.
const (
	maxAudit     = 1000
	defaultAudit = 200
)

// read answers with the entries as a JSON array, oldest first.
func (a *auditLog) read(s *store, q call.Entries) []byte {
	if q.Limit <= 0 {
		q.Limit = defaultAudit
	}
	if q.To <= 0 {
		q.To = 1<<53 - 1
	}
	w := jsonscan.NewArray(nil)
	each(s, selectAudit, auditColumns, func(e *audit.Entry) {
		w.Item()
		w.Buf = e.Append(w.Buf)
	}, text(q.UserID), integer(int64(q.From)), integer(int64(q.To)), integer(int64(min(q.Limit, maxAudit))))
	w.CloseArray()
	return w.Buf
}
