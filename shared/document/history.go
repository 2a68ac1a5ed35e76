package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// History is what was in the log before a connection began, or is asked for again: a few
// bytes of question make a window of answer. It is charged to the user who is sent it
// (Config.History), over all connections. Beyond that it is not refused but comes more
// slowly, for a first sync of a long log and a resume must get to their end; but while one
// sync waits for its turn another is one too many.
const (
	// leastHistory is what the shortest answer is taken for: it has to be looked for.
	leastHistory = 16 << 10
	// historyStep is how much there must be room for before more goes out, and about how
	// much goes out in answer to one sync_request: others are served in between.
	historyStep = 256 << 10
)

// syncRequest answers with the log after From, an empty part of it included, so
// that a client knows when it has everything; with no credit, when there is some.
func (d *Document) syncRequest(now time.Time, m *member, f protocol.Frame) {
	p, ok := protocol.ParseSyncRequest(f.Data)
	switch {
	case !ok:
		d.malformed(m, f, "from_missing")
	case m.syncing && now.Before(m.historyAt):
		d.sendError(m, protocol.Error{
			Code: protocol.RateLimitExceeded, Reason: "too_many_syncs", MessageID: f.MessageID, RetryAfter: m.historyAt.Sub(now),
			Message: "An answer to sync_request waits for its turn: it is on its way.",
		})
	default:
		m.syncing, m.syncFrom = true, p
		if d.credit(m) && !d.waitsForHistory(m) {
			m.syncing = false
			d.sync(m, p)
		}
	}
}

// waitsForHistory reports whether what is next for the member is history, and it has had
// its share of that for now.
func (d *Document) waitsForHistory(m *member) bool {
	m.historyAt = time.Time{}
	if !m.syncing && !(m.behind && m.pushed < m.joined) {
		return false
	}
	wait := m.history.Wait(d.now, d.cfg.History, historyStep)
	if wait > 0 {
		m.historyAt = d.now.Add(wait)
		d.stale = true
	}
	return wait > 0
}

// sync answers a sync_request likewise. What the log does not reach back to comes
// from the snapshot; a client in the midst of that one goes on where it is.
func (d *Document) sync(m *member, r protocol.SyncRequest) {
	s := &d.state
	e := Sync{Conn: m.self[0], From: min(r.From, d.version), To: d.version, Bytes: min(m.conn.Window.Room(d.cfg.Conn.WindowBytes), historyStep), Generation: s.Generation}
	switch {
	case r.Snapshot > 0 && r.Snapshot == s.Snapshot && r.From < s.Snapshot:
		e.Snapshot, e.Part, e.Parts = s.Snapshot, r.Part, s.Parts
		if r.Part == 0 || r.Part > s.Parts {
			e.Part = s.Parts
		}
	case r.From < s.Floor:
		e.From, e.Snapshot, e.Parts = 0, s.Snapshot, s.Parts
	}
	d.emit(e)
}
