package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Receipt is an op or a comment this client had accepted before: its message id and version.
type Receipt struct {
	MessageID string
	Version   uint64
}

// Entry is one entry of the log.
type Entry struct {
	Version   uint64
	UserID    string
	ClientID  string
	MessageID string
	// Op is raw JSON: the op, or what a comment says (see Kind).
	Op   []byte
	At   time.Time
	Kind Kind
	// Comment is the comment that an entry of comments belongs to, by the version
	// it was created at.
	Comment uint64
	// Total is how many bytes the log's entries came to with this one, those that are
	// gone included: it is stored with the entry, so that counting costs no row.
	Total uint64
	// Term is the one under which it was written (see Position), 0 before there were terms.
	Term uint64
}

// Log is what a Replay or a Sync reads: the entries and the snapshot, as they were
// before the event that asked.
type Log interface {
	// Entries calls f for each entry of (from, to] in order, or those of comments
	// alone, until it says that there is room for no more. f keeps nothing of an entry.
	Entries(from, to uint64, comments bool, f func(e Entry) (room bool))
	// SnapshotPart returns the data of one part of the snapshot of a version.
	SnapshotPart(version uint64, part int) []byte
}

// EmptyPart is the one part of a snapshot of a document that is empty: restored from
// before there was any. It is the JSON text null, as a client cuts that up.
const EmptyPart = `"null"`

// ReplayFrame appends the text of one replayed entry: to the client that wrote
// it the operation_ack it may have missed, with the entry; to any other the op or
// the comment.
func ReplayFrame(dst []byte, e Entry, userID, clientID string) []byte {
	return replayFrame(&e, userID, clientID).Append(dst)
}

func replayFrame(e *Entry, userID, clientID string) protocol.Frame {
	f := protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventOp, Seq: e.Version}
	own := e.UserID == userID && e.ClientID == clientID
	switch {
	case own:
		f.Event, f.MessageID = protocol.EventOperationAck, e.MessageID
		p := protocol.OperationAck{DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID}
		switch e.Kind {
		case KindOp:
			p.Op = e.Op
		case KindCreate:
			p.CommentID = commentID(e.Comment)
			fallthrough
		default:
			p.Comment = e.logged()
		}
		f.Data = p.Append(nil)
	case e.Kind == KindOp:
		f.Data = protocol.Op{
			Op: e.Op, DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID,
		}.Append(nil)
	default:
		f.Type, f.Event = protocol.TypeComment, e.Kind.Event()
		p, _ := protocol.ParseComment(e.Op)
		p.DocumentVersion, p.UserID, p.ClientID, p.At = e.Version, e.UserID, e.ClientID, e.At
		f.Data = p.Append(nil)
	}
	return f
}

// logged is an entry of comments as SyncOp and OperationAck have it.
func (e Entry) logged() []byte {
	p, _ := protocol.ParseComment(e.Op)
	p.Event, p.At = e.Kind.Event(), e.At
	return p.Append(nil)
}

// Deliver reads the log and gives each frame to send. What it came to is to be the
// document's next event.
func (e Replay) Deliver(log Log, send func(text []byte)) Delivered {
	to, bytes := e.From, 0
	log.Entries(e.From, e.To, false, func(entry Entry) bool {
		text := ReplayFrame(nil, entry, e.UserID, e.ClientID)
		send(text)
		to, bytes = entry.Version, bytes+len(text)
		return bytes < e.Bytes
	})
	if bytes < e.Bytes {
		to = e.To // what the log does not hold nobody will ever get
	}
	return Delivered{Conn: e.Conn, Replay: true, To: to, Bytes: bytes}
}

// Deliver reads the snapshot and the log likewise. No frame is larger than frameBytes
// unless a single op or part is.
func (e Sync) Deliver(log Log, frameBytes int, send func(text []byte)) Delivered {
	p := syncPart{Sync: e, send: send, frameBytes: frameBytes}
	p.frame = protocol.DocumentSync{From: e.From + 1, To: e.From, DocumentVersion: e.To}
	from, room := e.From, true
	for i := e.Part; i < e.Parts && room; i++ {
		room = p.part(i, log.SnapshotPart(e.Snapshot, i))
	}
	if from < e.Snapshot && room {
		log.Entries(from, e.Snapshot, true, func(entry Entry) bool {
			room = p.add(entry)
			return room
		})
		from = e.Snapshot
	}
	if room {
		log.Entries(from, e.To, false, p.add)
	}
	return p.end()
}

// syncPart is a sync being built.
type syncPart struct {
	Sync
	send       func([]byte)
	frameBytes int
	frame      protocol.DocumentSync
	size       int // of the frame so far, at most
	bytes      int // of all sent
}

// syncEnvelope is room for everything of a document_sync but its ops.
const syncEnvelope = 256

// part puts a part of the snapshot in a frame of its own.
func (p *syncPart) part(i int, data []byte) (room bool) {
	if p.frame.Snapshot != nil {
		p.flush()
	}
	p.frame.Snapshot = &protocol.Snapshot{DocumentVersion: p.Snapshot, Part: i, Parts: p.Parts, Data: data}
	p.frame.Generation = p.Generation
	p.size = len(data) + syncEnvelope
	return p.bytes+p.size < p.Bytes
}

func (p *syncPart) add(e Entry) (room bool) {
	// Escaping makes an id six times as long at worst.
	n := len(e.Op) + 6*(len(e.MessageID)+len(e.UserID)+len(e.ClientID)) + 96
	if e.Kind != KindOp {
		n += 64
	}
	if p.frame.Snapshot != nil || len(p.frame.Ops) > 0 && p.size+n > p.frameBytes-syncEnvelope {
		p.flush()
	}
	p.size += n
	p.frame.To = e.Version
	op := protocol.SyncOp{Version: e.Version, MessageID: e.MessageID, UserID: e.UserID, ClientID: e.ClientID}
	if e.Kind == KindOp {
		op.Op = append([]byte(nil), e.Op...)
	} else {
		op.Comment = e.logged()
	}
	p.frame.Ops = append(p.frame.Ops, op)
	return p.bytes+p.size < p.Bytes
}

func (p *syncPart) flush() {
	text := protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventDocumentSync, Data: p.frame.Append(nil),
	}.Append(nil)
	p.send(text)
	p.bytes += len(text)
	p.frame.From, p.frame.Ops, p.frame.Snapshot, p.size = p.frame.To+1, p.frame.Ops[:0], nil, 0
	p.frame.Generation = ""
}

// end always sends a frame: a client that has everything is sent one that says so, and one
// that was sent only a part is asked to go on.
func (p *syncPart) end() Delivered {
	if p.bytes+p.size < p.Bytes {
		p.frame.To = p.To
	}
	p.frame.More = p.frame.To < p.To
	p.flush()
	return Delivered{Conn: p.Conn, To: p.frame.To, Bytes: p.bytes}
}
