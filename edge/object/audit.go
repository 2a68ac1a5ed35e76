package object

import (
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/audit"
)

// auditLog is an object's audit log: the newest lines in a table, and a line of the operator's
// log for each connection that has ended. Each user's have a
// bound of their own, and those of operators another, so that nobody can push out what
// concerns anybody else.
type auditLog struct {
	keep    int
	written int // since it was trimmed
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
	return auditLog{keep: set.number(vars.AuditEntries), written: int(dice[0]) % trimEvery, quiet: set.quiet()}
}

func (a *auditLog) write(s *store, e audit.Entry) {
	save(s, &auditTable, &e)
	if line, warning := e.Line(); line != nil && (warning || !a.quiet) {
		s.host.Log(line)
	}
	if a.written++; a.written >= trimEvery {
		a.written = 0
		s.write(trimAudit, text(e.UserID), integer(int64(a.keep)))
		s.write(trimApps, integer(int64(a.keep)))
		s.write(trimUsers, integer(int64(a.keep)*manyUsers))
		s.write(trimOperators, integer(int64(a.keep)))
	}
}

// auditRequest asks for the newest entries of a user within a time.
type auditRequest struct {
	userID         string
	from, to, most int64
}

// maxAudit is how many entries are answered at once, and defaultAudit how many where
// the question does not say.
const (
	maxAudit     = 1000
	defaultAudit = 200
)

// read answers with the entries as a JSON array, oldest first.
func (a *auditLog) read(s *store, q auditRequest) []byte {
	if q.most <= 0 {
		q.most = defaultAudit
	}
	if q.to <= 0 {
		q.to = 1<<53 - 1
	}
	list := []byte{'['}
	each(s, selectAudit, auditColumns, func(e *audit.Entry) {
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = e.Append(list)
	}, text(q.userID), integer(q.from), integer(q.to), integer(min(q.most, maxAudit)))
	return append(list, ']')
}
