package document

import "github.com/holdfast-dev/holdfast/shared/protocol"

// ReplayFrame appends the text of one replayed entry: to the client that wrote
// it the operation_ack it may have missed, with the op; to any other the op.
func ReplayFrame(dst []byte, e Entry, userID, clientID string) []byte {
	f := protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventOp, Seq: e.Version}
	if e.UserID == userID && e.ClientID == clientID {
		f.Event, f.MessageID = protocol.EventOperationAck, e.MessageID
		f.Data = protocol.OperationAck{
			DocumentVersion: e.Version, Op: e.Op, UserID: e.UserID, ClientID: e.ClientID,
		}.Append(nil)
	} else {
		f.Data = protocol.Op{
			Op: e.Op, DocumentVersion: e.Version, UserID: e.UserID, ClientID: e.ClientID,
		}.Append(nil)
	}
	return f.Append(dst)
}

// A Part builds the frames of one Replay or Sync from the entries of the log, in
// order, and ends with what the document is to be told. The shell adds entries
// as it reads them, until Add says that there is room for no more.
type Part interface {
	// Add takes the next entry. It keeps nothing of its memory.
	Add(e Entry) (room bool)
	// End sends what is left, and returns the answer to the effect.
	End() Delivered
}

// Part returns a builder that gives each frame to send.
func (e Replay) Part(send func(text []byte)) Part {
	return &replayPart{Replay: e, send: send, to: e.From}
}

// Part returns a builder that gives each frame to send, none larger than
// frameBytes unless a single op is. version is the document's.
func (e Sync) Part(version uint64, frameBytes int, send func(text []byte)) Part {
	p := &syncPart{Sync: e, send: send, frameBytes: frameBytes}
	p.frame = protocol.DocumentSync{From: e.From + 1, To: e.From, DocumentVersion: version}
	return p
}

type replayPart struct {
	Replay
	send  func([]byte)
	to    uint64
	bytes int
}

func (p *replayPart) Add(e Entry) bool {
	text := ReplayFrame(nil, e, p.UserID, p.ClientID)
	p.send(text)
	p.to, p.bytes = e.Version, p.bytes+len(text)
	return p.bytes < p.Bytes
}

// End takes entries the log does not hold, which nobody will ever get, for sent.
func (p *replayPart) End() Delivered {
	if p.bytes < p.Bytes {
		p.to = p.To
	}
	return Delivered{Conn: p.Conn, Replay: true, To: p.to, Bytes: p.bytes}
}

type syncPart struct {
	Sync
	send       func([]byte)
	frameBytes int
	frame      protocol.DocumentSync
	size       int // of the frame so far, at most
	bytes      int // of all sent
}

// syncEnvelope is room for everything of a document_sync but its ops.
const syncEnvelope = 192

func (p *syncPart) Add(e Entry) bool {
	// Escaping makes an id six times as long at worst.
	n := len(e.Op) + 6*(len(e.MessageID)+len(e.UserID)+len(e.ClientID)) + 96
	if len(p.frame.Ops) > 0 && p.size+n > p.frameBytes-syncEnvelope {
		p.flush()
	}
	p.size += n
	p.frame.To = e.Version
	p.frame.Ops = append(p.frame.Ops, protocol.SyncOp{
		Version: e.Version, MessageID: e.MessageID, UserID: e.UserID, ClientID: e.ClientID,
		Op: append([]byte(nil), e.Op...),
	})
	return p.bytes+p.size < p.Bytes
}

func (p *syncPart) flush() {
	text := protocol.Frame{
		Type: protocol.TypeOperation, Event: protocol.EventDocumentSync, Data: p.frame.Append(nil),
	}.Append(nil)
	p.send(text)
	p.bytes += len(text)
	p.frame.From, p.frame.Ops, p.size = p.frame.To+1, p.frame.Ops[:0], 0
}

// End always sends a frame: a client that has everything is told so, and one
// that was told only a part is told to ask on.
func (p *syncPart) End() Delivered {
	if p.bytes+p.size < p.Bytes {
		p.frame.To = p.To
	}
	p.frame.More = p.frame.To < p.To
	p.flush()
	return Delivered{Conn: p.Conn, To: p.frame.To, Bytes: p.bytes}
}
