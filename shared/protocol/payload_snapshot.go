package protocol

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// Snapshot is one part of a document as of a version. The snapshot replaces the log up
// to that version. Part counts from 0.
type Snapshot struct {
	DocumentVersion uint64
	Part, Parts     int
	// Data is any JSON; the server does not look inside.
	Data []byte
}

// Append appends the payload as JSON.
func (p Snapshot) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("document_version", p.DocumentVersion)
	w.Int("part", int64(p.Part))
	w.Int("parts", int64(p.Parts))
	w.Raw("data", p.Data)
	return w.End()
}

// ParseSnapshot reads the data of a snapshot. Unlike elsewhere null is a value of Data.
func ParseSnapshot(data []byte) (Snapshot, bool) {
	m := read(data)
	m.need("document_version", "part", "parts")
	p := Snapshot{m.num("document_version"), m.count("part"), m.count("parts"), jsonscan.Field(data, "data")}
	return p, m.ok && p.Data != nil && p.Part < p.Parts
}

// SnapshotAck says that the server stored a part. Complete says that it has all parts,
// and that the snapshot counts from now on.
type SnapshotAck struct {
	DocumentVersion uint64
	Part            int
	Complete        bool
	Generation      string
}

// Append appends the payload as JSON.
func (p SnapshotAck) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("document_version", p.DocumentVersion)
	w.Int("part", int64(p.Part))
	w.Bool("complete", p.Complete)
	optStr(&w, "generation", p.Generation)
	return w.End()
}

// ParseSnapshotAck reads the data of a snapshot_ack.
func ParseSnapshotAck(data []byte) (SnapshotAck, bool) {
	m := read(data)
	m.need("document_version", "part", "complete")
	p := SnapshotAck{m.num("document_version"), m.count("part"), m.flag("complete"), m.str("generation")}
	return p, m.ok
}
