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

// SyncFrames returns the document_sync frames for the entries (from, to], each
// of at most maxBytes unless a single op is larger; always at least one, so that
// a client that has everything is told so. version is the document's. A shell
// that reads the log in pages calls it once a page, with the page's bounds.
func SyncFrames(from, to, version uint64, entries []Entry, maxBytes int) [][]byte {
	var frames [][]byte
	sync := protocol.DocumentSync{From: from + 1, DocumentVersion: version}
	size := 0
	flush := func(last uint64) {
		sync.To = last
		frames = append(frames, protocol.Frame{
			Type: protocol.TypeOperation, Event: protocol.EventDocumentSync, Data: sync.Append(nil),
		}.Append(nil))
		sync.From, sync.Ops, size = last+1, sync.Ops[:0], 0
	}
	for _, e := range entries {
		if e.Version <= from || e.Version > to {
			continue
		}
		// Escaping makes an id six times as long at worst.
		n := len(e.Op) + 6*(len(e.MessageID)+len(e.UserID)+len(e.ClientID)) + 96
		if len(sync.Ops) > 0 && size+n > maxBytes-syncEnvelope {
			flush(sync.Ops[len(sync.Ops)-1].Version)
		}
		size += n
		sync.Ops = append(sync.Ops, protocol.SyncOp{
			Version: e.Version, MessageID: e.MessageID, UserID: e.UserID, ClientID: e.ClientID, Op: e.Op,
		})
	}
	flush(to)
	return frames
}

// syncEnvelope is room for everything of a document_sync but its ops.
const syncEnvelope = 192
