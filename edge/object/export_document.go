package object

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// reasonSnapshotGone is of an export whose snapshot is not kept any more.
const reasonSnapshotGone = "snapshot_gone"

// The sections of a document's export. Those before contentSections are what readers may read too.
var documentSections = []string{"snapshot", "entries", "comments", "people", "audit", "snapshots"}

const contentSections = 3

// usersTables are where a document has rows of a user, beside its log and its audit log. What erases
// a user (forgetUser, and the core for members and sections) has to know each of them: a test compares.
var usersTables = []*shape{&channelsTable.shape, &receiptsTable.shape, &sectionsTable.shape, &partsTable.shape}

func noSection() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "no_such_section", Message: "An export has no such section: go on with what next says."}
}

// export answers with a page of everything that the document has, or that it has of one user.
func (o *documentObject) export(r *call.Export) []byte {
	if err := o.anotherLog(r.Generation); err != nil {
		return call.AppendError(nil, err)
	}
	if r.Version > o.core.Version() {
		return call.AppendError(nil, changed(reasonRewound, "The document has no such version: export it from the beginning."))
	}
	p, state := newPage(&r.ExportUser), o.core.State()
	if r.Of != "" {
		return o.exportOf(p, r)
	}
	first := r.Section == ""
	if first {
		r.Version, r.Snapshot = o.core.Version(), state.Snapshot
	} else if r.Snapshot < state.Kept { // the entries behind it are gone
		return call.AppendError(nil, changed(reasonSnapshotGone, "The snapshot that this export began with is not kept any more: export the document from the beginning."))
	}
	sections := documentSections
	if r.Content {
		sections = sections[:contentSections]
	}
	a, ok := p.fill(r.Section, sections, func(at int) { o.exportSection(p, at, r) })
	if !ok {
		return call.AppendError(nil, noSection())
	}
	a.Generation, a.Version, a.Snapshot, a.Kept = state.Generation, r.Version, r.Snapshot, state.Kept
	if first {
		if _, _, a.Term = o.store.newest(); !r.Content {
			a.Rows, _ = o.store.counts(countDocument)
		}
	}
	return a.Append(nil)
}

func (o *documentObject) exportSection(p *page, at int, r *call.Export) {
	switch documentSections[at] {
	case "snapshot":
		o.exportSnapshot(p, r.Snapshot)
	case "entries":
		o.store.Entries(uint64(keyNumber(p.after, 0)), r.Version, false, func(e document.Entry) bool {
			p.object(e.AppendJSON(nil), decimal(e.Version))
			return !p.over
		})
	case "comments":
		o.store.lines(p, selectThreads, integer(keyNumber(p.after, 0)), unsigned(r.Version))
	case "people":
		o.store.lines(p, selectPeople, text(p.after), unsigned(r.Version))
	case "audit":
		o.store.exportAudit(p, "")
	case "snapshots":
		o.store.lines(p, selectKeptLines, integer(keyNumber(p.after, protocol.MaxSeq)))
	}
}

// exportSnapshot writes the parts of a snapshot that is kept; their key is how many there are before.
func (o *documentObject) exportSnapshot(p *page, version uint64) {
	list := o.store.snapshotsBefore(version+1, 1)
	if version == 0 || len(list) == 0 || list[0].Version != version {
		return
	}
	for part := int(keyNumber(p.after, 0)); part < list[0].Parts && !p.over; part++ {
		p.object(document.AppendPart(nil, version, part, list[0].Parts, o.store.SnapshotPart(version, part)), decimal(uint64(part+1)))
	}
}

// exportOf writes what the document has of one user: what the user wrote, and what it knows.
func (o *documentObject) exportOf(p *page, r *call.Export) []byte {
	p.document, p.of = o.name, "document"
	sections := []string{"entries"}
	for _, t := range usersTables {
		sections = append(sections, t.name)
	}
	a, ok := p.fill(r.Section, append(sections, "audit"), func(at int) {
		switch at {
		case 0:
			o.exportWritten(p, r.Of)
		case len(sections):
			o.store.exportAudit(p, r.Of)
		default:
			o.store.dumpTable(p, usersTables[at-1], r.Of)
		}
	})
	if !ok {
		return call.AppendError(nil, noSection())
	}
	a.Generation, a.Version = o.core.Generation(), o.core.Version()
	return a.Append(nil)
}

// exportWritten writes the user's entries.
func (o *documentObject) exportWritten(p *page, user string) {
	after := uint64(keyNumber(p.after, 0))
	for rows := logPage; rows == logPage && !p.over && o.store.err == nil; {
		rows = 0
		each(&o.store, selectWritten, entryColumns, func(e *document.Entry) {
			if rows++; !p.over {
				after = e.Version
				p.object(e.AppendJSON(nil), decimal(e.Version))
			}
		}, text(user), unsigned(after), integer(logPage))
	}
}
