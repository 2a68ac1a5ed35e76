package object

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A kept snapshot and the entries behind it, for an operator who looks before restoring.

// pastBytes is how much of it one answer holds, but for the one part or entry that is larger.
const pastBytes = 512 << 10

// past answers with parts of a snapshot, or with entries after it.
func (o *documentObject) past(r *call.Past) []byte {
	var kept *document.Kept
	if list := o.store.snapshotsBefore(r.Version+1, 1); r.Version > 0 && len(list) > 0 && list[0].Version == r.Version {
		kept = &list[0]
	}
	from := o.core.Kept()
	if kept == nil && (r.Version > 0 || !r.Entries || from > 0) {
		return call.AppendError(nil, &protocol.Error{Code: protocol.NotFound, Reason: "snapshot_not_kept", Message: "No snapshot of this version is kept."})
	}
	w := jsonscan.NewObject(nil)
	if r.Entries {
		o.appendEntries(&w, r)
	} else if r.Part < kept.Parts {
		o.appendParts(&w, kept, r.Part)
	} else {
		return call.AppendError(nil, &protocol.Error{Code: protocol.NotFound, Reason: "no_such_part", Message: "The snapshot has fewer parts."})
	}
	return call.AppendValue(nil, &call.KindPast, w.End())
}

func (o *documentObject) appendParts(w *jsonscan.Writer, k *document.Kept, part int) {
	w.Uint("version", k.Version)
	w.Time("at", k.At)
	w.Str("user_id", k.UserID)
	w.Str("client_id", k.ClientID)
	w.Int("bytes", int64(k.Bytes))
	w.Int("parts", int64(k.Parts))
	w.Int("part", int64(part))
	w.Array("data")
	for n := 0; part < k.Parts && (n == 0 || n < pastBytes); part++ {
		data := o.store.SnapshotPart(k.Version, part)
		n += len(data)
		w.Item()
		w.Buf = append(w.Buf, data...)
	}
	w.CloseArray()
	if part < k.Parts {
		w.Int("next_part", int64(part))
	}
}

// appendEntries lists the entries behind a snapshot that only the next one replaces.
func (o *documentObject) appendEntries(w *jsonscan.Writer, r *call.Past) {
	to := o.core.Version()
	o.store.query(selectNextKept, func(c []Value) { to = uint64(c[0].Int) }, unsigned(r.Version))
	w.Uint("version", r.Version)
	w.Uint("to", to)
	w.Array("entries")
	n, last, more := 0, uint64(0), false
	o.store.Entries(max(r.Version, r.After), to, false, func(e document.Entry) bool {
		if more = n > 0 && n >= pastBytes; more {
			return false
		}
		n, last = n+len(e.Op), e.Version
		w.Item()
		w.Buf = e.AppendJSON(w.Buf)
		return true
	})
	w.CloseArray()
	if more {
		w.Uint("next", last)
	}
}
