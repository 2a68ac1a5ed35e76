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
	p, state := newPage(&r.ExportUser), o.core.Snapshot().State
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
	a, ok := p.fill(r.Section, sections, func(section string) { o.exportSection(p, section, r) })
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

func (o *documentObject) exportSection(p *page, section string, r *call.Export) {
	switch section {
	case "snapshot":
		o.exportSnapshot(p, r.Snapshot)
	case "entries":
		o.store.Entries(uint64(keyNumber(p.after, 0)), r.Version, false, func(e document.Entry) bool {
			p.object(e.AppendJSON(nil), decimal(e.Version))
			return !p.over
		})
	case "comments":
		o.exportComments(p, r.Version)
	case "people":
		o.exportPeople(p, r.Version)
	case "audit":
		o.store.exportAudit(p, "")
	case "snapshots":
		for _, k := range o.store.snapshotsBefore(uint64(keyNumber(p.after, protocol.MaxSeq)), p.lines+1) {
			if p.kind("kept_snapshot", decimal(k.Version)) {
				p.w.Buf = append(p.w.Buf, ',')
				line := appendKept(nil, &k)
				p.w.Buf = append(p.w.Buf, line[1:len(line)-1]...)
				p.close()
			}
		}
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

// exportComments says of each comment of which there is an entry how many replies it has, and whether
// it is open: what was said are entries.
func (o *documentObject) exportComments(p *page, version uint64) {
	o.store.query(selectThreads, func(c []Value) {
		if !p.kind("comment", decimal(uint64(c[0].Int))) {
			return
		}
		w := &p.w
		w.Str("comment_id", decimal(uint64(c[0].Int)))
		if c[1].Int > 0 {
			if user := c[2].string(); user != "" {
				w.Str("user_id", user)
			}
			w.Time("at", c[1].time())
		}
		w.Int("replies", c[3].Int)
		w.Bool("open", c[4].Int == 0)
		if c[4].Int > 0 {
			w.Int("resolved_version", c[4].Int)
			w.Time("resolved_at", c[5].time())
		}
		p.close()
	}, integer(keyNumber(p.after, 0)), unsigned(version), p.limit())
}

// exportPeople says who has written, and who has a channel: with what the grants say of them.
func (o *documentObject) exportPeople(p *page, version uint64) {
	channels := o.core.Snapshot().Channels
	o.store.query(selectPeople, func(c []Value) {
		user := c[0].string()
		if !p.kind("person", user) {
			return
		}
		w := &p.w
		w.Str("user_id", user)
		delegates := []string{}
		named := false
		for i := range channels {
			g := &channels[i].Grant
			switch {
			case g.UserID != user:
			case protocol.IsDelegate(channels[i].Channel.ClientID):
				delegates = append(delegates, g.Name)
			case !named:
				named = true
				w.Str("name", g.Name)
				w.Str("role", g.Role)
				w.Strs("permissions", g.May().Names())
			}
		}
		if len(delegates) > 0 {
			w.Strs("delegates", delegates)
		}
		for i, name := range [...]string{"operations", "comments", "snapshots"} {
			w.Int(name, c[i+1].Int)
		}
		if c[4].Int > 0 {
			w.Time("first_at", c[4].time())
			w.Time("last_at", c[5].time())
		}
		p.close()
	}, text(p.after), unsigned(version), p.limit())
}

// exportOf writes what the document has of one user: what the user wrote, and what it knows.
func (o *documentObject) exportOf(p *page, r *call.Export) []byte {
	p.document, p.of = o.name, "document"
	sections := []string{"entries"}
	for _, t := range usersTables {
		sections = append(sections, t.name)
	}
	a, ok := p.fill(r.Section, append(sections, "audit"), func(section string) {
		switch section {
		case "entries":
			o.exportWritten(p, r.Of)
		case "audit":
			o.store.exportAudit(p, r.Of)
		}
		for _, t := range usersTables {
			if t.name == section {
				o.store.dumpTable(p, t, r.Of)
			}
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
