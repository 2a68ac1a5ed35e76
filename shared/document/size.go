package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// EntryBytes is what an entry takes beside its op and its names.
const EntryBytes = 64

// size is what the entry takes in the log, as it is counted.
func (e *Entry) size() uint64 {
	return uint64(len(e.Op) + len(e.UserID) + len(e.ClientID) + len(e.MessageID) + EntryBytes)
}

// LogBytes is what the log holds beyond its snapshot, and of open comments before that: what
// Config.LogBytes bounds. A snapshot makes room, and so does who resolves comments before it.
func (d *Document) LogBytes() uint64 { return less(d.total, d.state.Mark) + d.state.Pinned }

// settleFull locks the document for writing when its log is full, and unlocks it when it is
// not any more, whatever made room: a snapshot, a restore, a higher limit. Everybody is sent a frame.
func (d *Document) settleFull(now time.Time) {
	full := d.LogBytes() >= uint64(d.cfg.LogBytes)
	if full == d.state.Full {
		return
	}
	d.state.Full = full
	e := audit.Entry{At: now, Event: audit.LogHasRoom, Document: d.id}
	if full {
		e.Event, e.Reason = audit.LogFull, logFull
	}
	d.saveState()
	d.emit(Record{Entry: e})
	d.sendLocksBut(nil)
}

// saveState stores what the document knows of itself, and how far it has counted.
func (d *Document) saveState() {
	if d.state.Generation == "" {
		d.newGeneration(d.fresh)
	}
	d.state.Total = d.total
	d.emit(SaveState{State: d.state})
}

// logFull is the reason of everything that a full log refuses.
const logFull = "log_full"

func (d *Document) logIsFull() protocol.Error {
	return protocol.Error{
		Code: protocol.DocumentLocked, Message: "The document's log is full: a snapshot makes room, or an operator.",
		Reason: logFull, RetryAfter: d.cfg.LockRetry,
	}
}

// locked reports whether nobody may write, for whatever reason.
func (d *Document) locked() bool { return d.state.Lock.On || d.state.Full }
