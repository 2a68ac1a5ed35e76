package protocol

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// Op is one change of a document. A client sends the op alone. The server adds the
// version that the op made, and who wrote it.
type Op struct {
	// Op is any JSON; the server does not look inside.
	Op               []byte
	DocumentVersion  uint64
	UserID, ClientID string
	// Section names the part of the document that the op changes; "" names none.
	// Clients send it, the server does not. While a section is locked, the server
	// assumes that an op without a section touches it.
	Section string
	// PermEpoch is the permission epoch that the writer knew; 0 for none. Clients
	// send it, the server does not. By it the server recognises an op that was written
	// before a newer epoch forbade it.
	PermEpoch uint64
}

// Append appends the payload as JSON.
func (p Op) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Raw("op", p.Op)
	optStr(&w, "section", p.Section)
	optUint(&w, "perm_epoch", p.PermEpoch)
	optUint(&w, "document_version", p.DocumentVersion)
	optStr(&w, "user_id", p.UserID)
	optStr(&w, "client_id", p.ClientID)
	return w.End()
}

// ParseOp reads the data of an op. Unlike elsewhere null is a value: ParseOp refuses
// only an op that is missing.
func ParseOp(data []byte) (Op, bool) {
	e, ok := parseEntry(data)
	return Op{e.op, e.version, e.userID, e.clientID, e.section, e.permEpoch}, ok && e.op != nil
}

// OperationAck names the version that an op or a comment made, to its sender. In a
// replay it also holds the op or comment, for a tab that has lost it.
type OperationAck struct {
	DocumentVersion uint64
	// CommentID names the comment that a create made.
	CommentID string
	// Op and Comment, as in SyncOp, are nil unless replayed.
	Op, Comment      []byte
	UserID, ClientID string
}

// Append appends the payload as JSON.
func (p OperationAck) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("document_version", p.DocumentVersion)
	optStr(&w, "comment_id", p.CommentID)
	if p.Op != nil {
		w.Raw("op", p.Op)
	}
	if p.Comment != nil {
		w.Raw("comment", p.Comment)
	}
	optStr(&w, "user_id", p.UserID)
	optStr(&w, "client_id", p.ClientID)
	return w.End()
}

// ParseOperationAck reads the data of an operation_ack.
func ParseOperationAck(data []byte) (OperationAck, bool) {
	e, ok := parseEntry(data)
	return OperationAck{e.version, e.commentID, e.op, e.comment, e.userID, e.clientID}, ok && e.hasVersion
}

// SyncRequest asks for every entry of the log after From. A client that received part of a
// snapshot continues with Snapshot, the snapshot's version, and Part, the next part; Part 0
// says that it has all parts, and the comments up to From.
type SyncRequest struct {
	From, Snapshot uint64
	Part           int
}

// Append appends the payload as JSON.
func (p SyncRequest) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("from", p.From)
	optUint(&w, "snapshot", p.Snapshot)
	optCount(&w, "part", p.Part)
	return w.End()
}

// ParseSyncRequest reads the data of a sync_request.
func ParseSyncRequest(data []byte) (SyncRequest, bool) {
	m := read(data)
	m.need("from")
	p := SyncRequest{m.num("from"), m.num("snapshot"), m.count("part")}
	return p, m.ok
}

// SyncOp is one entry of the log.
type SyncOp struct {
	Version                     uint64
	MessageID, UserID, ClientID string
	// Op is the op, Comment a Comment with its event. One of them is nil.
	Op, Comment []byte
}

// DocumentSync is a run of the log, From and To included.
type DocumentSync struct {
	From, To uint64
	// DocumentVersion is the document's version. A smaller To announces more entries:
	// the server sends them by itself, or, with More, once the client asks from To.
	DocumentVersion uint64
	More            bool
	// Snapshot is a part of the snapshot that replaces the beginning of the log, or
	// nil. The parts come first, then the open comments that are older than the
	// snapshot, then the newer entries.
	Snapshot *Snapshot
	// Generation names the log that a Snapshot is of.
	Generation string
	Ops        []SyncOp
}

// Append appends the payload as JSON.
func (p DocumentSync) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("from", p.From)
	w.Uint("to", p.To)
	w.Uint("document_version", p.DocumentVersion)
	if p.More {
		w.Bool("more", true)
	}
	if p.Snapshot != nil {
		w.Raw("snapshot", p.Snapshot.Append(nil))
	}
	optStr(&w, "generation", p.Generation)
	w.Array("ops")
	for _, op := range p.Ops {
		w.Item()
		w.Buf = op.append(w.Buf)
	}
	w.CloseArray()
	return w.End()
}

func (op SyncOp) append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("version", op.Version)
	optStr(&w, "message_id", op.MessageID)
	optStr(&w, "user_id", op.UserID)
	optStr(&w, "client_id", op.ClientID)
	if op.Comment != nil {
		w.Raw("comment", op.Comment)
	} else {
		w.Raw("op", op.Op)
	}
	return w.End()
}

// ParseDocumentSync reads the data of a document_sync.
func ParseDocumentSync(data []byte) (DocumentSync, bool) {
	m := read(data)
	m.need("from", "to", "ops")
	p := DocumentSync{From: m.num("from"), To: m.num("to"), DocumentVersion: m.num("document_version"), More: m.flag("more"), Generation: m.str("generation")}
	ops := m.field("ops")
	if !m.ok || ops[0] != '[' {
		return DocumentSync{}, false
	}
	if raw := m.field("snapshot"); raw != nil {
		s, ok := ParseSnapshot(raw)
		if !ok {
			return DocumentSync{}, false
		}
		p.Snapshot = &s
	}
	for a := jsonscan.Elements(ops); a.Next(); {
		e, ok := parseEntry(a.Value())
		if !ok || !e.hasVersion || (e.op == nil) == (e.comment == nil) {
			return DocumentSync{}, false
		}
		p.Ops = append(p.Ops, SyncOp{e.version, e.messageID, e.userID, e.clientID, e.op, e.comment})
	}
	return p, true
}

// entry holds the members of Op, OperationAck and SyncOp together.
type entry struct {
	op, comment                 []byte
	version                     uint64
	hasVersion                  bool
	messageID, userID, clientID string
	section, commentID          string
	permEpoch                   uint64
}

// parseEntry reads an entry in one walk, since its op may be as large as a
// frame. SyncOp calls document_version `version`.
func parseEntry(data []byte) (entry, bool) {
	var e entry
	o, ok := jsonscan.Parse(data)
	var seen [len(entryFields) - 1]bool
	for ok && o.Next() {
		field := -1
		for i, name := range entryFields {
			if jsonscan.Equal(o.Key(), name) {
				field = min(i, len(seen)-1) // the last has two names
			}
		}
		if field < 0 || seen[field] {
			continue
		}
		seen[field] = true
		value := o.Value()
		if field == 0 {
			e.op = value
			continue
		}
		if jsonscan.IsNull(value) {
			continue
		}
		switch field {
		case 1:
			e.messageID, ok = jsonscan.Str(value)
		case 2:
			e.userID, ok = jsonscan.Str(value)
		case 3:
			e.clientID, ok = jsonscan.Str(value)
		case 4:
			e.permEpoch, ok = jsonscan.Uint(value)
		case 5:
			e.section, ok = jsonscan.Str(value)
		case 6:
			e.comment = value
		case 7:
			e.commentID, ok = jsonscan.Str(value)
		case 8:
			e.hasVersion = true
			e.version, ok = jsonscan.Uint(value)
		}
	}
	return e, ok
}

var entryFields = [...]string{"op", "message_id", "user_id", "client_id", "perm_epoch", "section", "comment", "comment_id", "document_version", "version"}
